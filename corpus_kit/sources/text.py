"""Plain text and Markdown: one document a file."""

from __future__ import annotations

import codecs
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import ClassVar

import orjson
import pyarrow as pa

from corpus_kit.compression import DamagedInput
from corpus_kit.sources import MAX_RECORD_BYTES, Binding, Unit
from corpus_kit.sources.rows import Row, to_batches
from corpus_kit.storage import decompressed

_READ_BYTES = 1 << 20


class Text:
    """Reads .txt and .md files, possibly compressed."""

    extensions: ClassVar[tuple[str, ...]] = tuple(
        ending + packing for ending in (".txt", ".md") for packing in ("", ".gz", ".zst", ".bz2", ".xz")
    )
    modules: ClassVar[Mapping[str, str]] = {}
    version: ClassVar[int] = 1
    libraries: ClassVar[tuple[str, ...]] = ()

    def split(self, path: str, size: int, shard_bytes: int) -> list[tuple[int, int | None]]:
        """One range: a file is one document."""
        return [(0, None)]

    def check(self, path: str, binding: Binding) -> None:
        """Any file can be read as text."""

    def read(
        self, unit: Unit, binding: Binding, skipped: Counter[str], *, batch_rows: int, batch_bytes: int
    ) -> Iterator[pa.RecordBatch]:
        """One batch of one row."""
        yield from to_batches([_document(unit.path)], unit, binding, batch_rows=batch_rows, batch_bytes=batch_bytes)


def _document(path: str) -> Row:
    data = bytearray()
    with decompressed(path) as stream:
        try:
            while len(data) <= MAX_RECORD_BYTES and (piece := stream.read(_READ_BYTES)):
                data += piece
        except DamagedInput:
            return Row(0, len(data), {}, "read.damaged")
    if len(data) > MAX_RECORD_BYTES:
        return Row(0, len(data), {}, "read.too_large")
    text, notes = decode_text(bytes(data))
    return Row(0, len(data), {"text": text, "meta": orjson.dumps(notes).decode() if notes else None})


def decode_text(data: bytes) -> tuple[str, dict[str, str | bool]]:
    """The text of a file that does not say its encoding, and what had to be done to get it.

    UTF-8 if it is; UTF-16 if it begins like it. If not, a file with more sound UTF-8 letters than broken bytes is UTF-8
    with a few bytes broken (which become U+FFFD); else it is taken as Windows-1252, the old encoding of the North.

    >>> decode_text("blåbærgrød".encode())
    ('blåbærgrød', {})
    >>> decode_text("blåbærgrød".encode("cp1252"))
    ('blåbærgrød', {'charset': 'windows-1252'})
    """
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text = data.decode("utf-16", "replace")
        return text, {"charset": "utf-16"} | ({"repaired": True} if "\ufffd" in text else {})
    data = data.removeprefix(codecs.BOM_UTF8)
    try:
        return data.decode("utf-8"), {}
    except UnicodeDecodeError:
        pass
    text = data.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    if len(text) - len(text.encode("ascii", "ignore")) > 2 * broken:
        return text, {"repaired": True}
    try:
        return data.decode("cp1252"), {"charset": "windows-1252"}
    except UnicodeDecodeError:  # five bytes mean nothing in Windows-1252; in latin-1 all of them mean something
        return data.decode("latin-1"), {"charset": "iso-8859-1"}
