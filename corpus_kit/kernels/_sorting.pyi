"""The compiled module's raw door: both buffers hold 64-bit numbers and are changed in place."""

from typing import Any

# numpy arrays: collections.abc.Buffer exists only from Python 3.12 on.
Buffer = Any

def sort_pairs(keys: Buffer, values: Buffer, /) -> None: ...
