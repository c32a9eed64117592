"""The phases of an export: tasks mapped over an executor, each committed with a receipt, so that any can be cut off."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from corpus_kit.bridge.bert_write import write_pairs, write_sentences
from corpus_kit.bridge.chat_write import write_conversations, write_messages
from corpus_kit.bridge.hf_write import write_text, write_tokens
from corpus_kit.bridge.job import Job
from corpus_kit.bridge.manifest import Request, read_request
from corpus_kit.bridge.megatron_join import join
from corpus_kit.bridge.megatron_tokenize import tokenize
from corpus_kit.commit import commit_files, crash_point, sync_all
from corpus_kit.errors import LedgerError, RunFailed
from corpus_kit.execute import Executor
from corpus_kit.ledger import Receipt, read_receipt, write_receipt
from corpus_kit.tasks import Outcome, Settings, Task, attempted

KINDS: dict[str, Callable[[Job], Receipt]] = {
    "megatron.tokenize": tokenize,
    "megatron.join": join,
    "hf.text": write_text,
    "hf.tokens": write_tokens,
    "chat.messages": write_messages,
    "chat.tokens": write_conversations,
    "bert.sentences": write_sentences,
    "bert.pairs": write_pairs,
}

SHOWN = 10
"""Failures told in full."""


class Progress(NamedTuple):
    """How far a phase is."""

    phase: str
    done: int
    total: int
    documents: int
    """Of the tasks done by this process, as `bytes` and `seconds`."""
    bytes: int
    seconds: float


Report = Callable[[Progress], None]


def perform_export(folder: str, fingerprint: str, task: Task, settings: Settings) -> Outcome:
    """Does one task of an export: what its executor maps."""
    del settings  # batches are cut by bytes, the same everywhere

    def work(staged: Path) -> tuple[Receipt, dict[str, str]]:
        job = Job(Path(folder), staged, _request(folder, fingerprint), task.name, task.fingerprint, task.args)
        receipt = KINDS[task.kind](job)
        sync_all(staged, job.moves)
        return receipt, job.moves

    return attempted(folder, task, work)


@lru_cache(maxsize=2)
def _request(folder: str, fingerprint: str) -> Request:
    request = read_request(Path(folder))
    if request is None or request.fingerprint != fingerprint:
        raise LedgerError(f"{folder} was given to another export meanwhile")
    return request


def run_phase(folder: Path, pool: Executor, tasks: Sequence[Task], report: Report | None) -> list[Receipt]:
    """Receipts of all tasks, in order, doing what has none yet. Raises RunFailed if some could not be done."""
    if not tasks:
        return []
    phase, started = tasks[0].name.split("/")[0], time.monotonic()
    receipts: dict[str, Receipt] = {}
    todo: list[Task] = []
    for task in tasks:
        receipt = read_receipt(folder, task.name, task.fingerprint)
        if receipt is None:
            todo.append(task)
        else:
            receipts[task.name] = receipt
    documents = size = 0
    failures: list[tuple[str, str]] = []
    for outcome in pool.map(todo):
        if outcome.receipt is None:
            failures.append(_failed(outcome))
            continue
        receipt = receipts[outcome.task] = _commit(folder, outcome)
        documents += receipt.facts.get("documents", 0)
        size += receipt.facts.get("text_bytes", 0)
        if report is not None:
            report(Progress(phase, len(receipts), len(tasks), documents, size, time.monotonic() - started))
    if failures:
        raise RunFailed(_failure_text(phase, failures, len(tasks)))
    return [receipts[task.name] for task in tasks]


def _commit(folder: Path, outcome: Outcome) -> Receipt:
    receipt = Receipt.model_validate(outcome.receipt)
    crash_point("before_commit")
    commit_files(folder, Path(outcome.staged), outcome.moves)
    crash_point("before_receipt")
    write_receipt(folder, receipt)
    crash_point("after_receipt")
    return receipt


def _failed(outcome: Outcome) -> tuple[str, str]:
    assert outcome.error is not None
    if outcome.staged:
        shutil.rmtree(outcome.staged, ignore_errors=True)
    if outcome.fatal:
        raise RunFailed(f"{outcome.error[1]}; what is done is kept, run the same command again to resume")
    return outcome.task, outcome.error[1]


def _failure_text(phase: str, failures: list[tuple[str, str]], of: int) -> str:
    lines = [f"  {task}: {message}" for task, message in sorted(failures)[:SHOWN]]
    more = [f"  and {len(failures) - SHOWN} more"] if len(failures) > SHOWN else []
    head = f"{len(failures)} of {of} tasks failed in phase {phase}:"
    return "\n".join([head, *lines, *more, "what is done is kept; run the same command again to resume"])
