"""Writes a pull into Parquet or JSONL files, so that it can be killed and run again, or extended another day.

A file appears whole, and then the state of the pull behind it is written: whoever begins again writes the next file.
Resuming gives the same files, byte for byte, as never having stopped. Readers of one pull may share a folder.
"""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any, BinaryIO, Literal

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from corpus_kit.commit import STAGING, commit_files, new_attempt, sync, write_json
from corpus_kit.errors import LedgerError, PlanError
from corpus_kit.pull.stream import Pull
from corpus_kit.tables import TableWriter, file_digest

FileFormat = Literal["parquet", "jsonl"]

FILE_BYTES = 1 << 30
"""Content of a file before compression."""

VALUE_BYTES = 8
"""What a value that is no string counts for."""


class JsonLines:
    """Writes documents as JSON, one a line."""

    def __init__(self, file: BinaryIO):
        self._file = file

    def write(self, batch: pa.RecordBatch) -> None:
        """Appends rows."""
        names = batch.schema.names
        rows = zip(*(column.to_pylist() for column in batch.columns), strict=True)
        self._file.write(b"".join([orjson.dumps(dict(zip(names, row, strict=True))) + b"\n" for row in rows]))

    def close(self) -> None:
        """Closes the file."""
        self._file.close()


class Output:
    """The files of one reader in a folder, and the record of what was written."""

    def __init__(self, pull: Pull, folder: Path, *, format: FileFormat, file_bytes: int, state_file: Path | None):
        self._pull, self._folder, self._format, self._file_bytes = pull, folder, format, file_bytes
        rank, world = pull.shard
        self._task = "pull" if world == 1 else f"pull-{rank}-of-{world}"
        self._prefix = "" if world == 1 else f"{rank}-of-{world}-"
        self._record_path = state_file or folder / f"{self._task}.json"
        self._request = {"format": format, "file_bytes": file_bytes, "columns": list(pull.columns)}
        self.files: list[dict[str, Any]] = []

    def begin(self) -> None:
        """Goes on from the record, or begins one. Raises LedgerError if the folder holds something else."""
        record = read_record(self._record_path)
        if record is None:
            self._require_free()
        else:
            self._require_same(record)
            self.files = record["files"]
            self._pull.load_state_dict(record["state"])
        self._folder.mkdir(parents=True, exist_ok=True)
        for stale in (self._folder / STAGING).glob(f"{self._task}.*"):
            shutil.rmtree(stale, ignore_errors=True)
        self._write_record()

    def _require_same(self, record: dict[str, Any]) -> None:
        for key, value in self._request.items():
            if record["request"].get(key) != value:
                raise LedgerError(
                    f"{self._record_path} is of a pull with another {key}: {record['request'].get(key)}, now {value}\n"
                    "  give what was given then, or choose another output"
                )

    def _require_free(self) -> None:
        """Other readers of the same pull may write here too."""
        world = self._pull.shard[1]
        for path in sorted(self._folder.glob("*")) if self._folder.is_dir() else ():
            other = re.fullmatch(rf"(pull-)?\d+-of-{world}(-\d+)?\.(json|{self._format})", path.name)
            if path.suffix in (".parquet", ".jsonl", ".json") and (world == 1 or other is None):
                raise LedgerError(f"{self._folder} holds {path.name}, which is not of this pull; choose another output")
        for path in sorted(self._folder.glob(f"pull-*-of-{world}.json")):
            theirs, ours = read_record(path), self._pull.state_dict()["of"]
            if theirs is not None and (theirs["state"]["of"], theirs["request"]) != (ours, self._request):
                raise LedgerError(f"{path} is of another pull; choose another output")

    def write_all(self) -> None:
        """Writes file after file until the pull ends."""
        while (first := next(self._pull, None)) is not None:
            place = f"{self._prefix}{len(self.files):05d}.{self._format}"
            staged = new_attempt(self._folder, self._task)
            written = self._write_file(staged / place, first)
            commit_files(self._folder, staged, {place: place})
            self.files.append({"path": place, **written})
            self._write_record()
        self._write_record()
        staging = self._folder / STAGING
        if staging.is_dir() and not any(staging.iterdir()):
            staging.rmdir()

    def _write_file(self, path: Path, batch: pa.RecordBatch | None) -> dict[str, Any]:
        assert batch is not None
        writer = TableWriter(path, batch.schema) if self._format == "parquet" else JsonLines(path.open("wb"))
        rows = size = 0
        while batch is not None:
            writer.write(batch)
            rows += batch.num_rows
            size += content_bytes(batch)
            batch = next(self._pull, None) if size < self._file_bytes else None
        writer.close()
        sync(path)
        return {"rows": rows, "content_bytes": size, "bytes": path.stat().st_size, "sha256": file_digest(path)}

    def _write_record(self) -> None:
        record = {"request": self._request, "state": self._pull.state_dict(), "files": self.files}
        write_json(self._record_path, record, indent=1)


def read_record(path: Path) -> dict[str, Any] | None:
    """What a pull wrote so far; None if it has not begun. Raises PlanError if the file is something else."""
    try:
        record = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise PlanError(f"{path} is not the state of a pull") from error
    if not isinstance(record, dict) or not {"request", "state", "files"} <= record.keys():
        raise PlanError(f"{path} is not the state of a pull")
    return record


def write_files(
    pull: Pull,
    folder: Path,
    *,
    format: FileFormat = "parquet",
    file_bytes: int = FILE_BYTES,
    state_file: Path | None = None,
) -> list[dict[str, Any]]:
    """Writes what is left of a pull of Arrow batches into files of about `file_bytes`; returns all there are now.

    The record of what was done is `pull.json` in the folder, or `state_file`.
    """
    output = Output(pull, folder, format=format, file_bytes=file_bytes, state_file=state_file)
    output.begin()
    output.write_all()
    return output.files


def write_stream(pull: Pull, file: BinaryIO, *, state_file: Path | None = None) -> int:
    """Writes what is left of a pull of Arrow batches as JSON lines; returns how many.

    The state is written once all is: what a reader of the stream has got of a broken one cannot be known.
    """
    record = None if state_file is None else read_record(state_file)
    if record is not None:
        pull.load_state_dict(record["state"])
    writer, rows = JsonLines(file), 0
    for batch in pull:
        writer.write(batch)
        rows += batch.num_rows
    file.flush()
    if state_file is not None:
        write_json(state_file, {"request": {}, "state": pull.state_dict(), "files": []}, indent=1)
    return rows


def content_bytes(batch: pa.RecordBatch) -> int:
    """Bytes of the strings of a batch, and 8 for each other value.

    >>> content_bytes(pa.record_batch({"text": ["åh", None], "weight": [1.0, 2.0]}))
    19
    """
    total = 0
    for column in batch.columns:
        is_string = pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
        total += (pc.sum(pc.binary_length(column)).as_py() or 0) if is_string else VALUE_BYTES * len(column)
    return total
