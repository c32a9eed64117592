"""How texts are cut into lines and joined again, by the definitions and by the compiled pass alike."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus_kit.doc import Doc
from corpus_kit.lines.apply import apply, cut
from corpus_kit.lines.compiled import PreparedPass, prepare
from corpus_kit.lines.registry import DEFINITIONS, Definition
from corpus_kit.lines.rules import LineRule, LineRuleset, resolve
from corpus_kit.lines.rulesets import load_line_ruleset, shipped_line_rulesets

SHIPPED = [ruleset.name for ruleset in shipped_line_rulesets()]

TEXTS = st.lists(
    st.sampled_from(
        [
            *("\n", "\n\n", " ", "  ", "\t", "Menu", "A sentence with words.", "note[1]", " [edit]", "| |", "3 likes"),
            *("HOME", "2024", "Read more...", "sign-in", "items in cart", "A. B", "{x}", "a sentence with words!"),
            *("JavaScript", "Læs mere", "we use cookies", "en to tre fire fem seks syv otte", "...", "ja", "x" * 30),
            *("(ok)", "https://a.b/c"),
        ]
    ),
    max_size=25,
).map("".join)


def clean(text, *names, unit=None):
    """The text after rulesets, by the definitions, once the compiled pass agrees."""
    passes = resolve([load_line_ruleset(name) for name in names], unit=unit)
    expected, places = apply(text, passes)
    array = pa.array([text], pa.large_string())
    found: dict[str, int] = {}
    for one in prepare([passes]):
        array, made = one.run(array, np.zeros(1, int))
        found |= dict(zip((rule.code for rule in one.versions[0].rules), made[:, 0].tolist(), strict=True))
    assert array[0].as_py() == expected
    assert found == places
    return expected, {code.removeprefix("clean."): count for code, count in places.items() if count}


@given(text=TEXTS | st.text(max_size=60))
def test_what_is_cut_makes_the_text_again(text):
    for (pieces, rest), expected in (
        (cut(text, "line"), Doc(text).lines),
        (cut(text, "paragraph"), Doc(text).paragraphs),
    ):
        assert "".join(f"{one.between}{one.left}{one.core}{one.right}" for one in pieces) + rest == text
        assert [f"{one.left}{one.core}{one.right}" for one in pieces] == expected
        assert all(one.core == one.core.strip() != "" for one in pieces)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("One sentence is here.\nMenu\nTwo sentences are here.", "One sentence is here.\nTwo sentences are here."),
        ("One sentence is here.\n\nMenu\nTwo are here now.", "One sentence is here.\n\nTwo are here now."),
        ("One sentence is here.\nMenu\n\n\nTwo are here now.", "One sentence is here.\n\n\nTwo are here now."),
        ("One sentence is here.\n\nMenu\n \n\nTwo are here now.", "One sentence is here.\n \n\nTwo are here now."),
        ("\nMenu\n\nOne sentence is here.\nEnd\n\n", "\nOne sentence is here.\n\n"),
        ("Menu\nHome", ""),
        ("\n\nMenu\n", ""),
        ("\n \n", "\n \n"),
        ("", ""),
        (
            "  Indented and long enough.  \r\nMenu\r\n\tAnd another line.\r\n",
            "  Indented and long enough.  \r\n\tAnd another line.\r\n",
        ),
    ],
)
def test_newlines_stay_as_they_stood(text, kept):
    assert clean(text, "c4")[0] == kept


def test_the_first_rule_that_removes_a_line_counts_it():
    text = "javascript\nuse cookies javascript now.\nUse cookies wisely here.\nA line.[1][2]"
    assert clean(text, "c4") == (
        "",
        {"c4_citations": 2, "c4_terminal_punctuation": 1, "c4_word_count": 1, "c4_javascript": 1, "c4_policy": 1},
    )


def test_a_blank_line_takes_the_place_of_empty_table_rows():
    text = "| |\nA table\n| | |\n|\nof cells\n\n|\nend\n|"
    assert clean(text, "fineweb2") == ("A table\n\nof cells\n\nend", {"fineweb2_table_bars": 5})


def test_paragraphs_are_cleaned_as_one_line():
    text = "Dette er en linje\nsom går  videre. Og så\nMeny\n\nKort\n\nDette er en linje som går videre."
    assert clean(text, "ncc_ocr") == (
        "Dette er en linje som går videre.",
        {"ncc_ocr_whitespace": 1, "ncc_ocr_sentence_end": 2, "ncc_ocr_repeated": 1},
    )
    assert clean("En linje her\nslutter her.\n\nMeny", "c4", unit="paragraph")[0] == "En linje her\nslutter her."


def test_rulesets_of_other_units_are_passes_of_their_own():
    rulesets = [load_line_ruleset(name) for name in ("c4", "fineweb2", "ncc_ocr", "ncc")]
    assert [(one.unit, len(one.rules)) for one in resolve(rulesets)] == [("line", 7), ("paragraph", 6), ("line", 6)]
    assert [(one.unit, len(one.rules)) for one in resolve(rulesets, unit="line")] == [("line", 19)]
    assert clean("A line  of words. x\nmore words {here}.", "ncc_ocr", "c4", "ncc")[0] == ""


def test_an_edited_line_that_is_empty_goes():
    assert clean("One here.\n[1]\nTwo here.", "wikipedia") == ("One here.\nTwo here.", {"wikipedia_brackets": 1})
    assert clean("Nyheder i dag her.\nLæs mere", "boilerplate")[0] == "Nyheder i dag her."


def test_spaces_around_lines_go_with_those_between_words():
    assert clean(" En linje. \n\tTo  linjer.", "ncc") == ("En linje.\nTo linjer.", {"ncc_whitespace": 2})
    assert clean(" A line[1] here. \nx", "wikipedia")[0] == " A line here. \nx"


IDEMPOTENT = sorted(set(SHIPPED) - {"fineweb", "refinedweb", "boilerplate"})
"""In those, rules about all of a line come before edits of short lines."""


@pytest.mark.parametrize("name", IDEMPOTENT)
@given(text=TEXTS)
def test_cleaning_again_changes_nothing(name, text):
    once, _ = clean(text, name)
    assert clean(once, name) == (once, {})


@given(text=TEXTS)
def test_cleaning_again_and_again_comes_to_an_end(text):
    for name in ("refinedweb", "boilerplate"):
        for _ in range(3):
            text, _ = clean(text, name)
        assert clean(text, name) == (text, {})


def test_a_rule_before_an_edit_may_look_again():
    once, _ = clean("Home Read more...\nA line of words.", "refinedweb")
    assert once == "Home\nA line of words."
    assert clean(once, "refinedweb") == ("A line of words.", {"refinedweb_single_word": 1})


@pytest.mark.parametrize("name", SHIPPED)
@given(text=TEXTS)
def test_no_line_is_made_up(name, text):
    kept, places = clean(text, name)
    assert len(kept) <= len(text)
    assert (kept == text) == (not places)
    assert "\n\n\n" not in kept or "\n\n\n" in text or name == "fineweb2"
    rest = iter("".join(text.split()))
    assert all(character in rest for character in "".join(kept.split()))


def test_functions_without_a_compiled_version_run_by_their_definition():
    own = DEFINITIONS["word_count"]
    rule = LineRule("clean.own_long", own, {}, (3, None), None, True, False, "", "test")
    other = Definition("shouts", "flaw", str.isupper, (), (), False, False)
    shouting = LineRule("clean.own_shouts", other, {}, (None, None), None, True, False, "", "test")
    (passed,) = resolve([LineRuleset("own", "", "line", (rule, shouting), {})])
    (prepared,) = prepare([[passed]])
    assert isinstance(prepared, PreparedPass)
    assert prepared.programs is None
    texts = pa.array(["Kort\nEN TO TRE\nen to tre", None], pa.large_string())
    cleaned = prepared.run(texts, np.zeros(2, int))
    assert cleaned.texts.to_pylist() == ["en to tre", None]
    assert cleaned.places.tolist() == [[1, 0], [1, 0]]
