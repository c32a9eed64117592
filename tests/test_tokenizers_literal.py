"""Literal special strings: found, marked, and restored."""

import pytest
import wordy
from hypothesis import given
from hypothesis import strategies as st

from corpus_kit.errors import PlanError
from corpus_kit.tokenizers import SpecialStrings, neutralize, restore
from corpus_kit.tokenizers.literal import JOINER

STRINGS = ["<s>", "</s>", "<|endoftext|>", "[CLS]", "[INST]", "[/INST]"]
SPECIAL = SpecialStrings(STRINGS)


def test_what_is_changed_and_what_is_not():
    texts = wordy.array(["ren tekst", None, "a<s><s>b[/INST]", "", f"<{JOINER}s>"])
    changed, found = SPECIAL.neutralize(texts)
    assert changed.to_pylist() == [
        "ren tekst", None, f"a<{JOINER}s><{JOINER}s>b[{JOINER}/INST]", "", f"<{JOINER}{JOINER}s>",
    ]  # fmt: skip
    assert found.tolist() == [0, 0, 3, 0, 1]
    assert SPECIAL.count(texts).tolist() == [0, 0, 3, 0, 0]
    assert SPECIAL.count(changed).tolist() == [0] * 5
    assert (SPECIAL.is_in("x</s>"), SPECIAL.is_in(f"x<{JOINER}/s>")) == (True, False)
    assert SPECIAL.neutralize(texts[2:])[1].tolist() == [3, 0, 1]


@given(st.lists(st.sampled_from([*STRINGS, "<", "s>", JOINER, "|", "[", "CLS]", "å ", "\n"])).map("".join))
def test_it_can_be_undone_whatever_the_text(text):
    once = neutralize(text, STRINGS)
    assert SPECIAL.count(wordy.array([once])).tolist() == [0]
    assert restore(once, STRINGS) == text
    assert restore(restore(neutralize(once, STRINGS), STRINGS), STRINGS) == text


def test_without_strings_nothing_is_done():
    none = SpecialStrings([])
    texts = wordy.array(["<s>"])
    assert none.neutralize(texts)[0].equals(texts)
    assert (none.count(texts).tolist(), none.is_in("<s>"), none.restore(f"<{JOINER}s>")) == ([0], False, f"<{JOINER}s>")


@pytest.mark.parametrize(
    ("strings", "message"),
    [
        (["|"], "no inside"),
        ([f"<{JOINER}>"], "no inside"),
        (["<s>", "s>x"], "may begin inside"),
        (["<a<b>", "<b>"], "may begin inside"),
        (["aXa"], "may begin inside"),
    ],
)
def test_strings_that_would_not_be_harmless_are_refused(strings, message):
    with pytest.raises(PlanError, match=message):
        SpecialStrings(strings)
