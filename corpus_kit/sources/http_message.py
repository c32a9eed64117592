"""An HTTP response as a crawler stored it: status, headers, and the body without its transfer and content codings.

fastwarc parses these too, but gives an empty body where header lines end in a bare LF, raises where a declared coding
was already taken off by the crawler, and says nothing where a body is cut. Old archives are full of all three.
"""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Iterator
from typing import NamedTuple

from corpus_kit.compression import OUTPUT, DamagedInput, pieces
from corpus_kit.sources.warc_record import HEADER_END, parse_fields

_STATUS = re.compile(rb"HTTP/[0-9]+(?:\.[0-9]+)? +([0-9]{3})(?![0-9])")
_CHUNK = re.compile(rb"[ \t]*([0-9a-fA-F]{1,15})[ \t]*(?:;[^\n]*)?\r?\n")


class Response(NamedTuple):
    """One response."""

    status: int
    headers: dict[str, str]
    """By lower-case name; of a repeated one the first."""
    body: bytes
    """Decoded; empty if it is `too_large`."""
    complete: bool = True
    """False if the body is cut or damaged, and this is what could be decoded."""
    too_large: bool = False


def parse_response(data: bytes, cap: int) -> Response | None:
    """The response; None if this is no HTTP.

    >>> parse_response(b"HTTP/1.1 200 OK\\r\\nContent-Type: text/html\\r\\n\\r\\n<p>", 1000)
    Response(status=200, headers={'content-type': 'text/html'}, body=b'<p>', complete=True, too_large=False)
    """
    status = _STATUS.match(data)
    if status is None:
        return None
    end = HEADER_END.search(data)
    block, body = (data, b"") if end is None else (data[: end.start()], data[end.end() :])
    headers = parse_fields(block.partition(b"\n")[2])
    complete = True
    if "chunked" in headers.get("transfer-encoding", "").lower():
        body, complete = join_chunks(body)
    codings = re.split(r"[,\s]+", headers.get("content-encoding", "").lower())
    for coding in reversed(codings):
        body, whole = decode_body(body, coding, cap)
        complete = complete and whole
        if len(body) > cap:
            return Response(int(status[1]), headers, b"", complete, too_large=True)
    return Response(int(status[1]), headers, body, complete)


def join_chunks(body: bytes) -> tuple[bytes, bool]:
    """The body without chunk lines, and whether it was complete; unchanged if it is not chunked in truth.

    >>> join_chunks(b"4\\r\\nhej \\r\\n2\\r\\ndu\\r\\n0\\r\\n\\r\\n")
    (b'hej du', True)
    >>> join_chunks(b"4\\r\\nhej \\r\\n9\\r\\ndu")
    (b'hej du', False)
    >>> join_chunks(b"<html>")
    (b'<html>', True)
    """
    parts = []
    at = 0
    while line := _CHUNK.match(body, at):
        size = int(line[1], 16)
        if size == 0:
            return b"".join(parts), True
        part = body[line.end() : line.end() + size]
        parts.append(part)
        if len(part) < size:
            return b"".join(parts), False
        at = line.end() + size
        at += 2 if body.startswith(b"\r\n", at) else 1 if body.startswith(b"\n", at) else 0
    return (b"".join(parts), False) if parts else (body, True)


def decode_body(body: bytes, coding: str, cap: int) -> tuple[bytes, bool]:
    """The body without a content coding, and whether it was complete; unchanged if it does not have it in truth.

    Gives up a little above `cap` bytes.
    """
    decoder = _CODINGS.get(coding)
    if decoder is None or not body:
        return body, True
    parts, size = [], 0
    try:
        for part in decoder(body):
            parts.append(part)
            size += len(part)
            if size > cap:
                break
    except (DamagedInput, zlib.error, OSError):
        return (b"".join(parts), False) if parts else (body, True)
    return b"".join(parts), True


def _gzip(body: bytes) -> Iterator[bytes]:
    return pieces(lambda: io.BytesIO(body), "gzip")


def _zstd(body: bytes) -> Iterator[bytes]:
    return pieces(lambda: io.BytesIO(body), "zstd")


def _deflate(body: bytes) -> Iterator[bytes]:
    """By the standard a zlib stream; by the custom of some servers, bare deflate."""
    is_zlib = body[0] & 15 == 8 and int.from_bytes(body[:2], "big") % 31 == 0
    decoder = zlib.decompressobj(wbits=zlib.MAX_WBITS if is_zlib else -zlib.MAX_WBITS)
    while not decoder.eof:
        part = decoder.decompress(body, OUTPUT)
        body = decoder.unconsumed_tail
        if part:
            yield part
        elif not body and not decoder.eof:
            raise DamagedInput("the body ends early")


def _brotli(body: bytes) -> Iterator[bytes]:
    from fastwarc.stream_io import BrotliReader

    reader = BrotliReader(io.BytesIO(body))
    return iter(lambda: reader.read(OUTPUT), b"")


_CODINGS = {"gzip": _gzip, "x-gzip": _gzip, "deflate": _deflate, "br": _brotli, "zstd": _zstd}
