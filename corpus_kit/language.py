"""Language profiles: the stop words of a language, and the bounds that differ for it, each with its source.

A profile is a file of `filters/languages/`, named by the ISO 639-3 code; adding a language is adding a file::

    label: dan_Latn
    name: Danish
    stop_words:
      cites: who compiled the list
      words: [og, i, at]
    rules:
      gopher.mean_word_length: {keep: [3, 11], cites: where the numbers come from}
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from corpus_kit import resources
from corpus_kit.errors import RecipeError, suggest
from corpus_kit.rules import Override
from corpus_kit.rulesets import OptionalBounds
from corpus_kit.strict_yaml import load, validate

LABEL = re.compile(r"[a-z]{3}_[A-Z][a-z]{3}")
"""ISO 639-3 code and ISO 15924 script, as GlotLID and FineWeb-2 write them."""


class StopWords(BaseModel):
    """Frequent function words, as they stand in running text."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cites: str
    words: tuple[str, ...] = Field(min_length=1)


class ProfileRule(BaseModel):
    """Bounds of one rule for this language."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    keep: OptionalBounds
    """null switches the rule off for the language."""
    cites: str


class ProfileFile(BaseModel):
    """A file of `filters/languages/`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    label: str
    name: str
    stop_words: StopWords
    rules: dict[str, dict[str, Any]] = {}
    """By reason code (`gopher.mean_word_length`); each read as a ProfileRule."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What is particular to a language in one script."""

    label: str
    name: str
    stop_words: frozenset[str]
    stop_words_origin: str
    overrides: Mapping[str, Override]
    path: Path


def labels() -> list[str]:
    """Labels of the languages that have a profile, sorted.

    >>> labels()[:3]
    ['azj_Latn', 'dan_Latn', 'deu_Latn']
    """
    return sorted(load_profile(resources.find("languages", code)).label for code in resources.names("languages"))


def profile_for(label: str) -> Profile:
    """The profile of a label such as `dan_Latn`. Raises RecipeError naming the nearest valid one.

    >>> profile_for("dan_Latn").name
    'Danish'
    """
    code = label.partition("_")[0]
    if code in resources.names("languages"):
        profile = load_profile(resources.find("languages", code))
        if profile.label == label:
            return profile
    raise RecipeError(f"no language profile for {label!r}; {suggest(label, labels())}")


def load_profile(path: Path) -> Profile:
    """Reads a profile file. Raises RecipeError with file and line."""
    return _load(str(path), resources.digest(path))


@functools.lru_cache(maxsize=256)
def _load(path: str, digest: str) -> Profile:
    document = load(path)
    file: ProfileFile = validate(document, ProfileFile)
    if not LABEL.fullmatch(file.label):
        raise document.error(f"a label is a language and a script, as in dan_Latn, not {file.label!r}", ("label",))
    if file.label[:3] != Path(path).stem:
        raise document.error(
            f"the profile of {file.label} belongs into a file called {file.label[:3]}.yaml", ("label",)
        )
    for i, word in enumerate(file.stop_words.words):
        if word.split() != [word]:
            raise document.error("a stop word is one word without spaces", ("stop_words", "words", i))
    source = f"profile {file.label}"
    overrides = {}
    for code, data in file.rules.items():
        rule: ProfileRule = validate(document, ProfileRule, data, ("rules", code))
        overrides[code] = Override(rule.keep, f"{source}: {rule.cites}")
    words = frozenset(file.stop_words.words)
    return Profile(file.label, file.name, words, f"{source}: {file.stop_words.cites}", overrides, Path(path))
