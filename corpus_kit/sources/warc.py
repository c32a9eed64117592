"""WARC files: pages of crawls (response, resource) and texts made from them (WET files: conversion).

The locator of a record is the offset of its gzip member, or of its first line. fastwarc and warcio both end silently at
damage and truncation, so the records are found by our own code (`warc_gzip`, `warc_plain`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import orjson
import pyarrow as pa

from corpus_kit.sources import MAX_RECORD_BYTES, Binding, Unit, byte_ranges
from corpus_kit.sources.http_message import parse_response
from corpus_kit.sources.rows import Row, to_batches
from corpus_kit.sources.warc_gzip import gzip_records, holds_several
from corpus_kit.sources.warc_plain import plain_records
from corpus_kit.sources.warc_record import MAGIC, Record
from corpus_kit.sources.window import Window
from corpus_kit.storage import is_remote, open_random

_DOCUMENTS = ("response", "resource", "conversion")
_COLUMNS = {"warc-target-uri": "url", "warc-date": "added", "warc-record-id": "source_id"}
_FRAMING = {"warc-type", "content-type", "content-length"}


_PARTS_OF_PAGES = frozenset({"css", "javascript", "x-javascript", "ecmascript", "font-woff", "font-woff2"})


class Warc:
    """Reads .warc and .warc.gz files."""

    extensions: ClassVar[tuple[str, ...]] = (".warc", ".warc.gz", ".warc.wet", ".warc.wet.gz", ".wet", ".wet.gz")
    modules: ClassVar[Mapping[str, str]] = {"fastwarc": "web"}
    version: ClassVar[int] = 1
    libraries: ClassVar[tuple[str, ...]] = ("fastwarc",)
    """For its brotli decoder."""
    max_record_bytes: ClassVar[int] = MAX_RECORD_BYTES

    def split(self, path: str, size: int, shard_bytes: int) -> list[tuple[int, int | None]]:
        """Byte ranges; one for a gzip file whose members are not its records, and for a plain file far away."""
        if size <= shard_bytes:
            return [(0, None)]
        with open_random(path) as file:
            window = Window.of(file, path)
            packed = _is_packed(window, path)
            whole = holds_several(window, self.max_record_bytes) if packed else is_remote(path)
        return [(0, None)] if whole else byte_ranges(size, shard_bytes)

    def check(self, path: str, binding: Binding) -> None:
        """Nothing can be wrong with a record before it is read."""

    def read(
        self, unit: Unit, binding: Binding, skipped: Counter[str], *, batch_rows: int, batch_bytes: int
    ) -> Iterator[pa.RecordBatch]:
        """Batches of the records that begin in the unit."""
        with open_random(unit.path) as file:
            window = Window.of(file, unit.path)
            records = gzip_records if _is_packed(window, unit.path) else plain_records
            found = records(window, unit.start, unit.end, self.max_record_bytes)
            rows = (row for record in found if (row := self._row(record, skipped)) is not None)
            yield from to_batches(rows, unit, binding, batch_rows=batch_rows, batch_bytes=batch_bytes)

    def _row(self, record: Record, skipped: Counter[str]) -> Row | None:
        """The record as a row; None if it holds no document."""
        if record.reason == "read.damaged" or record.reason == "read.bad_record":
            return Row(record.locator, 0, {}, record.reason)
        kind = record.header.get("warc-type", "").lower()
        media = record.header.get("content-type", "").lower()
        if kind not in _DOCUMENTS or media.startswith("text/dns"):
            skipped["read.not_a_document"] += 1
            return None
        columns = _header_columns(record.header)
        if record.reason is not None:
            return Row(record.locator, record.size, columns, record.reason)
        if media.startswith("application/http") or (kind == "response" and record.content.startswith(b"HTTP/")):
            return self._response(record, columns, skipped)
        if kind == "conversion" and _media_type(media) == "text/plain":
            return _text(record, columns)
        if _holds_no_text(_media_type(media)):
            skipped["read.media_type"] += 1
            return None
        columns |= {"raw": record.content, "media_type": _media_type(media), "meta": _meta(record.header)}
        return Row(record.locator, len(record.content), columns)

    def _response(self, record: Record, columns: dict[str, Any], skipped: Counter[str]) -> Row | None:
        response = parse_response(record.content, self.max_record_bytes)
        if response is None:
            return Row(record.locator, 0, columns, "read.bad_record")
        if response.status != 200:
            skipped["read.http_status"] += 1
            return None
        media = _media_type(response.headers.get("content-type", ""))
        if _holds_no_text(media):
            skipped["read.media_type"] += 1
            return None
        if response.too_large:
            return Row(record.locator, record.size, columns, "read.too_large")
        headers = {":status": str(response.status)} | response.headers
        columns["raw"] = response.body
        columns["media_type"] = media
        columns["headers"] = orjson.dumps(headers, option=orjson.OPT_SORT_KEYS).decode()
        columns["meta"] = _meta(record.header, incomplete=not response.complete)
        return Row(record.locator, len(response.body), columns)


def _is_packed(window: Window, path: str) -> bool:
    begin = window.read(0, len(MAGIC))
    if begin.startswith(b"\x1f\x8b"):
        return True
    return begin != MAGIC and path.partition("?")[0].lower().endswith(".gz")


def _header_columns(header: Mapping[str, str]) -> dict[str, Any]:
    columns: dict[str, Any] = {column: header[name] for name, column in _COLUMNS.items() if name in header}
    if "url" in columns:
        columns["url"] = columns["url"].removeprefix("<").removesuffix(">")  # as wget wrote them
    return columns


def _meta(header: Mapping[str, str], **notes: bool) -> str | None:
    """The other fields of the record's header, and notes about how it was read."""
    rest: dict[str, Any] = {name: header[name] for name in header.keys() - _COLUMNS.keys() - _FRAMING}
    rest |= {name: True for name, holds in notes.items() if holds}
    return orjson.dumps(rest, option=orjson.OPT_SORT_KEYS).decode() if rest else None


def _media_type(value: str) -> str | None:
    """The media type without parameters.

    >>> _media_type("Text/HTML; charset=utf-8")
    'text/html'
    """
    return value.partition(";")[0].strip().lower() or None


def _holds_no_text(media: str | None) -> bool:
    """Whether no stage could ever make text of it.

    >>> [_holds_no_text(one) for one in ("image/png", "text/css", "text/html", "application/pdf", None)]
    [True, True, False, False, False]
    """
    if media is None:
        return False
    kind, _, name = media.partition("/")
    return kind in ("image", "audio", "video", "font") or name in _PARTS_OF_PAGES


def _text(record: Record, columns: dict[str, Any]) -> Row:
    """A text somebody else has extracted."""
    text = record.content.decode("utf-8", "replace")
    repaired = "\ufffd" in text and text.encode() != record.content
    columns |= {"text": text, "meta": _meta(record.header, repaired=repaired)}
    return Row(record.locator, len(record.content), columns)
