"""Filters: the compiled metrics against Dolma's and datatrove's, and Parquet to Parquet against datatrove's pipeline.

Rounds are taken in turn, so that a noisy machine is as unkind to all; ratios are of medians. MB are 10^6 bytes of
UTF-8 text. Peers are too slow for all of the text: they get its first megabytes, which are a random sample too.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import orjson
import pyarrow as pa

from benchmarks.bars import Bar, Report, ratio
from benchmarks.environments import PeerFailed, run_peer
from benchmarks.texts import sample, text_bytes, write_files
from corpus_kit.kernels.measure import WordLists
from corpus_kit.language import profile_for
from corpus_kit.metrics import METRICS, measure

SIZE = 400_000_000
PEER_SIZE = 8_000_000
ROUNDS = 3
BATCH_ROWS = 1000

RECIPE = """\
recipe: 1
name: benchmark
stages:
  - clean: {rules: [c4], override: {clean.c4_terminal_punctuation: null}}
  - filter: {rulesets: [gopher, c4, fineweb], override: {c4.flagged_word_count: null}}
guard: {action: off}
"""
"""What datatrove's four filters do, with the metrics stored. FineWeb does not use C4's rule of terminal punctuation."""


CARD = """\
card_version: 1
id: bench
title: Text to measure on
summary: Documents sampled from the data folder.
category: mixed
fields: {lang: lang}
rights: {spdx: LicenseRef-mixed, applies_to: content, basis: licence, evidence: [see the folder]}
"""
"""The languages are given, so that no identification is measured with the filters."""


def measure_all(*, talk: bool) -> Report:
    """The report of the whole benchmark."""
    with tempfile.TemporaryDirectory() as folder:
        return _measure(Path(folder), talk=talk)


def _measure(folder: Path, *, talk: bool) -> Report:
    texts = sample(SIZE)
    batches = _batches(texts)
    size = text_bytes(texts)
    part = texts.slice(0, int(np.searchsorted(np.cumsum(_lengths(texts)), PEER_SIZE)) + 1)
    part_size = text_bytes(part.combine_chunks())
    lines = folder / "part.jsonl"
    lines.write_bytes(b"\n".join(map(orjson.dumps, part.to_pylist())))
    peer = {"texts": str(lines), "rounds": 1}
    gopher = [name for name, one in METRICS.items() if one.function.__module__.endswith((".gopher", ".repetition"))]
    every = [name for name, one in METRICS.items() if one.kernel is not None]

    speeds: dict[str, list[float]] = {}
    startup: dict[str, float] = {}

    def note(name: str, many_bytes: int, seconds: float) -> None:
        speeds.setdefault(name, []).append(many_bytes / seconds / 1e6)
        if talk:
            print(f"{name}: {speeds[name][-1]:.2f} MB/s", file=sys.stderr)

    for _ in range(ROUNDS):
        note("kernel, Gopher", size, _kernel_seconds(batches, gopher))
        found = run_peer("dolma", "dolma_gopher", peer, talk=talk)
        note("Dolma", part_size, found["seconds"][0])
        startup["Dolma"] = found["startup"]
        note("kernel, all families", size, _kernel_seconds(batches, every))
        found = run_peer("datatrove", "datatrove_gopher", peer, talk=talk)
        note("datatrove", part_size, found["seconds"][0])
        startup["datatrove"] = found["startup"]
        one, two = _kernel_seconds(batches, gopher, threads=1), _kernel_seconds(batches, gopher, threads=2)
        note("kernel, Gopher, one thread of a pool", size, one)
        note("kernel, Gopher, two threads", size, two)

    write_files(texts, folder / "whole", 8)
    write_files(part, folder / "part", 1)
    (folder / "source.yaml").write_text(CARD)
    memory: dict[int, int] = {}
    for _ in range(ROUNDS):
        run = _pipeline(folder / "whole", folder / "run")
        note("pipeline", size, run["seconds"])
        startup["pipeline"], memory[1] = run["startup"], max(run["rss"], memory.get(1, 0))
        found = run_peer(
            "datatrove",
            "datatrove_pipeline",
            {"input": str(folder / "part"), "output": str(folder / "theirs"), "rounds": 1},
            talk=talk,
        )
        note("datatrove, pipeline", part_size, found["seconds"][0])
        startup["datatrove, pipeline"] = found["startup"]
    for copy in range(1, 4):
        shutil.copytree(folder / "whole", folder / "four" / str(copy))
    (folder / "whole").rename(folder / "four" / "0")
    memory[4] = _pipeline(folder / "four", folder / "run")["rss"]

    report = Report(("what", "MB/s", "start-up, s"))
    for name, found in speeds.items():
        report.rows.append((name, f"{median(found):.4g}", f"{startup[name]:.1f}" if name in startup else ""))
    two_threads = median(
        two / one
        for one, two in zip(
            speeds["kernel, Gopher, one thread of a pool"], speeds["kernel, Gopher, two threads"], strict=True
        )
    )
    report.notes.append(
        f"{len(gopher)} metrics of Gopher, {len(every)} of all families; {size / 1e6:.0f} MB of text for us, "
        f"{part_size / 1e6:.0f} MB for peers; peak memory of the pipeline {memory[1] / 1e6:.0f} MB, "
        f"on four times the input {memory[4] / 1e6:.0f} MB"
    )
    report.bars = [
        Bar("kernel_vs_dolma", ratio(speeds["kernel, Gopher"], speeds["Dolma"]), ">=", 100),
        Bar("kernel_vs_datatrove", ratio(speeds["kernel, Gopher"], speeds["datatrove"]), ">=", 250),
        Bar("full_vs_dolma", ratio(speeds["kernel, all families"], speeds["Dolma"]), ">=", 50),
        Bar("pipeline_vs_datatrove", ratio(speeds["pipeline"], speeds["datatrove, pipeline"]), ">=", 150),
        Bar("two_threads", two_threads, ">=", 1.85),
        Bar("rss_ratio_4x_input", memory[4] / memory[1], "<=", 1.1),
    ]
    return report


Batch = tuple[pa.Array, list[WordLists], np.ndarray]


def _batches(texts: pa.Table) -> list[Batch]:
    """Texts with the word lists of their languages, as the filter stage passes them on."""
    found = []
    for batch in texts.to_batches(max_chunksize=BATCH_ROWS):
        labels = batch["lang"].dictionary_encode()
        profiles = [profile_for(label) for label in labels.dictionary.to_pylist()]
        found.append((batch["text"], [one.lists for one in profiles], labels.indices.to_numpy().astype(np.int64)))
    return found


def _lengths(texts: pa.Table) -> np.ndarray:
    return np.concatenate([np.diff(np.asarray(chunk.buffers()[1]).view(np.int64)) for chunk in texts["text"].chunks])


def _kernel_seconds(batches: list[Batch], names: list[str], threads: int = 0) -> float:
    """Wall time of all batches, in this thread or in a pool."""
    if threads == 0:
        started = time.perf_counter()
        for texts, lists, which in batches:
            measure(names, texts, lists, which)
        return time.perf_counter() - started
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda _: None, range(threads)))  # the threads are there before the clock starts
        started = time.perf_counter()
        list(pool.map(lambda batch: measure(names, *batch), batches))
        return time.perf_counter() - started


def _pipeline(source: Path, output: Path) -> dict[str, Any]:
    """Seconds of one run with one worker, of imports before it, and its peak memory, in a process of its own."""
    shutil.rmtree(output, ignore_errors=True)
    command = [sys.executable, "-m", "benchmarks.filters", str(source), str(output), RECIPE]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PeerFailed(f"our own run failed: {done.stderr.strip()[-600:]}")
    return json.loads(done.stdout.splitlines()[-1])


def run_once(source: str, output: str, recipe_text: str) -> dict[str, Any]:
    """One run of our pipeline in this process."""
    started = time.perf_counter()
    import corpus_kit

    recipe = corpus_kit.parse_recipe(recipe_text)
    inputs = corpus_kit.resolve_inputs([source])
    startup = time.perf_counter() - started
    started = time.perf_counter()
    corpus_kit.run(recipe, inputs, output, workers=1)
    seconds = time.perf_counter() - started
    return {"seconds": seconds, "startup": startup, "rss": peak_memory()}


def peak_memory() -> int:
    """Peak of this process in bytes. Not by getrusage: that counts what its parent held before this program began."""
    status = Path("/proc/self/status").read_text("ascii")
    [line] = [line for line in status.splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) * 1024


if __name__ == "__main__":
    print(json.dumps(run_once(*sys.argv[1:])))
