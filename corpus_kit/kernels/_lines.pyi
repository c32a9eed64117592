"""The compiled module's raw door. Buffers are Arrow's own; results go to the last three arguments."""

from typing import Any

# pyarrow.Buffer, numpy arrays, bytes: collections.abc.Buffer exists only from Python 3.12 on.
Buffer = Any

def clean(
    validity: Buffer | None,
    offsets: Buffer | None,
    items: Buffer | None,
    offset: int,
    length: int,
    table: Buffer,
    bounds: Buffer,
    ends: Buffer,
    strings: Buffer | None,
    ranges: Buffer | None,
    rule_count: int,
    by_paragraph: bool,
    which: Buffer,
    out: Buffer,
    out_offsets: Buffer,
    places: Buffer,
    /,
) -> bool: ...
