"""Writers of one load's outputs: kept rows in parts, rejects with a sample of their text, metrics."""

from __future__ import annotations

import heapq
from collections import defaultdict
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from corpus_kit.histogram import count_bins, named
from corpus_kit.sampling import hash64
from corpus_kit.schema import COLUMNS
from corpus_kit.tables import FileInfo, TableWriter, row_bytes, write_table

SAMPLE_SIZE = 20
"""Rejected documents per reason, source and language whose text is kept."""

REJECTS = pa.schema(
    [
        *((name, COLUMNS[name][0]) for name in ("id", "source", "category", "origin", "url", "lang")),
        ("stage", pa.string()),
        ("reasons", COLUMNS["reasons"][0]),
        ("text_bytes", pa.int64()),
        ("text", pa.large_string()),
    ]
)


MEASURED = ("id", "source", "category", "lang", "kept", "text_bytes")
"""Columns of the metrics files before the metrics themselves."""


class PartWriter:
    """Writes rows into parts of at most about `part_bytes` of text; one part if None."""

    def __init__(self, folder: Path, schema: pa.Schema, part_bytes: int | None):
        self.folder, self.schema, self.part_bytes = folder, schema, part_bytes
        self._writer: TableWriter | None = None
        self._filled = 0
        self._parts: list[tuple[FileInfo, int]] = []

    def write(self, batch: pa.RecordBatch) -> None:
        """Appends rows, starting new parts where they are full."""
        batch = _conform(batch, self.schema)
        sizes = np.cumsum(row_bytes(batch))
        start = 0
        while start < batch.num_rows:
            before = int(sizes[start - 1]) if start else 0
            stop = batch.num_rows
            if self.part_bytes is not None:
                room = self.part_bytes - self._filled
                stop = max(start, int(np.searchsorted(sizes, before + room, side="right")))
                if stop == start and self._writer is None:
                    stop = start + 1  # a row larger than a part has one to itself
            if stop > start:
                self._open().write(batch.slice(start, stop - start))
                self._filled += int(sizes[stop - 1]) - before
            if stop < batch.num_rows:
                self._close()
            start = stop

    def finish(self) -> list[tuple[FileInfo, int]]:
        """The parts in order, each with its bytes of text."""
        self._close()
        return self._parts

    def name(self, part: int) -> str:
        """File name of a part in the folder."""
        return f"data-{part:03d}.parquet"

    def _open(self) -> TableWriter:
        if self._writer is None:
            self._writer = TableWriter(self.folder / self.name(len(self._parts)), self.schema)
        return self._writer

    def _close(self) -> None:
        if self._writer is not None:
            self._parts.append((self._writer.close(), self._filled))
        self._writer, self._filled = None, 0


