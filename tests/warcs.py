"""WARC files made in memory, for the tests of their readers."""

import gzip
import random
from collections import Counter

from corpus_kit.schema import READ_SCHEMA
from corpus_kit.sources import Binding, Unit
from corpus_kit.sources.warc import Warc

HTTP = b"HTTP/1.1 200 OK\r\nContent-Type: Text/HTML; charset=utf-8\r\n\r\n"


def record(
    content: bytes, kind="response", media="application/http; msgtype=response", n=0, length=None, **fields
) -> bytes:
    lines = {
        "WARC-Type": kind,
        "WARC-Record-ID": f"<urn:uuid:{n}>",
        "WARC-Date": "2024-05-17T12:00:00Z",
        "WARC-Target-URI": f"https://example.dk/{n}",
        "Content-Type": media,
        "Content-Length": str(len(content) if length is None else length),
    } | {name.replace("_", "-"): value for name, value in fields.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items() if value is not None)
    return b"WARC/1.0\r\n" + head.encode() + b"\r\n" + content + b"\r\n\r\n"


def page(n: int, size: int = 300) -> bytes:
    """A response whose body compresses badly, as pages of a few kB do not."""
    return record(HTTP + b"<html>%d " % n + random.Random(n).randbytes(size), n=n)


def info(n: int = 0) -> bytes:
    return record(b"software: test\r\n", "warcinfo", "application/warc-fields", n=n)


def members(*records: bytes) -> bytes:
    return b"".join(gzip.compress(one, 1, mtime=0) for one in records)


def read(path, ranges=((0, None),), batch_rows=1000, batch_bytes=1 << 20, reader=None, limit=None):
    """Rows as dicts, and what was skipped."""
    skipped: Counter[str] = Counter()
    rows = []
    for start, end in ranges:
        unit = Unit(
            ordinal=0, source="nb", format="warc", path=str(path), relative="a.warc",
            start=start, end=end, size=1, limit=limit,
        )  # fmt: skip
        found = (reader or Warc()).read(
            unit, Binding(source="nb", category="web"), skipped, batch_rows=batch_rows, batch_bytes=batch_bytes
        )
        for batch in found:
            assert batch.schema.equals(READ_SCHEMA)
            assert 0 < batch.num_rows <= batch_rows
            rows += batch.to_pylist()
    return rows, dict(skipped)


def every(size: int, step: int) -> list[tuple[int, int | None]]:
    """Ranges of `step` bytes."""
    borders = list(range(0, max(size, 1), step))
    return list(zip(borders, [*borders[1:], None], strict=True))


def reasons(rows) -> list[str | None]:
    return [row["reasons"][0]["code"] if row["reasons"] else None for row in rows]
