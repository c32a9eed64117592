"""Measures how a model bears damaged text, and whether its scores mean what they say."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from corpus_kit.lid import calibrate
from corpus_kit.lid.augment import scanned, without_diacritics
from corpus_kit.lid.identify import Identifier
from corpus_kit.lid.labels import TWO_LETTER, UNDETERMINED
from corpus_kit.lid.text import fold, latin_share, sample

SCANDINAVIAN = frozenset({"dan_Latn", "swe_Latn", "nob_Latn", "nno_Latn"})


class Score(NamedTuple):
    """How many texts were met and how many were labelled right."""

    texts: int
    right: int

    @property
    def percent(self) -> float:
        """Share of right labels, in percent."""
        return 100 * self.right / self.texts if self.texts else float("nan")


class Reliable(NamedTuple):
    """Texts of one class of length: their mean score, the share labelled right, and the calibration error."""

    texts: int
    score: float
    right: float
    error: float


def letters(text: str) -> int:
    """The letters of a text that a model of ours is shown; 0 if it is not asked, as for other scripts than Latin."""
    folded = fold(sample(text))
    return len(folded) - folded.count(" ") if latin_share(folded) >= 0.5 else 0


PERTURBATIONS: dict[str, Callable[[str, random.Random], str]] = {
    "as it stands": lambda text, _: text,
    "CAPITALS": lambda text, _: text.upper(),
    "å as a": lambda text, _: without_diacritics(text.lower(), doubled=False),
    "å as aa": lambda text, _: without_diacritics(text.lower(), doubled=True),
    "scanned": lambda text, rng: scanned(text, rng),
    "first five words": lambda text, _: " ".join(text.split()[:5]),
    "joined with code": lambda text, _: "if (x == y) { return z[0]; } " + text,
}
_PERTURBED_LETTERS = (40, 120)
_PERTURBED_TEXTS = 400


def perturbed(identifier: Identifier, texts: dict[str, list[str]], rng: random.Random) -> dict[tuple[str, str], Score]:
    """Scores of sentences of middle length after each perturbation, by label."""
    low, high = _PERTURBED_LETTERS
    found: dict[tuple[str, str], Score] = {}
    for label, some in texts.items():
        chosen = [text for text in some if low <= letters(text) < high][:_PERTURBED_TEXTS]
        for name, perturb in PERTURBATIONS.items():
            predictions = identifier.predict([perturb(text, rng) for text in chosen])
            found[label, name] = Score(len(chosen), sum(one.label == label for one in predictions))
    return found


def gold_reliability(identifier: Identifier, file: Path) -> dict[tuple[str, str], Reliable]:
    """Of gold sentences; any label but the four Scandinavian ones is right for `other`."""
    records = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    texts = [record["text"] for record in records]
    valid = [{TWO_LETTER[name] for name in record["languages"]} for record in records]
    right = [
        (one.label if one.label in SCANDINAVIAN else UNDETERMINED) in labels
        for one, labels in zip(identifier.predict(texts), valid, strict=True)
    ]
    return reliability("gold", identifier, texts, right)


def text_reliability(
    name: str, identifier: Identifier, texts: list[tuple[str, str]]
) -> dict[tuple[str, str], Reliable]:
    """Of labelled texts."""
    predictions = identifier.predict([text for _, text in texts])
    right = [one.label == label for one, (label, _) in zip(predictions, texts, strict=True)]
    return reliability(name, identifier, [text for _, text in texts], right)


def reliability(
    name: str, identifier: Identifier, texts: Sequence[str], right: Sequence[bool]
) -> dict[tuple[str, str], Reliable]:
    """By class of letters, and of `all`: what the scores of texts promise and what is right."""
    count = np.array([letters(text) for text in texts])
    score = np.array([one.score for one in identifier.predict(texts)])
    truth = np.array(right)
    asked = count > 0
    found = {(name, "all"): asked}
    for low, high in zip((1, *calibrate.LETTERS), (*calibrate.LETTERS, None), strict=True):
        rows = asked & (count >= low) & (count < high if high is not None else True)
        found[name, f"{low}-{high - 1}" if high is not None else f"{low}+"] = rows
    return {
        key: Reliable(
            int(rows.sum()),
            float(score[rows].mean()),
            float(truth[rows].mean()),
            calibrate.error(score[rows], truth[rows]),
        )
        for key, rows in found.items()
        if rows.any()
    }
