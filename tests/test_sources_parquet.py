import json
from collections import Counter
from datetime import date, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus_kit.errors import PlanError
from corpus_kit.schema import READ_SCHEMA
from corpus_kit.sources import Binding, Unit, document_id
from corpus_kit.sources import parquet as module
from corpus_kit.sources.parquet import Parquet

READER = Parquet()
BINDING = Binding(source="adl", category="books", license="CC0-1.0")


def write(path, table, **options):
    pq.write_table(table, path, write_page_checksum=True, **options)
    return path


def read(path, ranges=((0, None),), binding=BINDING, batch_rows=1000, batch_bytes=1 << 20, reader=READER, limit=None):
    rows = []
    for start, end in ranges:
        unit = Unit(
            ordinal=0, source="adl", format="parquet", path=str(path), relative=path.name,
            start=start, end=end, size=1, limit=limit,
        )  # fmt: skip
        for batch in reader.read(unit, binding, Counter(), batch_rows=batch_rows, batch_bytes=batch_bytes):
            assert batch.schema.equals(READ_SCHEMA)
            batch.validate(full=True)
            assert 0 < batch.num_rows <= batch_rows
            rows += batch.to_pylist()
    return rows


def reasons(rows):
    return [row["reasons"][0]["code"] if row["reasons"] else None for row in rows]


def test_columns_of_a_row(tmp_path):
    table = pa.table(
        {
            "id": [17, 18],
            "text": ["Det var så.", ""],
            "title": ["Så", None],
            "created": pa.array([date(1898, 1, 2), None]),
            "license": ["MIT", ""],
            "url": pa.array(["a", "a"]).dictionary_encode(),
            "n": pa.array([1.5, float("nan")]),
        }
    )
    first, second = read(write(tmp_path / "a.parquet", table))
    assert first == dict.fromkeys(READ_SCHEMA.names) | {
        "id": document_id("adl", "a.parquet", 0),
        "origin": "a.parquet#0",
        "source": "adl",
        "category": "books",
        "license": "MIT",
        "source_id": "17",
        "url": "a",
        "title": "Så",
        "created": "1898-01-02",
        "text": "Det var så.",
        "meta": '{"n":1.5}',
    }
    assert second["id"] == document_id("adl", "a.parquet", 1)
    assert [second[name] for name in ("text", "license", "title", "meta")] == ["", "CC0-1.0", None, '{"n":null}']


def test_without_other_columns_there_is_no_meta(tmp_path):
    (row,) = read(write(tmp_path / "a.parquet", pa.table({"text": ["a"]})))
    assert (row["text"], row["meta"], row["license"]) == ("a", None, "CC0-1.0")


def test_fields_are_mapped(tmp_path):
    table = pa.table(
        {"content": ["a"], "text": ["b"], "sprog": ["dan_Latn"], "cat": ["law"], "at": [datetime(2024, 5, 17)]}
    )
    fields = {"text": "content", "lang": "sprog", "category": "cat", "added": "at"}
    binding = BINDING.model_copy(update={"fields": fields})
    (row,) = read(write(tmp_path / "a.parquet", table), binding=binding)
    assert [row[name] for name in ("text", "lang", "category")] == ["a", "dan_Latn", "law"]
    assert row["added"].startswith("2024-05-17T00:00:00")
    assert row["meta"] == '{"text":"b"}'


@pytest.mark.parametrize("own", ["books", None])
def test_where_a_record_says_nothing_the_card_does(tmp_path, own):
    table = pa.table({"text": ["a", "b", "c"], "license": ["MIT", "", None], "cat": ["", None, "law"]})
    binding = Binding(source="adl", category=own, license=own, fields={"category": "cat"})
    rows = read(write(tmp_path / "a.parquet", table), binding=binding)
    assert [row["license"] for row in rows] == ["MIT", own, own]
    assert [row["category"] for row in rows] == [own, own, "law"]
    rows = read(write(tmp_path / "b.parquet", table.select(["text"])), binding=binding)
    assert [(row["license"], row["category"]) for row in rows] == [(own, own)] * 3


