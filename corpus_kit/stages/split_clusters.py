"""Which documents are alike, so that they must not be parted between splits.

Alike are documents of a Jaccard similarity of at least the threshold, and whatever is connected by a chain of such.
Banding proposes pairs (Broder 1997); a sketch of one bit a permutation (Li and König 2010, arXiv:0910.3349) drops those
far from alike, so that in a source of forms not everything is connected by chance with everything; in each connected
part all pairs are then compared exactly.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from corpus_kit.components import component_labels
from corpus_kit.kernels import pair_jaccard

Keys = NDArray[np.uint64]

CLOSE = 8
"""In a band that many documents share, each is compared with the first and with so many neighbors less one."""

DOUBT = 3.5
"""Standard errors by which a sketch may be wrong: of pairs just alike 1 in 4,000 is dropped."""

ALL_PAIRS = 200
"""Larger connected parts are compared by their bands again: all pairs would be too many."""

_WORD_BITS = 64


def sketches(signed: NDArray[np.uint32]) -> list[Keys]:
    """One bit of each minimum, as words of 64."""
    bits = (signed.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) >> np.uint64(63)).astype(np.uint8)
    whole = bits.shape[1] // _WORD_BITS * _WORD_BITS
    packed = np.packbits(bits[:, :whole], axis=1, bitorder="little").view("<u8").astype(np.uint64)
    return [np.ascontiguousarray(packed[:, i]) for i in range(packed.shape[1])]


def lowest_agreement(threshold: float, bits: int) -> int:
    """Equal bits that two documents of similarity `threshold` have but for `DOUBT`; two of 0 have half of them."""
    agree = (1 + threshold) / 2
    return int(np.floor(bits * agree - DOUBT * np.sqrt(bits * agree * (1 - agree))))


def candidates(row: Keys, key: Keys, sketched: Sequence[Keys], least: int) -> tuple[Keys, Keys]:
    """Pairs of rows that share a key and may be alike, each once; `key` ascends."""
    n = len(key)
    first = np.flatnonzero(np.append(True, key[1:] != key[:-1])) if n else np.zeros(0, np.int64)
    lowest = np.repeat(first, np.diff(np.append(first, n)))
    left, right = [np.arange(n)], [lowest]
    for distance in range(1, CLOSE):
        same = np.flatnonzero(key[distance:] == key[:-distance])
        left.append(same + distance)
        right.append(same)
    a, b = np.concatenate(left), np.concatenate(right)
    some = row[a] != row[b]
    a, b = a[some], b[some]
    agree = sum(
        (_WORD_BITS - np.bitwise_count(one[a] ^ one[b]).astype(np.int64) for one in sketched),
        np.zeros(len(a), np.int64),
    )
    good = agree >= least
    pairs = np.unique(np.column_stack([row[a[good]], row[b[good]]]), axis=0).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]


def stars(row: Keys, key: Keys) -> tuple[Keys, Keys]:
    """From each row to the first of its key; `key` ascends."""
    if not len(key):
        return row, row
    first = np.flatnonzero(np.append(True, key[1:] != key[:-1]))
    lowest = np.repeat(row[first], np.diff(np.append(first, len(key))))
    return row[row != lowest], lowest[row != lowest]


def clusters(rows: pa.Table, threshold: float) -> NDArray[np.int64]:
    """For each row of a connected part the number of its cluster.

    `near` says what may be alike, `large` that it is too much to be compared and counts as one; `together` has the
    keys that tie rows, `bands` those of the bands.
    """
    near, large = rows["near"].to_numpy(), rows["large"].to_numpy()
    shingles, bands = (pa.concat_arrays(rows[name].chunks) for name in ("shingles", "bands"))
    left, right = [np.arange(len(near))], [np.arange(len(near))]
    for members in _runs(near):
        if large[members[0]]:
            pairs = np.column_stack([members, np.full(len(members), members[0])])
        else:
            pairs = _pairs(members, bands) if len(members) > ALL_PAIRS else members[_every(len(members))]
            pairs = pairs[pair_jaccard(shingles, pairs[:, 0], pairs[:, 1]) >= threshold]
        left.append(pairs[:, 0])
        right.append(pairs[:, 1])
    lists = pa.concat_arrays(rows["together"].chunks)
    keys, parents = lists.flatten().to_numpy(), pc.list_parent_indices(lists).to_numpy()
    order = np.argsort(keys, kind="stable")
    tied = stars(parents[order].astype(np.uint64), keys[order])
    _, labels = component_labels(
        np.concatenate([*left, tied[0].astype(np.int64)]), np.concatenate([*right, tied[1].astype(np.int64)])
    )
    return labels


def _every(count: int) -> NDArray[np.int64]:
    return np.column_stack(np.triu_indices(count, 1))


def _pairs(members: NDArray[np.int64], bands: pa.ListArray) -> NDArray[np.int64]:
    """Pairs of members that share a band."""
    lists = bands.take(pa.array(members))
    keys, of = lists.flatten().to_numpy(), members[pc.list_parent_indices(lists).to_numpy()]
    order = np.argsort(keys, kind="stable")
    return np.column_stack(candidates(of[order].astype(np.uint64), keys[order], [], 0)).astype(np.int64)


def _runs(labels: Keys) -> Iterator[NDArray[np.int64]]:
    """Positions of each label that several have."""
    order = np.argsort(labels, kind="stable")
    cuts = np.flatnonzero(labels[order][1:] != labels[order][:-1]) + 1
    return (members for members in np.split(order, cuts) if len(members) > 1)
