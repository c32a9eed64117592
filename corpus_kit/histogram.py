"""Mergeable histograms of metrics: fixed bins, so that counts of shards add up to counts of the corpus.

Fractions fall into fiftieths, everything else into half powers of two; 0 and below have a bin of their own.
"""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from corpus_kit.metrics import METRICS
from corpus_kit.scores import SCORES

FRACTION_BINS = 50

_UNDEFINED = 511
_BINS = 512
_LOWEST_EXPONENT = -60  # 2 * log2(1e-9) rounded down; nothing a metric measures is between that and 0
_HIGHEST_EXPONENT = 200


def bins_of(metric: str, values: np.ndarray) -> Counter[str]:
    """Documents per bin, the bin named by its lower edge; `nan` for undefined values."""
    counts = count_bins(metric, values, np.zeros(len(values), np.int64), 1)[0]
    return named(metric, counts)


def count_bins(metric: str, values: np.ndarray, groups: NDArray[np.int64], many: int) -> NDArray[np.int64]:
    """Documents per group and bin, shape (many, bins); `groups` says for each value its group, below `many`."""
    codes = _codes(np.asarray(values, np.float64), _kind(metric))
    return np.bincount(groups * _BINS + codes, minlength=many * _BINS).reshape(many, _BINS)


def named(metric: str, counts: NDArray[np.int64]) -> Counter[str]:
    """The bins that are not empty, by name, from one row of `count_bins`."""
    kind = _kind(metric)
    return Counter({_name(code, kind): int(counts[code]) for code in np.flatnonzero(counts).tolist()})


def _kind(metric: str) -> str:
    known = METRICS.get(metric) or SCORES.get(metric)
    return known.kind if known else "number"


def _codes(values: NDArray[np.float64], kind: str) -> NDArray[np.int64]:
    undefined = np.isnan(values)
    known = np.where(undefined, 0.0, values)
    if kind == "fraction":
        codes = np.floor(np.clip(known, 0, 1) * FRACTION_BINS + 1e-9)
    else:
        exponents = np.floor(2 * np.log2(np.maximum(known, 1e-9)) + 1e-9)
        exponents = np.clip(exponents, _LOWEST_EXPONENT, _HIGHEST_EXPONENT)
        codes = np.where(known <= 0, 0.0, exponents - _LOWEST_EXPONENT + 1)
    return np.where(undefined, _UNDEFINED, codes).astype(np.int64)


def _name(code: int, kind: str) -> str:
    if code == _UNDEFINED:
        return "nan"
    if kind == "fraction":
        return f"{code / FRACTION_BINS:.6g}"
    return "0" if code == 0 else f"{2 ** ((code - 1 + _LOWEST_EXPONENT) / 2):.6g}"
