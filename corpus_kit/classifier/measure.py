"""How good a classifier is on examples it was not trained on: errors, ranking, calibration, quantiles of scores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

QUANTILES = (0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)
BOUNDS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
CALIBRATION_BINS = 10


class AtBound(NamedTuple):
    """What `keep: [bound, null]` would keep of the held-out examples."""

    bound: float
    good_kept: float
    """Share of the good ones: recall."""
    bad_kept: float
    precision: float
    """Share of good ones among what is kept; NaN if nothing is."""


class Bin(NamedTuple):
    """Held-out examples with scores in a tenth of the range."""

    low: float
    documents: int
    mean_score: float
    good: float
    """Share of good ones: equal to the mean score if scores are probabilities."""


@dataclass(frozen=True)
class Measures:
    """All measures of one classifier."""

    good: int
    bad: int
    accuracy: float
    """At a bound of 0.5."""
    majority: float
    """Accuracy of always saying what most examples are."""
    precision: float
    recall: float
    auc: float
    """Probability that a good example has a higher score than a bad one."""
    brier: float
    """Mean squared distance of score and truth; 0.25 is that of always saying one half."""
    calibration_error: float
    """Mean distance of score and share of good ones over the bins, weighted by their documents."""
    at_bounds: tuple[AtBound, ...]
    bins: tuple[Bin, ...]
    quantiles: dict[str, tuple[float, ...]]
    """`good` and `bad` -> scores at QUANTILES."""


def measure(good: NDArray[np.float64], bad: NDArray[np.float64]) -> Measures:
    """Measures from the scores of held-out good and bad examples; neither may be empty."""
    scores = np.concatenate([good, bad])
    truth = np.arange(len(scores)) < len(good)
    half = at_bound(good, bad, 0.5)
    bins = _bins(scores, truth)
    return Measures(
        good=len(good),
        bad=len(bad),
        accuracy=float(((scores >= 0.5) == truth).mean()),
        majority=max(len(good), len(bad)) / len(scores),
        precision=half.precision,
        recall=half.good_kept,
        auc=_auc(good, bad),
        brier=float(np.mean((scores - truth) ** 2)),
        calibration_error=sum(one.documents * abs(one.mean_score - one.good) for one in bins) / len(scores),
        at_bounds=tuple(at_bound(good, bad, bound) for bound in BOUNDS),
        bins=bins,
        quantiles={name: tuple(np.quantile(side, QUANTILES).tolist()) for name, side in (("good", good), ("bad", bad))},
    )


def at_bound(good: NDArray[np.float64], bad: NDArray[np.float64], bound: float) -> AtBound:
    """What a lower bound keeps.

    >>> at_bound(np.array([0.9, 0.6, 0.2]), np.array([0.7, 0.1]), 0.5)
    AtBound(bound=0.5, good_kept=0.6666666666666666, bad_kept=0.5, precision=0.6666666666666666)
    """
    kept_good, kept_bad = int((good >= bound).sum()), int((bad >= bound).sum())
    kept = kept_good + kept_bad
    return AtBound(bound, kept_good / len(good), kept_bad / len(bad), kept_good / kept if kept else float("nan"))


def _auc(good: NDArray[np.float64], bad: NDArray[np.float64]) -> float:
    """Share of pairs of a good and a bad example in the right order; ties count half."""
    ordered = np.sort(bad)
    below = np.searchsorted(ordered, good, side="left") + np.searchsorted(ordered, good, side="right")
    return float(below.sum() / 2 / (len(good) * len(bad)))


def _bins(scores: NDArray[np.float64], truth: NDArray[np.bool_]) -> tuple[Bin, ...]:
    of = np.minimum((scores * CALIBRATION_BINS).astype(np.int64), CALIBRATION_BINS - 1)
    found = []
    for i in np.unique(of).tolist():
        inside = of == i
        mean, share = float(scores[inside].mean()), float(truth[inside].mean())
        found.append(Bin(i / CALIBRATION_BINS, int(inside.sum()), mean, share))
    return tuple(found)
