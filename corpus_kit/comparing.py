"""What workers run for a deduplication stage that decides about documents of this run and of earlier ones together.

The rounds are those of any corpus stage: collect, group by key, link what hangs together, collect again, decide. Here
documents of earlier runs take part, as far as new ones may be like them. So memory and reading follow the new
documents and the clusters they touch, not the size of the earlier run; and each step holds a piece of them at a time.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from corpus_kit import deciding, earlier_rounds
from corpus_kit.earlier import (
    CHANGES,
    changes,
    collect_earlier,
    distinct,
    facts_of_earlier,
    is_earlier,
    own_rows,
    superseded,
    with_run,
)
from corpus_kit.job import Job
from corpus_kit.keyed import KeyedWriter, between, by_load, write_keyed
from corpus_kit.ledger import FileEntry, Receipt
from corpus_kit.load_batches import joined
from corpus_kit.origins import FIELDS, as_lists, told_by
from corpus_kit.scattered import borders_of
from corpus_kit.schema import ORIGINS
from corpus_kit.stages.against import Incremental
from corpus_kit.tables import TableWriter, open_table
from corpus_kit.work import left_rows


def run_compare(job: Job) -> Receipt:
    """One step of a stage that is compared with earlier runs."""
    steps = {"group": _group, "link": _link, "collect": _collect, "decide": _decide, "changes": _changes}
    return Receipt(task=job.task, fingerprint=job.fingerprint, files=tuple(steps[job.args["step"]](job)))


def _group(job: Job) -> list[FileEntry]:
    return earlier_rounds.group(job, _stage(job), _dead(job))


def _link(job: Job) -> list[FileEntry]:
    return earlier_rounds.link(job, _stage(job), _dead(job))


def _collect(job: Job) -> list[FileEntry]:
    """A later round over one load. `text_bytes` of a load of an earlier run is what was read of its texts."""
    stage, stage_id, round = _stage(job), job.args["stage"], job.args["round"]
    wanted = open_table(job.run / job.args["wanted"]).read_row_group(job.args["group"], use_threads=False)
    if is_earlier(job.args["load"]):
        tables, text_bytes = collect_earlier(job, stage, wanted)
    else:
        tables, text_bytes = _collect_own(job, stage, wanted), 0
    if not tables:
        return []
    info = write_keyed(job.staged / "collect.parquet", pa.concat_tables(tables), job.plan.partitions)
    place = f"work/compare-{stage_id}-collect-{round}/{job.args['load']:010d}.parquet"
    return [job.made("collect.parquet", place, f"collect/{stage_id}", info, text_bytes=text_bytes)]


def _collect_own(job: Job, stage: Incremental, wanted: pa.Table) -> list[pa.Table]:
    numbers = wanted["row"].to_numpy()
    left = left_rows(job.run, job.args["segment"], job.args["load"])
    tables = []
    columns = sorted({"row", "id", *stage.columns_collected(), *stage.scope_columns()})
    for batch in joined(left.batches(columns), job.batch_rows, job.batch_bytes):
        inside = batch.filter(pa.array(np.isin(batch["row"].to_numpy(), numbers)))
        if inside.num_rows:
            asked = wanted.filter(pa.array(np.isin(numbers, inside["row"].to_numpy())))
            tables.append(stage.collect(inside, job.args["round"], asked))
    return tables


def _decide(job: Job) -> list[FileEntry]:
    """The decision about documents of this run, part by part, a row group for each load."""
    stage, kind = _stage(job), f"decisions/{job.args['stage']}"
    parts = _parts(job)
    told = _told(job, parts)
    empty = _with_ids(job, with_run(_with_origins(stage.empty_decision(), [])))
    writer = TableWriter(job.staged / "decision.parquet", empty.schema)
    groups: dict[str, int] = {}
    for low, high in parts:
        decision = with_run(_with_origins(_decided(job, low, high), between(told, low, high)))
        decision, counts = by_load(own_rows(job, stage, decision))
        decision = _with_ids(job, decision)
        begin = 0
        for load, count in counts.items():
            groups[str(load)] = len(groups)
            writer.write_group(decision.slice(begin, count))
            begin += count
    return [job.made("decision.parquet", f"{kind}.parquet", kind, writer.close(), groups=groups)]


def _changes(job: Job) -> list[FileEntry]:
    """What changes for documents of the earlier run, where they are judged anew."""
    stage, kind = _stage(job), f"decisions/{job.args['stage']}.changes"
    if stage.against != "recompute":
        return []
    writer = TableWriter(job.staged / "changes.parquet", _with_ids(job, CHANGES.empty_table()).schema)
    for low, high in _parts(job):
        changed = _with_ids(job, changes(job, with_run(_decided(job, low, high))))
        for batch in changed.combine_chunks().to_batches():
            writer.write(batch)
    return [job.made("changes.parquet", f"{kind}.parquet", kind, writer.close())]


def _parts(job: Job) -> list[tuple[int, int]]:
    """Ranges of rows, loads kept whole, about which so much was grouped as can be decided at once."""
    borders = borders_of([job.run / path for path in job.args["grouped"]], deciding.DECIDE_ROWS).tolist()
    return list(itertools.pairwise(borders))


def _decided(job: Job, low: int, high: int) -> pa.Table:
    """The decision about a range of rows, in order."""
    tables = between([job.run / path for path in job.args["grouped"]], low, high)
    stage = _stage(job)
    return (stage.decide(pa.concat_tables(tables).combine_chunks()) if tables else stage.empty_decision()).sort_by(
        "row"
    )


def _stage(job: Job) -> Incremental:
    stage = job.plan.build(job.args["stage"])
    assert isinstance(stage, Incremental)
    return stage


def _dead(job: Job) -> NDArray[np.uint64]:
    """Rows, of any run, that stages deciding earlier in this pass have removed, sorted."""
    removed = [superseded(job, path) for path in job.args["before"]]
    for path in job.args["before"]:
        batches = open_table(job.run / path).iter_batches(columns=["row", "removed"], use_threads=False)
        removed += [batch.filter(batch["removed"])["row"].to_numpy() for batch in batches]
    return distinct(removed)


def _told(job: Job, parts: Sequence[tuple[int, int]]) -> list[Path]:
    """What removed documents, part by part, tell survivors in this run of origins: files in order of survivor."""
    before = [job.run / path for path in job.args["before"]]
    before = [path for path in before if "origins" in open_table(path).schema_arrow.names]
    paths: list[Path] = []
    for i, (low, high) in enumerate(parts):
        decision = with_run(_decided(job, low, high))
        gone = decision.filter(pc.and_(decision["removed"], pc.is_null(decision["duplicate_of_run"])))
        if not gone.num_rows:
            continue
        earlier = [between([path], low, high, columns=["origins"]) for path in before]
        tables = [pa.concat_tables(found).combine_chunks() for found in earlier if found]
        told = told_by(gone, _facts_of(job, gone["row"].to_numpy(), (*FIELDS, "origins")), tables)
        paths.append(job.staged / f"told-{i}.parquet")
        writer = KeyedWriter(paths[-1], told.schema)
        writer.write(told.sort_by("row"))
        writer.close()
    return paths


def _with_origins(decision: pa.Table, told: Sequence[pa.Table]) -> pa.Table:
    """The decision with a column `origins`: of each survivor the documents removed in its favor, in order of row."""
    nothing = pa.table({"row": pa.array([], pa.uint64()), "gone": pa.array([], pa.uint64())})
    for field in ORIGINS.value_type:
        nothing = nothing.append_column(field, pa.array([], field.type))
    lists = as_lists(pa.concat_tables([nothing, *told]), decision["row"].combine_chunks())
    return decision.append_column("origins", lists)


def _with_ids(job: Job, decision: pa.Table) -> pa.Table:
    """Adds `id`, and replaces every other `*_row` column by `*_id`, looked up in the loads concerned."""
    others = [name for name in decision.schema.names if name.endswith("_row")]
    named = [decision[name].drop_null().to_numpy().astype(np.uint64) for name in ["row", *others]]
    rows = np.unique(np.concatenate(named))
    ids = _facts_of(job, rows, ("id",))["id"].combine_chunks()
    result = decision.add_column(0, "id", _lookup(decision["row"], rows, ids))
    for name in others:
        at = result.schema.get_field_index(name)
        result = result.set_column(at, name.removesuffix("_row") + "_id", _lookup(decision[name], rows, ids))
    return result


def _facts_of(job: Job, rows: NDArray[np.uint64], columns: Sequence[str]) -> pa.Table:
    """Columns, as far as there are such, of sorted rows of any run."""
    parts = [pa.table({name: pa.array([], pa.string()) for name in columns if name != "origins"})]
    loads = (rows >> np.uint64(32)).astype(np.int64)
    for load in np.unique(loads).tolist():
        if is_earlier(load):
            found = facts_of_earlier(job, rows[loads == load], columns)
        else:
            left = left_rows(job.run, job.args["segment"], load)
            known = [name for name in columns if name in left.names]
            table = left.table(["row", *known])
            found = table.take(pc.index_in(pa.array(rows[loads == load]), value_set=table["row"].combine_chunks()))
        parts.append(found.drop_columns(["row"]))
    return pa.concat_tables(parts, promote_options="default")


def _lookup(column: pa.ChunkedArray, rows: NDArray[np.uint64], ids: pa.Array) -> pa.Array:
    return ids.take(pc.index_in(column.combine_chunks(), value_set=pa.array(rows)))
