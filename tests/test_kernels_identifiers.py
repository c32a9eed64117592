"""Ids and origins of many documents, against the function that makes one."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus_kit.kernels import _identifiers, identifiers
from corpus_kit.kernels.identifiers import document_ids, origins
from corpus_kit.sources import document_id

SIZES = [*range(18), *range(100, 145), *range(240, 275), *range(370, 401)]
"""Around the borders of blocks of 128 bytes, of which one holds a path, a zero byte and a locator."""


def assert_as_defined(source, relative, locators, array) -> None:
    found, stands = document_ids(source, relative, array), origins(relative, array)
    for values in (found, stands):
        values.validate(full=True)
        assert values.type == pa.string()
        assert values.null_count == 0
    assert found.to_pylist() == [document_id(source, relative, locator) for locator in locators]
    assert stands.to_pylist() == [f"{relative}#{locator}" for locator in locators]


@given(st.text(max_size=20), st.text(max_size=300), st.lists(st.text(max_size=300), max_size=20))
def test_locators_that_are_texts(source, relative, locators):
    assert_as_defined(source, relative, locators, pa.array(locators, pa.string()))


@given(st.text(max_size=200), st.lists(st.integers(-(1 << 63), (1 << 63) - 1), max_size=20))
def test_locators_that_are_numbers(relative, locators):
    assert_as_defined("adl", relative, locators, pa.array(locators, pa.int64()))


@pytest.mark.parametrize("size", SIZES)
def test_messages_about_as_long_as_blocks(size):
    for locators in (["7"], [""] * 9, ["x" * other for other in SIZES]):
        assert_as_defined("adl", "p" * size, locators, pa.array(locators))


@pytest.mark.parametrize("count", range(10))
def test_any_number_of_rows(count):
    locators = ["x" * (37 * i % 300) for i in range(count)]
    assert_as_defined("adl", "a/å.parquet", locators, pa.array(locators, pa.large_string()))


def test_many_rows():
    rows = range(999_000, 1_004_000)
    assert_as_defined("adl", "a.parquet", rows, pa.array(np.arange(rows.start, rows.stop)))


@pytest.mark.parametrize("kind", [pa.int8(), pa.uint64(), pa.string(), pa.large_string()])
def test_slices_and_types(kind):
    array = pa.array(range(100), pa.int64()).cast(kind)
    for begin, length in ((0, 0), (1, 1), (5, 90), (99, 1)):
        assert_as_defined("adl", "a", range(begin, begin + length), array.slice(begin, length))


def test_the_largest_number():
    assert_as_defined("adl", "a", [2**64 - 1], pa.array([2**64 - 1], pa.uint64()))


def test_what_is_no_locator_is_refused():
    for function in (lambda array: document_ids("adl", "a", array), lambda array: origins("a", array)):
        with pytest.raises(ValueError, match="a locator is null"):
            function(pa.array([1, None]))
        with pytest.raises(TypeError, match="must be integers or strings, not double"):
            function(pa.array([1.0]))


def test_more_than_an_array_holds_is_refused(monkeypatch):
    monkeypatch.setattr(identifiers, "MOST_BYTES", 60)
    three = pa.array(["12", "1", ""])
    assert len(document_ids("adl", "a", three)) == 3
    assert len(origins("a" * 18, three)) == 3
    with pytest.raises(OverflowError, match="take 63 bytes; a string array holds 60"):
        document_ids("abcd", "a", three)
    with pytest.raises(OverflowError, match="take 63 bytes; a string array holds 60"):
        origins("å" * 9 + "a", three)


OFFSETS = np.array([0, 1], np.int64)
GOOD = (b"adl-", b"a\0", OFFSETS, b"7", 0, 1)


def test_the_raw_door():
    out = bytearray(20)
    _identifiers.document_ids(*GOOD, out)
    assert out.decode() == document_id("adl", "a", 7)


@pytest.mark.parametrize("size", [0, 19, 21, 40])
def test_the_raw_door_wants_room_for_each_id(size):
    with pytest.raises(ValueError, match="room for as many ids"):
        _identifiers.document_ids(*GOOD, bytearray(size))


@pytest.mark.parametrize(
    ("at", "value", "message"),
    [
        (1, b"", "a path ends in a zero byte"),
        (2, OFFSETS[:1], "the offsets buffer is too short"),
        (2, None, "the offsets buffer is too short"),
        (2, np.array([0, 2], np.int64), "offsets do not fit"),
        (2, np.array([1, 0], np.int64), "offsets do not fit"),
        (2, np.array([-1, 0], np.int64), "offsets do not fit"),
        (3, None, "offsets do not fit"),
        (4, -1, "small non-negative numbers"),
        (4, sys.maxsize, "small non-negative numbers"),
        (5, -1, "small non-negative numbers"),
        (5, sys.maxsize, "small non-negative numbers"),
    ],
)
def test_the_raw_door_refuses(at, value, message):
    arguments: list[Any] = [*GOOD, bytearray(20)]
    arguments[at] = value
    with pytest.raises(ValueError, match=message):
        _identifiers.document_ids(*arguments)


def test_without_the_compiled_module_the_reason_is_said():
    code = "import sys; sys.modules['corpus_kit.kernels._identifiers'] = None; import corpus_kit.kernels.identifiers"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "the compiled ids of corpus_kit are missing" in done.stderr


@pytest.mark.long
def test_random_and_damaged_arrays_under_sanitizers():
    script = Path(__file__).with_name("fuzz_identifiers.py")
    done = subprocess.run([sys.executable, str(script), "--seconds", "60"], capture_output=True, text=True, check=False)
    if done.returncode == 3:
        pytest.skip(done.stderr)
    assert done.returncode == 0, done.stdout + done.stderr
