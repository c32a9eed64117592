"""What workers run for a corpus stage: collect again, group a key partition, link, decide.

Integers called `row` (load << 32 | number in the load) live inside a stage only; a decision that leaves it
speaks of ids.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from corpus_kit.job import Job
from corpus_kit.keyed import by_load, by_partition, without_rows
from corpus_kit.ledger import FileEntry, Receipt
from corpus_kit.origins import FIELDS, with_origins
from corpus_kit.shard import work_file
from corpus_kit.stage import CorpusStage
from corpus_kit.tables import open_table, read_table, write_table


def run_collect(job: Job) -> Receipt:
    """A later round over one load: only rows that the round before asked for."""
    stage, stage_id, round = _stage(job), job.args["stage"], job.args["round"]
    wanted = open_table(job.run / job.args["wanted"]["path"]).read_row_group(
        job.args["wanted"]["group"], use_threads=False
    )
    numbers = wanted["row"].to_numpy()
    source = job.run / work_file(job.args["segment"], job.args["load"])
    tables = []
    columns = sorted({"row", "id", *stage.columns_collected(), *stage.scope_columns()})
    for batch in open_table(source).iter_batches(batch_size=job.batch_rows, columns=columns, use_threads=False):
        inside = batch.filter(pa.array(np.isin(batch["row"].to_numpy(), numbers)))
        if inside.num_rows:
            asked = wanted.filter(pa.array(np.isin(numbers, inside["row"].to_numpy())))
            tables.append(stage.collect(inside, round, asked))
    if not tables:
        return _receipt(job)
    table, counts = by_partition(pa.concat_tables(tables), job.plan.partitions)
    info = write_table(job.staged / "collect.parquet", table, groups=list(counts.values()))
    groups = {str(partition): i for i, partition in enumerate(counts)}
    place = f"work/collect-{stage_id}-{round}/{job.args['load']:06d}.parquet"
    return _receipt(job, job.made("collect.parquet", place, f"collect/{stage_id}", info, groups=groups))


def run_group(job: Job) -> Receipt:
    """All rows of one key partition, less those that an earlier stage of the same pass removed."""
    stage, stage_id, round = _stage(job), job.args["stage"], job.args["round"]
    dead = _dead(job)
    tables = [
        open_table(job.run / path).read_row_group(group, use_threads=False) for path, group in job.args["collected"]
    ]
    rows = without_rows(pa.concat_tables(tables), dead).sort_by([("key", "ascending"), ("row", "ascending")])
    if not rows.num_rows:
        return _receipt(job)
    grouped = stage.group(rows.combine_chunks(), round)
    if not grouped.num_rows:
        return _receipt(job)
    place = f"work/group-{stage_id}-{round}/{job.args['partition']:04d}.parquet"
    info = write_table(job.staged / "group.parquet", grouped)
    return _receipt(job, job.made("group.parquet", place, f"group/{stage_id}", info))


def run_link(job: Job) -> Receipt:
    """Between rounds: what to collect next, cut by load."""
    stage, stage_id, round = _stage(job), job.args["stage"], job.args["round"]
    grouped = _grouped(job)
    if grouped is None:
        return _receipt(job)
    table, counts = by_load(stage.link(grouped, round))
    if not table.num_rows:
        return _receipt(job)
    info = write_table(job.staged / "wanted.parquet", table, groups=list(counts.values()))
    groups = {str(load): i for i, load in enumerate(counts)}
    place = f"work/link-{stage_id}-{round}.parquet"
    return _receipt(job, job.made("wanted.parquet", place, f"wanted/{stage_id}", info, groups=groups))


def run_decide(job: Job) -> Receipt:
    """The decision of a stage, published under `decisions/`; it exists even when it is empty."""
    stage, stage_id = _stage(job), job.args["stage"]
    grouped = _grouped(job)
    decision = stage.empty_decision() if grouped is None else stage.decide(grouped)
    groups: dict[str, int] = {}
    counts: list[int] | None = None
    if stage.decision == "rows":
        if "duplicate_of_row" in decision.schema.names:
            decision = _with_origins(job, decision)
        decision, per_load = by_load(decision)
        counts = list(per_load.values())
        groups = {str(load): i for i, load in enumerate(per_load)}
        decision = _with_ids(job, decision)
    info = write_table(job.staged / "decision.parquet", decision, groups=counts)
    place = f"decisions/{stage_id}.parquet"
    return _receipt(job, job.made("decision.parquet", place, f"decisions/{stage_id}", info, groups=groups))


def _stage(job: Job) -> CorpusStage:
    stage = job.plan.build(job.args["stage"])
    assert isinstance(stage, CorpusStage)
    return stage


def _grouped(job: Job) -> pa.Table | None:
    tables = [read_table(job.run / path) for path in job.args["grouped"]]
    return pa.concat_tables(tables).combine_chunks() if tables else None


def _dead(job: Job) -> np.ndarray:
    """Rows that stages deciding earlier in the same pass have removed, sorted."""
    removed = []
    for path in job.args["before"]:
        table = read_table(job.run / path, columns=["row", "removed"])
        removed.append(table.filter(table["removed"])["row"].to_numpy())
    return np.unique(np.concatenate(removed)) if removed else np.zeros(0, np.uint64)


def _with_origins(job: Job, decision: pa.Table) -> pa.Table:
    rows = np.sort(decision.filter(decision["removed"])["row"].to_numpy())
    facts = _facts_of(job, rows, (*FIELDS, "origins"))
    before = [open_table(job.run / path) for path in job.args["before"]]
    told = [one.read(columns=["row", "origins"]) for one in before if "origins" in one.schema_arrow.names]
    return with_origins(decision, facts, told)


def _with_ids(job: Job, decision: pa.Table) -> pa.Table:
    """Adds `id`, and replaces every other `*_row` column by `*_id`, looked up in the loads concerned."""
    others = [name for name in decision.schema.names if name.endswith("_row")]
    rows = np.unique(np.concatenate([_numbers(decision[name]) for name in ["row", *others]]))
    ids = _facts_of(job, rows, ("id", ""))["id"].combine_chunks()
    result = decision.add_column(0, "id", _lookup(decision["row"], rows, ids))
    for name in others:
        at = result.schema.get_field_index(name)
        result = result.set_column(at, name.removesuffix("_row") + "_id", _lookup(decision[name], rows, ids))
    return result


def _numbers(column: pa.ChunkedArray) -> np.ndarray:
    return column.drop_null().to_numpy().astype(np.uint64)


def _facts_of(job: Job, rows: np.ndarray, columns: Sequence[str]) -> pa.Table:
    """Columns, as far as there are such, of sorted rows."""
    parts = []
    loads = (rows >> np.uint64(32)).astype(np.int64)
    for load in np.unique(loads).tolist():
        file = open_table(job.run / work_file(job.args["segment"], load))
        table = file.read(["row", *(name for name in columns if name in file.schema_arrow.names)], use_threads=False)
        at = pc.index_in(pa.array(rows[loads == load]), value_set=table["row"].combine_chunks())
        parts.append(table.take(at).drop_columns(["row"]))
    return pa.concat_tables(parts) if parts else pa.table({name: pa.array([], pa.string()) for name in columns[:-1]})


def _lookup(column: pa.ChunkedArray, rows: np.ndarray, ids: pa.Array) -> pa.Array:
    return ids.take(pc.index_in(column.combine_chunks(), value_set=pa.array(rows)))


def _receipt(job: Job, *files: FileEntry) -> Receipt:
    return Receipt(task=job.task, fingerprint=job.fingerprint, files=files)
