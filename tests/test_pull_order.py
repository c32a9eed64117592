"""The order of a pull: waves, visits and keys."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus_kit.kernels.hashes import mix64
from corpus_kit.pull.order import is_due, random_keys, row_numbers, visits, waves

COUNTS = st.lists(st.integers(0, 6), min_size=1, max_size=60).filter(any).map(np.array)


@given(COUNTS, st.integers(1, 40), st.integers(0, 3))
def test_every_visit_is_in_one_wave_and_no_row_group_twice_in_one(counts, lanes, round):
    found = waves(counts, seed=1, round=round, lanes=lanes)
    for wave in found:
        assert len(set(wave.block.tolist())) == len(wave.block)
    every = sorted((b, v) for wave in found for b, v in zip(*map(np.ndarray.tolist, wave), strict=True))
    assert every == [(b, v) for b, count in enumerate(counts.tolist()) for v in range(count)]
    assert len(found) == max(-(-int(counts.sum()) // lanes), int(counts.max()))


@pytest.mark.parametrize(("blocks", "lanes"), [(100, 8), (64, 8), (9, 8), (3, 8), (1000, 32)])
def test_every_wave_has_its_part_of_every_stretch(blocks, lanes):
    found = waves(np.ones(blocks, np.int64), seed=1, round=0, lanes=lanes)
    stretch = len(found)
    for wave in found:
        assert len(wave.block) <= lanes
        # One of each stretch of as many row groups as there are waves, at most one of what is left at the end.
        assert sorted(set(range(blocks // stretch)) - set((wave.block // stretch).tolist())) == []
        assert np.bincount(wave.block // stretch).max() == 1


def test_the_visits_of_a_row_group_are_spread_over_the_round():
    counts = np.ones(400, np.int64)
    counts[7] = 4
    found = waves(counts, seed=1, round=0, lanes=10)
    at = [i for i, wave in enumerate(found) if 7 in wave.block]
    assert len(at) == 4
    assert all(abs(b - a - len(found) / 4) < 1.01 for a, b in itertools.pairwise(at))


def test_rounds_and_seeds_have_waves_of_their_own():
    def order(**options):
        return [wave.block.tolist() for wave in waves(np.ones(50, np.int64), lanes=5, **options)]

    assert order(seed=1, round=0) == order(seed=1, round=0)
    assert order(seed=1, round=0) != order(seed=1, round=1)
    assert order(seed=1, round=0) != order(seed=2, round=0)


@given(st.integers(0, 9), st.integers(1, 9), st.integers(0, 2**64 - 1))
def test_a_document_comes_as_often_as_it_should_evenly(copies, of, key):
    every = np.arange(of)
    due = is_due(np.full(of, copies), np.full(of, key, np.uint64), every, np.full(of, of))
    assert due.sum() == min(copies, of)
    if due.any():
        gaps = np.diff(np.append(every[due], every[due][0] + of))
        assert gaps.max() - gaps.min() <= 1


def test_keys_are_a_finalizer_of_distinct_numbers():
    numbers = row_numbers(np.array([0, 0, 1, 70_000]), np.array([0, 1, 0, 16_383]))
    assert numbers.tolist() == [0, 1, 1 << 32, (70_000 << 32) + 16_383]
    assert random_keys(5, numbers).tolist() == [mix64(one ^ 5) for one in numbers.tolist()]


def test_visits_cover_the_highest_weight():
    assert visits(np.array([0.0, 0.1, 1.0, 1.1, 4.9]), 1).tolist() == [0, 1, 1, 2, 5]
    assert visits(np.array([0.0, 0.1, 1.0, 1.1, 4.9]), 4).tolist() == [0, 5, 5, 5, 5]
    assert visits(np.zeros(3), 4).tolist() == [0, 0, 0]
    assert visits(np.ones(3), 64).tolist() == [1, 1, 1]
