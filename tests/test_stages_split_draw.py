"""Draws are fixed and uniform; caps close a split in the order of the draws."""

import numpy as np
import pytest

from corpus_kit.stages.split_draw import Caps, Cluster, drawn, draws, size, within


def test_draws_are_uniform_and_differ_by_seed():
    units = np.arange(20_000, dtype=np.uint64)
    found = drawn(draws(units, 1), {"test": 0.1, "validation": 0.2})
    assert np.bincount(found + 1) / len(units) == pytest.approx([0.7, 0.1, 0.2], abs=0.01)
    assert (found != drawn(draws(units, 2), {"test": 0.1, "validation": 0.2})).mean() > 0.3


def test_the_order_of_shares_does_not_matter():
    numbers = draws(np.arange(100, dtype=np.uint64), 1)
    assert drawn(numbers, {"b": 0.2, "a": 0.3}).tolist() == drawn(numbers, {"a": 0.3, "b": 0.2}).tolist()


def clusters(*sizes: int, source: str = "s") -> list[Cluster]:
    return [Cluster("test", draw, {source: 1}, {source: size}) for draw, size in enumerate(sizes)]


def caps(**given) -> Caps:
    names = ("documents", "bytes", "documents_per_source", "bytes_per_source")
    return Caps(**{name: given.get(name, {}) for name in names})


def test_a_cap_closes_the_split_to_what_comes_later():
    assert within(clusters(4, 4, 4, 1), caps(bytes={"test": 10})) == [True, True, False, False]
    assert within(clusters(4, 4, 4, 1)[::-1], caps(bytes={"test": 10})) == [False, False, True, True]


def test_what_is_larger_than_the_cap_closes_nothing():
    assert within(clusters(4, 99, 4, 1), caps(bytes={"test": 10})) == [True, False, True, True]


def test_a_source_is_closed_alone():
    both = [*clusters(4, 4, 4), *clusters(4, 4, 4, source="t")]
    assert within(both, caps(bytes_per_source={"test": 8})) == [True, True, False] * 2
    assert within(both, caps(documents={"validation": 1})) == [True] * 6


def test_adding_documents_never_brings_one_in():
    before = clusters(3, 3, 3, 3, 3)
    inside = within(before, caps(bytes={"test": 9}))
    for at in range(5):
        added = [*before, Cluster("test", at, {"s": 1}, {"s": 2})]
        now = within(added, caps(bytes={"test": 9}))
        assert all(was or not later for was, later in zip(inside, now, strict=False))


def test_sizes():
    assert [size(one) for one in (5, "5", "5k", "5 MB", "2GiB")] == [5, 5, 5000, 5_000_000, 2 << 30]
