"""The runs of words that are looked for, made of benchmark texts; and which texts each belongs to."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import TypeAdapter

from corpus_kit import resources
from corpus_kit.contamination.benchmarks import Benchmark, Benchmarks, Text, read_texts
from corpus_kit.kernels import digests
from corpus_kit.kernels.contamination import Runs, formed, make_runs

_AT_ONCE = 1 << 18
"""Runs whose bytes are copied out at a time."""

Integers = NDArray[np.int64]


class Index(NamedTuple):
    """Runs, the texts that have them, and what is known of each text."""

    runs: Runs
    owners: Integers
    """Numbers of the texts that have a run; those of run i from `borders[i]` to `borders[i + 1]`."""
    borders: Integers
    texts: tuple[Text, ...]
    """Without their text."""
    words: Integers
    sizes: Integers
    """Different runs of each text; 0 for one that is too short to be looked for."""


def index_of(benchmarks: Mapping[str, Benchmark], *, n: int, min_words: int) -> Index:
    """The index of some benchmarks, made once a process."""
    key = TypeAdapter(Benchmarks).dump_json(dict(benchmarks)).decode()
    paths = [path for benchmark in benchmarks.values() for path in benchmark.paths().values()]
    return _cached(key, tuple(resources.digest(path) for path in paths), n, min_words)


@functools.lru_cache(maxsize=4)
def _cached(key: str, digests_of_files: tuple[str, ...], n: int, min_words: int) -> Index:
    del digests_of_files  # part of the key: a changed file is another one
    return make_index(read_texts(TypeAdapter(Benchmarks).validate_json(key)), n=n, min_words=min_words)


def make_index(texts: Sequence[Text], *, n: int, min_words: int) -> Index:
    """Every `n` words in a row of each text; of a text of fewer words, but `min_words`, all of it.

    >>> texts = [Text("b", "", i, "", "q", text) for i, text in enumerate(["a b c d", "b, c!", "a"])]
    >>> index = make_index(texts, n=3, min_words=2)
    >>> index.sizes.tolist(), index.runs.lengths.tolist()
    ([2, 1, 0], [2, 3])
    """
    forms = formed(pa.array([one.text for one in texts], pa.large_string()))
    pool = forms.buffers()[2].to_pybytes() if forms.buffers()[2] is not None else b""
    offsets = np.frombuffer(forms.buffers()[1], np.int64, len(texts) + 1) if texts else np.zeros(1, np.int64)
    begins, ends = _words(pool, offsets)
    words = np.searchsorted(begins, offsets[1:]) - np.searchsorted(begins, offsets[:-1])
    length = np.where(words >= n, n, np.where(words >= min_words, words, 0))
    count = np.where(length > 0, words - length + 1, 0)
    owner = np.repeat(np.arange(len(texts)), count)
    first = np.arange(count.sum()) + np.repeat(np.cumsum(words) - words - (np.cumsum(count) - count), count)
    run_begins, run_ends = begins[first], ends[first + length[owner] - 1]
    run, which = _distinct(pool, run_begins, run_ends)
    pairs = np.unique(which * len(texts) + owner) if len(owner) else np.empty(0, np.int64)
    owners = pairs % max(1, len(texts))
    borders = np.searchsorted(pairs // max(1, len(texts)), np.arange(len(run) + 1))
    return Index(
        runs=make_runs(pool, run_begins[run], run_ends[run], np.unique(length[length > 0]).tolist()),
        owners=owners,
        borders=borders,
        texts=tuple(one._replace(text="") for one in texts),
        words=words,
        sizes=np.bincount(owners, minlength=len(texts)),
    )


def _words(pool: bytes, offsets: Integers) -> tuple[Integers, Integers]:
    """Where words begin and end in forms that lie end to end."""
    spaces = np.flatnonzero(np.frombuffer(pool, np.uint8) == ord(" "))
    some = offsets[1:] > offsets[:-1]
    return np.sort(np.append(offsets[:-1][some], spaces + 1)), np.sort(np.append(offsets[1:][some], spaces))


def _distinct(pool: bytes, begins: Integers, ends: Integers) -> tuple[Integers, Integers]:
    """One of each kind of run, and for each run the number of its kind; runs are told apart by 128 bits."""
    data = np.frombuffer(pool, np.uint8)
    parts = [np.empty((0, 2), np.uint64)]
    for start in range(0, len(begins), _AT_ONCE):
        begin, size = begins[start : start + _AT_ONCE], (ends - begins)[start : start + _AT_ONCE]
        offsets = np.concatenate([[0], np.cumsum(size)])
        taken = data[np.arange(offsets[-1]) + np.repeat(begin - offsets[:-1], size)]
        buffers = [None, pa.py_buffer(offsets), pa.py_buffer(taken)]
        parts.append(digests(pa.Array.from_buffers(pa.large_string(), len(begin), buffers)))
    _, first, which = np.unique(np.concatenate(parts), axis=0, return_index=True, return_inverse=True)
    return first, which.reshape(-1)
