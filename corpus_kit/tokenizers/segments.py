"""Encodes each word once: texts are cut between words, and what a piece was encoded to is remembered.

Tokenizers spend their time on words they have seen before. Where no token can reach over the place of a cut, the
identifiers of the pieces, put together, are those of the whole. Each engine says from its file between which characters
that is so (`Cuts`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

MOST = 1 << 20
"""Pieces remembered. Words of a corpus follow Zipf's law: the frequent ones are there again soon after forgetting."""

MOST_BYTES = 64 << 20
"""Of remembered pieces: texts without spaces are pieces as a whole."""

Cuts = NDArray[np.bool_]
"""For the last byte of a character times 256 plus the first byte of the next: whether text may be cut between them.

The last byte does not tell which character it is unless that is ASCII. So after others a cut is made only if they are
Latin letters (U+00C0 to U+017F without × and ÷), and before a space if they are between U+00C0 and U+07FF, where no
white space is.
"""

Encode = Callable[[Sequence[bytes]], tuple[NDArray[np.int32], NDArray[np.int64]]]


class Segments:
    """Pieces of text and their identifiers."""

    def __init__(self) -> None:
        self._forget()

    def _forget(self) -> None:
        self._at: dict[bytes, int] = {}
        self._pool = np.empty(1 << 12, np.int32)
        self._start = np.empty(1 << 12, np.int64)
        self._length = np.empty(1 << 12, np.int64)
        self._used = self._ids = self._bytes = 0

    def encode(
        self, texts: pa.LargeStringArray, encode: Encode, cuts: Cuts, *, prefix: str = ""
    ) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """Identifiers of all texts, one after the other, and how many each text has. No text is null."""
        if prefix:
            before, nothing = (pa.scalar(one, pa.large_string()) for one in (prefix, ""))
            texts = pc.binary_join_element_wise(pc.if_else(pc.equal(texts, nothing), nothing, before), texts, nothing)
        pieces, of_text = cut(texts, cuts)
        if not len(pieces):
            return np.empty(0, np.int32), of_text
        coded = pieces.dictionary_encode()
        number = self._numbers(coded.dictionary.to_pylist(), encode)[coded.indices.to_numpy()]
        length = self._length[number]
        before = np.cumsum(length) - length
        at = np.repeat(self._start[number] - before, length)
        at += np.arange(len(at))
        ends = np.append(before, len(at))
        last = np.cumsum(of_text)
        return self._pool[at], ends[last] - ends[last - of_text]

    def _numbers(self, pieces: list[bytes], encode: Encode) -> NDArray[np.int64]:
        """Where each piece is, after those that are new have been encoded."""
        if self._used + len(pieces) > MOST or self._bytes > MOST_BYTES:
            self._forget()
        known = self._at.get
        numbers = np.fromiter((known(piece, -1) for piece in pieces), np.int64, len(pieces))
        new = np.flatnonzero(numbers < 0)
        if len(new):
            numbers[new] = np.arange(self._used, self._used + len(new))
            self._add([pieces[i] for i in new.tolist()], encode)
        return numbers

    def _add(self, pieces: list[bytes], encode: Encode) -> None:
        ids, lengths = encode(pieces)
        self._pool = _grown(self._pool, self._ids + len(ids))
        self._start, self._length = (_grown(one, self._used + len(pieces)) for one in (self._start, self._length))
        self._pool[self._ids : self._ids + len(ids)] = ids
        here = slice(self._used, self._used + len(pieces))
        self._length[here] = lengths
        self._start[here] = self._ids + np.cumsum(lengths) - lengths
        self._at.update(zip(pieces, range(self._used, self._used + len(pieces)), strict=True))
        self._used += len(pieces)
        self._bytes += sum(map(len, pieces))
        self._ids += len(ids)


def _grown(array: np.ndarray, size: int) -> np.ndarray:
    if size <= len(array):
        return array
    larger = np.empty(max(size, 2 * len(array)), array.dtype)
    larger[: len(array)] = array
    return larger


