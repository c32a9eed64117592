"""One file as one row: a page or a text, and nothing else."""

from __future__ import annotations

import gzip
import io
import json
import zipfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import toy

from corpus_kit import check_file
from corpus_kit.check_file import read_row
from corpus_kit.errors import PlanError


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.txt", toy.DANISH.encode()),
        ("a", toy.DANISH.encode()),
        ("a.txt", b"\xef\xbb\xbf" + toy.DANISH.encode()),
        ("a.txt", toy.DANISH.encode("cp1252")),
        ("a.txt", b"\xff\xfe" + toy.DANISH.encode("utf-16-le")),
        ("a.txt.gz", gzip.compress(toy.DANISH.encode())),
    ],
)
def test_a_text_in_any_encoding(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    batch, is_page = read_row(tmp_path / name, lang="dan_Latn", category="books")
    assert not is_page
    assert "raw" not in batch.schema.names
    [row] = batch.select(["text", "lang", "category", "source"]).to_pylist()
    assert row == {"text": toy.DANISH, "lang": "dan_Latn", "category": "books", "source": "check"}


@pytest.mark.parametrize("name", ["a.html", "a.HTM", "a.xhtml"])
def test_a_page_by_its_name(tmp_path, name):
    (tmp_path / name).write_bytes(b"<p>x")
    batch, is_page = read_row(tmp_path / name)
    assert is_page
    assert batch.select(["raw", "media_type", "text"]).to_pylist() == [
        {"raw": b"<p>x", "media_type": "text/html", "text": None}
    ]


def test_a_page_by_its_content(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"\n <!DOCTYPE html>\n<html>")
    assert read_row(tmp_path / "a.txt")[1]
    assert not read_row(_write(tmp_path / "b.txt", b"i < 3, skrev han, og <html> er et ord"))[1]


def _write(path, content: bytes):
    path.write_bytes(content)
    return path


def _docx() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("word/document.xml", "<w:document/>")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3", "a PDF file"),
        (_docx(), r"a ZIP file \(as \.docx, \.odt and \.epub are\)"),
        (gzip.compress(b"tekst"), "a gzip file"),
        (b"\x89PNG\r\n\x1a\n", "a picture"),
        (b"PAR1\x15\x04", "a Parquet file"),
        (b"\x7fELF\x02\x01", "a program"),
    ],
)
def test_files_of_other_kinds_are_named(tmp_path, content, kind):
    with pytest.raises(PlanError, match=f"a is {kind}, not text; take the text out of it first$"):
        read_row(_write(tmp_path / "a", content))


def test_bytes_that_are_no_text(tmp_path):
    with pytest.raises(
        PlanError, match=r"a\.txt is not text: 32 of its 256 characters are control|is not text: \d+ of"
    ):
        read_row(_write(tmp_path / "a.txt", bytes(range(256))))
    with pytest.raises(PlanError, match="is not text: 1 of its 1,001 characters are control characters"):
        read_row(_write(tmp_path / "b.txt", b"x" * 1000 + b"\0"))


def test_texts_with_a_few_odd_characters_are_texts(tmp_path):
    for i, text in enumerate(("side 1\fside 2", "\x1b[1mfed\x1b[0m", "x" * 1000 + "\x07", "")):
        batch, _ = read_row(_write(tmp_path / f"{i}.txt", text.encode()))
        assert batch["text"][0].as_py() == text


def test_files_of_many_documents_are_for_a_run(tmp_path):
    jsonl = _write(tmp_path / "a.jsonl", json.dumps({"text": "x"}).encode())
    pq.write_table(pa.table({"text": ["x"]}), tmp_path / "a.parquet")
    for path, kind in ((jsonl, "jsonl"), (tmp_path / "a.parquet", "parquet")):
        with pytest.raises(PlanError, match=f"is a {kind} file, which holds many documents; check looks at one"):
            read_row(path)
    with pytest.raises(PlanError, match="is a WARC file, which holds many pages"):
        read_row(_write(tmp_path / "archive", b"WARC/1.0\r\nWARC-Type: warcinfo\r\n"))


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(PlanError, match=r"gone\.txt cannot be read: "):
        read_row(tmp_path / "gone.txt")
    with pytest.raises(PlanError, match="cannot be read: "):
        read_row(tmp_path)
    with pytest.raises(PlanError, match="is damaged: it cannot be decompressed"):
        read_row(_write(tmp_path / "a.txt.gz", gzip.compress(toy.DANISH.encode() * 100)[:-20]))


def test_a_huge_file_is_cut(tmp_path, monkeypatch):
    monkeypatch.setattr(check_file, "MAX_BYTES", 1 << 20)
    batch, _ = read_row(_write(tmp_path / "a.txt", b"ord " * (1 << 19)))
    assert len(batch["text"][0].as_py()) == 1 << 20
