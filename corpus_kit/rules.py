"""Rules: which values of a metric mean *keep*, where each number comes from, and which rows fail.

A rule is named `ruleset.rule`, and that name is the reason code of every document it rejects. Bounds are inclusive;
`open: low` or `open: high` makes one of them strict. A rule is off where both bounds are null. NaN, an undefined
measurement, is out of every bound.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np

from corpus_kit.errors import RecipeError
from corpus_kit.kernels.measure import WordLists
from corpus_kit.metrics import METRICS
from corpus_kit.schema import Failures, Reason

Interval = tuple[float | None, float | None]
"""Low and high; None is no bound."""


@dataclass(frozen=True, slots=True)
class Condition:
    """Values of one metric that mean keep, and where the bounds come from."""

    metric: str
    low: float | None
    high: float | None
    open: Literal["low", "high"] | None
    origin: str

    @property
    def is_on(self) -> bool:
        """Whether there is any bound."""
        return self.low is not None or self.high is not None

    @property
    def bounds(self) -> tuple[float, float]:
        """Low and high; NaN is no bound."""
        return math.nan if self.low is None else self.low, math.nan if self.high is None else self.high

    def fails(self, values: np.ndarray) -> np.ndarray:
        """For each value, whether it is out of bounds."""
        kept = np.ones(len(values), np.bool_)
        if self.low is not None:
            kept &= values > self.low if self.open == "low" else values >= self.low
        if self.high is not None:
            kept &= values < self.high if self.open == "high" else values <= self.high
        return ~kept

    def __str__(self) -> str:
        above = "more than" if self.open == "low" else "at least"
        below = "less than" if self.open == "high" else "at most"
        parts = [] if self.low is None else [f"{above} {self.low:.10g}"]
        parts += [] if self.high is None else [f"{below} {self.high:.10g}"]
        return " and ".join(parts) or "off"


@dataclass(frozen=True, slots=True)
class Rule:
    """A named condition, or several of which `any` or `all` must hold for a document to be kept."""

    code: str
    conditions: tuple[Condition, ...]
    combine: Literal["any", "all"]
    cites: str

    @property
    def is_on(self) -> bool:
        """Whether the rule can reject anything: an `any` with an unbounded condition cannot."""
        states = [condition.is_on for condition in self.conditions]
        return all(states) if self.combine == "any" else any(states)

    @property
    def metrics(self) -> tuple[str, ...]:
        """Metrics the rule looks at."""
        return tuple(condition.metric for condition in self.conditions)

    def replaced(self, bounds: Interval | None, origin: str) -> Rule:
        """The rule with other bounds, None for off. Raises RecipeError for bounds of a rule of several conditions."""
        if bounds is not None and len(self.conditions) > 1:
            names = " or ".join(self.condition_codes)
            raise RecipeError(
                f"{origin}: {self.code} joins several conditions ({self}); it can be switched off, with null, "
                f"or give bounds to one of them: {names}"
            )
        low, high = bounds or (None, None)
        changed = (replace(one, low=low, high=high, origin=origin) for one in self.conditions)
        return replace(self, conditions=tuple(changed))

    @property
    def condition_codes(self) -> dict[str, str]:
        """Names by which overrides reach one of several conditions (`rule.metric`) -> their metrics."""
        return {f"{self.code}.{name}": name for name in self.metrics} if len(self.conditions) > 1 else {}

    def overridden(self, layer: Mapping[str, Override]) -> Rule:
        """The rule with the bounds a layer has for it, or for some of its conditions."""
        rule = self.replaced(*layer[self.code]) if self.code in layer else self
        for code, metric in self.condition_codes.items():
            if code in layer:
                low, high = layer[code].bounds or (None, None)
                changed = (
                    replace(one, low=low, high=high, origin=layer[code].origin) if one.metric == metric else one
                    for one in rule.conditions
                )
                rule = replace(rule, conditions=tuple(changed))
        return rule

    def __str__(self) -> str:
        if len(self.conditions) == 1:
            return str(self.conditions[0])
        joined = " or " if self.combine == "any" else " and "
        return joined.join(f"{condition.metric} {condition}" for condition in self.conditions)


@dataclass(frozen=True, slots=True)
class Ruleset:
    """The rules of one file, in its order."""

    name: str
    cites: str
    rules: tuple[Rule, ...]
    categories: Mapping[str, Mapping[str, Override]]


class Override(NamedTuple):
    """Bounds that replace a rule's, or None for off, and who says so."""

    bounds: Interval | None
    origin: str


def overrides(given: Mapping[str, Interval | None], origin: str) -> dict[str, Override]:
    """The same origin for several overrides."""
    return {code: Override(bounds, origin) for code, bounds in given.items()}


def resolve(rulesets: Sequence[Ruleset], *layers: Mapping[str, Override]) -> tuple[Rule, ...]:
    """The rules of the rulesets, in order, with the bounds of the last layer that names each.

    Layers go from weak to strong: language profile, category, recipe. A layer may name rules of other rulesets; those
    are passed over. A condition of a rule of several is named `rule.metric`. Raises RecipeError where bounds are given
    for such a rule as a whole.
    """
    rules = (rule for ruleset in rulesets for rule in ruleset.rules)
    return tuple(functools.reduce(Rule.overridden, layers, rule) for rule in rules)


def without_lists(rulesets: Sequence[Ruleset], lists: WordLists, who: str) -> dict[str, Override]:
    """A layer that switches off the rules that need a word list nobody has; `who` says whose lists they are.

    It has to be the last layer: such a rule would reject everything, whatever its bounds.
    """
    missing = [kind for kind in WordLists._fields if getattr(lists, kind) is None]
    off = {}
    for rule in (rule for ruleset in rulesets for rule in ruleset.rules):
        needed = next((kind for kind in missing if any(METRICS[name].needs == kind for name in rule.metrics)), None)
        if needed is not None:
            off[rule.code] = Override(None, f"{who}: no {needed} words known")
    return off


def verdicts(rules: Sequence[Rule], measured: Mapping[str, np.ndarray], rows: np.ndarray | None = None) -> list[Reason]:
    """Every failing (row, rule), rows ascending and, within a row, rules in their order; what `failures` finds."""
    found = [
        Reason(row, one.code, value, one.low, one.high)
        for one in failures(rules, measured, rows)
        for row, value in zip(one.rows.tolist(), one.values.tolist(), strict=True)
    ]
    return sorted(found, key=lambda reason: reason.row)


def failures(
    rules: Sequence[Rule], measured: Mapping[str, np.ndarray], rows: np.ndarray | None = None
) -> list[Failures]:
    """Rows that fail, rule by rule in their order. Only `rows` are judged, or all.

    A row that fails a rule of several conditions is reported with the first that does not hold.
    """
    if rows is None:
        rows = np.arange(len(next(iter(measured.values()), ())))
    found = []
    for rule in (rule for rule in rules if rule.is_on):
        values = [measured[condition.metric][rows] for condition in rule.conditions]
        fails = [one.fails(value) for one, value in zip(rule.conditions, values, strict=True)]
        rejected = np.logical_and.reduce(fails) if rule.combine == "any" else np.logical_or.reduce(fails)
        for condition, value, failing in zip(rule.conditions, values, fails, strict=True):
            at = np.flatnonzero(rejected & failing)
            if len(at):
                found.append(Failures(rule.code, rows[at], value[at], *condition.bounds))
                rejected[at] = False  # reported
    return found
