"""Which runs are repeated, by a dictionary; and how the verdict reaches each document."""

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from corpus_kit.kernels import spans
from corpus_kit.kernels.hashes import digest
from corpus_kit.stages.repeated_units import signs
from corpus_kit.stages.repeated_verdict import DECISION, merged, ranges_of, verdict, windows


def rows_of(documents: list[list[int]], penalty: list[float] | None = None) -> pa.Table:
    """Collected rows: each unit 10 bytes long, its digest (key, rest) made of its number."""
    entries = [
        (row, unit // 3, unit % 3, 10 * at, 10 * at + 9, (penalty or [0.0] * len(documents))[row])
        for row, units in enumerate(documents)
        for at, unit in enumerate(units)
    ]
    columns = list(zip(*sorted(entries, key=lambda one: one[1]), strict=True)) or [()] * 6
    kinds = [pa.uint64()] * 3 + [pa.uint32()] * 2 + [pa.float64()]
    names = ["row", "key", "rest", "begin", "end", "penalty_0"]
    return pa.table([pa.array(one, kind) for one, kind in zip(columns, kinds, strict=True)], names=names)


def by_dictionary(documents, at_least, keep, inside, penalty):
    """(row, place) -> row that keeps it."""
    places: dict[int, list[tuple[float, int, int]]] = {}
    for row, units in enumerate(documents):
        for at, unit in enumerate(units):
            places.setdefault(unit, []).append((penalty[row], row, at))
    gone = {}
    for found in places.values():
        found.sort()
        if len(found if inside else {row for _, row, _ in found}) < at_least:
            continue
        first = found[0]
        for one in found:
            if keep == "none" or (one != first if inside else one[1] != first[1]):
                gone[one[1], one[2]] = None if keep == "none" else first[1]
    return gone


@given(
    st.lists(st.lists(st.integers(0, 7), max_size=6), max_size=5),
    st.integers(2, 4),
    st.sampled_from(["first", "none"]),
    st.booleans(),
    st.lists(st.sampled_from([0.0, 1.0]), min_size=5, max_size=5),
)
def test_what_is_removed_is_what_a_dictionary_says(documents, at_least, keep, inside, penalty):
    found = verdict(rows_of(documents, penalty), at_least=at_least, keep=keep, inside=inside)
    assert found.schema == DECISION
    told = {(one["row"], one["begin"] // 10): one["kept_in_row"] for one in found.to_pylist()}
    assert told == by_dictionary(documents, at_least, keep, inside, penalty)
    assert found.num_rows == len(told)


def test_half_a_digest_is_not_enough():
    assert verdict(rows_of([[0], [1], [2]]), at_least=2, keep="none", inside=True).num_rows == 0


def decision(*rows) -> pa.Table:
    columns = list(zip(*rows, strict=True))
    return pa.table([pa.array(one, field.type) for one, field in zip(columns, DECISION, strict=True)], schema=DECISION)


def test_overlapping_stretches_of_one_keeper_are_one():
    rows = [
        (7, 20, 50, 1),
        (7, 0, 30, 1),
        (7, 10, 40, 1),
        (7, 50, 80, 1),
        (7, 60, 90, 2),
        (8, 0, 5, None),
        (8, 4, 9, None),
    ]
    told = merged(decision(*rows)).to_pylist()
    assert [tuple(one.values()) for one in told] == [(7, 0, 50, 1), (7, 50, 80, 1), (7, 60, 90, 2), (8, 0, 9, None)]
    assert merged(DECISION.empty_table()).schema == DECISION


def test_ranges_go_to_their_documents_in_any_order():
    one = decision((3, 0, 5, 1), (3, 7, 9, 1), (5, 2, 4, 1), (9, 1, 2, 1))
    made = one.add_column(0, "id", pa.array(["c", "c", "e", "i"]))
    offsets, ranges = ranges_of(pa.array(["e", "x", "i", "c", "y"]), made)
    assert offsets.tolist() == [0, 1, 1, 2, 4, 4]
    assert ranges.tolist() == [[2, 4], [1, 2], [0, 5], [7, 9]]
    chunked = pa.concat_tables([made[:1], made[1:]])
    assert ranges_of(pa.array(["c"]), chunked)[1].tolist() == [[0, 5], [7, 9]]
    for ids, empty in ((["a"], made), (["c"], made[:0])):
        offsets, ranges = ranges_of(pa.array(ids), empty)
        assert offsets.tolist() == [0, 0]
        assert len(ranges) == 0


def test_runs_stay_in_their_document_and_pass_over_what_is_nothing():
    texts = pa.array(["a b\nc\n--\nd", "e", None, "f\ng"])
    form = spans.FormTable(
        np.arange(spans.CODE_POINTS, dtype=np.int32), np.zeros(0, np.int32), np.zeros(0, np.int64), " "
    )
    form.table[ord("-")] = spans.DELETED
    cut = spans.cut(texts, kind="line", form=form, signs=signs())
    pairs = windows(cut, 2)
    assert pairs.document.tolist() == [0, 0, 3]
    assert list(zip(pairs.begin.tolist(), pairs.end.tolist(), strict=True)) == [(0, 5), (4, 10), (0, 3)]
    assert (pairs.words.tolist(), pairs.characters.tolist()) == ([3, 2, 2], [4, 2, 2])
    joined = [
        b"".join(half.to_bytes(8, "little") for one in pair for half in digest(one))
        for pair in ((b"a b", b"c"), (b"c", b"d"), (b"f", b"g"))
    ]
    assert list(zip(pairs.first.tolist(), pairs.second.tolist(), strict=True)) == [digest(one) for one in joined]
    assert windows(cut, 1).document.tolist() == [0, 0, 0, 1, 3, 3]
    assert windows(cut, 9).document.tolist() == []
