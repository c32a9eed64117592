"""The compiled module's raw door: bytes of Arrow buffers."""

from typing import Any

# An Arrow buffer or bytes: collections.abc.Buffer exists only from Python 3.12 on.
Buffer = Any

def count_words(text: Buffer, is_unicode: bool, /) -> tuple[bytes, bytes, bytes]: ...
