"""What corpus stages decided, counted: duplicate clusters, overlap of sources, weights of groups."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from corpus_kit.datasheet.display import one_line
from corpus_kit.datasheet.structure import Duplicates, Overlap
from corpus_kit.ledger import FileEntry

MOST_ROWS = 10_000_000
"""A decision of more rows is only summed: counting clusters holds one id a row in memory, some 0.5 GB here."""

PREFIX = "decisions/"


def duplicates(run: Path, files: Sequence[FileEntry]) -> list[Duplicates]:
    """Clusters and overlap of every dedup stage, in the order of the files."""
    found = []
    for stage, path in _decisions(run, files):
        file = pq.ParquetFile(path)
        if not {"id", "removed", "duplicate_of_id"} <= set(file.schema_arrow.names):
            continue
        found.append(_counted(stage, file))
    return found


def weights(run: Path, files: Sequence[FileEntry]) -> dict[str, list[dict[str, Any]]]:
    """Stage -> group, documents, size, shares and weight."""
    found = {}
    for stage, path in _decisions(run, files):
        table = pq.read_table(path, use_threads=False)
        if {"group", "weight"} <= set(table.schema.names):
            found[stage] = [_plain(row) for row in table.sort_by("group").to_pylist()]
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


def _counted(stage: str, file: pq.ParquetFile) -> Duplicates:
    removed = 0
    pairs: Counter[tuple[str, str]] = Counter()
    survivors: list[pa.Array] = []
    small = file.metadata.num_rows <= MOST_ROWS
    for batch in file.iter_batches(columns=["id", "removed", "duplicate_of_id"], use_threads=False):
        gone = batch.filter(pc.fill_null(batch["removed"], False))
        removed += gone.num_rows
        if small and gone.num_rows:
            survivors.append(gone["duplicate_of_id"])
            pairs.update(_source_pairs(gone))
    if not small:
        return Duplicates(stage=stage, removed=removed, clusters=None, sizes=None, overlap=None)
    sizes = _cluster_sizes(survivors)
    overlap = [Overlap(source=a, duplicate_of=b, documents=n) for (a, b), n in sorted(pairs.items())]
    return Duplicates(stage=stage, removed=removed, clusters=sum(sizes.values()), sizes=sizes, overlap=overlap)


def _cluster_sizes(survivors: list[pa.Array]) -> dict[str, int]:
    """Documents in a cluster -> clusters. Every member but the survivor names the survivor."""
    if not survivors:
        return {}
    members = pc.value_counts(pa.chunked_array(survivors)).field("counts")
    counted = Counter({one["values"] + 1: one["counts"] for one in pc.value_counts(members).to_pylist()})
    return {str(size): counted[size] for size in sorted(counted)}


def _source(ids: pa.Array) -> pa.Array:
    # an id is its source, a hyphen and a hash without hyphens (sources.document_id)
    return pc.replace_substring_regex(pc.fill_null(ids, ""), "-[^-]*$", "")


def _source_pairs(gone: pa.RecordBatch) -> Counter[tuple[str, str]]:
    table = pa.table({name: _source(gone[name]) for name in ("id", "duplicate_of_id")})
    grouped = table.group_by(["id", "duplicate_of_id"], use_threads=False).aggregate([([], "count_all")])
    return Counter({(one["id"], one["duplicate_of_id"]): one["count_all"] for one in grouped.to_pylist()})
