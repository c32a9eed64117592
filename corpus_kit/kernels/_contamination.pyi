"""The compiled search's raw doors. Buffers are Arrow's own; results go to the last arguments."""

from typing import Any

# pyarrow.Buffer, numpy arrays, bytes: collections.abc.Buffer exists only from Python 3.12 on.
Buffer = Any

def form(
    validity: Buffer | None,
    offsets: Buffer | None,
    items: Buffer | None,
    offset: int,
    length: int,
    table: Buffer,
    out_offsets: Buffer,
    /,
) -> bytes: ...
def hash(
    pool: Buffer, begins: Buffer, ends: Buffer, shortest: int, out_hashes: Buffer, out_heads: Buffer, /
) -> None: ...
def fill(hashes: Buffer, heads: Buffer, out_slots: Buffer, out_filter: Buffer, /) -> None: ...
def match(
    validity: Buffer | None,
    offsets: Buffer | None,
    items: Buffer | None,
    offset: int,
    length: int,
    table: Buffer,
    pool: Buffer,
    begins: Buffer,
    ends: Buffer,
    hashes: Buffer,
    slots: Buffer,
    filter: Buffer,
    lengths: Buffer,
    out_offsets: Buffer,
    /,
) -> bytes: ...
