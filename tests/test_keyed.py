"""Tables cut by key partition and by load."""

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from corpus_kit import keyed
from corpus_kit.keyed import (
    KeyedWriter,
    between,
    by_key,
    by_load,
    by_partition,
    key_range,
    partition_of,
    per_load,
    without_rows,
    write_keyed,
)
from corpus_kit.tables import open_table

KEYS = st.lists(st.integers(0, (1 << 64) - 1), max_size=50)


def table(rows, keys=None) -> pa.Table:
    columns = {"row": pa.array(rows, pa.uint64())}
    return pa.table(columns if keys is None else {**columns, "key": pa.array(keys, pa.uint64())})


def test_the_partition_of_a_key_is_its_top_bits():
    keys = np.array([0, (1 << 62) - 1, 1 << 62, 1 << 63, (1 << 64) - 1], np.uint64)
    assert partition_of(keys, 1).tolist() == [0, 0, 0, 0, 0]
    assert partition_of(keys, 2).tolist() == [0, 0, 0, 1, 1]
    assert partition_of(keys, 4).tolist() == [0, 0, 1, 2, 3]
    assert partition_of(keys, 1024).tolist() == [0, 255, 256, 512, 1023]


@given(KEYS, st.sampled_from([1, 2, 8, 64]), st.randoms())
def test_partitions_are_contiguous_runs_in_key_order(keys, partitions, random):
    rows = list(range(len(keys)))
    random.shuffle(rows)
    cut, counts = by_partition(table(rows, keys), partitions)
    pairs = list(zip(cut["key"].to_pylist(), cut["row"].to_pylist(), strict=True))
    assert pairs == sorted(zip(keys, rows, strict=True))
    assert list(counts) == sorted(counts)
    assert sum(counts.values()) == len(keys)
    start = 0
    for partition, count in counts.items():
        assert set(partition_of(cut["key"].to_numpy()[start : start + count], partitions).tolist()) == {partition}
        start += count


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 100)), unique=True))
def test_loads_are_contiguous_runs_in_row_order(numbers):
    rows = [unit << 32 | at for unit, at in numbers]
    cut, counts = by_load(table(rows))
    assert cut["row"].to_pylist() == sorted(rows)
    assert counts == {unit: sum(u == unit for u, _ in numbers) for unit in sorted({u for u, _ in numbers})}


@given(st.lists(st.integers(0, 40)), st.sets(st.integers(0, 40)))
def test_rows_are_taken_out(rows, dead):
    left = without_rows(table(rows), np.array(sorted(dead), np.uint64))
    assert left["row"].to_pylist() == [row for row in rows if row not in dead]


def test_rows_of_high_loads_are_told_apart():
    high = (1 << 63) + 1  # a float would not know it from its neighbours
    assert without_rows(table([high, high + 1]), np.array([high], np.uint64))["row"].to_pylist() == [high + 1]


@given(KEYS, st.sampled_from([1, 2, 64]))
def test_partitions_are_ranges_of_keys(keys, partitions):
    numbers = partition_of(np.array(keys, np.uint64), partitions).tolist()
    for key, number in zip(keys, numbers, strict=True):
        low, high = key_range(number, partitions)
        assert low <= key < high


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 9))))
def test_rows_in_any_order_are_sorted_by_key_and_row(pairs):
    rows, keys = [row for row, _ in pairs], [key for _, key in pairs]
    found = by_key(table(rows, keys).append_column("at", pa.array(range(len(rows)), pa.int64())))
    expected = sorted(zip(keys, rows, range(len(rows)), strict=True))
    assert list(zip(*(found[name].to_pylist() for name in ("key", "row", "at")), strict=True)) == expected


def test_rows_of_sorted_files_are_merged_by_key():
    files = [table([0, 1, 2], [5, 5, 9]), table([7, 8], [1, 5])]
    merged = by_key(pa.concat_tables(files), is_ordered=True)
    assert merged["key"].to_pylist() == [1, 5, 5, 5, 9]
    assert merged["row"].to_pylist() == [7, 0, 1, 8, 2]


def test_row_groups_never_span_partitions_and_stay_small(tmp_path, monkeypatch):
    monkeypatch.setattr(keyed, "GROUP_ROWS", 10)
    keys = np.random.default_rng(1).integers(0, (1 << 64) - 1, 300, np.uint64)
    info = write_keyed(tmp_path / "a", table(np.arange(300), keys), 8)
    file = open_table(tmp_path / "a")
    groups = [file.read_row_group(i) for i in range(file.num_row_groups)]
    assert max(group.num_rows for group in groups) == 10
    assert all(len(set(partition_of(group["key"].to_numpy(), 8).tolist())) == 1 for group in groups)
    assert pa.concat_tables(groups)["key"].to_pylist() == sorted(keys.tolist())
    assert info.rows == 300


def test_wide_rows_make_row_groups_of_few(tmp_path, monkeypatch):
    monkeypatch.setattr(keyed, "GROUP_BYTES", 8000)
    wide = table(range(100), range(100)).append_column("text", pa.array(["x" * 1000] * 100))
    write_keyed(tmp_path / "a", wide, 1)
    assert open_table(tmp_path / "a").num_row_groups == 15  # seven rows of 1,024 bytes each, the last of two
    assert open_table(tmp_path / "a").read()["text"].to_pylist() == ["x" * 1000] * 100


def test_what_is_not_cut_is_one_row_group(tmp_path, monkeypatch):
    monkeypatch.setattr(keyed, "GROUP_ROWS", 10)
    writer = KeyedWriter(tmp_path / "a", table([]).schema, cut=False)
    for one in (table(range(25)), table([]), table(range(3))):
        writer.write(one)
    assert writer.close().rows == 28
    file = open_table(tmp_path / "a")
    assert [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)] == [25, 3]


def test_rows_between_two_numbers_are_found_in_all_files(tmp_path, monkeypatch):
    monkeypatch.setattr(keyed, "GROUP_ROWS", 4)
    random = np.random.default_rng(2)
    paths = []
    for i in range(5):
        rows = random.integers(0, 100, 30)
        paths.append(tmp_path / str(i))
        writer = KeyedWriter(paths[-1], table([], []).schema)
        for begin in (0, 10, 20):  # sorted in parts, as a group task leaves it
            writer.write(table(sorted(rows[begin : begin + 10].tolist()), [i] * 10))
        writer.close()
    whole = pa.concat_tables([open_table(path).read() for path in paths])
    for low, high in ((0, 100), (20, 30), (99, 1 << 64), (7, 8), (50, 50)):
        found = [row for one in between(paths, low, high, columns=["key"]) for row in one["row"].to_pylist()]
        assert sorted(found) == sorted(row for row in whole["row"].to_pylist() if low <= row < high)
    assert between(paths, 101, 1 << 64) == []


def test_rows_are_counted_by_load():
    assert per_load(table([1, 2, 5 << 32, (5 << 32) + 9, 6 << 32])) == {0: 2, 5: 2, 6: 1}
    assert per_load(table([])) == {}
