"""Ruleset files: their form, and reading them into rules.

::

    cites: Rae et al. 2021, arXiv:2112.11446, appendix A1.1
    rules:
      word_count: {keep: [50, 100000]}                  # the metric of that name, bounds inclusive
      digits: {metric: digit_fraction, keep: [null, 0.2], open: high, cites: another paper}
      bullets:                                          # kept if any (or all) of these hold
        any:
          - bullet_line_count: {keep: [null, 2]}
          - bullet_line_fraction: {keep: [null, 0.9]}
    categories:
      code: {digits: null}                              # off for documents of this category
      books: {bullets.bullet_line_count: [null, 9]}     # one condition of several, by its metric
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict

from corpus_kit import resources
from corpus_kit.errors import suggest
from corpus_kit.metrics import METRICS
from corpus_kit.rules import Condition, Interval, Override, Rule, Ruleset
from corpus_kit.strict_yaml import Document, Location, load, validate

NAME = re.compile(r"[a-z0-9]+(_[a-z0-9]+)*")
"""Reason codes are stable for ever and stand in file names and SQL: lower snake case."""


def parse_bounds(value: Any) -> Any:
    """Bounds from the forms people write: `[low, high]`, `"low:high"`, `"low:"`, `":high"`, or None for off.

    Both bounds are replaced: one that is left out, or null, is no bound. Raises ValueError.

    >>> parse_bounds("20:100000"), parse_bounds(":0.3"), parse_bounds([30, None])
    ((20.0, 100000.0), (None, 0.3), (30.0, None))
    """
    if value is None:
        return None
    if isinstance(value, str):
        if value.count(":") != 1:
            raise ValueError('bounds are [low, high], or "low:high" with either side left out')
        value = [side.strip() or None for side in value.split(":")]
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise ValueError("bounds are two numbers, [low, high]; null where there is no bound")
    low, high = (_number(side) for side in value)
    if low is None and high is None:
        raise ValueError("no bound is left; to switch a rule off, write null")
    if low is not None and high is not None and low > high:
        raise ValueError(f"the lower bound {low:g} is above the upper bound {high:g}")
    return low, high


def _number(side: Any) -> float | None:
    if side is None:
        return None
    if isinstance(side, bool) or not isinstance(side, int | float | str):
        raise ValueError("a bound is a number or null")
    try:
        number = float(side)
    except ValueError:
        raise ValueError(f"a bound is a number, not {side!r}") from None
    if not math.isfinite(number):
        raise ValueError("a bound is a finite number")
    return number


Bounds = Annotated[Interval, BeforeValidator(parse_bounds)]
OptionalBounds = Annotated[Interval | None, BeforeValidator(parse_bounds)]


class ConditionEntry(BaseModel):
    """One condition as a ruleset file writes it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    keep: Bounds | None = None
    """Absent: the metric's own default."""
    open: Literal["low", "high"] | None = None


class RuleEntry(ConditionEntry):
    """One rule as a ruleset file writes it: bounds of one metric, or `any` / `all` of several conditions."""

    metric: str | None = None
    """Absent: the metric of the rule's name."""
    any: tuple[dict[str, ConditionEntry], ...] | None = None
    all: tuple[dict[str, ConditionEntry], ...] | None = None
    cites: str | None = None
    """Absent: what the ruleset cites."""


class RulesetFile(BaseModel):
    """A file of `filters/rulesets/`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cites: str
    rules: dict[str, dict[str, Any]]
    """Each read as a RuleEntry, apart, so that a message can name its keys."""
    categories: dict[str, dict[str, OptionalBounds]] = {}
    """Category -> rule -> bounds for documents of that category; null switches the rule off."""


def load_ruleset(name: str) -> Ruleset:
    """The shipped ruleset of that name, or the one in the user's file. Raises RecipeError."""
    path = resources.find("rulesets", name)
    return _load(str(path), resources.digest(path))


@functools.lru_cache(maxsize=64)
def _load(path: str, digest: str) -> Ruleset:
    document = load(path)
    name = Path(path).stem
    if not NAME.fullmatch(name):
        raise document.error(f"a ruleset's file name is lower case with underscores, not {name!r}")
    file: RulesetFile = validate(document, RulesetFile)
    rules = tuple(_rule(document, name, rule, file) for rule in file.rules)
    known = {code.removeprefix(f"{name}.") for rule in rules for code in (rule.code, *rule.condition_codes)}
    for category, changes in file.categories.items():
        for rule in sorted(changes.keys() - known):
            at = ("categories", category, rule)
            raise document.error(f"no rule {rule!r} in this ruleset; {suggest(rule, known)}", at)
    categories = {
        category: {
            f"{name}.{rule}": Override(bounds, f"ruleset {name}, category {category}")
            for rule, bounds in changes.items()
        }
        for category, changes in file.categories.items()
    }
    return Ruleset(name, file.cites, rules, categories)


def _rule(document: Document, ruleset: str, name: str, file: RulesetFile) -> Rule:
    at: Location = ("rules", name)
    if not NAME.fullmatch(name):
        raise document.error(f"a rule's name is lower case with underscores, not {name!r}", at)
    entry: RuleEntry = validate(document, RuleEntry, file.rules[name], at)
    cites = entry.cites or file.cites
    origin = f"ruleset {ruleset}: {cites}"
    given = [key for key in ("any", "all") if getattr(entry, key)]
    if not given:
        metric = entry.metric or name
        return Rule(f"{ruleset}.{name}", (_condition(document, metric, entry, origin, at),), "all", cites)
    if len(given) > 1 or entry.keep or entry.open or entry.metric:
        raise document.error("a rule has `keep` bounds, or `any` conditions, or `all` conditions: one of them", at)
    parts = tuple(_condition(document, *part, origin, (*at, given[0])) for part in _parts(entry))
    return Rule(f"{ruleset}.{name}", parts, "any" if entry.any else "all", cites)


def _parts(entry: RuleEntry) -> Iterator[tuple[str, ConditionEntry]]:
    for part in entry.any or entry.all or ():
        yield from part.items()


def _condition(document: Document, metric: str, entry: ConditionEntry, origin: str, at: Location) -> Condition:
    if metric not in METRICS:
        raise document.error(f"unknown metric {metric!r}; {suggest(metric, METRICS)}", at)
    default = METRICS[metric].keep
    bounds = entry.keep or default
    if bounds is None:
        raise document.error(f"metric {metric!r} has no default bounds; give some with `keep: [low, high]`", at)
    low, high = bounds
    if (entry.open == "low" and low is None) or (entry.open == "high" and high is None):
        raise document.error(f"`open: {entry.open}` needs that bound", at)
    return Condition(metric, low, high, entry.open, origin if entry.keep else f"default of metric {metric}")
