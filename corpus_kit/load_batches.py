"""The rows of a load as batches: from the readers, or as the segment before left them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from corpus_kit.errors import StageError
from corpus_kit.held import shelf
from corpus_kit.job import Job
from corpus_kit.ledger import FileEntry, Tally
from corpus_kit.plan import Segment
from corpus_kit.sampling import share
from corpus_kit.schema import COLUMNS, set_columns
from corpus_kit.sources import reader_for
from corpus_kit.tables import row_bytes
from corpus_kit.units import check_unchanged
from corpus_kit.work import WorkRows, WorkWriter, digest, left_rows, work_file


def read_load(job: Job, load: int, tally: Tally) -> Iterator[pa.RecordBatch]:
    """Batches of the readers, rows numbered through the load, and sampled."""
    skipped: Counter[str] = Counter()
    source = job.plan.units[job.plan.loads[load][0]].source
    row = load << 32
    for batch in joined(_unit_batches(job, load, skipped), job.batch_rows, job.batch_bytes):
        numbers = pa.array(np.arange(row, row + batch.num_rows, dtype=np.uint64))
        row += batch.num_rows
        numbered = set_columns(batch, {"row": numbers})
        if job.plan.sample is not None:
            chosen = share("sample", numbered["id"]) < job.plan.sample
            skipped["read.not_sampled"] += int(len(chosen) - chosen.sum())
            numbered = numbered.filter(pa.array(chosen))
        if numbered.num_rows:
            yield numbered
    tally.skipped.update({(source, code): count for code, count in skipped.items() if count})


def _unit_batches(job: Job, load: int, skipped: Counter[str]) -> Iterator[pa.RecordBatch]:
    for unit in job.plan.units[slice(*job.plan.loads[load])]:
        binding = job.plan.sources[unit.source].binding
        reader = reader_for(unit.format)
        check_unchanged(unit)
        yield from reader.read(unit, binding, skipped, batch_rows=job.batch_rows, batch_bytes=job.batch_bytes)
        check_unchanged(unit)


def joined(batches: Iterator[pa.RecordBatch], rows: int, size: int) -> Iterator[pa.RecordBatch]:
    """Small batches joined: a folder of small files must not pay for a batch a file. Joining copies the text."""
    held: list[pa.RecordBatch] = []
    held_rows = held_bytes = 0
    for batch in batches:
        batch_bytes = int(row_bytes(batch).sum())
        if not held and (4 * batch.num_rows >= rows or 4 * batch_bytes >= size):
            yield batch
            continue
        if held and (held_rows + batch.num_rows > rows or held_bytes + batch_bytes > size):
            yield pa.concat_batches(held)
            held, held_rows, held_bytes = [], 0, 0
        held.append(batch)
        held_rows, held_bytes = held_rows + batch.num_rows, held_bytes + batch_bytes
    if held:
        yield pa.concat_batches(held)


def resume_load(job: Job, segment: Segment, load: int) -> Iterator[pa.RecordBatch]:
    """Batches a former segment left."""
    if not job.args["rows"]:
        return
    left = _sound_rows(job, segment.index - 1, load)
    for batch in joined(left.batches(), job.batch_rows, job.batch_bytes):
        yield set_columns(batch, {"reasons": pa.nulls(batch.num_rows, COLUMNS["reasons"][0])})


def work_entries(job: Job, segment: int, load: int, writer: WorkWriter) -> list[FileEntry]:
    """What a segment leaves of a load for the next: rows that are held, or a file of them, or nothing."""
    place = work_file(segment, load)
    if not writer.rows:
        return []
    if writer.fits and job.may_hold(writer.bytes):
        return [job.hold(place, "data", writer.table(), text_bytes=writer.text_bytes)]
    return [job.made(writer.path.name, place, "data", writer.close(), text_bytes=writer.text_bytes)]


def forget_rows(job: Job, segment: int, load: int) -> None:
    """Lets go what is held of the rows of a load, after the next segment has taken them, unless an index needs them."""
    if not any(job.plan.leaves_index(stage.id) for stage in job.plan.stages):
        shelf().drop(job.run / work_file(segment, load))


def _sound_rows(job: Job, segment: int, load: int) -> WorkRows:
    """The rows that a segment left, if they are what it wrote."""
    path = job.run / work_file(segment, load)
    is_held = shelf().get(path) is not None
    try:
        left = left_rows(job.run, segment, load)
    except (pa.ArrowInvalid, OSError):  # cut short
        left = None
    if left is None or left.rows != job.args["rows"] or not (is_held or digest(path) == job.args["digest"]):
        path.unlink(missing_ok=True)  # so that its receipt no longer counts
        raise StageError(f"{path.relative_to(job.run)} was damaged on the disk: it is not what was written; run again")
    return left
