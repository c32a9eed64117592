"""What a worker runs over one load of units: read, apply decisions, run the batch stages, collect; all counted.

The result is a pure function of plan, load and decisions. Batches are an implementation detail: rows carry a running
number, and everything written is ordered by it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from corpus_kit.collected import keep_collected
from corpus_kit.errors import CorpusKitError, StageError, where_raised
from corpus_kit.job import Job
from corpus_kit.ledger import READ, Cell, Edit, Failure, FileEntry, Receipt, Tally
from corpus_kit.load_batches import forget_rows, read_load, resume_load, work_entries
from corpus_kit.outputs import MetricsWriter, PartWriter, RejectWriter
from corpus_kit.plan import Segment
from corpus_kit.schema import rejected
from corpus_kit.scope import merge, touched_rows
from corpus_kit.split_parts import SplitWriter, parted
from corpus_kit.stage import BatchStage, CorpusStage, Stage
from corpus_kit.tables import open_table, row_bytes
from corpus_kit.work import WorkWriter


def run_map(job: Job) -> Receipt:
    """Takes one load through one segment."""
    segment, load = job.plan.segments[job.args["segment"]], job.args["load"]
    shard = _Shard(job, segment, load)
    batches = read_load(job, load, shard.tally) if segment.index == 0 else resume_load(job, segment, load)
    for batch in batches:
        shard.push(batch)
    receipt = shard.finish()
    if segment.index:
        forget_rows(job, segment.index - 1, load)
    return receipt


class _Shard:
    """The state of one load on its way through one segment."""

    def __init__(self, job: Job, segment: Segment, load: int):
        self.job, self.segment, self.load = job, segment, load
        self.source = job.plan.units[job.plan.loads[load][0]].source
        self.tally = Tally()
        self.name = f"{segment.index}/{load:06d}"
        plan = job.plan
        self.steps: list[tuple[str, Stage, Callable[[pa.RecordBatch], pa.RecordBatch]]] = [
            *(self._applier(stage_id) for stage_id in segment.apply),
            *(self._batcher(stage_id) for stage_id in segment.batch),
        ]
        self.collectors = [(stage_id, plan.build(stage_id), []) for stage_id in segment.collect]
        self.rejects = RejectWriter(plan.recipe["reject_text"])
        self.metrics = MetricsWriter(job.staged, f"{load:06d}") if plan.recipe["metrics"] == "all" else None
        self.data = self._data_writer()

    def _data_writer(self) -> WorkWriter | PartWriter | SplitWriter:
        if not self.segment.final:
            return WorkWriter(self.job.staged / "rows.arrow")
        schema = self.job.plan.data_schema()
        writer = SplitWriter if parted(schema) else PartWriter
        return writer(self.job.staged, schema, self.job.plan.recipe["shard_bytes"])

    def _batcher(self, stage_id: str) -> Any:
        stage = self.job.plan.build(stage_id)
        assert isinstance(stage, BatchStage)
        return stage_id, stage, stage.apply

    def _applier(self, stage_id: str) -> Any:
        stage = self.job.plan.build(stage_id)
        assert isinstance(stage, CorpusStage)
        source = self.job.args["decisions"][stage_id]
        file = open_table(self.job.run / source["path"])
        if stage.decision == "corpus":
            decision = file.read(use_threads=False)
        elif source["group"] is None:
            decision = file.schema_arrow.empty_table()
        else:
            decision = file.read_row_group(source["group"], use_threads=False)
        return stage_id, stage, lambda batch: stage.apply(batch, decision)

    def push(self, batch: pa.RecordBatch) -> None:
        """Takes one batch through every step, and what is left of it to the collectors and the output."""
        if self.segment.index == 0:
            self._count(READ, "made", batch)
            batch = self._settle(READ, batch, touched=None)
        for stage_id, stage, function in self.steps:
            if batch.num_rows == 0:
                return
            self._count(stage_id, "in", batch)
            mask = touched_rows(stage, batch)
            batch = self._settle(stage_id, self._run(stage_id, stage, function, batch, mask), mask)
        if batch.num_rows == 0:
            return
        for stage_id, stage, tables in self.collectors:
            mask = touched_rows(stage, batch)
            rows = batch if mask is None else batch.filter(mask)
            if rows.num_rows:
                tables.append(self._guard(stage_id, lambda s=stage, r=rows: s.collect(r, 0, None)))
        self.data.write(batch.drop_columns(["reasons"]))

    def _run(self, stage_id: str, stage: Stage, function: Any, batch: pa.RecordBatch, mask: Any) -> pa.RecordBatch:
        if mask is None:
            result = self._guard(stage_id, lambda: function(batch))
            return self._row_law(stage_id, batch, result)
        part = batch.filter(mask)
        result = self._row_law(stage_id, part, self._guard(stage_id, lambda: function(part))) if part.num_rows else part
        return merge(batch, result, mask, stage)

    def _guard(self, stage_id: str, call: Callable[[], Any]) -> Any:
        try:
            return call()
        except CorpusKitError:
            raise
        except Exception as error:  # a bug in a stage
            raise StageError(
                f"stage {stage_id!r} {where_raised(error)} in shard {self.name} (source {self.source!r})"
            ) from error

    def _row_law(self, stage_id: str, before: pa.RecordBatch, after: pa.RecordBatch) -> pa.RecordBatch:
        if after.num_rows != before.num_rows or not after["id"].equals(before["id"]):
            raise StageError(
                f"stage {stage_id!r} broke the row law in shard {self.name}: "
                f"{before.num_rows} rows in, {after.num_rows} out, or in another order"
            )
        return after

    def _settle(self, stage_id: str, batch: pa.RecordBatch, touched: Any) -> pa.RecordBatch:
        """Counts, takes off metrics and edits, sends rejected rows to the rejects, and gives the rest."""
        mask = rejected(batch)
        if "metrics" in batch.schema.names:
            if self.metrics is not None:
                measured = batch["metrics"].is_valid()  # rows the stage did not touch have none
                self.metrics.write(stage_id, batch.filter(measured), pc.invert(mask).filter(measured))
            batch = batch.drop_columns(["metrics"])
        if "edits" in batch.schema.names:
            self._count_edits(stage_id, batch)
            batch = batch.drop_columns(["edits"])
        if pc.any(mask).as_py():
            out = batch.filter(mask)
            codes = pc.list_element(out["reasons"], 0)
            self._count(stage_id, "rejected", out, pc.struct_field(codes, "code"))
            self._count_failing(stage_id, out)
            self.rejects.write(stage_id, out)
            keep = pc.invert(mask)
            batch = batch.filter(keep)
            touched = None if touched is None else touched.filter(keep)
        code = None if touched is None else pc.if_else(touched, "", "untouched")
        self._count(stage_id, "kept", batch, code)
        return batch

    def _count(self, stage_id: str, flow: Any, batch: pa.RecordBatch, code: Any = None) -> None:
        if batch.num_rows == 0:
            return
        languages, language = _numbered(batch["lang"])
        codes, number = ([""], 0) if code is None else _numbered(code)
        cells = language * len(codes) + number
        rows = np.bincount(cells)
        sizes = np.bincount(cells, weights=row_bytes(batch))  # exact below 2^53 bytes
        for at in np.flatnonzero(rows).tolist():
            cell = Cell(stage_id, flow, self.source, languages[at // len(codes)], codes[at % len(codes)])
            self.tally.add(cell, int(rows[at]), int(sizes[at]))

    def _count_failing(self, stage_id: str, batch: pa.RecordBatch) -> None:
        codes = pc.struct_field(pc.list_flatten(batch["reasons"]), "code")
        langs = pc.fill_null(batch["lang"], "").take(pc.list_parent_indices(batch["reasons"]))
        grouped = pa.table({"code": codes, "lang": langs}).group_by(["code", "lang"], use_threads=False)
        for one in grouped.aggregate([([], "count_all")]).to_pylist():
            self.tally.failing[Failure(stage_id, one["code"], self.source, one["lang"])] += one["count_all"]

    def _count_edits(self, stage_id: str, batch: pa.RecordBatch) -> None:
        langs = pc.fill_null(batch["lang"], "")
        for field in batch["edits"].type:
            places = pc.fill_null(pc.struct_field(batch["edits"], field.name), 0)
            changed = pc.greater(places, 0)
            table = pa.table({"lang": langs.filter(changed), "places": places.filter(changed)})
            grouped = table.group_by("lang", use_threads=False).aggregate([("places", "sum"), ("places", "count")])
            for one in grouped.to_pylist():
                edit = Edit(stage_id, field.name, self.source, one["lang"])
                self.tally.edited[edit] += one["places_count"]
                self.tally.edits[edit] += one["places_sum"]

    def finish(self) -> Receipt:
        """Closes the files and draws up the receipt."""
        files = self._data_files()
        reject_file, samples = self.rejects.finish(self.job.staged / "rejects.parquet")
        key = f"work/map-{self.segment.index}"
        if reject_file is not None:
            place = f"{key}/{self.load:06d}.rejects.parquet"
            files.append(self.job.made("rejects.parquet", place, "rejects", reject_file))
        if self.metrics is not None:
            for stage_id, info in self.metrics.finish().items():
                place = f"{key}/{self.load:06d}.metrics.{stage_id}.parquet"
                files.append(self.job.made(f"metrics.{stage_id}.parquet", place, f"metrics/{stage_id}", info))
        files += [entry for stage_id, _, tables in self.collectors if (entry := self._collected(stage_id, tables))]
        self.tally.check(self.name)
        return Receipt(
            task=self.job.task,
            fingerprint=self.job.fingerprint,
            files=tuple(files),
            tally=self.tally.to_json(),
            samples=samples,
            histograms=self.metrics.histograms() if self.metrics is not None else {},
        )

    def _data_files(self) -> list[FileEntry]:
        if isinstance(self.data, WorkWriter):
            return work_entries(self.job, self.segment.index, self.load, self.data)
        if isinstance(self.data, SplitWriter):
            return self.data.entries(self.job, f"work/map-{self.segment.index}", self.load)
        entries = []
        for i, (info, text_bytes) in enumerate(self.data.finish()):
            place = f"work/map-{self.segment.index}/{self.load:06d}-{i:03d}.parquet"
            entries.append(self.job.made(self.data.name(i), place, "data", info, text_bytes=text_bytes))
        return entries

    def _collected(self, stage_id: str, tables: list[pa.Table]) -> FileEntry | None:
        if not tables:
            return None
        place = f"work/collect-{stage_id}-0/{self.load:06d}.parquet"
        return keep_collected(self.job, stage_id, tables, name=f"collect.{stage_id}.parquet", place=place)


def _numbered(values: pa.Array) -> tuple[list[str], np.ndarray]:
    """The different values, the empty one for null, and for each row the number of its own."""
    if values.null_count == len(values):
        return [""], np.zeros(len(values), np.int64)
    found = pc.fill_null(values, "").dictionary_encode()
    return found.dictionary.to_pylist(), found.indices.to_numpy().astype(np.int64)
