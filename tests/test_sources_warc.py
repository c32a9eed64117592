import gzip
import json
import zlib

import pytest
from warcs import HTTP, every, info, members, page, read, reasons, record

from corpus_kit.sources import document_id
from corpus_kit.sources.warc import Warc


def rows_of(tmp_path, *records, **options):
    path = tmp_path / "a.warc.gz"
    path.write_bytes(members(*records))
    return read(path, **options)


def test_columns_of_a_response(tmp_path):
    first = info()
    body = b"<html>bl\xc3\xa5b\xc3\xa6r"
    (row,), skipped = rows_of(tmp_path, first, record(HTTP + body, n=7, WARC_IP_Address="1.2.3.4"))
    offset = len(members(first))
    assert skipped == {"read.not_a_document": 1}
    headers = row.pop("headers")
    assert {name: value for name, value in row.items() if value is not None} == {
        "id": document_id("nb", "a.warc", offset),
        "origin": f"a.warc#{offset}",
        "source": "nb",
        "category": "web",
        "source_id": "<urn:uuid:7>",
        "url": "https://example.dk/7",
        "added": "2024-05-17T12:00:00Z",
        "raw": body,
        "media_type": "text/html",
        "meta": '{"warc-ip-address":"1.2.3.4"}',
    }
    assert json.loads(headers) == {":status": "200", "content-type": "Text/HTML; charset=utf-8"}


def test_kinds_of_records(tmp_path):
    rows, skipped = rows_of(
        tmp_path,
        info(1),
        record(b"GET / HTTP/1.1\r\n\r\n", "request", "application/http; msgtype=request", n=2),
        record(HTTP + b"<p>", n=3),
        record(b"a: b\r\n", "metadata", "application/warc-fields", n=4),
        record(HTTP, "revisit", n=5),
        record(b"HTTP/1.1 404 Not Found\r\n\r\n<p>", n=6),
        record(b"HTTP/1.1 301 Moved\r\nLocation: /\r\n\r\n", n=7),
        record(b"20240517\nexample.dk. 5 IN A 1.2.3.4", "response", "text/dns", n=8),
        record(b"%PDF-1.4", "resource", "application/pdf", n=9),
        record("Blåbær\n".encode(), "conversion", "text/plain", n=10, WARC_Identified_Content_Language="dan"),
        record(b"bl\xe5b\xe6r", "conversion", "text/plain; charset=utf-8", n=11),
        record(b"<html>", "conversion", "text/html", n=12),
        record(b"no http at all", n=13),
        record(HTTP + b"<b>", media="application/octet-stream", n=14),
        record(b"?", "monkeys", "text/plain", n=15),
    )
    assert skipped == {"read.not_a_document": 6, "read.http_status": 2}
    assert [(row["url"].rpartition("/")[2], row["raw"], row["text"], row["media_type"]) for row in rows] == [
        ("3", b"<p>", None, "text/html"),
        ("9", b"%PDF-1.4", None, "application/pdf"),
        ("10", None, "Blåbær\n", None),
        ("11", None, "bl\ufffdb\ufffdr", None),
        ("12", b"<html>", None, "text/html"),
        ("13", None, None, None),
        ("14", b"<b>", None, "text/html"),
    ]
    assert reasons(rows) == [None] * 5 + ["read.bad_record", None]
    assert [row["meta"] for row in rows[2:4]] == ['{"warc-identified-content-language":"dan"}', '{"repaired":true}']


def test_addresses_in_angle_brackets(tmp_path):
    (row,), _ = rows_of(tmp_path, record(HTTP, WARC_Target_URI="<http://a.dk/b c>"))
    assert row["url"] == "http://a.dk/b c"


def test_an_incomplete_body_is_noted(tmp_path):
    head = HTTP[:-2] + b"Content-Encoding: gzip\r\n\r\n"
    (row,), _ = rows_of(tmp_path, record(head + gzip.compress(b"<html>" * 100)[:-5]))
    assert (row["raw"], row["meta"]) == (b"<html>" * 100, '{"incomplete":true}')


