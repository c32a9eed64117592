import pytest

from corpus_kit.errors import PlanError
from corpus_kit.schema import COLUMNS
from corpus_kit.sources import (
    FORMATS,
    MAPPABLE,
    RAW_FORMATS,
    Binding,
    byte_ranges,
    document_id,
    field_names,
    format_of,
    reader_for,
)


@pytest.mark.parametrize(
    ("name", "format"),
    [
        ("a.jsonl", "jsonl"),
        ("a/b.NDJSON.zst", "jsonl"),
        ("a.json.bz2", "jsonl"),
        ("a.parquet", "parquet"),
        ("CC-MAIN-1.warc.gz", "warc"),
        ("CC-MAIN-1.warc.wet.gz", "warc"),
        ("a.warc", "warc"),
        ("a.txt", "text"),
        ("README.md", "text"),
        ("a.txt.gz", "text"),
        ("a.xhtml", "html"),
        ("a.jpg", None),
        ("a.gz", None),
        ("a.warc.lz4", None),
        ("parquet", None),
        ("", None),
    ],
)
def test_format_of_a_file_name(name, format):
    assert format_of(name) == format


def test_reader_for():
    assert all(reader_for(name) is reader for name, reader in FORMATS.items())
    assert set(FORMATS) == {"jsonl", "parquet", "warc", "text", "html", "chat", "oasst", "oasst_best", "oig"}
    assert set(FORMATS) >= RAW_FORMATS
    with pytest.raises(PlanError, match="unknown format 'json'; did you mean 'jsonl'"):
        reader_for("json")


def test_endings_are_lower_case_and_of_one_format():
    endings = [ending for reader in FORMATS.values() for ending in reader.extensions]
    assert len(endings) == len(set(endings))
    assert all(ending == ending.lower() and ending.startswith(".") for ending in endings)


def test_ids_depend_on_source_path_and_locator_only():
    assert document_id("adl", "a/b.jsonl", 0) == document_id("adl", "a/b.jsonl", "0")
    ids = {document_id(s, p, n) for s in ("a", "b") for p in ("x", "y") for n in (0, 1)}
    assert len(ids) == 8


def test_byte_ranges_cover_the_file():
    assert byte_ranges(0, 10) == byte_ranges(10, 10) == [(0, None)]
    assert byte_ranges(11, 10) == [(0, 5), (5, None)]


def test_field_names():
    assert set(MAPPABLE) < set(COLUMNS)
    names = field_names(Binding(source="a", fields={"source_id": "docid", "lang": "sprog"}))
    assert names == {
        "text": "text", "source_id": "docid", "url": "url", "title": "title",
        "created": "created", "added": "added", "license": "license", "lang": "sprog",
    }  # fmt: skip
    with pytest.raises(PlanError, match=r"source 'a' maps a field to 'txt'; did you mean 'text'"):
        field_names(Binding(source="a", fields={"txt": "content"}))
