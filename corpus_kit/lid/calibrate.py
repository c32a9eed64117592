"""Makes scores mean what they say: of texts with score 0.9, nine in ten are labelled right.

A model is too sure of short texts and not sure enough of long ones, so there is one increasing map from its score to
the share that is right for every class of length, counted in letters. The maps are fitted on text that the model was
not trained on and lie in a small JSON file beside it (`lid_nordic.json` beside `lid_nordic.ftz`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from corpus_kit.errors import PlanError

Floats = NDArray[np.float64]

FORMAT = 1
LETTERS = (10, 20, 40, 80, 200)
"""Classes of length: fewer than 10 letters, 10 to 19, ..., 200 and more. Beyond 200 nearly everything is right."""

_BINS = 15
_LEAST = 30
"""Texts of a class below which its map is not fitted but that of the class of shorter texts is taken."""
_SURE = 0.9995
"""No score is higher, since held-out texts of a class are too few to show that fewer than one in 2,000 are wrong."""
_SLOPE = 1e-6
"""Rise of a map where the share of right labels does not rise, so that different scores stay different."""


class Curve(NamedTuple):
    """An increasing map from scores to shares of right labels, straight between its points."""

    score: tuple[float, ...]
    right: tuple[float, ...]


class Calibration(NamedTuple):
    """The maps of a model, one for each class of length."""

    below: tuple[int, ...]
    """Letters at which each class but the last ends."""
    curves: tuple[Curve, ...]

    def apply(self, score: ArrayLike, runner_up_score: ArrayLike, letters: ArrayLike) -> tuple[Floats, Floats]:
        """Scores that are shares of right labels; the runner-up keeps its part of what the label leaves.

        `letters` counts the letters the model was shown. Where that is 0 (no letters, or the model was not asked)
        scores stay as they are. The label is never made less likely than the runner-up, and a higher score of two
        texts of one class stays the higher one.

        >>> one = Calibration((), (Curve((0.0, 1.0), (0.0, 0.8)),))
        >>> [scores.round(3).tolist() for scores in one.apply([0.5, 0.5], [0.4, 0.4], [7, 0])]
        [[0.4, 0.5], [0.4, 0.4]]
        """
        old = np.asarray(score, np.float64)
        second = np.asarray(runner_up_score, np.float64)
        count = np.asarray(letters)
        kind = np.where(count > 0, np.searchsorted(self.below, count, side="right"), -1)
        new = old.copy()
        for number, curve in enumerate(self.curves):
            rows = kind == number
            if rows.any():
                new[rows] = np.interp(old[rows], curve.score, curve.right)
        left = np.maximum(1.0 - old, 1e-12)
        part = np.clip(second / left, 0.0, 1.0)
        return new, np.where(kind < 0, second, np.minimum(part * (1.0 - new), new))


def fit(score: ArrayLike, right: ArrayLike, letters: ArrayLike, weight: ArrayLike | None = None) -> Calibration:
    """The maps that fit predictions on text not trained on: their scores, whether they were right, and letters.

    `weight` says how much each text counts, so that a source with many texts is not all that counts.
    """
    scores, truths = np.asarray(score, np.float64), np.asarray(right, np.float64)
    weights = np.ones(len(scores)) if weight is None else np.asarray(weight, np.float64)
    kind = np.searchsorted(LETTERS, np.asarray(letters), side="right")
    curves: list[Curve] = []
    for number in range(len(LETTERS) + 1):
        rows = kind == number
        if rows.sum() >= _LEAST:
            curves.append(_curve(scores[rows], truths[rows], weights[rows]))
        else:
            curves.append(curves[-1] if curves else Curve((0.0, 1.0), (0.0, 1.0)))
    return Calibration(LETTERS, tuple(curves))


def _curve(score: Floats, right: Floats, weight: Floats) -> Curve:
    """Isotonic regression on bins of equal weight, straight between the bins' mean scores."""
    order = np.argsort(score, kind="stable")
    reached = np.cumsum(weight[order])
    number = np.minimum((reached / reached[-1] * _BINS).astype(int), _BINS - 1)
    bins: list[tuple[float, float, float]] = []
    for each in np.unique(number):
        rows = order[number == each]
        total = float(weight[rows].sum())
        mean, share = (float(np.average(values[rows], weights=weight[rows])) for values in (score, right))
        bins.append((mean, share, total))
    shares = _increasing([share for _, share, _ in bins], [total for *_, total in bins])
    points = {0.0: 0.0} | {round(mean, 6): share for (mean, _, _), share in zip(bins, shares, strict=True)}
    points.setdefault(1.0, max(points.values()))
    x = sorted(points)  # two bins of nearly one score are one point, the later and higher
    y = np.clip([points[each] for each in x], 0.0, _SURE)
    rising = np.minimum(y, _SURE - _SLOPE) + np.array(x) * _SLOPE
    return Curve(tuple(round(each, 6) for each in x), tuple(round(float(each), 12) for each in rising))