class Small(Warc):
    max_record_bytes = 10_000


def test_too_large(tmp_path):
    bomb = HTTP[:-2] + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(bytes(5_000_000))
    for make in (members, lambda *records: b"".join(records)):
        path = tmp_path / "a.warc"
        path.write_bytes(
            make(page(0), page(1, size=20_000), record(bomb, n=2), record(b"x" * 20_000, "request"), page(3))
        )
        rows, skipped = read(path, reader=Small())
        assert reasons(rows) == [None, "read.too_large", "read.too_large", None]
        assert [row["url"][-1] for row in rows] == ["0", "1", "2", "3"]
        assert skipped == {"read.not_a_document": 1}


def test_a_bomb_of_a_member_is_passed_over_in_bounded_memory(tmp_path):
    bomb = zlib.compressobj(wbits=31)
    packed = bomb.compress(record(b"", length=150 << 20)[:-4])
    for _ in range(150):
        packed += bomb.compress(bytes(1 << 20))
    packed += bomb.compress(b"\r\n\r\n") + bomb.flush()
    path = tmp_path / "a.warc.gz"
    path.write_bytes(packed + members(page(1)))
    rows, _ = read(path)
    assert reasons(rows) == ["read.too_large", None]
    assert rows[0]["reasons"][0]["value"] == 150 << 20


def test_packing_is_told_by_the_content(tmp_path):
    for name in ("a.warc", "a.warc.gz"):
        for data in (page(1), members(page(1))):
            (tmp_path / name).write_bytes(data)
            assert reasons(read(tmp_path / name)[0]) == [None]


def test_split(tmp_path):
    reader = Warc()
    path = tmp_path / "a.warc.gz"
    path.write_bytes(members(*map(page, range(20))))
    size = path.stat().st_size
    assert reader.split(str(path), size, size) == [(0, None)]
    ranges = reader.split(str(path), size, size // 4 + 1)
    assert len(ranges) == 4
    assert read(path, ranges) == read(path)
    path.write_bytes(members(b"".join(map(page, range(20)))))
    assert reader.split(str(path), size, 100) == [(0, None)]
    for damaged in (b"", b"\x1f\x8b\x08", b"x" * 5000):
        path.write_bytes(damaged)
        assert reader.split(str(path), len(damaged), 1 << 20) == [(0, None)]
        assert reasons(read(path, reader.split(str(path), len(damaged), 1000))[0]) == ["read.damaged"]


def test_limit(tmp_path):
    rows, _ = rows_of(tmp_path, *map(page, range(9)), limit=4)
    assert [row["url"][-1] for row in rows] == ["0", "1", "2", "3"]


@pytest.mark.data
def test_every_broken_file_reads_the_same_however_it_is_split(data):
    warc = pytest.importorskip("fastwarc.warc")
    files = sorted((data / "warc").iterdir())
    assert len(files) >= 190
    compared = 0
    for path in files:
        rows, skipped = read(path)
        size = path.stat().st_size
        for step in (200, 1000, 7777, 50_000, 300_000):
            if size // step < 200:
                assert read(path, every(size, step), batch_rows=3, batch_bytes=5000) == (rows, skipped), path.name
        if rows and any(reasons(rows)):
            continue
        try:
            with path.open("rb") as file:
                count = sum(1 for _ in warc.ArchiveIterator(file, parse_http=False))
        except OSError:
            continue
        if ".arc" not in path.name:
            assert len(rows) + sum(skipped.values()) == count, path.name
            compared += 1
    assert compared >= 80


@pytest.mark.data
@pytest.mark.parametrize("step", [250_000, 1_000_003, 10_000_000])
def test_nordic_pages(data, step):
    path = data / "html/nordic_html.warc.gz"
    rows, skipped = read(path)
    assert (len(rows), skipped) == (5818, {"read.not_a_document": 1})
    assert reasons(rows) == [None] * 5818
    assert read(path, every(path.stat().st_size, step), batch_rows=100) == (rows, skipped)
