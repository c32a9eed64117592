"""What an entry of the catalogue is, and the plain text it is shown as."""

from __future__ import annotations

import ast
import functools
import inspect
import itertools
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple


class Entry(NamedTuple):
    """One meaning of a name."""

    name: str
    what: str
    """The rest of the first line: `a metric`, `a rule of the ruleset gopher, and the reason of what it rejects`."""
    body: Callable[[], Iterable[str]]
    """Paragraphs, made when they are asked for."""

    def __str__(self) -> str:
        return page(f"{self.name}: {self.what}", *self.body())


def said(*parts: str) -> Callable[[], Iterable[str]]:
    """A body that is known already."""
    return lambda: parts


def page(*parts: str) -> str:
    """Paragraphs with a blank line between them; empty ones are left out."""
    return "\n\n".join(part for part in parts if part)


def facts(pairs: Iterable[tuple[str, str]]) -> str:
    """Lines of a name and what is to be said of it, aligned.

    >>> print(facts([("keeps", "at least 3"), ("by", "someone")]))
      keeps  at least 3
      by     someone
    """
    pairs = list(pairs)
    width = max((len(key) for key, _ in pairs), default=0)
    return "\n".join(f"  {key:<{width}}  {value}".rstrip() for key, value in pairs)


def sentence(text: str) -> str:
    """A meaning as a sentence.

    >>> sentence("the record cannot be parsed")
    'The record cannot be parsed.'
    """
    return f"{text[:1].upper()}{text[1:].rstrip('.')}." if text else ""


def leading_comment(path: Path) -> str:
    """The comment at the head of a data file, as paragraphs.

    >>> from corpus_kit.resources import find
    >>> leading_comment(find("rulesets", "gopher")).partition(".")[0]
    'The document rules of MassiveText, which trained Gopher'
    """
    lines = []
    for line in path.read_text("utf-8").splitlines():
        if not line.startswith("#"):
            break
        lines.append(line.removeprefix("#").removeprefix(" ").rstrip())
    return "\n".join(lines).strip()


def attribute_docstrings(cls: type) -> dict[str, str]:
    """Docstrings under annotated attributes of a class and its bases, by attribute.

    >>> from corpus_kit.stage import Stage
    >>> attribute_docstrings(Stage)["as_"]
    'Id of the stage in the run, if its name is not enough; it names files and folders, so it is a plain word.'
    """
    found: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        if not base.__module__.startswith(("builtins", "pydantic", "typing", "abc")):
            found |= _own_docstrings(base)
    return found


@functools.cache
def _own_docstrings(cls: type) -> dict[str, str]:
    body = _classes_in(cls.__module__).get(cls.__qualname__, [])
    found = {}
    for before, after in itertools.pairwise(body):
        if isinstance(before, ast.AnnAssign) and isinstance(before.target, ast.Name) and isinstance(after, ast.Expr):
            value = after.value
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                found[before.target.id] = inspect.cleandoc(value.value)
    return found


@functools.cache
def _classes_in(module: str) -> dict[str, list[ast.stmt]]:
    """Bodies of the classes of a module by name; none if there is no source at hand, as in a notebook."""
    try:
        tree = ast.parse(inspect.getsource(sys.modules[module]))
    except (OSError, TypeError, KeyError):
        return {}
    return {node.name: node.body for node in tree.body if isinstance(node, ast.ClassDef)}
