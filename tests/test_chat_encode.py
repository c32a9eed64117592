"""What is learned is exactly what the assistant says, whatever the tokenizer does at the borders."""

import re

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus_kit.chat.encode import encode
from corpus_kit.chat.templates import TEMPLATES, Piece, template_of
from corpus_kit.chat.turns import Turn

SPECIAL = {"bos": 1, "eos": 2, "<|im_start|>": 3, "<|im_end|>": 4}


class Words:
    """A tokenizer whose tokens are words with the spaces before them, as SentencePiece has it, or single characters."""

    def __init__(self, pattern: str = r"\s*\S+|\s+"):
        self.pattern, self.known = pattern, ["<unk>", *SPECIAL]

    def encode(self, texts: pa.Array) -> pa.LargeListArray:
        return pa.array([[self._id(word) for word in re.findall(self.pattern, f" {text}", re.DOTALL)]
                         for text in texts.to_pylist()], pa.large_list(pa.int32()))  # fmt: skip

    def _id(self, word: str) -> int:
        if word not in self.known:
            self.known.append(word)
        return self.known.index(word)

    def text(self, ids: np.ndarray) -> str:
        return "".join(self.known[one] for one in ids if one > len(SPECIAL))


TURNS = [
    Turn("user", "Hvad er en å?"),
    Turn("assistant", "Et vandløb."),
    Turn("user", "Tak"),
    Turn("assistant", "Selv tak."),
]


@pytest.mark.parametrize("name", TEMPLATES)
@pytest.mark.parametrize("pattern", [r"\s*\S+|\s+", "."])
def test_the_answers_are_what_is_learned(name, pattern):
    tokenizer = Words(pattern)
    pieces = list(template_of(name).render(TURNS))
    [found] = encode([pieces], tokenizer, SPECIAL)
    assert found.ids.dtype == np.int32
    said = tokenizer.text(found.ids[found.is_answer])
    assert "".join(said.split()) == "Etvandløb.Selvtak."
    assert "".join(tokenizer.text(found.ids).split()) == "".join("".join(piece.text or "" for piece in pieces).split())


def test_special_tokens_stand_where_they_were_put():
    tokenizer = Words()
    [found] = encode([list(template_of("gpt_sw3_chat").render(TURNS[:2]))], tokenizer, SPECIAL)
    assert [one for one in found.ids.tolist() if one <= len(SPECIAL)] == [2, 1, 1, 1]
    assert found.ids[-1] == 1
    assert bool(found.is_answer[-1]) is True
    assert bool(found.is_answer[0]) is False


def test_text_around_a_border_is_encoded_as_a_model_meets_it():
    tokenizer = Words()
    [found] = encode([[Piece("[INST] a [/INST] "), Piece("svar", is_answer=True)]], tokenizer, SPECIAL)
    assert [tokenizer.known[one] for one in found.ids] == [" [INST]", " a", " [/INST]", " svar"]
    assert found.is_answer.tolist() == [False, False, False, True]


def test_nothing_to_encode():
    assert encode([], Words(), SPECIAL) == []
    [found] = encode([[Piece(token="eos")]], Words(), SPECIAL)
    assert (found.ids.tolist(), found.is_answer.tolist()) == ([2], [False])


@given(
    st.lists(
        st.lists(st.tuples(st.sampled_from(["a", "b c", "", " d"]), st.booleans(), st.booleans()), max_size=8),
        max_size=4,
    )
)
def test_every_identifier_has_its_flag_and_conversations_do_not_mix(made):
    pieces = [
        [Piece(token="eos", is_answer=a) if t else Piece(text, is_answer=a) for text, a, t in one] for one in made
    ]
    tokenizer = Words()
    together = encode(pieces, tokenizer, SPECIAL)
    for one, found in zip(pieces, together, strict=True):
        assert len(found.ids) == len(found.is_answer)
        [alone] = encode([one], tokenizer, SPECIAL)
        assert alone.ids.tolist() == found.ids.tolist()
        assert alone.is_answer.tolist() == found.is_answer.tolist()
