"""Sharing out under caps: UniMax as published, caps respected, totals reached, what is free in proportion."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus_kit.mixing.fill import fill, most_at_these_shares

SIZES = st.lists(st.integers(1, 10**13), min_size=1, max_size=30)
CLAIMS = st.lists(st.tuples(st.floats(0.001, 1), st.integers(1, 10**9)), min_size=1, max_size=12)


def published_unimax(counts: list[int], budget: float, epochs: float) -> list[float]:
    """Algorithm 1 of Chung et al. 2023, line by line; the budget of each language, not yet normalized."""
    order = sorted(range(len(counts)), key=lambda language: counts[language])
    remaining, given_to = budget, [0.0] * len(counts)
    for i, language in enumerate(order):
        per_language = remaining / (len(counts) - i)
        if per_language > counts[language] * epochs:
            given_to[language] = counts[language] * epochs
        else:
            given_to[language] = per_language
        remaining -= given_to[language]
    return given_to


@given(SIZES, st.floats(0.01, 20), st.floats(0.1, 50))
def test_equal_claims_give_what_the_published_algorithm_gives(counts, epochs, times):
    budget = times * sum(counts)
    found = fill(np.ones(len(counts)), np.array(counts, float) * epochs, budget)
    assert found.amount == pytest.approx(published_unimax(counts, budget, epochs), rel=1e-9)


def test_an_independent_implementation_of_unimax_agrees():
    """Printed on the page of the package unimax_sampling: 250e9 characters, at most 4 epochs."""
    counts = {"swe": 179955884499, "fas": 184595788282, "ekk": 42541080893, "isl": 10027573389, "fao": 549707867}
    budgets = {"fao": 2198831468, "isl": 40110293556, "ekk": 69230291658.66667, "swe": 69230291658.66666}
    found = fill(np.ones(5), 4 * np.array(list(counts.values()), float), 250e9)
    amounts = dict(zip(counts, found.amount, strict=True))
    assert amounts == pytest.approx(budgets | {"fas": 69230291658.66666}, rel=1e-15)
    assert dict(zip(counts, found.capped.tolist(), strict=True)) == {
        "swe": False,
        "fas": False,
        "ekk": False,
        "isl": True,
        "fao": True,
    }


@given(CLAIMS, st.floats(0.01, 2))
def test_the_total_is_reached_where_it_can_be_and_no_group_is_above_its_most(groups, times):
    claim = np.array([one for one, _ in groups])
    most = np.array([one for _, one in groups], float)
    total = times * most.sum()
    amount, capped = fill(claim, most, total)
    assert amount.sum() == pytest.approx(min(total, most.sum()))
    assert (amount <= most * (1 + 1e-9)).all()
    assert amount[capped] == pytest.approx(most[capped])
    levels = amount[~capped] / claim[~capped]
    assert levels == pytest.approx(levels[0] if len(levels) else 0)
    if len(levels):  # who is capped got less than the level of those who are not
        assert (most[capped] <= levels[0] * claim[capped] * (1 + 1e-9)).all()


def test_without_caps_amounts_are_the_claims_scaled():
    amount, capped = fill(np.array([1.0, 0.0, 3.0]), np.full(3, np.inf), 8)
    assert amount.tolist() == [2, 0, 6]
    assert not capped.any()


def test_a_bound_that_is_just_met_does_not_bind():
    amount, capped = fill(np.array([1.0, 3.0]), np.array([2.0, 6.0]), 8)
    assert amount.tolist() == [2, 6]
    assert not capped.any()


def test_a_group_without_a_claim_gets_nothing_of_what_others_leave():
    amount, capped = fill(np.array([0.0, 1.0]), np.array([100.0, 5.0]), 50)
    assert amount.tolist() == [0, 5]
    assert capped.tolist() == [False, True]


@given(CLAIMS)
def test_the_largest_total_without_a_cap_binding(groups):
    claim = np.array([one for one, _ in groups])
    most = np.array([one for _, one in groups], float)
    largest = most_at_these_shares(claim, most)
    assert not fill(claim, most, largest * (1 - 1e-9)).capped.any()
    assert fill(claim, most, largest * (1 + 1e-6)).capped.any()
