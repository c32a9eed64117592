"""How the documents of an index were made comparable: what another run, or a lookup, must do alike."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from corpus_kit.errors import PlanError
from corpus_kit.stage import CorpusStage, stage_class

FORMAT = 1
"""Version of the index's layout."""


class IndexSettings(BaseModel):
    """What `settings.json` of an index says."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = FORMAT
    stage: str
    """Id of the stage in its run."""
    name: str
    method: str
    config: dict[str, Any]
    signing: dict[str, Any]
    """What must be alike for documents to be comparable."""
    deciding: dict[str, Any]
    """What must be alike, too, for decisions to be."""
    libraries: dict[str, str]
    partitions: int
    """Key partitions: the partition of a key is its top bits."""
    sources: tuple[str, ...]
    """In order of priority."""
    reject_text: str
    changed_later: str | None
    """The first later stage that changes texts: what lies in the data is not what this stage compared."""
    against: tuple[str, ...]
    """Fingerprints of the runs this run was itself compared with."""
    policy: str | None
    """How documents of those count."""

    def build(self) -> CorpusStage:
        """The stage, as configured."""
        stage = stage_class(self.name, self.method).model_validate(self.config)
        assert isinstance(stage, CorpusStage)
        return stage


def read_settings(path: Path) -> IndexSettings:
    """Reads the settings of an index. Raises PlanError if they are of another version."""
    try:
        data = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise PlanError(f"index {path} cannot be read; run again to make it anew") from error
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        found = data.get("format") if isinstance(data, dict) else None
        raise PlanError(
            f"index {path} has the layout of version {found}, this corpus-kit reads version {FORMAT}; "
            "make the run again with this version"
        )
    try:
        return IndexSettings.model_validate(data)
    except ValidationError as error:
        raise PlanError(f"index {path} is damaged; run again to make it anew") from error
