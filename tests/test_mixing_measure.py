"""Sizes of documents: bytes of UTF-8, code points, words between whitespace, counted tokens, or one each."""

import pyarrow as pa
import pytest
import toy

from corpus_kit.mixing.measure import measured

BATCH = toy.with_columns(
    toy.batch(["ååå bb", "", None, "c\u00a0d"]),
    tokens=pa.array([5, 0, None, 2], pa.int32()),
    **{"tokens:bpe": pa.array([7, 1, 1, 1], pa.int64())},
)


@pytest.mark.parametrize(
    ("unit", "tokenizer", "sizes"),
    [
        ("bytes", None, [9, 0, 0, 4]),
        ("characters", None, [6, 0, 0, 3]),
        ("words", None, [2, 0, 0, 2]),  # a no-break space is whitespace, as in str.split
        ("documents", None, [1, 1, 1, 1]),
        ("tokens", None, [5, 0, 0, 2]),
        ("tokens", "bpe", [7, 1, 1, 1]),
    ],
)
def test_sizes_by_unit(unit, tokenizer, sizes):
    found = measured(BATCH, unit, tokenizer)
    assert found.type == pa.int64()
    assert found.to_pylist() == sizes
