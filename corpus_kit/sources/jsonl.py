"""JSON lines: one object a line, plain or compressed. Plain files are split at line borders."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar, NamedTuple

import orjson
import pyarrow as pa

from corpus_kit.compression import DamagedInput, compression_of
from corpus_kit.errors import PlanError, suggest
from corpus_kit.sources import MAX_RECORD_BYTES, Binding, Unit, byte_ranges, field_names
from corpus_kit.sources.rows import Row, to_batches
from corpus_kit.storage import decompressed, open_stream

_READ_BYTES = 1 << 20
_ENOUGH_RECORDS = 20
"""Records without the text field, and none with it, that make it a wrong mapping and not bad records."""
_BOM = b"\xef\xbb\xbf"
_SURROGATE = re.compile("[\ud800-\udfff]")
_STRING = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
_BRACKET = re.compile(r"[\[\]{}]")
_EXPONENT = re.compile(r"\de\+\d")
MAX_DEPTH = 254
"""Levels of nesting: orjson writes no more, and what Python reads beyond depends on the depth of its own stack."""


class Jsonl:
    """Reads .jsonl files. The locator of a record is the byte offset of its line in the (decompressed) file."""

    extensions: ClassVar[tuple[str, ...]] = tuple(
        ending + packing for ending in (".jsonl", ".ndjson", ".json") for packing in ("", ".gz", ".zst", ".bz2", ".xz")
    )
    modules: ClassVar[Mapping[str, str]] = {}
    version: ClassVar[int] = 1
    libraries: ClassVar[tuple[str, ...]] = ("orjson",)
    max_record_bytes: ClassVar[int] = MAX_RECORD_BYTES

    def split(self, path: str, size: int, shard_bytes: int) -> list[tuple[int, int | None]]:
        """Byte ranges of a plain file; a compressed one is read as a whole."""
        return byte_ranges(size, shard_bytes) if compression_of(path) is None else [(0, None)]

    def check(self, path: str, binding: Binding) -> None:
        """Raises PlanError if the file is one JSON document instead of one a line, or a field is mapped to nothing."""
        field_names(binding)
        with decompressed(path) as stream:
            try:
                begin = stream.read(_READ_BYTES).removeprefix(_BOM).lstrip()
            except DamagedInput:
                return
        first = begin.partition(b"\n")[0].strip()
        if first in (b"[", b"{") or first.startswith(b"[{"):
            raise PlanError(f"{path!r} is a JSON document, not one object a line; convert it: jq -c '.[]' FILE")
        self.require_documents(path, begin, field_names(binding))

    def require_documents(self, path: str, begin: bytes, names: Mapping[str, str]) -> None:
        """Raises PlanError if the beginning of a file shows that no row of it can become a document."""
        _require_text(path, begin, names["text"])

    def read(
        self, unit: Unit, binding: Binding, skipped: Counter[str], *, batch_rows: int, batch_bytes: int
    ) -> Iterator[pa.RecordBatch]:
        """Batches of the records whose lines begin in the unit."""
        rows = self._rows(unit, field_names(binding), skipped)
        yield from to_batches(rows, unit, binding, batch_rows=batch_rows, batch_bytes=batch_bytes)

    def _rows(self, unit: Unit, names: Mapping[str, str], skipped: Counter[str]) -> Iterator[Row]:
        before = 1 if unit.start else 0  # a line begins at `start` if the byte before it ends one
        packed = compression_of(unit.path) is not None
        stream = decompressed(unit.path) if packed else open_stream(unit.path, unit.start - before)
        end = math.inf if unit.end is None else unit.end
        with stream:
            lines = split_lines(stream.read, unit.start - before, end, self.max_record_bytes)
            if before:
                next(lines, None)
            for line in lines:
                if line.reason is not None:
                    yield Row(line.offset, line.size, {}, line.reason)
                    continue
                data = line.data.removeprefix(_BOM) if line.offset == 0 else line.data
                if data.isspace() or not data:
                    skipped["read.not_a_document"] += 1
                    continue
                yield from self.documents(line, data, names)

    def documents(self, line: Line, data: bytes, names: Mapping[str, str]) -> Iterator[Row]:
        """The rows of one record; one in each line."""
        columns, reason = parse_record(data, names)
        yield Row(line.offset, line.size, columns, reason)


def _require_text(path: str, begin: bytes, field: str) -> None:
    """Raises PlanError if the file begins with many records of which none has the text field."""
    seen: set[str] = set()
    records = 0
    for line in begin.split(b"\n")[:-1]:
        try:
            record = orjson.loads(line)
        except orjson.JSONDecodeError:
            continue
        if not isinstance(record, dict):
            continue
        if field in record:
            return
        records += 1
        seen.update(record)
    if records >= _ENOUGH_RECORDS:
        raise PlanError(
            f"none of the first {records} records of {path!r} has the field {field!r}; {suggest(field, seen)}\n"
            "  name the right one in the source card: fields: {text: NAME}"
        )


class Line(NamedTuple):
    """A line without its end, or why there is none."""

    offset: int
    size: int
    data: bytes
    reason: str | None = None


def split_lines(read: Callable[[int], bytes], start: int, end: float, cap: int) -> Iterator[Line]:
    """Lines that begin in [start, end) of what `read` gives from `start` on. One longer than `cap` is not kept."""
    offset, held, parts = start, 0, []
    while offset < end:
        try:
            data = read(_READ_BYTES)
        except DamagedInput:  # the line begun here has no end
            yield Line(offset, held, b"", "read.damaged")
            return
        if not data:
            break
        *ends, tail = data.split(b"\n")
        for part in ends:
            if offset >= end:
                return
            held += len(part)
            yield _line(offset, held, [*parts, part] if parts else [part], cap)
            offset += held + 1
            held, parts = 0, []
        held += len(tail)
        parts = [*parts, tail] if held <= cap else []
    if held and offset < end:
        yield _line(offset, held, parts, cap)


def _line(offset: int, size: int, parts: list[bytes], cap: int) -> Line:
    if size > cap:
        return Line(offset, size, b"", "read.too_large")
    return Line(offset, size, parts[0] if len(parts) == 1 else b"".join(parts))


def parse_record(data: bytes, names: Mapping[str, str]) -> tuple[dict[str, Any], str | None]:
    """Document columns of a JSON object, and a reason if it is no document.

    >>> parse_record(b'{"id": 7, "text": "hej", "year": 1898}', {"text": "text", "source_id": "id"})
    ({'text': 'hej', 'source_id': '7', 'meta': '{"year":1898}'}, None)
    """
    try:
        record = orjson.loads(data)
    except orjson.JSONDecodeError:
        return _parse_slowly(data, names)
    if not isinstance(record, dict):
        return {}, "read.bad_record"
    columns, meta = _columns(record, names)
    if meta:
        try:
            written = orjson.dumps(meta, option=orjson.OPT_SORT_KEYS).decode()
        except TypeError:  # deeper than MAX_DEPTH
            return {}, "read.bad_record"
        if "e+" in written and _EXPONENT.search(written):
            return _parse_slowly(data, names)  # orjson makes 1.8e+19 of integers above 64 bits
        columns["meta"] = written
    return columns, None if "text" in columns else "read.no_text"


def _parse_slowly(data: bytes, names: Mapping[str, str]) -> tuple[dict[str, Any], str | None]:
    """What orjson refuses and the standard library reads: broken UTF-8, lone surrogates, NaN, huge integers."""
    record, repaired = load_slowly(data)
    if record is None:
        return {}, "read.bad_record"
    columns, meta = _columns(record, names)
    if repaired:
        meta["repaired"] = True
    if meta:
        columns["meta"] = dump(meta)
    return columns, None if "text" in columns else "read.no_text"


def load_slowly(data: bytes) -> tuple[dict[str, Any] | None, bool]:
    """The object of a line, None if there is none, and whether its text had to be repaired."""
    repaired = _is_broken(data)
    text = data.decode("utf-8", "replace")
    if _depth(text) > MAX_DEPTH:
        return None, repaired
    try:
        record = json.loads(text, parse_constant=lambda _: None, parse_float=_finite)
    except ValueError:  # no JSON, or an integer of 100,000 digits
        return None, repaired
    if not isinstance(record, dict):
        return None, repaired
    written = json.dumps(record, ensure_ascii=False)
    mended = _SURROGATE.sub("\ufffd", written)
    return (json.loads(mended), True) if mended != written else (record, repaired)


def _depth(text: str) -> int:
    """How many brackets are open at most, those in strings not counted.

    >>> _depth('{"a": [[1], "[[["]}')
    3
    """
    depth = deepest = 0
    for bracket in _BRACKET.findall(_STRING.sub("", text)):
        depth += 1 if bracket in "[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _is_broken(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return True
    return False


def _finite(digits: str) -> float | None:
    value = float(digits)
    return value if math.isfinite(value) else None


def _columns(record: dict[str, Any], names: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Columns whose fields hold strings (or integers, for any but the text), and all that is left over."""
    columns: dict[str, Any] = {}
    used = set()
    for column, name in names.items():
        value = record.get(name)
        if type(value) is int and column != "text":
            value = str(value)
        if isinstance(value, str):
            columns[column] = value
            used.add(name)
    return columns, {name: value for name, value in record.items() if name not in used}


def dump(meta: dict[str, Any]) -> str:
    """Other fields of a record as the column `meta` has them."""
    try:
        return orjson.dumps(meta, option=orjson.OPT_SORT_KEYS).decode()
    except TypeError:  # integers above 64 bits
        return json.dumps(meta, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
