"""Near-duplicates: Parquet to Parquet on one core, verification on, against four tools; with recall and false merges.

All get the same documents, half of them with a planted near-duplicate, and keep one of what they find alike. A pair
counts as found if one of the two is removed. A false merge of ours is a removed document whose true similarity to the
survivor it names is under 0.6; peers name no survivor, so of them the share of planted pairs below 0.6 of which one was
removed stands in for it.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.bars import Bar, Report, ratio
from benchmarks.environments import PeerFailed, run_peer
from benchmarks.planted import RANGES, Pair, jaccard, planted
from benchmarks.texts import text_bytes, write_files

PAIRS = 2000
OTHERS = 6000
ROUNDS = 3
PEERS = (
    ("datatrove, 14 x 8", "datatrove", "datatrove_minhash", None),
    ("text-dedup, 128", "text-dedup", "text_dedup_minhash", None),
    ("datasketch, 128", "rensa", "loop_minhash", "datasketch"),
    ("rensa, 128, 16 bands", "rensa", "loop_minhash", "rensa"),
)
RECIPE = """\
recipe: 1
name: benchmark
stages:
  - dedup: {method: minhash}
"""
CARD = """\
card_version: 1
id: bench
title: Text to measure on
summary: Documents sampled from the data folder.
category: mixed
rights: {spdx: LicenseRef-mixed, applies_to: content, basis: licence, evidence: [see the folder]}
"""


def measure_all(*, talk: bool) -> Report:
    """The report of the whole benchmark."""
    with tempfile.TemporaryDirectory() as folder:
        return _measure(Path(folder), talk=talk)


def _measure(folder: Path, *, talk: bool) -> Report:
    table, pairs = planted(PAIRS, OTHERS)
    size = text_bytes(table)
    write_files(table, folder / "input", 1)
    (folder / "source.yaml").write_text(CARD)
    texts = dict(zip(table["id"].to_pylist(), table["text"].to_pylist(), strict=True))
    speeds: dict[str, list[float]] = {}
    startup: dict[str, float] = {}
    found: dict[str, list[float]] = {}
    false_merges = 0
    for round in range(ROUNDS):
        made = _run(folder / "input", folder / "run")
        removed = dict(made["removed"])
        false_merges = sum(jaccard(texts[one], texts[other]) < 0.6 for one, other in removed.items())
        _note(speeds, "corpus_kit", size, made, talk)
        startup["corpus_kit"] = made["startup"]
        found["corpus_kit"] = recalls(pairs, set(texts) - set(removed))
        for name, environment, script, tool in PEERS:
            if round and name.startswith("datatrove"):
                continue  # minutes each time, and two hundred times apart: once is enough
            arguments = {"input": str(folder / "input"), "output": str(folder / "theirs"), "tool": tool}
            made = run_peer(environment, script, arguments, talk=talk)
            _note(speeds, name, size, made, talk)
            startup[name] = made["startup"]
            found[name] = recalls(pairs, set(made["kept"]))
    report = Report(("tool", "MB/s", "start-up, s", *(f"found, {low}-{high}" for low, high in RANGES)))
    for name, measured in speeds.items():
        shares = [f"{share:.4f}" for share in found[name]]
        report.rows.append((name, f"{median(measured):.3g}", f"{startup[name]:.1f}", *shares))
    report.notes.append(f"{table.num_rows:,} documents, {size / 1e6:.0f} MB, {PAIRS:,} planted pairs in each range")
    ours = speeds["corpus_kit"]
    report.bars = [
        Bar("recall_from_0.8", found["corpus_kit"][0], ">=", 0.995),
        Bar("false_merges", false_merges, "<=", 0),
        Bar("vs_datatrove", ratio(ours, speeds["datatrove, 14 x 8"]), ">=", 200),
        Bar("vs_text_dedup", ratio(ours, speeds["text-dedup, 128"]), ">=", 20),
        Bar("vs_datasketch", ratio(ours, speeds["datasketch, 128"]), ">=", 20),
        Bar("vs_rensa", ratio(ours, speeds["rensa, 128, 16 bands"]), ">=", 5),
    ]
    return report


def recalls(pairs: list[Pair], kept: set[str]) -> list[float]:
    """For each range, the share of planted pairs of which one document was removed."""
    shares = []
    for low, high in RANGES:
        inside = [pair for pair in pairs if low <= pair.similarity < high]
        shares.append(sum(not {pair.one, pair.other} <= kept for pair in inside) / len(inside))
    return shares


def _note(speeds: dict[str, list[float]], name: str, size: int, made: dict[str, Any], talk: bool) -> None:
    speeds.setdefault(name, []).append(size / made["seconds"][0] / 1e6)
    if talk:
        print(f"{name}: {speeds[name][-1]:.2f} MB/s", file=sys.stderr)


def _run(source: Path, output: Path) -> dict[str, Any]:
    """One run of ours in a process of its own."""
    shutil.rmtree(output, ignore_errors=True)
    command = [sys.executable, "-m", "benchmarks.minhash", str(source), str(output)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PeerFailed(f"our own run failed: {done.stderr.strip()[-600:]}")
    return json.loads(done.stdout.splitlines()[-1])


def run_once(source: str, output: str) -> dict[str, Any]:
    """One run in this process; removed documents by the ids of the input, with their survivors."""
    started = time.perf_counter()
    import corpus_kit

    recipe = corpus_kit.parse_recipe(RECIPE)
    inputs = corpus_kit.resolve_inputs([source])
    startup = time.perf_counter() - started
    started = time.perf_counter()
    run = corpus_kit.run(recipe, inputs, output, workers=1)
    seconds = time.perf_counter() - started
    rows = [*run.kept(["id", "origin"]).to_pylist(), *run.rejects(["id", "origin"]).to_pylist()]
    numbers = {row["id"]: int(row["origin"].rpartition("#")[2]) for row in rows}
    import pyarrow.parquet as pq

    ids = pq.read_table(sorted(Path(source).glob("*.parquet"))[0], columns=["id"])["id"].to_pylist()
    decided = pq.read_table(Path(output) / "decisions" / "dedup.parquet")
    gone = decided.filter(decided["removed"])
    pairs = zip(gone["id"].to_pylist(), gone["duplicate_of_id"].to_pylist(), strict=True)
    return {
        "seconds": [seconds],
        "startup": startup,
        "removed": [[ids[numbers[one]], ids[numbers[other]]] for one, other in pairs],
    }


if __name__ == "__main__":
    print(json.dumps(run_once(*sys.argv[1:])))
