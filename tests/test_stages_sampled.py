"""The sample of pairs that tells what banding misses: equally likely pairs, few of a key, the same every time."""

import numpy as np
import pyarrow as pa
import pytest

from corpus_kit.kernels.near import set_signatures
from corpus_kit.stages.sampled import MEMBERS, MINIMA, ONE_IN, sample_keys, sampled_pairs, sampled_rows


def sets_of(lists):
    return pa.array([np.array(sorted(one), np.uint32).tobytes() for one in lists], pa.large_binary())


def drawn(lists, *, threshold=0.5, keys=None, rows=None):
    sets, count = sets_of(lists), len(lists)
    rows = np.arange(count) if rows is None else rows
    keys, is_sampled = (
        sample_keys(set_signatures(sets, permutations=MINIMA, seed=5))
        if keys is None
        else (np.array(keys, np.uint64), np.ones(count, bool))
    )
    return sampled_pairs(sets, np.array(rows, np.uint64), keys, is_sampled, np.arange(count), threshold)


def test_pairs_of_every_similarity_are_equally_likely():
    source = np.random.default_rng(3)
    lists, per_kind = [], 12_000
    for shared in (14, 18, 20):  # of 20 each: similarity 14/26, 18/22, 1
        for _ in range(per_kind):
            numbers = source.integers(0, 2**32, 40 - shared)
            lists += [numbers[:20], numbers[20 - shared :]]
    found = drawn(lists)
    kinds = np.bincount(found.one // (2 * per_kind), minlength=3)
    expected = per_kind / ONE_IN * 0.5**MINIMA
    assert kinds == pytest.approx([expected] * 3, rel=0.35)
    assert set((found.other - found.one).tolist()) == {1}
    assert sorted(set(found.similarity.round(6).tolist())) == [0.538462, 0.818182, 1.0]


def test_one_pair_of_a_key_is_taken_however_many_there_are():
    copies = [range(9)] * 5000
    found = drawn(copies, keys=[1] * 2500 + [2] * 2500, threshold=1.0)
    assert len(found.one) == 2
    assert found.similarity.tolist() == [1.0, 1.0]
    assert (found.one // 2500 == found.other // 2500).all()


def test_what_is_not_alike_is_not_taken():
    assert len(drawn([range(10), range(5, 15)], keys=[1, 1], threshold=0.5).one) == 0
    assert len(drawn([[], []], keys=[1, 1], threshold=0.5).one) == 0
    assert len(drawn([], keys=[], threshold=0.5).one) == 0
    assert drawn([range(9)] * 2, keys=[1, 2], threshold=0.5).one.tolist() == []


def test_order_does_not_matter():
    source = np.random.default_rng(8)
    lists = [range(start, start + 30) for start in source.integers(0, 40, 300)]
    keys, rows = source.integers(0, 60, 300), source.permutation(10_000)[:300]
    order = source.permutation(300)
    once = drawn(lists, keys=keys, rows=rows, threshold=0.6)
    again = drawn([lists[i] for i in order], keys=keys[order], rows=rows[order], threshold=0.6)
    pairs = {frozenset(pair) for pair in zip(rows[once.one].tolist(), rows[once.other].tolist(), strict=True)}
    other = rows[order]
    assert pairs == {frozenset(p) for p in zip(other[again.one].tolist(), other[again.other].tolist(), strict=True)}
    assert len(pairs) > 10
    assert (rows[once.one] < rows[once.other]).all()


def test_of_a_large_key_some_documents_are_compared():
    chosen = {int(each) for key in range(200) for each in drawn([[key]] * 40, keys=[key] * 40, threshold=1.0).one}
    assert len(chosen) < MEMBERS  # always the same ones, by hash of the row


def test_one_row_in_eight_is_sampled():
    assert sampled_rows(np.arange(80_000, dtype=np.uint64)).mean() == pytest.approx(1 / ONE_IN, abs=0.01)
