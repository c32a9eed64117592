"""Tests of every metric: general ones over the registry, values worked out by hand, and datatrove as an oracle."""

import io
import json
import math
import os
import random
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus_kit.doc import Doc
from corpus_kit.kernels.measure import WordLists
from corpus_kit.metrics import METRICS, Metric, measure, metric
from corpus_kit.metrics.repetition import dup_ngram_fraction, duplicates, top_ngram_fraction

LISTS = WordLists(frozenset(["og", "the", "a"]), frozenset(["xxx", "blå"]))
ODD_TEXTS = {
    "empty": "",
    "space": " ",
    "blank lines": "\n \n\t\n\n",
    "one letter": "a",
    "emoji": "👩‍👩‍👧 🇩🇰 🤷🏽‍♀️ " * 30,
    "one character": "x" * 1_000_000,
    "one newline": "\n" * 1_000_000,
    "mixed scripts": "Ærø är на русском 日本語テキスト العربية हिन्दी ελληνικά\n" * 20,
    "controls": "\x00\x01\x1c\x7f\x85\ufeff\u200b\u2028",
    "dots": ".…...." * 50,
    "one word": "ha " * 2000,
}

each_metric = pytest.mark.parametrize("one", METRICS.values(), ids=METRICS.keys())


def value(name: str, text: str) -> float:
    return METRICS[name].function(Doc(text, lists=LISTS))


@each_metric
def test_has_prose_an_example_and_a_citation(one: Metric):
    prose, _, example = one.doc.partition(">>>")
    assert one.summary == prose.splitlines()[0].rstrip(".")
    assert prose.splitlines()[0].endswith(".")
    assert len(prose.split("\n\n")) >= 2
    assert f"{one.function.__name__}(Doc(" in example
    assert "arXiv:" in one.citation or "LREC" in one.citation
    assert one.function.__name__ == one.name


@each_metric
@pytest.mark.parametrize("text", ODD_TEXTS.values(), ids=ODD_TEXTS.keys())
def test_odd_texts_give_a_finite_number_and_the_same_twice(one: Metric, text: str):
    first, second = value(one.name, text), value(one.name, text)
    assert math.isfinite(first)
    assert first >= 0
    assert first == second


OF_WHITESPACE = {"char_count": 4, "special_char_fraction": 1}
"""What counts whitespace, too: its value for two spaces and two newlines."""


@each_metric
def test_an_empty_text_measures_zero(one: Metric):
    assert value(one.name, "") == 0.0
    assert value(one.name, " \n\n ") == OF_WHITESPACE.get(one.name, 0.0)


@each_metric
@settings(max_examples=60)
@given(st.text(alphabet=st.one_of(st.characters(codec="utf-8"), st.sampled_from("ab .…#-•\n ")), max_size=80))
def test_no_text_raises(one: Metric, text: str):
    result = value(one.name, text)
    assert math.isfinite(result)
    if one.kind == "count":
        assert result == int(result)
    if one.kind == "fraction" and not one.name.startswith("top_"):
        assert 0 <= result <= 1


@each_metric
def test_what_needs_a_word_list_is_undefined_without_it_and_nothing_else(one: Metric):
    known = {"stop": WordLists(stop=LISTS.stop), "flagged": WordLists(flagged=LISTS.flagged), None: WordLists()}
    assert not math.isnan(one.function(Doc("the cat xxx", lists=known[one.needs])))
    for kind in {"stop", "flagged"} - {one.needs}:
        without = one.function(Doc("the cat xxx", lists=known[kind]))
        assert math.isnan(without) == (one.needs is not None)


def test_the_metrics_that_need_word_lists():
    needs = {kind: {name for name, one in METRICS.items() if one.needs == kind} for kind in ("stop", "flagged")}
    assert needs == {
        "stop": {"stop_word_count", "stop_word_fraction", "stop_token_count", "stop_token_fraction"},
        "flagged": {"flagged_word_count", "flagged_word_fraction", "distinct_flagged_word_count"},
    }


