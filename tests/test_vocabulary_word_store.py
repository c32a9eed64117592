"""Counts that do not fit into memory are added up all the same."""

import random
from collections import Counter

import pyarrow as pa
import pytest

from corpus_kit.vocabulary.word_store import SCHEMA, WordStore


def tables(seed, count=20, rows=200):
    lots = random.Random(seed)
    for _ in range(count):
        words = [f"ord{lots.randrange(3000)}" for _ in range(rows)]
        yield pa.table(
            [[lots.randrange(2) for _ in words], words, [lots.randrange(1, 9) for _ in words]], schema=SCHEMA
        )


def wanted(all_tables):
    found: Counter = Counter()
    for one in all_tables:
        for row in one.to_pylist():
            found[row["group"], row["word"]] += row["count"]
    return found


@pytest.mark.parametrize("memory", [2_000, 40_000, 1 << 30])
def test_each_word_comes_exactly_once_with_its_whole_count(tmp_path, memory):
    given = list(tables(1))
    with WordStore(tmp_path / "counts", memory=memory) as store:
        for one in given:
            store.add(one)
        assert store.spilled == (memory < 1 << 30)
        rows = [row for part in store.parts() for row in part.to_pylist()]
    assert len(rows) == len({(row["group"], row["word"]) for row in rows})
    assert {(row["group"], row["word"]): row["count"] for row in rows} == wanted(given)
    assert not (tmp_path / "counts").exists()


def test_a_part_is_no_larger_than_memory_allows(tmp_path):
    memory = 20_000
    with WordStore(tmp_path / "counts", memory=memory) as store:
        for one in tables(2):
            store.add(one)
        assert max(part.nbytes for part in store.parts()) <= memory


def test_the_order_of_adding_does_not_show(tmp_path):
    given = list(tables(3))
    found = []
    for order in (given, given[::-1]):
        with WordStore(tmp_path / "counts", memory=20_000) as store:
            for one in order:
                store.add(one)
            found.append(pa.concat_tables(store.parts()).sort_by([("group", "ascending"), ("word", "ascending")]))
    assert found[0].equals(found[1])


def test_nothing_gives_nothing(tmp_path):
    with WordStore(tmp_path / "counts") as store:
        assert [part.num_rows for part in store.parts()] == [0]


def test_the_folder_is_removed_when_counting_fails(tmp_path):
    def fail():
        with WordStore(tmp_path / "counts", memory=2_000) as store:
            for one in tables(4, count=3):
                store.add(one)
            assert store.spilled
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        fail()
    assert not (tmp_path / "counts").exists()
