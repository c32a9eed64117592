"""Which runs are settled and which are opened, who keeps them, and how stretches are put together."""

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus_kit.stages.substring_verdict import DECISION, JUDGED, judge_giant, judge_runs, judge_windows, merged

NUMBERS = {
    **{name: pa.uint64() for name in ("row", "key", "first", "second")},
    **{name: pa.uint32() for name in ("begin", "behind", "end", "copies")},
    "penalty_0": pa.float64(),
}


def rows_of(*rows: tuple) -> pa.Table:
    """Collected rows: row, key, digest, begin, behind, end, copies, and a penalty."""
    full = sorted(((row, key, digest, digest + 1, *rest) for row, key, digest, *rest in rows), key=lambda one: one[1])
    columns = list(zip(*full, strict=True)) if full else [()] * len(NUMBERS)
    return pa.table(
        [pa.array(one, kind) for one, kind in zip(columns, NUMBERS.values(), strict=True)], names=list(NUMBERS)
    )


def told(table: pa.Table) -> set[tuple]:
    return {tuple(one.values()) for one in table.to_pylist()}


def test_equal_runs_are_settled_and_the_first_by_priority_keeps():
    rows = rows_of(
        *((1, 7, 5, 0, 10, 20, 1, 1.0), (2, 7, 5, 30, 40, 50, 1, 0.0), (3, 7, 5, 60, 70, 80, 1, 1.0)),
        (4, 8, 5, 0, 10, 20, 1, 0.0),
    )
    found = judge_runs(rows, min_occurrences=2, keep="first")
    assert found.schema == JUDGED
    assert told(found) == {(1, 0, 20, 2, 30, False), (3, 60, 80, 2, 30, False)}
    assert told(judge_runs(rows, min_occurrences=3, keep="none")) == {
        *((1, 0, 20, None, None, False), (2, 30, 50, None, None, False), (3, 60, 80, None, None, False)),
    }
    assert told(judge_runs(rows, min_occurrences=4, keep="none")) == set()


def test_runs_that_differ_are_opened():
    rows = rows_of((1, 7, 5, 0, 10, 20, 1, 0.0), (2, 7, 6, 30, 40, 50, 1, 0.0), (3, 8, 6, 30, 40, 50, 1, 0.0))
    found = judge_runs(rows, min_occurrences=2, keep="first")
    assert told(found) == {(1, 0, None, None, None, True), (2, 30, None, None, None, True)}


def test_overlapping_copies_lose_what_lies_behind_the_kept_one():
    rows = rows_of(
        *((1, 7, 5, 0, 10, 40, 4, 0.0), (1, 7, 5, 100, 110, 120, 1, 0.0), (2, 7, 5, 0, 10, 30, 2, 0.0)),
        *((3, 8, 5, 0, 10, 10, 1, 0.0), (3, 8, 5, 6, 16, 16, 1, 0.0)),
    )
    assert told(judge_runs(rows, min_occurrences=2, keep="first")) == {
        *((1, 10, 40, 1, 0, False), (1, 100, 120, 1, 0, False), (2, 0, 30, 1, 0, False)),
        (3, 10, 16, 3, 0, False),
    }


def test_copies_in_a_row_count():
    rows = rows_of((1, 7, 5, 0, 10, 40, 4, 0.0))
    assert told(judge_runs(rows, min_occurrences=4, keep="none")) == {(1, 0, 40, None, None, False)}
    assert judge_runs(rows, min_occurrences=5, keep="none").num_rows == 0


def test_windows_are_equal_if_key_and_digest_are():
    rows = rows_of(
        *((1, 7, 5, 0, 10, 10, 1, 0.0), (2, 7, 5, 3, 13, 13, 1, 0.0), (2, 7, 6, 4, 14, 14, 1, 0.0)),
        *((3, 7, 6, 0, 10, 10, 1, 0.0), (3, 8, 5, 1, 11, 11, 1, 0.0)),
    )
    found = judge_windows(rows, min_occurrences=2, keep="first")
    assert found.schema == DECISION
    assert told(found) == {(2, 3, 13, 1, 0), (3, 0, 10, 2, 4)}


def test_half_a_digest_is_not_enough():
    rows = rows_of((1, 7, 5, 0, 10, 10, 1, 0.0), (2, 7, 5, 3, 13, 13, 1, 0.0))
    other = rows.set_column(3, "second", pa.array([1, 2], pa.uint64()))
    assert judge_windows(other, min_occurrences=2, keep="first").num_rows == 0
    assert told(judge_runs(other, min_occurrences=2, keep="first")) == {
        *((1, 0, None, None, None, True), (2, 3, None, None, None, True)),
    }


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 4), st.just(7), st.integers(1, 2), st.integers(0, 9), st.integers(1, 3)), min_size=1
    ),
    st.lists(st.sampled_from([0.0, 1.0]), min_size=5, max_size=5),
    st.integers(2, 9),
    st.sampled_from(["first", "none"]),
    st.integers(1, 5),
)
def test_a_giant_key_is_judged_as_any_other(runs, penalties, least, keep, size):
    places = {(row, begin): (digest, copies) for row, _, digest, begin, copies in runs}
    rows = rows_of(
        *(
            (row, 7, digest, 40 * begin, 40 * begin + 9, 40 * begin + 10 * copies, copies, penalties[row])
            for (row, begin), (digest, copies) in sorted(places.items())
        )
    )
    pieces = [rows.slice(at, size) for at in range(0, rows.num_rows, size)]
    found = list(judge_giant(lambda: iter(pieces), min_occurrences=least, keep=keep))
    whole = judge_runs(rows, min_occurrences=least, keep=keep)
    assert set().union(*map(told, found)) == told(whole)


def by_bytes(table: pa.Table) -> set[tuple]:
    return {(one["row"], at, one["kept_in_row"]) for one in table.to_pylist() for at in range(one["begin"], one["end"])}


STRETCHES = st.lists(
    st.tuples(
        *(st.integers(0, 2), st.integers(0, 20), st.integers(1, 9)),
        st.sampled_from([(None, None), (0, 5), (1, 5), (1, 6)]),
    )
)


@settings(max_examples=200, deadline=None)
@given(STRETCHES, st.integers(0, 10))
def test_merged_stretches_cover_the_same_bytes_however_they_are_dealt_out(stretches, cut):
    rows = [(row, begin, begin + size, *kept) for row, begin, size, kept in stretches]
    columns = list(zip(*rows, strict=True)) or [()] * 5
    table = pa.table([pa.array(one, kind) for one, kind in zip(columns, DECISION.types, strict=True)], schema=DECISION)
    found = merged(table)
    assert found.schema == DECISION
    assert by_bytes(found) == by_bytes(table)
    places = [(one["row"], one["begin"]) for one in found.to_pylist()]
    assert places == sorted(places)
    last: dict[tuple, int] = {}
    for one in found.to_pylist():
        pair = one["row"], one["kept_in_row"]
        assert one["begin"] > last.get(pair, -1)
        last[pair] = one["end"]
    parts = pa.concat_tables([merged(table.slice(cut)), merged(table.slice(0, cut))])
    assert merged(parts).equals(found)


@pytest.mark.parametrize("keep", ["first", "none"])
def test_nothing_comes_of_nothing(keep):
    assert judge_runs(rows_of(), min_occurrences=2, keep=keep).equals(JUDGED.empty_table())
    assert judge_windows(rows_of(), min_occurrences=2, keep=keep).equals(DECISION.empty_table())
    assert merged(DECISION.empty_table()).equals(DECISION.empty_table())
