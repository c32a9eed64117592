"""The compiled module's raw door: all buffers hold as many 64-bit numbers."""

from typing import Any

# numpy arrays: collections.abc.Buffer exists only from Python 3.12 on.
Buffer = Any

def sort_pairs(keys: Buffer, values: Buffer, sorted_keys: Buffer, sorted_values: Buffer, /) -> None: ...
