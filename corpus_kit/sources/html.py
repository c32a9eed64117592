"""Web pages saved as files: one page a file, its bytes untouched for `extract`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import ClassVar

import pyarrow as pa

from corpus_kit.sources import MAX_RECORD_BYTES, Binding, Unit
from corpus_kit.sources.rows import Row, to_batches
from corpus_kit.storage import open_random


class Html:
    """Reads .html files."""

    extensions: ClassVar[tuple[str, ...]] = (".html", ".htm", ".xhtml")
    modules: ClassVar[Mapping[str, str]] = {}
    version: ClassVar[int] = 1
    libraries: ClassVar[tuple[str, ...]] = ()

    def split(self, path: str, size: int, shard_bytes: int) -> list[tuple[int, int | None]]:
        """One range: a page is one document."""
        return [(0, None)]

    def check(self, path: str, binding: Binding) -> None:
        """Nothing can be wrong with a page before it is parsed."""

    def read(
        self, unit: Unit, binding: Binding, skipped: Counter[str], *, batch_rows: int, batch_bytes: int
    ) -> Iterator[pa.RecordBatch]:
        """One batch of one row."""
        yield from to_batches([_page(unit.path)], unit, binding, batch_rows=batch_rows, batch_bytes=batch_bytes)


def _page(path: str) -> Row:
    with open_random(path) as file:
        raw = file.read(min(file.size(), MAX_RECORD_BYTES + 1))
    if len(raw) > MAX_RECORD_BYTES:
        return Row(0, len(raw), {}, "read.too_large")
    return Row(0, len(raw), {"raw": raw, "media_type": "text/html"})
