"""Explains any name a user meets: reason codes, rules, metrics, stages and their options, columns, rulesets, languages.

Everything is taken from where it is defined (docstrings, data files, the schema, the registry), so an explanation
cannot be out of date, and what a plug-in or a data file adds is explained like what ships.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from pathlib import Path

from corpus_kit import resources
from corpus_kit.catalogue import lines, rules, stages
from corpus_kit.catalogue.entry import Entry, leading_comment, page, said, sentence
from corpus_kit.errors import RecipeError
from corpus_kit.lines.rulesets import load_line_ruleset
from corpus_kit.recipe import Recipe
from corpus_kit.rulesets import load_ruleset
from corpus_kit.schema import COLUMNS, GIVEN_COLUMNS, RAW_COLUMNS
from corpus_kit.sources import REJECT_CODES, SKIP_CODES
from corpus_kit.stages.filter import Filter

PAGES_OF_THEIR_OWN = {"rulesets", "languages", "lines", "templates", "models"}
"""Kinds of shipped data that are explained otherwise, or that nobody names."""

_EXAMPLES = (
    "a name is a reason code (gopher.word_count), a metric (word_count), a stage (filter), an option "
    "(filter.override), a column (lang), a key of a recipe (guard), a ruleset (gopher) or a language (dan_Latn)"
)


def explain(name: str, recipe: Recipe | None = None) -> str:
    """What a name means, in plain text; each meaning, if it has several. Raises RecipeError with the nearest names.

    The stages of a recipe may be named by their ids: those of shipped recipes, or of the one given, with its rulesets.

    >>> print(explain("lang"))
    lang: a column (string)
    <BLANKLINE>
    Language and script, as in dan_Latn.
    """
    known = entries(recipe)
    if name in known:
        return page(*(str(entry) for entry in known[name]))
    if parts := _last_part(name, known):
        return page(*parts)
    near = nearest(name, known)
    hint = f"did you mean {' or '.join(repr(one) for one in near)}?" if near else _EXAMPLES
    raise RecipeError(f"nothing is called {name!r}; {hint}")


def nearest(name: str, known: Iterable[str]) -> list[str]:
    """Up to three names that were probably meant: alike, or alike in their last part, or those that hold it.

    >>> nearest("wordcount", ["gopher.word_count", "word_count", "lang"])
    ['word_count', 'gopher.word_count']
    """
    names = list(known)
    lower = {one.lower(): one for one in names}
    found = [lower[one] for one in difflib.get_close_matches(name.lower(), lower, n=3)]
    last: dict[str, list[str]] = {}
    for one in names:
        last.setdefault(one.rpartition(".")[2].lower(), []).append(one)
    for part in difflib.get_close_matches(name.lower().rpartition(".")[2], last, n=2, cutoff=0.75):
        found += last[part]
    if len(name) >= 4:
        found += [one for one in names if name.lower() in one.lower()]
    return list(dict.fromkeys(found))[:3]


def entries(recipe: Recipe | None = None) -> dict[str, list[Entry]]:
    """Everything that can be explained, by name."""
    found: dict[str, list[Entry]] = {}
    for entry in _made(recipe):
        found.setdefault(entry.name, []).append(entry)
    for entry in stages.configured_codes(recipe) if recipe is not None else ():
        found.setdefault(entry.name, [entry])  # codes that are known otherwise are explained better there
    return found


def _last_part(name: str, known: dict[str, list[Entry]]) -> list[str]:
    """Entries whose name ends with `.name`: options without their stage. Those that say the same are told together."""
    alike: dict[str, list[Entry]] = {}
    for entry in (entry for one in known.values() for entry in one):
        if entry.name.rpartition(".")[2] == name:
            alike.setdefault(page(*entry.body()), []).append(entry)
    return [
        page("\n".join(f"{entry.name}: {entry.what}" for entry in entries), text) for text, entries in alike.items()
    ]


def _made(recipe: Recipe | None) -> Iterator[Entry]:
    for name, (kind, meaning) in (COLUMNS | GIVEN_COLUMNS | RAW_COLUMNS).items():
        yield Entry(name, f"a column ({kind})", said(sentence(meaning)))
    for code, meaning in SKIP_CODES.items():
        yield Entry(code, "counted by readers; no document is made", said(sentence(meaning)))
    for code, meaning in REJECT_CODES.items():
        yield Entry(code, "a reason readers give", said(sentence(meaning)))
    own = [] if recipe is None else recipe.stages
    shipped = resources.names("rulesets"), resources.names("lines")
    rulesets = [name for stage in own if isinstance(stage, Filter) for name in stage.rulesets if name not in shipped[0]]
    yield from rules.entries(load_ruleset(name) for name in rulesets)
    cleaners = [name for stage in own if stage.name == "clean" for name in getattr(stage, "rules", ())]
    yield from lines.entries(load_line_ruleset(name) for name in cleaners if name not in shipped[1])
    yield from stages.entries([*stages.shipped_recipes(), *([] if recipe is None else [recipe])])
    for kind, one in resources.KINDS.items():
        if kind not in PAGES_OF_THEIR_OWN:
            for name in resources.names(kind):
                yield Entry(name, f"a {one.noun} that ships", said(_comment(resources.find(kind, name))))


def _comment(path: Path) -> str:
    return leading_comment(path) or f"See {path.parent.name}/{path.name}."