def _conform(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """The batch with exactly the columns of the schema; absent ones are null."""
    present = set(batch.schema.names)
    columns = [batch[field.name] if field.name in present else pa.nulls(batch.num_rows, field.type) for field in schema]
    columns = [
        column if column.type == field.type else column.cast(field.type)
        for column, field in zip(columns, schema, strict=True)
    ]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


class RejectWriter:
    """Collects the rejected rows of a load and writes them in row order."""

    def __init__(self, text: str):
        self.policy = text
        self._tables: list[pa.Table] = []
        self._samples: dict[str, list[tuple[int, str, str | None]]] = defaultdict(list)

    def write(self, stage_id: str, batch: pa.RecordBatch) -> None:
        """Takes rows that carry reasons."""
        names = [name for name in REJECTS.names if name in batch.schema.names]
        table = pa.table([batch[name] for name in names], names=names)
        table = table.append_column("stage", pa.repeat(stage_id, batch.num_rows))
        table = table.append_column("text_bytes", pa.array(row_bytes(batch)))
        if self.policy == "sample":
            self._sample(stage_id, batch)
        if self.policy != "all":
            table = table.drop_columns(["text"])
        self._tables.append(table.append_column("row", batch["row"]))

    def _sample(self, stage_id: str, batch: pa.RecordBatch) -> None:
        codes = pc.struct_field(pc.list_element(batch["reasons"], 0), "code").to_pylist()
        texts = batch["text"]
        rows = zip(batch["id"].to_pylist(), batch["source"].to_pylist(), batch["lang"].to_pylist(), strict=True)
        for i, (one, source, lang) in enumerate(rows):
            heap = self._samples[f"{stage_id}|{codes[i]}|{source}|{lang or ''}"]
            rank = -hash64("reject-sample", one)
            if len(heap) < SAMPLE_SIZE:
                heapq.heappush(heap, (rank, one, texts[i].as_py()))
            elif rank > heap[0][0]:
                heapq.heapreplace(heap, (rank, one, texts[i].as_py()))

    def finish(self, path: Path) -> tuple[FileInfo | None, dict[str, tuple[str, ...]]]:
        """Writes the file; also says, per group, the hashes (hexadecimal, lowest first) whose text is in it."""
        if not self._tables:
            return None, {}
        table = pa.concat_tables(self._tables).sort_by("row")
        if "text" not in table.schema.names:
            texts = {one: text for heap in self._samples.values() for _, one, text in heap}
            column = pa.array([texts.get(one) for one in table["id"].to_pylist()], pa.large_string())
            table = table.append_column("text", column)
        samples = {
            group: tuple(f"{-rank:016x}" for rank, _, _ in sorted(heap, reverse=True))
            for group, heap in sorted(self._samples.items())
        }
        return write_table(path, table.select(REJECTS.names).cast(REJECTS), is_kept=False), samples


class MetricsWriter:
    """Writes what each filter stage measured, kept rows and rejected ones, and counts histograms."""

    def __init__(self, folder: Path, name: str):
        self.folder, self.name = folder, name
        self._writers: dict[str, TableWriter] = {}
        self._counts: dict[tuple[str, str, str], NDArray[np.int64]] = {}
        """(stage, metric, language) -> documents per bin."""

    def write(self, stage_id: str, batch: pa.RecordBatch, kept: pa.BooleanArray) -> None:
        """Takes a batch with a `metrics` struct column."""
        metrics = batch["metrics"]
        names = [field.name for field in metrics.type]
        values = [pc.struct_field(metrics, name) for name in names]
        told = [batch["id"], batch["source"], batch["category"], batch["lang"], kept, pa.array(row_bytes(batch))]
        table = pa.table([*told, *values], names=[*MEASURED, *names])
        if stage_id not in self._writers:
            self._writers[stage_id] = TableWriter(self.folder / f"metrics.{stage_id}.parquet", table.schema)
        for one in table.combine_chunks().to_batches():
            self._writers[stage_id].write(one)
        self._count(stage_id, names, values, batch["lang"])

    def _count(self, stage_id: str, names: list[str], values: list[pa.Array], lang: pa.Array) -> None:
        languages = pc.fill_null(lang, "").dictionary_encode()
        groups = languages.indices.to_numpy(zero_copy_only=False).astype(np.int64)
        labels = languages.dictionary.to_pylist()
        for name, column in zip(names, values, strict=True):
            counts = count_bins(name, column.to_numpy(zero_copy_only=False), groups, len(labels))
            for label, row in zip(labels, counts, strict=True):
                key = (stage_id, name, label)
                self._counts[key] = self._counts[key] + row if key in self._counts else row

    def finish(self) -> dict[str, FileInfo]:
        """Stage id -> file, named `metrics.STAGE.parquet` in the folder."""
        return {stage_id: writer.close() for stage_id, writer in self._writers.items()}

    def histograms(self) -> dict[str, dict[str, int]]:
        """`stage metric language` -> bin -> documents."""
        return {
            f"{stage_id} {name} {label}": dict(sorted(named(name, counts).items()))
            for (stage_id, name, label), counts in sorted(self._counts.items())
        }
