"""What each rule does on its own, and at other bounds."""

from __future__ import annotations

import pytest

from corpus_kit.tune import tune
from corpus_kit.tune.sweep import _rounded, sweep


@pytest.fixture(scope="module")
def found(tuned_run) -> dict:
    return sweep(tuned_run, stage="filter")


def rule(found: dict, code: str) -> dict:
    return next(one for one in found["rules"] if one["rule"] == code)


def test_every_rule_with_what_fails_it_alone(tuned_run, found):
    rows = [row for row in tuned_run.rejects(["stage", "reasons"]).to_pylist() if row["stage"] == "filter"]
    codes = [[reason["code"] for reason in row["reasons"]] for row in rows]
    assert (found["judged"], found["kept"]) == (465, 187)
    for one in found["rules"]:
        assert one["failing"] == sum(one["rule"] in each for each in codes)
        assert one["alone"] == sum(each == [one["rule"]] for each in codes)


def test_bounds_are_tried_on_the_sides_a_rule_has(found):
    sides = {one["rule"]: sorted({at["side"] for at in one["at"]}) for one in found["rules"]}
    assert sides == {
        "own.word_count": ["high", "low"],
        "own.stop_word_count": ["low"],
        "own.mean_word_length": ["high", "low"],
        "own.digit_share": ["high"],
        "own.short_or_plain": ["high"],
    }
    conditions = {at["name"] for at in rule(found, "own.short_or_plain")["at"]}
    assert conditions == {"own.short_or_plain.word_count", "own.short_or_plain.digit_share"}
    own = {(at["side"], at["bound"]) for at in rule(found, "own.word_count")["at"] if at["own"]}
    assert own == {("low", 6), ("high", 40), ("low", 3), ("high", 1000)}


def test_a_rules_own_bound_gives_what_it_does(found):
    for code in ("own.mean_word_length", "own.stop_word_count", "own.digit_share", "own.short_or_plain"):
        one = rule(found, code)
        at = [at for at in one["at"] if at["own"]]
        assert at
        assert all((each["failing"], each["alone"]) == (one["failing"], one["alone"]) for each in at)


def test_tighter_bounds_reject_more(found):
    for one in found["rules"]:
        for name in {at["name"] for at in one["at"]}:
            low = [at["failing"] for at in one["at"] if (at["name"], at["side"]) == (name, "low")]
            high = [at["failing"] for at in one["at"] if (at["name"], at["side"]) == (name, "high")]
            assert low == sorted(low)
            assert high == sorted(high, reverse=True)


def test_counts_are_those_of_tune(tuned_run, found):
    kept = found["kept"]
    one = rule(found, "own.mean_word_length")
    for at in one["at"][::4]:
        bounds = (at["bound"], 6) if at["side"] == "low" else (3, at["bound"])
        tried = tune(tuned_run, {"own.mean_word_length": bounds}, stage="filter", examples=0)
        now = next(r for r in tried["by_rule"] if r["rule"] == "own.mean_word_length")
        assert (now["failing_now"], now["alone_now"]) == (at["failing"], at["alone"])
        assert tried["documents"]["kept_now"] == kept + one["alone"] - at["alone"]


def test_a_bound_that_is_off_for_a_language_stays_off(tuned_run):
    part = sweep(tuned_run, stage="filter", language="pol_Latn")
    assert rule(part, "own.stop_word_count") == {
        "rule": "own.stop_word_count",
        "bounds": [{"bounds": "off", "where": []}],
        "failing": 0,
        "alone": 0,
        "at": [],
    }
    assert part["judged"] == 93


@pytest.mark.parametrize(
    ("value", "metric", "rounded"),
    [(0.12345, "alpha_word_fraction", 0.123), (98765.0, "word_count", 98800), (0.0, "word_count", 0), (7.5, "x", 7.5)],
)
def test_bounds_are_short_enough_to_type(value, metric, rounded):
    assert _rounded(value, metric) == rounded
