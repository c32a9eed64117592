"""The `dedup` stage, method `minhash`: near-duplicates found by MinHash LSH and verified by their true similarity.

Broder 1997; Leskovec, Rajaraman and Ullman, Mining of Massive Datasets, chapter 3. Banding proposes pairs; every pair
is then measured exactly. A document is removed only if it is similar to a document that stays, never through a chain
of others, so unlike documents are not merged.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar, Literal

import numpy as np
import pyarrow as pa
from pydantic import Field, model_validator

from corpus_kit.components import component_labels
from corpus_kit.kernels import NO_SHINGLES, band_keys, near
from corpus_kit.mapped import Giant
from corpus_kit.stage import Number, register
from corpus_kit.stages.against import Incremental
from corpus_kit.stages.banding import best_banding, enough_bands, error, proposed
from corpus_kit.stages.clusters import (
    COPY,
    COPY_TOO,
    Members,
    edges,
    giant_edges,
    holders,
    judged,
    members,
    merged,
    repeated,
    without,
)
from corpus_kit.stages.duplicates import GIVES, SAMPLED_DECISION, apply_decision, with_sampled
from corpus_kit.stages.sameness import Form, Group, compared, group_columns, groups
from corpus_kit.stages.sampled import MINIMA, sample_keys, sampled_pairs, sampled_rows
from corpus_kit.stages.sketching import datasketch_signatures
from corpus_kit.stages.survival import Prefer, as_columns, columns_of, penalties
from corpus_kit.tables import whole

_ODD = np.uint64(0x9E3779B97F4A7C15)
"""2^64 / golden ratio, odd: multiplying by it permutes the 64-bit integers and spreads their top bits."""


@register("dedup", "minhash")
class MinHashDedup(Incremental):
    """Keeps one of documents that share at least `threshold` of their shingles.

    Bands and rows are given, or derived: from the threshold, so that they find nearly all it asks for, or from it and
    `permutations`, so that they err least, as datasketch does.
    """

    version: ClassVar[int] = 5
    rounds: ClassVar[int] = 2
    links_components: ClassVar[bool] = True
    needs: ClassVar[tuple[str, ...]] = ("text",)
    gives: ClassVar[Mapping[str, pa.DataType]] = GIVES
    codes: ClassVar[Mapping[str, str]] = {"dedup.minhash": "a near-duplicate of it is kept"}

    method: Literal["minhash"] = "minhash"
    ngram: int = Field(default=5, ge=1, le=64)
    """Units in a shingle."""
    unit: Literal["word", "char"] = "word"
    bands: int | None = Field(default=None, ge=1, le=1000)
    rows: int | None = Field(default=None, ge=1, le=100)
    """Null for both: 20 bands of 5 rows, which propose .9996 of all pairs of similarity .8, and .995 of those of .75.
    Below, as many as propose .995 at the threshold. What they propose in vain is measured, and stays."""
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
    """Form of the text that is compared: `as_is`, `folded` (lower case, letters and digits), or a published one:
    `nordic_pile`, `slug` (Norwegian Colossal Corpus), `datatrove`, `dfm`, `text_dedup`. Folding moves a
    pair by a hundredth or two, either way; so that none is lost by it, `folded` documents are also as alike as their
    words are as they stand, if that is more."""
    within: tuple[Group, ...] = ()
    """Only documents of the same language, source, category or host can be duplicates, and those without any among
    themselves; empty: all can."""
    prefer: Prefer = ("source_order",)
    """Who survives: criteria in order, then source order. `source_order`, `longest`, `newest`, `oldest`, `license` (the
    most open), what comes first in a list (`source: [a, b]`; also `category`, `lang`), or a number (`highest:
    lang_score`, `lowest: METRIC`): a column, or a metric of the text."""

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
        return enough_bands(self.threshold) if self.bands is None or self.rows is None else (self.bands, self.rows)

    def numbers(self) -> list[Number]:
        """The fields, the banding, and its expected error."""
        bands, rows = self.banding
        false_candidates, missed = error(self.threshold, bands, rows)
        derived = "derived: least error for threshold, permutations"
        if self.permutations is None:
            derived = "stage default" if self.threshold >= 0.75 else "derived: propose .995 of pairs at the threshold"
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
        """Round 0: a row for each band of each signature, and for some documents one more, that of
        `corpus_kit.stages.sampled`. Round 1: the shingles of documents in clusters."""
        text, folds = self._text(batch)
        row = batch["row"].to_numpy()
        if wanted is None:
            signed = near.signatures(text, ngram=self.ngram, unit=self.unit, folds=folds, **self._family)
            keys, has_key = self._keys(signed, text)
            keys ^= groups(batch, self.within)[:, None]
            return pa.table({"row": np.repeat(row, has_key.sum(axis=1)), "key": keys[has_key]})
        shingling = {"ngram": self.ngram, "unit": self.unit}
        made = near.shingle_sets(text, folds=folds, **shingling)
        both = near.shingle_sets(batch["text"], folds=False, **shingling) if self._stands_twice else made
        digests = np.column_stack([made.digests[:, 0], made.digests[:, 1] ^ both.digests[:, 0] * _ODD])
        # Copies carry no shingles of their own: a page that comes 100,000 times must not need memory for each.
        copies = repeated(digests)
        return pa.table(
            {
                "row": row,
                "key": wanted["cluster"].to_numpy() * _ODD,
                **as_columns(penalties(self.prefer, batch)),
                COPY: digests[:, 0],
                COPY_TOO: digests[:, 1],
                "shingles": without(made.sets, copies),
                **({"standing": without(both.sets, copies)} if self._stands_twice else {}),
                **self._bands(text, copies),
            }
        )

    @property
    def _stands_twice(self) -> bool:
        """Whether the words as they stand are compared beside the form."""
        return self.form == "folded" and self.verify

    @property
    def _family(self) -> dict[str, int]:
        """Which permutations: those of the bands, and after them those of the sample."""
        bands, rows = self.banding
        return {"permutations": bands * rows + MINIMA, "seed": self.seed}

    def _text(self, batch: pa.RecordBatch) -> tuple[pa.Array, bool]:
        """What is compared, and whether the kernel is to fold it."""
        if self.form == "folded" and self.engine == "kernel":
            return batch["text"], True
        return compared(batch, "text", self.form), False

    def _keys(self, signed: np.ndarray, text: pa.Array) -> tuple[np.ndarray, np.ndarray]:
        """Band keys and, as the last column, the sampled key of each document; and which of them it has."""
        bands, rows = self.banding
        sampled, is_sampled = sample_keys(np.ascontiguousarray(signed[:, bands * rows :]))
        some = ~(signed == NO_SHINGLES).all(axis=1)
        keys = band_keys(
            self._signed_otherwise(text) if self.engine == "datasketch" else signed, bands=bands, rows=rows
        )
        # Without verification the sampled key would merge what shares it.
        has_key = np.column_stack([np.repeat(some[:, None], bands, axis=1), some & is_sampled & self.verify])
        return np.column_stack([keys, sampled]), has_key

    def _signed_otherwise(self, text: pa.Array) -> np.ndarray:
        """What datasketch makes depends on how many permutations there are, used or not."""
        bands, rows = self.banding
        length = self.permutations or bands * rows
        return datasketch_signatures(text, ngram=self.ngram, unit=self.unit, permutations=length, seed=self.seed)

    def _bands(self, text: pa.Array, copies: np.ndarray) -> dict[str, pa.Array]:
        """Band keys as a column, where they cannot be had from the shingles."""
        if self.engine == "kernel":
            return {}
        bands, rows = self.banding
        keys = band_keys(self._signed_otherwise(text), bands=bands, rows=rows)
        packed = pa.Array.from_buffers(pa.binary(8 * bands), len(keys), [None, pa.py_buffer(keys)])
        return {"bands": without(packed, copies)}

    def group(self, rows: pa.Table, round: int) -> pa.Table:
        """Round 0: edges between documents of one bucket. Round 1: verdicts inside each cluster."""
        if round == 0:
            return edges(rows)
        found, holder, sets = members(rows), holders(rows), whole(rows["shingles"])
        if not self.verify:
            return self._merged(found, holder, sets)
        bands, row_count = self.banding
        signed = near.set_signatures(sets, **self._family)
        keys = band_keys(signed, bands=bands, rows=row_count)
        if self.engine == "datasketch":
            packed = whole(rows["bands"])
            keys = np.frombuffer(packed.buffers()[1], np.uint64).reshape(-1, bands)[packed.offset :]
        contains = self.measure == "containment"
        others = whole(rows["standing"]) if self._stands_twice else None
        verdict = judged(found, sets, keys, holder=holder, threshold=self.threshold, contains=contains, others=others)
        sampled, is_sampled = sample_keys(signed[holder, -MINIMA:])
        sampled ^= rows["key"].to_numpy()  # no pair across clusters, which `within` may keep apart
        pairs = sampled_pairs(sets, found.row, sampled, is_sampled, holder, self.threshold)
        return with_sampled(verdict, pairs.one, found.row[pairs.other], pairs.similarity)

    def _merged(self, found: Members, holder: np.ndarray, sets: pa.Array) -> pa.Table:
        """The verdict without verification; of some of those removed it says how like the survivor they are."""
        first = found.first()
        at = np.flatnonzero(sampled_rows(found.row) & (first != np.arange(len(first))))
        contains = self.measure == "containment"
        alike = near.similarities(sets, holder[at], holder[first[at]], contains=contains)
        nobody = np.zeros(0, np.int64)
        return with_sampled(merged(found, at, alike), nobody, nobody, nobody)

    def group_giant(self, key: Giant, round: int) -> Iterator[pa.Table]:
        """Edges of a bucket of millions."""
        return super().group_giant(key, round) if round else giant_edges(key.pieces())

    def link(self, grouped: pa.Table, round: int) -> pa.Table:
        """Documents connected by candidate pairs, with the number of their cluster."""
        nodes, labels = component_labels(grouped["row"].to_numpy(), grouped["other"].to_numpy())
        return pa.table({"row": nodes, "cluster": labels})

    def empty_decision(self) -> pa.Table:
        """No clusters."""
        return SAMPLED_DECISION.empty_table()

    def apply(self, batch: pa.RecordBatch, decision: pa.Table) -> pa.RecordBatch:
        """The batch with a reason on each removed near-duplicate."""
        return apply_decision(batch, decision, "dedup.minhash", self.threshold)
