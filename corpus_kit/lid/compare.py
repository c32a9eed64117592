"""Compares language models on labelled texts: accuracy by class and length, confusions, calibration and speed."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from corpus_kit.errors import PlanError
from corpus_kit.lid.evaluate import length_name
from corpus_kit.lid.identify import EMBEDDED, Identifier, load
from corpus_kit.lid.labels import UNDETERMINED, uniform
from corpus_kit.lid.robustness import Score, letters, reliability

EMBEDDED_NAME = "embedded"
_FIELDS = ("languages", "labels", "lang")
_COMPRESSION = {".zst": "zstd", ".gz": "gzip", ".bz2": "bz2"}
_MOST_CONFUSIONS = 20


class Labelled(NamedTuple):
    """A text and every label that is right for it."""

    text: str
    labels: frozenset[str]


def read(path: Path) -> list[Labelled]:
    """The labelled texts of a JSONL file, or of every JSONL file in a folder.

    A record has `text`, and `languages` or `labels` (every language it is valid in) or `lang`. Other records are
    passed over. Raises PlanError if there is none or a line is no JSON.
    """
    files = [path] if path.is_file() else sorted(file for file in path.rglob("*.jsonl*") if file.is_file())
    found = [one for file in files for one in _records(file)]
    if not found:
        raise PlanError(f"{path} has no records with 'text' and 'lang' or 'labels'")
    return found


def _records(file: Path) -> Iterator[Labelled]:
    with pa.input_stream(str(file), compression=_COMPRESSION.get(file.suffix)) as stream:
        lines = stream.read().decode("utf-8", "replace").split("\n")
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except ValueError as error:
            raise PlanError(f"{file}:{number} is not a JSON record") from error
        named = next((record[field] for field in _FIELDS if isinstance(record, dict) and record.get(field)), None)
        names = [named] if isinstance(named, str) else named
        if isinstance(names, list) and isinstance(record.get("text"), str):
            yield Labelled(record["text"], frozenset(uniform(_OTHER.get(str(name), str(name))) for name in names))


_OTHER = {"other": UNDETERMINED, "unknown": UNDETERMINED}


class Comparison(NamedTuple):
    """What one model makes of the texts; `as_json` is the same as plain data."""

    model: str
    classes: dict[str, Score]
    lengths: dict[str, Score]
    confusions: list[tuple[str, str, int]]
    calibration_error: dict[str, float]
    mb_per_second: float

    def as_json(self) -> dict[str, Any]:
        """Plain data for `--json`."""
        scores = {"classes": self.classes, "lengths": self.lengths}
        shown = {
            part: {name: {"texts": s.texts, "right": s.right, "percent": round(s.percent, 2)} for name, s in by.items()}
            for part, by in scores.items()
        }
        confusions = [{"label": a, "called": b, "times": times} for a, b, times in self.confusions]
        errors = {name: round(error, 4) for name, error in self.calibration_error.items()}
        speed = round(self.mb_per_second, 2)
        return {"model": self.model, **shown, "confusions": confusions, "calibration_error": errors, "mb_per_s": speed}


def compare(models: Sequence[str], data: Path) -> list[Comparison]:
    """One comparison for each model: `embedded`, or the path of a fastText model."""
    texts = read(data)
    named = [(name, load(EMBEDDED if name == EMBEDDED_NAME else Path(name))) for name in models]
    return [examine(name, identifier, texts) for name, identifier in named]


def examine(name: str, identifier: Identifier, texts: Sequence[Labelled]) -> Comparison:
    """What a model makes of labelled texts.

    A label that no text has counts as `und`: of data in four languages and `other`, French is as right as `und`.
    """
    known = frozenset().union(*(one.labels for one in texts)) - {UNDETERMINED}
    column = pa.array([one.text.encode("utf-8", "replace").decode() for one in texts], pa.large_string())
    started = time.process_time()
    said = identifier.identify(column)
    seconds = time.process_time() - started
    called = [said.names[code] if said.names[code] in known else UNDETERMINED for code in said.label]
    right = [label in one.labels for label, one in zip(called, texts, strict=True)]
    met: Counter[str] = Counter()
    well: Counter[str] = Counter()
    wrong: Counter[tuple[str, str]] = Counter()
    size_met: Counter[str] = Counter()
    size_well: Counter[str] = Counter()
    for one, label, is_right in zip(texts, called, right, strict=True):
        size = length_name(max(letters(one.text), 1))
        size_met[size] += 1
        size_well[size] += is_right
        for valid in ("all", *one.labels):
            met[valid] += 1
            well[valid] += is_right
        if not is_right:
            wrong["/".join(sorted(one.labels)), label] += 1
    reliable = reliability("data", identifier, [one.text for one in texts], right)
    return Comparison(
        model=name,
        classes={label: Score(met[label], well[label]) for label in sorted(met)},
        lengths={size: Score(size_met[size], size_well[size]) for size in sorted(size_met, key=_low)},
        confusions=[(a, b, times) for (a, b), times in wrong.most_common(_MOST_CONFUSIONS)],
        calibration_error={size: found.error for (_, size), found in reliable.items()},
        mb_per_second=sum(len(one.text.encode("utf-8", "replace")) for one in texts) / 1e6 / max(seconds, 1e-9),
    )


def _low(size: str) -> int:
    return int(size.split("-")[0].rstrip("+"))


def lines(compared: Sequence[Comparison]) -> list[str]:
    """The comparison as tables, one column a model."""
    width = max(12, *(len(_short(one.model)) + 2 for one in compared))
    shown = [f"{'percent right':20}{'texts':>8}" + "".join(f"{_short(one.model):>{width}}" for one in compared)]
    for part, title in (("classes", ""), ("lengths", "letters ")):
        for name in getattr(compared[0], part):
            scores = [getattr(one, part)[name] for one in compared]
            values = "".join(f"{score.percent:{width}.2f}" for score in scores)
            shown.append(f"{title + name:20}{scores[0].texts:8}{values}")
    shown += ["", f"{'calibration error':28}"]
    for name in compared[0].calibration_error:
        values = "".join(f"{one.calibration_error[name]:{width}.4f}" for one in compared)
        shown.append(f"{'letters ' + name if name != 'all' else name:28}{values}")
    shown += ["", f"{'MB/s':28}" + "".join(f"{one.mb_per_second:{width}.1f}" for one in compared)]
    for one in compared:
        shown += ["", f"most frequent mistakes of {_short(one.model)}"]
        shown += [f"  {label:20} called {called:12}{times:6}" for label, called, times in one.confusions]
    return shown


def _short(model: str) -> str:
    return model if model == EMBEDDED_NAME else Path(model).name
