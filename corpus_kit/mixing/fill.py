"""Shares a total out among groups of which each can take only so much: exactly, in one pass.

With equal claims this is UniMax (Chung et al. 2023, arXiv:2304.09151, algorithm 1): groups are served from the one
that runs out first, each gets an equal part of what is left, or all it can take.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

TOLERANCE = 1e-12
"""Relative. Rounding of a sum must not make a bound bind."""


class Filled(NamedTuple):
    """What each group gets, and whether it gets all it can take and would have had more."""

    amount: NDArray[np.float64]
    capped: NDArray[np.bool_]


def fill(claim: NDArray[np.float64], most: NDArray[np.float64], total: float) -> Filled:
    """The amounts min(level * claim, most) of one level, chosen so that they add up to the total.

    What a group cannot take goes to the others in proportion to their claims. If even `most` of all groups with a claim
    is less than the total, every one of them is capped and the amounts add up to less.

    >>> fill(np.array([1.0, 1.0, 1.0]), np.array([10.0, 40.0, np.inf]), 100).amount.tolist()
    [10.0, 40.0, 50.0]
    """
    amount, capped = np.zeros(len(claim)), np.zeros(len(claim), bool)
    claiming = np.flatnonzero(claim > 0)
    order = claiming[np.argsort(most[claiming] / claim[claiming], kind="stable")]
    claimed_from = np.cumsum(claim[order][::-1])[::-1]
    left = float(total)
    for at, group in enumerate(order):
        level = left / claimed_from[at]
        if level * claim[group] <= most[group] * (1 + TOLERANCE):
            amount[order[at:]] = level * claim[order[at:]]
            break
        amount[group], capped[group] = most[group], True
        left -= most[group]
    return Filled(amount, capped)


def most_at_these_shares(claim: NDArray[np.float64], most: NDArray[np.float64]) -> float:
    """The largest total at which no group runs out before it has its share.

    >>> most_at_these_shares(np.array([0.5, 0.5]), np.array([10.0, 100.0]))
    20.0
    """
    claiming = claim > 0
    return float(np.min(most[claiming] / claim[claiming], initial=np.inf) * claim.sum())
