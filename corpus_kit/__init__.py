"""corpus_kit: raw sources in; a documented, deduplicated, weighted training corpus out.

Importing it loads neither Ray nor any model; those are found when a plan needs them.
"""

import corpus_kit.allocator  # noqa: F401 - before what follows imports pyarrow
from corpus_kit.errors import (
    CorpusKitError,
    LedgerError,
    MissingExtra,
    PlanError,
    RecipeError,
    RunFailed,
    StageError,
)
from corpus_kit.inputs import Input, resolve_inputs
from corpus_kit.opened import Run, open  # noqa: A004 - only ever corpus_kit.open
from corpus_kit.plan import Plan
from corpus_kit.planner import plan
from corpus_kit.pull import Published, Pull
from corpus_kit.recipe import Recipe, load_recipe, parse_recipe
from corpus_kit.run import run

__version__ = "0.1.0"

__all__ = [
    "CorpusKitError",
    "Input",
    "LedgerError",
    "MissingExtra",
    "Plan",
    "PlanError",
    "Published",
    "Pull",
    "Recipe",
    "RecipeError",
    "Run",
    "RunFailed",
    "StageError",
    "__version__",
    "load_recipe",
    "open",
    "parse_recipe",
    "plan",
    "resolve_inputs",
    "run",
]
