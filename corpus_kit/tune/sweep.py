"""What each rule of a filter stage does on its own, and what it would do at other bounds."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from corpus_kit.metrics import METRICS
from corpus_kit.opened import Run
from corpus_kit.rules import Rule
from corpus_kit.tune.measured import open_measured
from corpus_kit.tune.stages import is_open
from corpus_kit.tune.trial import Trial, bounds_of
from corpus_kit.tune.verdicts import failing

if TYPE_CHECKING:
    import polars as pl

SHARES = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2)
"""Bounds are tried that would reject about these shares of the documents."""

SAMPLE = 200_000
"""Documents of which quantiles are taken; what is counted at them is counted over all."""

Side = Literal["low", "high"]
SIDES: tuple[Side, ...] = ("low", "high")


class Try(NamedTuple):
    """One bound of one condition of a rule, put in place of its own."""

    rule: int
    condition: int
    side: Side
    bound: float


def sweep(
    run: Run, *, stage: str | None = None, source: str | None = None, language: str | None = None
) -> dict[str, Any]:
    """For each rule of a filter stage: documents that fail it, those that fail it alone, and both at other bounds.

    Raises MissingExtra without polars, PlanError where the question does not fit the run.
    """
    measured = open_measured(run, stage=stage, source=source, language=language)
    trial = Trial(measured, {})
    tries = _tries(trial)
    counted = _counted(trial, tries)
    return {
        "run": str(run.path),
        "stage": measured.stage_id,
        "source": source,
        "language": language,
        "judged": counted["judged"],
        "kept": counted["kept"],
        "rules": [_of_rule(trial, i, counted, tries) for i in range(len(trial.codes))],
    }


def _tries(trial: Trial) -> list[Try]:
    """The bounds to try: quantiles of what was measured, and the rule's own."""
    conditions = [
        (i, j, condition.metric)
        for i, rules in enumerate(trial.was)
        for j, condition in enumerate(rules[0].conditions)
        if any(rule.is_on and rule.conditions[j].is_on for rule in rules) or is_open(trial.measured.stage)
    ]
    quantiles = _quantiles(trial.measured.frame, [metric for _, _, metric in conditions])
    tries = []
    for i, j, metric in conditions:
        own = {side: _own(trial.was[i], j, side) for side in SIDES}
        for side in SIDES:
            if own[side] or is_open(trial.measured.stage):
                bounds = {_rounded(one, metric) for one in quantiles[metric][side]} | own[side]
                tries += [Try(i, j, side, bound) for bound in sorted(bounds)]
    return tries


def _own(rules: Sequence[Rule], j: int, side: Side) -> set[float]:
    """The bounds a condition has on one side, over all languages and categories."""
    return {bound for rule in rules if rule.is_on and (bound := getattr(rule.conditions[j], side)) is not None}


def _quantiles(judged: pl.LazyFrame, metrics: Sequence[str]) -> Mapping[str, Mapping[Side, list[float]]]:
    """For each metric the values that a share of the documents is below, and above."""
    import polars as pl

    names = list(dict.fromkeys(metrics))
    every = max(1, math.ceil(judged.select(pl.len()).collect(engine="streaming").item() / SAMPLE))
    rows = judged.select(names).with_row_index("at_row").filter(pl.col("at_row") % every == 0).drop("at_row")
    sample = rows.collect(engine="streaming")
    found: dict[str, dict[Side, list[float]]] = {}
    for name in names:
        values = sample[name].drop_nulls().drop_nans()
        low = [values.quantile(share, "nearest") for share in SHARES]
        high = [values.quantile(1 - share, "nearest") for share in SHARES]
        found[name] = {
            "low": [one for one in low if one is not None and math.isfinite(one)],
            "high": [one for one in high if one is not None and math.isfinite(one)],
        }
    return found


def _rounded(value: float, metric: str) -> float:
    """Three digits: enough to choose by, and fit to be typed.

    >>> _rounded(0.123456, "alpha_word_fraction"), _rounded(1234.0, "word_count")
    (0.123, 1230.0)
    """
    rounded = float(f"{value:.3g}")
    return float(round(rounded)) if metric in METRICS and METRICS[metric].kind == "count" else rounded


def _counted(trial: Trial, tries: Sequence[Try]) -> dict[str, int]:
    """Everything that is counted, in one pass."""
    import polars as pl

    groups = trial.measured.groups()
    counted: dict[str, pl.Expr] = {"judged": pl.len(), "kept": (pl.col("failed") == 0).sum()}
    for i in range(len(trial.codes)):
        was = pl.col(f"was_{i}")
        counted |= {f"fails_{i}": was.sum(), f"alone_{i}": (was & (pl.col("failed") == 1)).sum()}
    for number, one in enumerate(tries):
        fails = failing(groups, [_moved(rule, one, adds=is_open(trial.measured.stage)) for rule in trial.was[one.rule]])
        others = pl.col("failed") - pl.col(f"was_{one.rule}").cast(pl.UInt16)
        counted |= {f"try_{number}": fails.sum(), f"try_alone_{number}": (fails & (others == 0)).sum()}
    return groups.join(trial.frame()).select(**counted).collect(engine="streaming").to_dicts()[0]


def _moved(rule: Rule, one: Try, *, adds: bool) -> Rule:
    """A rule with the bound of one of its conditions moved, if it has one on that side or nobody has given it any."""
    condition = rule.conditions[one.condition]
    if getattr(condition, one.side) is None and not adds:
        return rule
    moved = replace(condition, **{one.side: one.bound})
    return replace(rule, conditions=(*rule.conditions[: one.condition], moved, *rule.conditions[one.condition + 1 :]))


def _of_rule(trial: Trial, i: int, counted: Mapping[str, int], tries: Sequence[Try]) -> dict[str, Any]:
    moved = [(n, one) for n, one in enumerate(tries) if one.rule == i]
    rule = trial.was[i][0] if trial.was else None
    names = [] if rule is None else list(rule.condition_codes) or [rule.code]
    return {
        "rule": trial.codes[i],
        "bounds": bounds_of(trial.measured, trial.was[i]),
        "failing": counted[f"fails_{i}"],
        "alone": counted[f"alone_{i}"],
        "at": [
            {
                "name": names[one.condition],
                "side": one.side,
                "bound": one.bound,
                "own": one.bound in _own(trial.was[i], one.condition, one.side),
                "failing": counted[f"try_{n}"],
                "alone": counted[f"try_alone_{n}"],
            }
            for n, one in moved
        ],
    }
