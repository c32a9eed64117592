"""The one function an executor maps: a task in, an outcome out. Runs in any process that sees the run directory."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from corpus_kit.commit import crash_point, new_attempt
from corpus_kit.comparing import run_compare
from corpus_kit.corpus import run_collect, run_group, run_merge
from corpus_kit.deciding import run_decide, run_decide_part, run_publish, run_tell
from corpus_kit.errors import CorpusKitError, where_raised
from corpus_kit.held import HELD_BYTES
from corpus_kit.indexing import run_index
from corpus_kit.job import Job
from corpus_kit.ledger import Receipt
from corpus_kit.linking import run_link
from corpus_kit.pack import run_pack
from corpus_kit.plan import Plan, load_plan
from corpus_kit.shard import run_map

KINDS: dict[str, Callable[[Job], Receipt]] = {
    "map": run_map,
    "collect": run_collect,
    "merge": run_merge,
    "group": run_group,
    "link": run_link,
    "tell": run_tell,
    "decide": run_decide,
    "decide_part": run_decide_part,
    "publish": run_publish,
    "compare": run_compare,
    "index": run_index,
    "pack": run_pack,
}

FATAL = {errno.ENOSPC: "the disk is full", errno.EDQUOT: "the disk quota is used up", errno.EROFS: "it is read-only"}
"""Trying another shard would not help."""


class Task(NamedTuple):
    """One piece of work: small enough to send anywhere, named so that its receipt can be found."""

    name: str
    """PHASE/KEY."""
    kind: str
    fingerprint: str
    args: dict[str, Any]


class Settings(NamedTuple):
    """How to work; none of it shows in the output."""

    batch_rows: int = 4096
    batch_bytes: int = 32 << 20
    held_bytes: int = HELD_BYTES
    """What one process that does all tasks may keep in memory from phase to phase; 0: nothing."""


class Outcome(NamedTuple):
    """What became of a task. `error` is None or (class name, message)."""

    task: str
    receipt: dict[str, Any] | None
    staged: str
    moves: dict[str, str]
    error: tuple[str, str] | None = None
    fatal: bool = False


@lru_cache(maxsize=2)
def _plan(path: str, fingerprint: str) -> Plan:
    del fingerprint  # part of the key: a rewritten plan is another plan
    return load_plan(Path(path))


def perform(run: str, plan_fingerprint: str, task: Task, settings: Settings) -> Outcome:
    """Does one task of a run."""

    def work(staged: Path) -> tuple[Receipt, dict[str, str]]:
        job = Job(
            run=Path(run),
            staged=staged,
            plan=_plan(f"{run}/plan.json", plan_fingerprint),
            task=task.name,
            fingerprint=task.fingerprint,
            args=task.args,
            batch_rows=settings.batch_rows,
            batch_bytes=settings.batch_bytes,
        )
        receipt = KINDS[task.kind](job)
        crash_point("before_fsync")
        job.wait()
        return receipt, job.moves

    return attempted(run, task, work)


def attempted(run: str, task: Task, work: Callable[[Path], tuple[Receipt, dict[str, str]]]) -> Outcome:
    """What comes of work into a staging folder of its own; its files must be durable. Troubles come back as outcomes,
    not as exceptions."""
    staged = new_attempt(Path(run), task.name)
    started = time.perf_counter()
    try:
        receipt, moves = work(staged)
    except CorpusKitError as error:
        return Outcome(task.name, None, str(staged), {}, (type(error).__name__, str(error)))
    except OSError as error:
        why = FATAL.get(error.errno or 0)
        words = f"{error.strerror} ({Path(error.filename or run).name})" if error.strerror else str(error)
        message = f"cannot write below {run}: {why}" if why else words
        return Outcome(task.name, None, str(staged), {}, (type(error).__name__, message), fatal=why is not None)
    except Exception as error:  # a bug: fail this shard, let the others finish
        if os.environ.get("CORPUS_KIT_DEBUG"):
            raise
        message = f"{where_raised(error)} (set CORPUS_KIT_DEBUG=1 and --workers 1 to see all of it)"
        return Outcome(task.name, None, str(staged), {}, (type(error).__name__, message))
    receipt = receipt.model_copy(update={"seconds": round(time.perf_counter() - started, 3)})
    return Outcome(task.name, receipt.model_dump(mode="json"), str(staged), moves)
