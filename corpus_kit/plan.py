"""What a plan is: everything a run needs to know, printable, and written beside the output as `plan.json`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
from pydantic import BaseModel, ConfigDict

from corpus_kit.card import SourceCard
from corpus_kit.plugin import load_plugin
from corpus_kit.schema import COLUMNS, FORMAT, RAW_COLUMNS, TAKEN_OFF
from corpus_kit.sources import Binding, Unit
from corpus_kit.stage import Number, Stage, stage_class
from corpus_kit.units import Skipped


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class StagePlan(_Frozen):
    """A stage as it will run: configuration with defaults filled in, and everything that shapes its output."""

    id: str
    name: str
    method: str | None
    version: int
    kind: str
    config: dict[str, Any]
    numbers: tuple[Number, ...]
    files: dict[str, str]
    libraries: dict[str, str]
    gives: tuple[str, ...]
    removes: tuple[str, ...]


class Segment(_Frozen):
    """One pass over all loads."""

    index: int
    apply: tuple[str, ...]
    batch: tuple[str, ...]
    collect: tuple[str, ...]
    final: bool
    fingerprint: str


class SourcePlan(_Frozen):
    """A source as it is read."""

    card: SourceCard
    binding: Binding
    documented: bool
    paths: tuple[str, ...]
    files: int
    bytes: int


class Earlier(_Frozen):
    """A finished run that stages compare new documents with."""

    path: str
    fingerprint: str
    indexes: dict[str, str]
    """Stage of ours -> digest of the index it uses."""
    sources: tuple[str, ...]
    """In order of priority."""


class Plan(_Frozen):
    """Everything a run needs to know, and nothing that depends on workers, batches or order of completion."""

    format: str = FORMAT
    recipe: dict[str, Any]
    stages: tuple[StagePlan, ...]
    segments: tuple[Segment, ...]
    sources: dict[str, SourcePlan]
    units: tuple[Unit, ...]
    loads: tuple[tuple[int, int], ...]
    """First unit and end of each load: consecutive units of one source that one task reads."""
    skipped_files: tuple[Skipped, ...]
    partitions: int
    limit: int | None
    sample: float | None
    plugin: str | None
    against: tuple[Earlier, ...] = ()
    """Runs that deduplication compares with, in the order they were given."""
    against_order: tuple[str, ...] = ()
    """Sources of this run and the earlier one, in order of priority, where survivors are chosen among both."""
    identity: dict[str, Any]
    fingerprint: str

    def stage(self, stage_id: str) -> StagePlan:
        """The plan of one stage."""
        return next(stage for stage in self.stages if stage.id == stage_id)

    def build(self, stage_id: str) -> Stage:
        """The stage itself, from its recorded configuration."""
        planned = self.stage(stage_id)
        return stage_class(planned.name, planned.method).model_validate(planned.config)

    def leaves_index(self, stage_id: str) -> bool:
        """Whether a stage is to leave an index of what it compared."""
        return bool(self.stage(stage_id).config.get("index", False))

    def data_schema(self) -> pa.Schema:
        """Columns of the kept documents."""
        fields: dict[str, pa.DataType] = {name: kind for name, (kind, _) in COLUMNS.items() if name != "reasons"}
        for planned in self.stages:
            given = self.build(planned.id).columns_given().items()
            fields |= {name: kind for name, kind in given if name not in TAKEN_OFF and name not in RAW_COLUMNS}
        return pa.schema(list(fields.items()))


def load_plan(path: Path) -> Plan:
    """Reads a plan written by a run, and its plug-in if it has one."""
    planned = Plan.model_validate_json(path.read_bytes())
    if planned.plugin is not None:
        load_plugin(planned.plugin, planned.identity["plugin"])
    return planned
