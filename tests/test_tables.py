"""Parquet files whose bytes depend on their rows alone, and whose damage is noticed."""

import hashlib
import itertools

import numpy as np
import pyarrow as pa
import pytest
import toy
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus_kit import tables
from corpus_kit.tables import (
    TableWriter,
    file_digest,
    in_one_piece,
    open_table,
    read_batches,
    read_table,
    row_bytes,
    taken,
    write_table,
)

TEXTS = [None if i % 7 == 0 else f"tekst nummer {i} " * (i % 5) for i in range(60)]
ROWS = toy.batch(TEXTS, lang=["dan_Latn" if i % 3 else None for i in range(60)], title=["t"] * 60)


def pieces(cuts: list[int], rows: pa.RecordBatch = ROWS) -> list[pa.RecordBatch]:
    borders = sorted({0, *cuts, rows.num_rows})
    return [rows.slice(a, b - a) for a, b in itertools.pairwise(borders)]


def written(path, batches, schema=None) -> bytes:
    writer = TableWriter(path, ROWS.schema if schema is None else schema)
    for one in batches:
        writer.write(one)
    writer.close()
    return path.read_bytes()


def groups_of(path) -> list[int]:
    file = open_table(path)
    return [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)]


@given(cuts=st.lists(st.integers(0, 60), max_size=8))
@settings(deadline=None, max_examples=60)
def test_bytes_do_not_depend_on_batches(tmp_path_factory, cuts):
    folder = tmp_path_factory.mktemp("tables")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tables, "ROW_GROUP_ROWS", 16)
        patch.setattr(tables, "ROW_GROUP_BYTES", 500)
        whole = written(folder / "whole.parquet", [ROWS])
        assert written(folder / "cut.parquet", pieces(cuts)) == whole
        copied = [pa.RecordBatch.from_pylist(one.to_pylist(), schema=one.schema) for one in pieces(cuts)]
        assert written(folder / "copied.parquet", copied) == whole
    assert read_table(folder / "cut.parquet").to_pylist() == ROWS.to_pylist()


def test_a_row_group_ends_with_the_row_that_reaches_either_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "ROW_GROUP_ROWS", 4)
    monkeypatch.setattr(tables, "ROW_GROUP_BYTES", 10)
    sizes = [1, 1, 1, 1, 9, 1, 30, 5, 4, 2, 0]
    batch = toy.batch(["x" * size for size in sizes])
    written(tmp_path / "a.parquet", [batch], batch.schema)
    assert groups_of(tmp_path / "a.parquet") == [4, 2, 1, 3, 1]


def test_the_limits_are_those_documented():
    assert tables.ROW_GROUP_ROWS == 16_384
    assert tables.ROW_GROUP_BYTES == 64 << 20


def test_groups_asked_for_are_the_groups_written(tmp_path):
    table = pa.table({"row": pa.array(range(10), pa.uint64())})
    write_table(tmp_path / "a.parquet", table, groups=[3, 1, 6])
    assert groups_of(tmp_path / "a.parquet") == [3, 1, 6]
    assert open_table(tmp_path / "a.parquet").read_row_group(1)["row"].to_pylist() == [3]


def test_a_group_asked_for_is_never_cut_in_two(tmp_path):
    """Readers find a key partition or a unit by the number of its row group."""
    rows = tables.ROW_GROUP_ROWS + 1
    table = pa.table({"row": pa.array(range(rows + 2), pa.uint64())})
    write_table(tmp_path / "a.parquet", table, groups=[rows, 2])
    assert groups_of(tmp_path / "a.parquet") == [rows, 2]


def test_a_file_says_what_was_written(tmp_path):
    info = write_table(tmp_path / "a.parquet", pa.table({"a": [1, 2, 3]}))
    content = (tmp_path / "a.parquet").read_bytes()
    assert info == (3, len(content), hashlib.sha256(content).hexdigest())
    assert file_digest(tmp_path / "a.parquet") == info.sha256
    assert open_table(tmp_path / "a.parquet").schema_arrow.metadata == {b"corpus_kit.format": b"1"}


@pytest.mark.parametrize("groups", [None, []])
def test_an_empty_table_keeps_its_columns(tmp_path, groups):
    info = write_table(tmp_path / "a.parquet", ROWS.schema.empty_table(), groups=groups)
    assert info.rows == 0
    assert read_table(tmp_path / "a.parquet").schema.names == ROWS.schema.names
    assert list(read_batches(tmp_path / "a.parquet")) == []


