import gzip
import hashlib
import io
import os
import sys
import uuid
from collections import Counter
from pathlib import Path
from urllib.request import Request, urlopen

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from corpus_kit import storage
from corpus_kit.errors import MissingExtra, PlanError
from corpus_kit.sources import Binding, Unit, format_of, reader_for
from corpus_kit.storage import DamagedInput, FileEntry, decompressed, fingerprint, list_files, open_random, open_stream


@pytest.fixture(scope="module")
def endpoint():
    """Address of an S3 on this machine."""
    server_module = pytest.importorskip("moto.server")
    server = server_module.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3(endpoint, monkeypatch):
    """A client of an S3 that holds nothing but an empty bucket called `corpus`."""
    boto3 = pytest.importorskip("boto3")
    urlopen(Request(f"{endpoint}/moto-api/reset", method="POST")).close()
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    client = boto3.client("s3", endpoint_url=endpoint)
    client.create_bucket(Bucket="corpus")
    storage._s3.cache_clear()
    yield client
    storage._s3.cache_clear()


def write(path: Path, data: bytes = b"x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def names(path) -> list[str]:
    return [entry.relative for entry in list_files(str(path))]


def test_folder_is_listed_in_order_without_what_is_no_data(tmp_path):
    for name in (
        "b.txt",
        "a/z.txt",
        "a b/å#%20?.txt",
        "a.txt",
        ".git/x",
        "_staging/x",
        "a/_tmp",
        "a/.x",
        "source.yaml",
    ):
        write(tmp_path / name)
    assert names(tmp_path) == ["a b/å#%20?.txt", "a.txt", "a/z.txt", "b.txt"]
    for entry in list_files(str(tmp_path)):
        assert open_random(entry.path).read() == b"x"


def test_a_file_is_itself(tmp_path):
    path = write(tmp_path / "_one.txt", b"abc")
    assert list_files(str(path)) == [FileEntry(str(path), "_one.txt", 3, path.stat().st_mtime_ns)]


def test_missing_path_is_named(tmp_path):
    with pytest.raises(PlanError, match=r"nothing-here.*No such file"):
        list_files(str(tmp_path / "nothing-here"))


def test_links_are_followed_but_not_in_circles(tmp_path):
    write(tmp_path / "data/a.txt")
    (tmp_path / "data/again").symlink_to(tmp_path / "data")
    write(tmp_path / "elsewhere/b.txt")
    (tmp_path / "data/linked").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "data/c.txt").symlink_to(tmp_path / "elsewhere/b.txt")
    assert names(tmp_path / "data") == ["a.txt", "c.txt", "linked/b.txt"]


def test_a_link_to_nothing_is_user_trouble(tmp_path):
    (tmp_path / "a.txt").symlink_to(tmp_path / "gone")
    with pytest.raises(PlanError, match=r"a\.txt"):
        list_files(str(tmp_path))


@pytest.mark.skipif(sys.platform == "darwin", reason="the file system refuses such names")
def test_a_name_that_is_no_utf8_is_user_trouble(tmp_path):
    (tmp_path / os.fsdecode(b"a\xff.txt")).write_bytes(b"")
    with pytest.raises(PlanError, match="not valid UTF-8"):
        list_files(str(tmp_path))


def test_streams_start_where_they_are_told(tmp_path):
    path = str(write(tmp_path / "a.txt", b"0123456789"))
    assert open_stream(path, 3).read() == b"3456789"
    assert open_stream(path, 99).read() == b""
    assert open_random(path).read_at(2, 4) == b"45"
    assert decompressed(path).readall() == b"0123456789"


def test_file_addresses(tmp_path):
    write(tmp_path / "a b/c%.txt", b"abc")
    uri = f"file://{tmp_path}/a%20b"
    (entry,) = list_files(uri)
    assert (entry.path, entry.relative, entry.size) == (f"{uri}/c%25.txt", "c%.txt", 3)
    assert open_stream(entry.path).read() == b"abc"
    assert open_stream(f"file://{tmp_path}/a b/c%25.txt").read() == b"abc"


def test_compressed_content_is_whole_or_damaged(tmp_path):
    packed = gzip.compress(b"one\n") + gzip.compress(b"two\n")
    assert decompressed(str(write(tmp_path / "a.gz", packed))).readall() == b"one\ntwo\n"
    stream = decompressed(str(write(tmp_path / "b.gz", packed[:-1])))
    assert stream.read(100) == b"one\n"
    assert stream.read(100) == b"two\n"
    with pytest.raises(DamagedInput):
        stream.read(100)


def test_fingerprint_tells_contents_apart(tmp_path, monkeypatch):
    a, b = write(tmp_path / "a", b"a" * 5000), write(tmp_path / "b", b"a" * 4999 + b"b")
    assert fingerprint(str(a), 5000) == f"sha256:{hashlib.sha256(b'a' * 5000).hexdigest()}"
    assert fingerprint(str(a), 5000) != fingerprint(str(b), 5000)
    monkeypatch.setattr(storage, "HASHED_BYTES", 1000)
    monkeypatch.setattr(storage, "EDGE_BYTES", 100)
    os.utime(a, ns=(1, 1))
    os.utime(b, ns=(1, 1))
    assert fingerprint(str(a), 5000).startswith("edges:5000:")
    assert fingerprint(str(a), 5000) != fingerprint(str(b), 5000)
    before = fingerprint(str(a), 5000)
    os.utime(a, ns=(2, 2))
    assert fingerprint(str(a), 5000) != before


