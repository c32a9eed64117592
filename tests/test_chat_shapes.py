"""Each published shape of conversations gives the turns it holds."""

import pytest

from corpus_kit.chat.shapes import SHAPES, best_thread, tagged_text, tree_threads, turn_list
from corpus_kit.chat.turns import Turn

HEJ = [Turn("user", "Hej"), Turn("assistant", "Goddag")]


def turns(shape, record):
    return [found.turns for found in shape(record)]


@pytest.mark.parametrize(
    "record",
    [
        {"messages": [{"role": "user", "content": "Hej"}, {"role": "assistant", "content": "Goddag"}]},
        {"conversations": [{"from": "human", "value": "Hej"}, {"from": "gpt", "value": "Goddag"}]},
        {"turns": [{"speaker": "Customer", "utterance": "Hej"}, {"speaker": "bot", "text": "Goddag"}]},
        {
            "messages": [
                {"role": "user", "content": [{"type": "text", "text": "Hej"}]},
                {"role": "ai", "text": "Goddag"},
            ]
        },
        {"instruction": "Hej", "input": "", "output": "Goddag"},
        {"instruction": "Hej", "context": None, "response": "Goddag", "category": "open_qa"},
        {"inputs": "Hej", "targets": "Goddag"},
        {"prompt": "Hej", "completion": "Goddag"},
        {"question": "Hej", "answer": "Goddag"},
    ],
)
def test_turn_lists_and_pairs(record):
    assert turns(turn_list, record) == [HEJ]


def test_a_system_prompt_beside_the_turns_comes_first_and_the_rest_is_remembered():
    record = {"system": "Vær kort.", "conversations": [{"from": "human", "value": "Hej"}], "id": 7, "lang": "da"}
    [found] = turn_list(record)
    assert found.turns == [Turn("system", "Vær kort."), Turn("user", "Hej")]
    assert found.meta == {"id": 7, "lang": "da"}


@pytest.mark.parametrize(
    "turn",
    [
        {"role": "moderator", "content": "x"},
        {"role": "user"},
        {"content": "x"},
        "x",
        {"role": "user", "content": [{"image": "x"}]},
    ],
)
def test_what_is_no_turn_is_damage(turn):
    with pytest.raises(ValueError, match="a turn"):
        turns(turn_list, {"messages": [turn]})


def test_what_holds_no_conversation_gives_none():
    assert all(turns(shape, {"text": "just words", "prompt": None}) == [] for shape in SHAPES.values())


def message(name: str, role: str, *replies, rank=None, **more) -> dict:
    return {"message_id": name, "role": role, "text": name, "rank": rank, "replies": list(replies), **more}


TREE = {
    "message_tree_id": "q",
    "prompt": message(
        "q",
        "prompter",
        message("second", "assistant", rank=1),
        message(
            "first",
            "assistant",
            message("more", "prompter", message("end", "assistant", rank=0)),
            message("unanswered", "prompter"),
            rank=0,
            lang="da",
        ),
        message("gone", "assistant", rank=2, deleted=True),
    ),
}


def test_every_way_through_a_tree_that_ends_with_an_answer():
    found = {one.part: [turn.content for turn in one.turns] for one in tree_threads(TREE)}
    assert found == {"second": ["q", "second"], "end": ["q", "first", "more", "end"]}


def test_the_best_way_takes_the_lowest_rank_each_time():
    [found] = best_thread(TREE)
    assert [turn.content for turn in found.turns] == ["q", "first", "more", "end"]
    assert found.meta == {"message_tree_id": "q", "rank": 0}


def test_questions_after_the_last_answer_are_left_out():
    tree = {"prompt": message("q", "prompter", message("a", "assistant", message("thanks", "prompter")))}
    assert [[turn.content for turn in one.turns] for one in tree_threads(tree)] == [["q", "a"]]


def test_a_tree_without_an_answer_gives_nothing():
    assert turns(tree_threads, {"prompt": message("q", "prompter")}) == []


def test_a_deep_tree_needs_no_deep_stack():
    tree = message("end", "assistant")
    for i in range(5000):
        tree = message(str(i), "prompter" if i % 2 == 0 else "assistant", tree)
    [found] = tree_threads({"prompt": tree})
    assert len(found.turns) == 5001


def test_tags_stand_at_the_beginning_of_a_line():
    text = "<human>: Hvad betyder <bot>: i teksten?\n<bot>: Et mærke.\nTo linjer.\n<human>:Tak"
    assert turns(tagged_text, {"text": text, "metadata": {"source": "x"}}) == [
        [
            Turn("user", "Hvad betyder <bot>: i teksten?"),
            Turn("assistant", "Et mærke.\nTo linjer."),
            Turn("user", "Tak"),
        ]
    ]
