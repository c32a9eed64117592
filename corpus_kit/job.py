"""One task as a worker gets it: where to write, what to do, and what it has made."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from corpus_kit.ledger import FileEntry
from corpus_kit.plan import Plan
from corpus_kit.tables import FileInfo


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
        """Notes a finished file for the commit, and gives its line in the receipt."""
        self.moves[name] = place
        return FileEntry(path=place, kind=kind, text_bytes=text_bytes, groups=groups or {}, **info._asdict())
