"""Packing: documents of all lengths into rows of one length, and what each strategy wastes.

`concat` writes one document after the other and cuts wherever a row is full: nothing is wasted, and nearly every row
begins in the middle of a document. The other two split only documents longer than a row. `fit` keeps their order: a
document that has no room left begins the next row. `best` is best-fit decreasing (Ding et al. 2024, arXiv:2404.10830,
"Fewer Truncations Improve Language Modeling"), which wastes next to nothing, and loses the order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

How = Literal["fit", "best", "concat"]

Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Packed:
    """Stretches of documents in the order of the rows; arrays of one length, one entry a stretch."""

    row: Integers
    document: Integers
    start: Integers
    """First token of the document that is in the stretch."""
    tokens: Integers
    rows: int

    def places(self) -> Integers:
        """Where in its row each stretch begins."""
        before = np.cumsum(self.tokens) - self.tokens
        first = np.searchsorted(self.row, np.arange(self.rows))
        return before - before[first][self.row] if self.rows else before

    def used(self) -> Integers:
        """Tokens in each row; what is missing to the length of a row is padding, at its end."""
        return np.bincount(self.row, self.tokens, minlength=self.rows).astype(np.int64)


def pack(lengths: Integers, length: int, how: How) -> Packed:
    """Documents of some lengths, none of them empty, in rows of `length` tokens.

    >>> pack(np.array([3, 3, 2]), 5, "fit").row.tolist()
    [0, 1, 1]
    >>> pack(np.array([3, 3, 2, 12]), 5, "best").used().tolist()
    [5, 5, 5, 5]
    >>> pack(np.array([3, 3]), 5, "concat").tokens.tolist()
    [3, 2, 1]
    """
    if how == "concat":
        return _concatenated(lengths, length)
    document, start, tokens = _cut(lengths, length)
    row = _next_fit(tokens, length) if how == "fit" else _best_fit(tokens, length)
    order = np.argsort(row, kind="stable")
    rows = int(row.max()) + 1 if len(row) else 0
    return Packed(row[order], document[order], start[order], tokens[order], rows)


def _concatenated(lengths: Integers, length: int) -> Packed:
    """Cut at the ends of documents and at those of rows."""
    ends = np.cumsum(lengths)
    total = int(ends[-1]) if len(ends) else 0
    borders = np.union1d(ends, np.arange(length, total, length, dtype=np.int64))
    begins = np.concatenate([[0], borders[:-1]]).astype(np.int64)[: len(borders)]
    document = np.searchsorted(ends, begins, side="right")
    start = begins - (ends - lengths)[document]
    return Packed(begins // length, document, start, borders - begins, -(-total // length))


def _cut(lengths: Integers, length: int) -> tuple[Integers, Integers, Integers]:
    """Documents cut where they are longer than a row: number, first token and tokens of each part."""
    parts = -(-lengths // length)
    document = np.repeat(np.arange(len(lengths)), parts)
    number = np.arange(len(document)) - np.repeat(np.cumsum(parts) - parts, parts)
    start = number * length
    return document, start, np.minimum(lengths[document] - start, length)


def _next_fit(tokens: Integers, length: int) -> Integers:
    rows = np.empty(len(tokens), np.int64)
    row, used = 0, 0
    for i, many in enumerate(tokens.tolist()):
        if used + many > length:
            row, used = row + 1, 0
        rows[i] = row
        used += many
    return rows


def _best_fit(tokens: Integers, length: int) -> Integers:
    """The longest first, each into the row it leaves least room in; rows are told apart by room, not looked through."""
    rows = np.empty(len(tokens), np.int64)
    by_room: list[list[int]] = [[] for _ in range(length + 1)]
    there = 0  # bit r: some row has room for exactly r tokens
    many_rows = 0
    for i in np.argsort(-tokens, kind="stable").tolist():
        need = int(tokens[i])
        enough = there >> need
        if enough:
            room = need + (enough & -enough).bit_length() - 1
            row = by_room[room].pop()
            if not by_room[room]:
                there &= ~(1 << room)
        else:
            room, row = length, many_rows
            many_rows += 1
        rows[i] = row
        left = room - need
        if left:
            by_room[left].append(row)
            there |= 1 << left
    return rows


@dataclass(frozen=True, slots=True)
class Rows:
    """Packed rows as arrays of shape (rows, length)."""

    ids: NDArray[np.int32]
    documents: NDArray[np.int32]
    """1 for the first document of a row, 2 for the second; 0 where padding stands."""
    positions: NDArray[np.int32]
    """Counted anew from 0 in each document; 0 in padding."""
    used: NDArray[np.int32]


def fill(packed: Packed, ids: NDArray[np.int32], lengths: Integers, length: int, *, pad: int) -> Rows:
    """The rows, from the identifiers of all documents one after the other.

    >>> lengths = np.array([3, 2])
    >>> fill(pack(lengths, 4, "fit"), np.arange(5, dtype=np.int32), lengths, 4, pad=9).ids.tolist()
    [[0, 1, 2, 9], [3, 4, 9, 9]]
    """
    shape = (packed.rows, length)
    inside = np.arange(int(packed.tokens.sum())) - np.repeat(np.cumsum(packed.tokens) - packed.tokens, packed.tokens)
    begin = (np.cumsum(lengths) - lengths)[packed.document] + packed.start
    place = packed.row * length + packed.places()
    at = np.repeat(place, packed.tokens) + inside
    found = np.full(packed.rows * length, pad, np.int32)
    found[at] = ids[np.repeat(begin, packed.tokens) + inside]
    positions, documents = np.zeros((2, packed.rows * length), np.int32)
    positions[at] = inside
    first = np.searchsorted(packed.row, np.arange(packed.rows))
    number = np.arange(len(packed.row)) - first[packed.row] + 1 if packed.rows else packed.row
    documents[at] = np.repeat(number, packed.tokens)
    return Rows(
        found.reshape(shape), documents.reshape(shape), positions.reshape(shape), packed.used().astype(np.int32)
    )
