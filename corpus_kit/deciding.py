"""What workers run to make the decision of a stage from what was grouped.

A small decision is made in one task. A large one in parts, each about the rows of some loads: first every part tells
the others what they need to know of its rows (ids of rows that a decision names, origins of rows that were removed),
then each decides, and the parts are put end to end. Both ways give the same bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from corpus_kit.corpus import receipt_of, stage_of
from corpus_kit.job import Job
from corpus_kit.kernels.graph import RowSet
from corpus_kit.keyed import KeyedWriter, between, by_load
from corpus_kit.ledger import FileEntry, Receipt
from corpus_kit.linking import bases_of
from corpus_kit.origins import FIELDS, as_lists, told_by
from corpus_kit.schema import ORIGINS
from corpus_kit.stage import CorpusStage
from corpus_kit.tables import FileInfo, TableWriter, file_digest, open_table, read_table, whole, write_table
from corpus_kit.work import left_rows

DECIDE_ROWS = 1 << 22
"""A decision of more rows is made in parts of about so many: with ids and origins a row takes some 500 bytes."""


def run_decide(job: Job) -> Receipt:
    """The decision of a stage, published under `decisions/`; it exists even when it is empty."""
    stage = stage_of(job)
    tables = [read_table(job.run / path) for path in job.args["grouped"]]
    decision = stage.decide(pa.concat_tables(tables).combine_chunks()) if tables else stage.empty_decision()
    if stage.decision == "corpus":
        info = write_table(job.staged / "decision.parquet", decision)
        return receipt_of(job, _published(job, info, {}))
    if _has_survivors(decision):
        told = _told(job, decision.filter(decision["removed"]), _earlier(job, 0, 1 << 64))
        decision = decision.append_column("origins", as_lists(told, whole(decision["row"])))
    decision, counts = by_load(decision)
    rows = np.unique(np.concatenate([_numbers(decision[name]) for name in _numbered(decision)]))
    ids = _facts_of(job, rows, ("id", ""))["id"]
    decision = _with_ids(decision, rows, whole(ids))
    groups = {str(load): i for i, load in enumerate(counts)}
    info = write_table(job.staged / "decision.parquet", decision, groups=list(counts.values()))
    return receipt_of(job, _published(job, info, groups))


def run_tell(job: Job) -> Receipt:
    """What the rows of some loads tell others: the ids of those that are named, the origins of those removed."""
    low, high = _range(job)
    entries: list[FileEntry] = []
    named = between([job.run / path for path in job.args["named"]], low, high, by="other")
    if named:
        pairs = pa.concat_tables(named)
        rows = np.unique(pairs["other"].to_numpy())
        ids = _facts_of(job, rows, ("id", ""))["id"]
        told = pairs.append_column("id", _lookup(pairs["other"], rows, whole(ids)))
        entries.append(_sent(job, "ids", told.rename_columns(["named", "row", "id"])))
    decision = _decided(job, stage_of(job), low, high)
    if decision is not None and _has_survivors(decision):
        told = _told(job, decision.filter(decision["removed"]), _earlier(job, low, high))
        entries += [_sent(job, "origins", told)] if told.num_rows else []
    return receipt_of(job, *entries)


def run_decide_part(job: Job) -> Receipt:
    """The part of a decision about the rows of some loads."""
    stage, stage_id = stage_of(job), job.args["stage"]
    low, high = _range(job)
    decision = _decided(job, stage, low, high)
    if decision is None:
        return receipt_of(job)
    if _has_survivors(decision):
        told = between([job.run / path for path in job.args["origins"]], low, high)
        table = pa.concat_tables(told) if told else _told(job, decision.slice(0, 0), [])
        decision = decision.append_column("origins", as_lists(table, whole(decision["row"])))
    decision, counts = by_load(decision)
    rows, ids = _ids_known(job, decision, low, high)
    decision = _with_ids(decision, rows, ids)
    groups = {str(load): i for i, load in enumerate(counts)}
    info = write_table(job.staged / "part.parquet", decision, groups=list(counts.values()))
    place = f"work/decide-{stage_id}/{job.args['part']:06d}.parquet"
    return receipt_of(job, job.made("part.parquet", place, f"part/{stage_id}", info, groups=groups))


def run_publish(job: Job) -> Receipt:
    """The parts of a decision end to end, under `decisions/`; and the set of rows it removed, for stages after it."""
    paths = [job.run / path for path in job.args["parts"]]
    # Parquet calls the items of a list by another name, and that would show in the file.
    fields = [(field.name, ORIGINS if field.name == "origins" else field.type) for field in _schema_of(paths[0])]
    writer = TableWriter(job.staged / "decision.parquet", pa.schema(fields))
    removes = "removed" in writer.schema.names
    dead = RowSet(bases_of(job)) if removes else None
    groups: dict[str, int] = {}
    for path in paths:
        file = open_table(path)
        for group in range(file.num_row_groups):
            table = file.read_row_group(group, use_threads=False)
            groups[str(table["row"][0].as_py() >> 32)] = len(groups)
            writer.write_group(table)
            if dead is not None:
                dead.add(table.filter(table["removed"])["row"].to_numpy())
    entries = [_published(job, writer.close(), groups)]
    if dead is not None:
        entries.append(_removed(job, dead))
    return receipt_of(job, *entries)


def _schema_of(path: Path) -> pa.Schema:
    return open_table(path).schema_arrow


def _published(job: Job, info: FileInfo, groups: dict[str, int]) -> FileEntry:
    stage_id = job.args["stage"]
    place = f"decisions/{stage_id}.parquet"
    return job.made("decision.parquet", place, f"decisions/{stage_id}", info, groups=groups)


def _range(job: Job) -> tuple[int, int]:
    """First row of the loads of a part, and the one after their last."""
    return job.args["loads"][0] << 32, job.args["loads"][1] << 32


def _decided(job: Job, stage: CorpusStage, low: int, high: int) -> pa.Table | None:
    tables = between([job.run / path for path in job.args["grouped"]], low, high)
    return stage.decide(pa.concat_tables(tables).combine_chunks()) if tables else None


def _has_survivors(decision: pa.Table) -> bool:
    return "duplicate_of_row" in decision.schema.names


def _told(job: Job, gone: pa.Table, earlier: Sequence[pa.Table]) -> pa.Table:
    """What is told of removed rows to their survivors."""
    gone = gone.sort_by("row")
    return told_by(gone, _facts_of(job, gone["row"].to_numpy(), (*FIELDS, "origins")), earlier)


def _earlier(job: Job, low: int, high: int) -> list[pa.Table]:
    """What stages deciding earlier in the same pass say of origins."""
    paths = [job.run / path for path in job.args["before"]]
    told = [path for path in paths if "origins" in open_table(path).schema_arrow.names]
    return [table for path in told for table in _one(between([path], low, high, columns=["row", "origins"]))]


def _one(tables: list[pa.Table]) -> list[pa.Table]:
    return [pa.concat_tables(tables).combine_chunks()] if tables else []


def _sent(job: Job, what: str, table: pa.Table) -> FileEntry:
    """A file for the parts that `row` belongs to."""
    stage_id = job.args["stage"]
    table = table.take(pa.array(np.argsort(table["row"].to_numpy(), kind="stable")))
    writer = KeyedWriter(job.staged / f"{what}.parquet", table.schema)
    writer.write(table)
    place = f"work/tell-{stage_id}/{job.args['part']:06d}.{what}.parquet"
    return job.made(f"{what}.parquet", place, f"{what}/{stage_id}", writer.close())


def _removed(job: Job, dead: RowSet) -> FileEntry:
    """The set as a file that workers map into memory."""
    stage_id = job.args["stage"]
    path = job.staged / "removed.rows"
    dead.save(path)
    info = FileInfo(int(dead.bases[-1]), path.stat().st_size, file_digest(path))
    return job.made("removed.rows", f"work/decide-{stage_id}/removed.rows", f"removed/{stage_id}", info)


def _ids_known(job: Job, decision: pa.Table, low: int, high: int) -> tuple[np.ndarray, pa.Array]:
    """Rows that the decision speaks of, sorted, and their ids: looked up here, or told by other parts."""
    own = np.unique(decision["row"].to_numpy())
    ids = [whole(_facts_of(job, own, ("id", ""))["id"])]
    rows = [own]
    for table in between([job.run / path for path in job.args["ids"]], low, high):
        rows.append(table["named"].to_numpy())
        ids.append(whole(table["id"]))
    unique, first = np.unique(np.concatenate(rows), return_index=True)
    return unique, pa.concat_arrays(ids).take(pa.array(first))


def _with_ids(decision: pa.Table, rows: np.ndarray, ids: pa.Array) -> pa.Table:
    """Adds `id`, and replaces every other `*_row` column by `*_id`; `rows` are sorted."""
    result = decision.add_column(0, "id", _lookup(decision["row"], rows, ids))
    for name in _numbered(decision)[1:]:
        at = result.schema.get_field_index(name)
        result = result.set_column(at, name.removesuffix("_row") + "_id", _lookup(decision[name], rows, ids))
    return result


def _numbered(decision: pa.Table) -> list[str]:
    """Columns that name rows."""
    return ["row", *(name for name in decision.schema.names if name.endswith("_row"))]


def _numbers(column: pa.ChunkedArray) -> np.ndarray:
    return column.drop_null().to_numpy().astype(np.uint64)


def _facts_of(job: Job, rows: np.ndarray, columns: Sequence[str]) -> pa.Table:
    """Columns, the last only as far as there is such, of sorted rows."""
    parts = []
    loads = (rows >> np.uint64(32)).astype(np.int64)
    for load in np.unique(loads).tolist():
        left = left_rows(job.run, job.args["segment"], load)
        table = left.table(["row", *(name for name in columns if name in left.names)])
        at = pc.index_in(pa.array(rows[loads == load]), value_set=whole(table["row"]))
        parts.append(table.take(at).drop_columns(["row"]))
    return pa.concat_tables(parts) if parts else pa.table({name: pa.array([], pa.string()) for name in columns[:-1]})


def _lookup(column: pa.ChunkedArray, rows: np.ndarray, ids: pa.Array) -> pa.Array:
    return ids.take(pc.index_in(whole(column), value_set=pa.array(rows)))
