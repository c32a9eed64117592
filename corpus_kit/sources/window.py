"""A file read at any place through one cached block: small reads in sequence cost one large one."""

from __future__ import annotations

from typing import Any

from corpus_kit.storage import REMOTE_BUFFER, is_remote

LOCAL_BLOCK = 1 << 20


class Window:
    """Random reads of a seekable Arrow file."""

    def __init__(self, file: Any, block: int):
        self.size: int = file.size()
        self._file = file
        self._block = block
        self._start = 0
        self._data = b""

    @classmethod
    def of(cls, file: Any, path: str) -> Window:
        """A window on an opened file, with blocks that suit the place it lies at."""
        return cls(file, REMOTE_BUFFER if is_remote(path) else LOCAL_BLOCK)

    def read(self, at: int, size: int) -> bytes:
        """Up to `size` bytes from offset `at`; fewer only at the end of the file."""
        low = at - self._start
        if low < 0 or low + size > len(self._data):
            missing = min(at + size, self.size) - (self._start + len(self._data))
            if low < 0 or missing > 0:
                self._data = self._file.read_at(max(size, self._block), at)
                self._start, low = at, 0
        return self._data[low : low + size]

    def find(self, needle: bytes, at: int) -> int:
        """Offset of the first `needle` from `at` on; -1 if there is none."""
        while at < self.size:
            block = self.read(at, self._block)
            found = block.find(needle)
            if found >= 0:
                return at + found
            at += max(1, len(block) - len(needle) + 1)
        return -1