def cut(texts: pa.LargeStringArray, cuts: Cuts) -> tuple[pa.Array, NDArray[np.int64]]:
    """The pieces of all texts, as bytes, and how many each text has.

    >>> before_spaces = cuts_between("abcdefghijklmnopqrstuvwxyz,", " ", other=True)
    >>> pieces, of_text = cut(pa.array(["to be,  or\\n not", "", "å så"], pa.large_string()), before_spaces)
    >>> pieces.to_pylist(), of_text.tolist()
    ([b'to', b' be,', b'  or\\n not', b'\\xc3\\xa5', b' s\\xc3\\xa5'], [3, 0, 2])
    """
    _, offset_bytes, data_bytes = texts.buffers()
    offsets = np.frombuffer(offset_bytes, np.int64)[texts.offset : texts.offset + len(texts) + 1]
    begin, end = int(offsets[0]), int(offsets[-1])
    if begin == end:
        return pa.array([], pa.large_binary()), np.zeros(len(texts), np.int64)
    data = np.frombuffer(data_bytes, np.uint8)[begin:end]
    is_cut = _between(data, cuts)
    is_cut[offsets[:-1][offsets[1:] > offsets[:-1]] - begin] = True
    at = np.flatnonzero(is_cut)
    pieces = pa.LargeBinaryArray.from_buffers(
        pa.large_binary(), len(at), [None, pa.py_buffer(np.append(at, end - begin)), data_bytes.slice(begin)]
    )
    return pieces, np.diff(np.searchsorted(at, offsets - begin))


def _between(data: NDArray[np.uint8], cuts: Cuts) -> NDArray[np.bool_]:
    """Before which bytes the text may be cut."""
    pair = data[:-1].astype(np.uint16)
    pair <<= 8
    pair |= data[1:]
    found = np.zeros(len(data), bool)
    np.take(cuts, pair, out=found[1:])
    other = np.flatnonzero(found[1:] & (data[:-1] >= 0x80)) + 1  # a valid text does not begin with such a byte
    lead, last = data[other - 2], data[other - 1]
    letter = (lead >= 0xC3) & (lead <= 0xC5) & ~((lead == 0xC3) & ((last == 0x97) | (last == 0xB7)))
    found[other] = letter | ((lead >= 0xC3) & (lead <= 0xDF) & (data[other] == 0x20))
    return found


def cuts_between(left: str, right: str, *, other: bool = False) -> Cuts:
    """Cuts between any of some ASCII characters and any of others; and after characters that are not ASCII."""
    cuts = np.zeros((256, 256), bool)
    cuts[np.ix_(list(left.encode("ascii")), list(right.encode("ascii")))] = True
    if other:
        cuts[0x80:0xC0, list(right.encode("ascii"))] = True
    return cuts.reshape(-1)


def cuts_outside(pieces: Iterable[str], *, known: str | None) -> Cuts:
    """Cuts wherever no piece of a vocabulary reaches over. In it, ▁ stands for a space, or for itself.

    A merge of byte pairs makes a piece of the vocabulary, so none looks over such a place. `known` are the ASCII
    characters the vocabulary has, if what it has not becomes one unknown token for a whole run: one side must be known.
    """
    cuts = np.ones((256, 256), bool)
    cuts[:, 0x80:0xC0] = False  # inside a character
    cuts[0xC0:, :] = False
    if known is not None:
        knows = np.zeros(256, bool)
        knows[list(known.encode("ascii"))] = True
        cuts &= knows[:, None] | knows[None, :]
    for space in (" ", "\u2581"):
        joined = np.frombuffer("\0".join(pieces).replace("\u2581", space).encode(), np.uint8)
        cuts[joined[:-1], joined[1:]] = False
    # What stands for a space and for itself may be mixed in a text.
    cuts[0x20, 0xE2] = cuts[0x81, 0x20] = False
    return cuts.reshape(-1)
