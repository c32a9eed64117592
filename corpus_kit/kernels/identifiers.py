"""Ids and origins of many documents of one file at once: no Python string is made."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

try:
    from corpus_kit.kernels import _identifiers
except ImportError as error:
    raise ImportError(
        "the compiled ids of corpus_kit are missing or were built for another platform\n"
        "  install the package with a C compiler at hand: pip install .\n"
        "  or build them in a checkout: python setup.py build_ext --inplace"
    ) from error

DIGITS = 16
"""Hexadecimal digits of a hash of 8 bytes."""

MOST_BYTES = 2**31 - 1
"""What a string array holds: its offsets are 32-bit numbers."""


def document_ids(source: str, relative: str, locators: pa.Array) -> pa.StringArray:
    """The id of each document, as `corpus_kit.sources.document_id` has it. Locators are integers or strings.

    Raises ValueError for a null locator, and OverflowError if no string array can hold so many ids.

    >>> document_ids("adl", "a/b.jsonl", pa.array([0, 92])).to_pylist()
    ['adl-79f87e7b6febfde8', 'adl-a624b1846a3cef18']
    """
    texts = _written(locators)
    prefix = f"{source}-".encode()
    count, size = len(texts), len(prefix) + DIGITS
    _require_room(count * size)
    ids = np.empty(count * size, np.uint8)
    _, offsets, items = texts.buffers()
    _identifiers.document_ids(prefix, f"{relative}\0".encode(), offsets, items, texts.offset, count, ids)
    ends = np.arange(count + 1, dtype=np.int32) * np.int32(size)
    return pa.Array.from_buffers(pa.string(), count, [None, pa.py_buffer(ends), pa.py_buffer(ids)])


def origins(relative: str, locators: pa.Array) -> pa.StringArray:
    """Where each document stands: the path of its file, '#', its locator. Raises as `document_ids` does.

    >>> origins("a/b.jsonl", pa.array(["0", "92.1"])).to_pylist()
    ['a/b.jsonl#0', 'a/b.jsonl#92.1']
    """
    texts = _written(locators)
    located = pc.sum(pc.binary_length(texts)).as_py() or 0
    _require_room(len(texts) * len(f"{relative}#".encode()) + located)
    path, sign = pa.scalar(relative, texts.type), pa.scalar("#", texts.type)
    return pc.binary_join_element_wise(path, texts, sign).cast(pa.string())


def _written(locators: pa.Array) -> pa.LargeStringArray:
    kind = locators.type
    if not (pa.types.is_integer(kind) or pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        raise TypeError(f"locators must be integers or strings, not {kind}")
    if locators.null_count:
        raise ValueError("a locator is null")
    return locators.cast(pa.large_string())


def _require_room(size: int) -> None:
    if size > MOST_BYTES:
        raise OverflowError(f"the values take {size:,} bytes; a string array holds {MOST_BYTES:,}: make fewer at once")
