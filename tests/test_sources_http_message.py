import gzip
import zlib

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus_kit.sources.http_message import decode_body, join_chunks, parse_response

BODY = b"<html>" + b"hello world " * 100 + b"</html>"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: Text/HTML; charset=utf-8\r\n"
CAP = 100_000


def chunked(body: bytes, end: bytes = b"0\r\n\r\n") -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(body[i : i + 50]), body[i : i + 50]) for i in range(0, len(body), 50)) + end


def raw_deflate(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(body) + packer.flush()


@pytest.mark.parametrize(
    ("fields", "body", "complete"),
    [
        (b"", BODY, True),
        (b"Content-Encoding: gzip\r\n", gzip.compress(BODY), True),
        (b"content-encoding: X-GZIP\r\n", gzip.compress(BODY[:50]) + gzip.compress(BODY[50:]), True),
        (b"Content-Encoding: deflate\r\n", zlib.compress(BODY), True),
        (b"Content-Encoding: deflate\r\n", raw_deflate(BODY), True),
        (b"Content-Encoding: zstd\r\n", pa.Codec("zstd").compress(BODY, asbytes=True), True),
        (b"Content-Encoding: gzip, gzip\r\n", gzip.compress(gzip.compress(BODY)), True),
        (b"Content-Encoding: identity\r\n", BODY, True),
        (b"Content-Encoding: utf-8\r\n", BODY, True),
        (b"Transfer-Encoding: chunked\r\n", chunked(BODY), True),
        (b"Transfer-Encoding: chunked\r\n", chunked(BODY, b""), False),
        (b"Transfer-Encoding: chunked\r\n", chunked(BODY, b"what?"), False),
        (b"Transfer-Encoding: chunked\r\n", BODY, True),
        (b"Transfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n", chunked(gzip.compress(BODY)), True),
        (b"Content-Encoding: gzip\r\n", BODY, True),
        (b"Content-Encoding: zstd\r\n", BODY, True),
        (b"Content-Encoding: gzip\r\n", gzip.compress(BODY)[:-4], False),
        (b"Content-Encoding: deflate\r\n", zlib.compress(BODY)[:-4], False),
    ],
)
def test_codings(fields, body, complete):
    response = parse_response(HEAD + fields + b"\r\n" + body, CAP)
    assert response is not None
    assert (response.status, response.body, response.complete, response.too_large) == (200, BODY, complete, False)
    assert response.headers["content-type"] == "Text/HTML; charset=utf-8"


def test_brotli():
    brotli = pytest.importorskip("brotli")
    pytest.importorskip("fastwarc")
    assert decode_body(brotli.compress(BODY), "br", CAP) == (BODY, True)
    assert decode_body(BODY, "br", CAP)[0] == BODY


def test_a_cut_body_gives_what_there_is():
    body, complete = decode_body(gzip.compress(BODY, 0)[:-200], "gzip", CAP)
    assert not complete
    assert BODY.startswith(body)
    assert len(body) > len(BODY) - 210


@pytest.mark.parametrize("coding", ["gzip", "deflate", "zstd"])
def test_bombs_end_at_the_cap(coding):
    pack = {
        "gzip": gzip.compress,
        "deflate": zlib.compress,
        "zstd": lambda d: pa.Codec("zstd").compress(d, asbytes=True),
    }
    response = parse_response(
        HEAD + b"Content-Encoding: " + coding.encode() + b"\r\n\r\n" + pack[coding](bytes(30 << 20)), CAP
    )
    assert response is not None
    assert (response.too_large, response.body) == (True, b"")
    assert len(decode_body(pack[coding](bytes(30 << 20)), coding, CAP)[0]) < 3 << 20


@pytest.mark.parametrize(
    ("data", "status", "headers", "body"),
    [
        (b"HTTP/1.1 200\r\nA: b\r\n\r\nx", 200, {"a": "b"}, b"x"),
        (b"HTTP/2 404 Not Found\nA: b\n\nx", 404, {"a": "b"}, b"x"),
        (b"HTTP/1.0 302 Found\r\nA: b", 302, {"a": "b"}, b""),
        (b"HTTP/1.1 200 OK\r\n\r\n", 200, {}, b""),
        (b"HTTP/1.1 200 OK\r\nA: b\r\n c\r\nA: d\r\nnonsense\r\n\r\nx", 200, {"a": "b c"}, b"x"),
        ("HTTP/1.1 200 OK\r\nX-É: é\r\n\r\nx".encode("latin-1"), 200, {"x-é": "é"}, b"x"),
    ],
)
def test_heads(data, status, headers, body):
    response = parse_response(data, CAP)
    assert response is not None
    assert (response.status, response.headers, response.body) == (status, headers, body)


@pytest.mark.parametrize(
    "data", [b"", b"<html>", b"HTTP/1.1", b"HTTP/1.1 OK\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", b"HTTP/1.1 2000 x\r\n\r\n"]
)
def test_what_is_no_http(data):
    assert parse_response(data, CAP) is None


@given(st.binary(max_size=200), st.sampled_from(["gzip", "deflate", "zstd", "chunked"]))
def test_nothing_raises(data, coding):
    for begin in (b"", b"\x1f\x8b\x08", b"5\r\n", b"\x78\x9c", b"\x28\xb5\x2f\xfd"):
        body, _ = join_chunks(begin + data) if coding == "chunked" else decode_body(begin + data, coding, CAP)
        assert isinstance(body, bytes)
