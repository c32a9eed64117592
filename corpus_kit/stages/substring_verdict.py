"""Which windows are repeated, who keeps them, and what that means for each document.

A window is repeated if all documents together have at least `min_occurrences` of it; overlapping ones count. The first
of them, in the first document by priority and there the earliest, is kept, or none is. Every other loses its tokens,
with one exception: one that overlaps the kept one in the same document, as in a row of hyphens, loses only what lies
behind it. So what is lost of a window still stands at the same place of an earlier window, or was lost there, too, to
one still earlier: nothing is lost altogether.

Windows are judged by runs (see `corpus_kit.kernels.substring_definition`). If all runs of one anchor are the same, as
inside a long repeated span, they are judged as a whole. Only runs with the same anchor and other tokens, as at the ends
of a span, are opened: cut into windows, and judged window by window (`substring_opened`). The work grows as the number
of runs; no two documents are ever compared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from corpus_kit.stages.repeated_verdict import _changes, _places
from corpus_kit.stages.survival import from_columns

Keep = Literal["first", "none"]

DECISION = pa.schema(
    [
        ("row", pa.uint64()),
        ("begin", pa.uint32()),
        ("end", pa.uint32()),
        ("kept_in_row", pa.uint64()),
        ("kept_begin", pa.uint32()),
    ]
)
"""One row for each stretch removed from a document: its bytes in the text as it came; the document that keeps the same,
and the byte at which it begins there; both null if none does."""

JUDGED = DECISION.append(pa.field("is_open", pa.bool_()))
"""What is known after the first round: stretches to remove, and runs to be opened, by the byte where they begin."""


class Found(NamedTuple):
    """Runs or windows, those that are equal side by side, the kept one first."""

    row: NDArray[np.uint64]
    begin: NDArray[np.uint32]
    behind: NDArray[np.uint32]
    end: NDArray[np.uint32]
    copies: NDArray[np.uint32]
    starts: NDArray[np.bool_]
    """Where others begin that are equal among themselves."""


def judge_runs(rows: pa.Table, *, min_occurrences: int, keep: Keep) -> pa.Table:
    """What follows from the runs of some keys, in the form of JUDGED."""
    rows = _frequent(rows, ["key"], min_occurrences)
    if not rows.num_rows:
        return JUDGED.empty_table()
    first, second = (rows[name].to_numpy() for name in ("first", "second"))
    starts = _changes(rows["key"].to_numpy())
    cluster, begins = np.cumsum(starts) - 1, np.flatnonzero(starts)
    differs = (first != first[begins][cluster]) | (second != second[begins][cluster])
    is_open = np.logical_or.reduceat(differs, begins)[cluster]
    settled = _stretches(_found(rows.filter(pa.array(~is_open)), ["key"]), keep)
    return pa.concat_tables([_settled(settled), _opened(rows.filter(pa.array(is_open)))])


def judge_giant(pieces: Callable[[], Iterator[pa.Table]], *, min_occurrences: int, keep: Keep) -> Iterator[pa.Table]:
    """What follows from the runs of one key, which come in pieces, each time they are asked for."""
    copies, is_open = 0, False
    best: list[pa.Table] = []
    for piece in pieces():
        copies += pc.sum(piece["copies"]).as_py()
        met = pa.concat_tables([*best, piece])
        is_open |= any(pc.any(pc.not_equal(met[name], met[name][0])).as_py() for name in ("first", "second"))
        best = [_earliest(met)]
    if copies < min_occurrences:
        return
    for piece in pieces():
        if is_open:
            yield _opened(piece)
            continue
        kept = pc.and_(pc.equal(piece["row"], best[0]["row"][0]), pc.equal(piece["begin"], best[0]["begin"][0]))
        rows = pa.concat_tables([*best, piece.filter(pc.invert(kept))])
        yield _settled(_stretches(_found(rows, ["key"]), keep))


def _earliest(rows: pa.Table) -> pa.Table:
    """The row that is kept of equal ones."""
    places = _places(rows["row"].to_numpy(), from_columns(rows))
    return rows.take(pa.array(np.lexsort((rows["begin"].to_numpy(), places))[:1]))


def _settled(stretches: pa.Table) -> pa.Table:
    return stretches.append_column(JUDGED.field("is_open"), pa.repeat(False, stretches.num_rows))


def _opened(rows: pa.Table) -> pa.Table:
    """Runs to be opened, with the little that it takes to find them again."""
    count = rows.num_rows
    nothing = [pa.nulls(count, JUDGED.field(name).type) for name in ("end", "kept_in_row", "kept_begin")]
    return pa.table([rows["row"], rows["begin"], *nothing, pa.repeat(True, count)], schema=JUDGED)


def judge_windows(rows: pa.Table, *, min_occurrences: int, keep: Keep) -> pa.Table:
    """What is removed of repeated windows, in the form of DECISION. There are all windows that are equal to any."""
    same = ["key", "first", "second"]
    rows = _frequent(rows, same, min_occurrences)
    return merged(_stretches(_found(rows, same), keep)) if rows.num_rows else DECISION.empty_table()


def _frequent(rows: pa.Table, same: list[str], min_occurrences: int) -> pa.Table:
    """The rows of which there are enough with all of their copies, sorted by what makes them the same."""
    rows = _with_company(rows, "first" if "first" in same else "key", min_occurrences)
    columns = [rows[name].to_numpy() for name in same]
    order = np.lexsort(columns[::-1])
    if not len(order):
        return rows
    starts = _changes(*(column[order] for column in columns))
    counts = np.add.reduceat(rows["copies"].to_numpy()[order].astype(np.int64), np.flatnonzero(starts))
    enough = (counts >= min_occurrences)[np.cumsum(starts) - 1]
    return rows.take(pa.array(order[enough]))


def _with_company(rows: pa.Table, name: str, min_occurrences: int) -> pa.Table:
    """The rows less those that stand alone with their number, and have too few copies; little is left to sort."""
    number = rows[name].to_numpy()
    order = np.argsort(number, kind="stable")
    starts = _changes(number[order])
    alone = np.empty(len(order), bool)
    alone[order] = starts & np.append(starts[1:], True)
    return rows.filter(pa.array(~alone | (rows["copies"].to_numpy() >= min_occurrences)))


def _found(rows: pa.Table, same: list[str]) -> Found:
    columns = [rows[name].to_numpy() for name in same]
    row, begin = rows["row"].to_numpy(), rows["begin"].to_numpy()
    order = np.lexsort((begin, _places(row, from_columns(rows)), *columns[::-1]))
    behind, end, copies = (rows[name].to_numpy()[order] for name in ("behind", "end", "copies"))
    return Found(row[order], begin[order], behind, end, copies, _changes(*(column[order] for column in columns)))


def _stretches(found: Found, keep: Keep) -> pa.Table:
    """What is removed of repeated runs or windows."""
    kept = np.flatnonzero(found.starts)[np.cumsum(found.starts) - 1]
    if keep == "none":
        nulls = pa.nulls(len(kept), pa.uint64()), pa.nulls(len(kept), pa.uint32())
        return pa.table([found.row, found.begin, found.end, *nulls], schema=DECISION)
    overlapped = np.where(found.row == found.row[kept], found.behind[kept], 0)
    begin = np.maximum(found.begin, overlapped)
    gone = ~found.starts | (found.copies > 1)
    columns = [found.row, begin, found.end, found.row[kept], found.begin[kept]]
    return pa.table([column[gone] for column in columns], schema=DECISION)


def merged(decision: pa.Table) -> pa.Table:
    """The decision in order of row and begin; overlapping stretches of a document that one document keeps are one."""
    if not decision.num_rows:
        return decision.cast(DECISION)
    row, begin, end = (decision[name].to_numpy() for name in ("row", "begin", "end"))
    keeper = pc.fill_null(decision["kept_in_row"], np.iinfo(np.uint64).max).to_numpy()
    place = pc.fill_null(decision["kept_begin"], 0).to_numpy()
    order = np.lexsort((place, begin, keeper, row))
    row, begin, end, keeper = row[order], begin[order], end[order], keeper[order]
    # Ends rise from one pair of documents to the next, so one maximum runs over all.
    pair = (np.cumsum(_changes(row, keeper)) - 1) << 32
    furthest = np.maximum.accumulate(pair + end)
    starts = np.ones(len(row), bool)
    starts[1:] = (pair + begin)[1:] > furthest[:-1]
    last = np.append(np.flatnonzero(starts)[1:] - 1, len(row) - 1)
    ends = (furthest - pair)[last].astype(np.uint32)
    one = decision.take(pa.array(order[starts])).set_column(2, DECISION.field("end"), pa.array(ends))
    again = np.lexsort((keeper[starts], begin[starts], row[starts]))
    return one.take(pa.array(again)).cast(DECISION)
