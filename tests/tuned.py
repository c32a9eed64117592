"""A run in which bounds differ by language, category and stage, for the tests of `tune`: nulls, NaN, `any`, scopes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import toy

import corpus_kit
from corpus_kit.ledger import Tally
from corpus_kit.metrics import METRICS
from corpus_kit.stages.filter import Filter
from corpus_kit.tables import write_table

RULES = """\
cites: Toy 2024
rules:
  word_count: {keep: [6, 40]}
  stop_word_count: {keep: [1, null]}
  mean_word_length: {keep: [3, 6]}
  digit_share: {keep: [null, 0.2], open: high}
  short_or_plain:
    any:
      - word_count: {keep: [null, 9]}
      - digit_share: {keep: [null, 0.05]}
categories:
  code: {digit_share: null}
"""

MORE_RULES = "cites: Toy 2025\nrules:\n  word_count: {keep: [8, null]}\n"

PLUGIN = '''\
"""Metrics of a test."""

from corpus_kit.metrics import metric


@metric("digit_share", kind="fraction")
def digit_share(doc):
    """Share of digits; undefined for a text that begins with a question mark.

    >>> 1 + 1
    2
    """
    return float("nan") if doc.text.startswith("?") else sum(c.isdigit() for c in doc.text) / max(1, len(doc.text))
'''

RECIPE = """\
recipe: 1
name: tuned
stages:
  - normalize
  - filter:
      rulesets: [{folder}/own.yaml]
      unknown_language: default
      override: {{own.stop_word_count: "2:"}}
      categories: {{books: {{own.word_count: [3, 1000]}}}}
  - filter:
      as: strict
      rulesets: [{folder}/more.yaml]
      only: {{category: [web, books]}}
      languages: [dan_Latn, swe_Latn]
  - dedup: {{method: exact, as: exact}}
  - weight: {{by: [lang], alpha: 0.5}}
{settings}"""

BEGINNINGS = {
    "dan_Latn": "Den gamle mand gik ned til havnen og så på skibene som kom hjem fra det store hav i aften",
    "swe_Latn": "En liten flicka satt på bryggan och räknade måsarna som flög över vattnet hela den långa dagen",
    "nno_Latn": "Ein gamal mann gjekk ned til hamna og såg på skipa som kom heim frå det store havet i kveld",
    "pol_Latn": "Stary człowiek poszedł do portu i patrzył na statki które wracały do domu z wielkiego morza",
}
LENGTHS = (2, 5, 7, 8, 9, 12, 17)
ENDINGS = ("", " 7", " 2024 12 31 999999 12345678901234567890", " internationaliseringsbestræbelser")


def texts(lang: str | None) -> Iterator[str]:
    """Beginnings of different length with endings that please and displease the rules."""
    words = BEGINNINGS.get(lang or "dan_Latn", "").split()
    for length in LENGTHS:
        for ending in ENDINGS:
            yield " ".join(words[:length]) + ending
    yield "? " + " ".join(words)
    yield " ".join(words * 3)
    yield " ".join(words)  # the same as one above


def write(folder: Path) -> Path:
    """Sources of three categories, each in four languages and in none, with rulesets and a plug-in."""
    for category in ("web", "books", "code"):
        documents = [{"text": text, "lang": lang} for lang in (*BEGINNINGS, None) for text in texts(lang)]
        lines = [{key: value for key, value in one.items() if value is not None} for one in documents]
        files = {"a.jsonl": lines[::2], "b.jsonl": lines[1::2]}
        toy.write_source(folder / category, category, files=files, category=category, more="fields: {lang: lang}\n")
    (folder / "own.yaml").write_text(RULES)
    (folder / "more.yaml").write_text(MORE_RULES)
    (folder / "plugin.py").write_text(PLUGIN)
    return folder


@contextmanager
def plugged() -> Iterator[None]:
    """Forgets the metric of the plug-in afterwards, which other tests would take for a shipped one."""
    before = METRICS.get("digit_share")
    try:
        yield
    finally:
        if before is None:
            METRICS.pop("digit_share", None)


def run(
    folder: Path, output: str = "run", *, settings: str = "", changes: Mapping[str, str] | None = None
) -> corpus_kit.Run:
    """The run, or one with other parts of the recipe."""
    text = RECIPE.format(folder=folder, settings=settings)
    for old, new in (changes or {}).items():
        assert old in text
        text = text.replace(old, new)
    inputs = corpus_kit.resolve_inputs([str(folder / name) for name in ("web", "books", "code")])
    recipe = corpus_kit.parse_recipe(text)
    return corpus_kit.run(recipe, inputs, folder / output, workers=1, plugin=folder / "plugin.py")


def judged(run: corpus_kit.Run, stage: str) -> dict[str, bool]:
    """Id -> whether the stage kept the document."""
    table = run.metrics(stage)
    return dict(zip(table["id"].to_pylist(), table["kept"].to_pylist(), strict=True))


def waterfall(run: corpus_kit.Run) -> dict[str, tuple[int, int]]:
    return {step.stage: (step.documents_in, step.kept) for step in run.waterfall()}


def dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def made_up_run(folder: Path, documents: int) -> Path:
    """A run directory of which only the plan, metrics and rejects are real, and the documents made up."""
    source = toy.write_source(folder / "in", files={"a.jsonl": toy.DOCUMENTS[:1]}, more="fields: {lang: lang}\n")
    planned = toy.plan_of(
        "recipe: 1\nstages: [{filter: {rulesets: [gopher], unknown_language: default}}, {dedup: {method: exact}}]\n",
        [source],
    )
    stage = planned.build("filter")
    assert isinstance(stage, Filter)
    run = toy.open_run(folder / "run", planned)
    files = []
    for number, start in enumerate(range(0, documents, 1 << 20)):
        rows = _made_up(stage, np.random.default_rng(number), min(1 << 20, documents - start))
        rejects = rows.filter(pc.invert(rows["kept"])).select(["id", "source", "category", "lang", "text_bytes"])
        for name, value, kind in (
            ("origin", None, pa.string()),
            ("url", None, pa.string()),
            ("stage", "filter", pa.string()),
            ("text", None, pa.large_string()),
        ):
            rejects = rejects.append_column(name, pa.repeat(pa.scalar(value, kind), rejects.num_rows))
        for kind, table in (("metrics/filter", rows), ("rejects", rejects)):
            path = run / kind / f"{number:05d}.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            files.append({"path": str(path.relative_to(run)), "kind": kind, **write_table(path, table)._asdict()})
    (run / "manifest.json").write_text(json.dumps({"files": files, "tally": Tally().to_json()}))
    return run


def _made_up(stage: Filter, chance: np.random.Generator, count: int) -> pa.Table:
    """Values that look like those of web pages, and the verdicts that follow from them."""
    labels = [*BEGINNINGS, "eng_Latn", "isl_Latn", "fao_Latn"]
    which = chance.integers(0, len(labels), count)
    values: dict[str, np.ndarray] = {}
    for rule in stage.rules_for(None):
        [name] = rule.metrics
        if name.endswith("count"):
            values[name] = np.floor(chance.lognormal(5, 1.2, count))
        elif name == "mean_word_length":
            values[name] = chance.normal(5.5, 0.8, count)
        elif name == "alpha_word_fraction":
            values[name] = chance.beta(30, 2, count)
        else:
            values[name] = np.where(chance.random(count) < 0.5, 0, chance.beta(1, 30, count))
        values[name][chance.random(count) < 0.0005] = np.nan
    kept = np.ones(count, np.bool_)
    for number, label in enumerate(labels):
        for rule in stage.rules_for(label, "web"):
            kept &= ~((which == number) & rule.conditions[0].fails(values[rule.metrics[0]]))
    ids = pc.binary_join_element_wise("made-up", pa.array(np.char.mod("%016x", chance.integers(0, 2**63, count))), "-")
    told = {
        "id": ids,
        "source": pa.array([f"source-{i}" for i in range(7)]).take(pa.array(chance.integers(0, 7, count))),
        "category": pa.repeat("web", count),
        "lang": pa.array(labels).take(pa.array(which)),
        "kept": pa.array(kept),
        "text_bytes": pa.array(chance.integers(100, 20_000, count)),
    }
    return pa.table(told | {name: pa.array(column, mask=np.isnan(column)) for name, column in values.items()})
