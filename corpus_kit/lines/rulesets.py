"""Line ruleset files: their form, and reading them into rules.

::

    cites: Raffel et al. 2020, JMLR 21(140), section 2.2
    unit: line                                         # or paragraph: what a rule takes for one line
    rules:
      word_count: {measure: word_count, keep: [3, null]}
      javascript: {remove_if: contains, phrases: [javascript]}
      citations: {edit: cut_citations, phrases: [edit, citation needed]}
      buttons: {edit: cut_phrases, where: end, of_words: [null, 10], phrases: {eng: [read more], dan: [læs mere]}}
    categories:
      code: {word_count: null}                         # off for documents of this category

`of_words` says which lines a flaw or an edit looks at, by their number of words. Phrases may be grouped by language;
they are looked for in every text.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict

import corpus_kit.lines.edits
import corpus_kit.lines.flaws
import corpus_kit.lines.measures  # noqa: F401  these three fill the registry
from corpus_kit import resources
from corpus_kit.errors import suggest
from corpus_kit.kernels.lines import Unit
from corpus_kit.lines.line import lower
from corpus_kit.lines.registry import DEFINITIONS, PARAMETERS, Definition, Kind
from corpus_kit.lines.rules import LineRule, LineRuleset
from corpus_kit.rules import Override
from corpus_kit.rulesets import NAME, Bounds, OptionalBounds
from corpus_kit.strict_yaml import Document, Location, load, validate

KINDS: dict[str, Kind] = {"measure": "measure", "remove_if": "flaw", "edit": "edit"}
"""Key in a ruleset file -> kind of line function it names."""

IN_LOWER_CASE = ("contains", "counter", "cut_phrases")
"""Functions that compare their phrases with the line in lower case."""

ONE_CHARACTER = ("characters",)


def parse_range(value: Any) -> Any:
    """A range of code points as it is written: `2600-27BF`, or one, in hexadecimal. Raises ValueError.

    >>> parse_range("2600-27BF"), parse_range("FE0F")
    ((9728, 10175), (65039, 65039))
    """
    first, _, last = str(value).partition("-")
    try:
        ends = int(first, 16), int(last or first, 16)
    except ValueError:
        raise ValueError("a range is two hexadecimal code points, as in 2600-27BF") from None
    if not 0 <= ends[0] <= ends[1] <= 0x10FFFF:
        raise ValueError("a range goes from a lower code point to a higher one, at most 10FFFF")
    return ends


def parse_phrases(value: Any) -> Any:
    """Phrases by language, from a list or a map of lists.

    >>> parse_phrases(["a"]), parse_phrases({"dan": ["a"]})
    ({'all': ['a']}, {'dan': ['a']})
    """
    return {"all": value} if isinstance(value, list | tuple) else value


Strings = tuple[str, ...]
Phrases = Annotated[dict[str, Strings], BeforeValidator(parse_phrases)]
Range = Annotated[tuple[int, int], BeforeValidator(parse_range)]


class LineRuleEntry(BaseModel):
    """One rule as a line ruleset file writes it: a line function, what it is told, and its bounds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    measure: str | None = None
    remove_if: str | None = None
    edit: str | None = None
    keep: Bounds | None = None
    """Values of the measure that mean keep."""
    open: Literal["low", "high"] | None = None
    of_words: Bounds | None = None
    """Number of words of the lines that a flaw or an edit looks at; absent: all."""
    phrases: Phrases | None = None
    marks: Strings | None = None
    but_not: Strings | None = None
    characters: Strings | None = None
    ignoring: Strings | None = None
    ranges: tuple[Range, ...] | None = None
    where: Literal["start", "end", "anywhere"] | None = None
    leaves: Literal["blank_line"] | None = None
    """A blank line between what stood before and after the removed lines."""
    cites: str | None = None
    """Absent: what the ruleset cites."""


class LineRulesetFile(BaseModel):
    """A file of `filters/lines/`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cites: str
    unit: Unit = "line"
    rules: dict[str, dict[str, Any]]
    """Each read as a LineRuleEntry, apart, so that a message can name its keys."""
    categories: dict[str, dict[str, OptionalBounds]] = {}
    """Category -> rule -> bounds for documents of that category; null switches the rule off."""


def load_line_ruleset(name: str) -> LineRuleset:
    """The shipped line ruleset of that name, or the one in the user's file. Raises RecipeError."""
    path = resources.find("lines", name)
    return _load(str(path), resources.digest(path))


def shipped_line_rulesets() -> Iterator[LineRuleset]:
    """All line rulesets that ship."""
    return (load_line_ruleset(name) for name in resources.names("lines"))