def test_ids_and_origins_of_all_rows(tmp_path):
    path = write(tmp_path / "å.parquet", pa.table({"text": ["a"] * 12}), row_group_size=5)
    rows = read(path, ranges=[(0, 7), (7, None)], batch_rows=3)
    assert [row["id"] for row in rows] == [document_id("adl", "å.parquet", row) for row in range(12)]
    assert [row["origin"] for row in rows] == [f"å.parquet#{row}" for row in range(12)]


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.binary(), pa.large_binary(), pa.string_view()])
def test_text_types(tmp_path, kind):
    table = pa.table({"text": pa.array(["æ", None, "b"]).cast(kind)})
    rows = read(write(tmp_path / "a.parquet", table))
    assert [row["text"] for row in rows] == ["æ", None, "b"]
    assert reasons(rows) == [None, "read.no_text", None]


def test_broken_utf8_is_repaired_and_noted(tmp_path):
    broken = pa.array([b"a\xff", b"b", None]).view(pa.string())
    rows = read(write(tmp_path / "a.parquet", pa.table({"text": pa.array(["x", "y", "z"]), "title": broken})))
    assert [row["title"] for row in rows] == ["a\ufffd", "b", None]
    assert [row["meta"] for row in rows] == ['{"repaired":true}', None, None]
    rows = read(write(tmp_path / "b.parquet", pa.table({"text": broken, "n": [1, 2, 3]})))
    assert [row["text"] for row in rows] == ["a\ufffd", "b", None]
    assert [row["meta"] for row in rows] == ['{"n":1,"repaired":true}', '{"n":2}', '{"n":3}']


def test_no_text_column(tmp_path):
    path = write(tmp_path / "a.parquet", pa.table({"txt": ["a"], "n": [1]}))
    with pytest.raises(PlanError, match="column 'text' does not exist; did you mean 'txt'"):
        READER.check(str(path), BINDING)
    with pytest.raises(PlanError, match="is int64, not text"):
        READER.check(str(path), BINDING.model_copy(update={"fields": {"text": "n"}}))
    READER.check(str(path), BINDING.model_copy(update={"fields": {"text": "txt"}}))
    (row,) = read(path)
    assert (reasons([row]), row["text"], row["meta"]) == (["read.no_text"], None, '{"n":1,"txt":"a"}')


def test_too_large(tmp_path):
    class Small(Parquet):
        max_record_bytes = 4

    rows = read(write(tmp_path / "a.parquet", pa.table({"text": ["1234", "12345", "å23"]})), reader=Small())
    assert [row["text"] for row in rows] == ["1234", None, "å23"]
    assert reasons(rows) == [None, "read.too_large", None]
    assert (rows[1]["reasons"][0]["value"], rows[1]["reasons"][0]["high"]) == (5, 4)


