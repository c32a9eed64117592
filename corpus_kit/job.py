"""One task as a worker gets it: where to write, what to do, and what it has made."""

from __future__ import annotations

import time
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from corpus_kit.commit import start_sync
from corpus_kit.held import shelf
from corpus_kit.ledger import FileEntry
from corpus_kit.plan import Plan
from corpus_kit.tables import FileInfo

NO_FILE = -1
"""Size of what is held: no file has it, so whoever finds the receipt later does the task again."""


@dataclass(frozen=True)
class Job:
    """A task in hand. Files are written into `staged`; the driver moves them to their places."""

    run: Path
    staged: Path
    plan: Plan
    task: str
    fingerprint: str
    args: dict[str, Any]
    batch_rows: int
    batch_bytes: int
    moves: dict[str, str] = field(default_factory=dict)
    """Staged file name -> place relative to the run."""
    started: float = field(default_factory=time.monotonic)
    _written: list[Future[None]] = field(default_factory=list, init=False)

    def made(
        self,
        name: str,
        place: str,
        kind: str,
        info: FileInfo,
        *,
        text_bytes: int = 0,
        groups: dict[str, int] | None = None,
    ) -> FileEntry:
        """Notes a finished file for the commit, begins to make it durable, and gives its line in the receipt."""
        self.moves[name] = place
        self._written.append(start_sync(self.staged / name))
        return FileEntry(path=place, kind=kind, text_bytes=text_bytes, groups=groups or {}, **info._asdict())

    def wait(self) -> None:
        """Until all files made are durable. Raises OSError if one cannot be."""
        for one in self._written:
            one.result()

    def may_hold(self, size: int) -> bool:
        """Whether so many bytes may stay in memory: there is room, and what would be lost is soon made again."""
        return shelf().has_room(size, time.monotonic() - self.started)

    def hold(self, place: str, kind: str, table: pa.Table, *, text_bytes: int = 0) -> FileEntry:
        """Keeps a table in memory for the next phase, and gives its line in the receipt."""
        shelf().put(self.run / place, table, seconds=time.monotonic() - self.started)
        return FileEntry(path=place, kind=kind, rows=table.num_rows, bytes=NO_FILE, sha256="", text_bytes=text_bytes)
