"""The compiled module's raw door: Arrow buffers of a large_string array without nulls; ids go to the last argument."""

from typing import Any

# pyarrow.Buffer, numpy arrays, bytes: collections.abc.Buffer exists only from Python 3.12 on.
Buffer = Any

def document_ids(
    prefix: bytes,
    path: bytes,
    offsets: Buffer | None,
    items: Buffer | None,
    offset: int,
    length: int,
    out: Buffer,
    /,
) -> None: ...
