"""Fits the calibration of a trained model on lines and documents it was not trained on."""

from __future__ import annotations

import random
import shutil
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from corpus_kit.lid import calibrate, evaluate, markers
from corpus_kit.lid.identify import Identifier, load
from corpus_kit.lid.prepare import Prepared
from corpus_kit.lid.robustness import letters
from corpus_kit.lid.text import fold

_PER_LABEL = 1500
_LONG = 40
"""Letters from which pieces of documents count: shorter ones are names and headings, whose label is the document's."""


def calibrate_model(model: Path, prepared: Prepared, data_dir: Path, *, seed: int) -> calibrate.Calibration:
    """The calibration of a model, from the lines kept out of training and half of the held-out documents.

    Every kind of text counts as much as the others in each class of length. The gold development sentences are not
    among them.
    """
    samples = [(kind, label, line) for kind, lines in prepared.held_out.items() for label, line in lines]
    samples += [("documents", label, text) for label, text in _documents(data_dir, random.Random(seed))]
    count = np.array([letters(text) for *_, text in samples])
    asked = count > 0
    predictions = _uncalibrated(model).predict([text for *_, text in samples])
    classes = np.searchsorted(calibrate.LETTERS, count, side="right")
    keys = [(kind, int(number)) for (kind, *_), number in zip(samples, classes, strict=True)]
    times = Counter(keys)
    weight = np.array([1 / times[key] for key in keys])
    score = np.array([one.score for one in predictions])
    right = np.array([one.label == label for one, (_, label, _) in zip(predictions, samples, strict=True)])
    return calibrate.fit(score[asked], right[asked], count[asked], weight[asked])


def _uncalibrated(model: Path) -> Identifier:
    """The model by itself: a copy with no calibration beside it."""
    with TemporaryDirectory() as folder:
        copy = Path(folder) / model.name
        shutil.copyfile(model, copy)
        return load(copy)


def _documents(data_dir: Path, rng: random.Random) -> list[tuple[str, str]]:
    """Pieces of the half of the held-out documents that reliability is not measured on, and these documents whole."""
    chosen: dict[str, list[str]] = {}
    for document in evaluate.held_out_documents(data_dir).kept:
        if evaluate.is_for_calibration(document):
            label = document.label
            pieces = [p for p in evaluate.samples(document.text, rng) if letters(p) >= _LONG]
            own = [piece for piece in pieces if not markers.is_foreign(fold(piece), label)]
            chosen.setdefault(label, []).extend([*own, document.text])
    return [
        (label, text)
        for label, texts in chosen.items()
        for text in rng.sample(sorted(set(texts)), min(_PER_LABEL, len(set(texts))))
    ]
