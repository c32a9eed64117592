"""The records of an uncompressed WARC file.

Records are found by going from length to length from the beginning of the file, whatever range is asked for: a line
that looks like the begin of a record may be part of a page about WARC, or of a WARC file that was itself harvested.
Passing over a record costs one small read.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from corpus_kit.sources.warc_record import (
    HEADER_BYTES,
    HEADER_END,
    MAGIC,
    Record,
    content_length,
    damaged,
    parse_header,
)
from corpus_kit.sources.window import Window

_HEADER_READ = 4096
_LINE = b"\nWARC/1."


def plain_records(window: Window, start: int, end: int | None, cap: int) -> Iterator[Record]:
    """Records whose first line begins in [start, end), and one for each stretch of damage that begins there."""
    stop = math.inf if end is None else end
    if window.size == 0 and start == 0:
        yield damaged("0")
    at = _skip_blank(window, 0)
    while at < min(window.size, stop):
        wanted = at >= start
        header = _header(window, at)
        if header is None:
            if wanted:
                yield damaged(str(at))
            at = _next_line(window, at)
            continue
        begin = at + len(header)
        fields = parse_header(header)
        length = content_length(fields)
        if length is None or begin + length > window.size:
            if wanted:
                yield Record(str(at), fields, reason="read.bad_record" if length is None else "read.damaged")
            at = _next_line(window, begin - 1)
            continue
        if wanted and length <= cap:
            yield Record(str(at), fields, window.read(begin, length), size=length)
        elif wanted:
            yield Record(str(at), fields, reason="read.too_large", size=length)
        at = _skip_blank(window, begin + length)


def _header(window: Window, at: int) -> bytes | None:
    """The header block with the blank line that ends it; None if there is no sound one."""
    size = _HEADER_READ
    while True:
        block = window.read(at, size)
        if not block.startswith(MAGIC):
            return None
        end = HEADER_END.search(block)
        if end:
            return block[: end.end()]
        if len(block) < size or size >= HEADER_BYTES:
            return None
        size = min(size * 8, HEADER_BYTES)


def _skip_blank(window: Window, at: int) -> int:
    while block := window.read(at, 64):
        rest = block.lstrip(b"\r\n")
        at += len(block) - len(rest)
        if rest:
            break
    return at


def _next_line(window: Window, at: int) -> int:
    """Where the next line begins that looks like a record's first."""
    found = window.find(_LINE, at)
    return window.size if found < 0 else found + 1
