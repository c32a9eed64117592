"""A user's own stages and metrics: one Python file named on the command line, never in a recipe."""

from __future__ import annotations

import importlib.util
import sys
from functools import cache
from pathlib import Path

from corpus_kit.errors import PlanError
from corpus_kit.resources import digest


def load_plugin(path: str, expected: str | None = None) -> None:
    """Imports the file once a process and content; what it registers is then known.

    Raises PlanError if it cannot be imported, or is not the file of the `expected` digest.
    """
    file = Path(path)
    if not file.is_file():
        raise PlanError(f"plug-in {path} does not exist")
    found = digest(file)
    if expected is not None and found != expected:
        raise PlanError(f"plug-in {path} was changed since the run was planned; run again")
    _load(path, found)


@cache
def _load(path: str, found: str) -> None:
    file = Path(path)
    name = f"corpus_kit_plugin_{file.stem}_{found[:8]}"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise PlanError(f"plug-in {path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # whatever a user's file raises, the file is at fault
        raise PlanError(f"plug-in {path} cannot be imported: {type(error).__name__}: {error}") from error