@functools.lru_cache(maxsize=64)
def _load(path: str, digest: str) -> LineRuleset:
    document = load(path)
    name = Path(path).stem
    if not NAME.fullmatch(name):
        raise document.error(f"a line ruleset's file name is lower case with underscores, not {name!r}")
    file: LineRulesetFile = validate(document, LineRulesetFile)
    if not file.rules:
        raise document.error("there are no rules", ("rules",))
    rules = tuple(_rule(document, name, rule, file) for rule in file.rules)
    for category, changes in file.categories.items():
        for rule in changes.keys() - file.rules.keys():
            at = ("categories", category, rule)
            raise document.error(f"no rule {rule!r} in this ruleset; {suggest(rule, file.rules)}", at)
    categories = {
        category: {
            f"clean.{name}_{rule}": Override(bounds, f"line ruleset {name}, category {category}")
            for rule, bounds in changes.items()
        }
        for category, changes in file.categories.items()
    }
    return LineRuleset(name, file.cites, file.unit, rules, categories)


def _rule(document: Document, ruleset: str, name: str, file: LineRulesetFile) -> LineRule:
    at: Location = ("rules", name)
    if not NAME.fullmatch(name):
        raise document.error(f"a rule's name is lower case with underscores, not {name!r}", at)
    entry: LineRuleEntry = validate(document, LineRuleEntry, file.rules[name], at)
    definition = _definition(document, entry, at)
    bounds = entry.keep if definition.kind == "measure" else entry.of_words
    if definition.kind == "measure" and (bounds is None or entry.of_words):
        raise document.error("a measure has `keep: [low, high]`, and no `of_words`", at)
    if definition.kind != "measure" and entry.keep:
        raise document.error("only a measure has `keep`; which lines are looked at is said by `of_words`", at)
    low, high = bounds or (None, None)
    if (entry.open == "low" and low is None) or (entry.open == "high" and high is None):
        raise document.error(f"`open: {entry.open}` needs that bound", at)
    cites = entry.cites or file.cites
    return LineRule(
        code=f"clean.{ruleset}_{name}",
        definition=definition,
        parameters=_parameters(document, entry, definition, at),
        bounds=(low, high),
        open=entry.open,
        is_on=True,
        leaves_blank_line=entry.leaves is not None,
        cites=cites,
        origin=f"line ruleset {ruleset}: {cites}",
    )


def _definition(document: Document, entry: LineRuleEntry, at: Location) -> Definition:
    """The line function an entry names."""
    named = [(key, name) for key in KINDS if (name := getattr(entry, key)) is not None]
    if len(named) != 1:
        raise document.error("a rule has a `measure`, a `remove_if` or an `edit`: one of them", at)
    ((key, name),) = named
    known = [one.name for one in DEFINITIONS.values() if one.kind == KINDS[key]]
    if name not in known:
        raise document.error(f"unknown {key} {name!r}; {suggest(name, known)}", (*at, key))
    return DEFINITIONS[name]


def _parameters(document: Document, entry: LineRuleEntry, definition: Definition, at: Location) -> Mapping[str, Any]:
    """What an entry tells its line function. Raises RecipeError for what it does not take, or lacks."""
    given = {name: value for name in PARAMETERS if (value := getattr(entry, name)) is not None}
    for name in given.keys() - set(definition.takes):
        takes = f"takes {', '.join(definition.takes)}" if definition.takes else "takes nothing"
        raise document.error(f"{definition.name} {takes}, not {name!r}", (*at, name))
    if "phrases" in given:
        given["phrases"] = tuple(dict.fromkeys(phrase for own in given["phrases"].values() for phrase in own))
    for name in definition.requires:
        if not given.get(name):
            raise document.error(f"{definition.name} needs {name!r}", at)
    for name, values in given.items():
        if isinstance(values, tuple):
            _check_strings(document, definition, name, values, (*at, name))
    return given


def _check_strings(
    document: Document, definition: Definition, name: str, values: tuple[Any, ...], at: Location
) -> None:
    for value in values:
        if not isinstance(value, str):
            continue
        if not value:
            raise document.error("a string is empty", at)
        if definition.name in IN_LOWER_CASE and lower(value) != value:
            raise document.error(f"phrases are written in lower case: {lower(value)!r}", at)
        if definition.name == "cut_citations" and set(value) & set("[]"):
            raise document.error("phrases stand in brackets and have none themselves", at)
        if name in ONE_CHARACTER and len(value) != 1:
            raise document.error(f"one character each, not {value!r}", at)
