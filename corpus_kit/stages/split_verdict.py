"""Which split each document of a drawn cluster gets, and why not the one it was drawn for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from corpus_kit.stages.split_draw import TRAIN, Caps, Cluster, drawn, draws, within

DECISION = pa.schema(
    [
        ("row", pa.uint64()),
        ("removed", pa.bool_()),
        ("split", pa.string()),
        ("drawn", pa.string()),
        ("why", pa.string()),
        ("cluster", pa.uint64()),
        ("documents", pa.int64()),
        ("source", pa.string()),
        ("lang", pa.string()),
        ("bytes", pa.int64()),
    ]
)
"""One row for each document of a cluster that was drawn for a split. `drawn` is that split, `split` the one it got, and
`why` is null where they are the same, else `large`, `alike` or `cap`; `documents` are those of the cluster. All other
documents are in train."""

WHY = (None, "large", "alike")


def judged(
    part: pa.Table,
    labels: NDArray[np.int64],
    *,
    shares: Mapping[str, float],
    seed: int,
    max_cluster: int,
    parts_alike: bool,
) -> pa.Table:
    """Of the clusters of a connected part those that were drawn for a split: a row for each of their documents.

    A cluster is drawn by the lowest hash of its units; with `parts_alike` one of several units stays in train.
    """
    _, which = np.unique(labels, return_inverse=True)
    unit, large = part["unit"].to_numpy(), part["large"].to_numpy()
    documents = np.bincount(which)
    lowest = np.full(len(documents), np.iinfo(np.uint64).max, np.uint64)
    np.minimum.at(lowest, which, unit)
    highest = np.zeros(len(documents), np.uint64)
    np.maximum.at(highest, which, unit)
    too_large = (documents > max_cluster) | (np.bincount(which, weights=large) > 0)
    why = np.where(too_large, 1, np.where(parts_alike & (lowest != highest), 2, 0))
    split = drawn(draws(lowest, seed), shares)
    names = pa.array(sorted(shares), pa.string())
    columns = {
        "row": part["row"],
        "drawn": names.take(pa.array(np.maximum(split, 0)[which])),
        "why": pa.array(WHY, pa.string()).take(pa.array(why[which])),
        "cluster": lowest[which],
        "documents": documents[which],
        **{name: part[name] for name in ("source", "lang", "bytes")},
    }
    return pa.table(columns).filter(pa.array((split >= 0)[which]))


def decided(judgements: pa.Table, caps: Caps, *, seed: int) -> pa.Table:
    """The splits of documents that were drawn, caps applied, in order of row."""
    members = judgements.sort_by("row").to_pylist()
    found: dict[int, list[dict[str, Any]]] = {}
    for one in members:
        if one["why"] is None:
            found.setdefault(one["cluster"], []).append(one)
    stay = dict(zip(found, within([_cluster(ones, seed) for ones in found.values()], caps), strict=True))
    for one in members:
        if one["why"] is None and not stay[one["cluster"]]:
            one["why"] = "cap"
        one["split"] = one["drawn"] if one["why"] is None else TRAIN
        one["removed"] = False
    return pa.Table.from_pylist(members, DECISION)


def _cluster(members: list[dict[str, Any]], seed: int) -> Cluster:
    documents, size = Counter[str](), Counter[str]()
    for one in members:
        documents[one["source"]] += 1
        size[one["source"]] += one["bytes"]
    draw = int(draws(np.array([members[0]["cluster"]], np.uint64), seed)[0])
    return Cluster(members[0]["drawn"], draw, documents, size)
