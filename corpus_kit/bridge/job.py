"""One task of an export as a worker gets it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from corpus_kit.bridge.manifest import Request
from corpus_kit.ledger import FileEntry


@dataclass(frozen=True)
class Job:
    """A task in hand. Files are written into `staged`; the driver moves them to their places."""

    folder: Path
    staged: Path
    request: Request
    task: str
    fingerprint: str
    args: dict[str, Any]
    moves: dict[str, str] = field(default_factory=dict)
    """Staged file name -> place relative to the folder."""

    def made(self, name: str, place: str, kind: str, *, rows: int = 0, sha256: str = "") -> FileEntry:
        """Notes a finished file for the commit, and gives its line in the receipt."""
        self.moves[name] = place
        size = (self.staged / name).stat().st_size
        return FileEntry(path=place, kind=kind, rows=rows, bytes=size, sha256=sha256)
