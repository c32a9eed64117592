"""What both kinds of deduplication share."""

import numpy as np
import pyarrow as pa
import pytest
import toy

from corpus_kit.stages.duplicates import DECISION, apply_decision, decision_table, folded, rank


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("Hej, VERDEN!", "hej verden"),
        ("  hej\n\n verden ", "hej verden"),
        ("Ål øl æg ÞÓR Þór", "ål øl æg þór þór"),
        ("2½ m²", "2½ m²"),
        ("a_b-c", "a b c"),
        ("A\u030a", "a\u030a"),
        ("«…» — !!!", ""),
        ("", ""),
        (None, None),
    ],
)
def test_folding(text, form):
    assert folded(pa.array([text], pa.large_string())).to_pylist() == [form]
    assert folded(pa.array([text], pa.string())).to_pylist() == [form]


def test_the_order_of_survival():
    rows, lengths = np.array([9, 3, 7, 1], np.uint64), np.array([5, 8, 8, 5])
    assert rank(rows, lengths, "source_order").tolist() == [3, 1, 2, 0]
    assert rank(rows, lengths, "longest").tolist() == [1, 2, 3, 0]


def decision(**columns) -> pa.Table:
    given = {"id": [], "removed": [], "duplicate_of_id": [], "similarity": [], "duplicates": []} | columns
    types = [pa.string(), pa.bool_(), pa.string(), pa.float64(), pa.int32()]
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
        duplicates=[0, 1],
    )
    result = apply_decision(batch, made, "dedup.near", 0.8)
    assert result["duplicates"].to_pylist() == [1, 0, 0]
    assert result["duplicates"].type == pa.int32()
    assert result["reasons"].to_pylist() == [
        None,
        None,
        [{"code": "dedup.near", "value": 0.9, "low": None, "high": 0.8}],
    ]


def test_what_survivors_stand_for_adds_up_over_stages():
    batch = toy.with_columns(toy.batch(["a", "b"]), duplicates=pa.array([3, 0], pa.int32()))
    made = decision(id=["s-0"], removed=[False], duplicate_of_id=[None], similarity=[None], duplicates=[2])
    assert apply_decision(batch, made, "x", 1.0)["duplicates"].to_pylist() == [5, 0]


def test_nothing_decided_removes_nothing():
    result = apply_decision(toy.batch(["a", "b"]), decision(), "x", 1.0)
    assert result["duplicates"].to_pylist() == [0, 0]
    assert toy.codes(result) == [[], []]
