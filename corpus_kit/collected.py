"""What a stage collected of a load, on its way to those who group it by key."""

from __future__ import annotations

import pyarrow as pa

from corpus_kit.job import Job
from corpus_kit.keyed import by_key, write_keyed
from corpus_kit.ledger import FileEntry


def keep_collected(job: Job, stage_id: str, tables: list[pa.Table], *, name: str, place: str) -> FileEntry:
    """Rows sorted by (key, row): held, or as a file `name` that is to lie at `place`. The list is emptied."""
    kind, size = f"collect/{stage_id}", sum(table.nbytes for table in tables)
    together = [pa.concat_tables(tables)]
    tables.clear()
    # Who compares with earlier runs, or makes an index, looks for the files.
    is_needed_later = bool(job.plan.against) or job.plan.leaves_index(stage_id)
    if not is_needed_later and job.may_hold(size):
        return job.hold(place, kind, by_key(together.pop()))
    return job.made(name, place, kind, write_keyed(job.staged / name, together.pop(), job.plan.partitions))
