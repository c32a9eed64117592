"""Decisions by hash: the same document gets the same answer whatever else is in the corpus."""

from __future__ import annotations

import hashlib

import numpy as np
import pyarrow as pa


def hash64(purpose: str, text: str) -> int:
    """A 64-bit hash of a string for one purpose; other purposes get independent ones."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8, person=purpose.encode()[:16]).digest(), "big")


def share(purpose: str, ids: pa.Array) -> np.ndarray:
    """A number in [0, 1) for each id, uniform and fixed; `share < p` chooses p of them, nested in p.

    >>> share("sample", pa.array(["a-1", "a-2"])).round(3).tolist()
    [0.685, 0.03]
    """
    values = np.fromiter((hash64(purpose, one) for one in ids.to_pylist()), np.uint64, len(ids))
    return values / float(1 << 64)
