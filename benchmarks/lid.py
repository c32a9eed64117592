"""Language identification: the embedded model against other installable identifiers, accuracy and speed in one run.

Accuracy is on the sentences of `lid/gold_dev.jsonl`, which choose between Danish, Bokmål, Nynorsk, Swedish and
everything else; a label is right if the sentence is valid in it. Speed is of whole documents, in MB (10^6 bytes of
UTF-8 text) a second on one core. Documents held out of training are those of `corpus-kit lid eval`.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from statistics import median
from typing import NamedTuple

import orjson
import pyarrow as pa

from benchmarks.bars import Bar, Report
from benchmarks.environments import run_peer
from benchmarks.texts import data_folder, sample, text_bytes
from corpus_kit.lid.evaluate import measure as measure_model
from corpus_kit.lid.identify import Identifier, load
from corpus_kit.lid.labels import TWO_LETTER, UNDETERMINED, uniform

SIZE = 100_000_000
PEER_SIZE = 8_000_000
SLOW = {"lingua": 200}
"""Documents to time where a tool would take minutes for all."""
ROUNDS = 3
CLASSES = ("da", "nb", "nn", "sv", "other")
THREE_LETTER = {"dan": "dan_Latn", "nob": "nob_Latn", "nno": "nno_Latn", "swe": "swe_Latn"}


class Peer(NamedTuple):
    """A tool in an environment of its own."""

    name: str
    environment: str
    tool: str
    model: str | None = None


def peers(folder: Path) -> list[Peer]:
    """What we are compared with."""
    lid176 = str(folder / "lid" / "lid.176.ftz")
    return [
        Peer("lid.176.ftz, fasttext binding", "fasttext-community", "fasttext", lid176),
        Peer("lid.176.ftz, fasttext-turbo", "fasttext-turbo", "fasttext", lid176),
        Peer("HeLI-OTS, heliport", "heliport", "heliport"),
        Peer("lingua", "lingua", "lingua"),
        Peer("py3langid", "py3langid", "py3langid"),
        Peer("CLD2, pycld2", "pycld2", "pycld2"),
    ]


def measure_all(*, talk: bool) -> Report:
    """The report of the whole benchmark."""
    with tempfile.TemporaryDirectory() as temporary:
        return _measure(Path(temporary), talk=talk)


def _measure(temporary: Path, *, talk: bool) -> Report:
    folder = data_folder()
    gold = [json.loads(line) for line in (folder / "lid" / "gold_dev.jsonl").read_text("utf-8").splitlines()]
    valid = [{TWO_LETTER[name] for name in record["languages"]} for record in gold]
    texts = sample(SIZE)
    part = sample(PEER_SIZE)
    _write(temporary / "gold.jsonl", [{"text": record["text"]} for record in gold])
    _write(temporary / "documents.jsonl", part.select(["text"]).to_pylist())
    report = Report(("identifier", "all", *CLASSES, "MB/s", "start-up, s"))

    ours = load()
    found = ours.identify(pa.array([record["text"] for record in gold], pa.large_string()))
    own_scores = scores([found.names[code] for code in found.label], valid)
    own_speed, theirs = [], {}
    labels: dict[str, dict[str, float]] = {}
    for _ in range(ROUNDS):
        own_speed.append(_speed(ours, texts))
        for peer in peers(folder):
            arguments = {
                "tool": peer.tool,
                "model": peer.model,
                "texts": str(temporary / "gold.jsonl"),
                "documents": str(temporary / "documents.jsonl"),
                "most": SLOW.get(peer.tool),
                "rounds": 1,
            }
            made = run_peer(peer.environment, "identify_languages", arguments, talk=talk)
            theirs.setdefault(peer.name, []).append((made["bytes"] / made["seconds"][0] / 1e6, made["startup"]))
            labels[peer.name] = scores([_label(one) for one in made["labels"]], valid)
            if talk:
                print(f"{peer.name}: {theirs[peer.name][-1][0]:.2f} MB/s", file=sys.stderr)
    report.rows.append(_row("corpus_kit, embedded", own_scores, median(own_speed), None))
    for name, measured in theirs.items():
        speed, startup = (median(each) for each in zip(*measured, strict=True))
        report.rows.append(_row(name, labels[name], speed, startup))

    held_out = measure_model(ours, folder)
    documents = {name: score for name, score in held_out.documents.items() if name != UNDETERMINED}
    worst = min(documents, key=lambda name: documents[name].percent)
    report.notes.append(
        f"{len(gold):,} sentences; held-out documents: "
        + ", ".join(f"{name} {score.percent:.2f}% of {score.texts:,}" for name, score in sorted(documents.items()))
        + f"; pages called English: {held_out.declared_but_other.percent:.1f}%"
    )
    heliport = labels["HeLI-OTS, heliport"]["all"]
    plain = median(speed for speed, _ in theirs["lid.176.ftz, fasttext binding"])
    report.bars = [
        Bar("gold_all", own_scores["all"], ">=", 93.5),
        Bar("gold_ahead_of_heliport", own_scores["all"] - heliport, ">", 0),
        Bar("gold_worst_class", min(own_scores[name] for name in CLASSES), ">=", 90),
        Bar("documents_worst_language", documents[worst].percent, ">=", 99.5),
        Bar("declared_but_other_english", held_out.declared_but_other.percent, ">=", 98),
        Bar("speed_vs_fasttext", median(own_speed) / plain, ">=", 5),
    ]
    return report


def scores(found: list[str], valid: list[set[str]]) -> dict[str, float]:
    """Percent of right labels, of all sentences and of each class; a label outside the four languages is `other`."""
    met: Counter[str] = Counter()
    right: Counter[str] = Counter()
    short = {TWO_LETTER[name]: name for name in CLASSES}
    for label, labels in zip(found, valid, strict=True):
        known = label if label in short else UNDETERMINED
        for name in ("all", *(short[each] for each in labels)):
            met[name] += 1
            right[name] += known in labels
    return {name: 100 * right[name] / many for name, many in met.items()}


def _label(raw: str) -> str:
    """Labels of any tool in our style, as far as the four languages go."""
    return THREE_LETTER.get(raw) or uniform(raw)


def _speed(identifier: Identifier, texts: pa.Table) -> float:
    started = time.perf_counter()
    for batch in texts.to_batches(max_chunksize=1000):
        identifier.identify(batch["text"])
    return text_bytes(texts) / (time.perf_counter() - started) / 1e6


def _row(name: str, percent: dict[str, float], speed: float, startup: float | None) -> tuple[str, ...]:
    cells = [f"{percent[key]:.1f}" for key in ("all", *CLASSES)]
    return (name, *cells, f"{speed:.3g}", "" if startup is None else f"{startup:.1f}")


def _write(path: Path, rows: list[dict]) -> None:
    path.write_bytes(b"\n".join(map(orjson.dumps, rows)))
