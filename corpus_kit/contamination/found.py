"""What was found where: which benchmark texts stand in which documents, from the places of their runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from corpus_kit.contamination.benchmarks import Text
from corpus_kit.contamination.runs import Index, Integers

SPAN = pa.struct([("begin", pa.uint32()), ("end", pa.uint32())])

DECISION = pa.schema(
    [
        ("row", pa.uint64()),
        ("removed", pa.bool_()),
        ("benchmark", pa.string()),
        ("split", pa.string()),
        ("example", pa.int64()),
        ("example_id", pa.string()),
        ("field", pa.string()),
        ("kind", pa.string()),
        ("found", pa.int64()),
        ("of", pa.int64()),
        ("share", pa.float64()),
        ("contaminated", pa.bool_()),
        ("documents", pa.int64()),
        ("spans", pa.list_(SPAN)),
    ]
)
"""One row for each benchmark text that was found in a document. `kind`: `ngram` (n words in a row), `whole` (a text of
fewer words), `minhash`, or `frequent`: n-grams that did not count because too many documents have them; `row` is then
the first of these, and `documents` how many have the most frequent one. `found` and `of` are n-grams of the text (for
`minhash`, null), `share` the part found, or the similarity; `contaminated` whether that is too much; `spans` are bytes
of the document as it came to the stage."""

FREQUENT = np.iinfo(np.uint32).max
"""As `end`: the row says in how many documents a run stands, which are too many."""


def counted(rows: pa.Table, max_documents: int | None) -> pa.Table:
    """Places of runs (row, run, begin, end) of one key partition, less those of too frequent runs.

    Of each of these one place stays, in the lowest row, with the number of its documents as `begin` and FREQUENT as
    `end`.
    """
    names = ["row", "run", "begin", "end"]
    row, run, begin, end = (rows[name].to_numpy() for name in names)
    order = np.lexsort((begin, row, run))
    row, run, begin, end = row[order], run[order], begin[order], end[order]
    new_run = _changes(run)
    documents = np.add.reduceat(_changes(run, row), np.flatnonzero(new_run), dtype=np.int64) if len(run) else run
    if max_documents is not None:
        of = documents[np.cumsum(new_run) - 1] if len(run) else documents
        frequent = of > max_documents
        begin, end = np.where(frequent, np.minimum(of, FREQUENT), begin), np.where(frequent, FREQUENT, end)
        keep = ~frequent | new_run
        row, run, begin, end = row[keep], run[keep], begin[keep], end[keep]
    columns = [row, run, begin.astype(np.uint32), end.astype(np.uint32)]
    return pa.table(columns, names=names)


def _changes(*columns: NDArray[Any]) -> NDArray[np.bool_]:
    found = np.ones(len(columns[0]), bool)
    if len(found):
        found[1:] = np.any([column[1:] != column[:-1] for column in columns], axis=0)
    return found


def decided(
    places: pa.Table, index: Index, *, n: int, at_least: int | None, min_share: float | None, removes: bool
) -> pa.Table:
    """The decision: for each document and text what part of the text was found, and where; in order of both."""
    row, run, begin, end = (places[name].to_numpy() for name in ("row", "run", "begin", "end"))
    size = index.borders[run.astype(np.int64) + 1] - index.borders[run]
    at = np.repeat(np.arange(len(row)), size)
    text = index.owners[np.arange(size.sum()) + np.repeat(index.borders[run] - (np.cumsum(size) - size), size)]
    frequent = end[at] == FREQUENT
    row = np.where(frequent, 0, row[at])  # frequent runs of one text are told of together
    order = np.lexsort((begin[at], row, frequent, text))
    starts = np.flatnonzero(_changes(text[order], frequent[order], row[order]))
    found = []
    for members in np.split(order, starts[1:]) if len(order) else []:
        which, places_of = int(text[members[0]]), at[members]
        different = len(np.unique(run[places_of]))
        share = different / int(index.sizes[which])
        one: dict[str, Any] = {"found": different, "of": int(index.sizes[which]), "share": share, "removed": False}
        if frequent[members[0]]:
            told = places.take(pa.array(places_of))
            most = int(begin[places_of].max())
            first = int(told["row"].to_numpy().min())
            one |= {"row": first, "kind": "frequent", "contaminated": False, "documents": most, "spans": []}
        else:
            too_many = at_least is not None and different >= at_least
            is_contaminated = too_many or (min_share is not None and share >= min_share)
            kind = "ngram" if index.words[which] >= n else "whole"
            one |= {"row": int(row[members[0]]), "kind": kind, "contaminated": is_contaminated}
            one |= {"spans": joined(begin[places_of], end[places_of]), "removed": removes and is_contaminated}
        found.append(one | named(index.texts[which]))
    return pa.Table.from_pylist(found, DECISION).sort_by(
        [(name, "ascending") for name in ("row", "benchmark", "split", "example", "field", "kind")]
    )


def named(text: Text) -> dict[str, Any]:
    """What a report says of a benchmark text: everything but the text."""
    return {
        "benchmark": text.benchmark,
        "split": text.split,
        "example": text.example,
        "example_id": text.id or None,
        "field": text.field,
    }


def joined(begins: NDArray[np.uint32], ends: NDArray[np.uint32]) -> list[dict[str, int]]:
    """Overlapping places as one, in order.

    >>> joined(np.array([8, 1, 3]), np.array([9, 4, 6]))
    [{'begin': 1, 'end': 6}, {'begin': 8, 'end': 9}]
    """
    order = np.argsort(begins, kind="stable")
    spans: list[dict[str, int]] = []
    for begin, end in zip(begins[order].tolist(), ends[order].tolist(), strict=True):
        if spans and begin <= spans[-1]["end"]:
            spans[-1]["end"] = max(spans[-1]["end"], end)
        else:
            spans.append({"begin": begin, "end": end})
    return spans


def by_document(ids: pa.Array, decision: pa.Table) -> Mapping[int, list[dict[str, Any]]]:
    """The contaminated rows of a decision by the position of their document among `ids`."""
    table = decision.filter(decision["contaminated"])
    at = {one: i for i, one in enumerate(ids.to_pylist())} if table.num_rows else {}
    found: dict[int, list[dict[str, Any]]] = {}
    for one in table.to_pylist():
        if one["id"] in at:
            found.setdefault(at[one["id"]], []).append(one)
    return dict(sorted(found.items()))


class Sizes(NamedTuple):
    """What is looked for of a split of a benchmark."""

    benchmark: str
    split: str
    examples: int
    """With at least one text that is looked for."""
    texts: int
    short: int
    """Texts too short to be looked for."""


def sizes_of(texts: Sequence[Text], sizes: Integers) -> list[Sizes]:
    """What is looked for of every benchmark and split; a text of size 0 is too short."""
    examples: dict[tuple[str, str], set[int]] = {}
    counts: dict[tuple[str, str], list[int]] = {}
    for text, size in zip(texts, sizes.tolist(), strict=True):
        key = (text.benchmark, text.split)
        counts.setdefault(key, [0, 0])[0 if size else 1] += 1
        if size:
            examples.setdefault(key, set()).add(text.example)
    return [Sizes(*key, len(examples.get(key, ())), looked, short) for key, (looked, short) in counts.items()]
