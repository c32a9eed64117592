import json
import os
from pathlib import Path

import numpy as np
import pytest

from corpus_kit.errors import PlanError
from corpus_kit.lid import calibrate, load
from corpus_kit.lid.calibrate import LETTERS, Calibration, Curve, fit
from corpus_kit.lid.identify import EMBEDDED

DATA = os.environ.get("CORPUS_KIT_DATA", "")


@pytest.fixture(scope="module")
def overconfident():
    """Scores that are right half as often as they say for short texts, and exactly so for long ones."""
    rng = np.random.default_rng(1)
    score = rng.uniform(0.2, 1, 40_000)
    letters = np.where(rng.random(40_000) < 0.5, 5, 500)
    right = rng.random(40_000) < np.where(letters == 5, score / 2, score)
    return score, right, letters


def test_fitting_mends_what_is_too_sure(overconfident):
    score, right, letters = overconfident
    new, _ = fit(score, right, letters).apply(score, np.zeros_like(score), letters)
    for size, before in ((5, 0.3), (500, 0.0)):
        rows = letters == size
        assert calibrate.error(score[rows], right[rows]) == pytest.approx(before, abs=0.02)
        assert calibrate.error(new[rows], right[rows]) < 0.02


def test_weights_count(overconfident):
    score, right, letters = overconfident
    heavy = fit(score, right, letters, np.where(right, 9.0, 1.0)).apply([0.8], [0.0], [500])[0][0]
    assert heavy > fit(score, right, letters).apply([0.8], [0.0], [500])[0][0] + 0.1


def test_a_higher_score_stays_higher(overconfident):
    maps = fit(*overconfident)
    score = np.linspace(0, 1, 2001)
    for letters in (1, 15, 30, 60, 100, 1000):
        new, _ = maps.apply(score, np.zeros_like(score), np.full(len(score), letters))
        assert (np.diff(new) > 0).all()
        assert 0 <= new[0] <= new[-1] < 1


def test_the_runner_up_stays_behind_and_both_leave_room():
    maps = Calibration((20,), (Curve((0.0, 1.0), (0.0, 0.3)), Curve((0.0, 0.4, 1.0), (0.0, 0.9, 0.99))))
    rng = np.random.default_rng(2)
    score = rng.uniform(0.1, 1, 5000)
    second = np.minimum(score, rng.random(5000) * (1 - score))
    new, behind = maps.apply(score, second, rng.integers(1, 60, 5000))
    assert (behind <= new).all()
    assert (new + behind <= 1 + 1e-9).all()
    assert (behind >= 0).all()


def test_what_the_model_was_not_asked_stays():
    maps = Calibration((), (Curve((0.0, 1.0), (0.0, 0.1)),))
    new, behind = maps.apply([1.0, 0.0], [0.0, 0.0], [0, 0])
    assert new.tolist() == [1.0, 0.0]
    assert behind.tolist() == [0.0, 0.0]


def test_a_class_with_few_texts_takes_the_map_of_shorter_ones(overconfident):
    score, right, letters = overconfident
    short = letters == 5
    maps = fit(score[short], right[short], letters[short])
    assert len(maps.curves) == len(LETTERS) + 1
    assert set(maps.curves) == {maps.curves[0]}
    nothing = fit([], [], [])
    assert nothing.apply([0.4], [0.3], [50])[0][0] == pytest.approx(0.4)


def test_written_and_read_again(overconfident, tmp_path):
    maps = fit(*overconfident)
    path = calibrate.beside(tmp_path / "model.ftz")
    assert path == tmp_path / "model.json"
    assert calibrate.read(path) is None
    calibrate.write(maps, path, facts={"model": "model.ftz"})
    assert calibrate.read(path) == maps
    assert json.loads(path.read_text("utf-8"))["model"] == "model.ftz"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "cannot be read"),
        ('{"format": 2}', "has format 2"),
        ('{"format": 1}', "is damaged: KeyError"),
        ('{"format": 1, "classes": []}', "do not rise"),
        ('{"format": 1, "classes": [{"letters_below": null, "score": [0, 1], "right": [0.5, 0.1]}]}', "do not rise"),
        ('{"format": 1, "classes": [{"letters_below": null, "score": [0, 0.5], "right": [0, 1]}]}', "do not rise"),
        ('{"format": 1, "classes": [{"letters_below": null, "score": 3, "right": [0, 1]}]}', "is damaged: TypeError"),
    ],
)
def test_a_damaged_file_is_refused(tmp_path, content, message):
    path = tmp_path / "model.json"
    path.write_text(content, "utf-8")
    with pytest.raises(PlanError, match=message):
        calibrate.read(path)


def test_the_calibration_error_of_known_numbers():
    assert calibrate.error([1.0] * 4, [1, 1, 1, 0]) == pytest.approx(0.25)
    assert calibrate.error([0.05, 0.95], [0, 1]) == pytest.approx(0.05)
    assert np.isnan(calibrate.error([], []))


def test_the_shipped_maps_are_of_the_shipped_model():
    record = json.loads(calibrate.beside(EMBEDDED).read_text("utf-8"))
    assert f"| sha256 | {record['sha256']} |" in EMBEDDED.with_suffix(".md").read_text("utf-8")
    assert record["classes"][0]["letters_below"] == LETTERS[0]
    maps = calibrate.read(calibrate.beside(EMBEDDED))
    assert maps is not None
    short, long = (maps.apply([0.9], [0.05], [letters])[0][0] for letters in (5, 300))
    assert 0.3 < short < long < 0.95


@pytest.mark.data
@pytest.mark.skipif(not DATA, reason="CORPUS_KIT_DATA is not set")
def test_scores_of_gold_sentences_mean_what_they_say():
    from corpus_kit.lid.robustness import gold_reliability

    found = gold_reliability(load(), Path(DATA) / "lid" / "gold_dev.jsonl")
    assert found["gold", "all"].error < 0.035
    assert max(one.error for (_, size), one in found.items() if size != "1-9") < 0.06


def test_maps_of_nearly_equal_scores_can_be_read_again(tmp_path):
    rng = np.random.default_rng(3)
    score = 1 - rng.random(5000) ** 4 * 1e-4
    maps = fit(score, rng.random(5000) < 0.99999, np.full(5000, 300))
    calibrate.write(maps, tmp_path / "m.json", facts={})
    assert calibrate.read(tmp_path / "m.json") == maps
