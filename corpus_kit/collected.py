"""What a stage collected of a load, on its way to those who group it by key."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from corpus_kit.job import Job
from corpus_kit.keyed import by_key, write_keyed
from corpus_kit.ledger import FileEntry


def collected(job: Job, stage_id: str, tables: Sequence[pa.Table], *, name: str, place: str) -> FileEntry:
    """Rows sorted by (key, row): held, or as a file `name` that is to lie at `place`."""
    table, kind = pa.concat_tables(tables), f"collect/{stage_id}"
    # Who compares with earlier runs, or makes an index, looks for the files.
    is_needed_later = bool(job.plan.against) or job.plan.leaves_index(stage_id)
    if not is_needed_later and job.may_hold(table.nbytes):
        return job.held(place, kind, by_key(table))
    return job.made(name, place, kind, write_keyed(job.staged / name, table, job.plan.partitions))
