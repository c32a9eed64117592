"""The `split` stage: train, validation and test, such that nothing held out is nearly the same as anything else.

Nothing is removed. The column `split` is what `pull` and the exports go by.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field, model_validator

from corpus_kit.edges import Edges
from corpus_kit.errors import PlanError, suggest
from corpus_kit.kernels import NO_SHINGLES, band_keys, shingle_sets, signatures
from corpus_kit.kernels.contamination import formed
from corpus_kit.sampling import hash64
from corpus_kit.schema import set_columns
from corpus_kit.stage import CorpusStage, Number, register
from corpus_kit.stages.banding import proposed
from corpus_kit.stages.split_clusters import candidates, clusters, lowest_agreement, sketches, stars
from corpus_kit.stages.split_draw import TRAIN, Bytes, Caps, drawn, draws
from corpus_kit.stages.split_graph import ALIKE, DRAWN, TOGETHER, connected, connected_large
from corpus_kit.stages.split_ties import together_columns, together_keys, unit_names, values_together
from corpus_kit.stages.split_verdict import DECISION, decided, judged
from corpus_kit.tables import whole

_MOST_COMPARED = 50_000
"""Documents that may be alike are compared in one place; more than these are not, and stay in train."""
_ODD = np.uint64(0x9E3779B97F4A7C15)
"""2^64 / golden ratio, odd: multiplying by it permutes the 64-bit integers and spreads their top bits."""

Split_ = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Amounts = dict[Split_, Annotated[int, Field(ge=0)]]
Sizes = dict[Split_, Bytes]


@register("split")
class Split(CorpusStage):
    """Holds documents out for validation and test; near-duplicates, and what belongs together, stay together.

    Documents of a Jaccard similarity of `threshold` or more are in one split, and so are chains of such; exact copies
    are, too. A cluster is drawn by hash of the lowest hash of its members' ids (or of what they belong together by), so
    other documents do not move when sources are added. The share is of clusters; a cap closes a split to what comes
    later in the order of the hash, which stays in train.
    """

    version: ClassVar[int] = 2
    rounds: ClassVar[int] = 2
    links_components: ClassVar[bool] = True
    decides_whole: ClassVar[bool] = True
    needs: ClassVar[tuple[str, ...]] = ("text", "source")
    gives: ClassVar[Mapping[str, pa.DataType]] = {"split": pa.string()}

    shares: Annotated[dict[Split_, Annotated[float, Field(gt=0, lt=1)]], Field(min_length=1)]
    """Split -> share of the clusters, as in `{test: 0.005, validation: 0.005}`; the rest is `train`."""
    seed: int = Field(default=1, ge=0, lt=2**64)
    """Another seed holds out others."""
    together: tuple[str, ...] = ()
    """Columns whose equal values must be in one split: `host` (of the address), `source_id`, `title`, ...;
    `meta.thread` is a field of the record. What `segment` made of one document always is."""
    alike: Literal["together", "train"] = "together"
    """What becomes of documents that are alike: drawn `together`, or always in `train`. With `train`, nothing that was
    in train can ever be held out later, whatever is added; but what often comes in versions, as laws do, is missing
    from the held-out splits."""
    threshold: float = Field(default=0.5, gt=0, le=1)
    """Lowest similarity of documents that must not be parted."""
    ngram: int = Field(default=5, ge=1, le=64)
    """Words in a shingle."""
    bands: int = Field(default=64, ge=1, le=1000)
    rows: int = Field(default=3, ge=1, le=100)
    """Banding for recall: of pairs just alike, 2 in 10,000 are not proposed."""
    max_cluster: int = Field(default=1000, ge=1, le=4000)
    """Clusters of more documents stay in train: they are forms, feeds and mirrors."""
    max_documents: Amounts = {}
    """Split -> most documents."""
    max_bytes: Sizes = {}
    """Split -> most bytes of text, as in `{validation: 20MB}`."""
    max_documents_per_source: Amounts = {}
    """The same for each source."""
    max_bytes_per_source: Sizes = {}
    """The same for each source."""

    @model_validator(mode="after")
    def _fits(self) -> Split:
        taken = {TRAIN, "all"} & set(self.shares)
        if taken:
            raise ValueError(f"a held-out split cannot be called {min(taken)!r}")
        if sum(self.shares.values()) >= 1:
            raise ValueError("the shares add up to 1 or more, and nothing is left to train")
        for caps in (self.max_documents, self.max_bytes, self.max_documents_per_source, self.max_bytes_per_source):
            for name in caps:
                if name not in self.shares:
                    raise ValueError(f"a cap names split {name!r}; {suggest(name, self.shares)}")
        if self.bands * self.rows < 64:
            raise ValueError("bands times rows is at least 64: so many bits tell what is alike from what is not")
        return self

    def numbers(self) -> list[Number]:
        """The fields, the shares and caps, and the recall of the banding."""
        found = super().numbers()
        for field in ("shares", "max_documents", "max_bytes", "max_documents_per_source", "max_bytes_per_source"):
            found += [
                Number(name=f"{field}.{split}", value=value, origin="recipe")
                for split, value in getattr(self, field).items()
            ]
        recall = round(float(proposed(self.threshold, self.bands, self.rows)), 6)
        return [
            *found,
            Number(name="recall at threshold", value=recall, origin="computed: 1 - (1 - s^rows)^bands"),
        ]

    def columns_needed(self) -> tuple[str, ...]:
        """The text, and what `together` looks at."""
        return tuple(dict.fromkeys((*self.needs, *together_columns(self.together))))

    def columns_collected(self) -> tuple[str, ...]:
        """The same, and the language for the report."""
        return tuple(dict.fromkeys((*self.columns_needed(), "lang")))

    def check(self, available: Mapping[str, pa.DataType]) -> None:
        """`together` names columns of text."""
        for name in together_columns(self.together):
            if name in available and not pa.types.is_string(available[name]):
                raise PlanError(f"split: together: {name!r} is no column of names")

    def collect(self, batch: pa.RecordBatch, round: int, wanted: pa.Table | None) -> pa.Table:
        """Round 0: what may tie a document to others, and whether it was drawn. Round 1: those of drawn clusters."""
        values = values_together(batch, self.together)
        names = unit_names(batch["id"].to_pylist(), values)
        units = np.array([hash64("unit", name) for name in names], np.uint64)
        forms = formed(batch["text"])
        ties = together_keys(values, batch["text"], forms)
        if wanted is not None:
            return self._members(batch, wanted, units, forms, ties)
        row = batch["row"].to_numpy()
        mine = row[drawn(draws(units, self.seed), self.shares) >= 0]
        parts = [
            self._bands(row, forms),
            (row[pc.list_parent_indices(ties).to_numpy()], ties.flatten().to_numpy()),
            (mine, mine * _ODD),
        ]
        return pa.concat_tables(self._keyed(kind, *part) for kind, part in enumerate(parts))

    def _keyed(self, kind: int, row: np.ndarray, key: np.ndarray, *sketched: np.ndarray) -> pa.Table:
        columns = sketched or [np.zeros(len(row), np.uint64)] * self._words
        named = {f"sketch_{i}": column for i, column in enumerate(columns)}
        return pa.table({"row": row, "key": key, "kind": np.full(len(row), kind, np.uint8), **named})

    @property
    def _words(self) -> int:
        return self.bands * self.rows // 64

    def _bands(self, row: np.ndarray, forms: pa.Array) -> tuple[np.ndarray, ...]:
        """Rows, keys of their bands, and sketches."""
        signed = signatures(forms, ngram=self.ngram, unit="word", permutations=self.bands * self.rows, seed=self.seed)
        some = ~(signed == NO_SHINGLES).all(axis=1)
        keys = band_keys(signed[some], bands=self.bands, rows=self.rows)
        sketched = [np.repeat(one, self.bands) for one in sketches(signed[some])]
        return np.repeat(row[some], self.bands), keys.reshape(-1), *sketched

    def _members(
        self, batch: pa.RecordBatch, wanted: pa.Table, units: np.ndarray, forms: pa.Array, ties: pa.Array
    ) -> pa.Table:
        """Everything that is needed of a document to judge its cluster."""
        compared = pa.array(wanted["compared"].to_numpy(zero_copy_only=False))
        own = pc.if_else(compared, forms, pa.scalar(None, forms.type))
        rows, keys, *_ = self._bands(np.arange(batch.num_rows, dtype=np.uint64), own)
        ends = np.searchsorted(rows, np.arange(batch.num_rows + 1))
        return pa.table(
            {
                "row": batch["row"],
                "key": wanted["cluster"].to_numpy() * _ODD,
                "near": wanted["near"],
                "large": wanted["large"],
                "unit": units,
                "source": batch["source"],
                "lang": batch["lang"] if "lang" in batch.schema.names else pa.nulls(batch.num_rows, pa.string()),
                "bytes": pc.fill_null(pc.binary_length(batch["text"]), 0).cast(pa.int64()),
                "together": ties,
                "bands": pa.ListArray.from_arrays(pa.array(ends, pa.int32()), pa.array(keys)),
                "shingles": shingle_sets(own, ngram=self.ngram, unit="word"),
            }
        )

    def group(self, rows: pa.Table, round: int) -> pa.Table:
        """Round 0: pairs that may be alike, or belong together. Round 1: clusters that were drawn."""
        if round == 1:
            keys = rows["key"].to_numpy()
            borders = [0, *(np.flatnonzero(keys[1:] != keys[:-1]) + 1).tolist(), len(keys)]
            return pa.concat_tables(self._judged(rows.slice(a, b - a)) for a, b in itertools.pairwise(borders))
        kind = rows["kind"].to_numpy()
        near, tied, mine = (rows.filter(pa.array(kind == one)) for one in (ALIKE, TOGETHER, DRAWN))
        words = [near[f"sketch_{i}"].to_numpy() for i in range(self._words)]
        least = lowest_agreement(self.threshold, 64 * len(words))
        edges = [
            candidates(near["row"].to_numpy(), near["key"].to_numpy(), words, least),
            stars(tied["row"].to_numpy(), tied["key"].to_numpy()),
            (mine["row"].to_numpy(), mine["row"].to_numpy()),
        ]
        return pa.table(
            {
                "row": np.concatenate([a for a, _ in edges]),
                "other": np.concatenate([b for _, b in edges]),
                "kind": np.repeat(np.array([ALIKE, TOGETHER, DRAWN], np.uint8), [len(a) for a, _ in edges]),
            }
        )

    def _judged(self, part: pa.Table) -> pa.Table:
        return judged(
            part,
            clusters(part, self.threshold),
            shares=self.shares,
            seed=self.seed,
            max_cluster=self.max_cluster,
            parts_alike=self.alike == "train",
        )

    def link(self, grouped: pa.Table, round: int) -> pa.Table:
        """Documents connected with one that was drawn, with the numbers of their connected parts."""
        return connected(grouped, largest=self._most_compared)

    def link_large(self, edges: Edges, round: int) -> Iterator[pa.Table]:
        """The same outside of memory."""
        return connected_large(edges, largest=self._most_compared)

    @property
    def _most_compared(self) -> int:
        return max(self.max_cluster, _MOST_COMPARED)

    def decide(self, grouped: pa.Table) -> pa.Table:
        """The splits of documents that were drawn, caps applied."""
        caps = Caps(self.max_documents, self.max_bytes, self.max_documents_per_source, self.max_bytes_per_source)
        return decided(grouped, caps, seed=self.seed)

    def empty_decision(self) -> pa.Table:
        """All is train."""
        return DECISION.empty_table()

    def apply(self, batch: pa.RecordBatch, decision: pa.Table) -> pa.RecordBatch:
        """The batch with the split of each row."""
        at = pc.index_in(batch["id"], value_set=whole(decision["id"]))
        split = pc.fill_null(whole(decision["split"]).take(at), TRAIN)
        return set_columns(batch, {"split": split})
