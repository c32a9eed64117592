"""Tables whose columns are mapped files are the tables they were made of."""

from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus_kit.mapped import Giant, mapped

ROW = st.tuples(
    st.integers(0, (1 << 64) - 1),
    st.one_of(st.none(), st.floats(allow_nan=False)),
    st.one_of(st.none(), st.binary(max_size=9)),
    st.one_of(st.none(), st.text(max_size=5)),
    st.one_of(st.none(), st.binary(min_size=4, max_size=4)),
    st.lists(st.integers(0, 9), max_size=3),
    st.booleans(),
)
SCHEMA = pa.schema(
    [
        ("row", pa.uint64()),
        ("penalty", pa.float64()),
        ("shingles", pa.large_binary()),
        ("text", pa.large_string()),
        ("bands", pa.binary(4)),
        ("list", pa.list_(pa.int64())),
        ("flag", pa.bool_()),
    ]
)


def table(rows) -> pa.Table:
    columns = zip(*rows, strict=True) if rows else [[]] * len(SCHEMA)
    return pa.table(
        [pa.array(column, field.type) for column, field in zip(columns, SCHEMA, strict=True)], schema=SCHEMA
    )


@settings(deadline=None, max_examples=50)
@given(rows=st.lists(ROW, min_size=1, max_size=30), cut=st.integers(1, 9))
def test_a_mapped_table_is_the_tables_end_to_end(tmp_path_factory, rows, cut):
    whole = table(rows)
    pieces = [whole.slice(begin, cut) for begin in range(0, len(rows), cut)]
    made = mapped(pieces, tmp_path_factory.mktemp("mapped"))
    assert made.equals(whole)
    assert all(column.num_chunks == 1 for column in made.columns)


def test_the_columns_lie_in_files(tmp_path):
    rows = [(i, None if i % 3 else 0.5, b"x" * i, "y", b"abcd", [i], True) for i in range(1000)]
    before = pa.total_allocated_bytes()
    made = mapped([table(rows).select(["row", "shingles"])] * 3, tmp_path)
    assert pa.total_allocated_bytes() - before < 10_000
    sizes = {path.name: path.stat().st_size for path in tmp_path.iterdir()}
    assert sizes == {"0.values": 24_000, "1.values": 3 * 499_500, "1.offsets": 24_008}
    assert made["shingles"][2999].as_py() == b"x" * 999


def test_rows_of_a_giant_come_as_often_as_they_are_asked_for(tmp_path):
    rows = table([(i, 1.0, None, None, None, [], False) for i in range(9)])
    giant = Giant(lambda: (rows.slice(i, 2) for i in range(0, 9, 2)), tmp_path / "scratch")
    assert [piece.num_rows for piece in giant.pieces()] == [2, 2, 2, 2, 1]
    assert [giant.whole().equals(rows), giant.whole().equals(rows)] == [True, True]
    assert Path(tmp_path / "scratch").is_dir()


def test_nothing_is_no_columns(tmp_path):
    assert mapped([], tmp_path).num_columns == 0
    with pytest.raises(KeyError):
        mapped([], tmp_path)["row"]
