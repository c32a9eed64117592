"""The duplicates of one stage, counted from its decision: clusters, overlap of sources, how well they were found."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from corpus_kit.datasheet.estimates import estimate
from corpus_kit.datasheet.structure import Duplicates, Estimate, LargeCluster, Overlap
from corpus_kit.sampling import hash64

MOST_ROWS = 10_000_000
"""A decision of more rows is only summed: counting clusters holds some ids a row in memory, some 1 GB here."""

LARGE = 100
"""A cluster of more documents is shown by itself: a template, an error page, or a banding that merges too much."""

MOST_LARGE = 20
"""Large clusters that are shown."""

SHOWN = 5
"""Documents of a large cluster that are named."""

_BINS = 20
"""Of similarity, between 0 and 1."""


class _Tables(NamedTuple):
    """The parts of a decision that are counted."""

    gone: pa.Table
    """The removed: id, duplicate_of_id, and similarity if the stage has any."""
    pairs: pa.Table
    """Sampled pairs: id, sampled_id; none if the stage takes no sample."""


def count_duplicates(stage: str, file: pq.ParquetFile, threshold: float | None) -> Duplicates:
    """Everything there is to tell about a decision; of a very large one only how many it removes."""
    found = Duplicates(
        stage=stage,
        removed=0,
        clusters=None,
        sizes=None,
        overlap=None,
        large=None,
        threshold=threshold,
        similarities=None,
        precision=None,
        recall=None,
    )
    if file.metadata.num_rows > MOST_ROWS:
        for batch in file.iter_batches(columns=["removed"], use_threads=False):
            found["removed"] += pc.sum(batch["removed"]).as_py() or 0
        return found
    tables = _read(file)
    members = pc.value_counts(tables.gone["duplicate_of_id"])
    sizes = Counter({one["values"] + 1: one["counts"] for one in pc.value_counts(members.field("counts")).to_pylist()})
    found["removed"] = tables.gone.num_rows
    found["clusters"] = len(members)
    found["sizes"] = {str(size): sizes[size] for size in sorted(sizes)}
    found["overlap"] = _overlap(tables.gone)
    found["large"] = _large(tables.gone, members)
    if threshold is not None:
        measured = tables.gone["similarity"].drop_null()
        found["similarities"] = _by_bin(measured)
        found["precision"] = _precision(measured, tables.gone.num_rows, threshold)
        found["recall"] = _recall(tables)
    return found


def _read(file: pq.ParquetFile) -> _Tables:
    present = set(file.schema_arrow.names)
    names = [name for name in ("id", "removed", "duplicate_of_id", "similarity", "sampled_id") if name in present]
    gone, pairs = [], []
    for batch in file.iter_batches(columns=names, use_threads=False):
        removed = batch.filter(pc.fill_null(batch["removed"], False))
        gone.append(removed.select([name for name in names if name not in ("removed", "sampled_id")]))
        if "sampled_id" in present:
            pairs.append(batch.filter(batch["sampled_id"].is_valid()).select(["id", "sampled_id"]))
    schema = file.schema_arrow
    kept = pa.schema([schema.field(name) for name in names if name not in ("removed", "sampled_id")])
    both = pa.schema([("id", pa.string()), ("sampled_id", pa.string())])
    return _Tables(pa.Table.from_batches(gone, kept), pa.Table.from_batches(pairs, both))


def _overlap(gone: pa.Table) -> list[Overlap]:
    table = pa.table({name: _source(gone[name]) for name in ("id", "duplicate_of_id")})
    grouped = table.group_by(["id", "duplicate_of_id"], use_threads=False).aggregate([([], "count_all")])
    pairs = sorted((one["id"], one["duplicate_of_id"], one["count_all"]) for one in grouped.to_pylist())
    return [Overlap(source=a, duplicate_of=b, documents=n) for a, b, n in pairs]


def _source(ids: pa.ChunkedArray) -> pa.ChunkedArray:
    # an id is its source, a hyphen and a hash without hyphens (sources.document_id)
    return pc.replace_substring_regex(pc.fill_null(ids, ""), "-[^-]*$", "")


def _large(gone: pa.Table, members: pa.StructArray) -> list[LargeCluster]:
    is_large = pc.greater_equal(members.field("counts"), LARGE)
    every = sorted(((one["counts"] + 1, one["values"]) for one in members.filter(is_large).to_pylist()), reverse=True)
    found = []
    for documents, kept in every[:MOST_LARGE]:
        ids = gone.filter(pc.equal(gone["duplicate_of_id"], kept))["id"].to_pylist()
        sample = sorted(ids, key=lambda one: hash64("large-cluster", one))[:SHOWN]
        found.append(LargeCluster(kept=kept, documents=documents, sample=sample))
    return found


def _by_bin(similarity: pa.ChunkedArray) -> dict[str, int]:
    bins = pc.min_element_wise(pc.floor(pc.multiply(similarity, _BINS)), _BINS - 1)
    counts = {one["values"]: one["counts"] for one in pc.value_counts(bins).to_pylist()}
    return {f"{each / _BINS:g}": counts[each] for each in sorted(counts)}


def _precision(measured: pa.ChunkedArray, removed: int, threshold: float) -> Estimate:
    hits = pc.sum(pc.greater_equal(measured, threshold)).as_py() or 0
    return estimate(hits, len(measured), complete=len(measured) == removed)


def _recall(tables: _Tables) -> Estimate | None:
    """None if no pair was sampled: a stage that does not verify takes no such sample."""
    if not tables.pairs.num_rows:
        return None
    ids = tables.gone["id"].combine_chunks()
    lost = [pc.is_in(tables.pairs[name], value_set=ids) for name in ("id", "sampled_id")]
    return estimate(pc.sum(pc.or_(*lost)).as_py(), tables.pairs.num_rows)
