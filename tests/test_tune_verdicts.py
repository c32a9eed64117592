"""Rules as expressions give the verdicts that rules give over arrays."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from corpus_kit.rules import Condition, Rule, verdicts
from corpus_kit.tune.verdicts import Groups, failing, fails, without_origin

NUMBERS = st.sampled_from([0.0, 0.1, 0.5, 1.0, 2.0, 50.0, -1.0, 1e300])
VALUES = st.one_of(st.none(), NUMBERS, st.sampled_from([math.nan, math.inf, -math.inf, -0.0]))
METRICS = ("a", "b")


@st.composite
def conditions(draw) -> Condition:
    low, high = draw(st.none() | NUMBERS), draw(st.none() | NUMBERS)
    sides = [side for side, bound in (("low", low), ("high", high)) if bound is not None]
    return Condition(draw(st.sampled_from(METRICS)), low, high, draw(st.sampled_from([None, *sides])), "origin")


RULES = st.builds(
    lambda parts, combine: Rule("r.x", tuple(parts), combine, "cites"),
    st.lists(conditions(), min_size=1, max_size=3),
    st.sampled_from(["any", "all"]),
)
ROWS = st.lists(st.tuples(VALUES, VALUES), min_size=1, max_size=12)


def by_arrays(rule: Rule, rows: list[tuple[float | None, float | None]]) -> list[bool]:
    """What the filter stage says of the same values; it is given NaN where metrics files have null."""
    columns = {name: np.array([row[i] for row in rows], np.float64) for i, name in enumerate(METRICS)}
    failed = {reason.row for reason in verdicts([rule], columns)}
    return [row in failed for row in range(len(rows))]


def frame(rows: list[tuple[float | None, float | None]], **columns: list) -> pl.DataFrame:
    values = {name: pl.Series([row[i] for row in rows], dtype=pl.Float64) for i, name in enumerate(METRICS)}
    return pl.DataFrame({"row": list(range(len(rows))), **values, **columns})


@given(RULES, ROWS)
@example(Rule("r.x", (Condition("a", 0.5, None, None, ""),), "all", ""), [(math.nan, 1.0), (None, 1.0), (0.5, 1.0)])
@example(Rule("r.x", (Condition("a", None, None, None, ""),), "all", ""), [(None, None)])
def test_an_expression_judges_as_arrays_do(rule, rows):
    found = frame(rows).lazy().select("row", fails=fails(rule)).collect(engine="streaming")
    assert found["fails"].to_list() == by_arrays(rule, rows)


@given(
    st.lists(RULES, min_size=4, max_size=4),
    st.lists(st.tuples(VALUES, VALUES, st.integers(0, 3)), min_size=1, max_size=12),
)
def test_every_group_has_its_own_rule(rules, rows):
    keys = [("dan_Latn", "web"), ("dan_Latn", None), (None, "web"), (None, None)]
    values = [(a, b) for a, b, _ in rows]
    table = frame(values, lang=[keys[k][0] for *_, k in rows], category=[keys[k][1] for *_, k in rows])
    table = table.with_columns(pl.col("lang", "category").cast(pl.String))
    groups = Groups(keys)
    expression = failing(groups, rules)
    found = groups.join(table.lazy()).select("row", fails=expression).collect(engine="streaming").sort("row")
    assert found["fails"].to_list() == [by_arrays(rules[k], [(a, b)])[0] for a, b, k in rows]


def test_groups_with_equal_bounds_share_a_branch_and_rules_cut_alike_share_a_column():
    groups = Groups([("a", None), ("b", None), ("c", None)])
    bound = [Rule("r.x", (Condition("a", low, None, None, f"for {low}"),), "all", "") for low in (1.0, 1.0, 2.0)]
    assert len({without_origin(rule) for rule in bound}) == 2
    failing(groups, bound)
    failing(groups, [*bound[:2], bound[2].replaced(None, "")])
    joined = groups.join(pl.LazyFrame({"lang": ["a", "c"], "category": pl.Series([None, None], dtype=pl.String)}))
    assert joined.collect().columns == ["lang", "category", "group_0"]
    assert joined.collect().sort("lang")["group_0"].to_list() == [0, 1]


def test_bounds_that_are_the_same_everywhere_need_no_column():
    groups = Groups([("a", None), ("b", None)])
    one = Rule("r.x", (Condition("a", 1.0, None, None, ""),), "all", "")
    failing(groups, [one, one])
    assert groups.join(pl.LazyFrame({"lang": ["a"]})).collect().columns == ["lang"]


@pytest.mark.parametrize("value", [True, 3, "text"])
def test_anything_may_differ_by_group(value):
    groups = Groups([("a", "x"), ("b", "x")])
    expression = groups.expression([value, None], lambda one: pl.lit(one is None))
    frame = pl.LazyFrame({"lang": ["b", "a"], "category": ["x", "x"]})
    found = groups.join(frame).select("lang", found=expression).collect().sort("lang")  # joins keep no order
    assert found["found"].to_list() == [False, True]
