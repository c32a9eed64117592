"""Trains a model several times, each time on the lines in another order, and averages the results.

What a training has met last counts a little too much, so single trainings differ by a point on Danish sentences or a
page of fifty words. A fastText classifier is linear: what it adds to each label is one number for every word and letter
group. The means of these numbers are a model of the same kind and size again.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from corpus_kit.lid.clean import Line, write_lines


class _Trained(NamedTuple):
    model: Any
    words: list[str]
    labels: list[str]
    weights: NDArray[np.float64]
    """What each word, and after them each bucket of letter groups, adds to each label."""


def train_averaged(lines: Sequence[Line], file: Path, *, settings: dict[str, Any], seed: int, times: int) -> Any:
    """A fastText model, averaged over `times` trainings. `file` is written to; it holds the lines afterwards."""
    first = _trained(lines, file, settings, seed)
    weights = first.weights
    for number in range(1, times):
        shuffled = list(lines)
        random.Random(number).shuffle(shuffled)
        weights += _in_order_of(first, _trained(shuffled, file, settings, seed + number))
    weights /= times
    # Adding one number to all labels changes no answer, and numbers around 0 lose least when they are rounded.
    weights -= weights.mean(axis=1, keepdims=True)
    labels = len(first.labels)
    dim = labels + labels % 2  # quantizing takes two dimensions at a time
    first.model.set_matrices(_widened(weights, dim), _widened(np.eye(labels), dim))
    return first.model


def _trained(lines: Sequence[Line], file: Path, settings: dict[str, Any], seed: int) -> _Trained:
    import fasttext

    write_lines(lines, file)
    model: Any = fasttext.train_supervised(str(file), **settings, thread=1, seed=seed, verbose=0)
    weights = (model.get_input_matrix() @ model.get_output_matrix().T).astype(np.float64)
    return _Trained(model, model.get_words(), model.get_labels(), weights)


def _in_order_of(first: _Trained, other: _Trained) -> NDArray[np.float64]:
    """The weights of the other training with words and labels numbered as in the first."""
    at = {word: row for row, word in enumerate(other.words)}
    buckets = np.arange(len(other.words), len(other.weights))
    rows = np.concatenate([np.array([at[word] for word in first.words], np.int64), buckets])
    return other.weights[rows][:, [other.labels.index(label) for label in first.labels]]


def _widened(matrix: NDArray[np.float64], dim: int) -> NDArray[np.float32]:
    wide = np.zeros((len(matrix), dim), np.float32)
    wide[:, : matrix.shape[1]] = matrix
    return wide
