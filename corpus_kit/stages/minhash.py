"""The `dedup` stage, method `minhash`: near-duplicates found by MinHash LSH and verified by their true similarity.

Broder 1997; Leskovec, Rajaraman and Ullman, Mining of Massive Datasets, chapter 3. Banding proposes pairs; every pair
is then measured exactly. A document is removed only if it is similar to a document that stays, never through a chain
of others, so unlike documents are not merged.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Mapping
from typing import ClassVar, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field, model_validator

from corpus_kit.components import component_labels
from corpus_kit.kernels import band_keys, digests, pair_jaccard, shingle_sets, signatures
from corpus_kit.stage import CorpusStage, Number, register
from corpus_kit.stages.banding import best_banding, error, proposed
from corpus_kit.stages.duplicates import DECISION, GIVES, apply_decision, decision_table
from corpus_kit.stages.sameness import Form, Group, compared, group_columns, groups
from corpus_kit.stages.sketching import datasketch_signatures
from corpus_kit.stages.survival import Prefer, as_columns, columns_of, from_columns, penalties, rank

_NO_SHINGLES = np.uint32(0xFFFFFFFF)
_ODD = np.uint64(0x9E3779B97F4A7C15)
"""2^64 / golden ratio, odd: multiplying by it permutes the 64-bit integers and spreads their top bits."""


@register("dedup", "minhash")
class MinHashDedup(CorpusStage):
    """Keeps one of documents that share at least `threshold` of their shingles.

    Bands and rows are given, or derived from `permutations` and the threshold so that they err least, as datasketch
    does.
    """

    version: ClassVar[int] = 2
    rounds: ClassVar[int] = 2
    needs: ClassVar[tuple[str, ...]] = ("text",)
    gives: ClassVar[Mapping[str, pa.DataType]] = GIVES
    codes: ClassVar[Mapping[str, str]] = {"dedup.minhash": "a near-duplicate of it is kept"}

    method: Literal["minhash"] = "minhash"
    ngram: int = Field(default=5, ge=1, le=64)
    """Units in a shingle."""
    unit: Literal["word", "char"] = "word"
    bands: int | None = Field(default=None, ge=1, le=1000)
    rows: int | None = Field(default=None, ge=1, le=100)
    """Null for both: 25 bands of 5 rows. Verified, they found every planted pair of similarity .8 and more; 14 bands of
    8 rows found .996 of them."""
    permutations: int | None = Field(default=None, ge=1, le=4096)
    """Instead of bands and rows: length of the signature."""
    threshold: float = Field(default=0.8, gt=0, le=1)
    """Lowest similarity of two duplicates."""
    measure: Literal["jaccard", "containment"] = "jaccard"
    """What is compared with the threshold: shared shingles as a part of all, or of the smaller document. Candidates
    come from banding either way, so a short document inside a long one is found only if they are somewhat alike."""
    verify: bool = True
    """Measure every candidate pair. Without it whatever shares a band is merged, chains and all."""
    engine: Literal["kernel", "datasketch"] = "kernel"
    """Who makes the signatures; `datasketch` is slow, and gives what recipes that used it got."""
    seed: int = Field(default=1, ge=0, lt=2**64)
    form: Form = "folded"
    """Form of the text that is compared."""
    within: tuple[Group, ...] = ()
    """Only documents of the same language, source, category or host can be duplicates; empty: all can."""
    prefer: Prefer = ("source_order",)
    """Who survives: criteria in order, then source order."""

    @model_validator(mode="after")
    def _one_way_to_band(self) -> MinHashDedup:
        if (self.bands is None) != (self.rows is None):
            raise ValueError("give both `bands` and `rows`, or neither")
        if self.bands is not None and self.permutations is not None:
            raise ValueError("give `bands` and `rows`, or `permutations` from which they are derived, not both")
        return self

    @property
    def banding(self) -> tuple[int, int]:
        """Bands and rows, given or derived."""
        if self.permutations is not None:
            return best_banding(self.threshold, self.permutations)
        return (25, 5) if self.bands is None or self.rows is None else (self.bands, self.rows)

    def numbers(self) -> list[Number]:
        """The fields, the banding, and its expected error."""
        bands, rows = self.banding
        false_candidates, missed = error(self.threshold, bands, rows)
        derived = "stage default" if self.permutations is None else "derived: least error for threshold, permutations"
        given = [] if self.bands is not None else [("bands", bands), ("rows", rows)]
        origin = "computed: 1 - (1 - s^rows)^bands"
        return [
            *super().numbers(),
            *(Number(name=name, value=value, origin=derived) for name, value in given),
            Number(
                name="recall at threshold", value=round(float(proposed(self.threshold, bands, rows)), 6), origin=origin
            ),
            Number(name="missed above threshold", value=missed, origin=f"{origin}, area over the curve"),
            Number(name="candidates below threshold", value=false_candidates, origin=f"{origin}, area under the curve"),
        ]

    def modules(self) -> dict[str, str]:
        """datasketch, if it makes the signatures."""
        return {"datasketch": "dedup"} if self.engine == "datasketch" else {}

    def libraries_used(self) -> tuple[str, ...]:
        """The same."""
        return ("datasketch",) if self.engine == "datasketch" else ()

    def columns_needed(self) -> tuple[str, ...]:
        """The text, and what survival and `within` look at."""
        return tuple(dict.fromkeys((*self.needs, *columns_of(self.prefer), *group_columns(self.within))))

    def columns_collected(self) -> tuple[str, ...]:
        """The same."""
        return self.columns_needed()

    def collect(self, batch: pa.RecordBatch, round: int, wanted: pa.Table | None) -> pa.Table:
        """Round 0: a row for each band of each signature. Round 1: shingles and bands of documents in clusters."""
        text = compared(batch, "text", self.form)
        bands, rows = self.banding
        sign = signatures if self.engine == "kernel" else datasketch_signatures
        # Those of datasketch depend on how many there are, used or not.
        length = bands * rows if self.engine == "kernel" else self.permutations or bands * rows
        signed = sign(text, ngram=self.ngram, unit=self.unit, permutations=length, seed=self.seed)
        keys = band_keys(signed, bands=bands, rows=rows) ^ groups(batch, self.within)[:, None]
        row = batch["row"].to_numpy()
        if wanted is None:
            some = ~(signed == _NO_SHINGLES).all(axis=1)
            return pa.table({"row": np.repeat(row[some], bands), "key": keys[some].reshape(-1)})
        # Copies carry no shingles of their own: a page that comes 100,000 times must not need memory for each.
        same = digests(text)
        first = np.zeros(len(row), bool)
        first[np.unique(same, axis=0, return_index=True)[1]] = True
        offsets = pa.array(np.concatenate([[0], np.cumsum(np.where(first, bands, 0))]), pa.int64())
        own = pc.if_else(pa.array(first), text, pa.scalar(None, text.type))
        return pa.table(
            {
                "row": row,
                "key": wanted["cluster"].to_numpy() * _ODD,
                **as_columns(penalties(self.prefer, batch)),
                "same": same[:, 0],
                "same_too": same[:, 1],
                "bands": pa.LargeListArray.from_arrays(offsets, pa.array(keys[first].reshape(-1))),
                "shingles": shingle_sets(own, ngram=self.ngram, unit=self.unit),
            }
        )

    def group(self, rows: pa.Table, round: int) -> pa.Table:
        """Round 0: edges between documents of one bucket. Round 1: verdicts inside each cluster."""
        if round == 0:
            return _edges(rows)
        keys = rows["key"].to_numpy()
        borders = [0, *(np.flatnonzero(keys[1:] != keys[:-1]) + 1).tolist(), len(keys)]
        verdicts = [self._judge(rows.slice(a, b - a)) for a, b in itertools.pairwise(borders)]
        return pa.concat_tables(verdicts)

    def link(self, grouped: pa.Table, round: int) -> pa.Table:
        """Documents connected by candidate pairs, with the number of their cluster."""
        nodes, labels = component_labels(grouped["row"].to_numpy(), grouped["other"].to_numpy())
        return pa.table({"row": nodes, "cluster": labels})

    def _judge(self, cluster: pa.Table) -> pa.Table:
        """Goes through a cluster from the first survivor on: a document stays unless it is like one that stays."""
        row = cluster["row"].to_numpy()
        order = rank(row, from_columns(cluster))
        if not self.verify:
            return _merged(row, order)
        shingles = cluster["shingles"].combine_chunks()
        at = _holders(cluster)
        bands = cluster["bands"].combine_chunks()
        buckets: dict[int, list[int]] = defaultdict(list)
        removed, of = np.zeros(len(row), bool), np.zeros(len(row), np.uint64)
        similarity, duplicates = np.zeros(len(row)), np.zeros(len(row), np.int32)
        for i in order.tolist():
            mine = bands[int(at[i])].values.to_pylist()
            staying = sorted({j for key in mine for j in buckets.get(key, ())})
            values = self._similarity(shingles, np.full(len(staying), at[i]), at[np.array(staying, np.int64)])
            best = int(np.argmax(values)) if staying else -1
            if best >= 0 and values[best] >= self.threshold:
                removed[i], of[i], similarity[i] = True, row[staying[best]], values[best]
                duplicates[staying[best]] += 1
                continue
            for key in mine:
                buckets[key].append(i)
        return decision_table(row, removed, of, similarity, duplicates)

    def _similarity(self, shingles: pa.LargeListArray, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        jaccard = pair_jaccard(shingles, left, right)
        if self.measure == "jaccard":
            return jaccard
        sizes = shingles.value_lengths().to_numpy()
        both = sizes[left] + sizes[right]
        shared = np.rint(jaccard * both / (1 + jaccard))
        return shared / np.maximum(np.minimum(sizes[left], sizes[right]), 1)

    def empty_decision(self) -> pa.Table:
        """No clusters."""
        return DECISION.empty_table()

    def apply(self, batch: pa.RecordBatch, decision: pa.Table) -> pa.RecordBatch:
        """The batch with a reason on each removed near-duplicate."""
        return apply_decision(batch, decision, "dedup.minhash", self.threshold)


def _holders(cluster: pa.Table) -> np.ndarray:
    """For each member the first one with the same text that carries its shingles."""
    same = np.column_stack([cluster["same"].to_numpy(), cluster["same_too"].to_numpy()])
    _, text = np.unique(same, axis=0, return_inverse=True)
    holders = np.flatnonzero(pc.list_value_length(cluster["bands"]).to_numpy() > 0)[::-1]
    found = np.zeros(len(same), np.int64)
    found[text[holders]] = holders  # the last assignment is the first holder
    return found[text]


def _edges(rows: pa.Table) -> pa.Table:
    """An edge from each member of a bucket to its lowest row: linear in the bucket, not quadratic."""
    row, key = rows["row"].to_numpy(), rows["key"].to_numpy()
    first = np.ones(len(key), bool)
    first[1:] = key[1:] != key[:-1]
    starts = np.flatnonzero(first)
    lowest = np.repeat(row[starts], np.diff(np.append(starts, len(key))))
    return pa.table({"row": row[~first], "other": lowest[~first]})


def _merged(row: np.ndarray, order: np.ndarray) -> pa.Table:
    """The verdict without verification: one document stays, similarity unknown."""
    removed = np.ones(len(row), bool)
    removed[order[0]] = False
    duplicates = np.where(removed, 0, len(row) - 1)
    return decision_table(row, removed, np.full(len(row), row[order[0]]), np.full(len(row), np.nan), duplicates)
