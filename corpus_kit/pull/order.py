"""The order of a pull: which row groups are read together, and by what random keys documents are sorted.

Everything here is arithmetic on the number of a row group, the number of a row and the seed. Nothing is drawn from a
generator that would have to be saved, so the place in a pull is a few integers.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from corpus_kit.sampling import hash64

Keys = NDArray[np.uint64]
Integers = NDArray[np.int64]


class Wave(NamedTuple):
    """Row groups that are read side by side: the number of each, and which of its visits this is."""

    block: Integers
    visit: Integers


def base_key(purpose: str, seed: int, round: int) -> int:
    """The number all random keys for one purpose of one round are made with."""
    return hash64("pull", f"{purpose}/{seed}/{round}")


def random_keys(base: int, numbers: NDArray) -> Keys:
    """A 64-bit key for each number, by the finalizer of MurmurHash3, so no two numbers get the same.

    >>> [hex(key) for key in random_keys(0, np.array([1, 2]))]
    ['0xb456bcfc34c2cb2c', '0x3abf2a20650683e7']
    """
    keys = numbers.astype(np.uint64) ^ np.uint64(base)
    keys ^= keys >> np.uint64(33)
    keys *= np.uint64(0xFF51AFD7ED558CCD)
    keys ^= keys >> np.uint64(33)
    keys *= np.uint64(0xC4CEB9FE1A85EC53)
    keys ^= keys >> np.uint64(33)
    return keys


def visits(most: NDArray[np.float64], lanes: int) -> Integers:
    """How often each row group is read in a round, so that a document comes at most once a visit.

    `most` is an upper bound of the weights in the row group. A corpus of few row groups is visited more often than
    that, each time for fewer documents: else a group seen once and one seen five times could not be mixed evenly.

    >>> visits(np.array([1.0, 2.3, 0.4, 0.0]), lanes=1).tolist()
    [1, 3, 1, 0]
    >>> visits(np.array([1.0, 2.3, 0.4, 0.0]), lanes=8).tolist()
    [3, 3, 3, 0]
    """
    counts = np.ceil(most).astype(np.int64)
    seen = counts > 0
    if seen.any():
        highest = int(counts.max())
        counts[seen] = np.maximum(counts[seen], min(highest, highest * lanes // int(seen.sum())))
    return counts


def waves(counts: Integers, *, seed: int, round: int, lanes: int) -> list[Wave]:
    """The waves of a round: each has its part of every stretch of the corpus, and no row group twice.

    The visits of a row group are spread evenly over the round. Of those row groups that are visited equally often, each
    stretch of consecutive ones is dealt out over the round in random order: so the sources, which follow one another
    in a run, are in every wave by their shares.
    """
    total, highest = int(counts.sum()), int(counts.max(initial=0))
    number_of_waves = max(-(-total // lanes), highest)
    found: list[list[NDArray]] = [[np.empty(0, np.int64)] * 3]
    for times in sorted({int(count) for count in counts if count}):
        blocks = np.flatnonzero(counts == times)
        phase = _phases(blocks, max(1, number_of_waves // times), base_key("waves", seed, round))
        visit = np.tile(np.arange(times), len(blocks))
        when = (visit + np.repeat(phase, times)) * number_of_waves / times
        found.append([np.floor(when).astype(np.int64), np.repeat(blocks, times), visit])
    wave, block, visit = (np.concatenate(parts) for parts in zip(*found, strict=True))
    order = np.lexsort((visit, block, wave))
    cuts = np.searchsorted(wave[order], np.arange(1, number_of_waves))
    parts = zip(np.split(block[order], cuts), np.split(visit[order], cuts), strict=True)
    return [Wave(block, visit) for block, visit in parts]


def _phases(blocks: Integers, stretch: int, base: int) -> NDArray[np.float64]:
    """Where between two of its visits each row group has its own: evenly spread within a stretch, in random order."""
    keys = random_keys(base, blocks)
    at = np.arange(len(blocks))
    order = np.lexsort((keys, at // stretch))
    rank = np.empty(len(blocks), np.int64)
    rank[order] = at % stretch
    length = np.minimum(stretch, len(blocks) - at // stretch * stretch)
    # Away from the borders of the rank, so that rounding never moves a visit into a neighbouring wave.
    return (rank + 0.25 + 0.5 * (keys >> np.uint64(11)) * 2.0**-53) / length


def row_numbers(block: Integers, row: Integers) -> Keys:
    """A number for each row of the corpus: row groups have fewer than 2^32 rows."""
    return block.astype(np.uint64) << np.uint64(32) | row.astype(np.uint64)


def is_due(copies: Integers, keys: Keys, visit: Integers, of: Integers) -> NDArray[np.bool_]:
    """Whether a document that comes `copies` times in a round comes at this visit `of` so many.

    The copies are spread evenly over the visits, from a random one on.

    >>> due = [is_due(np.array([2]), np.array([7], np.uint64), np.array([v]), np.array([5]))[0] for v in range(5)]
    >>> [bool(one) for one in due]
    [False, False, True, False, True]
    """
    copies = np.minimum(copies, of)
    at = (visit - (keys % of.astype(np.uint64)).astype(np.int64)) % of
    return -(-(at + 1) * copies // of) > -(-at * copies // of)
