"""Receipts and the manifest: what was done, counted so that nothing can go missing.

A receipt says of one task which files it made and, per stage, how many documents and bytes came in, were made, kept
and rejected, by source, language and reason. It must balance (conservation, law 2): in + made = kept + rejected +
segmented.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict

from corpus_kit.commit import write_json
from corpus_kit.errors import StageError

READ = "read"
"""Name of the first line of every waterfall."""

Flow = Literal["in", "made", "kept", "rejected", "segmented"]


class Cell(NamedTuple):
    """One kind of document at one stage. `code` is the counting reason of rejected ones, else empty."""

    stage: str
    flow: Flow
    source: str
    lang: str
    code: str


class Edit(NamedTuple):
    """One kind of change a stage made inside texts, without rejecting them."""

    stage: str
    code: str
    source: str
    lang: str


class Failure(NamedTuple):
    """One reason of documents of one kind, whether or not it is the one that counts."""

    stage: str
    code: str
    source: str
    lang: str


class Tally:
    """Documents and bytes per cell, plus records skipped by readers, rows a stage did not touch, and edits."""

    def __init__(self) -> None:
        self.documents: Counter[Cell] = Counter()
        self.bytes: Counter[Cell] = Counter()
        self.failing: Counter[Failure] = Counter()
        """Documents that failed a rule, whether or not another rule counted first."""
        self.skipped: Counter[tuple[str, str]] = Counter()
        """(source, reader code) -> records that made no document."""
        self.edited: Counter[Edit] = Counter()
        """Documents a stage changed."""
        self.edits: Counter[Edit] = Counter()
        """Places it changed in them: lines, paragraphs, spans, as the code says."""

    def add(self, cell: Cell, documents: int, bytes: int) -> None:
        """Counts documents in a cell."""
        if documents:
            self.documents[cell] += documents
            self.bytes[cell] += bytes

    def merge(self, other: Tally) -> None:
        """Adds another tally to this one."""
        self.documents.update(other.documents)
        self.bytes.update(other.bytes)
        self.failing.update(other.failing)
        self.skipped.update(other.skipped)
        self.edited.update(other.edited)
        self.edits.update(other.edits)

    def check(self, shard: str) -> None:
        """Raises StageError if a stage's documents do not balance."""
        flows: dict[str, Counter[str]] = defaultdict(Counter)
        for cell, count in self.documents.items():
            flows[cell.stage][cell.flow] += count
        for stage, flow in flows.items():
            came, went = flow["in"] + flow["made"], flow["kept"] + flow["rejected"] + flow["segmented"]
            if came != went:
                raise StageError(
                    f"stage {stage!r} in shard {shard}: {came} documents came in, {went} are accounted for"
                )

    def to_json(self) -> dict[str, Any]:
        """Plain lists, sorted."""
        return {
            "documents": [[*cell, count, self.bytes[cell]] for cell, count in sorted(self.documents.items())],
            "failing": [[*key, count] for key, count in sorted(self.failing.items())],
            "skipped": [[*key, count] for key, count in sorted(self.skipped.items())],
            "edits": [[*edit, documents, self.edits[edit]] for edit, documents in sorted(self.edited.items())],
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Tally:
        """The tally `to_json` wrote."""
        tally = cls()
        for stage, flow, source, lang, code, documents, size in value["documents"]:
            tally.add(Cell(stage, flow, source, lang, code), documents, size)
        tally.failing.update({Failure(*key): count for *key, count in value["failing"]})
        tally.skipped.update({(source, code): count for source, code, count in value["skipped"]})
        for *edit, documents, places in value["edits"]:
            tally.edited[Edit(*edit)] += documents
            tally.edits[Edit(*edit)] += places
        return tally


class FileEntry(BaseModel):
    """One file a task made; `path` is relative to the run."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str
    kind: str
    rows: int
    bytes: int
    sha256: str
    text_bytes: int = 0
    groups: dict[str, int] = {}
    """Key partition or load -> row group, for files cut that way."""


class Receipt(BaseModel):
    """Proof that a task is done."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    task: str
    fingerprint: str
    files: tuple[FileEntry, ...] = ()
    tally: dict[str, Any] = {"documents": [], "failing": [], "skipped": [], "edits": []}
    samples: dict[str, tuple[str, ...]] = {}
    """Group of rejects -> lowest id hashes, whose text was kept."""
    histograms: dict[str, dict[str, int]] = {}
    """`stage metric lang` -> bin -> documents; bins are those of `histogram.bins_of`."""
    facts: dict[str, Any] = {}
    """What else there is to tell, of tasks that are not a run's."""
    seconds: float = 0.0


def receipt_path(run: Path, task: str) -> Path:
    """Where a task's receipt lies."""
    return run / "receipts" / f"{task}.json"


def write_receipt(run: Path, receipt: Receipt) -> None:
    """Writes a receipt, durably, last of all."""
    write_json(receipt_path(run, receipt.task), receipt.model_dump(mode="json"))


def read_receipt(run: Path, task: str, fingerprint: str) -> Receipt | None:
    """The receipt of a finished task, or None if the task must be done (again).

    A receipt counts if it is of this plan and the files it lists have the sizes it says.
    """
    try:
        receipt = Receipt.model_validate_json(receipt_path(run, task).read_bytes())
    except (OSError, ValueError):
        return None
    if receipt.fingerprint != fingerprint:
        return None
    for file in receipt.files:
        try:
            if (run / file.path).stat().st_size != file.bytes:
                return None
        except OSError:
            return None
    return receipt


def iter_receipts(run: Path, phase: str = "") -> Iterator[Receipt]:
    """All receipts of a run, or of one phase, in task order."""
    for path in sorted((run / "receipts" / phase).rglob("*.json")):
        yield Receipt.model_validate_json(path.read_bytes())


def total(receipts: Iterable[Receipt]) -> Tally:
    """The receipts' tallies added up."""
    tally = Tally()
    for receipt in receipts:
        tally.merge(Tally.from_json(receipt.tally))
    return tally


class Step(NamedTuple):
    """One line of the waterfall."""

    stage: str
    documents_in: int
    bytes_in: int
    kept: int
    bytes_kept: int
    rejected: dict[str, int]
    """Counting reason -> documents, most frequent first."""


def waterfall(tally: Tally, stages: Iterable[str]) -> list[Step]:
    """Read, kept and rejected by reason, stage by stage, in the order given."""
    steps = []
    for stage in stages:
        flow: Counter[str] = Counter()
        size: Counter[str] = Counter()
        rejected: Counter[str] = Counter()
        for cell, count in tally.documents.items():
            if cell.stage != stage:
                continue
            flow[cell.flow] += count
            size[cell.flow] += tally.bytes[cell]
            if cell.flow == "rejected":
                rejected[cell.code] += count
        ordered = dict(sorted(rejected.items(), key=lambda item: (-item[1], item[0])))
        came, came_bytes = flow["in"] + flow["made"], size["in"] + size["made"]
        steps.append(Step(stage, came, came_bytes, flow["kept"], size["kept"], ordered))
    return steps


def read_manifest(run: Path) -> dict[str, Any] | None:
    """The manifest of a finished run, or None while it is not finished."""
    try:
        return json.loads((run / "manifest.json").read_bytes())
    except FileNotFoundError:
        return None
