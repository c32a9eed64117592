"""Toy data of the unit tests: batches, source folders, plans, and the running of single tasks."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from corpus_kit.commit import commit_files
from corpus_kit.inputs import Input, resolve_inputs
from corpus_kit.ledger import Receipt, write_receipt
from corpus_kit.plan import Plan
from corpus_kit.planner import plan
from corpus_kit.recipe import parse_recipe
from corpus_kit.schema import COLUMNS, REASON, set_columns
from corpus_kit.tasks import Outcome, Settings, Task, perform

RECIPE = """\
recipe: 1
name: toy
stages:
  - normalize
  - filter: {rulesets: [RULES], unknown_language: default}
  - dedup: {method: exact}
  - dedup: {method: minhash, ngram: 2}
  - weight: {by: [lang], alpha: 0.5}
split_bytes: 4096
"""

RULES = "cites: Toy 2024\nrules:\n  word_count: {keep: [5, 1000]}\n"

DANISH = "Den gamle mand gik ned til havnen, og han så på skibene, som kom hjem fra det store hav i aften."
SWEDISH = "En liten flicka satt på bryggan och räknade måsarna, som flög över vattnet hela den långa dagen."
ENGLISH = "It was a bright and windy morning, and the people of the town went out to see what the sea had left."

DOCUMENTS: list[dict[str, Any]] = [
    {"text": DANISH, "lang": "dan_Latn", "url": "https://a.example/1", "title": "Havnen"},
    {"text": SWEDISH, "lang": "swe_Latn"},
    {"text": ENGLISH, "lang": "eng_Latn"},
    {"text": DANISH.upper(), "lang": "dan_Latn", "padding": "x" * 3400},  # the same when folded
    {"text": SWEDISH + " Slut.", "lang": "swe_Latn"},  # nearly the same
    {"text": "For kort.", "lang": "dan_Latn"},
    {"title": "no text at all"},
]
"""Read: 7. Kept: 3. One reject each of read, filter, dedup and dedup.2. The first four fill a load of 4096 bytes."""


def recipe(folder: Path) -> str:
    """The toy recipe, its ruleset written into the folder."""
    path = folder / "toy_rules.yaml"
    path.write_text(RULES)
    return RECIPE.replace("RULES", str(path))


def batch(texts: Sequence[str | None], **columns: Sequence[Any]) -> pa.RecordBatch:
    """A batch as the runner hands it to a stage, with `row` numbers; other columns are null unless given."""
    count = len(texts)
    given: dict[str, Sequence[Any]] = {
        "id": [f"s-{i}" for i in range(count)],
        "source": ["s"] * count,
        "text": texts,
        **columns,
    }
    arrays = {name: pa.array(given.get(name, [None] * count), kind) for name, (kind, _) in COLUMNS.items()}
    row = given.get("row", range(count))
    return set_columns(pa.RecordBatch.from_pydict(arrays), {"row": pa.array(row, pa.uint64())})


def with_columns(one: pa.RecordBatch, **columns: pa.Array) -> pa.RecordBatch:
    return set_columns(one, columns)


def codes(one: pa.RecordBatch) -> list[list[str]]:
    """The reason codes of every row."""
    return [[reason["code"] for reason in reasons or ()] for reasons in one["reasons"].to_pylist()]


def reason(code: str, value: float | None = None, low: float | None = None, high: float | None = None) -> pa.Scalar:
    return pa.scalar({"code": code, "value": value, "low": low, "high": high}, REASON)


def write_card(folder: Path, source: str, *, category: str = "web", more: str = "") -> Path:
    """A folder with a source card."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "source.yaml").write_text(
        f"id: {source}\ntitle: {source}\nsummary: Made for a test.\n"
        f"category: {category}\nrights: {{spdx: CC0-1.0}}\n{more}"
    )
    return folder


def write_source(
    folder: Path,
    source: str = "toy",
    *,
    files: Mapping[str, Iterable[dict[str, Any]]],
    category: str = "web",
    more: str = "",
) -> Path:
    """A folder of JSONL files with a source card."""
    write_card(folder, source, category=category, more=more)
    for name, documents in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(json.dumps(one, ensure_ascii=False) + "\n" for one in documents), "utf-8")
    return folder


def plan_of(recipe: str, inputs: Sequence[Input | Path | str], **options: Any) -> Plan:
    """The plan of a recipe text over inputs or folders."""
    bound = [one if isinstance(one, Input) else resolve_inputs([str(one)])[0] for one in inputs]
    return plan(parse_recipe(recipe), bound, **options)


def open_run(path: Path, planned: Plan) -> Path:
    """A run directory with its plan and nothing done."""
    path.mkdir(parents=True, exist_ok=True)
    (path / "plan.json").write_text(planned.model_dump_json())
    return path


def attempt(run: Path, kind: str, name: str, /, *, batch_rows: int = 1024, **args: Any) -> Outcome:
    """Performs one task without committing it."""
    fingerprint = Plan.model_validate_json((run / "plan.json").read_bytes()).fingerprint
    return perform(str(run), fingerprint, Task(name, kind, "f", args), Settings(batch_rows=batch_rows))


def done(run: Path, kind: str, name: str, /, *, batch_rows: int = 1024, **args: Any) -> Receipt:
    """Performs one task and commits it."""
    outcome = attempt(run, kind, name, batch_rows=batch_rows, **args)
    assert outcome.error is None, outcome.error
    receipt = Receipt.model_validate(outcome.receipt)
    commit_files(run, Path(outcome.staged), outcome.moves)
    write_receipt(run, receipt)
    return receipt
