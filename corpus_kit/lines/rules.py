"""Line rules: a line function with its numbers and phrases, where each comes from, and what a recipe may change.

A rule is named `clean.RULESET_RULE`, and that name is the code under which what it removes is counted. Its bounds mean
*keep* for a measure; for a flaw or an edit they say how many words the lines it looks at have, all if there are none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from corpus_kit.errors import RecipeError
from corpus_kit.kernels.lines import Unit
from corpus_kit.lines.registry import Definition
from corpus_kit.rules import Interval, Override


@dataclass(frozen=True, slots=True)
class LineRule:
    """One rule: what it is made of, and who says so."""

    code: str
    definition: Definition
    parameters: Mapping[str, Any]
    """Keyword arguments of the definition: tuples of strings or of code points, or a word."""
    bounds: Interval
    open: Literal["low", "high"] | None
    is_on: bool
    leaves_blank_line: bool
    """Whether a paragraph ends where lines were removed."""
    cites: str
    origin: str

    @property
    def takes_bounds(self) -> bool:
        """Whether a recipe may give it other bounds: it is a measure, or looks only at some lines."""
        return self.definition.kind == "measure" or self.bounds != (None, None)

    def replaced(self, bounds: Interval | None, origin: str) -> LineRule:
        """The rule with other bounds, None for off. Raises RecipeError for bounds of a rule that has none."""
        if bounds is None:
            return replace(self, is_on=False, origin=origin)
        if not self.takes_bounds:
            raise RecipeError(f"{origin}: {self.code} has no bounds; it can only be switched off, with null")
        return replace(self, bounds=bounds, is_on=True, origin=origin)

    def is_within(self, value: float) -> bool:
        """Whether a number lies within the bounds."""
        low, high = self.bounds
        above = low is None or (value > low if self.open == "low" else value >= low)
        return above and (high is None or (value < high if self.open == "high" else value <= high))

    @property
    def bounds_text(self) -> str:
        """The bounds in words: "at least 3"; empty if there are none."""
        low, high = self.bounds
        parts = [] if low is None else [f"{'more than' if self.open == 'low' else 'at least'} {low:.10g}"]
        parts += [] if high is None else [f"{'less than' if self.open == 'high' else 'at most'} {high:.10g}"]
        return " and ".join(parts)

    def __str__(self) -> str:
        if not self.is_on:
            return "off"
        if self.definition.kind == "measure":
            return f"keeps lines with {self.bounds_text}"
        verb = "removes the line" if self.definition.kind == "flaw" else "edits the line"
        return f"{verb} if it has {self.bounds_text} words" if self.bounds_text else verb


@dataclass(frozen=True, slots=True)
class LineRuleset:
    """The rules of one file, in its order, and what they take for a line."""

    name: str
    cites: str
    unit: Unit
    rules: tuple[LineRule, ...]
    categories: Mapping[str, Mapping[str, Override]]


@dataclass(frozen=True, slots=True)
class Pass:
    """Rules that run over a text together, because they cut it alike."""

    unit: Unit
    rules: tuple[LineRule, ...]


def resolve(
    rulesets: Sequence[LineRuleset], *layers: Mapping[str, Override], unit: Unit | None = None
) -> tuple[Pass, ...]:
    """The rules of the rulesets, in order, with the bounds of the last layer that names each.

    Layers go from weak to strong: category, recipe. Rulesets that follow one another and cut texts alike are one pass;
    `unit` makes all cut alike.
    """
    passes: list[Pass] = []
    for ruleset in rulesets:
        rules = tuple(_resolved(rule, layers) for rule in ruleset.rules)
        own = unit or ruleset.unit
        if passes and passes[-1].unit == own:
            rules = passes.pop().rules + rules
        passes.append(Pass(own, rules))
    return tuple(passes)


def all_rules(passes: Sequence[Pass]) -> Iterator[LineRule]:
    """The rules of all passes, in order."""
    for one in passes:
        yield from one.rules


def _resolved(rule: LineRule, layers: Sequence[Mapping[str, Override]]) -> LineRule:
    named = [layer[rule.code] for layer in layers if rule.code in layer]
    return rule.replaced(*named[-1]) if named else rule
