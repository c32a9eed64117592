"""The registry of line functions: measures, flaws and edits, by name, with what each may be told."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

Kind = Literal["measure", "flaw", "edit"]

PARAMETERS = ("phrases", "marks", "but_not", "characters", "ignoring", "ranges", "where")
"""Everything a function may be told: lists of strings, ranges of code points, and `where`, a word."""


@dataclass(frozen=True, slots=True)
class Definition:
    """One function of a line, and what is known about it."""

    name: str
    kind: Kind
    function: Callable[..., Any]
    takes: tuple[str, ...]
    """Its keyword-only parameters: what a ruleset file may give it."""
    requires: tuple[str, ...]
    """Those of them that have no default."""
    remembers: bool
    """Whether it is given the set `seen`, its own for each text."""
    takes_margins: bool
    """Whether an edit is given the line with the space around it, and gives what to put in place of all that."""

    @property
    def doc(self) -> str:
        """The definition in words, with an example."""
        return inspect.cleandoc(self.function.__doc__ or "")

    @property
    def summary(self) -> str:
        """First line of the definition, without its period."""
        return self.doc.partition("\n")[0].rstrip(".")

    @property
    def citation(self) -> str:
        """First line of the docstring of the module that defines it."""
        module = sys.modules[self.function.__module__]
        return inspect.cleandoc(module.__doc__ or "").partition("\n")[0]


DEFINITIONS: dict[str, Definition] = {}
"""Every line function by name, in the order of definition."""

F = TypeVar("F", bound=Callable[..., Any])


def measure(function: F) -> F:
    """Decorator: a number about a line. A rule removes lines whose number is out of its bounds."""
    return _add("measure", function)


def flaw(function: F) -> F:
    """Decorator: whether a line is to go."""
    return _add("flaw", function)


def edit(function: F) -> F:
    """Decorator: gives the line after the edit, and how many pieces were cut. Nothing left: the line goes."""
    return _add("edit", function)


def edit_with_margins(function: F) -> F:
    """Decorator: an edit that also sees the space around the line."""
    return _add("edit", function, takes_margins=True)


def _add(kind: Kind, function: F, *, takes_margins: bool = False) -> F:
    given = [one for one in inspect.signature(function).parameters.values() if one.kind is one.KEYWORD_ONLY]
    takes = tuple(one.name for one in given if one.name in PARAMETERS)
    requires = tuple(one.name for one in given if one.name in takes and one.default is one.empty)
    name = function.__name__
    known = DEFINITIONS.get(name)
    if known and known.function.__module__ != function.__module__:
        raise ValueError(f"line function {name!r} is already defined in {known.function.__module__}")
    remembers = any(one.name == "seen" for one in given)
    DEFINITIONS[name] = Definition(name, kind, function, takes, requires, remembers, takes_margins)
    return function
