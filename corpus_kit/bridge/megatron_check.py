"""Reads a Megatron dataset back, all of it, and compares it with what it should be."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from corpus_kit.bridge.megatron_index import Index, read_index, read_tokens
from corpus_kit.errors import LedgerError

CHUNK_TOKENS = 1 << 23
BLOCK_DOCUMENTS = 1 << 16
"""Read at a time, so that memory does not grow with the file."""


class Rules(NamedTuple):
    """What must hold of the tokens."""

    vocab_size: int
    begin: int | None
    """Id at the beginning of every document, and nowhere else."""
    end: int | None
    """Id at the end of every document, and nowhere else."""


class Found(NamedTuple):
    """What a dataset holds."""

    documents: int
    sequences: int
    tokens: int
    dtype: str
    bin_sha256: str


def read_back(prefix: Path, rules: Rules) -> Found:
    """Reads PREFIX.bin and PREFIX.idx. Raises LedgerError, naming the file, at the first thing that is not right."""
    index_path, bin_path = prefix.with_name(prefix.name + ".idx"), prefix.with_name(prefix.name + ".bin")
    index = read_index(index_path)
    tokens = read_tokens(bin_path, index)
    digest = hashlib.sha256()
    if index.documents[0] != 0 or index.documents[-1] != len(index.lengths):
        raise LedgerError(f"{index_path}: the documents do not begin with the first sequence and end with the last")
    begin = 0
    for documents in _blocks(index):
        borders, trouble = _borders(index, documents, begin)
        if trouble:
            raise LedgerError(f"{index_path}: {trouble}")
        for begins in _cut(borders):
            chunk = tokens[begins[0] : begins[-1]]
            digest.update(chunk.tobytes())
            trouble = _token_trouble(begins - begins[0], chunk, rules)
            if trouble:
                raise LedgerError(f"{bin_path}: {trouble}")
        begin = int(borders[-1])
    found = len(index.documents) - 1, len(index.lengths), len(tokens)
    return Found(*found, index.dtype.name, digest.hexdigest())


def _blocks(index: Index) -> Iterator[NDArray[np.int64]]:
    """First sequence of each document and the end of the last, some documents at a time."""
    for start in range(0, len(index.documents) - 1, BLOCK_DOCUMENTS):
        yield np.asarray(index.documents[start : start + BLOCK_DOCUMENTS + 1])


def _borders(index: Index, documents: NDArray[np.int64], begin: int) -> tuple[NDArray[np.int64], str | None]:
    """The token where each document begins, and the end of the last; or what is wrong with the index."""
    first, last = int(documents[0]), int(documents[-1])
    if (np.diff(documents) <= 0).any() or not 0 <= first < last <= len(index.lengths):
        return documents, "a document has no sequence"
    lengths = np.asarray(index.lengths[first:last])
    if lengths.min() <= 0:
        return documents, "a sequence is empty"
    places = np.full(len(lengths) + 1, begin, np.int64)
    places[1:] += np.cumsum(lengths, dtype=np.int64)
    if (index.pointers[first:last] != places[:-1] * index.dtype.itemsize).any():
        return documents, "a sequence does not begin where the one before it ends"
    return places[documents - first], None


def _cut(borders: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """The same borders, about so many tokens at a time."""
    at = 0
    while at < len(borders) - 1:
        stop = max(at + 1, int(np.searchsorted(borders, borders[at] + CHUNK_TOKENS, side="right")) - 1)
        yield borders[at : stop + 1]
        at = stop


def _token_trouble(begins: NDArray[np.int64], chunk: NDArray, rules: Rules) -> str | None:
    """What is wrong with the tokens of some whole documents, if anything."""
    if int(chunk.max()) >= rules.vocab_size or int(chunk.min()) < 0:
        return f"an id is outside the vocabulary of {rules.vocab_size:,}"
    if rules.end is not None and (chunk[begins[1:] - 1] != rules.end).any():
        return f"a document does not end with {rules.end}"
    if rules.begin is not None and (chunk[begins[:-1]] != rules.begin).any():
        return f"a document does not begin with {rules.begin}"
    marks = [one for one in (rules.begin, rules.end) if one is not None]
    found = sum(int(np.count_nonzero(chunk == one)) for one in set(marks))
    if found != len(marks) * (len(begins) - 1):
        return "a token that marks where documents begin or end stands inside one"
    return None
