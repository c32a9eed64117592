"""Paragraphs: where they begin, what is too short to be judged, what they are called, and what is left after a cut."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus_kit.lid import Predictions, load
from corpus_kit.lid.paragraphs import SHORTEST, label, overall, shares, split, spread, without

NAMES = ("dan_Latn", "eng_Latn", "nob_Latn", "und")
LONG = "Den gamle mand gik ned til havnen, og han så på skibene, som kom hjem."
ENGLISH = "It was a bright and windy morning, and the people of the town went out."


def column(*texts):
    return pa.array(texts, pa.large_string())


def pieces(text, **sizes):
    return split(column(text), **sizes).texts.to_pylist()


def said(*answers):
    """Predictions from (label, score, runner-up, score) by name."""
    columns = list(zip(*answers, strict=True)) if answers else [(), (), (), ()]
    codes = [np.array([NAMES.index(name) for name in columns[i]], np.int32) for i in (0, 2)]
    scores = [np.array(columns[i], np.float64) for i in (1, 3)]
    return Predictions(NAMES, codes[0], scores[0], codes[1], scores[1])


def test_long_lines_are_paragraphs_and_short_ones_go_together():
    assert pieces(f"{LONG}\nkort\nlinje\n{LONG}") == [f"{LONG}\n", "kort\nlinje\n", LONG]


def test_wrapped_lines_between_blank_lines_are_one_paragraph():
    wrapped = "Den gamle mand gik ned\ntil havnen, og han så på\nskibene, som kom hjem.\n\n"
    assert pieces(wrapped * 2) == [wrapped, wrapped]


def test_short_blocks_are_joined_across_blank_lines_until_they_can_be_judged():
    assert pieces("et\n\nto\n\ntre\n", shortest=8) == ["et\n\nto\n\ntre\n"]
    assert pieces("et\n\nto\n\ntre\n\nfire\n", shortest=5, piece=5) == ["et\n\nto\n\ntre\n\n", "fire\n"]


def test_long_runs_of_short_lines_are_cut_and_the_rest_stays_with_the_last():
    assert pieces("abc\n" * 7, shortest=4, piece=6) == ["abc\nabc\n", "abc\nabc\n", "abc\nabc\nabc\n"]


def test_blank_lines_belong_to_what_stands_before_and_leading_ones_to_the_first():
    assert pieces(f"\n\n{LONG}\n \n\n{LONG}\n\n") == [f"\n\n{LONG}\n \n\n", f"{LONG}\n\n"]


def test_rows_are_known_whatever_is_empty_or_sliced():
    texts = column("x", LONG, "", None, f"{LONG}\n{LONG}", "").slice(1)
    found = split(texts)
    assert found.row.tolist() == [0, 3, 3]
    assert found.judged.tolist() == [True] * 3
    assert found.texts.to_pylist() == [LONG, f"{LONG}\n", LONG]


@pytest.mark.parametrize("texts", [(), (None,), ("", None)])
def test_no_text_no_paragraph(texts):
    found = split(column(*texts))
    assert len(found.texts) == len(found.row) == len(found.letters) == len(found.judged) == 0
    main = np.zeros(len(texts), np.int32)
    assert shares(
        found, label(found, said(), spread(found, said(), len(texts)), main), NAMES, len(texts)
    ).to_pylist() == ([None] * len(texts))


def test_letters_are_counted_in_any_script_and_nothing_else_is():
    found = split(column("abc ÆØÅ 123 – “…” 🙂", "Привет мир", "日本語", "x\u00a0y §"))
    assert found.letters.tolist() == [6, 9, 3, 2]


@given(st.lists(st.text(alphabet="aø \n\r1–", max_size=60), max_size=6), st.integers(1, 9), st.integers(1, 20))
def test_paragraphs_are_the_whole_of_every_text(texts, shortest, piece):
    found = split(column(*texts), shortest=shortest, piece=piece)
    joined = [""] * len(texts)
    for row, text in zip(found.row.tolist(), found.texts.to_pylist(), strict=True):
        joined[row] += text
    assert joined == texts
    assert found.letters.tolist() == [sum(c.isalpha() for c in text) for text in found.texts.to_pylist()]
    assert (np.diff(found.row) >= 0).all()


DANISH = ("dan_Latn", 0.9, "nob_Latn", 0.08)
FOREIGN = ("eng_Latn", 0.99, "dan_Latn", 0.005)


def labels_of(text, *answers, main="dan_Latn", **sizes):
    found = split(column(text), **sizes)
    answer = said(*answers)
    by = spread(found, answer, 1)
    codes = label(found, answer, by, np.array([NAMES.index(main)], np.int32))
    return [NAMES[code] for code in codes]


def test_a_sure_paragraph_in_another_language_is_told():
    text = f"{LONG}\n{ENGLISH}\n{LONG}"
    assert labels_of(text, DANISH, FOREIGN, DANISH) == ["dan_Latn", "eng_Latn", "dan_Latn"]


def test_a_doubtful_paragraph_follows_its_document():
    doubtful = ("nob_Latn", 0.7, "dan_Latn", 0.28)
    assert labels_of("\n".join([LONG] * 3), DANISH, doubtful, DANISH) == ["dan_Latn"] * 3
    # The same answer in a document that is Norwegian by its other paragraphs is believed.
    norwegian = ("nob_Latn", 0.95, "dan_Latn", 0.04)
    assert labels_of("\n".join([LONG] * 3), norwegian, doubtful, norwegian, main="nob_Latn") == ["nob_Latn"] * 3


def test_what_the_two_best_labels_leave_counts_for_the_document():
    neither = ("eng_Latn", 0.5, "und", 0.2)
    assert labels_of("\n".join([LONG] * 4), DANISH, DANISH, DANISH, neither) == ["dan_Latn"] * 4


def test_short_paragraphs_follow_those_around_them_or_the_document():
    text = f"{LONG}\n1999\n\n{ENGLISH}\nJohn Smith\n{ENGLISH}\n\nPeter\n{LONG}\nsidst"
    answers = [DANISH, FOREIGN, FOREIGN, DANISH]
    assert labels_of(text, *answers) == [
        *("dan_Latn", "dan_Latn", "eng_Latn", "eng_Latn", "eng_Latn", "dan_Latn", "dan_Latn", "dan_Latn")
    ]


def test_short_paragraphs_never_follow_another_document():
    found = split(column(ENGLISH, "kort", ENGLISH))
    answer = said(FOREIGN, FOREIGN)
    by = spread(found, answer, 3)
    codes = label(found, answer, by, np.array([1, 0, 1], np.int32))
    assert [NAMES[code] for code in codes] == ["eng_Latn", "dan_Latn", "eng_Latn"]


def test_the_scores_of_a_document_are_means_over_its_letters():
    found = split(column("a" * 60 + "\n" + "b" * 40, "kort", None))
    by = spread(found, said(("dan_Latn", 0.9, "nob_Latn", 0.1), ("eng_Latn", 1.0, "und", 0.0)), 3)
    assert by.known.tolist() == [True, False, False]
    assert by.mass[0].round(9).tolist() == [0.54, 0.4, 0.06, 0.0]
    whole = overall(NAMES, by)
    assert [NAMES[code] for code in whole.label] == ["dan_Latn", "und", "und"]
    assert [NAMES[code] for code in whole.runner_up] == ["eng_Latn", "und", "und"]
    assert whole.score.round(9).tolist() == [0.54, 0.0, 0.0]
    assert whole.runner_up_score.round(9).tolist() == [0.4, 0.0, 0.0]


def test_shares_are_of_letters_and_the_largest_is_first():
    found = split(column("a" * 50 + "\n" + "b" * 150, "123\n45", "c" * 50))
    codes = np.array([0, 1, 3, 2], np.int32)
    assert shares(found, codes, NAMES, 3).to_pylist() == [
        [{"lang": "eng_Latn", "share": 0.75}, {"lang": "dan_Latn", "share": 0.25}],
        None,
        [{"lang": "nob_Latn", "share": 1.0}],
    ]


def test_a_cut_leaves_the_rest_byte_for_byte():
    texts = column(f"{LONG}\n\n{ENGLISH}\n\n  {LONG} \n\n{ENGLISH}\n", ENGLISH, None, "", f"{ENGLISH}\n{ENGLISH}")
    found = split(texts)
    gone = np.array([False, True, False, True, False, True, False])
    assert without(texts, found, gone).to_pylist() == [f"{LONG}\n\n  {LONG}", ENGLISH, None, "", ENGLISH]
    assert without(texts, found, np.ones(7, bool)).to_pylist() == ["", "", None, "", ""]
    assert without(texts, found, np.zeros(7, bool)).equals(texts)


def test_the_answer_does_not_depend_on_the_other_rows():
    texts = [f"{LONG}\n{ENGLISH}\nkort\n{LONG}", "kort", f"{ENGLISH}\n\n{ENGLISH}", None, LONG]

    def labels(rows):
        found = split(column(*rows))
        answer = load().identify(found.texts.filter(pa.array(found.judged)))
        by = spread(found, answer, len(rows))
        codes = label(found, answer, by, overall(answer.names, by).label)
        return [[answer.names[c] for c in codes[found.row == row]] for row in range(len(rows))]

    together = labels(texts)
    assert together == [labels([text])[0] for text in texts]
    assert together[0] == ["dan_Latn", "eng_Latn", "dan_Latn", "dan_Latn"]


def test_the_smallest_length_is_what_was_measured():
    assert SHORTEST == 40