def test_fsspec_file_systems(tmp_path):
    fsspec = pytest.importorskip("fsspec")
    folder = f"memory://{uuid.uuid4().hex}"
    for name in ("b.txt", "a/a b%20.txt", "_x/no.txt"):
        with fsspec.open(f"{folder}/{name}", "wb") as file:
            file.write(b"0123456789")
    entries = list_files(folder)
    assert [entry.relative for entry in entries] == ["a/a b%20.txt", "b.txt"]
    assert [entry.size for entry in entries] == [10, 10]
    assert open_stream(entries[0].path, 4).read() == b"456789"
    assert names(entries[0].path) == ["a b%20.txt"]
    with pytest.raises(PlanError, match="does not exist"):
        list_files(folder + "x")


def test_unknown_schemes_and_missing_fsspec(monkeypatch):
    with pytest.raises(PlanError, match="nosuch://"):
        list_files("nosuch://a/b")
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    with pytest.raises(MissingExtra, match=r"corpus-kit\[remote\]"):
        list_files("memory://a/b")


def test_credentials_in_an_address_are_refused():
    with pytest.raises(PlanError, match="credentials") as caught:
        list_files("s3://key:secret@bucket/a")
    assert "secret" not in str(caught.value)


def test_s3(s3):
    for key in ("d/b.jsonl", "d/a b/pct%20å?#.jsonl", "d/.x", "d/_y/z", "dd/other.jsonl"):
        s3.put_object(Bucket="corpus", Key=key, Body=b"0123456789")
    entries = list_files("s3://corpus/d")
    assert [entry.relative for entry in entries] == ["a b/pct%20å?#.jsonl", "b.jsonl"]
    assert entries == list_files("s3://corpus/d/")
    assert [entry.size for entry in entries] == [10, 10]
    assert entries[0].modified is not None
    assert entries[0].path == "s3://corpus/d/a%20b/pct%2520%C3%A5%3F%23.jsonl"
    for entry in entries:
        assert open_random(entry.path).read_at(2, 4) == b"45"
        assert open_stream(entry.path, 4).read() == b"456789"
        assert list_files(entry.path)[0].relative == entry.relative.rpartition("/")[2]
    assert len(list_files("s3://corpus")) == 3
    assert fingerprint(entries[0].path, 10) == fingerprint(entries[1].path, 10)
    with pytest.raises(PlanError, match="s3://corpus/nothing"):
        list_files("s3://corpus/nothing")


def test_s3_options_in_the_address(s3, monkeypatch):
    endpoint = os.environ["AWS_ENDPOINT_URL"].removeprefix("http://")
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    s3.put_object(Bucket="corpus", Key="d/a.txt", Body=b"abc")
    (entry,) = list_files(f"s3://corpus/d?endpoint_override={endpoint}&scheme=http")
    assert entry.path == f"s3://corpus/d/a.txt?endpoint_override={endpoint}&scheme=http"
    assert open_stream(entry.path).read() == b"abc"


def test_s3_compressed(s3):
    s3.put_object(Bucket="corpus", Key="a.txt.zst", Body=pa.Codec("zstd").compress(b"hej", asbytes=True))
    assert decompressed("s3://corpus/a.txt.zst").readall() == b"hej"


def read_units(entry: FileEntry, format: str, ranges):
    rows = []
    for start, end in ranges:
        unit = Unit(
            ordinal=0, source="adl", format=format, path=entry.path, relative=entry.relative,
            start=start, end=end, size=entry.size,
        )  # fmt: skip
        for batch in reader_for(format).read(
            unit, Binding(source="adl"), Counter(), batch_rows=100, batch_bytes=1 << 20
        ):
            rows += batch.to_pylist()
    return rows


def test_readers_on_s3_read_ranges(s3, tmp_path):
    texts = [f"linje {i} " * 50 for i in range(1000)]
    table = io.BytesIO()
    pq.write_table(pa.table({"text": texts}), table, row_group_size=100)
    pages = b"".join(
        gzip.compress(
            b"WARC/1.0\r\nWARC-Type: resource\r\nContent-Length: %d\r\n\r\n%b\r\n\r\n" % (len(text), text.encode()), 1
        )
        for text in texts
    )
    lines = b"".join(b'{"text": "%b"}\n' % text.encode() for text in texts)
    for name, data in {
        "a.jsonl": lines,
        "b.parquet": table.getvalue(),
        "c.warc.gz": pages,
        "d.jsonl.gz": gzip.compress(lines),
    }.items():
        s3.put_object(Bucket="corpus", Key=f"in/{name}", Body=data)
    for entry in list_files("s3://corpus/in"):
        format = format_of(entry.relative)
        assert format is not None
        reader = reader_for(format)
        reader.check(entry.path, Binding(source="adl"))
        ranges = reader.split(entry.path, entry.size, entry.size // 3)
        assert len(ranges) >= (1 if entry.relative.endswith("jsonl.gz") else 3)
        rows = read_units(entry, format, ranges)
        assert [row["text"] or row["raw"].decode() for row in rows] == texts
        assert rows == read_units(entry, format, [(0, None)])
