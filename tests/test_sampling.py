"""Decisions by hash: uniform, nested, and independent from purpose to purpose."""

import numpy as np
import pyarrow as pa

from corpus_kit.sampling import hash64, share

IDS = pa.array([f"adl-{i:016x}" for i in range(20_000)])


def test_a_hash_never_changes():
    assert hash64("sample", "a-1") == 0xAF5C18AD2DF98BE5
    assert hash64("inspect", "a-1") != hash64("sample", "a-1")
    assert 0 <= hash64("a purpose longer than sixteen bytes", "å") < 1 << 64


def test_shares_are_uniform():
    values = share("sample", IDS)
    assert values.min() >= 0
    assert values.max() < 1
    counts = np.histogram(values, bins=10, range=(0, 1))[0]
    assert np.abs(counts - 2000).max() < 200  # five standard deviations are 212


def test_a_smaller_sample_is_inside_a_larger_one():
    values = share("sample", IDS)
    small, large = set(np.flatnonzero(values < 0.01)), set(np.flatnonzero(values < 0.1))
    assert small < large
    assert abs(len(large) - 2000) < 220


def test_an_answer_depends_on_its_own_id_alone():
    one_by_one = [share("sample", IDS.slice(i, 1))[0] for i in range(50)]
    assert one_by_one == share("sample", IDS).tolist()[:50]


def test_purposes_are_independent():
    one, other = share("sample", IDS), share("reject-sample", IDS)
    assert abs(np.corrcoef(one, other)[0, 1]) < 0.03
