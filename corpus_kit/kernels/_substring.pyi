"""The compiled module's raw door. Buffers are Arrow's own; results go to the last arguments."""

from typing import Any

# pyarrow.Buffer, numpy arrays, bytes: collections.abc.Buffer exists only from Python 3.12 on.
Buffer = Any

def runs(
    validity: Buffer | None,
    offsets: Buffer | None,
    items: Buffer | None,
    offset: int,
    length: int,
    unit: int,
    window: int,
    gram: int,
    mode: int,
    wanted_offsets: Buffer | None,
    wanted_begins: Buffer | None,
    run_offsets: Buffer,
    /,
) -> bytes: ...
def without(
    validity: Buffer | None,
    offsets: Buffer | None,
    items: Buffer | None,
    offset: int,
    length: int,
    unit: int,
    range_offsets: Buffer,
    ranges: Buffer,
    mask: Buffer | None,
    out: Buffer,
    out_offsets: Buffer,
    counts: Buffer,
    /,
) -> None: ...
