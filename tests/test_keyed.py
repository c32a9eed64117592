"""Tables cut by key partition and by load."""

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from corpus_kit.keyed import by_load, by_partition, partition_of, without_rows

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
