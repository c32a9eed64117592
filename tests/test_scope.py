"""Which rows a stage sees, and how they go back among the others."""

import pyarrow as pa
import pytest
import toy

from corpus_kit.errors import PlanError
from corpus_kit.schema import READ_SCHEMA, Reason, rejected, set_reasons
from corpus_kit.scope import merge, touched_rows
from corpus_kit.stages import Normalize


def batch(**columns: list) -> pa.RecordBatch:
    rows = len(next(iter(columns.values())))
    full = {name: [None] * rows for name in READ_SCHEMA.names} | {"id": [f"s-{i}" for i in range(rows)]} | columns
    return pa.RecordBatch.from_pydict(full, schema=READ_SCHEMA)


@pytest.mark.parametrize(
    ("scopes", "touched"),
    [
        ({}, None),
        ({"only": {"category": ["web"]}}, [True, False, True]),
        ({"except": {"category": ["web"]}}, [False, True, False]),
        ({"only": {"category": ["web"], "source": ["a"]}}, [True, False, False]),
        ({"only": {"category": ["web"]}, "except": {"source": ["a"]}}, [False, False, True]),
        ({"only": {"lang": ["dan_Latn"]}}, [False, False, False]),
    ],
)
def test_only_and_except_choose_rows(scopes, touched):
    rows = batch(category=["web", "books", "web"], source=["a", "a", "b"])
    mask = touched_rows(Normalize.model_validate(scopes), rows)
    assert (None if mask is None else mask.to_pylist()) == touched


def test_merge_keeps_the_order_and_fills_new_columns_with_null():
    whole = batch(text=["a", "b", "c", "d"])
    mask = pa.array([False, True, False, True])
    part = whole.filter(mask)
    part = part.set_column(part.schema.get_field_index("text"), "text", pa.array(["B", "D"], pa.large_string()))
    part = set_reasons(part.append_column("score", pa.array([1.0, 2.0])), [Reason(1, "x.y")])
    merged = merge(whole, part, mask, Normalize())
    assert merged["text"].to_pylist() == ["a", "B", "c", "D"]
    assert merged["id"].equals(whole["id"])
    assert merged["score"].to_pylist() == [None, 1.0, None, 2.0]
    assert rejected(merged).to_pylist() == [False, False, False, True]


@pytest.mark.parametrize(
    ("scope", "message"),
    [
        ("only: {source: [webb]}", "normalize: only: no input has the source 'webb'"),
        ("except: {category: [newz]}", "normalize: except: no input has the category 'newz'"),
        ("only: {lang: [da]}", "normalize: only: a language is written like dan_Latn, not 'da'"),
    ],
)
def test_a_scope_that_fits_no_row_is_found_before_the_first(toy_source, scope, message):
    with pytest.raises(PlanError) as caught:
        toy.plan_of(f"recipe: 1\nstages:\n  - normalize: {{{scope}}}\n", [toy_source])
    assert message in str(caught.value)


def test_bounds_for_a_misspelt_category_are_found_too(toy_source):
    recipe = "recipe: 1\nstages: [{identify: {keep: [dan_Latn]}}, {filter: {rulesets: [gopher], categories: {%s: {}}}}]"
    with pytest.raises(PlanError, match="filter: categories: no input has the category 'wbe'; did you mean 'web'"):
        toy.plan_of(recipe % "wbe", [toy_source])
    for name in ("web", "parliament"):  # which other inputs may have
        assert toy.plan_of(recipe % name, [toy_source]).stages[1].id == "filter"


def test_a_scope_that_fits_passes(toy_source):
    recipe = "recipe: 1\nstages:\n  - normalize: {only: {source: [toy], category: [web], lang: [dan_Latn, und]}}\n"
    assert toy.plan_of(recipe, [toy_source]).stages[0].id == "normalize"
