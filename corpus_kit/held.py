"""What a phase leaves for the next in the memory of this process, instead of in files: of a small run, everything.

Nothing of it has to be written, read back and removed. It is gone if the process is killed, and is then made again: a
receipt whose files are not there does not count. So only what was made in a short time, all in all, stays in memory.
A run that fails or is interrupted writes it after all (`corpus_kit.saving`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

import pyarrow as pa

HELD_BYTES = 256 << 20
"""Of all tables that a process holds, about."""

HELD_SECONDS = 10.0
"""That it took to make all of them: so much is lost at most."""


class Shelf:
    """Tables under the paths they would have as files, as many as there is room for."""

    def __init__(self, room: int):
        self.room = room
        """Bytes that may still be put here."""
        self.seconds = HELD_SECONDS
        """Of work that may still be put here."""
        self._tables: dict[Path, pa.Table] = {}

    def has_room(self, size: int, seconds: float) -> bool:
        """Whether a table of so many bytes may be put here, that took so long to make. Nothing is never held."""
        return 0 < size <= self.room and seconds <= self.seconds

    def put(self, path: Path, table: pa.Table, *, seconds: float = 0.0) -> None:
        """Keeps a table, in place of any that a former attempt has left."""
        self.drop(path)
        self.room -= table.get_total_buffer_size()
        self.seconds -= seconds
        self._tables[path] = table

    @property
    def is_empty(self) -> bool:
        """Whether there is no table here."""
        return not self._tables

    def get(self, path: Path) -> pa.Table | None:
        """The table of a path, if it is here."""
        return self._tables.get(path)

    def drop(self, *paths: Path) -> None:
        """Lets tables go that nobody needs any more."""
        for path in paths:
            table = self._tables.pop(path, None)
            self.room += 0 if table is None else table.get_total_buffer_size()


_shelf: ContextVar[Shelf] = ContextVar("_shelf", default=Shelf(0))  # noqa: B039  without room it stays empty


def shelf() -> Shelf:
    """Where tasks of this process put and find tables; one without room where other processes need them, too."""
    return _shelf.get()


@contextmanager
def holding(room: int) -> Iterator[None]:
    """While this lasts, this process does all tasks, one after the other."""
    token = _shelf.set(Shelf(room))
    try:
        yield
    finally:
        _shelf.reset(token)
