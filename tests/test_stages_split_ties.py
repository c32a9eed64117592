"""What belongs together shares keys; what it is drawn by is its last tie, or its id."""

import pyarrow as pa
import toy

from corpus_kit.stages.split_ties import together_columns, together_keys, unit_names, values_together


def test_columns():
    assert together_columns(["host", "meta.thread", "meta.x.y", "title"]) == ("url", "meta", "title")


def test_values_and_units():
    batch = toy.batch(
        ["a", "b", "c"],
        id=["s-1#0", "s-2", "s-3"],
        url=["https://www.x.dk/1", None, "http://X.dk/2"],
        meta=['{"t": {"id": 3}}', '{"t": 1}', None],
    )
    values = values_together(batch, ["host", "meta.t.id"])
    assert values == [["s-1", None, None], ["x.dk", None, "x.dk"], ["3", None, None]]
    assert unit_names(["s-1#0", "s-2", "s-3"], values) == ["2\t3", "s-2", "1\tx.dk"]


def test_keys_are_shared_by_value_and_kind_of_tie():
    texts = pa.array(["x", "y", "--", "--"], pa.large_string())
    forms = pa.array(["x", "y", "", ""], pa.large_string())
    keys = together_keys([["a", "b", None, None], ["b", "a", "a", None]], texts, forms).to_pylist()
    assert [len(one) for one in keys] == [2, 2, 2, 1]
    assert keys[1][1] == keys[2][0]
    assert keys[0][0] != keys[1][1]
    assert keys[2][1] == keys[3][0]
