"""Whose an output directory is: free, this very run's, or another's, which is named key by key."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from corpus_kit.commit import crash_point, write_text
from corpus_kit.errors import LedgerError
from corpus_kit.inputs import Input
from corpus_kit.plan import Plan

_NAMES = (
    "data rejects metrics decisions index receipts work datasheet manifest.json recipe.yaml plan.json .staging .lock"
)
OURS = frozenset(_NAMES.split())
"""Names a run gives to what it makes. Nothing else in its directory is ever removed."""


def refuse_foreign(path: Path, inputs: Sequence[Input]) -> None:
    """Refuses an output that is no place for a run, before anything is written there. Raises LedgerError."""
    for one in inputs:
        if "://" not in one.path and path.is_relative_to(Path(one.path).resolve()):
            raise LedgerError(f"output {path} lies inside the input {one.path!r} and would be read as documents")
    if not path.exists():
        return
    if not path.is_dir():
        raise LedgerError(f"output {path} is a file")
    if not (path / "plan.json").exists() and any(not _is_ours(one.name) for one in path.iterdir()):
        raise LedgerError(f"output {path} holds files that are no run of corpus-kit; choose another directory")


def claim_output(path: Path, planned: Plan, *, overwrite: bool) -> None:
    """Makes sure the directory, whose lock we hold, is free or holds this very run. Raises LedgerError otherwise."""
    held = path / "plan.json"
    if not held.exists():
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
    _discard(path)


def write_plan(path: Path, planned: Plan) -> None:
    """Writes the plan: from then on the directory is this run's."""
    crash_point("before_plan")
    write_text(path / "plan.json", planned.model_dump_json(indent=1) + "\n")
    crash_point("after_plan")


def check_files(path: Path, manifest: dict[str, Any]) -> None:
    """Makes sure that the files of a finished run are there. Raises LedgerError naming the first that is not."""
    for file in manifest["files"]:
        try:
            size = (path / file["path"]).stat().st_size
        except FileNotFoundError:
            size = None
        if size != file["bytes"]:
            state = "missing" if size is None else "not as it was"
            raise LedgerError(
                f"{path} is a finished run, but its {file['path']} is {state}\n"
                "  bring it back, or remove the directory and run again"
            )


def _is_ours(name: str) -> bool:
    return name in OURS or name.startswith((".plan.json.", ".recipe.yaml.", ".manifest.json."))


def _discard(path: Path) -> None:
    """Removes a run; its plan last, so that a half-removed run is still known for one."""
    crash_point("before_discard")
    for one in sorted(path.iterdir()):
        if _is_ours(one.name) and one.name not in (".lock", "plan.json"):
            shutil.rmtree(one) if one.is_dir() else one.unlink()
            crash_point("in_discard")
    (path / "plan.json").unlink()
    crash_point("after_discard")


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
