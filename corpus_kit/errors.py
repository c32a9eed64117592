"""Every error corpus_kit raises on purpose.

::

    CorpusKitError
    ├── RecipeError    the recipe or a data file is wrong          (exit 2: file, line, field, suggestion)
    ├── PlanError      stages, inputs and output do not fit        (exit 2: what was found, what is possible)
    ├── MissingExtra   an optional library or model is absent      (exit 2: the exact install command)
    ├── LedgerError    the output directory holds something else   (exit 2: which key changed)
    ├── StageError     a stage broke its contract or raised        (exit 1: stage, shard, document id)
    └── RunFailed      some shards failed; the rest are kept       (exit 1: list, how to resume)

Errors cross process borders, so each is a plain message plus attributes that survive pickling. None of
them ever holds document text.
"""

from __future__ import annotations

import difflib
import traceback
from collections.abc import Iterable
from pathlib import Path


class CorpusKitError(Exception):
    """Base of all errors a caller may want to catch together."""

    exit_code = 2


class RecipeError(CorpusKitError):
    """A recipe, ruleset, profile, source card or list file is wrong."""


class PlanError(CorpusKitError):
    """The parts are each right but do not fit together."""


class MissingExtra(CorpusKitError):
    """An optional library or model is needed and absent."""


class LedgerError(CorpusKitError):
    """The output directory holds another run, or another run is writing to it."""


class StageError(CorpusKitError):
    """A stage broke the row law or raised: a bug, not a data problem."""

    exit_code = 1


class RunFailed(CorpusKitError):
    """Some shards failed; what the others committed is kept and the run can be resumed."""

    exit_code = 1


def suggest(name: str, valid: Iterable[str]) -> str:
    """A clause naming the nearest valid name, or listing them all.

    >>> suggest("normalise", ["normalize", "filter"])
    "did you mean 'normalize'?"
    >>> suggest("zzz", ["b", "a"])
    'valid names are a, b'
    """
    names = sorted(set(valid))
    near = difflib.get_close_matches(name, names, n=1)
    return f"did you mean {near[0]!r}?" if near else f"valid names are {', '.join(names)}"


def missing_extra(module: str, extra: str, needed_by: str) -> MissingExtra:
    """The error for an absent optional library, with the command that installs it."""
    return MissingExtra(
        f"{needed_by} needs the library '{module}', which is not installed\n"
        f"  install it with: pip install 'corpus-kit[{extra}]'"
    )


def where_raised(error: BaseException) -> str:
    """Type and place of an unforeseen exception. Never its message, which may quote a document."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"raised {type(error).__name__}{place}"
