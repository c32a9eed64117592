"""Which cluster gets which split: drawn by hash, in an order in which caps cut off the rest."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field

from corpus_kit.sampling import hash64

Keys = NDArray[np.uint64]

TRAIN = "train"

_UNITS = {
    "": 1,
    "k": 10**3,
    "m": 10**6,
    "g": 10**9,
    "t": 10**12,
    "ki": 1 << 10,
    "mi": 1 << 20,
    "gi": 1 << 30,
    "ti": 1 << 40,
}


def size(value: Any) -> Any:
    """A number of bytes, as 20000000 or 20MB or 20 MiB.

    >>> size("20MB"), size("1.5 KiB"), size(7)
    (20000000, 1536, 7)
    """
    if not isinstance(value, str):
        return value
    found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)\s*([kmgt]?i?)b?", value.strip().lower())
    if found is None or found[2] not in _UNITS:
        raise ValueError(f"{value!r} is no size; write 20000000, 20MB or 20MiB")
    return int(float(found[1]) * _UNITS[found[2]])


Bytes = Annotated[int, Field(ge=0), BeforeValidator(size)]


class Caps(NamedTuple):
    """The most of each split; None for no cap."""

    documents: Mapping[str, int]
    bytes: Mapping[str, int]
    documents_per_source: Mapping[str, int]
    bytes_per_source: Mapping[str, int]


def draws(units: Keys, seed: int) -> Keys:
    """A number for each unit, independent of the order of units and of other seeds (finalizer of MurmurHash3).

    >>> draws(np.array([1, 2], np.uint64), 1).tolist() == draws(np.array([1, 2], np.uint64), 2).tolist()
    False
    """
    mixed = units ^ np.uint64(hash64("split", str(seed)))
    mixed = (mixed ^ mixed >> np.uint64(33)) * np.uint64(0xFF51AFD7ED558CCD)
    mixed = (mixed ^ mixed >> np.uint64(33)) * np.uint64(0xC4CEB9FE1A85EC53)
    return mixed ^ mixed >> np.uint64(33)


def drawn(numbers: Keys, shares: Mapping[str, float]) -> NDArray[np.int64]:
    """For each draw the number of the split, as sorted by name; -1 for what is left to train.

    >>> drawn(np.array([0, 1 << 62, 1 << 63], np.uint64), {"test": 0.25, "validation": 0.25}).tolist()
    [0, 1, -1]
    """
    ends = np.cumsum([shares[name] for name in sorted(shares)])
    at = np.searchsorted(ends, numbers / float(1 << 64), side="right")
    return np.where(at < len(ends), at, -1)


class Cluster(NamedTuple):
    """A cluster that was drawn for a split."""

    split: str
    draw: int
    documents: Mapping[str, int]
    """By source."""
    bytes: Mapping[str, int]


def within(clusters: Sequence[Cluster], caps: Caps) -> list[bool]:
    """Which clusters stay in their split: in the order of their draws, until a cap would be passed.

    What reached its cap is closed, for a source or for the whole split, so the addition of documents never brings one
    in that was out. A cluster larger than a cap closes nothing.
    """
    stay = [False] * len(clusters)
    used: Counter[tuple[Any, ...]] = Counter()
    closed: set[tuple[Any, ...]] = set()
    for i in sorted(range(len(clusters)), key=lambda i: (clusters[i].split, clusters[i].draw)):
        wanted = _wanted(clusters[i], caps)
        if any(amount > cap for amount, cap in wanted.values()):
            continue
        full = {account for account, (amount, cap) in wanted.items() if used[account] + amount > cap}
        closed |= full
        if not closed.isdisjoint(wanted):
            continue
        stay[i] = True
        used.update({account: amount for account, (amount, _) in wanted.items()})
    return stay


def _wanted(cluster: Cluster, caps: Caps) -> dict[tuple[Any, ...], tuple[int, int]]:
    """What a cluster takes of each account that has a cap, and the cap."""
    split = cluster.split
    found: dict[tuple[Any, ...], tuple[int, int]] = {}
    for name, amounts in (("documents", cluster.documents), ("bytes", cluster.bytes)):
        total, per_source = getattr(caps, name), getattr(caps, f"{name}_per_source")
        if split in total:
            found[split, name] = (sum(amounts.values()), total[split])
        if split in per_source:
            found |= {(split, name, source): (amount, per_source[split]) for source, amount in amounts.items()}
    return found
