"""Kept rows of each split in parts of their own, so that no file of a run mixes what is held out with what is not."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

import pyarrow as pa
import pyarrow.compute as pc

from corpus_kit.job import Job
from corpus_kit.ledger import FileEntry
from corpus_kit.outputs import PartWriter
from corpus_kit.stages.split_draw import TRAIN

SPLIT = "split"
"""Column that says which split a document is in; without a value it is in train."""

OTHER = "other"
"""Where documents go whose split has a name that can be no folder's: the stage `split` gives none, a plug-in may."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,99}")
"""What the stage `split` accepts as a name, and `datasets` as that of a split."""


def parted(schema: pa.Schema) -> bool:
    """Whether documents of these columns are kept apart by split."""
    return SPLIT in schema.names and pa.types.is_string(schema.field(SPLIT).type)


def folder_of(split: str | None) -> str:
    """The folder of a split's files.

    >>> folder_of("validation"), folder_of(None), folder_of("../x")
    ('validation', 'train', 'other')
    """
    if split is None:
        return TRAIN
    return split if _NAME.fullmatch(split) else OTHER


def split_of(place: str) -> str | None:
    """The split of a data file, or of a part of one, by its path in the run; None if it holds any.

    >>> split_of("data/test/00000.parquet"), split_of("work/map-1/test/0-0.parquet"), split_of("data/00000.parquet")
    ('test', 'test', None)
    """
    parts = PurePosixPath(place).parts
    inside = parts[1:-1] if parts[0] == "data" else parts[2:-1]
    return inside[0] if inside else None


class SplitWriter:
    """Writes rows into parts of their splits, each of at most about `part_bytes` of text, in the order of the rows."""

    def __init__(self, folder: Path, schema: pa.Schema, part_bytes: int | None):
        self.folder, self.schema, self.part_bytes = folder, schema, part_bytes
        self._writers: dict[str, PartWriter] = {}

    def write(self, batch: pa.RecordBatch) -> None:
        """Appends rows to what their splits have."""
        if SPLIT not in batch.schema.names:  # a stage took the column away: nothing is held out
            self._writer(TRAIN).write(batch)
            return
        coded = pc.fill_null(batch[SPLIT], TRAIN).dictionary_encode()
        folders = pa.array([folder_of(split) for split in coded.dictionary.to_pylist()], pa.string())
        names = pc.unique(folders).to_pylist()
        for name in names:
            mine = pc.equal(folders.take(coded.indices), name)
            self._writer(name).write(batch if len(names) == 1 else batch.filter(mine))

    def _writer(self, name: str) -> PartWriter:
        if name not in self._writers:
            (self.folder / name).mkdir()
            self._writers[name] = PartWriter(self.folder / name, self.schema, self.part_bytes)
        return self._writers[name]

    def entries(self, job: Job, place: str, load: int) -> list[FileEntry]:
        """The finished parts of a load, split by split: `SPLIT/LOAD-NNN.parquet` below `place`."""
        found = []
        for name, writer in sorted(self._writers.items()):
            for i, (info, text_bytes) in enumerate(writer.finish()):
                part = f"{place}/{name}/{load:06d}-{i:03d}.parquet"
                found.append(job.made(f"{name}/data-{i:03d}.parquet", part, "data", info, text_bytes=text_bytes))
        return found
