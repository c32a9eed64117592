"""Files with fixed bytes: WARC, JSONL (plain, gzip, zstd), Parquet, loose files. No clock, no random identifiers.

Every writer gives back where each item came to lie.
"""

from __future__ import annotations

import base64
import hashlib
import json
import uuid
import zlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.parquet as pq

from .texts import Item

Places = dict[str, dict[str, Any]]
"""Item key -> `file`, and where in it: `row`, or `line`, or `offset` (of the gzip member; of the line, unpacked)."""

CRAWLED = datetime(2026, 11, 1, 12, 0, 0, tzinfo=UTC)
"""The date in the WARC: fixed, so that a rebuild gives the same bytes."""


def gzip_bytes(data: bytes) -> bytes:
    """One gzip member without a time stamp."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)  # 31: a gzip header, whose time zlib leaves at 0
    return packer.compress(data) + packer.flush()


def warc_record(kind: str, content: bytes, *, date: str, media_type: str, extra: Mapping[str, str]) -> bytes:
    """One WARC 1.1 record as a gzip member; its identifier follows from kind, address and content."""
    seed = "\0".join([kind, extra.get("WARC-Target-URI", ""), hashlib.sha256(content).hexdigest()])
    headers = {
        "WARC-Type": kind,
        "WARC-Record-ID": f"<urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, seed)}>",
        "WARC-Date": date,
        **extra,
        "WARC-Block-Digest": sha1_base32(content),
        "Content-Type": media_type,
        "Content-Length": str(len(content)),
    }
    head = "WARC/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers.items()) + "\r\n"
    return gzip_bytes(head.encode() + content + b"\r\n\r\n")


def sha1_base32(data: bytes) -> str:
    """A digest as WARC tools write it."""
    return "sha1:" + base64.b32encode(hashlib.sha1(data, usedforsecurity=False).digest()).decode()


def write_warc(path: Path, items: Sequence[Item], description: str) -> Places:
    """Every item as a request and a response record, after one warcinfo record."""
    info = f"software: examples/build_data.py\r\nformat: WARC File Format 1.1\r\ndescription: {description}\r\n"
    stamp = f"{CRAWLED:%Y-%m-%dT%H:%M:%SZ}"
    file_name = {"WARC-Filename": path.name}
    out = bytearray(
        warc_record("warcinfo", info.encode(), date=stamp, media_type="application/warc-fields", extra=file_name)
    )
    places: Places = {}
    for second, item in enumerate(items):
        when = CRAWLED + timedelta(seconds=second)
        stamp = f"{when:%Y-%m-%dT%H:%M:%SZ}"
        address = {"WARC-Target-URI": item.url}
        message = "application/http; msgtype="
        out += warc_record("request", _request(item.url), date=stamp, media_type=message + "request", extra=address)
        places[item.key] = {"file": path.name, "offset": len(out)}
        address["WARC-Payload-Digest"] = sha1_base32(item.body)
        out += warc_record(
            "response", _response(item, when), date=stamp, media_type=message + "response", extra=address
        )
    path.write_bytes(out)
    return places


def _request(url: str) -> bytes:
    parts = urlsplit(url)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    return f"GET {target} HTTP/1.1\r\nHost: {parts.netloc}\r\nAccept: text/html\r\n\r\n".encode()


def _response(item: Item, when: datetime) -> bytes:
    content_type = f"{item.media_type}; charset={item.charset}" if item.media_type == "text/html" else item.media_type
    headers = f"Date: {when:%a, %d %b %Y %H:%M:%S} GMT\r\nContent-Type: {content_type}\r\n"
    return f"HTTP/1.1 200 OK\r\n{headers}Content-Length: {len(item.body)}\r\n\r\n".encode() + item.body


def write_jsonl(path: Path, lines: Iterable[tuple[str, bytes]]) -> Places:
    """(key, line) pairs as JSONL, packed as the name says."""
    places: Places = {}
    out = bytearray()
    for number, (key, line) in enumerate(lines):
        places[key] = {"file": path.name, "line": number, "offset": len(out)}
        out += line + b"\n"
    path.write_bytes(_pack(bytes(out), path.suffix))
    return places


def _pack(data: bytes, suffix: str) -> bytes:
    if suffix == ".gz":
        return gzip_bytes(data)
    if suffix == ".zst":
        return pa.Codec("zstd", compression_level=19).compress(data, asbytes=True)
    return data


def json_line(record: Mapping[str, Any]) -> bytes:
    """One record as JSON, letters as they are."""
    return json.dumps(record, ensure_ascii=False).encode()


def write_parquet(path: Path, items: Sequence[Item]) -> Places:
    """One row an item, in row groups of 64 so that a small file still has several."""
    columns = {
        "text": [item.text for item in items],
        "title": [item.title for item in items],
        "url": [item.url for item in items],
        "source_id": [item.key for item in items],
        "license": [item.license for item in items],
        "language": [item.language for item in items],
    }
    table = pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})
    pq.write_table(table, path, compression="zstd", compression_level=19, row_group_size=64)
    return {item.key: {"file": path.name, "row": row} for row, item in enumerate(items)}


def write_files(folder: Path, items: Sequence[Item], suffix: str) -> Places:
    """One file an item, named by its key; texts without a newline at the end, so that the file is the text."""
    places: Places = {}
    for item in items:
        relative = item.key + suffix
        path = folder / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(item.body if suffix == ".html" else item.text.encode())
        places[item.key] = {"file": f"{folder.name}/{relative}"}
    return places
