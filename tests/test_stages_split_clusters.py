"""Candidates are proposed by bands, dropped by sketches, and proved by comparison."""

import numpy as np
import pyarrow as pa
import pytest

from corpus_kit.kernels import shingle_sets, signatures
from corpus_kit.stages.split_clusters import candidates, clusters, lowest_agreement, sketches, stars


def u64(*numbers: int) -> np.ndarray:
    return np.array(numbers, np.uint64)


def test_sketches_tell_the_similarity():
    texts = pa.array([" ".join(f"o{i}" for i in range(at, at + 400)) for at in (0, 133, 1000)])
    signed = signatures(texts, ngram=1, unit="word", permutations=1024, seed=1)
    words = sketches(signed)
    agree = [sum(64 - int(np.bitwise_count(one[0] ^ one[i])) for one in words) / 1024 for i in (1, 2)]
    assert agree == pytest.approx([(1 + 267 / 533) / 2, 0.5], abs=0.06)
    assert len(sketches(signed[:, :100])) == 1


def test_the_bound_leaves_room_for_doubt():
    assert lowest_agreement(0.5, 192) == 123
    assert lowest_agreement(1.0, 192) == 192


def test_pairs_of_a_key_that_agree_enough():
    row, key = u64(1, 2, 3, 9, 4), u64(7, 7, 7, 7, 8)
    sketch = [u64(0, 0, 2**64 - 1, 1, 0)]
    left, right = candidates(row, key, sketch, 60)
    assert sorted(zip(left.tolist(), right.tolist(), strict=True)) == [(2, 1), (9, 1), (9, 2)]
    assert len(candidates(row, key, [], 0)[0]) == 6
    assert len(candidates(u64(), u64(), [u64()], 1)[0]) == 0


def test_stars():
    row, other = stars(u64(1, 2, 3, 4), u64(5, 5, 6, 5)[np.argsort([0, 1, 3, 2])])
    assert list(zip(row.tolist(), other.tolist(), strict=True)) in ([(2, 1)], [(2, 1), (3, 1)])


def test_clusters_by_similarity_and_by_ties():
    texts = pa.array(["a b c d", "a b c e", "x y z", "q r s", "a x"])
    part = pa.table(
        {
            "near": u64(0, 0, 0, 3, 0),
            "large": [False] * 5,
            "together": pa.array([[], [], [9], [9], []], pa.list_(pa.uint64())),
            "bands": pa.array([[]] * 5, pa.list_(pa.uint64())),
            "shingles": shingle_sets(texts, ngram=1, unit="word"),
        }
    )
    labels = clusters(part, 0.6).tolist()
    assert labels == [0, 0, 2, 2, 4]
    large = part.set_column(1, "large", pa.array([True] * 5))
    assert clusters(large, 0.6).tolist() == [0, 0, 0, 0, 0]