def test_columns_are_put_in_the_order_of_the_schema_and_others_left_out(tmp_path):
    schema = pa.schema([("b", pa.large_string()), ("a", pa.int64())])
    batch = pa.record_batch({"a": pa.array([1], pa.int32()), "extra": [0], "b": ["x"]})
    written(tmp_path / "a.parquet", [batch], schema)
    assert read_table(tmp_path / "a.parquet").to_pylist() == [{"b": "x", "a": 1}]
    assert read_table(tmp_path / "a.parquet", columns=["a"]).schema.names == ["a"]


def test_a_missing_column_is_a_bug(tmp_path):
    with pytest.raises(KeyError, match="b"):
        written(
            tmp_path / "a.parquet", [pa.record_batch({"a": [1]})], pa.schema([("a", pa.int64()), ("b", pa.int64())])
        )


def test_a_flipped_bit_is_noticed(tmp_path):
    random = np.random.default_rng(3)
    texts = [" ".join(map(str, random.integers(0, 10**9, 40))) for _ in range(200)]
    batch = toy.batch(texts)
    written(tmp_path / "a.parquet", [batch], batch.schema)
    good = (tmp_path / "a.parquet").read_bytes()
    group = open_table(tmp_path / "a.parquet").metadata.row_group(0)
    [text] = [group.column(i) for i in range(group.num_columns) if group.column(i).path_in_schema == "text"]
    begin, length = text.data_page_offset, text.total_compressed_size
    for at in np.linspace(begin + 60, begin + length - 60, 25).astype(int):
        broken = bytearray(good)
        broken[at] ^= 4
        (tmp_path / "a.parquet").write_bytes(broken)
        with pytest.raises(OSError, match=r"(?i)crc|corrupt|checksum"):
            read_table(tmp_path / "a.parquet", columns=["text"])


def test_no_text_stands_in_the_footer(tmp_path):
    batch = toy.batch(["aaa hemmelig", "zzz hemmelig"], title=["a", "b"], meta=["{}", "{}"])
    written(tmp_path / "a.parquet", [batch], batch.schema)
    group = open_table(tmp_path / "a.parquet").metadata.row_group(0)
    columns = {group.column(i).path_in_schema: group.column(i) for i in range(group.num_columns)}
    assert (columns["id"].statistics.min, columns["id"].statistics.max) == ("s-0", "s-1")
    for name in ("text", "title", "meta"):
        assert columns[name].statistics is None or not columns[name].statistics.has_min_max, name


def test_bytes_of_a_row_are_of_its_text_or_else_of_raw():
    batch = pa.record_batch(
        {
            "raw": pa.array([b"12345", b"12345", None], pa.large_binary()),
            "text": pa.array(["å", None, None], pa.large_string()),
        }
    )
    assert row_bytes(batch).tolist() == [2, 5, 0]
    assert row_bytes(batch.select(["raw"])).tolist() == [5, 5, 0]
    assert row_bytes(pa.table({"a": [1, 2]})).tolist() == [0, 0]


def test_batches_come_in_the_size_asked_for(tmp_path):
    write_table(tmp_path / "a.parquet", pa.table({"a": range(10)}))
    assert [one.num_rows for one in read_batches(tmp_path / "a.parquet", rows=4)] == [4, 4, 2]


def test_columns_are_taken_one_by_one_and_let_go():
    columns = [pa.chunked_array([[1, 2], [3]]), pa.chunked_array([["a", None, "å"]])]
    assert taken(columns, ["n", "t"], np.array([2, 0])).to_pydict() == {"n": [3, 1], "t": ["å", "a"]}
    assert columns == []


def test_a_table_in_one_piece_is_not_copied():
    table = pa.table({"n": [1, 2, 3]})
    assert in_one_piece(table) is table
    parts = pa.table({"n": pa.chunked_array([[1], [2, 3]]), "t": pa.chunked_array([["a", "b", "c"]])})
    joined = in_one_piece(parts)
    assert joined.equals(parts)
    assert joined["n"].num_chunks == 1
    assert joined["t"].chunk(0).buffers()[2].address == parts["t"].chunk(0).buffers()[2].address