def test_split_is_by_row_groups(tmp_path):
    path = write(tmp_path / "a.parquet", pa.table({"text": [f"{i:0100}" for i in range(1000)]}), row_group_size=100)
    size = path.stat().st_size
    assert READER.split(str(path), size, 1) == [(i * 100, (i + 1) * 100) for i in range(9)] + [(900, None)]
    assert READER.split(str(path), size, size * 2) == [(0, None)]
    halves = READER.split(str(path), size, size // 2)
    assert len(halves) == 2
    whole = read(path)
    assert [row["text"] for row in whole] == [f"{i:0100}" for i in range(1000)]
    assert read(path, halves) == whole
    assert read(path, [(0, 1), (1, 150), (150, 950), (950, None)]) == whole
    assert read(path, batch_rows=7, batch_bytes=300) == whole


@settings(max_examples=40, deadline=None)
@given(
    texts=st.lists(st.text(max_size=9) | st.none(), max_size=30),
    group=st.integers(1, 12),
    cuts=st.lists(st.integers(0, 35), max_size=3),
    batch_rows=st.integers(1, 9),
    batch_bytes=st.integers(1, 60),
)
def test_rows_do_not_depend_on_splits_and_batches(tmp_path_factory, texts, group, cuts, batch_rows, batch_bytes):
    path = tmp_path_factory.mktemp("split") / "a.parquet"
    write(path, pa.table({"text": pa.array(texts, pa.string()), "n": range(len(texts))}), row_group_size=group)
    borders = sorted({0, *cuts})
    ranges = list(zip(borders, [*borders[1:], None], strict=True))
    whole = read(path)
    assert [row["text"] for row in whole] == texts
    assert read(path, ranges, batch_rows=batch_rows, batch_bytes=batch_bytes) == whole


def test_limit(tmp_path):
    path = write(tmp_path / "a.parquet", pa.table({"text": ["a"] * 50}), row_group_size=20)
    assert len(read(path, limit=33)) == 33
    assert len(read(path, limit=33, batch_rows=7)) == 33


def test_a_damaged_footer_is_a_row(tmp_path):
    path = write(tmp_path / "a.parquet", pa.table({"text": ["a"] * 50}))
    whole = path.read_bytes()
    for damaged in (b"", b"PAR1", whole[:-1], whole[: len(whole) // 2], b"x" * 100):
        path.write_bytes(damaged)
        (row,) = read(path)
        assert reasons([row]) == ["read.damaged"]
        assert (row["origin"], row["text"]) == ("a.parquet#damage", None)
        assert READER.split(str(path), len(damaged), 10) == [(0, None)]
        READER.check(str(path), BINDING)


def test_a_damaged_page_costs_its_row_group_only(tmp_path, monkeypatch):
    texts = [f"{i * 7919 % 1000:04}" * 30 for i in range(1000)]
    path = write(
        tmp_path / "a.parquet", pa.table({"text": texts}), row_group_size=250, compression="none", use_dictionary=False
    )
    data = bytearray(path.read_bytes())
    at = data.index(texts[600].encode())
    data[at] ^= 1
    path.write_bytes(data)
    whole = read(path)
    assert [row["text"] for row in whole if row["text"]] == texts[:500] + texts[750:]
    assert [row["origin"] for row in whole if row["reasons"]] == ["a.parquet#damage-500"]
    assert read(path, [(0, 250), (250, 620), (620, None)], batch_rows=3) == whole
    monkeypatch.setattr(module, "_require_readable", lambda path: (_ for _ in ()).throw(OSError(5, "medium")))
    with pytest.raises(OSError, match="medium"):
        read(path)


def test_flipped_bits_are_detected(tmp_path):
    table = pa.table({"text": [f"linje {i} " * 5 for i in range(400)], "n": range(400)})
    path = write(tmp_path / "a.parquet", table, row_group_size=100, compression="zstd")
    expected = read(path)
    data = path.read_bytes()
    for i in range(4, len(data) - 8, max(1, len(data) // 150)):
        path.write_bytes(data[:i] + bytes([data[i] ^ (1 << i % 8)]) + data[i + 1 :])
        rows = read(path)
        good = [row for row in rows if row["reasons"] is None and row in expected]
        bad = [row for row in rows if row not in expected]
        assert len(good) >= 300 or bad, f"byte {i}"
        if i < len(data) * 2 // 3:  # in the pages; the footer has no checksum
            assert all(row["reasons"] for row in bad), f"byte {i}"


def test_values_of_other_columns(tmp_path):
    table = pa.table(
        {
            "text": ["a", "b"],
            "ns": pa.array([1, None], pa.timestamp("ns")),
            "tags": [["x", "y"], None],
            "nested": [{"at": datetime(2024, 1, 1), "n": [1]}, None],
            "map": pa.array([[("k", 1)], []], pa.map_(pa.string(), pa.int64())),
            "raw": [b"\xff", b"ok"],
        }
    )
    first, second = read(write(tmp_path / "a.parquet", table))
    assert json.loads(first["meta"]) == {
        "ns": "1970-01-01 00:00:00.000000001",
        "tags": ["x", "y"],
        "nested": {"at": "2024-01-01 00:00:00.000000", "n": [1]},
        "map": [["k", 1]],
        "raw": "\ufffd",
        "repaired": True,
    }
    assert json.loads(second["meta"]) == {"ns": None, "tags": None, "nested": None, "map": [], "raw": "ok"}
