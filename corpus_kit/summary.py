"""What a run came to, or how far it is: the numbers, and the lines that say them."""

from __future__ import annotations

import fcntl
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from corpus_kit.comparison import comparison, comparison_lines
from corpus_kit.guard import Loss, guard_of, losses, warning_lines
from corpus_kit.ledger import READ, iter_receipts, read_manifest
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
        "guard": [one._asdict() for one in _losses(run, [READ, *(stage.id for stage in run.plan.stages)])],
        "against": comparison(run),
    }


def summary_lines(run: Run, found: dict[str, Any]) -> list[str]:
    """The end of `corpus-kit run`: waterfall, sizes, throughput, and where everything is."""
    lines = [*waterfall_lines(run.waterfall()), ""]
    lines += [*edits, ""] if (edits := edit_lines(run.tally, (one.id for one in run.plan.stages))) else []
    lines += [*skipped, ""] if (skipped := skipped_lines(run.plan, run.tally)) else []
    earlier = comparison_lines(found["against"], [shown(Path(one.path)) for one in run.plan.against])
    lines += [*earlier, ""] if earlier else []
    lines += [*warned, ""] if (warned := _warnings(found)) else []
    lines.append(_pace(found["waterfall"][0]["documents_in"], found["input_bytes"], found["seconds"]))
    kinds = [
        ("data", "shards"),
        ("rejects", "rejects"),
        ("metrics", "metrics"),
        ("decisions", "decisions"),
        ("index", "index"),
    ]
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
    lost = _losses(run, _passed(run, done))
    stopped = "stopped by the guard" if lost and guard_of(run.plan.recipe).action == "stop" else "cut off"
    state = "finished" if run.finished else "running" if _locked(run.path) else stopped
    return {
        "run": str(run.path),
        "state": state,
        "phases": {
            phase: {"done": done[phase], "total": loads if phase in phases else None}
            for phase in sorted({*done, *phases})
        },
        "waterfall": [step._asdict() for step in run.waterfall()],
        "guard": [one._asdict() for one in lost],
    }


def status_lines(run: Run, found: dict[str, Any]) -> list[str]:
    """The state for people."""
    hints = {"cut off": "run the same command again to resume"}
    hints["stopped by the guard"] = "change the recipe's `guard` or the stage, and run again"
    hint = f"; {hints[found['state']]}" if found["state"] in hints else ""
    lines = [f"{found['run']}: {found['state']}{hint}", ""]
    for phase, count in found["phases"].items():
        of = f"/{count['total']}" if count["total"] is not None else ""
        lines.append(f"  {phase:<24} {count['done']}{of} shards")
    lines += ["", *waterfall_lines(run.waterfall())]
    return [*lines, "", *warned] if (warned := _warnings(found)) else lines


def _passed(run: Run, done: Counter[str]) -> list[str]:
    """Stages that every shard has passed: only their counts are whole."""
    segments = [one for one in run.plan.segments if done[f"map-{one.index}"] == len(run.plan.loads)]
    first = [READ] if segments else []
    return [*first, *(stage for segment in segments for stage in (*segment.apply, *segment.batch))]


def _losses(run: Run, stages: Sequence[str]) -> list[Loss]:
    return losses(guard_of(run.plan.recipe), run.tally, stages)


def _warnings(found: dict[str, Any]) -> list[str]:
    return warning_lines([Loss(**one) for one in found["guard"]])


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
