"""What was held out of training, and which benchmarks were found in the corpus, counted from the decisions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from corpus_kit.datasheet.display import one_line
from corpus_kit.ledger import FileEntry
from corpus_kit.plan import Plan
from corpus_kit.stages.decontaminate import EXAMPLES, shown

PREFIX = "decisions/"


def splits(run: Path, plan: Plan, files: Sequence[FileEntry]) -> dict[str, list[dict[str, Any]]]:
    """Split stage -> split, source, language, documents and bytes of what it held out; stages after it may reject some.

    What was drawn and stays in train is counted, too, under the reason: `large`, `alike` or `cap`.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    for stage, path in _decisions(run, plan, files, "split"):
        documents: Counter[tuple[str, ...]] = Counter()
        size: Counter[tuple[str, ...]] = Counter()
        columns = ["split", "why", "source", "lang", "bytes"]
        for batch in pq.ParquetFile(path).iter_batches(columns=columns, use_threads=False):
            for one in batch.to_pylist():
                key = (one["split"], one["why"] or "", one["source"] or "", one["lang"] or "")
                documents[key] += 1
                size[key] += one["bytes"]
        names = ("split", "why", "source", "language")
        found[stage] = [
            {**dict(zip(names, map(one_line, key), strict=True)), "documents": many, "bytes": size[key]}
            for key, many in sorted(documents.items())
        ]
    return found


def contamination(run: Path, plan: Plan, files: Sequence[FileEntry]) -> dict[str, list[dict[str, Any]]]:
    """Decontamination stage -> of each benchmark and split: examples looked for, found, and found in part.

    `contaminated` examples have a text that was found to the bound, in so many `documents`; `partly` those of which
    less was found; `frequent` those with n-grams in too many documents to count.
    """
    found = {}
    for stage, path in _decisions(run, plan, files, "decontaminate"):
        examples: dict[str, dict[str, set[Any]]] = {}
        columns = ["id", "benchmark", "split", "example", "kind", "contaminated"]
        for batch in pq.ParquetFile(path).iter_batches(columns=columns, use_threads=False):
            for one in batch.to_pylist():
                sets = examples.setdefault(shown(one["benchmark"], one["split"]), {})
                kind = "contaminated" if one["contaminated"] else "frequent" if one["kind"] == "frequent" else "partly"
                sets.setdefault(kind, set()).add(one["example"])
                if one["contaminated"]:
                    sets.setdefault("documents", set()).add(one["id"])
        looked = {
            number.name.removeprefix(EXAMPLES): number.value
            for number in plan.stage(stage).numbers
            if number.name.startswith(EXAMPLES)
        }
        found[stage] = [_counts(name, examples.get(name, {}), many) for name, many in looked.items()]
    return found


def _counts(name: str, sets: dict[str, set[Any]], looked: int) -> dict[str, Any]:
    contaminated, partly = sets.get("contaminated", set()), sets.get("partly", set())
    return {
        "benchmark": one_line(name),
        "examples": looked,
        "contaminated": len(contaminated),
        "partly": len(partly - contaminated),
        "frequent": len(sets.get("frequent", set())),
        "documents": len(sets.get("documents", set())),
    }


def _decisions(run: Path, plan: Plan, files: Sequence[FileEntry], name: str) -> Iterator[tuple[str, Path]]:
    stages = {stage.id for stage in plan.stages if stage.name == name}
    for file in files:
        if file.kind.startswith(PREFIX) and file.kind.removeprefix(PREFIX) in stages:
            yield file.kind.removeprefix(PREFIX), run / file.path
