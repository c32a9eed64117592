"""What flipped documents mean for the stages after a filter: which never saw them, and which saw some too many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from corpus_kit.tune.measured import Measured

if TYPE_CHECKING:
    import polars as pl


def after(judged: pl.LazyFrame, measured: Measured, whole: dict[str, Any]) -> list[dict[str, Any]]:
    """For each later stage: documents it never saw, documents it would no longer get, and how many of them it rejected.

    What a stage does with documents it never saw is unknown. A corpus stage decides about all documents together, so
    its decisions about others may change, too. Empty if nothing flips, or the later stages have not run yet.
    """
    if not measured.run.finished or not (whole["to_kept"] or whole["to_rejected"]):
        return []
    rejected = _rejected_later(judged, measured) if whole["to_rejected"] else {}
    order = [stage.id for stage in measured.plan.stages]
    fewer = whole["to_rejected"]
    found = []
    for planned in measured.plan.stages[order.index(measured.stage_id) + 1 :]:
        lost = rejected.get(planned.id, 0)
        found.append(
            {
                "stage": planned.id,
                "decides_together": planned.kind == "corpus",
                "never_saw": whole["to_kept"],
                "would_not_get": fewer,
                "of_them_rejected": lost,
            }
        )
        fewer -= lost
    return found


def _rejected_later(judged: pl.LazyFrame, measured: Measured) -> dict[str, int]:
    """Of the documents that would be rejected, how many a later stage rejected anyway, by stage."""
    import polars as pl

    files = getattr(measured.run.dataset("rejects"), "files", [])
    if not files:
        return {}
    flipped = judged.filter(pl.col("to_rejected")).select("id")
    later = pl.scan_parquet(files).select("id", "stage").join(flipped, on="id", how="semi")
    return dict(later.group_by("stage").len().collect(engine="streaming").iter_rows())
