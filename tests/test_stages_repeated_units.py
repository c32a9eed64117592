"""What units are, and what is left without some."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus_kit.doc import Doc
from corpus_kit.metrics.c4 import sentence_count
from corpus_kit.stages.repeated_units import units, without

ANY_TEXT = st.text(st.sampled_from('ab AÅ.3!?…«»"(\n\n\r\t-\u2028\xa0'), max_size=60)


def cut(text: str, kind) -> list[str]:
    return [text[slice(*span)] for span in units(text, kind)]


def test_lines_and_paragraphs_keep_what_stands_in_their_lines():
    text = "\n  En linje. \r\nTo\n \t\n\nTre\u2028samme\n"
    assert cut(text, "line") == ["  En linje. \r", "To", "Tre\u2028samme"]
    assert cut(text, "paragraph") == ["  En linje. \r\nTo", "Tre\u2028samme"]


def test_sentences_hand_made():
    text = "  Han kom d. 3. maj kl. 10. Var du der?! «Ja. Det var jeg.» Nej…\nMenu\n***\n!!! Ja. -- . Nej. "
    assert cut(text, "sentence") == [
        "  Han kom d. 3. maj kl. 10. Var du der?!",
        "«Ja.",
        "Det var jeg.»",
        "Nej…",
        "Menu",
        "***",
        "!!! Ja. -- .",
        "Nej. ",
    ]


@given(ANY_TEXT)
def test_units_are_those_of_the_metrics(text):
    doc = Doc(text)
    assert cut(text, "line") == doc.lines
    assert cut(text, "paragraph") == doc.paragraphs
    with_content = [one for one in cut(text, "sentence") if sentence_count(Doc(one))]
    assert len(with_content) == sentence_count(doc)


@given(ANY_TEXT, st.sampled_from(["line", "paragraph", "sentence"]), st.data())
def test_what_is_left_keeps_its_bytes_and_no_run_of_newlines_grows(text, kind, data):
    spans = units(text, kind)
    assert without(text, spans, set()) == text
    removed = data.draw(st.sets(st.sampled_from(range(len(spans)))) if spans else st.just(set()))
    left = without(text, spans, removed)
    kept = [text[slice(*span)] for number, span in enumerate(spans) if number not in removed]
    at = 0
    for one in kept:
        at = left.index(one, at) + len(one)
    outside = left
    for one in kept:
        outside = outside.replace(one, "", 1)
    assert not outside.strip()
    longest = max((run.count("\n") for run in gaps(text, spans)), default=0)
    assert all(run.count("\n") <= longest for run in gaps(left, units(left, kind)))
    if spans and len(removed) == len(spans):
        assert left == ""


def gaps(text: str, spans) -> list[str]:
    edges = [0, *(edge for span in spans for edge in span), len(text)]
    return [text[a:b] for a, b in zip(edges[::2], edges[1::2], strict=True)]


@pytest.mark.parametrize(
    ("text", "removed", "left"),
    [
        ("a\nb\nc", {1}, "a\nc"),
        ("a\n\nb\n\nc", {1}, "a\n\nc"),
        ("a\n\n\nb\nc", {1}, "a\n\n\nc"),
        ("a\nb\n \nc\n", {1}, "a\n \nc\n"),
        ("\na\nb\n", {0}, "\nb\n"),
        ("a\nb\n\n", {1}, "a\n\n"),
        ("a\r\nb\r\nc\r\n", {1}, "a\r\nc\r\n"),
        ("a\r\n\r\nb", {0, 1}, ""),
        ("  x\n    y\n  z", {1}, "  x\n  z"),
        ("\0\nb", {1}, "\0"),
        (" \n", set(), " \n"),
    ],
)
def test_newlines_around_removed_lines(text, removed, left):
    assert without(text, units(text, "line"), removed) == left


def test_sentences_are_cut_out_of_their_line():
    text = "En ting. To ting. Tre ting.\n\nFire ting. Fem ting."
    spans = units(text, "sentence")
    assert without(text, spans, {1}) == "En ting. Tre ting.\n\nFire ting. Fem ting."
    assert without(text, spans, {2, 3}) == "En ting. To ting.\n\nFem ting."
    assert without(text, spans, {0, 4}) == "To ting. Tre ting.\n\nFire ting."
