"""From sizes and targets to weights: how many epochs of each group make the mix, or why nothing does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from corpus_kit.errors import PlanError
from corpus_kit.mixing.fill import TOLERANCE, fill, most_at_these_shares
from corpus_kit.mixing.groups import Group, assign, label, nearest, unknown
from corpus_kit.mixing.targets import Targets, complete

Floats = NDArray[np.float64]

MOST_NAMED = 5
"""Groups a refusal names, the worst first."""


class Solved(NamedTuple):
    """One entry a group, in the order of the groups."""

    groups: tuple[Group, ...]
    size: Floats
    natural: Floats
    """Share of the whole, as found."""
    asked: Floats
    """Share asked for, before caps."""
    share: Floats
    """Share of the mix."""
    epochs: Floats
    cap: Floats
    """Most epochs; infinite without a cap."""
    capped: NDArray[np.bool_]
    """Whether the cap keeps the group below what was asked."""
    total: float
    """Size of the mix."""


def solve(sizes: Mapping[Group, int], targets: Targets, *, unit: str, shrink: bool = False) -> Solved:
    """The mix. Raises PlanError for groups that are not there and for what cannot be had, with what could be.

    `unit` is what messages call the unit. With `shrink`, a total above what the caps allow becomes what they allow.
    """
    groups = tuple(sizes)
    size = np.array([sizes[group] for group in groups], np.float64)
    if not size.any():
        raise PlanError(f"there is nothing to mix: no group has any {unit}")
    claim, cap = _claims(groups, size, targets), _caps(groups, targets)
    most = np.where(size > 0, cap, 0.0) * np.where(size > 0, size, 0.0)
    if targets.method == "epochs":
        _check_epochs(groups, claim, size, cap)
        return _solved(groups, size, claim, claim, cap, np.zeros(len(size), bool))
    total = float(size.sum()) if targets.total in (None, "constant") else float(targets.total)
    if not claim.any():
        raise PlanError("every group is left out, so there is no mix")
    exact = not (targets.spreads or shrink)
    if exact and total > most_at_these_shares(claim, most) * (1 + TOLERANCE):
        raise PlanError(_no_such_shares(groups, size, cap, claim, total=total, unit=unit))
    if total > most[claim > 0].sum() * (1 + TOLERANCE) and not shrink:
        raise PlanError(_too_large(groups, size, cap, claim, total=total, unit=unit))
    amount, capped = fill(claim, most, total)
    return _solved(groups, size, claim, amount, cap, capped)


def _solved(
    groups: tuple[Group, ...], size: Floats, claim: Floats, amount: Floats, cap: Floats, capped: NDArray[np.bool_]
) -> Solved:
    epochs = np.divide(amount, size, out=np.zeros_like(size), where=size > 0)
    total = amount.sum()
    share = amount / total if total else np.zeros_like(size)
    return Solved(groups, size, size / size.sum(), claim / claim.sum(), share, epochs, cap, capped, float(total))


def _claims(groups: tuple[Group, ...], size: Floats, targets: Targets) -> Floats:
    """What each group would take, in proportion to the others."""
    if targets.method == "natural":
        return size.copy()
    if targets.method == "temperature":
        assert targets.alpha is not None
        return np.where(size > 0, size**targets.alpha, 0.0)
    if targets.method == "unimax":
        return np.where(size > 0, 1.0, 0.0)
    names = targets.numbers(targets.method)
    _check_known(groups, names, targets)
    given = assign(names, groups)
    for group in groups:
        if group not in given:
            raise PlanError(f"no number is given for group {label(group)!r}; name it (0 leaves it out), or give `rest`")
    owner = [given[group] for group in groups]
    if targets.method == "shares":
        return _divided(names, owner, size, targets)
    each = np.array([names[name] for name in owner], np.float64)
    for group, number, held in zip(groups, each, size, strict=True):
        if number > 0 and held == 0 and group in names:
            raise PlanError(_empty(group))
    return each * size


def _divided(names: Mapping[Group, float], owner: Sequence[Group], size: Floats, targets: Targets) -> Floats:
    """The share of each name, divided among its groups as they are found."""
    shares = complete(names)
    found: dict[Group, float] = {}
    for name, held in zip(owner, size, strict=True):
        found[name] = found.get(name, 0.0) + held
    for name, share in shares.items():
        if share > 0 and not found.get(name):
            if name not in found and targets.absent == "skip":
                continue
            raise PlanError(_empty(name) if name in found else f"no group is left for {label(name)!r}")
    return np.array(
        [shares[name] * held / found[name] if found[name] else 0.0 for name, held in zip(owner, size, strict=True)]
    )


def _empty(name: Group) -> str:
    return f"group {label(name)!r} is empty, so it cannot be seen; give it 0, or leave it to `rest`"


def _caps(groups: tuple[Group, ...], targets: Targets) -> Floats:
    names = targets.numbers("max_epochs")
    _check_known(groups, names, targets)
    given = assign(names, groups)
    return np.array([names[given[group]] if group in given else np.inf for group in groups], np.float64)


def _check_known(groups: tuple[Group, ...], names: Mapping[Group, object], targets: Targets) -> None:
    missing = unknown(names, groups) if targets.absent == "refuse" else []
    if missing:
        raise PlanError(f"no group {label(missing[0])!r}; {nearest(missing[0], groups)}")


def _check_epochs(groups: tuple[Group, ...], claim: Floats, size: Floats, cap: Floats) -> None:
    for group, amount, held, most in zip(groups, claim, size, cap, strict=True):
        if held > 0 and amount > held * most * (1 + TOLERANCE):
            raise PlanError(f"group {label(group)!r} is asked for {amount / held:g} epochs, above its cap of {most:g}")
    if not claim.any():
        raise PlanError("every group is left out, so there is no mix")


def _too_large(groups: tuple[Group, ...], size: Floats, cap: Floats, claim: Floats, *, total: float, unit: str) -> str:
    most = np.where(claim > 0, np.where(size > 0, cap, 0.0) * size, 0.0)
    order = [int(i) for i in np.argsort(-size, kind="stable") if claim[i] > 0]
    lines = [
        f"a total of {total:,.0f} {unit} cannot be had; the caps allow at most {most.sum():,.0f}",
        *(f"  {label(groups[i])} has {size[i]:,.0f}; {_epochs(cap[i])} {most[i]:,.0f}" for i in order[:MOST_NAMED]),
    ]
    if len(order) > MOST_NAMED:
        lines.append(f"  and {len(order) - MOST_NAMED} smaller groups")
    return "\n".join([*lines, f"  ask for a total of at most {_floor(most.sum())}, or for more epochs"])


def _no_such_shares(
    groups: tuple[Group, ...],
    size: Floats,
    cap: Floats,
    claim: Floats,
    *,
    total: float,
    unit: str,
) -> str:
    most = np.where(size > 0, cap, 0.0) * size
    asked = claim / claim.sum()
    short = asked * total > most * (1 + TOLERANCE)  # before anything is spread
    order = sorted((int(i) for i in np.flatnonzero(short)), key=lambda i: most[i] / asked[i])
    lines = [
        f"these shares cannot be had at a total of {total:,.0f} {unit}",
        *(
            f"  {label(groups[i])}: {asked[i]:.2%} are {asked[i] * total:,.0f}; it has {size[i]:,.0f},"
            f" and {_epochs(cap[i])} {most[i]:,.0f}"
            for i in order[:MOST_NAMED]
        ),
    ]
    if len(order) > MOST_NAMED:
        lines.append(f"  and {len(order) - MOST_NAMED} more groups")
    possible = _floor(most_at_these_shares(claim, most))
    return "\n".join(
        [*lines, f"  ask for a total of at most {possible}, for more epochs, or for `when_capped: spread`"]
    )


def _epochs(cap: float) -> str:
    return "1 epoch is" if cap == 1 else f"{cap:g} epochs are"


def _floor(total: float) -> str:
    return f"{np.floor(total):,.0f}"
