"""Bins that are the same in every shard, so that counts add up."""

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from corpus_kit.histogram import bins_of
from corpus_kit.metrics import METRICS

FRACTION = next(name for name, one in METRICS.items() if one.kind == "fraction")


def test_fractions_fall_into_fiftieths():
    values = np.array([0.0, 0.019, 0.02, 0.3, 0.31, 0.999, 1.0])
    assert bins_of(FRACTION, values) == {"0": 2, "0.02": 1, "0.3": 2, "0.98": 1, "1": 1}


def test_a_fraction_on_an_edge_falls_into_the_bin_that_begins_there():
    for step in range(51):
        assert list(bins_of(FRACTION, np.array([step / 50]))) == [f"{step / 50:.6g}"]


def test_everything_else_falls_into_half_powers_of_two():
    values = np.array([0.0, 1, 1.4, 1.5, 2, 50, 100_000])
    assert bins_of("word_count", values) == {"0": 1, "1": 2, "1.41421": 1, "2": 1, "45.2548": 1, "92681.9": 1}
    assert bins_of("no such metric", np.array([-3.0, 8.0])) == {"0": 1, "8": 1}


def test_a_power_of_two_falls_into_the_bin_that_begins_there():
    for power in range(-20, 40):
        assert list(bins_of("word_count", np.array([2.0**power]))) == [f"{2.0**power:.6g}"]


def test_undefined_values_are_counted_apart():
    assert bins_of(FRACTION, np.array([np.nan, 0.5, np.nan])) == {"nan": 2, "0.5": 1}
    assert bins_of(FRACTION, np.array([])) == {}


@given(st.lists(st.floats(0, 1e9)), st.integers(0, 20))
def test_counts_of_shards_add_up_to_counts_of_the_corpus(values, cut):
    whole = bins_of("word_count", np.array(values))
    parts = Counter(bins_of("word_count", np.array(values[:cut]))) + bins_of("word_count", np.array(values[cut:]))
    assert parts == whole
    assert sum(whole.values()) == len(values)
