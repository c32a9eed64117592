"""What both kinds of deduplication share."""

import numpy as np
import pyarrow as pa
import pytest
import toy

from corpus_kit.schema import ORIGINS
from corpus_kit.stages.duplicates import DECISION, apply_decision, decision_table

ORIGIN = {"id": "t-1", "source": "t", "source_id": "17", "url": "https://t.example/17", "license": "CC0-1.0"}
OTHER = {"id": "u-1", "source": "u", "source_id": None, "url": None, "license": None}


def decision(**columns) -> pa.Table:
    given = {"id": [], "removed": [], "duplicate_of_id": [], "similarity": [], "origins": []} | columns
    types = [pa.string(), pa.bool_(), pa.string(), pa.float64(), ORIGINS]
    return pa.table([pa.array(v, t) for v, t in zip(given.values(), types, strict=True)], names=list(given))


def test_a_decision_says_of_whom_and_how_alike_only_of_what_is_removed():
    table = decision_table(
        np.array([4, 5], np.uint64),
        np.array([False, True]),
        np.array([4, 4], np.uint64),
        np.array([1.0, 0.9]),
        np.array([1, 0]),
    )
    assert table.schema == DECISION
    assert table.to_pylist() == [
        {"row": 4, "removed": False, "duplicate_of_row": None, "similarity": None, "duplicates": 1},
        {"row": 5, "removed": True, "duplicate_of_row": 4, "similarity": 0.9, "duplicates": 0},
    ]


def test_a_decision_is_applied_by_id():
    batch = toy.batch(["a", "b", "c"])
    made = decision(
        id=["s-2", "s-0"],
        removed=[True, False],
        duplicate_of_id=["s-0", None],
        similarity=[0.9, None],
        origins=[None, [ORIGIN]],
    )
    result = apply_decision(batch, made, "dedup.near", 0.8)
    assert result["duplicates"].to_pylist() == [1, 0, 0]
    assert result["duplicates"].type == pa.int32()
    assert result["origins"].to_pylist() == [[ORIGIN], None, None]
    assert result["reasons"].to_pylist() == [
        None,
        None,
        [{"code": "dedup.near", "value": 0.9, "low": None, "high": 0.8}],
    ]


def test_what_survivors_stand_for_adds_up_over_stages():
    before = pa.array([[ORIGIN] * 3, None, [ORIGIN]], ORIGINS)
    batch = toy.with_columns(toy.batch(["a", "b", "c"]), origins=before, duplicates=pa.array([3, 0, 1], pa.int32()))
    made = decision(id=["s-0"], removed=[False], duplicate_of_id=[None], similarity=[None], origins=[[OTHER, OTHER]])
    result = apply_decision(batch, made, "x", 1.0)
    assert result["duplicates"].to_pylist() == [5, 0, 1]
    assert result["origins"].to_pylist() == [[ORIGIN] * 3 + [OTHER] * 2, None, [ORIGIN]]


def test_nothing_decided_removes_nothing():
    result = apply_decision(toy.batch(["a", "b"]), decision(), "x", 1.0)
    assert result["duplicates"].to_pylist() == [0, 0]
    assert toy.codes(result) == [[], []]


@pytest.mark.parametrize(
    ("rows", "numbers"),
    [([0, 1, 2], [0, 2]), ([5, 6, 7], [5, 7]), ([0, 1, 2], [2, 0]), ([0, 1, 2], [1, 2]), ([0, 1, 9], [0, 7])],
    ids=["by row", "another load", "unsorted", "rows of others", "a row that is not there"],
)
def test_rows_find_documents_and_ids_tell_which_they_are(rows, numbers):
    batch = toy.with_columns(toy.batch(["a", "b", "c"]), row=pa.array(rows, pa.uint64()))
    made = decision(
        id=["s-0", "s-2"],
        removed=[False, True],
        duplicate_of_id=[None, "s-0"],
        similarity=[None, 0.9],
        origins=[[ORIGIN], None],
    ).append_column("row", pa.array(numbers, pa.uint64()))
    result = apply_decision(batch, made, "x", 1.0)
    assert toy.codes(result) == [[], [], ["x"]]
    assert result["duplicates"].to_pylist() == [1, 0, 0]
