"""All phases of one corpus stage: its rounds, or those of a comparison with earlier runs; then the index it leaves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from corpus_kit.identity import canonical_digest
from corpus_kit.index_phases import index_stage
from corpus_kit.ledger import FileEntry, Receipt
from corpus_kit.plan import Plan, Segment
from corpus_kit.rounds import Decision, Phase, Place, Rounds, removes
from corpus_kit.stage import CorpusStage
from corpus_kit.tasks import Task


def decide_stage(
    phase: Phase, plan: Plan, segment: Segment, stage_id: str, before: Sequence[Decision], mapped: Sequence[Receipt]
) -> tuple[Decision, list[FileEntry]]:
    """The decision of a stage, and the other files it leaves; `before` are decisions of the same pass."""
    others: list[FileEntry] = []
    paths = [one.path for one in before if removes(plan, one)]
    if is_compared(plan, stage_id):
        decided, others = _decide_against(phase, plan, segment, stage_id, before=paths)
    else:
        decided = Rounds(phase, plan, segment, stage_id, before).decide(mapped)
    return decided, [*others, *index_stage(phase, plan, segment, stage_id, before=paths, decided=decided)]


def is_compared(plan: Plan, stage_id: str) -> bool:
    """Whether a stage looks at earlier runs."""
    return bool(plan.against) and getattr(plan.build(stage_id), "against", None) is not None


def _decide_against(
    phase: Phase, plan: Plan, segment: Segment, stage_id: str, *, before: Sequence[str]
) -> tuple[Decision, list[FileEntry]]:
    """All rounds of one stage; `before` are decisions of the same pass that remove rows."""
    stage = plan.build(stage_id)
    assert isinstance(stage, CorpusStage)
    common = {"segment": segment.index, "stage": stage_id, "before": list(before)}

    def task(name: str, key: str, step: str, **args: Any) -> Task:
        name = f"compare-{stage_id}-{name}"
        return Task(
            f"{name}/{key}", "compare", canonical_digest([segment.fingerprint, name]), common | args | {"step": step}
        )

    def group(round: int) -> list[str]:
        tasks = [
            task(f"group-{round}", f"{partition:04d}", "group", round=round, partition=partition)
            for partition in range(plan.partitions)
        ]
        return [file.path for receipt in phase(tasks) for file in receipt.files]

    grouped = group(0)
    for round in range(1, stage.rounds):
        [linked] = phase([task(f"link-{round - 1}", "all", "link", round=round - 1, grouped=grouped)])
        phase(
            [
                task(
                    f"collect-{round}",
                    f"{int(load):010d}",
                    "collect",
                    round=round,
                    load=int(load),
                    wanted=file.path,
                    group=number,
                )
                for file in linked.files
                for load, number in file.groups.items()
            ]
        )
        grouped = group(round)
    [changed] = phase([task("changes", "all", "changes", grouped=grouped)])
    [decided] = phase([task("decide", "all", "decide", grouped=grouped)])
    [decision] = decided.files
    places = {int(load): Place(decision.path, number) for load, number in decision.groups.items()}
    return Decision(decided, places), list(changed.files)
