"""Of a connected part the drawn clusters, and what a cap leaves of them."""

import numpy as np
import pyarrow as pa

from corpus_kit.stages.split_draw import Caps, drawn, draws
from corpus_kit.stages.split_verdict import DECISION, decided, judged

SHARES = {"test": 0.5}
UNITS = np.arange(40, dtype=np.uint64)
HELD = drawn(draws(UNITS, 1), SHARES) == 0


def part(units: list[int], large: bool = False) -> pa.Table:
    count = len(units)
    return pa.table(
        {
            "row": pa.array(range(count), pa.uint64()),
            "unit": pa.array(units, pa.uint64()),
            "large": [large] * count,
            "source": ["s"] * count,
            "lang": pa.nulls(count, pa.string()),
            "bytes": pa.array([10] * count, pa.int64()),
        }
    )


def judge(units: list[int], labels: list[int], *, large: bool = False, **given) -> list[dict]:
    settings = {"shares": SHARES, "seed": 1, "max_cluster": 9, "parts_alike": False} | given
    return judged(part(units, large), np.array(labels), **settings).to_pylist()


def test_a_cluster_is_drawn_by_its_lowest_unit():
    held, out = int(np.flatnonzero(HELD)[0]), int(np.flatnonzero(~HELD)[0])
    found = judge([held + 100, held, out], [0, 0, 2])
    assert [(one["row"], one["drawn"], one["why"], one["documents"]) for one in found] == [
        (0, "test", None, 2),
        (1, "test", None, 2),
    ]


def test_why_a_drawn_cluster_stays_in_train():
    held = int(np.flatnonzero(HELD)[0])
    assert {one["why"] for one in judge([held, held], [0, 0], max_cluster=1)} == {"large"}
    assert {one["why"] for one in judge([held], [0], large=True)} == {"large"}
    assert {one["why"] for one in judge([held, held + 100], [0, 0], parts_alike=True)} == {"alike"}
    assert {one["why"] for one in judge([held, held], [0, 0], parts_alike=True)} == {None}


def test_caps_apply_to_whole_clusters_in_the_order_of_their_draws():
    held = np.flatnonzero(HELD)[:3]
    order = held[np.argsort(draws(held.astype(np.uint64), 1))].tolist()
    table = judged(
        part([order[0], order[0], order[1], order[2]]),
        np.array([0, 0, 2, 3]),
        shares=SHARES,
        seed=1,
        max_cluster=9,
        parts_alike=False,
    )
    found = decided(table, Caps({"test": 3}, {}, {}, {}), seed=1)
    assert found.schema == DECISION
    assert [(one["split"], one["why"]) for one in found.to_pylist()] == [("test", None)] * 3 + [("train", "cap")]
    assert decided(table.slice(0, 0), Caps({}, {}, {}, {}), seed=1).equals(DECISION.empty_table())
