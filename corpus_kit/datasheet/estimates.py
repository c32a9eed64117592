"""How well duplicates were found: precision and recall, estimated from samples the stage took, with intervals."""

from __future__ import annotations

from math import sqrt

from corpus_kit.datasheet.display import count, number, percent, plural
from corpus_kit.datasheet.structure import Duplicates, Estimate

_Z = 1.959964
"""Of the standard normal distribution: 95% lie within so many standard deviations."""


def wilson(hits: int, of: int) -> tuple[float, float]:
    """The 95% interval of a share (Wilson 1927): sound for few observations, and for shares near 0 and 1.

    >>> [round(bound, 4) for bound in wilson(98, 100)], wilson(0, 0), wilson(3000, 3000)[1]
    ([0.93, 0.9945], (0.0, 1.0), 1.0)
    """
    if not of:
        return 0.0, 1.0
    share, spread = hits / of, _Z * _Z / of
    middle = share + spread / 2
    reach = _Z * sqrt((share * (1 - share) + spread / 4) / of)
    low = (middle - reach) / (1 + spread) if hits else 0.0  # exactly: rounding would take the ends off
    return low, (middle + reach) / (1 + spread) if hits < of else 1.0


def estimate(hits: int, of: int, *, complete: bool = False) -> Estimate:
    """A share and its interval; of a sample that is complete the share itself.

    >>> estimate(9, 10)["low"], estimate(9, 10, complete=True)["low"]
    (0.5958, 0.9)
    """
    low, high = (hits / of, hits / of) if complete and of else wilson(hits, of)
    share = round(hits / of, 4) if of else None
    return Estimate(hits=hits, of=of, share=share, low=round(low, 4), high=round(high, 4), complete=complete)


def quality(found: Duplicates) -> list[str]:
    """Precision and recall of a stage, in words; nothing of a stage that compares digests."""
    return [*_precision(found), *_recall(found)]


def _precision(found: Duplicates) -> list[str]:
    precision, threshold = found["precision"], found["threshold"]
    if precision is None or threshold is None or not precision["of"]:
        return []
    alike = f"at least {number(threshold)} like the one kept for {'it' if precision['of'] == 1 else 'them'}"
    if precision["complete"]:
        return [
            f"Precision: all removed were measured, and {_hits(precision)} of {count(precision['of'])} are {alike}."
        ]
    sampled = plural(precision["of"], "removed document")
    return [f"Precision, estimated: {_interval(precision)}. Of {sampled} in a sample, {_hits(precision)} are {alike}."]


def _recall(found: Duplicates) -> list[str]:
    recall, threshold = found["recall"], found["threshold"]
    if threshold is None or not found["removed"]:
        return []
    if recall is None:
        return ["Recall: not estimated, for no pair was sampled."]
    sampled = plural(recall["of"], "pair")
    return [
        f"Recall, estimated: {_interval(recall)}. Of {sampled} at least {number(threshold)} alike (Jaccard), sampled "
        f"without regard to how they are found, {_hits(recall)} lost a document."
    ]


def _hits(one: Estimate) -> str:
    return count(one["hits"])


def _interval(one: Estimate) -> str:
    share = percent(one["hits"], one["of"])
    return f"{share} (95% interval {percent(one['low'])} to {percent(one['high'])})"
