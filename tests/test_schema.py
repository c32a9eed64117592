"""The reasons column, and the replacing of columns."""

import math

import pyarrow as pa
import pytest
import toy
from hypothesis import given
from hypothesis import strategies as st

from corpus_kit.schema import (
    COLUMNS,
    READ_SCHEMA,
    Reason,
    column_types,
    reasons_array,
    rejected,
    set_columns,
    set_reasons,
)


def test_reasons_are_lists_in_the_order_given_and_null_without():
    array = reasons_array(4, [Reason(2, "b", 1.5, 2.0), Reason(0, "a"), Reason(2, "c", high=0.5)])
    assert array.type == COLUMNS["reasons"][0]
    assert array.to_pylist() == [
        [{"code": "a", "value": None, "low": None, "high": None}],
        None,
        [
            {"code": "b", "value": 1.5, "low": 2.0, "high": None},
            {"code": "c", "value": None, "low": None, "high": 0.5},
        ],
        None,
    ]


@pytest.mark.parametrize("rows", [0, 3])
def test_no_reasons_at_all(rows):
    assert reasons_array(rows, []).to_pylist() == [None] * rows


@pytest.mark.parametrize("row", [-1, 2])
def test_a_reason_outside_the_batch_is_a_bug(row):
    with pytest.raises(IndexError, match="outside its batch"):
        reasons_array(2, [Reason(row, "a")])


@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from("abc"), st.floats(allow_nan=True))))
def test_every_reason_is_found_again_on_its_row(given_reasons):
    found = reasons_array(6, [Reason(*one) for one in given_reasons]).to_pylist()
    for row, reasons in enumerate(found):
        wanted = [(code, None if math.isnan(value) else value) for at, code, value in given_reasons if at == row]
        assert [(one["code"], one["value"]) for one in reasons or []] == wanted


def test_rejected_are_the_rows_with_a_reason():
    batch = toy.batch(["a", "b", "c"])
    assert rejected(batch).to_pylist() == [False, False, False]
    batch = set_reasons(batch, [Reason(1, "x")])
    assert rejected(batch).to_pylist() == [False, True, False]
    assert rejected(set_reasons(batch, [Reason(0, "y")])).to_pylist() == [True, False, False]
    empty_list = set_columns(batch, {"reasons": pa.array([[], None, []], COLUMNS["reasons"][0])})
    assert rejected(empty_list).to_pylist() == [False, False, False]


def test_columns_are_replaced_in_place_or_appended():
    batch = pa.record_batch({"a": [1, 2], "b": ["x", "y"]})
    result = set_columns(batch, {"b": pa.array([0.5, 1.5]), "c": pa.array([True, None])})
    assert result.schema.names == ["a", "b", "c"]
    assert result.to_pydict() == {"a": [1, 2], "b": [0.5, 1.5], "c": [True, None]}
    assert batch.schema.names == ["a", "b"]


def test_readers_emit_the_document_columns_then_the_raw_ones():
    assert READ_SCHEMA.names == [*COLUMNS, "raw", "media_type", "headers"]
    assert column_types(["text", "raw"]) == pa.schema([("text", pa.large_string()), ("raw", pa.large_binary())])


def test_every_column_says_what_it_means():
    assert [name for name, (_, meaning) in COLUMNS.items() if not meaning.strip()] == []
