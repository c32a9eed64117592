"""What workers run for a corpus stage over keys: collect again, merge what was collected, group a key partition.

Integers called `row` (load << 32 | number in the load) live inside a stage only; a decision that leaves it
speaks of ids.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from corpus_kit.collected import keep_collected
from corpus_kit.held import shelf
from corpus_kit.job import Job
from corpus_kit.kernels.graph import RowSet
from corpus_kit.keyed import KeyedWriter, between, by_key, key_range, without_rows
from corpus_kit.ledger import FileEntry, Receipt
from corpus_kit.load_batches import joined
from corpus_kit.mapped import Giant
from corpus_kit.stage import CorpusStage
from corpus_kit.streams import Stream
from corpus_kit.tables import in_one_piece, open_table, read_table
from corpus_kit.work import left_rows


def run_collect(job: Job) -> Receipt:
    """A later round over one load: only rows that the round before asked for."""
    stage, stage_id, round = stage_of(job), job.args["stage"], job.args["round"]
    wanted = open_table(job.run / job.args["wanted"]["path"]).read_row_group(
        job.args["wanted"]["group"], use_threads=False
    )
    numbers = wanted["row"].to_numpy()
    left = left_rows(job.run, job.args["segment"], job.args["load"])
    tables = []
    columns = sorted({"row", "id", *stage.columns_collected(), *stage.scope_columns()})
    for batch in joined(left.batches(columns), job.batch_rows, job.batch_bytes):
        inside = batch.filter(pa.array(np.isin(batch["row"].to_numpy(), numbers)))
        if inside.num_rows:
            asked = wanted.filter(pa.array(np.isin(numbers, inside["row"].to_numpy())))
            tables.append(stage.collect(inside, round, asked))
    if not tables:
        return receipt_of(job)
    place = f"work/collect-{stage_id}-{round}/{job.args['load']:06d}.parquet"
    return receipt_of(job, keep_collected(job, stage_id, tables, name="collect.parquet", place=place))


def run_merge(job: Job) -> Receipt:
    """What was collected from consecutive loads, as one file: thousands of files cannot be read side by side."""
    stage_id, partitions = job.args["stage"], job.plan.partitions
    paths = [job.run / path for path in job.args["collected"]]
    held = shelf().get(paths[0])
    schema = open_table(paths[0]).schema_arrow if held is None else held.schema
    writer = KeyedWriter(job.staged / "merged.parquet", schema)
    for partition in range(partitions):
        tables = between(paths, *key_range(partition, partitions), by="key")
        if tables:
            writer.write(by_key(pa.concat_tables(tables), is_ordered=True))
    shelf().drop(*paths)
    place = f"work/merge-{stage_id}-{job.args['round']}/{job.args['block']:06d}.parquet"
    return receipt_of(job, job.made("merged.parquet", place, f"collect/{stage_id}", writer.close()))


def run_group(job: Job) -> Receipt:
    """All rows of one key partition, less those that an earlier stage of the same pass removed."""
    stage, stage_id, round = stage_of(job), job.args["stage"], job.args["round"]
    is_last = round == stage.rounds - 1 and stage.decision == "rows"
    sink = _Sink(job, by_row=is_last)
    for grouped in _groups(job, stage):
        sink.write(grouped)
    if job.args["partition"] == job.plan.partitions - 1:  # one process does them in order
        shelf().drop(*(job.run / path for path in job.args["collected"]))
    place = f"work/group-{stage_id}-{round}/{job.args['partition']:04d}"
    return receipt_of(job, *sink.finish(place, stage_id))


def _groups(job: Job, stage: CorpusStage) -> Iterator[pa.Table]:
    """What the stage makes of each piece of the partition, and of each key that is too large for one."""
    round, without_dead = job.args["round"], _without_dead(job)
    low, high = key_range(job.args["partition"], job.plan.partitions)
    stream = Stream([job.run / path for path in job.args["collected"]], low, high)
    for piece in stream.pieces():
        rows = without_dead(piece)
        if rows.num_rows:
            yield stage.group(in_one_piece(rows), round)
    for key in stream.giants:

        def pieces(key: int = key) -> Iterator[pa.Table]:
            alive = (without_dead(piece) for piece in stream.pieces_of(key))
            return (rows for rows in alive if rows.num_rows)

        if next(pieces(), None) is not None:
            scratch = job.staged / "giant"
            yield from stage.group_giant(Giant(pieces, scratch), round)
            shutil.rmtree(scratch, ignore_errors=True)


class _Sink:
    """Writes what was grouped, and of a decision who is named in it: both by row, so that parts of it can be read."""

    def __init__(self, job: Job, *, by_row: bool):
        self._job, self._by_row = job, by_row
        self._grouped: KeyedWriter | None = None
        self._named: KeyedWriter | None = None

    def write(self, grouped: pa.Table) -> None:
        """Appends what came of one piece."""
        if not grouped.num_rows:
            return
        if self._by_row:
            grouped = grouped.sort_by("row")
            self._write_named(grouped)
        if self._grouped is None:
            self._grouped = KeyedWriter(self._job.staged / "group.parquet", grouped.schema)
        self._grouped.write(grouped)

    def _write_named(self, grouped: pa.Table) -> None:
        named = named_rows(grouped)
        if named is None:
            return
        if self._named is None:
            self._named = KeyedWriter(self._job.staged / "named.parquet", named.schema)
        self._named.write(named)

    def finish(self, place: str, stage_id: str) -> list[FileEntry]:
        """The files that came of it."""
        made = self._job.made
        files = []
        if self._grouped is not None:
            files.append(made("group.parquet", f"{place}.parquet", f"group/{stage_id}", self._grouped.close()))
        if self._named is not None:
            files.append(made("named.parquet", f"{place}.named.parquet", f"named/{stage_id}", self._named.close()))
        return files


def named_rows(decision: pa.Table) -> pa.Table | None:
    """Which other rows a decision names (`other`), and for whom (`row`), sorted by the former; None if it cannot."""
    others = [name for name in decision.schema.names if name.endswith("_row")]
    if not others:
        return None
    row = decision["row"].to_numpy()
    pairs = [np.zeros((0, 2), np.uint64)]
    for name in others:
        is_named = decision[name].is_valid().to_numpy()
        other = pc.fill_null(decision[name], 0).to_numpy()
        pairs.append(np.column_stack([other[is_named], row[is_named]]).astype(np.uint64))
    both = np.concatenate(pairs)
    both = both[np.lexsort((both[:, 1], both[:, 0]))]
    is_new = np.ones(len(both), bool)
    is_new[1:] = (both[1:] != both[:-1]).any(axis=1)
    return pa.table({"other": both[is_new, 0], "row": both[is_new, 1]})


def stage_of(job: Job) -> CorpusStage:
    """The corpus stage a task is about."""
    stage = job.plan.build(job.args["stage"])
    assert isinstance(stage, CorpusStage)
    return stage


def receipt_of(job: Job, *files: FileEntry) -> Receipt:
    """The receipt of a task that counts no documents."""
    return Receipt(task=job.task, fingerprint=job.fingerprint, files=files)


def _without_dead(job: Job) -> Callable[[pa.Table], pa.Table]:
    """Takes out rows that stages deciding earlier in the same pass have removed."""
    paths = [job.run / path for path in job.args["removed"]]
    sets = [RowSet.open(path) for path in paths if path.suffix == ".rows"]
    removed = []
    for path in paths:
        if path.suffix != ".rows":
            table = read_table(path, columns=["row", "removed"])
            removed.append(table.filter(table["removed"])["row"].to_numpy())
    dead = np.unique(np.concatenate(removed)) if removed else np.zeros(0, np.uint64)

    def alive(table: pa.Table) -> pa.Table:
        table = without_rows(table, dead)
        for one in sets:
            table = table.filter(pa.array(~one.has(table["row"].to_numpy())))
        return table

    return alive
