"""A user's own stages and metrics: one Python file named on the command line, never in a recipe."""

from __future__ import annotations

import importlib.util
import sys
from functools import cache
from pathlib import Path

from corpus_kit.errors import PlanError


@cache
def load_plugin(path: str) -> None:
    """Imports the file once a process; what it registers is then known. Raises PlanError if it cannot be imported."""
    file = Path(path)
    if not file.is_file():
        raise PlanError(f"plug-in {path} does not exist")
    name = f"corpus_kit_plugin_{file.stem}"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise PlanError(f"plug-in {path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # whatever a user's file raises, the file is at fault
        raise PlanError(f"plug-in {path} cannot be imported: {type(error).__name__}: {error}") from error
