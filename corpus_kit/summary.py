"""What a run came to, or how far it is: the numbers, and the lines that say them."""

from __future__ import annotations

import fcntl
from collections import Counter
from pathlib import Path
from typing import Any

from corpus_kit.ledger import iter_receipts, read_manifest
from corpus_kit.opened import Run
from corpus_kit.progress import duration
from corpus_kit.show import counted, edit_lines, size, skipped_lines, waterfall_lines


def summary(run: Run, seconds: float | None) -> dict[str, Any]:
    """Totals of a finished run; `seconds` is None if it was finished before."""
    manifest = read_manifest(run.path)
    assert manifest is not None
    files: dict[str, dict[str, int]] = {}
    for file in manifest["files"]:
        kind = file["kind"].split("/")[0]
        into = files.setdefault(kind, {"files": 0, "rows": 0, "bytes": 0})
        into["files"] += 1
        into["rows"] += file["rows"]
        into["bytes"] += file["bytes"]
    return {
        "run": str(run.path),
        "input_bytes": sum(source.bytes for source in run.plan.sources.values()),
        "seconds": None if seconds is None else round(seconds, 1),
        "files": files,
        "waterfall": [step._asdict() for step in run.waterfall()],
        "skipped": [[*key, count] for key, count in sorted(run.tally.skipped.items())],
        "edits": run.tally.to_json()["edits"],
    }


def summary_lines(run: Run, found: dict[str, Any]) -> list[str]:
    """The end of `corpus-kit run`: waterfall, sizes, throughput, and where everything is."""
    lines = [*waterfall_lines(run.waterfall()), ""]
    lines += [*edits, ""] if (edits := edit_lines(run.tally, (one.id for one in run.plan.stages))) else []
    lines += [*skipped, ""] if (skipped := skipped_lines(run.plan, run.tally)) else []
    lines.append(_pace(found["waterfall"][0]["documents_in"], found["input_bytes"], found["seconds"]))
    kinds = [("data", "shards"), ("rejects", "rejects"), ("metrics", "metrics"), ("decisions", "decisions")]
    for kind, noun in kinds:
        one = found["files"].get(kind)
        if one is not None:
            count = counted(one["files"], "file")
            lines.append(f"  {noun:<10} {shown(run.path / kind)}/  {one['rows']:,} rows, {count}, {size(one['bytes'])}")
    lines.append(f"  datasheet  {shown(run.path / 'datasheet' / 'datasheet.html')}")
    return lines


def _pace(documents: int, size_in: int, seconds: float | None) -> str:
    amount = f"{counted(documents, 'document')}, {size(size_in)} of input"
    if seconds is None:
        return f"{amount}; this run was finished before, nothing was left to do"
    seconds = max(seconds, 0.1)
    return f"{amount} in {duration(seconds)} ({documents / seconds:,.0f} documents/s, {size(size_in / seconds)}/s)"


def shown(path: Path) -> str:
    """A path as a person would type it: relative where it is below the working directory."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def status(run: Run) -> dict[str, Any]:
    """State and finished shards of each phase."""
    done: Counter[str] = Counter(receipt.task.rsplit("/", 1)[0] for receipt in iter_receipts(run.path))
    loads = len(run.plan.loads)
    phases = [f"map-{segment.index}" for segment in run.plan.segments]
    state = "finished" if run.finished else "running" if _locked(run.path) else "cut off"
    return {
        "run": str(run.path),
        "state": state,
        "phases": {
            phase: {"done": done[phase], "total": loads if phase in phases else None}
            for phase in sorted({*done, *phases})
        },
        "waterfall": [step._asdict() for step in run.waterfall()],
    }


def status_lines(run: Run, found: dict[str, Any]) -> list[str]:
    """The state for people."""
    hint = {"cut off": "; run the same command again to resume"}.get(found["state"], "")
    lines = [f"{found['run']}: {found['state']}{hint}", ""]
    for phase, count in found["phases"].items():
        of = f"/{count['total']}" if count["total"] is not None else ""
        lines.append(f"  {phase:<24} {count['done']}{of} shards")
    return [*lines, "", *waterfall_lines(run.waterfall())]


def _locked(path: Path) -> bool:
    """Whether a driver holds the run's lock."""
    try:
        with (path / ".lock").open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False
