"""A filter stage with other bounds, as columns."""

import pytest

from corpus_kit.tune.measured import open_measured
from corpus_kit.tune.trial import Trial, bounds_of


@pytest.fixture
def trial(tuned_run) -> Trial:
    return Trial(open_measured(tuned_run, stage="filter"), {"own.mean_word_length": None})


def test_only_changed_rules_have_a_verdict_of_their_own(trial):
    assert trial.codes[trial.changed[0]] == "own.mean_word_length"
    columns = trial.frame().collect_schema().names()
    assert [name for name in columns if name.startswith("now_")] == ["now_2"]
    assert [name for name in columns if name.startswith("was_")] == [f"was_{i}" for i in range(5)]
    assert [trial.now_column(i) for i in range(4)] == ["was_0", "was_1", "now_2", "was_3"]


def test_a_document_flips_or_is_held_or_neither(trial):
    rows = trial.frame().select("failed", "fails", "was_2", "now_2", "to_kept", "to_rejected", "held").collect()
    for failed, fails, was, now, to_kept, to_rejected, held in rows.iter_rows():
        assert not now  # it is off
        assert fails == failed - was
        assert to_kept == (failed == 1 and was)
        assert held == (was and failed > 1)
        assert not to_rejected
    assert rows["to_kept"].sum() > 0
    assert rows["held"].sum() > 0


def test_bounds_are_told_with_where_they_hold(trial):
    measured = trial.measured
    by_code = {code: bounds_of(measured, trial.was[i]) for i, code in enumerate(trial.codes)}
    everyone = ["no language", "dan_Latn", "nno_Latn", "pol_Latn", "swe_Latn"]
    length = "at least 3 and at most 6"
    assert by_code["own.mean_word_length"] == [{"bounds": length, "where": []}]
    assert by_code["own.stop_word_count"] == [
        {"bounds": "at least 2", "where": ["dan_Latn", "nno_Latn", "swe_Latn"]},
        {"bounds": "off", "where": ["no language", "pol_Latn"]},
    ]
    [web, books] = by_code["own.word_count"]
    assert web["where"] == [f"{lang} {category}" for lang in everyone for category in ("code", "web")]
    assert books == {"bounds": "at least 3 and at most 1000", "where": [f"{lang} books" for lang in everyone]}
    refused = open_measured(measured.run, stage="strict")
    assert bounds_of(refused, refused.rules(refused.stage)[0]) == [{"bounds": "at least 8", "where": []}]
