"""The `weight` stage: how often each kept document should be seen, so that groups get the shares asked for.

Documents are not copied: the weight is an expected number of epochs, which `pull` and `export` turn into copies.
Temperature: Conneau et al. 2020 (XLM-R), section 3.1, share of a group proportional to size^alpha.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field, model_validator

from corpus_kit.errors import PlanError, suggest
from corpus_kit.sampling import hash64
from corpus_kit.stage import CorpusStage, register

DECISION = pa.schema(
    [
        ("group", pa.string()),
        ("documents", pa.int64()),
        ("size", pa.int64()),
        ("natural_share", pa.float64()),
        ("share", pa.float64()),
        ("weight", pa.float64()),
        ("capped", pa.bool_()),
    ]
)


@register("weight")
class Weight(CorpusStage):
    """Gives each document the weight that brings its group to its share of the corpus, the whole keeping its size."""

    decision: ClassVar[Literal["rows", "corpus"]] = "corpus"
    needs: ClassVar[tuple[str, ...]] = ("text",)
    gives: ClassVar[Mapping[str, pa.DataType]] = {"weight": pa.float64()}

    by: tuple[Literal["lang", "category", "source", "license"], ...] = Field(default=("lang",), min_length=1)
    """Columns whose values make the groups."""
    unit: Literal["bytes", "characters", "documents"] = "bytes"
    """What sizes and shares are counted in. Bytes are of UTF-8."""
    alpha: float | None = Field(default=None, ge=0, le=1)
    """Share proportional to size^alpha: 1 as found, 0 all groups alike."""
    targets: dict[str, float] | None = None
    """Group (values joined by `/`) -> share; they add up to 1."""
    max_epochs: float | None = Field(default=None, gt=0)
    """No group is seen more often; what it leaves goes to the others."""

    @model_validator(mode="after")
    def _one_rule(self) -> Weight:
        if self.alpha is not None and self.targets is not None:
            raise ValueError("give alpha or targets, not both")
        if self.targets is not None and not all(math.isfinite(one) for one in self.targets.values()):
            raise ValueError("a target is not a number")
        if self.targets is not None and abs(sum(self.targets.values()) - 1) > 1e-6:
            raise ValueError(f"targets add up to {sum(self.targets.values()):g}, not 1")
        if self.targets is not None and min(self.targets.values()) < 0:
            raise ValueError("a target is negative")
        return self

    def columns_needed(self) -> tuple[str, ...]:
        """The text, and the columns that make the groups."""
        return ("text", *self.by)

    def collect(self, batch: pa.RecordBatch, round: int, wanted: pa.Table | None) -> pa.Table:
        """Group and size of each row."""
        parts = [pc.fill_null(batch[column], "none") for column in self.by]
        group = pc.binary_join_element_wise(*parts, "/") if len(parts) > 1 else parts[0]
        names = group.dictionary_encode()
        keys = np.array([hash64("weight", name) for name in names.dictionary.to_pylist()], np.uint64)
        measure = {"bytes": pc.binary_length, "characters": pc.utf8_length}
        size = measure[self.unit](batch["text"]).cast(pa.int64()) if self.unit in measure else None
        return pa.table(
            {
                "row": batch["row"],
                "key": keys[names.indices.to_numpy()],
                "group": group,
                "size": np.ones(batch.num_rows, np.int64) if size is None else size,
            }
        )

    def group(self, rows: pa.Table, round: int) -> pa.Table:
        """Documents and size of each group."""
        sums = rows.group_by("group", use_threads=False).aggregate([("size", "sum"), ("size", "count")])
        return sums.rename_columns({"size_sum": "size", "size_count": "documents"}).sort_by("group")

    def decide(self, grouped: pa.Table) -> pa.Table:
        """Shares and weights. Raises PlanError if a target names a group that is not there, or leaves one out."""
        grouped = grouped.sort_by("group")
        names, size = grouped["group"].to_pylist(), grouped["size"].to_numpy().astype(np.float64)
        total = size.sum()
        natural = size / total if total else np.full(len(size), 1 / len(size))
        weight, capped = _solve(size, self._wanted(names, natural), self.max_epochs)
        reached = weight * size
        columns = [
            names,
            grouped["documents"],
            grouped["size"],
            natural,
            reached / reached.sum() if reached.sum() else natural,
            weight,
            capped,
        ]
        return pa.table(columns, schema=DECISION)

    def _wanted(self, names: list[str], natural: np.ndarray) -> np.ndarray:
        if self.targets is None:
            powered = natural ** (1.0 if self.alpha is None else self.alpha)
            return powered / powered.sum()
        for name, share in self.targets.items():
            if share > 0 and name not in names:
                raise PlanError(f"weight: no document is left in the target group {name!r}; {suggest(name, names)}")
        for name in names:
            if name not in self.targets:
                raise PlanError(f"weight: group {name!r} has no target; give it a share, or 0 to leave it out")
        return np.array([self.targets[name] for name in names])

    def empty_decision(self) -> pa.Table:
        """No groups."""
        return DECISION.empty_table()

    def apply(self, batch: pa.RecordBatch, decision: pa.Table) -> pa.RecordBatch:
        """The batch with the weight of each row's group."""
        group = self.collect(batch, 0, None)["group"]
        at = pc.index_in(group, value_set=decision["group"].combine_chunks())
        weight = decision["weight"].take(at).combine_chunks()
        at_column = batch.schema.get_field_index("weight")
        if at_column >= 0:
            return batch.set_column(at_column, "weight", weight)
        return batch.append_column("weight", weight)


def _solve(size: np.ndarray, share: np.ndarray, cap: float | None) -> tuple[np.ndarray, np.ndarray]:
    """Weights that give each group its share of the present total, none above the cap.

    What capped groups cannot use goes to the others in proportion to their shares, round by round.
    """
    total = size.sum()
    share = np.where(size > 0, share, 0.0)  # empty documents cannot fill a share
    share = share / share.sum() if share.sum() else share
    weight = np.divide(share * total, size, out=np.zeros_like(size), where=size > 0)
    capped = np.zeros(len(size), bool)
    while cap is not None:
        over = ~capped & (weight > cap * (1 + 1e-12))
        if not over.any():
            break
        capped |= over
        free = ~capped & (share > 0)
        left = total - cap * size[capped].sum()
        weight[capped] = cap
        if not free.any() or left <= 0:
            break
        weight[free] = share[free] / share[free].sum() * left / size[free]
    return weight, capped