def _increasing(values: Sequence[float], weights: Sequence[float]) -> list[float]:
    """The nearest values that never fall: neighbors in the wrong order are replaced by their mean.

    >>> _increasing([0.1, 0.5, 0.3, 0.9], [1, 1, 1, 1])
    [0.1, 0.4, 0.4, 0.9]
    """
    blocks: list[tuple[float, float, int]] = []
    for value, weight in zip(values, weights, strict=True):
        blocks.append((value, weight, 1))
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            (a, b, m), (c, d, n) = blocks[-2:]
            blocks[-2:] = [((a * b + c * d) / (b + d), b + d, m + n)]
    return [value for value, _, times in blocks for _ in range(times)]


def error(score: ArrayLike, right: ArrayLike, *, bins: int = 10) -> float:
    """Expected calibration error: how far the mean score of a bin is from its share of right labels, on average.

    Guo et al. 2017, arXiv:1706.04599, with bins of equal width.

    >>> round(error([0.9, 0.9, 0.5, 0.5], [1, 1, 1, 0]), 3)
    0.05
    """
    scores, truths = np.asarray(score, np.float64), np.asarray(right, np.float64)
    if not len(scores):
        return float("nan")
    number = np.minimum((scores * bins).astype(int), bins - 1)
    count = np.bincount(number, minlength=bins)
    gaps = np.abs(np.bincount(number, scores, bins) - np.bincount(number, truths, bins))
    return float(gaps.sum() / count.sum())


def beside(model: Path) -> Path:
    """Where the maps of a model file are."""
    return model.with_suffix(".json")


def write(calibration: Calibration, path: Path, *, facts: dict[str, Any]) -> None:
    """Writes the maps, with facts about how they were made, as JSON."""
    classes = [
        {"score": list(curve.score), "right": list(curve.right), "letters_below": below}
        for curve, below in zip(calibration.curves, (*calibration.below, None), strict=True)
    ]
    record = {"format": FORMAT, **facts, "classes": classes}
    path.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", "utf-8")


def read(path: Path) -> Calibration | None:
    """The maps in a file; none if there is no such file. Raises PlanError for a damaged one."""
    try:
        record = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise PlanError(f"the calibration {path} cannot be read: {type(error).__name__}") from error
    try:
        if record["format"] != FORMAT:
            raise PlanError(f"the calibration {path} has format {record['format']!r}; this version reads {FORMAT}")
        curves = tuple(Curve(tuple(map(float, c["score"])), tuple(map(float, c["right"]))) for c in record["classes"])
        below = tuple(int(c["letters_below"]) for c in record["classes"][:-1])
    except (KeyError, TypeError, ValueError) as error:
        raise PlanError(f"the calibration {path} is damaged: {type(error).__name__} in its classes") from error
    found = Calibration(below, curves)
    if not curves or any(not _is_map(curve) for curve in curves) or list(below) != sorted(set(below)):
        raise PlanError(f"the calibration {path} is damaged: its maps do not rise from 0 to 1")
    return found


def _is_map(curve: Curve) -> bool:
    x, y = np.array(curve.score), np.array(curve.right)
    fits = len(x) == len(y) >= 2 and x[0] <= 0 and x[-1] >= 1
    return bool(fits and (np.diff(x) > 0).all() and (np.diff(y) > 0).all() and y[0] >= 0 and y[-1] <= 1)
