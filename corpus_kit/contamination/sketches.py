"""Sketches of benchmark texts, by which texts that are nearly the same are found; and their true similarity."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pydantic import TypeAdapter

from corpus_kit import resources
from corpus_kit.contamination.benchmarks import Benchmark, Benchmarks, Text, read_texts
from corpus_kit.contamination.runs import Integers
from corpus_kit.kernels import band_keys, pair_jaccard, shingle_sets, signatures
from corpus_kit.kernels.contamination import formed

Measure = Literal["jaccard", "containment"]

BLANK_LINE = r"\n\s*\n"


class Sketching(NamedTuple):
    """How texts are sketched."""

    ngram: int
    bands: int
    rows: int
    seed: int


class Sketches(NamedTuple):
    """Benchmark texts by the keys of their bands, with their shingles."""

    keys: NDArray[np.uint64]
    """Ascending, several of each text."""
    owners: Integers
    """The text of each key."""
    shingles: pa.LargeListArray
    texts: tuple[Text, ...]
    """Without their text."""
    sizes: Integers
    """Words of each text; 0 for one too short to be looked for."""


class Alike(NamedTuple):
    """Documents and benchmark texts that are alike, ordered by both, each pair once."""

    document: Integers
    text: Integers
    similarity: NDArray[np.float64]


def sketches_of(benchmarks: Mapping[str, Benchmark], how: Sketching, *, min_words: int) -> Sketches:
    """The sketches of some benchmarks, made once a process."""
    key = TypeAdapter(Benchmarks).dump_json(dict(benchmarks)).decode()
    paths = [path for benchmark in benchmarks.values() for path in benchmark.paths().values()]
    return _cached(key, tuple(resources.digest(path) for path in paths), how, min_words)


@functools.lru_cache(maxsize=4)
def _cached(key: str, digests_of_files: tuple[str, ...], how: Sketching, min_words: int) -> Sketches:
    del digests_of_files  # part of the key: a changed file is another one
    return make_sketches(read_texts(TypeAdapter(Benchmarks).validate_json(key)), how, min_words=min_words)


def make_sketches(texts: Sequence[Text], how: Sketching, *, min_words: int) -> Sketches:
    """Sketches of all texts of at least `min_words` words."""
    forms = formed(pa.array([one.text for one in texts], pa.large_string()))
    words = np.array([form.count(" ") + 1 if form else 0 for form in forms.to_pylist()], np.int64)
    sizes = np.where(words >= min_words, words, 0)
    some = np.flatnonzero(sizes)
    keys = _keys(forms.take(pa.array(some)), how)
    order = np.argsort(keys.reshape(-1), kind="stable")
    return Sketches(
        keys=keys.reshape(-1)[order],
        owners=np.repeat(some, how.bands)[order],
        shingles=shingle_sets(forms, ngram=how.ngram, unit="word"),
        texts=tuple(one._replace(text="") for one in texts),
        sizes=sizes,
    )


def _keys(forms: pa.Array, how: Sketching) -> NDArray[np.uint64]:
    signed = signatures(forms, ngram=how.ngram, unit="word", permutations=how.bands * how.rows, seed=how.seed)
    return band_keys(signed, bands=how.bands, rows=how.rows)


def parts_of(texts: pa.Array) -> tuple[pa.Array, Integers]:
    """Every text, and each of its paragraphs where it has several; and the number of the text of each part.

    >>> parts, of = parts_of(pa.array(["a\\n\\nb", "c", None], pa.large_string()))
    >>> parts.to_pylist(), of.tolist()
    (['a\\n\\nb', 'c', None, 'a', 'b'], [0, 1, 2, 0, 0])
    """
    texts = pc.cast(texts, pa.large_string())
    several = np.flatnonzero(pc.fill_null(pc.match_substring_regex(texts, BLANK_LINE), False).to_numpy(False))
    lists = pc.split_pattern_regex(texts.take(pa.array(several)), BLANK_LINE)
    paragraphs = pc.list_flatten(lists)
    of = several[pc.list_parent_indices(lists).to_numpy()]
    return pa.concat_arrays([texts, paragraphs]), np.concatenate([np.arange(len(texts)), of]).astype(np.int64)


def alike(texts: pa.Array, sketches: Sketches, how: Sketching, *, measure: Measure, threshold: float) -> Alike:
    """Benchmark texts that a document, or a paragraph of it, is at least so similar to; of each pair the best part.

    `containment` is the part of the benchmark text's shingles that the document's part has.
    """
    parts, document = parts_of(texts)
    forms = formed(parts)
    part, text = _candidates(_keys(forms, how), sketches)
    shingles = shingle_sets(forms.take(pa.array(np.unique(part))), ngram=how.ngram, unit="word")
    left = np.searchsorted(np.unique(part), part)
    similarity = pair_jaccard(pa.concat_arrays([shingles, sketches.shingles]), left, text + len(shingles))
    if measure == "containment":
        sizes, own = (one.value_lengths().to_numpy(zero_copy_only=False) for one in (shingles, sketches.shingles))
        shared = np.rint(similarity * (sizes[left] + own[text]) / (1 + similarity))
        similarity = shared / np.maximum(own[text], 1)
    good = similarity >= threshold
    found = np.column_stack([document[part], text])[good]
    pairs, which = np.unique(found, axis=0, return_inverse=True)
    best = np.zeros(len(pairs))
    np.maximum.at(best, which.reshape(-1), similarity[good])
    return Alike(pairs[:, 0], pairs[:, 1], best)


def _candidates(keys: NDArray[np.uint64], sketches: Sketches) -> tuple[Integers, Integers]:
    """Pairs of a part and a text that share a band, each once."""
    flat = keys.reshape(-1)
    first = np.searchsorted(sketches.keys, flat, side="left")
    count = np.searchsorted(sketches.keys, flat, side="right") - first
    met = np.flatnonzero(count)
    part = np.repeat(met // max(1, keys.shape[1]), count[met])
    starts = first[met] - (np.cumsum(count[met]) - count[met])
    text = sketches.owners[np.arange(len(part)) + np.repeat(starts, count[met])]
    pairs = np.unique(np.column_stack([part, text]), axis=0)
    return pairs[:, 0].astype(np.int64), pairs[:, 1].astype(np.int64)
