"""Bridge to training: how fast the documents of a finished run come out, shuffled and mixed, or as tokens.

MB are 10^6 bytes of UTF-8 text, per second of processor time of all threads. The run is a real one, with all columns
and page checksums; the rounds of the measurements are taken in turn. Tokens are made of it by us, by datatrove and as
Megatron does it, with one tokenizer, and must be the same.
"""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

import pyarrow as pa
import pyarrow.compute as pc

import corpus_kit
import corpus_kit.bridge.megatron_tokenize
import corpus_kit.tokenizers.load
from benchmarks.bars import Bar, Report, ratio
from benchmarks.environments import PeerFailed, run_peer
from benchmarks.texts import NoData, data_folder, sample, write_files
from corpus_kit.bridge.megatron import Choices, export_megatron
from corpus_kit.pull.files import write_stream

SIZE = 400_000_000
TOKENIZED = 40_000_000
ROUNDS = 3

TOKENIZER = "tokenizers/nordic_pile_gptneox/tokenizer_gptneox/tokenizer.json"
"""In the data folder: byte-level BPE of 64,000 pieces, as all three can load it."""

END = "<|endoftext|>"

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
        report = _measure(_make_run(Path(folder), sample(SIZE)), talk=talk)
    with tempfile.TemporaryDirectory() as folder:
        plain = sample(TOKENIZED)
        # The others take a literal marker in a text for the real thing.
        plain = plain.filter(pc.invert(pc.match_substring_regex(plain["text"], r"<\|")))
        _binarize(_make_run(Path(folder), plain), Path(folder), report, talk=talk)
    return report


def _make_run(folder: Path, texts: pa.Table) -> corpus_kit.Run:
    write_files(texts, folder / "texts", 8)
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
    report = Report(("documents of a run", "MB/s per core"))
    report.rows = [(f"pulled: {name}", f"{median(found):.4g}") for name, found in speeds.items()]
    report.notes.append(f"pulled: {run.kept(['id']).num_rows} documents, one thread, all columns unless named")
    report.bars = [Bar("pull_mb_per_s", median(speeds["Arrow"]), ">=", 300)]
    return report


def _arrow(batches: Iterator[pa.RecordBatch]) -> int:
    return sum(pc.sum(pc.binary_length(batch["text"])).as_py() for batch in batches)


def _lines(run: corpus_kit.Run) -> int:
    """JSON lines into memory."""
    return write_stream(run.pull(mix="once", format="arrow", columns=["id", "text"]), io.BytesIO())


def _binarize(run: corpus_kit.Run, folder: Path, report: Report, *, talk: bool) -> None:
    """Adds to the report how fast tokens are made."""
    tokenizer = data_folder() / TOKENIZER
    if not tokenizer.is_file():
        raise NoData(f"no tokenizer to measure with: {tokenizer}")
    size = _arrow(iter(run.kept(["text"]).to_batches()))
    lines = folder / "texts.jsonl"
    with lines.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps({"text": text}) + "\n" for text in run.kept(["text"])["text"].to_pylist())
    asked = {"tokenizer": str(tokenizer), "end": END, "rounds": 1}
    ways: dict[str, Callable[[], tuple[float, str]]] = {
        "ours": lambda: _ours(run, folder / "export", tokenizer),
        "datatrove": lambda: _theirs("datatrove", "datatrove_tokenize", asked | {"data": str(run.path / "data")}),
        "megatron": lambda: _theirs("megatron", "megatron_preprocess", asked | {"lines": str(lines)}),
    }
    speeds: dict[str, list[float]] = {}
    digests: dict[str, str] = {}
    for _ in range(ROUNDS):
        for name, way in ways.items():
            seconds, digests[name] = way()
            speeds.setdefault(name, []).append(size / seconds / 1e6)
            if talk:
                print(f"tokens by {name}: {speeds[name][-1]:.2f} MB/s", file=sys.stderr)
    if len(set(digests.values())) > 1:
        raise PeerFailed(f"the tokens differ: {digests}")
    report.rows += [(f"tokens: {name}", f"{median(found):.4g}") for name, found in speeds.items()]
    report.notes.append(f"tokens: {size / 1e6:.0f} MB to .bin and .idx, read back and digested by us; the same by all")
    report.bars += [
        Bar("tokenize_vs_datatrove", ratio(speeds["ours"], speeds["datatrove"]), ">=", 1.2),
        Bar("tokenize_vs_megatron", ratio(speeds["ours"], speeds["megatron"]), ">=", 1.2),
    ]


def _ours(run: corpus_kit.Run, output: Path, tokenizer: Path) -> tuple[float, str]:
    """Seconds and digest of a whole export, with nothing remembered from the one before but the library."""
    corpus_kit.tokenizers.load._load.cache_clear()
    corpus_kit.bridge.megatron_tokenize._tokenizer.cache_clear()
    corpus_kit.tokenizers.load_tokenizer(tokenizer)  # the others, too, have loaded it
    started = time.process_time()
    [made] = export_megatron(
        run.path, output, tokenizer=tokenizer, choices=Choices(by=("source",), end=END), mix="once", workers=1
    ).datasets
    seconds = time.process_time() - started
    digest = hashlib.sha256((output / f"{made.name}.bin").read_bytes()).hexdigest()
    shutil.rmtree(output)
    return seconds, digest


def _theirs(peer: str, script: str, arguments: dict[str, object]) -> tuple[float, str]:
    found = run_peer(peer, script, arguments, talk=False)
    return found["seconds"][0], found["digest"]
