"""Documents for measuring at scale: 20 words each, with duplicates planted by arithmetic, so that the truth is known.

Document number g is member p = g * A mod N of a permutation. In the order of p come documents like no other; families
of 6 to 50, any two of which share 15 of 17 shingles (Jaccard .88); one page that comes 100,000 times; and a chain of
10,000, each .85 like the next and .72 like the one after. The permutation scatters all of them over all files.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

WORDS, CHAIN_WORDS, CHAIN_STEP = 20, 41, 3
LETTERS = 6
"""Of a word, the space after it included."""
VOCABULARY = 1 << 20
BLOCK = 1000
"""Members of one round of families."""
FAMILIES = (50,) * 2 + (20,) * 5 + (8,) * 25 + (6,) * 100
"""Sizes of the families of a block; they add up to it."""
SHARE = 0.15
"""Of all documents that are in families."""

_FAMILY = np.repeat(np.arange(len(FAMILIES)), FAMILIES)
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)

Numbers = NDArray[np.uint64]


@dataclass(frozen=True)
class Truth:
    """So many documents, and which of them are alike."""

    documents: int

    @property
    def copies(self) -> int:
        """How often the one page comes."""
        return min(100_000, self.documents // 100)

    @property
    def chain(self) -> int:
        """Length of the chain."""
        return min(10_000, self.documents // 100)

    @property
    def in_families(self) -> int:
        """Documents in families."""
        return int(self.documents * SHARE) // BLOCK * BLOCK

    @property
    def borders(self) -> tuple[int, int, int]:
        """Where families, copies and the chain begin, in the order of p."""
        chain = self.documents - self.chain
        return chain - self.copies - self.in_families, chain - self.copies, chain

    @property
    def step(self) -> int:
        """A: near the golden section of N, without a common divisor."""
        step = int(self.documents * 0.6180339887) | 1
        while np.gcd(step, self.documents) != 1:
            step += 2
        return step

    def member(self, numbers: Numbers) -> Numbers:
        """p of documents."""
        return numbers * np.uint64(self.step) % np.uint64(self.documents)

    def number(self, members: Numbers) -> Numbers:
        """g of members: the permutation backwards."""
        return members * np.uint64(pow(self.step, -1, self.documents)) % np.uint64(self.documents)

    def survivors(self) -> tuple[Numbers, Numbers]:
        """Every document that must be removed, ascending, and for each the survivor it is to be a duplicate of."""
        families, copies, chain = self.borders
        members = np.arange(families, chain, dtype=np.uint64)
        numbers = self.number(members)
        offsets = np.cumsum((0, *FAMILIES[:-1]))
        starts = (np.arange(0, self.in_families, BLOCK)[:, None] + offsets).reshape(-1)
        starts = np.append(starts, copies - families) if self.copies else starts
        least = np.repeat(np.minimum.reduceat(numbers, starts), np.diff(np.append(starts, len(numbers))))
        gone, of = numbers[numbers != least], least[numbers != least]
        links = self.number(np.arange(chain, self.documents, dtype=np.uint64))
        removed, best = _greedy(links)
        gone, of = np.concatenate([gone, links[removed]]), np.concatenate([of, links[best]])
        order = np.argsort(gone)
        return gone[order], of[order]


def _greedy(links: Numbers) -> tuple[list[int], list[int]]:
    """Links of the chain that go, and which neighbor each is removed for: in order of number, unless none stays yet."""
    stays: set[int] = set()
    removed, best = [], []
    for link in np.argsort(links).tolist():
        near = [one for one in (link - 1, link + 1) if one in stays]
        if near:
            removed.append(link)
            best.append(min(near, key=lambda one: links[one]))  # both are as near: the first that stayed
        else:
            stays.add(link)
    return removed, best


def texts(truth: Truth, begin: int, end: int) -> pa.Array:
    """The texts of documents `begin` to `end`."""
    member = truth.member(np.arange(begin, end, dtype=np.uint64))
    families, copies, chain = (np.uint64(one) for one in truth.borders)
    seed = member.copy()
    in_family = (member >= families) & (member < copies)
    at = (member[in_family] - families).astype(np.int64)
    family = at // BLOCK * len(FAMILIES) + _FAMILY[at % BLOCK]
    seed[in_family] = family.astype(np.uint64) + np.uint64(1 << 40)
    is_copy = (member >= copies) & (member < chain)
    seed[is_copy] = np.uint64(1 << 41)
    words = _words(seed[:, None] * np.uint64(64) + np.arange(WORDS, dtype=np.uint64))
    own = _words((member + np.uint64(1 << 42)) * np.uint64(64))
    words[in_family, -1] = own[in_family]
    array = _strings(words)
    links = np.flatnonzero(member >= chain)
    if not len(links):
        return array
    place = (member[links] - chain) * np.uint64(CHAIN_STEP) + np.uint64(1 << 52)
    chained = _strings(_words(place[:, None] + np.arange(CHAIN_WORDS, dtype=np.uint64)))
    return pc.replace_with_mask(array, pa.array(member >= chain), chained)


def _words(seeds: Numbers) -> NDArray[np.int64]:
    """Numbers of words, as if drawn at random: the finalizer of splitmix64."""
    mixed = seeds * _MULTIPLIER
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return (mixed >> np.uint64(44)).astype(np.int64)


def _vocabulary() -> NDArray[np.uint8]:
    numbers = np.arange(VOCABULARY)[:, None]
    letters = numbers // 26 ** np.arange(LETTERS - 1) % 26 + ord("a")
    return np.hstack([letters, np.full((VOCABULARY, 1), ord(" "))]).astype(np.uint8)


_LETTERS_OF = _vocabulary()


def _strings(words: NDArray[np.int64]) -> pa.Array:
    letters = _LETTERS_OF[words]
    width = words.shape[1] * LETTERS
    offsets = np.arange(len(words) + 1, dtype=np.int64) * width
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(letters))]
    return pa.Array.from_buffers(pa.large_string(), len(words), buffers)


def write_input(truth: Truth, folder: Path, per_file: int) -> int:
    """Parquet files of so many documents each; gives their size."""
    folder.mkdir(parents=True)
    size = 0
    for i, begin in enumerate(range(0, truth.documents, per_file)):
        path = folder / f"{i:06d}.parquet"
        table = pa.table({"text": texts(truth, begin, min(begin + per_file, truth.documents))})
        pq.write_table(table, path, compression="zstd", use_dictionary=False)
        size += path.stat().st_size
    return size
