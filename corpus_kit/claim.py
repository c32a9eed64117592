"""Whose an output directory is: free, this very run's, or another's, which is named key by key."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from corpus_kit.commit import RunLock
from corpus_kit.errors import LedgerError
from corpus_kit.plan import Plan


def claim_output(path: Path, planned: Plan, *, overwrite: bool) -> None:
    """Makes sure the output directory is free or holds this very run. Raises LedgerError otherwise."""
    if not path.exists():
        return
    if not path.is_dir():
        raise LedgerError(f"output {path} is a file")
    held = path / "plan.json"
    if not held.exists():
        if any(one.name != ".lock" for one in path.iterdir()):
            raise LedgerError(f"output {path} holds files that are no run of corpus-kit; choose another directory")
        return
    try:
        old = Plan.model_validate_json(held.read_bytes())
    except ValueError as error:
        if not overwrite:
            raise LedgerError(
                f"output {path} holds a plan of another version\n"
                "  either choose another --output, or discard what it holds with --overwrite"
            ) from error
        old = None
    if old is not None and old.fingerprint == planned.fingerprint:
        return
    if not overwrite:
        assert old is not None
        raise LedgerError(
            f"output {path} holds another run:\n{describe_change(old.identity, planned.identity)}\n"
            "  either choose another --output, or discard what it holds with --overwrite"
        )
    lock = RunLock(path)
    lock.acquire()
    for one in path.iterdir():
        if one.name == ".lock":
            continue
        shutil.rmtree(one) if one.is_dir() else one.unlink()
    lock.release()


def describe_change(old: dict[str, Any], new: dict[str, Any]) -> str:
    """The first few keys in which two identities differ, with old and new value."""
    before, after = dict(_flatten(old)), dict(_flatten(new))
    keys = [key for key in [*before, *(k for k in after if k not in before)] if before.get(key) != after.get(key)]
    lines = [
        f"  {key}: was {_short(before.get(key, '(absent)'))}, now {_short(after.get(key, '(absent)'))}" for key in keys
    ]
    more = [f"  and {len(lines) - 5} more"] if len(lines) > 5 else []
    return "\n".join([*lines[:5], *more])


def _flatten(value: Any, prefix: str = "") -> Iterable[tuple[str, Any]]:
    if isinstance(value, dict) and value:
        for key, one in value.items():
            yield from _flatten(one, f"{prefix}.{key}" if prefix else str(key))
    else:
        yield prefix, value


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:28]}…{text[-28:]}"
