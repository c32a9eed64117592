import json
from datetime import date, datetime, time
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus_kit.sources.arrow_values import is_text, json_objects, scalar_strings, valid_text

BROKEN = pa.array([b"a\xff", b"b", None])


@pytest.mark.parametrize(
    "kind", [pa.binary(), pa.large_binary(), pa.binary_view(), pa.dictionary(pa.int8(), pa.binary())]
)
def test_valid_text(kind):
    found = valid_text(BROKEN.dictionary_encode() if pa.types.is_dictionary(kind) else BROKEN.cast(kind))
    assert found is not None
    assert found[0].type == pa.large_string()
    assert found[0].to_pylist() == ["a\ufffd", "b", None]
    assert found[1].tolist() == [True, False, False]


@given(st.lists(st.none() | st.binary(max_size=6), max_size=8), st.integers(0, 3))
def test_valid_text_of_any_bytes(values, offset):
    found = valid_text(pa.array(values, pa.binary()).slice(offset))
    assert found is not None
    found[0].validate(full=True)
    expected = [None if value is None else value.decode("utf-8", "replace") for value in values[offset:]]
    assert found[0].to_pylist() == expected


def test_a_sound_replacement_character_is_no_repair():
    found = valid_text(pa.array(["\ufffd".encode(), b"\xff"], pa.binary()))
    assert found is not None
    assert found[1].tolist() == [False, True]


@pytest.mark.parametrize(
    ("array", "strings"),
    [
        (pa.array(["a", None]), ["a", None]),
        (pa.array([1, None], pa.uint64()), ["1", None]),
        (pa.array([date(1898, 1, 2)]), ["1898-01-02"]),
        (pa.array([datetime(2024, 5, 17, 12)], pa.timestamp("s")), ["2024-05-17T12:00:00"]),
        (pa.array([datetime(2024, 5, 17, 12)], pa.timestamp("s", "UTC")), ["2024-05-17T12:00:00Z"]),
        (pa.nulls(2), [None, None]),
    ],
)
def test_scalar_strings(array, strings):
    found = scalar_strings(array)
    assert found is not None
    assert found[0].to_pylist() == strings


@pytest.mark.parametrize("array", [pa.array([1.5]), pa.array([True]), pa.array([["a"]]), pa.array([{"a": 1}])])
def test_what_is_no_short_string(array):
    assert scalar_strings(array) is None
    assert not is_text(array.type)


def objects(broken=None, **columns):
    batch = pa.record_batch(columns)
    return json_objects(batch, np.zeros(batch.num_rows, bool) if broken is None else np.array(broken)).to_pylist()


def test_json_objects():
    assert objects(b=pa.array([1, None]), a=pa.array(["x", "y"])) == ['{"a":"x","b":1}', '{"a":"y","b":null}']
    assert objects([False, True], a=pa.array([1, 2])) == ['{"a":1}', '{"a":2,"repaired":true}']


@pytest.mark.parametrize(
    ("array", "value"),
    [
        (pa.array([float("nan")]), None),
        (pa.array([Decimal("1.20")]), "1.20"),
        (pa.array([time(1, 2, 3)]), "01:02:03.000000"),
        (pa.array([2**63], pa.uint64()), 2**63),
        (pa.array([[1]], pa.list_(pa.timestamp("ns"))), ["1970-01-01 00:00:00.000000001"]),
        (pa.array([[("k", 1)]], pa.map_(pa.string(), pa.int8())), [["k", 1]]),
        (pa.array([[b"ok"]], pa.list_(pa.binary())), ["ok"]),
        (pa.array(["x"]).dictionary_encode(), "x"),
        (pa.array([{"a": [Decimal("1.5")]}]), {"a": ["1.5"]}),
    ],
)
def test_values(array, value):
    assert json.loads(objects(x=array)[0]) == {"x": value}


def test_values_no_python_object_can_hold_are_lost_with_a_note():
    nested = pa.ListArray.from_arrays(pa.array([0, 1, 2], pa.int32()), BROKEN.slice(0, 2).view(pa.string()))
    assert objects(x=nested) == ['{"repaired":true,"x":null}', '{"x":["b"]}']
