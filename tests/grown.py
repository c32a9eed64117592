"""Helpers of the tests about earlier runs: sources with duplicates across them, runs of both, and what was kept."""

from __future__ import annotations

import importlib
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import laws
import pytest
import toy

import corpus_kit

RECIPE = """\
recipe: 1
name: grown
stages:
  - normalize
  - dedup: {method: exact, as: exact, index: true, against: POLICY, prefer: [PREFER]}
  - dedup: {method: minhash, as: near, index: true, against: POLICY, ngram: 3, bands: 25, rows: 5, threshold: 0.75,
            prefer: [PREFER]}
split_bytes: 20000
shard_bytes: 40000
reject_text: all
"""

_made: dict[str, Any] = {}


def text_of(policy: str = "frozen", *, prefer: str = "source_order", sources: Sequence[str] = ()) -> str:
    text = RECIPE.replace("POLICY", policy).replace("PREFER", prefer)
    return text.replace("stages:", f"sources: [{', '.join(sources)}]\nstages:") if sources else text


def varied(number: int, version: int) -> str:
    """A text and its versions, each less like the first than the one before."""
    words = laws.text(number).split()
    chance = random.Random(f"{number} {version}")
    for _ in range(version):
        words[chance.randrange(len(words))] = f"andet{chance.randrange(10**6)}"
    return " ".join(words)


def documents(numbers: Sequence[int], versions: Sequence[int]) -> list[dict[str, Any]]:
    found = [{"text": varied(n, v), "url": f"https://{n}.example/{v}"} for n in numbers for v in versions]
    random.Random(len(found)).shuffle(found)
    return found


def write(folder: Path, source: str, found: Sequence[dict[str, Any]]) -> Path:
    half = len(found) // 2
    return toy.write_source(folder / source, source, files={"a.jsonl": found[:half], "b.jsonl": found[half:]})


def run(recipe: str, inputs: Sequence[Path], output: Path, **options: Any) -> corpus_kit.Run:
    """A run without the datasheet, which takes longer than all the rest."""
    closing = importlib.import_module("corpus_kit.closing")
    bound = corpus_kit.resolve_inputs([str(one) for one in inputs])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(closing, "render_datasheet", lambda run, *_: (run / "datasheet").mkdir(exist_ok=True))
        return corpus_kit.run(corpus_kit.parse_recipe(recipe), bound, output, workers=1, **options)


def old_source(factory: pytest.TempPathFactory) -> Path:
    if "old" not in _made:
        found = documents(range(20), [0, 1, 4, 8]) + documents(range(5), [0])
        _made["old"] = write(factory.mktemp("grown"), "a-old", found)
    return _made["old"]


def new_source(factory: pytest.TempPathFactory) -> Path:
    if "new" not in _made:
        found = documents(range(14, 30), [0, 2, 5, 9]) + documents(range(28, 30), [0])
        _made["new"] = write(factory.mktemp("grown"), "b-new", found)
    return _made["new"]


def base(factory: pytest.TempPathFactory) -> corpus_kit.Run:
    """The old source alone. Shared: read only."""
    if "base" not in _made:
        _made["base"] = run(text_of(), [old_source(factory)], factory.mktemp("runs") / "base", against=())
    return _made["base"]


def grown(factory: pytest.TempPathFactory) -> corpus_kit.Run:
    """The new source against the old run, which is frozen. Shared: read only."""
    if "grown" not in _made:
        against = [base(factory).path]
        _made["grown"] = run(text_of(), [new_source(factory)], factory.mktemp("runs") / "grown", against=against)
    return _made["grown"]


def kept(run: corpus_kit.Run) -> set[str]:
    return set(run.kept(["id"])["id"].to_pylist())


def duplicates(run: corpus_kit.Run, stage: str) -> dict[str, str]:
    """Removed document -> the one that it duplicates."""
    found = run.decisions(stage).select(["id", "removed", "duplicate_of_id"]).to_pylist()
    return {one["id"]: one["duplicate_of_id"] for one in found if one["removed"]}


def changes(run: corpus_kit.Run, stage: str) -> dict[str, str]:
    """Document of the earlier run -> what changes for it."""
    return {one["id"]: one["change"] for one in run.decisions(f"{stage}.changes").to_pylist()}
