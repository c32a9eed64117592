"""Finds the data that ships with the package: rulesets, language profiles, recipes, source cards, models.

The folders `filters/`, `pipelines/` and `datasheets/` stand beside the package in a checkout and inside it, under
`_data/`, in an installed wheel. Nobody else needs to know which.
"""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path
from typing import NamedTuple

from corpus_kit.errors import RecipeError, suggest

PACKAGE = Path(__file__).resolve().parent


class Kind(NamedTuple):
    """One kind of shipped data: what a message calls it, its folder, and how its files' names end."""

    noun: str
    folder: str
    suffix: str


KINDS: dict[str, Kind] = {
    "rulesets": Kind("ruleset", "filters/rulesets", ".yaml"),
    "languages": Kind("language profile", "filters/languages", ".yaml"),
    "lines": Kind("line ruleset", "filters/lines", ".yaml"),
    "wordlists": Kind("word list", "filters/wordlists", ".txt"),
    "mixes": Kind("mix", "filters/mixes", ".yaml"),
    "pipelines": Kind("recipe", "pipelines", ".yaml"),
    "sources": Kind("source card", "datasheets/sources", ".yaml"),
    "templates": Kind("template", "datasheets/templates", ""),
    "models": Kind("model", "models", ""),
}
"""What can be asked for. Where the suffix is empty, a name is a whole file name."""


def folder(kind: str) -> Path:
    """Where the files of a kind are; the folder may be absent if nothing of the kind ships.

    >>> folder("rulesets").name
    'rulesets'
    """
    if kind == "models":
        return PACKAGE / "models"
    return root() / KINDS[kind].folder


def root() -> Path:
    """The folder that holds `filters/`, `pipelines/` and `datasheets/`."""
    shipped = PACKAGE / "_data"
    return shipped if shipped.is_dir() else PACKAGE.parent


def names(kind: str) -> list[str]:
    """Names of everything of a kind, sorted.

    >>> "gopher" in names("rulesets")
    True
    """
    suffix = KINDS[kind].suffix
    at = folder(kind)
    files = [path.name for path in at.iterdir() if path.is_file()] if at.is_dir() else []
    return sorted(
        name.removesuffix(suffix) for name in files if name.endswith(suffix) and not name.startswith((".", "_"))
    )


def find(kind: str, name: str) -> Path:
    """The file of a shipped name, or of the user's own if `name` is a path (it has a slash, or the kind's ending).

    Raises RecipeError, naming the nearest valid name.
    """
    suffix = KINDS[kind].suffix
    if "/" in name or (suffix and name.endswith(suffix)):
        path = Path(name)
        if not path.is_file():
            raise RecipeError(f"no {KINDS[kind].noun} file at {name}")
        return path
    valid = names(kind)
    if name not in valid:
        raise RecipeError(f"unknown {KINDS[kind].noun} {name!r}; {suggest(name, valid)}")
    return folder(kind) / f"{name}{suffix}"


def digest(path: Path | str) -> str:
    """SHA-256 of a file's content, in hexadecimal. Computed again only when the file changes."""
    stat = Path(path).stat()
    return _digest(str(path), stat.st_mtime_ns, stat.st_size, stat.st_ino)


@functools.lru_cache(maxsize=256)
def _digest(path: str, modified: int, size: int, inode: int) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
