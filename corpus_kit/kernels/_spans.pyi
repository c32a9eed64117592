"""The compiled module's raw door. Buffers are Arrow's own; results go to the last arguments."""

from typing import Any

# pyarrow.Buffer, numpy arrays, bytes: collections.abc.Buffer exists only from Python 3.12 on.
Buffer = Any

def cut(
    validity: Buffer | None,
    offsets: Buffer | None,
    items: Buffer | None,
    offset: int,
    length: int,
    signs: Buffer,
    kind: int,
    table: Buffer | None,
    sequences: Buffer | None,
    ends: Buffer | None,
    separator: int,
    unit_offsets: Buffer,
    /,
) -> bytes: ...
def without(
    validity: Buffer | None,
    offsets: Buffer | None,
    items: Buffer | None,
    offset: int,
    length: int,
    signs: Buffer,
    kind: int,
    range_offsets: Buffer,
    ranges: Buffer,
    out: Buffer,
    out_offsets: Buffer,
    counts: Buffer,
    /,
) -> None: ...
