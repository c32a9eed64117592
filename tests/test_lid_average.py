"""Several trainings become one model."""

import math
import random

import fasttext
import numpy as np
import pytest

from corpus_kit.lid.average import train_averaged
from corpus_kit.lid.clean import write_lines

SETTINGS = {"dim": 6, "lr": 0.3, "epoch": 3, "minn": 1, "maxn": 2, "minCount": 1, "bucket": 500, "loss": "softmax"}
WORDS = {"da": "og jeg ikke hvad", "sv": "och jag inte vad", "nn": "og eg ikkje kva"}
LABELS = tuple(f"__label__{name}" for name in WORDS)


@pytest.fixture(scope="module")
def lines():
    rng = random.Random(4)
    counts = {"da": 60, "sv": 50, "nn": 40}
    made = [
        (name, " ".join(rng.choices(WORDS[name].split(), k=4))) for name, many in counts.items() for _ in range(many)
    ]
    rng.shuffle(made)
    return made


def odds(model, text):
    """Logarithms of the odds of each label against the first."""
    scores = dict(zip(*model.predict(text, k=3), strict=True))
    return [math.log(scores[label] / scores[LABELS[0]]) for label in LABELS]


def test_the_mean_of_trainings_is_a_model(lines, tmp_path):
    singles = []
    for number in range(3):
        shuffled = list(lines)
        if number:
            random.Random(number).shuffle(shuffled)
        write_lines(shuffled, tmp_path / "one.txt")
        singles.append(
            fasttext.train_supervised(str(tmp_path / "one.txt"), **SETTINGS, thread=1, seed=7 + number, verbose=0)
        )
    mean = train_averaged(lines, tmp_path / "mean.txt", settings=SETTINGS, seed=7, times=3)
    for text in ("og jeg", "jag inte", "eg ikkje kva", "hvad og och", "ukjend"):
        expected = np.mean([odds(model, text) for model in singles], axis=0)
        assert odds(mean, text) == pytest.approx(expected, abs=1e-3)
    assert odds(singles[0], "hvad og och") != pytest.approx(odds(singles[1], "hvad og och"), abs=1e-2)


def test_a_mean_can_be_saved_and_is_the_same_each_time(lines, tmp_path):
    saved = set()
    for name in ("a.bin", "b.bin"):
        model = train_averaged(lines, tmp_path / "lines.txt", settings=SETTINGS, seed=1, times=2)
        model.save_model(str(tmp_path / name))
        saved.add((tmp_path / name).read_bytes())
    assert len(saved) == 1
    assert fasttext.load_model(str(tmp_path / "a.bin")).get_dimension() == 4, "a label each, and an even number"
