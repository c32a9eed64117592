"""Signatures made by datasketch instead of the kernel: the oracle of tests, and the path of recipes that used it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from corpus_kit.kernels import NO_SHINGLES, Unit


def datasketch_signatures(
    texts: pa.Array, *, ngram: int, unit: Unit, permutations: int, seed: int
) -> NDArray[np.uint32]:
    """What `corpus_kit.kernels.signatures` gives, from datasketch's `MinHash`; some hundred times slower.

    Shingles are words joined by a space, or characters; a text of fewer units is one shingle of them all.
    """
    from datasketch import MinHash

    empty = MinHash(num_perm=permutations, seed=seed)
    rows = np.full((len(texts), permutations), NO_SHINGLES, np.uint32)
    for number, text in enumerate(texts.to_pylist()):
        sketch = empty.copy()
        shingles = set(_shingles(text or "", ngram, unit))
        if shingles:
            sketch.update_batch(shingles)
            rows[number] = sketch.hashvalues
    return rows


def _shingles(text: str, ngram: int, unit: Unit) -> Iterator[bytes]:
    units = text.split() if unit == "word" else list(text)
    joint = " " if unit == "word" else ""
    for start in range(max(1, len(units) - ngram + 1) if units else 0):
        yield joint.join(units[start : start + ngram]).encode("utf-8", "surrogatepass")
