"""What a WARC record is, before anyone asks what it holds: its header and its content block."""

from __future__ import annotations

import re
from typing import NamedTuple

HEADER_BYTES = 1 << 20
"""Cap of a header. fastwarc's is 32 kB a line; real ones are below 2 kB."""
MAGIC = b"WARC/"
HEADER_END = re.compile(rb"\r*\n\r*\n")
_NUMBER = re.compile(r"[0-9]{1,18}")


class Record(NamedTuple):
    """One record, or a stretch of the file that should have been one."""

    locator: str
    """Offset of its gzip member, or of its first line; `offset+n` for the n-th further one in a member."""
    header: dict[str, str]
    """Fields by lower-case name."""
    content: bytes = b""
    reason: str | None = None
    size: int = 0
    """Length of the content, also where it was not kept."""


def damaged(locator: str) -> Record:
    """A stretch of the file that cannot be read."""
    return Record(locator, {}, reason="read.damaged")


def parse_header(block: bytes) -> dict[str, str]:
    """Fields by lower-case name; of a repeated one the first, folded ones unfolded.

    >>> parse_header(b"WARC/1.0\\r\\nWARC-Type: response\\r\\nContent-Length:\\r\\n  5\\r\\n")
    {'warc-type': 'response', 'content-length': '5'}
    """
    return parse_fields(block.partition(b"\n")[2])


def parse_fields(block: bytes) -> dict[str, str]:
    """The same for a block without a first line that is no field."""
    pairs: list[list[str]] = []
    for line in decode(block).split("\n"):
        if line[:1] in (" ", "\t") and pairs:
            pairs[-1][1] = f"{pairs[-1][1]} {line.strip()}".strip()
            continue
        name, colon, value = line.partition(":")
        if colon:
            pairs.append([name.strip().lower(), value.strip()])
    fields: dict[str, str] = {}
    for name, value in pairs:
        fields.setdefault(name, value)
    return fields


def decode(data: bytes) -> str:
    """Text of a header: UTF-8, or else latin-1, in which any bytes mean something."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def content_length(header: dict[str, str]) -> int | None:
    """Declared length of the content; None if there is no such number."""
    value = header.get("content-length", "")
    return int(value) if _NUMBER.fullmatch(value) else None
