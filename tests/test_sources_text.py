import gzip
import json
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus_kit.sources import Binding, Unit, document_id
from corpus_kit.sources import text as module
from corpus_kit.sources.text import Text, decode_text


def read(path):
    unit = Unit(ordinal=0, source="adl", format="text", path=str(path), relative=path.name, size=1)
    found = Text().read(unit, Binding(source="adl", license="CC0-1.0"), Counter(), batch_rows=10, batch_bytes=10)
    (row,) = (row for batch in found for row in batch.to_pylist())
    return row


def test_a_file_is_a_document(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes("\ufeffDet var så.\r\n".encode())
    row = read(path)
    assert {name: value for name, value in row.items() if value is not None} == {
        "id": document_id("adl", "a.txt", 0),
        "origin": "a.txt#0",
        "source": "adl",
        "license": "CC0-1.0",
        "text": "Det var så.\r\n",
    }
    path.write_bytes(b"")
    assert read(path)["text"] == ""


def test_compressed_and_damaged(tmp_path):
    path = tmp_path / "a.md.gz"
    path.write_bytes(gzip.compress(b"hej"))
    assert read(path)["text"] == "hej"
    for damaged in (b"", gzip.compress(b"hej")[:-1], gzip.compress(b"hej") + b"x"):
        path.write_bytes(damaged)
        row = read(path)
        assert (row["text"], row["reasons"][0]["code"]) == (None, "read.damaged")


def test_too_large(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MAX_RECORD_BYTES", 10)
    path = tmp_path / "a.txt"
    path.write_bytes(b"x" * 10)
    assert read(path)["text"] == "x" * 10
    path.write_bytes(b"x" * 11)
    assert read(path)["reasons"][0]["code"] == "read.too_large"


def test_the_charset_goes_to_meta(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes("Rødgrød".encode("cp1252"))
    row = read(path)
    assert (row["text"], json.loads(row["meta"])) == ("Rødgrød", {"charset": "windows-1252"})


@pytest.mark.parametrize(
    ("data", "text", "notes"),
    [
        ("Þórbergur".encode(), "Þórbergur", {}),
        ("\ufeffæ".encode(), "æ", {}),
        ("æøå".encode("utf-16"), "æøå", {"charset": "utf-16"}),
        ("æøå".encode("utf-16-be"), "\x00æ\x00ø\x00å", {"charset": "windows-1252"}),
        (b"\x93sm\xf8rrebr\xf8d\x94", "“smørrebrød”", {"charset": "windows-1252"}),
        (b"\x81\xe6", "\x81æ", {"charset": "iso-8859-1"}),
        ("blåbærgrød ".encode() + b"\xff", "blåbærgrød \ufffd", {"repaired": True}),
        (b"\xff\xfea\x00\x00\xd8", "a\ufffd", {"charset": "utf-16", "repaired": True}),
    ],
)
def test_encodings(data, text, notes):
    assert decode_text(data) == (text, notes)


@given(st.binary(max_size=60))
def test_any_bytes_become_valid_text(data):
    text, _ = decode_text(data)
    text.encode("utf-8")