def test_measure_gives_each_text_the_stop_words_of_its_language():
    texts = pa.chunked_array([["og the", None], ["der og"]], pa.large_string()).combine_chunks()
    lists = [WordLists(frozenset(["og", "der"])), WordLists()]
    measured = measure(["stop_word_count", "word_count"], texts, lists, np.array([0, 1, 0]))
    assert list(measured) == ["stop_word_count", "word_count"]
    np.testing.assert_array_equal(measured["stop_word_count"], [1, math.nan, 2])
    np.testing.assert_array_equal(measured["word_count"], [2, 0, 2])
    assert all(column.dtype == np.float64 for column in measured.values())


def test_measure_reads_slices():
    texts = pa.array(["a", "b c", "d e f"], pa.large_string()).slice(1)
    assert measure(["word_count"], texts, [WordLists()], np.zeros(2, int))["word_count"].tolist() == [2, 3]


def test_a_name_belongs_to_one_module():
    def word_count(doc: Doc) -> float:
        return 0

    with pytest.raises(ValueError, match=r"already defined in corpus_kit\.metrics\.gopher"):
        metric("word_count")(word_count)


# --- datatrove as an oracle -------------------------------------------------------------------------------------------


def made_texts(count: int) -> list[str]:
    """Texts on which our units and datatrove's are the same: words of three letters, no blank lines."""
    random_state = random.Random(7)
    texts = []
    for _ in range(count):
        vocabulary = ["".join(random_state.choices("abcd", k=3)) for _ in range(random_state.choice([2, 5, 20, 60]))]
        vocabulary += ["...", "#ab", "ab…", "-ab"]
        lines = [" ".join(random_state.choices(vocabulary, k=random_state.randint(1, 9))) for _ in range(12)]
        lines += random_state.choices(lines, k=random_state.randint(0, 6))
        texts.append("\n".join(lines))
    return texts


def test_repetition_agrees_with_datatrove():
    theirs = pytest.importorskip("datatrove.pipeline.filters.gopher_repetition_filter")
    repeated = 0
    for text in made_texts(150):
        doc = Doc(text)
        assert duplicates(doc.lines) == theirs.find_duplicates(text.split("\n"))
        for n in (2, 3, 4):
            top = theirs.find_top_duplicate(theirs.get_n_grams(doc.words, n))
            assert top_ngram_fraction(doc, n) == top / len(text)
        for n in range(5, 11):
            copies = theirs.find_all_duplicate(doc.words, n)
            repeated += copies > 0
            assert dup_ngram_fraction(doc, n) == copies / len(text)
    assert repeated > 100


def test_paragraphs_agree_with_datatrove():
    theirs = pytest.importorskip("datatrove.pipeline.filters.gopher_repetition_filter")
    random_state = random.Random(3)
    for _ in range(50):
        pieces = random_state.choices(["one", "two\nthree", "four"], k=8)
        text = "\n\n\n".join(pieces)
        assert duplicates(Doc(text).paragraphs) == theirs.find_duplicates(pieces)


# The verdict of datatrove's quality filter -> the metrics of which one must be out of Gopher's bounds.
QUALITY_REASONS = {
    "gopher_short_doc": ["word_count"],
    "gopher_below_avg_threshold": ["mean_word_length"],
    "gopher_above_avg_threshold": ["mean_word_length"],
    "gopher_too_many_hashes": ["hash_to_word_ratio"],
    "gopher_too_many_ellipsis": ["ellipsis_to_word_ratio"],
    "gopher_too_many_bullets": ["bullet_line_fraction"],
    "gopher_too_many_end_ellipsis": ["ellipsis_line_fraction"],
    "gopher_below_alpha_threshold": ["alpha_word_fraction"],
    "gopher_enough_stop_words": ["stop_word_count"],
}


