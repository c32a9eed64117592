"""What a process and those it starts take: peak memory of each, and processor time, read from /proc by a thread."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import NamedTuple

SECONDS = 0.5
_TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


class Taken(NamedTuple):
    """Of one process: what it is, its own memory at its peak (mapped files not counted), and processor time."""

    name: str
    bytes: int
    seconds: float


class Watch:
    """Looks at the processes of a tree twice a second, until it is stopped; as a context manager."""

    def __init__(self, root: int):
        self._root = root
        self._taken: dict[int, Taken] = {}
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        self._thread.join()

    def seconds(self) -> float:
        """Processor time of all, so far, those that have ended included."""
        return sum(one.seconds for one in list(self._taken.values()))

    def processes(self) -> list[Taken]:
        """Every process seen, the one with the highest peak first."""
        return sorted(self._taken.values(), key=lambda one: -one.bytes)

    def _run(self) -> None:
        while not self._ends.wait(SECONDS):
            for pid in _tree(self._root):
                found = _read(pid)
                if found is not None:
                    before = self._taken.get(pid, found)
                    self._taken[pid] = found._replace(bytes=max(found.bytes, before.bytes))


def _tree(root: int) -> list[int]:
    parents: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            fields = _stat(int(folder.name))
            if fields:
                parents.setdefault(int(fields[1]), []).append(int(folder.name))
    found, waiting = [], [root]
    while waiting:
        pid = waiting.pop()
        found.append(pid)
        waiting += parents.get(pid, ())
    return found


def _stat(pid: int) -> list[str]:
    """Fields of /proc/PID/stat from the third on; none if the process is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    except OSError:
        return []


def _read(pid: int) -> Taken | None:
    fields = _stat(pid)
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return None
    facts = dict(line.split(":", 1) for line in lines if ":" in line)
    if not fields or "RssAnon" not in facts:
        return None
    own = int(facts["RssAnon"].split()[0]) * 1024
    return Taken(facts["Name"].strip(), own, (int(fields[11]) + int(fields[12])) / _TICKS)
