"""Mergeable histograms of metrics: fixed bins, so that counts of shards add up to counts of the corpus."""

from __future__ import annotations

from collections import Counter

import numpy as np

from corpus_kit.metrics import METRICS

FRACTION_BINS = 50


def bins_of(metric: str, values: np.ndarray) -> Counter[str]:
    """Documents per bin, the bin named by its lower edge; `nan` for undefined values.

    Fractions fall into fiftieths, everything else into half powers of two.
    """
    kind = METRICS[metric].kind if metric in METRICS else "number"
    numbers = np.asarray(values, np.float64)
    undefined = np.isnan(numbers)
    counts: Counter[str] = Counter()
    if undefined.any():
        counts["nan"] = int(undefined.sum())
    edges = _edges(numbers[~undefined], kind)
    lower, times = np.unique(edges, return_counts=True)
    counts.update({f"{edge:.6g}": int(n) for edge, n in zip(lower, times, strict=True)})
    return counts


def _edges(values: np.ndarray, kind: str) -> np.ndarray:
    if kind == "fraction":
        return np.floor(np.clip(values, 0, 1) * FRACTION_BINS + 1e-9) / FRACTION_BINS
    exponent = np.floor(2 * np.log2(np.maximum(values, 1e-9)) + 1e-9) / 2
    return np.where(values <= 0, 0.0, np.exp2(exponent))
