"""What corpus stages decided, counted: duplicates, and weights of groups."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from corpus_kit.datasheet.display import one_line
from corpus_kit.datasheet.duplicates import count_duplicates
from corpus_kit.datasheet.structure import Duplicates
from corpus_kit.ledger import FileEntry

PREFIX = "decisions/"


def duplicates(run: Path, files: Sequence[FileEntry], thresholds: Mapping[str, float]) -> list[Duplicates]:
    """Clusters, overlap and quality of every dedup stage, in the order of the files.

    `thresholds` says of stages that measure how alike documents must be.
    """
    found = []
    for stage, path in _decisions(run, files):
        file = pq.ParquetFile(path)
        if {"id", "removed", "duplicate_of_id"} <= set(file.schema_arrow.names):
            found.append(count_duplicates(stage, file, thresholds.get(stage)))
    return found


def weights(run: Path, files: Sequence[FileEntry]) -> dict[str, list[dict[str, Any]]]:
    """Stage -> group, documents, size, shares and weight."""
    found = {}
    for stage, path in _decisions(run, files):
        file = pq.ParquetFile(path)
        if {"group", "weight"} <= set(file.schema_arrow.names):
            found[stage] = [_plain(row) for row in file.read(use_threads=False).sort_by("group").to_pylist()]
    return found


def _decisions(run: Path, files: Sequence[FileEntry]) -> Iterator[tuple[str, Path]]:
    for file in files:
        if file.kind.startswith(PREFIX):
            yield file.kind.removeprefix(PREFIX), run / file.path


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    row = {key: _rounded(value) if isinstance(value, float) else value for key, value in row.items()}
    return row | {"group": one_line(row["group"])}


def _rounded(value: float) -> float | None:
    return round(value, 9) if math.isfinite(value) else None
