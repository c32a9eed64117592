"""The two files of a Megatron dataset: tokens in PREFIX.bin, where they begin and end in PREFIX.idx.

`.bin` is the tokens back to back. `.idx`, all little-endian, is 34 bytes of header, then for each sequence its length
(int32) and the byte in `.bin` where it begins (int64), then the first sequence of each document, and the number of
sequences (int64). The layout is that of megatron-core's IndexedDataset, which never changed since version 1.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from corpus_kit.errors import LedgerError

MAGIC = b"MMIDIDX\0\0"
VERSION = 1
HEADER = struct.Struct("<9sQBQQ")

CODES = {"int32": 4, "uint16": 8}
"""The two of its eight kinds of numbers that Megatron chooses for tokens."""

UINT16_BELOW = 65_500
"""Vocabularies smaller than this are uint16, as in megatron-core's DType.optimal_dtype."""

MOST_SEQUENCES = 2**31 - 1
"""Of a prefix: Megatron counts them in int32."""

Chunks = Callable[[], Iterator[NDArray[np.int32]]]
"""Gives the same numbers, in pieces, as often as it is called."""


class Index(NamedTuple):
    """What an `.idx` says, mapped from the file."""

    dtype: np.dtype
    lengths: NDArray[np.int32]
    pointers: NDArray[np.int64]
    """The byte where each sequence begins."""
    documents: NDArray[np.int64]
    """The first sequence of each document; and the number of sequences."""


def dtype_for(vocabulary: int) -> str:
    """The kind of number Megatron stores tokens of a vocabulary as.

    >>> dtype_for(65_499), dtype_for(65_500)
    ('uint16', 'int32')
    """
    return "uint16" if vocabulary < UINT16_BELOW else "int32"


def largest(dtype: str) -> int:
    """The largest id that fits."""
    return int(np.iinfo(dtype).max)


def index_bytes(sequences: int, documents: int) -> int:
    """Size of an `.idx`.

    >>> index_bytes(sequences=3, documents=2)
    94
    """
    return HEADER.size + 12 * sequences + 8 * (documents + 1)


def write_index(
    path: Path, dtype: str, *, sequences: int, documents: int, lengths: Chunks, per_document: Chunks | None = None
) -> None:
    """Writes an `.idx` from the lengths of its sequences, and sequences per document (None: one each)."""
    size = np.dtype(dtype).itemsize
    with path.open("wb") as file:
        file.write(HEADER.pack(MAGIC, VERSION, CODES[dtype], sequences, documents + 1))
        for chunk in lengths():
            file.write(chunk.astype("<i4").tobytes())
        for begins in _begins(lengths, size):
            file.write(begins.tobytes())
        if per_document is None:
            for start in range(0, documents, 1 << 20):
                file.write(np.arange(start, min(start + (1 << 20), documents), dtype="<i8").tobytes())
        else:
            for begins in _begins(per_document, 1):
                file.write(begins.tobytes())
        file.write(struct.pack("<q", sequences))
    if path.stat().st_size != index_bytes(sequences, documents):
        raise AssertionError("the numbers of sequences or documents are not those of the lengths")


def _begins(chunks: Chunks, size: int) -> Iterator[NDArray[np.int64]]:
    """Where each begins, if they stand one behind the other."""
    begin = 0
    for chunk in chunks():
        ends = begin + np.cumsum(chunk, dtype=np.int64) * size
        yield np.concatenate([[begin], ends[:-1]]).astype("<i8")[: len(chunk)]
        begin = int(ends[-1]) if len(chunk) else begin


def read_index(path: Path) -> Index:
    """Maps an `.idx`. Raises LedgerError if it is none, or cut short."""
    try:
        with path.open("rb") as file:
            magic, version, code, sequences, borders = HEADER.unpack(file.read(HEADER.size))
    except (struct.error, OSError) as error:
        raise LedgerError(f"{path} is missing or cut short") from error
    names = {code: name for name, code in CODES.items()}
    if magic != MAGIC or version != VERSION or code not in names:
        raise LedgerError(f"{path} is no Megatron index of version {VERSION}, or not of tokens")
    if borders < 1 or path.stat().st_size != index_bytes(sequences, borders - 1):
        raise LedgerError(f"{path} has {path.stat().st_size:,} bytes, which is not what its header says")
    raw = np.memmap(path, np.uint8, mode="r")
    at = HEADER.size
    return Index(
        dtype=np.dtype(names[code]).newbyteorder("<"),
        lengths=raw[at : at + 4 * sequences].view("<i4"),
        pointers=raw[at + 4 * sequences : at + 12 * sequences].view("<i8"),
        documents=raw[at + 12 * sequences :].view("<i8"),
    )


def read_tokens(path: Path, index: Index) -> NDArray[np.uint16] | NDArray[np.int32]:
    """Maps a `.bin`. Raises LedgerError if its size is not what the index adds up to."""
    wanted = int(index.lengths.sum(dtype=np.int64)) * index.dtype.itemsize
    found = path.stat().st_size if path.is_file() else None
    if found != wanted:
        raise LedgerError(f"{path} {'is missing' if found is None else f'has {found:,} bytes, not {wanted:,}'}")
    return np.memmap(path, index.dtype, mode="r") if found else np.empty(0, index.dtype)
