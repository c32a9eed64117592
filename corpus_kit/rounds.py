"""The phases of one corpus stage, laid out as tasks: group, link and collect round by round, then decide.

How much there is decides how the work is cut: what was collected from very many loads is merged first, and a large
decision is made in parts. None of it shows in the output.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from corpus_kit import deciding
from corpus_kit.identity import canonical_digest
from corpus_kit.ledger import FileEntry, Receipt
from corpus_kit.plan import Plan, Segment
from corpus_kit.stage import CorpusStage
from corpus_kit.tasks import Task

MERGE_FILES = 512
"""Files that a group task reads side by side. What was collected from more loads is merged into so many first."""

Phase = Callable[[list[Task]], list[Receipt]]


class Place(NamedTuple):
    """Where the decision about the rows of a load stands."""

    path: str
    group: int | None


class Decision(NamedTuple):
    """A decision that was made: the receipt of the task that published it, and where the map tasks find it."""

    receipt: Receipt
    groups: dict[int, Place]

    @property
    def path(self) -> str:
        """The published file."""
        return self.receipt.files[0].path

    @property
    def removed(self) -> str:
        """What says which rows were removed: the set of them if there is one, else the decision itself."""
        return self.receipt.files[-1].path

    def place(self, load: int) -> Place:
        """Where the rows of a load are decided; a group of None says that there are none."""
        return self.groups.get(load, Place(self.path, None))


class Rounds:
    """Lays out one corpus stage of a segment; `phase` does tasks, and `before` are decisions of the same pass."""

    def __init__(self, phase: Phase, plan: Plan, segment: Segment, stage_id: str, before: Sequence[Decision]):
        stage = plan.build(stage_id)
        assert isinstance(stage, CorpusStage)
        self._phase, self._plan, self._segment, self._stage, self._id = phase, plan, segment, stage, stage_id
        before = [one for one in before if removes(plan, one)]
        self._common: dict[str, Any] = {
            "segment": segment.index,
            "stage": stage_id,
            "before": [one.path for one in before],
            "removed": [one.removed for one in before],
        }

    def decide(self, mapped: Sequence[Receipt]) -> Decision:
        """Does all rounds, from what the map tasks collected to the decision."""
        grouped = self._grouped(0, mapped)
        for round in range(1, self._stage.rounds):
            linked = self._one(
                f"link-{self._id}-{round - 1}", "link", round=round - 1, grouped=_paths(grouped, f"group/{self._id}")
            )
            wanted = [
                (int(load), {"path": file.path, "group": group})
                for file in linked.files
                for load, group in file.groups.items()
            ]
            name = f"collect-{self._id}-{round}"
            tasks = [
                self._task(name, f"{load:06d}", "collect", round=round, load=load, wanted=place)
                for load, place in wanted
            ]
            grouped = self._grouped(round, self._phase(tasks))
        rows = sum(file.rows for receipt in grouped for file in receipt.files if file.kind == f"group/{self._id}")
        if self._stage.decision == "rows" and rows > deciding.DECIDE_ROWS and not self._stage.decides_whole:
            return self._decided_in_parts(grouped, rows)
        receipt = self._one(f"decide-{self._id}", "decide", grouped=_paths(grouped, f"group/{self._id}"))
        return Decision(receipt, _places(receipt.files))

    def _grouped(self, round: int, collected: Sequence[Receipt]) -> list[Receipt]:
        """One task for each key partition."""
        paths = self._merged(round, _paths(collected, f"collect/{self._id}"))
        partitions = range(self._plan.partitions) if paths else ()
        name = f"group-{self._id}-{round}"
        return self._phase(
            [
                self._task(name, f"{partition:04d}", "group", round=round, partition=partition, collected=paths)
                for partition in partitions
            ]
        )

    def _merged(self, round: int, paths: list[str]) -> list[str]:
        """Files of consecutive loads put together, if there are too many."""
        if len(paths) <= MERGE_FILES:
            return paths
        size = -(-len(paths) // MERGE_FILES)
        name = f"merge-{self._id}-{round}"
        blocks = [paths[i : i + size] for i in range(0, len(paths), size)]
        tasks = [
            self._task(name, f"{i:06d}", "merge", round=round, block=i, collected=block)
            for i, block in enumerate(blocks)
        ]
        return _paths(self._phase(tasks), f"collect/{self._id}")

    def _decided_in_parts(self, grouped: Sequence[Receipt], rows: int) -> Decision:
        loads = len(self._plan.loads)
        parts = min(loads, -(-rows // deciding.DECIDE_ROWS))
        borders = [loads * i // parts for i in range(parts + 1)]
        common = {"grouped": _paths(grouped, f"group/{self._id}"), "named": _paths(grouped, f"named/{self._id}")}

        def tasks(phase: str, kind: str, **args: Any) -> list[Task]:
            return [
                self._task(f"{phase}-{self._id}", f"{i:06d}", kind, part=i, loads=borders[i : i + 2], **common, **args)
                for i in range(parts)
            ]

        told = self._phase(tasks("tell", "tell"))
        sent = {what: _paths(told, f"{what}/{self._id}") for what in ("ids", "origins")}
        made = self._phase(tasks("decide-part", "decide_part", **sent))
        receipt = self._one(f"decide-{self._id}", "publish", parts=_paths(made, f"part/{self._id}"))
        return Decision(receipt, _places([file for one in made for file in one.files]))

    def _one(self, phase: str, kind: str, **args: Any) -> Receipt:
        [receipt] = self._phase([self._task(phase, "all", kind, **args)])
        return receipt

    def _task(self, phase: str, key: str, kind: str, **args: Any) -> Task:
        fingerprint = canonical_digest([self._segment.fingerprint, phase])
        return Task(f"{phase}/{key}", kind, fingerprint, self._common | args)


def removes(plan: Plan, decision: Decision) -> bool:
    """Whether a decision takes rows away from the stages after it."""
    stage = plan.build(decision.receipt.files[0].kind.removeprefix("decisions/"))
    if not isinstance(stage, CorpusStage) or stage.decision != "rows":
        return False
    return "removed" in stage.empty_decision().schema.names


def _paths(receipts: Sequence[Receipt], kind: str) -> list[str]:
    return [file.path for receipt in receipts for file in receipt.files if file.kind == kind]


def _places(files: Sequence[FileEntry]) -> dict[int, Place]:
    return {int(load): Place(file.path, group) for file in files for load, group in file.groups.items()}
