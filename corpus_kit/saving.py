"""Files of what a process holds, for a run that fails or is interrupted: what is done is kept."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pyarrow as pa

from corpus_kit.commit import sync
from corpus_kit.held import shelf
from corpus_kit.job import NO_FILE
from corpus_kit.keyed import write_keyed
from corpus_kit.ledger import FileEntry, iter_receipts, write_receipt
from corpus_kit.tables import FileInfo
from corpus_kit.work import WorkWriter


def save_held(run: Path, partitions: int) -> None:
    """Writes what is held to the places it has in the receipts, which then count for whoever resumes the run.

    Never raises OSError: a full disk may be why the run failed. What cannot be written will be made again.
    """
    if shelf().is_empty:  # as ever on Ray, where there may be very many receipts
        return
    for receipt in iter_receipts(run):
        if all(file.bytes != NO_FILE for file in receipt.files):
            continue
        with contextlib.suppress(OSError):
            files = tuple(_saved(run, file, partitions) for file in receipt.files)
            write_receipt(run, receipt.model_copy(update={"files": files}))


def _saved(run: Path, file: FileEntry, partitions: int) -> FileEntry:
    """The line of the receipt with what was written; as it was if there is nothing to write."""
    path = run / file.path
    table = shelf().get(path)
    if file.bytes != NO_FILE or table is None:
        return file
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}")
    try:
        info = _written(temporary, table, partitions if path.suffix == ".parquet" else 0)
        sync(temporary)
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    sync(path.parent)
    return file.model_copy(update=info._asdict())


def _written(path: Path, table: pa.Table, partitions: int) -> FileInfo:
    """Keyed rows, cut by partition, or the rows of a load."""
    if partitions:
        return write_keyed(path, table, partitions)
    rows = WorkWriter(path)
    for batch in table.to_batches():
        rows.write(batch)
    return rows.close()
