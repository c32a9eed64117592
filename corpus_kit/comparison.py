"""What came of comparing a run with earlier ones: documents found there, and what changes for those."""

from __future__ import annotations

from typing import Any

import pyarrow.compute as pc

from corpus_kit.opened import Run
from corpus_kit.show import counted
from corpus_kit.stages.against import Incremental


def comparison(run: Run) -> list[dict[str, Any]]:
    """For each stage that looked at earlier runs: its policy, and documents by what was decided of them."""
    found = []
    for planned in run.plan.stages if run.plan.against else ():
        stage = run.plan.build(planned.id)
        if not isinstance(stage, Incremental) or stage.against is None:
            continue
        of = run.table(f"decisions/{planned.id}", ["removed", "duplicate_of_run"])
        told = {"stage": planned.id, "policy": stage.against, "duplicates": len(of["duplicate_of_run"].drop_null())}
        if stage.against == "recompute":
            changes = run.table(f"decisions/{planned.id}.changes", ["change"])["change"]
            told |= {name: pc.sum(pc.equal(changes, name)).as_py() or 0 for name in ("superseded", "revived")}
        found.append(told)
    return found


def comparison_lines(found: list[dict[str, Any]], runs: list[str]) -> list[str]:
    """The same for people.

    >>> one = {"stage": "near", "policy": "recompute", "duplicates": 7, "superseded": 1, "revived": 0}
    >>> print("\\n".join(comparison_lines([one], ["release-1"])))
    compared with release-1:
      near: 7 documents are duplicates of ones there
      near: 1 document there is superseded, 0 are revived (decisions/near.changes.parquet)
    """
    if not found:
        return []
    lines = [f"compared with {', '.join(runs)}:"]
    for one in found:
        many = one["duplicates"]
        lines.append(f"  {one['stage']}: {counted(many, 'document')} {_are(many)} duplicates of ones there")
        if one["policy"] == "recompute":
            gone, back = one["superseded"], one["revived"]
            lines.append(
                f"  {one['stage']}: {counted(gone, 'document')} there {_are(gone)} superseded, {back:,} {_are(back)} "
                f"revived (decisions/{one['stage']}.changes.parquet)"
            )
    return lines


def _are(many: int) -> str:
    return "is" if many == 1 else "are"
