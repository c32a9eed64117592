"""Scale: near-deduplication of very many short documents, from Parquet files to Parquet files, on Ray, start to end.

Nothing is left out or simulated: documents are read, signed, banded, grouped, linked, collected again, verified,
decided and applied by the shipped stage and runner, and every verdict is compared with what was planted. Reported are
processor seconds and bytes a document of every phase, and the peak memory of each process; `docs/scale.md` plans by
them.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks.bars import Bar, Report
from benchmarks.environments import PeerFailed
from benchmarks.processes import Watch
from benchmarks.scale_texts import Truth, write_input

SIGNATURES = 50_000_000
PER_FILE = 100_000
WORKERS = 2
WORKER_BYTES = 4 << 30
"""No process may have more memory of its own at its peak, however many documents there are."""

RECIPE = """\
recipe: 1
name: scale
stages:
  - dedup: {method: minhash, as: near}
"""
CARD = """\
card_version: 1
id: scale
title: Short documents with planted duplicates
summary: Made by arithmetic.
category: mixed
rights: {spdx: CC0-1.0}
"""


def measure_all(*, talk: bool, signatures: int = SIGNATURES) -> Report:
    """The report of the whole benchmark. Works in $CORPUS_KIT_SCALE_DIR, if that is set."""
    home = os.environ.get("CORPUS_KIT_SCALE_DIR")
    with tempfile.TemporaryDirectory(dir=home) as folder:
        return _measure(Path(folder), signatures, talk=talk)


def _measure(folder: Path, signatures: int, *, talk: bool) -> Report:
    truth = Truth(signatures)
    size = write_input(truth, folder / "input", PER_FILE)
    (folder / "input" / "source.yaml").write_text(CARD)
    _say(talk, f"{signatures:,} documents, {size / 1e9:.2f} GB of input")
    command = [sys.executable, "-m", "benchmarks.scale", str(folder / "input"), str(folder / "run")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process, Watch(process.pid) as watch:
        assert process.stdout is not None
        phases = _followed(process.stdout, watch, talk=talk)
    if process.returncode:
        raise PeerFailed("the run failed")
    report = Report(("phase", "tasks", "wall s", "CPU s", "CPU us a document", "bytes a document"))
    written = _bytes_by_phase(folder / "run")
    for name, (tasks, wall, cpu) in phases.items():
        figures = (f"{tasks}", f"{wall:.1f}", f"{cpu:.1f}", f"{cpu / signatures * 1e6:.3f}")
        report.rows.append((name, *figures, f"{written[name] / signatures:.1f}"))
    found = _compared(folder, truth)
    report.notes = _notes(folder / "run", watch, found, phases)
    report.bars = [
        Bar("removed_as_planted", found["right"] / max(1, found["planted"]), ">=", 0.99999),
        Bar("false_merges", found["wrong"], "<=", 0),
        Bar("signatures", signatures, ">=", min(signatures, SIGNATURES)),
        Bar("peak_process_gb", watch.processes()[0].bytes / 1e9, "<=", WORKER_BYTES / 1e9),
    ]
    return report


def _followed(lines: Any, watch: Watch, *, talk: bool) -> dict[str, tuple[int, float, float]]:
    """For each phase, as the run tells: tasks, seconds, and processor seconds of all processes."""
    phases: dict[str, tuple[int, float, float]] = {}
    started, used = time.monotonic(), 0.0
    for line in lines:
        told = json.loads(line)
        if told["done"] < told["total"]:
            continue
        time.sleep(1)  # the watch looks twice a second
        now, seconds = time.monotonic(), watch.seconds()
        phases[told["phase"]] = (told["total"], now - started, seconds - used)
        _say(talk, f"{told['phase']}: {now - started:.0f} s, {seconds - used:.0f} s of processors")
        started, used = now, seconds
    return phases


def _bytes_by_phase(run: Path) -> Counter[str]:
    """What the tasks of each phase wrote, by their receipts."""
    written: Counter[str] = Counter()
    for path in (run / "receipts").rglob("*.json"):
        phase = str(path.relative_to(run / "receipts")).split("/")[0]
        written[phase] += sum(file["bytes"] for file in json.loads(path.read_bytes())["files"])
    return written


def _compared(folder: Path, truth: Truth) -> dict[str, int]:
    """How many documents were removed, how many as planted, and how many for a document that is not their like."""
    plan = json.loads((folder / "run" / "plan.json").read_bytes())
    begins = np.array([int(plan["units"][first]["relative"][:6]) * PER_FILE for first, _ in plan["loads"]])
    rows: dict[str, list[Any]] = defaultdict(list)
    file = pq.ParquetFile(folder / "run" / "decisions" / "near.parquet")
    for group in range(file.num_row_groups):
        table = file.read_row_group(group, columns=["row", "id", "removed", "duplicate_of_id"])
        row = table["row"].to_numpy()
        number = begins[(row >> np.uint64(32)).astype(np.int64)] + (row & np.uint64(0xFFFFFFFF)).astype(np.int64)
        removed = table["removed"].to_numpy()
        rows["number"].append(number[removed])
        rows["of"].append(table["duplicate_of_id"].filter(table["removed"]))
        rows["survivor"].append(number[~removed])
        rows["id"].append(table["id"].filter(pc.invert(table["removed"])))
    number, survivor = np.concatenate(rows["number"]), np.concatenate(rows["survivor"])
    at = pc.index_in(_joined(rows["of"]), value_set=_joined(rows["id"]))
    of = survivor[at.to_numpy(zero_copy_only=False)]
    gone, best = truth.survivors()
    found = np.minimum(np.searchsorted(gone, number), max(0, len(gone) - 1))
    is_planted = gone[found] == number
    right = is_planted & (best[found] == of)
    return {"planted": len(gone), "removed": len(number), "right": int(right.sum()), "wrong": int((~right).sum())}


def _joined(columns: list[pa.ChunkedArray]) -> pa.ChunkedArray:
    return pa.chunked_array([chunk for column in columns for chunk in column.chunks], columns[0].type)


def _notes(run: Path, watch: Watch, found: dict[str, int], phases: dict[str, Any]) -> list[str]:
    receipts = {
        phase: [json.loads(path.read_bytes()) for path in (run / "receipts" / phase).glob("*.json")]
        for phase in ("map-0", "group-near-0", "link-near-0")
    }
    rows = {name: _rows(receipts[name], kind) for name, kind in _COUNTED.items()}
    plan = json.loads((run / "plan.json").read_bytes())
    peaks = "; ".join(f"{one.name} {one.bytes / 1e9:.2f} GB" for one in watch.processes()[:4])
    return [
        f"{found['removed']:,} documents removed, {found['right']:,} of {found['planted']:,} as planted",
        f"{len(plan['loads'])} loads, {plan['partitions']} key partitions, {rows['map-0']:,} keyed rows, "
        f"{rows['group-near-0']:,} edges, {rows['link-near-0']:,} linked documents",
        f"peak memory of a process's own: {peaks}",
        f"{sum(wall for _, wall, _ in phases.values()):.0f} s with {WORKERS} workers",
    ]


_COUNTED = {"map-0": "collect/near", "group-near-0": "group/near", "link-near-0": "wanted/near"}


def _rows(receipts: list[dict[str, Any]], kind: str) -> int:
    return sum(file["rows"] for one in receipts for file in one["files"] if file["kind"] == kind)


def _say(talk: bool, text: str) -> None:
    if talk:
        print(text, file=sys.stderr, flush=True)


def run_once(source: str, output: str) -> None:
    """One run in this process and its workers; a line of JSON for each step of progress."""
    import corpus_kit

    recipe = corpus_kit.parse_recipe(RECIPE)
    corpus_kit.run(
        recipe,
        corpus_kit.resolve_inputs([source]),
        output,
        workers=WORKERS,
        progress=lambda step: print(json.dumps(step._asdict()), flush=True),
    )
    shutil.rmtree(Path(output) / "data")


if __name__ == "__main__":
    run_once(*sys.argv[1:])
