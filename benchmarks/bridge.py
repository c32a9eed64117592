"""Bridge to training: how fast the documents of a finished run come out, shuffled and mixed.

MB are 10^6 bytes of UTF-8 text that come out, per second of processor time of all threads. The run is a real one, with
all its columns and page checksums; the rounds of the measurements are taken in turn.
"""

from __future__ import annotations

import io
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

import pyarrow as pa
import pyarrow.compute as pc

import corpus_kit
from benchmarks.bars import Bar, Report
from benchmarks.texts import sample, write_files
from corpus_kit.pull.files import write_stream

SIZE = 400_000_000
ROUNDS = 3

RECIPE = """\
recipe: 1
name: benchmark
stages:
  - normalize
  - weight: {by: [lang], alpha: 0.5}
"""

CARD = """\
card_version: 1
id: bench
title: Text to measure on
summary: Documents sampled from the data folder.
category: mixed
fields: {lang: lang}
rights: {spdx: LicenseRef-mixed, applies_to: content, basis: licence, evidence: [see the folder]}
"""


def measure_all(*, talk: bool) -> Report:
    """The report of the whole benchmark."""
    with tempfile.TemporaryDirectory() as folder:
        return _measure(_make_run(Path(folder)), talk=talk)


def _make_run(folder: Path) -> corpus_kit.Run:
    write_files(sample(SIZE), folder / "texts", 8)
    (folder / "source.yaml").write_text(CARD)
    inputs = corpus_kit.resolve_inputs([str(folder / "texts")])
    return corpus_kit.run(corpus_kit.parse_recipe(RECIPE), inputs, folder / "run", workers=1)


def _measure(run: corpus_kit.Run, *, talk: bool) -> Report:
    size = _arrow(iter(run.kept(["text"]).to_batches()))
    ways: dict[str, Callable[[], int]] = {
        "Arrow": lambda: _arrow(run.pull(mix="once", format="arrow")),
        "Arrow, id and text": lambda: _arrow(run.pull(mix="once", format="arrow", columns=["id", "text"])),
        "Arrow, weighted": lambda: _arrow(run.pull(format="arrow")),
        "dicts": lambda: sum(1 for _ in run.pull(mix="once")) and size,
        "JSON lines, id and text": lambda: _lines(run) and size,
    }
    for way in ways.values():
        way()  # files and libraries are in memory
    speeds: dict[str, list[float]] = {}
    for _ in range(ROUNDS):
        for name, way in ways.items():
            started = time.process_time()
            came = way()
            speeds.setdefault(name, []).append(came / (time.process_time() - started) / 1e6)
            if talk:
                print(f"{name}: {speeds[name][-1]:.1f} MB/s", file=sys.stderr)
    report = Report(("pulled as", "MB/s per core"))
    report.rows = [(name, f"{median(found):.4g}") for name, found in speeds.items()]
    report.notes.append(f"{run.kept(['id']).num_rows} documents, one thread, all columns unless named")
    report.bars = [Bar("pull_mb_per_s", median(speeds["Arrow"]), ">=", 300)]
    return report


def _arrow(batches: Iterator[pa.RecordBatch]) -> int:
    return sum(pc.sum(pc.binary_length(batch["text"])).as_py() for batch in batches)


def _lines(run: corpus_kit.Run) -> int:
    """JSON lines into memory."""
    return write_stream(run.pull(mix="once", format="arrow", columns=["id", "text"]), io.BytesIO())
