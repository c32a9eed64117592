"""Sorted pairs, against numpy's stable sort."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus_kit.kernels import _sorting
from corpus_kit.kernels.sorting import sorted_pairs

KEYS = st.lists(st.one_of(st.integers(0, (1 << 64) - 1), st.integers(0, 3), st.just(1 << 63)), max_size=200)


def check(keys: np.ndarray) -> None:
    before = keys.copy()
    values = np.arange(len(keys), dtype=np.uint64)[::-1].copy()
    order = np.argsort(keys, kind="stable")
    found, along = sorted_pairs(keys, values)
    assert found.tolist() == keys[order].tolist()
    assert along.tolist() == values[order].tolist()
    assert keys.tolist() == before.tolist()


@given(KEYS)
def test_like_a_stable_sort(keys):
    check(np.array(keys, np.uint64))


@pytest.mark.parametrize("bits", [1, 8, 20, 64])
@pytest.mark.parametrize("count", [33, 5000, 600_000])
def test_many_keys_over_a_small_or_large_range(count, bits):
    check(np.random.default_rng(bits).integers(0, (1 << bits) - 1, count, np.uint64, endpoint=True) + np.uint64(0))


def test_one_key_that_comes_very_often_among_others():
    keys = np.random.default_rng(5).integers(0, 1 << 63, 300_000, np.uint64)
    keys[::2] = keys[1]
    check(keys)


def test_lowest_bits_alone_differ_and_highest_alone():
    low = np.arange(1000, dtype=np.uint64)[::-1].copy()
    check(low + np.uint64(1 << 62))
    check(low << np.uint64(54))


@pytest.mark.parametrize("odd", range(4))
def test_buffers_that_do_not_fit_are_refused(odd):
    buffers = [np.zeros(2, np.uint64) for _ in range(4)]
    buffers[odd] = np.zeros(1, np.uint64)
    with pytest.raises(ValueError, match="as many values as keys"):
        _sorting.sort_pairs(*buffers)
    with pytest.raises(ValueError, match="as many values as keys"):
        _sorting.sort_pairs(*(bytearray(7) for _ in range(4)))
