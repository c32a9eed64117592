"""Copies by hash: the expected number, nested samples, and no document that depends on another."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus_kit.mixing.copies import copies, lots
from corpus_kit.sampling import hash64

IDS = pa.array([f"adl-{i:016x}" for i in range(20_000)])

WEIGHTS = st.floats(0, 20)


def test_a_decision_never_changes():
    assert copies(IDS.slice(0, 8), 0.5, seed=7).tolist() == [1, 1, 1, 1, 0, 1, 0, 0]
    assert lots(pa.array(["a"]), seed=7, epoch=2)[0] == hash64("mix", "7/2/a") / 2**64


@pytest.mark.parametrize("weight", [0.01, 0.3, 0.5, 1.0, 2.3, 7.99])
def test_the_expected_number_is_the_weight(weight):
    found = copies(IDS, weight, seed=1)
    part = weight % 1
    deviation = (part * (1 - part) / len(IDS)) ** 0.5
    assert found.mean() == pytest.approx(weight, abs=4 * deviation)
    assert set(found.tolist()) <= {int(weight), int(weight) + 1}


def test_whole_epochs_are_whole():
    assert copies(IDS, 2, seed=1).tolist() == [2] * len(IDS)
    assert copies(IDS, 0, seed=1).tolist() == [0] * len(IDS)


def test_a_fraction_adds_the_documents_that_it_alone_would_choose():
    assert np.array_equal(copies(IDS, 2.25, seed=1), 2 + copies(IDS, 0.25, seed=1))


def test_one_percent_is_inside_ten_percent():
    one, ten = copies(IDS, 0.01, seed=1), copies(IDS, 0.1, seed=1)
    assert 0 < one.sum() < ten.sum()
    assert (one <= ten).all()


@given(WEIGHTS, WEIGHTS, st.integers(0, 2**70))
def test_more_weight_never_takes_a_copy_away(one, other, seed):
    ids = IDS.slice(0, 50)
    low, high = sorted((one, other))
    assert (copies(ids, low, seed=seed) <= copies(ids, high, seed=seed)).all()


@given(st.permutations(range(40)), st.integers(0, 40), WEIGHTS)
def test_what_else_is_there_and_in_which_order_moves_nothing(order, count, weight):
    alone = dict(zip(IDS[:40].to_pylist(), copies(IDS[:40], weight, seed=3).tolist(), strict=True))
    some = IDS.take(pa.array(order[:count], pa.int64()))
    assert copies(some, weight, seed=3).tolist() == [alone[id] for id in some.to_pylist()]


def test_each_row_may_have_its_own_weight():
    weights = np.array([0, 0.3, 1, 2.3] * 5000)
    found = copies(IDS, weights, seed=1)
    for weight in (0, 0.3, 1, 2.3):
        assert np.array_equal(found[weights == weight], copies(IDS, weight, seed=1)[weights == weight])


def test_seeds_and_epochs_draw_independently():
    first = copies(IDS, 0.5, seed=1)
    for other in (copies(IDS, 0.5, seed=2), copies(IDS, 0.5, seed=1, epoch=1)):
        assert abs(np.corrcoef(first, other)[0, 1]) < 0.03
    # Long numbers are not cut off.
    assert not np.array_equal(lots(IDS[:5], seed=10**30), lots(IDS[:5], seed=10**30 + 1))


def test_large_seeds_epochs_and_ids_never_run_into_each_other():
    assert lots(pa.array(["1/a"]), seed=1, epoch=2)[0] != lots(pa.array(["a"]), seed=1, epoch=21)[0]


def test_any_string_array_will_do():
    expected = copies(IDS[:9], 0.5, seed=1).tolist()
    assert copies(IDS[:9].cast(pa.large_string()), 0.5, seed=1).tolist() == expected
    assert copies(pa.chunked_array([IDS[:4], IDS[4:9]]), 0.5, seed=1).tolist() == expected
    assert copies(IDS[:9].to_pylist(), 0.5, seed=1).tolist() == expected
    assert copies(IDS[:0], 0.5, seed=1).tolist() == []


@pytest.mark.parametrize("weight", [-0.1, float("nan"), float("inf")])
def test_what_is_no_weight(weight):
    with pytest.raises(ValueError, match="negative or not a number"):
        copies(IDS[:1], weight, seed=1)


def test_a_document_without_an_id():
    with pytest.raises(ValueError, match="no id"):
        copies(pa.array(["a", None]), 0.5, seed=1)
