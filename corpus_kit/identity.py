"""The identity of an output: what it depends on, as canonical JSON and a digest. Same identity, same bytes."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from corpus_kit.errors import MissingExtra
from corpus_kit.plan import SourcePlan, StagePlan
from corpus_kit.recipe import Recipe
from corpus_kit.resources import digest as file_digest
from corpus_kit.schema import FORMAT
from corpus_kit.sources import Unit, reader_for

RUNNER_VERSION = 4
"""Raised when loads, partitions, parts or the kernels change so that other bytes come out of the same stages."""


def canonical_digest(value: Any) -> str:
    """sha256 of the canonical JSON of plain data; refuses what has no stable form."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def version_of(library: str, needed_by: str) -> str:
    """Version of an installed distribution. Raises MissingExtra if it is not installed under that name."""
    try:
        return importlib.metadata.version(library)
    except importlib.metadata.PackageNotFoundError as error:
        raise MissingExtra(
            f"{needed_by} needs the distribution '{library}', whose version is part of the output's identity\n"
            f"  install it with: pip install {library}"
        ) from error


def identity_of(
    recipe: Recipe,
    stages: Sequence[StagePlan],
    sources: Mapping[str, SourcePlan],
    units: Sequence[Unit],
    sample: float | None,
    plugin: str | Path | None,
) -> dict[str, Any]:
    """Plain data that differs if and only if the output may: never paths, workers, batches or addresses."""
    shaping = {"shard_bytes", "split_bytes", "reject_text", "metrics"}
    inputs: dict[str, dict[str, str]] = {}
    for unit in units:
        inputs.setdefault(unit.source, {})[unit.relative] = unit.fingerprint
    return {
        "format": FORMAT,
        "runner": RUNNER_VERSION,
        "python": ".".join(platform.python_version_tuple()[:2]),  # brings its own Unicode
        "numpy": np.__version__,
        "pyarrow": pa.__version__,
        "readers": {name: _reader(name) for name in sorted({unit.format for unit in units})},
        "settings": recipe.model_dump(mode="json", include=shaping),
        "stages": {
            stage.id: stage.model_dump(
                mode="json", include={"name", "method", "version", "config", "files", "libraries"}
            )
            for stage in stages
        },
        "stage order": [stage.id for stage in stages],
        "source order": list(sources),
        "sources": {name: source.binding.model_dump(mode="json") for name, source in sources.items()},
        "inputs": inputs,
        "limits": {
            f"{unit.source}/{unit.relative}@{unit.start}": unit.limit for unit in units if unit.limit is not None
        },
        "sample": sample,
        "plugin": None if plugin is None else file_digest(Path(plugin)),
    }


def _reader(name: str) -> dict[str, Any]:
    reader = reader_for(name)
    needed_by = f"reading {name} files"
    return {"version": reader.version} | {library: version_of(library, needed_by) for library in reader.libraries}