def test_quality_verdicts_agree_with_datatrove(monkeypatch):
    theirs = pytest.importorskip("datatrove.pipeline.filters.gopher_quality_filter")
    from datatrove.data import Document

    from corpus_kit.rules import verdicts
    from corpus_kit.rulesets import load_ruleset

    monkeypatch.setattr(theirs, "split_into_words", lambda text, language: text.split())
    judge = theirs.GopherQualityFilter(stop_words=["the", "be"])
    body = "the big cat may be here now\n" * 8
    texts = {
        None: body,
        "gopher_short_doc": "the cat may be here\n" * 9 + "one two three four",
        "gopher_below_avg_threshold": body + "a b\n" * 40,
        "gopher_above_avg_threshold": body + "unbelievably-long\n" * 60,
        "gopher_too_many_hashes": body + "#tag #tag #tag\n" * 3,
        "gopher_too_many_ellipsis": body + "so...on\n" * 7,
        "gopher_too_many_bullets": "- the great cats should be sleeping here\n" * 12,
        "gopher_too_many_end_ellipsis": body + "and yet it moves they said again …\n" * 4,
        "gopher_below_alpha_threshold": body + "1234 5678\n" * 8,
        "gopher_enough_stop_words": body.replace("the", "one"),
    }
    rules = load_ruleset("gopher").rules[:8]
    for reason, text in texts.items():
        verdict = judge.filter(Document(text=text.strip(), id="x"))
        assert (None if verdict is True else verdict[1]) == reason
        doc = Doc(text.strip(), lists=WordLists(frozenset(["the", "be"])))
        measured = {rule.metrics[0]: np.array([METRICS[rule.metrics[0]].function(doc)]) for rule in rules}
        failing = [found.code for found in verdicts(rules, measured)]
        assert failing == [f"gopher.{name}" for name in QUALITY_REASONS.get(reason, [])]
    assert set(texts) == {None, *QUALITY_REASONS}


def test_where_we_differ_from_datatrove_on_purpose():
    theirs = pytest.importorskip("datatrove.pipeline.filters.gopher_repetition_filter")
    joined = "ab c d e f a bc d e f"
    assert theirs.find_all_duplicate(joined.split(), 5) == 6
    assert dup_ngram_fraction(Doc(joined), 5) == 0.0
    assert value("dup_line_fraction", "\na\n") == 0.0  # theirs: the empty pieces at both ends are copies
    assert value("bullet_line_fraction", "- a\n\n- b") == 1.0  # theirs: 2 of 3 lines
    assert value("word_count", "a - b") == 3  # theirs: 2, the dash being no word


def real_texts(count: int) -> list[str]:
    texts = []
    for path in sorted((Path(os.environ["CORPUS_KIT_DATA"]) / "text").glob("??.jsonl.zst")):
        with pa.input_stream(str(path), compression="zstd") as stream:
            lines = io.TextIOWrapper(stream, "utf-8")
            texts += [json.loads(line)["text"] for _, line in zip(range(count), lines, strict=False)]
    return texts


@pytest.mark.data
@pytest.mark.skipif("CORPUS_KIT_DATA" not in os.environ, reason="no real data here")
def test_real_texts_agree_with_datatrove():
    theirs = pytest.importorskip("datatrove.pipeline.filters.gopher_repetition_filter")
    ambiguous = 0
    texts = real_texts(15)
    for text in texts:
        doc = Doc(text)
        assert duplicates(doc.lines) == theirs.find_duplicates([line for line in text.split("\n") if line.strip()])
        for n in (2, 3, 4):
            ngrams = theirs.get_n_grams(doc.words, n)
            assert top_ngram_fraction(doc, n) == (theirs.find_top_duplicate(ngrams) / len(text) if ngrams else 0)
        for n in range(5, 11):
            expected = theirs.find_all_duplicate(doc.words, n) / len(text)
            keys = {ngram: "".join(ngram) for ngram in doc.ngrams(n)}
            if len(set(keys.values())) == len(keys):
                assert dup_ngram_fraction(doc, n) == expected
            else:
                ambiguous += 1  # different n-grams that datatrove joins to one string
    assert ambiguous < len(texts) * 6 / 20
