"""The commit protocol: outputs appear whole or not at all, and a receipt is the proof.

A task writes into a staging folder of its own attempt. Only the driver commits: it renames the finished files to their
places, makes the renames durable, and writes the receipt last. Killed at any instant, a run is resumed by doing again
what has no receipt. Two attempts of one task may both run to their end; the driver commits the one it still owns.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import socket
import uuid
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import IO, Any

from corpus_kit.errors import LedgerError

STAGING = ".staging"
_passes: Counter[str] = Counter()


def crash_point(name: str) -> None:
    """Kills this process here if a test asked for it: CORPUS_KIT_CRASH_AT=NAME[:N] is the N-th pass, 1 by default."""
    wanted = os.environ.get("CORPUS_KIT_CRASH_AT")
    if wanted is None:
        return
    point, _, count = wanted.partition(":")
    if point == name:
        _passes[name] += 1
        if _passes[name] == int(count or 1):
            os.kill(os.getpid(), signal.SIGKILL)


def sync(path: Path) -> None:
    """Makes a file's content, or a folder's names, durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_all(staged: Path, names: Iterable[str]) -> None:
    """Makes the staged files of a task durable."""
    crash_point("before_fsync")
    for name in names:
        sync(staged / name)


def start_sync(path: Path) -> Future[None]:
    """The same, begun beside other work: the disk writes while the processor goes on. Whoever waits for it gets its
    error."""
    try:
        return _disk(os.getpid()).submit(sync, path)
    except RuntimeError:  # the interpreter is ending, and begins nothing any more
        done: Future[None] = Future()
        sync(path)
        done.set_result(None)
        return done


@lru_cache(maxsize=1)
def _disk(process: int) -> ThreadPoolExecutor:
    """Threads of this very process: a fork has none of those of its parent."""
    return ThreadPoolExecutor(2, thread_name_prefix=f"corpus-kit-sync-{process}")


def new_attempt(run: Path, task: str) -> Path:
    """A fresh staging folder, on the file system of the target."""
    folder = run / STAGING / f"{task.replace('/', '.')}.{uuid.uuid4().hex}"
    folder.mkdir(parents=True)
    return folder


def commit_files(run: Path, staged: Path, places: dict[str, str]) -> None:
    """Moves staged files to their places in the run (file name -> path relative to the run), durably."""
    folders = set()
    for name, place in sorted(places.items()):
        target = run / place
        if not target.parent.is_dir():
            target.parent.mkdir(parents=True, exist_ok=True)
        os.replace(staged / name, target)
        folders.add(target.parent)
        crash_point("after_rename")
    for folder in sorted(folders):
        sync(folder)
    shutil.rmtree(staged, ignore_errors=True)


def write_json(path: Path, value: Any, *, indent: int | None = None) -> None:
    """Writes a JSON file atomically and durably: temporary file, fsync, rename, fsync of the folder."""
    write_text(path, json.dumps(value, ensure_ascii=False, indent=indent, sort_keys=True, allow_nan=False) + "\n")


def write_text(path: Path, text: str) -> None:
    """Writes a text file atomically and durably."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    with temporary.open("w", encoding="utf-8", newline="\n") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)
    sync(path.parent)


def clear_staging(run: Path) -> None:
    """Removes what killed or late attempts left."""
    shutil.rmtree(run / STAGING, ignore_errors=True)


class RunLock:
    """Keeps a second driver off a run. The kernel frees it when the driver dies, however it dies."""

    def __init__(self, run: Path):
        self.path = run / ".lock"
        self._file: IO[str] | None = None

    def acquire(self) -> None:
        """Takes the lock, or raises LedgerError saying who has it."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            file = self.path.open("a+", encoding="utf-8")
        except OSError as error:
            raise LedgerError(f"cannot write to output {self.path.parent}: {error.strerror}") from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            file.seek(0)
            holder = file.read().strip() or "another process"
            file.close()
            raise LedgerError(f"{self.path.parent} is being written by {holder}; wait for it, or end it") from error
        file.truncate(0)
        file.write(f"process {os.getpid()} on {socket.gethostname()}")
        file.flush()
        self._file = file

    def release(self) -> None:
        """Frees the lock. The file stays: removing it would let two drivers lock two different files."""
        if self._file is not None:
            self._file.truncate(0)
            self._file.close()
            self._file = None
