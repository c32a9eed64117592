"""What `tune` found, for people."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus_kit.rulesets import parse_bounds
from corpus_kit.strict_yaml import parse
from corpus_kit.tune import tune
from corpus_kit.tune.lines import SHOWN, settings_yaml, sweep_lines, tune_lines
from corpus_kit.tune.sweep import sweep


def block(lines: list[str], start: str) -> list[str]:
    """Lines from one that begins like this to the next blank one."""
    at = next(i for i, line in enumerate(lines) if line.startswith(start))
    end = next((i for i in range(at, len(lines)) if not lines[i]), len(lines))
    return lines[at:end]


@pytest.fixture(scope="module")
def lines(tuned_run) -> list[str]:
    changes = {"own.mean_word_length": (3.0, 9.0), "own.stop_word_count": (3.0, None)}
    return tune_lines(tune(tuned_run, changes, stage="filter", examples=1))


def test_what_was_and_what_is_tried(tuned_run, lines):
    assert lines[0] == f"{tuned_run.path}, stage filter: 465 documents judged"
    assert block(lines, "rule                  was") == [
        "rule                  was                                        now",
        "own.stop_word_count   at least 2 (dan_Latn, nno_Latn, swe_Latn)  at least 3 / off",
        "                      off (no language, pol_Latn)",
        "own.mean_word_length  at least 3 and at most 6                   at least 3 and at most 9",
    ]


def test_what_flips(tuned_run, lines):
    found = tune(tuned_run, {"own.mean_word_length": (3.0, 9.0), "own.stop_word_count": (3.0, None)}, stage="filter")
    flips = [line.split() for line in block(lines, "                  documents")[1:]]
    assert flips[0][:4] == ["rejected", "->", "kept", str(found["to_kept"]["documents"])]
    assert flips[1][:4] == ["kept", "->", "rejected", str(found["to_rejected"]["documents"])]
    assert flips[3][:3] == ["kept", "now", str(found["documents"]["kept_now"])]
    for title, count in (("source", 3), ("language", 5)):
        part = block(lines, f"{title} ")
        assert part[0].split() == [title, "judged", "kept", "now", "->", "kept", "text", "->", "rejected", "text"]
        assert len(part) == count + 1
    assert block(lines, "language ")[-1].split()[0] in ("none", "pol_Latn", "dan_Latn", "nno_Latn", "swe_Latn")


def test_what_is_held_and_what_comes_after(tuned_run, lines):
    found = tune(tuned_run, {"own.mean_word_length": (3.0, 9.0), "own.stop_word_count": (3.0, None)}, stage="filter")
    held = next(i for i, line in enumerate(lines) if "pass a changed rule now and stay rejected" in line)
    assert lines[held].startswith(f"{found['held']['documents']} documents (")
    assert lines[held + 1] == f"  1 rule fails: {found['held']['by_number']['1']}"
    after = block(lines, "later stage")
    assert [line.split()[0] for line in after[1:4]] == ["strict", "exact", "weight"]
    assert after[2].split()[-1] == "yes"
    assert after[-1].startswith("what a stage does with documents it never saw is unknown")


def test_examples_and_the_override(lines):
    kept = block(lines, "== rejected -> kept")
    assert len(kept) == 4
    assert kept[1].startswith("-- ")
    assert kept[2].endswith(", now kept at least 3 and at most 9")
    rejected = block(lines, "== kept -> rejected")
    assert rejected[2] == "   own.stop_word_count = 2, now kept at least 3"
    assert lines[-3:] == [
        "    override:",
        '      own.stop_word_count: "3:"',
        '      own.mean_word_length: "3:9"',
    ]


BOUNDS = st.none() | st.tuples(st.none() | st.floats(-1e20, 1e20), st.none() | st.floats(-1e20, 1e20)).filter(
    lambda pair: pair != (None, None) and (None in pair or pair[0] <= pair[1])
)


@given(st.dictionaries(st.sampled_from(["a.b", "gopher.word_count", "own.x"]), BOUNDS))
def test_what_is_pasted_is_read_back_as_the_same_bounds(override):
    data = parse("\n".join(settings_yaml({"override": override})), name="x").data["override"]
    assert {code: parse_bounds(text) for code, text in data.items()} == override


def test_long_tables_are_cut(tuned_run):
    found = tune(tuned_run, {"own.word_count": (9.0, None)}, stage="filter")
    found["by_source"] = found["by_source"][:1] * (SHOWN + 5)
    assert "and 5 more" in tune_lines(found)


def test_a_text_that_was_not_kept_is_told(tuned_run):
    found = tune(tuned_run, {"own.word_count": (9.0, None)}, stage="filter", examples=1)
    found["examples"]["to_rejected"][0]["text"] = None
    assert "   (the run did not keep its text)" in tune_lines(found)


def test_every_rule_and_its_other_bounds(tuned_run):
    found = sweep(tuned_run, stage="filter")
    lines = sweep_lines(found)
    assert lines[0] == f"{tuned_run.path}, stage filter: 465 documents judged, 187 kept"
    rules = block(lines, "rule ")
    assert rules[0].split() == ["rule", "keeps", "fail", "it", "it", "alone", "share"]
    assert [line.split()[0] for line in rules[1:]] == [one["rule"] for one in found["rules"]]
    assert "at least 6 and at most 40 (+ 1 by language or category)" in rules[1]
    own = next(line for line in lines if line.startswith("  own.digit_share at most"))
    alone = next(one["alone"] for one in found["rules"] if one["rule"] == "own.digit_share")
    assert f"0.2* {alone / 465:.2%}" in own
    assert any(line.startswith("  own.short_or_plain.word_count at most") for line in lines)
    assert lines[-1] == f"try some: corpus-kit tune {tuned_run.path} --stage filter --rule RULE=LOW:HIGH"


def test_a_part_is_named(tuned_run):
    lines = sweep_lines(sweep(tuned_run, stage="filter", source="web", language="dan_Latn"))
    assert lines[0].startswith(f"{tuned_run.path}, stage filter, source web, language dan_Latn: 31 documents judged")
