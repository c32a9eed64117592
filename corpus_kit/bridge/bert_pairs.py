"""Next-sentence examples for BERT, as its authors made them (Devlin et al. 2019, arXiv:1810.04805, appendix A.2).

A segment is a run of sentences. Two segments make an example; in half of them the second is what follows the first, in
half it comes from another document. Nothing is masked here: whoever trains masks anew each time (dynamic masking, Liu
et al. 2019, arXiv:1907.11692, section 4.1).
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int32]
Document = Sequence[Ids]
"""Identifiers of each of its sentences; none of them empty."""

SHORT = 0.1
"""Share of examples that are shorter than they could be, so that a model meets short ones."""

SPECIAL = 3
"""Tokens around the segments: one before the first, one behind each."""


class Example(NamedTuple):
    """A pair of segments."""

    first: Ids
    second: Ids
    is_next: bool


def examples(documents: Sequence[Document], length: int, *, seed: int, dupe: int = 1) -> Iterator[Example]:
    """The examples of some documents, of at most `length` tokens with those around the segments, `dupe` times over.

    Each time other sentences are drawn. With one document alone there is nothing to draw from: all follow.

    >>> [one.is_next for one in examples([[np.array([1]), np.array([2])]], 8, seed=1)]
    [True]
    """
    for time in range(dupe):
        draws = random.Random(f"{seed}/{time}")
        for number in range(len(documents)):
            yield from _of_document(documents, number, length - SPECIAL, draws)


def _of_document(documents: Sequence[Document], number: int, most: int, draws: random.Random) -> Iterator[Example]:
    document = documents[number]
    wanted = _wanted(most, draws)
    held: list[Ids] = []
    size, i = 0, 0
    while i < len(document):
        held.append(document[i])
        size += len(document[i])
        if i == len(document) - 1 or size >= wanted:
            cut = draws.randrange(1, len(held)) if len(held) > 1 else 1
            first = held[:cut]
            drawn = len(documents) > 1 and (len(held) == 1 or draws.random() < 0.5)
            if drawn:
                second = _drawn(documents, number, wanted - sum(map(len, first)), draws)
                i -= len(held) - cut  # what was not used begins the next example
            else:
                second = held[cut:]
            if second:
                yield _cut_down(np.concatenate(first), np.concatenate(second), most, draws, is_next=not drawn)
            held, size = [], 0
            wanted = _wanted(most, draws)
        i += 1


def _wanted(most: int, draws: random.Random) -> int:
    return draws.randint(2, most) if draws.random() < SHORT else most


def _drawn(documents: Sequence[Document], number: int, wanted: int, draws: random.Random) -> list[Ids]:
    """Sentences of another document, from a random one on."""
    other = draws.randrange(len(documents) - 1)
    document = documents[other + (other >= number)]
    found: list[Ids] = []
    size = 0
    for sentence in document[draws.randrange(len(document)) :]:
        found.append(sentence)
        size += len(sentence)
        if size >= wanted:
            break
    return found


def _cut_down(first: Ids, second: Ids, most: int, draws: random.Random, *, is_next: bool) -> Example:
    """The longer segment loses tokens, at its beginning or end as often, until both fit together."""
    ends = [[0, len(first)], [0, len(second)]]
    for _ in range(max(0, len(first) + len(second) - most)):
        longer = max(ends, key=lambda end: end[1] - end[0])
        if draws.random() < 0.5:
            longer[0] += 1
        else:
            longer[1] -= 1
    (a, b), (c, d) = ends
    return Example(first[a:b], second[c:d], is_next)
