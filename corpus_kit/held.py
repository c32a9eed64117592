"""What a phase leaves for the next in the memory of this process, instead of in files: of a small run, everything.

Nothing of it has to be written, read back and removed. It is gone with the process, and is then made again: a receipt
whose files are not there does not count. So only what was made in a short time stays in memory.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from pathlib import Path

import pyarrow as pa

HELD_BYTES = 256 << 20
"""Of all tables that a process holds."""

HELD_SECONDS = 10.0
"""What took longer to make is worth a file."""


class Shelf:
    """Tables under the paths they would have as files, as many as there is room for."""

    def __init__(self, room: int):
        self.room = room
        """Bytes that may still be put here."""
        self._tables: dict[Path, pa.Table] = {}

    def put(self, path: Path, table: pa.Table) -> None:
        """Keeps a table, in place of any that a former attempt has left."""
        self.take(path)
        self.room -= table.nbytes
        self._tables[path] = table

    def get(self, path: Path) -> pa.Table | None:
        """The table of a path, if it is here."""
        return self._tables.get(path)

    def take(self, path: Path) -> pa.Table | None:
        """The same, which then is here no longer."""
        table = self._tables.pop(path, None)
        self.room += 0 if table is None else table.nbytes
        return table

    def save(self, suffix: str) -> None:
        """Writes the tables whose paths end so: who wants to know why a run failed may want to see what it had."""
        for path, table in self._tables.items():
            if path.suffix == suffix:
                path.parent.mkdir(parents=True, exist_ok=True)
                with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
                    writer.write_table(table)


_shelf: ContextVar[Shelf] = ContextVar("_shelf", default=Shelf(0))  # noqa: B039  it has no room, and stays empty


def shelf() -> Shelf:
    """Where tasks of this process put and find tables; one without room where other processes need them, too."""
    return _shelf.get()


@contextlib.contextmanager
def holding(room: int) -> Iterator[None]:
    """While this lasts, this process does all tasks, one after the other."""
    held = Shelf(room)
    token = _shelf.set(held)
    try:
        yield
    except BaseException:
        with contextlib.suppress(OSError):  # the first trouble is the one to tell
            held.save(".arrow")
        raise
    finally:
        _shelf.reset(token)
