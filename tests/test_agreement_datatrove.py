"""Our rules and datatrove's filters give the same verdicts, but for differences that are named and counted."""

from pathlib import Path

import pytest

pytest.importorskip("datatrove")

import agreement
from agreement_families import STEPS, Document, Family, families

FAMILIES = {one.name: one for one in families()}
REPORT = Path(__file__).resolve().parents[1] / "docs" / "agreement.md"

SENTENCE = "The old bridge will be closed to traffic until the end of the month, and that is a pity for all of us. "


def words(count: int) -> str:
    """Words that are all different, with stop words among them."""
    return " ".join(("the", "that", f"word{i}ly")[i % 3] if i % 3 == 2 or i < 6 else f"thing{i}s" for i in range(count))


@pytest.mark.parametrize("name", FAMILIES)
def test_no_difference_is_unexplained_on_the_examples(name):
    documents = agreement.example_documents()[::6]
    assert len(documents) > 100
    outcome = agreement.compare(FAMILIES[name], documents)
    assert outcome.last == outcome.ours
    assert "unexplained" not in outcome.classes
    assert len({one.lang for one in documents}) > 5
    assert any(outcome.ours)


@pytest.mark.data
@pytest.mark.parametrize("name", FAMILIES)
def test_no_difference_is_unexplained_on_real_documents(data, name):
    documents = agreement.real_documents(data, 1000)
    outcome = agreement.compare(FAMILIES[name], documents)
    assert outcome.last == outcome.ours
    assert "unexplained" not in outcome.classes
    if agreement.HAS_SPACY and agreement.versions() in REPORT.read_text("utf-8"):
        assert agreement.tables([outcome]).splitlines()[-1] in REPORT.read_text("utf-8")


REPETITION, QUALITY, C4 = (
    FAMILIES[name] for name in ("GopherRepetitionFilter", "GopherQualityFilter", "C4QualityFilter")
)


@pytest.mark.parametrize(
    ("family", "text", "step", "theirs", "ours"),
    [
        (
            REPETITION,
            "".join(f"\nfirst{i} second{i} third{i} fourth{i} fifth{i}" for i in range(5)) + "\nx" * 4,
            "lines",
            None,
            "gopher.dup_line_fraction",
        ),
        (
            REPETITION,
            "\n \n".join([*["One."] * 3, "A paragraph that has words of its own.", "Another one is as long as that."]),
            "paragraphs",
            "gopher.dup_line_fraction",
            "gopher.dup_paragraph_fraction",
        ),
        (QUALITY, words(49) + " -", "signs", "gopher.word_count", None),
        (
            QUALITY,
            "\n\n".join([words(300), *(f"- number{i}" for i in range(32))]),
            "lines",
            None,
            "gopher.bullet_line_fraction",
        ),
        (
            C4,
            SENTENCE * 6 + "\nYou have accepted { our cookie policy } as it is today.",
            "clean first",
            "c4.opening_brace_count",
            None,
        ),
    ],
)
def test_a_document_made_to_differ_is_put_into_its_class(family: Family, text, step, theirs, ours):
    outcome = agreement.compare(family, [Document("made", text, "eng_Latn")], with_spacy=False)
    assert (outcome.first, outcome.ours) == ((theirs,), (ours,))
    assert outcome.classes == ({step: 1} if theirs != ours else {})


def test_joined_ngrams_that_are_not_equal():
    """The joined n-grams of datatrove take `a b c d ef` and `ab c d e f` for the same."""
    from agreement_families import tuple_duplicates
    from datatrove.pipeline.filters.gopher_repetition_filter import find_all_duplicate

    listed = ["a", "b", "c", "d", "ef", "ab", "c", "d", "e", "f"]
    assert (find_all_duplicate(listed, 5), tuple_duplicates(listed, 5)) == (6, 0)
    assert find_all_duplicate(["a"] * 10, 5) == tuple_duplicates(["a"] * 10, 5) == 5


def test_a_bound_that_is_not_datatroves_is_found():
    """The comparison can fail: with another bound, differences are unexplained."""
    from dataclasses import replace

    rules = tuple(
        rule.replaced((0.95, None), "test") if rule.code == "gopher.alpha_word_fraction" else rule
        for rule in QUALITY.rules
    )
    documents = agreement.example_documents()[::12]
    outcome = agreement.compare(replace(QUALITY, rules=rules), documents, with_spacy=False)
    assert outcome.classes["unexplained"] > 0


def test_every_step_is_told_and_taken():
    assert {step for family in FAMILIES.values() for step in family.steps} == set(STEPS)
    report = REPORT.read_text("utf-8")
    for step in STEPS:
        assert f"**{step}**" in report
    for name in FAMILIES:
        assert f"| {name} |" in report
