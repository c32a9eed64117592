"""Near-duplicates: Parquet to Parquet on one core, verification on, against four tools; with recall and false merges.

All get the same file, every document of the data folder and planted near-duplicates of some, and keep one of what they
find alike; all on one and the same core, in turn. A pair counts as found if one of the two is removed. A false merge of
ours is a removed document whose similarity to the survivor it names is under 0.6: of planted documents and their
originals as they stand, of all others also in lower case without signs; peers name no survivor, so of them the share
of planted pairs below 0.6 of which one was removed stands in for it. What each takes to start, before it
reads anything, is told apart. Of ours, the statutes of `dedup/` are another run, for its recall and false merges alone.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import pyarrow as pa

from benchmarks.bars import Bar, Report, ratio
from benchmarks.environments import PeerFailed, compiling, run_peer
from benchmarks.planted import RANGES, Pair, jaccard, plain, planted
from benchmarks.texts import data_folder, records, text_bytes, write_files

PAIRS = 2000
ROUNDS = 3
PEERS = (
    ("datatrove, 14 x 8", "datatrove", "datatrove_minhash", None),
    ("text-dedup, 128", "text-dedup", "text_dedup_minhash", None),
    ("datasketch, 128", "rensa", "loop_minhash", "datasketch"),
    ("rensa, 128, 16 bands", "rensa", "loop_minhash", "rensa"),
)
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
    with _one_core(), tempfile.TemporaryDirectory() as folder:
        return _measure(Path(folder), talk=talk)


@contextlib.contextmanager
def _one_core() -> Iterator[None]:
    """This process and those it starts stay on one core, where the system can do that."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _measure(folder: Path, *, talk: bool) -> Report:
    table, pairs = planted(PAIRS)
    size = text_bytes(table)
    ours = _prepare(folder / "planted", table)
    texts = dict(zip(table["id"].to_pylist(), table["text"].to_pylist(), strict=True))
    speeds: dict[str, list[float]] = {}
    startup: dict[str, float] = {}
    found: dict[str, list[float]] = {}
    unlike: set[str] = set()
    different: set[str] = set()
    for round in range(ROUNDS):
        made = _run(ours, folder / "run")
        removed = dict(made["removed"])
        unlike = {one for one, other in removed.items() if jaccard(texts[one], texts[other]) < 0.6}
        different = {one for one in unlike if jaccard(plain(texts[one]), plain(texts[removed[one]])) < 0.6}
        _note(speeds, "corpus_kit", size, made, talk)
        startup["corpus_kit"] = made["startup"]
        found["corpus_kit"] = recalls(pairs, set(texts) - set(removed))
        for name, environment, script, tool in PEERS:
            if round and name.startswith("datatrove"):
                continue  # minutes each time, and two hundred times apart: once is enough
            arguments = {"input": str(ours), "output": str(folder / "theirs"), "tool": tool}
            made = run_peer(environment, script, arguments, talk=talk)
            _note(speeds, name, size, made, talk)
            startup[name] = made["startup"]
            found[name] = recalls(pairs, set(made["kept"]))
    report = Report(("tool", "MB/s", "start-up, s", *(f"found, {low}-{high}" for low, high in RANGES)))
    for name, measured in speeds.items():
        shares = [f"{share:.4f}" for share in found[name]]
        report.rows.append((name, f"{median(measured):.3g}", f"{startup[name]:.1f}", *shares))
    report.notes.append(f"{table.num_rows:,} documents, {size / 1e6:.0f} MB, {PAIRS:,} planted pairs in each range")
    false_merges = unlike & {one for pair in pairs for one in (pair.one, pair.other)}
    report.notes.append(
        f"of documents that were not planted, {len(unlike)} are under 0.6 as they stand, and {len(different)} of these "
        "in lower case without signs"
    )
    statutes = _statutes(folder)
    report.bars = [
        Bar("recall_from_0.8", found["corpus_kit"][0], ">=", 0.995),
        Bar("false_merges", len(false_merges), "<=", 0),
        Bar("false_merges_of_all", len(different), "<=", 0),
        Bar("statutes_recall_from_0.8", statutes[0], ">=", 0.995),
        Bar("statutes_false_merges", statutes[1], "<=", 0),
        *(
            Bar(f"vs_{name}", ratio(speeds["corpus_kit"], speeds[row]), ">=", target)
            for name, row, target in (
                ("datatrove", "datatrove, 14 x 8", 200),
                ("text_dedup", "text-dedup, 128", 20),
                ("datasketch", "datasketch, 128", 20),
                ("rensa", "rensa, 128, 16 bands", 5),
            )
        ),
    ]
    return report


def _prepare(folder: Path, table: pa.Table) -> Path:
    """A folder with one file of the documents, and beside it their card."""
    write_files(table, folder / "input", 1)
    (folder / "source.yaml").write_text(CARD)
    return folder / "input"


def _statutes(folder: Path) -> tuple[float, int]:
    """Versions of Icelandic statutes: recall of the listed pairs from 0.8 on, and false merges."""
    texts = {one["id"]: one["text"] for one in records(data_folder() / "dedup" / "law_versions_texts.jsonl.zst")}
    lines = (data_folder() / "dedup" / "law_versions_pairs.jsonl").read_text("utf-8").splitlines()
    pairs = [(pair["a"], pair["b"]) for pair in map(json.loads, lines)]
    # The labels compare bodies; the texts have a heading too, which names the edition.
    alike = [(one, other) for one, other in pairs if jaccard(texts[one], texts[other]) >= 0.8]
    table = pa.table({"id": list(texts), "text": pa.array(list(texts.values()), pa.large_string())})
    removed = dict(_run(_prepare(folder / "statutes", table), folder / "run")["removed"])
    found = sum(one in removed or other in removed for one, other in alike) / len(alike)
    return found, sum(jaccard(texts[one], texts[other]) < 0.6 for one, other in removed.items())


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
    command = [sys.executable, "-m", "benchmarks.near_run", str(source), str(output)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=compiling())
    if done.returncode:
        raise PeerFailed(f"our own run failed: {done.stderr.strip()[-600:]}")
    return json.loads(done.stdout.splitlines()[-1])
