"""The phases in which a run leaves its index: after a stage has decided, and once the shards are planned."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from corpus_kit.identity import canonical_digest
from corpus_kit.ledger import FileEntry, Receipt
from corpus_kit.pack import plan_shards
from corpus_kit.plan import Plan, Segment
from corpus_kit.rounds import Decision, Phase
from corpus_kit.tasks import Task


def index_stage(
    phase: Phase, plan: Plan, segment: Segment, stage_id: str, *, before: Sequence[str], decided: Decision
) -> list[FileEntry]:
    """Keys, documents and settings of one stage, if it is to leave them; `before` are decisions of this very pass."""
    if not plan.leaves_index(stage_id):
        return []
    common = {"stage": stage_id, "segment": segment.index, "before": list(before), "decision": decided.path}

    def task(part: str, key: str, **args: Any) -> Task:
        name = f"index-{stage_id}-{part}"
        fingerprint = canonical_digest([segment.fingerprint, name])
        return Task(f"{name}/{key}", "index", fingerprint, common | args | {"part": part})

    keys = [task("keys", f"{partition:04d}", partition=partition) for partition in range(plan.partitions)]
    documents = [
        task("documents", f"{load:06d}", load=load, verdicts=decided.place(load)._asdict())
        for load in range(len(plan.loads))
    ]
    receipts = [*phase(keys), *phase(documents), *phase([task("settings", "all")])]
    return [file for receipt in receipts for file in receipt.files]


def index_places(phase: Phase, plan: Plan, finished: Sequence[Receipt]) -> list[FileEntry]:
    """Where the texts of each load come to lie, if any stage leaves an index."""
    if not any(plan.leaves_index(stage.id) for stage in plan.stages):
        return []
    rows = {file.path: file.rows for receipt in finished for file in receipt.files}
    places: list[tuple[str, str, int, int, int]] = []
    for shard in plan_shards(finished, plan.recipe["shard_bytes"]):
        if shard.kind not in ("data", "rejects"):
            continue
        filled: Counter[str] = Counter()
        for part in shard.parts:
            load = int(Path(part).name[:6])
            places.append((shard.kind, shard.place, load, filled[shard.place], rows[part]))
            filled[shard.place] += rows[part]
    fingerprint = canonical_digest([plan.segments[-1].fingerprint, "index-places"])
    [receipt] = phase([Task("index-places/all", "index", fingerprint, {"part": "places", "places": places})])
    return list(receipt.files)
