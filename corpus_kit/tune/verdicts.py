"""Rules as polars expressions: the verdicts of a filter stage over stored metrics, without reading a text.

`Condition.fails` is what the run itself applies, to numpy arrays; the expressions here give the same (tested), over
files that need not fit in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, TypeVar

from corpus_kit.rules import Condition, Rule
from corpus_kit.tune.stages import Key

if TYPE_CHECKING:
    import polars as pl

T = TypeVar("T")


class Groups:
    """The languages and categories that occur, and a number for each group of them wherever bounds differ."""

    def __init__(self, keys: Iterable[Key]):
        self.keys = list(keys)
        self._columns: dict[tuple[int, ...], str] = {}

    def expression(self, values: Sequence[T], make: Callable[[T], pl.Expr]) -> pl.Expr:
        """One expression for what may differ by group; `values` has one for each key. Equal values share a branch."""
        import polars as pl

        distinct = list(dict.fromkeys(values))
        if len(distinct) == 1:
            return make(distinct[0])
        place = {value: i for i, value in enumerate(distinct)}
        column = self._columns.setdefault(tuple(place[value] for value in values), f"group_{len(self._columns)}")
        chosen = make(distinct[0])
        for value in distinct[1:]:
            chosen = pl.when(pl.col(column) == place[value]).then(make(value)).otherwise(chosen)
        return chosen

    def join(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """The frame with the columns that the expressions made so far look at."""
        import polars as pl

        if not self._columns:
            return frame
        columns = {name: pl.Series(numbers, dtype=pl.UInt16) for numbers, name in self._columns.items()}
        keys = {
            "lang": pl.Series([lang for lang, _ in self.keys], dtype=pl.String),
            "category": pl.Series([category for _, category in self.keys], dtype=pl.String),
        }
        return frame.join(pl.LazyFrame(keys | columns), on=["lang", "category"], how="left", nulls_equal=True)


def failing(groups: Groups, rules: Sequence[Rule]) -> pl.Expr:
    """Whether a document fails a rule, of which there is one for each key."""
    return groups.expression([without_origin(rule) for rule in rules], fails)


def without_origin(rule: Rule) -> Rule:
    """The rule less what does not matter to a verdict, so that rules of equal bounds are equal.

    >>> a, b = (Rule("x.y", (Condition("m", 1, None, None, origin),), "all", origin) for origin in "ab")
    >>> a == b, without_origin(a) == without_origin(b)
    (False, True)
    """
    conditions = (Condition(one.metric, one.low, one.high, one.open, "") for one in rule.conditions)
    return Rule(rule.code, tuple(conditions), rule.combine, "")


def fails(rule: Rule) -> pl.Expr:
    """Whether a document fails a rule. An undefined measurement (null, or NaN) is out of every bound."""
    import polars as pl

    if not rule.is_on:
        return pl.lit(False)
    each = [~_keeps(one) for one in rule.conditions]
    return pl.all_horizontal(each) if rule.combine == "any" else pl.any_horizontal(each)


def _keeps(condition: Condition) -> pl.Expr:
    import polars as pl

    if not condition.is_on:
        return pl.lit(True)
    value = pl.col(condition.metric)
    kept = value.is_not_null() & value.is_not_nan()  # polars puts NaN above every number
    if condition.low is not None:
        kept &= value > condition.low if condition.open == "low" else value >= condition.low
    if condition.high is not None:
        kept &= value < condition.high if condition.open == "high" else value <= condition.high
    return kept.fill_null(False)
