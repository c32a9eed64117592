"""Language profiles: the word lists of a language, and the bounds that differ for it, each with its source.

A profile is a file of `filters/languages/`, named by the ISO 639-3 code; adding a language is adding a file::

    label: dan_Latn
    name: Danish
    stop_words:
      cites: who compiled the list
      words: [og, i, at]
    flagged_words:                  # may be left out: rules that need it are then off for the language
      cites: who compiled the list
      list: ldnoobw_da              # filters/wordlists/ldnoobw_da.txt, one word a line
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
from corpus_kit.doc import bare
from corpus_kit.errors import RecipeError, suggest
from corpus_kit.kernels.characters import lower
from corpus_kit.kernels.measure import WordLists
from corpus_kit.rules import Override
from corpus_kit.rulesets import OptionalBounds
from corpus_kit.strict_yaml import Document, load, validate

LABEL = re.compile(r"[a-z]{3}_[A-Z][a-z]{3}")
"""ISO 639-3 code and ISO 15924 script, as GlotLID and FineWeb-2 write them."""


class ListedWords(BaseModel):
    """A word list: its words, or the name of the file that has them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cites: str
    words: tuple[str, ...] | None = Field(default=None, min_length=1)
    list: str | None = None
    """Name of a file of `filters/wordlists/`."""


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
    stop_words: ListedWords
    """Frequent function words, as they stand in running text."""
    flagged_words: ListedWords | None = None
    """Words of pornographic spam and abuse, in lower case."""
    rules: dict[str, dict[str, Any]] = {}
    """By reason code (`gopher.mean_word_length`); each read as a ProfileRule."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What is particular to a language in one script."""

    label: str
    name: str
    stop_words: frozenset[str]
    stop_words_origin: str
    flagged_words: frozenset[str] | None
    flagged_words_origin: str
    overrides: Mapping[str, Override]
    path: Path
    list_files: Mapping[str, Path]
    """`stop` and `flagged` -> the file of `filters/wordlists/` that has the words, where there is one."""

    @property
    def lists(self) -> WordLists:
        """The word lists that metrics ask for."""
        return WordLists(self.stop_words, self.flagged_words)


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
    """Reads a profile file and the word lists it names. Raises RecipeError with file and line."""
    digest = resources.digest(path)
    lists = _list_files(str(path), digest)
    return _profile(str(path), digest, tuple(resources.digest(one) for one in lists.values()))


@functools.lru_cache(maxsize=256)
def _file(path: str, digest: str) -> tuple[Document, ProfileFile]:
    document = load(path)
    file: ProfileFile = validate(document, ProfileFile)
    if not LABEL.fullmatch(file.label):
        raise document.error(f"a label is a language and a script, as in dan_Latn, not {file.label!r}", ("label",))
    if file.label[:3] != Path(path).stem:
        raise document.error(
            f"the profile of {file.label} belongs into a file called {file.label[:3]}.yaml", ("label",)
        )
    return document, file


@functools.lru_cache(maxsize=256)
def _list_files(path: str, digest: str) -> dict[str, Path]:
    document, file = _file(path, digest)
    found = {}
    for kind, listed in (("stop", file.stop_words), ("flagged", file.flagged_words)):
        key = f"{kind}_words"
        if listed is not None and (listed.words is None) == (listed.list is None):
            raise document.error("a word list has either `words` or the name of a `list`", (key,))
        if listed is not None and listed.list is not None:
            try:
                found[kind] = resources.find("wordlists", listed.list)
            except RecipeError as error:
                raise document.error(str(error), (key, "list")) from None
    return found


@functools.lru_cache(maxsize=256)
def _profile(path: str, digest: str, list_digests: tuple[str, ...]) -> Profile:
    document, file = _file(path, digest)
    source = f"profile {file.label}"
    overrides = {}
    for code, data in file.rules.items():
        rule: ProfileRule = validate(document, ProfileRule, data, ("rules", code))
        overrides[code] = Override(rule.keep, f"{source}: {rule.cites}")
    flagged = None if file.flagged_words is None else _words(document, "flagged_words", file.flagged_words)
    for word in flagged or ():
        if bare(lower(word)) != word:
            raise document.error(
                "a flagged word is in lower case and neither begins nor ends with punctuation", ("flagged_words",)
            )
    return Profile(
        label=file.label,
        name=file.name,
        stop_words=_words(document, "stop_words", file.stop_words),
        stop_words_origin=f"{source}: {file.stop_words.cites}",
        flagged_words=flagged,
        flagged_words_origin=f"{source}: {'none' if file.flagged_words is None else file.flagged_words.cites}",
        overrides=overrides,
        path=Path(path),
        list_files=_list_files(path, digest),
    )


def _words(document: Document, key: str, listed: ListedWords) -> frozenset[str]:
    """The words of a list; each is one word."""
    words = listed.words or read_words(resources.find("wordlists", listed.list or ""))
    kind = key.removesuffix("s").replace("_", " ")
    for i, word in enumerate(words):
        if word.split() != [word]:
            where = (key, "words", i) if listed.words else (key, "list")
            raise document.error(f"a {kind} is one word without spaces", where)
    return frozenset(words)


def read_words(path: Path) -> list[str]:
    """The words of a file of `filters/wordlists/`: one a line; blank lines and those that begin with # are passed over.

    >>> len(read_words(resources.find("wordlists", "ldnoobw_da")))
    20
    """
    lines = (line.strip() for line in path.read_text("utf-8").splitlines())
    return [line for line in lines if line and not line.startswith("#")]
