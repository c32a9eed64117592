"""Entries about the rules of lines: functions that look at a line, and the rules and rulesets made of them."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator

from corpus_kit import resources
from corpus_kit.catalogue.entry import Entry, facts, leading_comment, sentence
from corpus_kit.lines.registry import DEFINITIONS, Definition
from corpus_kit.lines.rules import LineRule, LineRuleset
from corpus_kit.lines.rulesets import load_line_ruleset

KINDS = {
    "measure": "a number about a line",
    "flaw": "what a line may have that makes it go",
    "edit": "what is cut out of a line",
}


def shipped() -> list[LineRuleset]:
    """The line rulesets that ship."""
    return [load_line_ruleset(name) for name in resources.names("lines")]


def entries(own: Iterable[LineRuleset] = ()) -> Iterator[Entry]:
    """Every line function, line rule and line ruleset; `own` are line rulesets of a user's recipe."""
    rulesets = [*shipped(), *own]
    for one in DEFINITIONS.values():
        yield Entry(one.name, KINDS[one.kind], functools.partial(_definition, one, rulesets))
    for ruleset in rulesets:
        count = len(ruleset.rules)
        what = f"a line ruleset of {count} {'rule' if count == 1 else 'rules'}, for stage clean"
        yield Entry(ruleset.name, what, functools.partial(_ruleset, ruleset))
        for rule in ruleset.rules:
            what = f"a rule of the line ruleset {ruleset.name}, and the code under which what it removes is counted"
            yield Entry(rule.code, what, functools.partial(_rule, ruleset, rule))


def _definition(one: Definition, rulesets: Iterable[LineRuleset]) -> Iterator[str]:
    yield one.doc
    used = [(rule.code, str(rule)) for ruleset in rulesets for rule in ruleset.rules if rule.definition == one]
    takes = [("is told", ", ".join(one.takes))] if one.takes else []
    yield facts([("defined in", f"{one.function.__module__}: {one.citation}"), *takes, *used])


def _rule(ruleset: LineRuleset, rule: LineRule) -> Iterator[str]:
    yield rule.definition.doc
    lines = [("does", str(rule)), ("function", rule.definition.name), ("a line is", f"a {ruleset.unit}")]
    lines += [(name, told(value)) for name, value in rule.parameters.items()]
    lines.append(("cites", rule.cites))
    for category, changes in ruleset.categories.items():
        if rule.code in changes:
            lines.append((f"category {category}", str(rule.replaced(*changes[rule.code]))))
    yield facts(lines)


def told(value: object, most: int = 12) -> str:
    """What a line function is told, in few words.

    >>> told(("a", "b")), told(tuple("abc"), most=2), told("end"), told(((9728, 10175),))
    ('a | b', 'a | b | and 1 more', 'end', '2600-27BF')
    """
    if not isinstance(value, tuple):
        return str(value)
    words = [f"{one[0]:04X}-{one[1]:04X}" if isinstance(one, tuple) else str(one) for one in value]
    more = [f"and {len(words) - most} more"] if len(words) > most else []
    return " | ".join([*words[:most], *more])


def _ruleset(ruleset: LineRuleset) -> Iterator[str]:
    yield sentence(ruleset.cites)
    if ruleset.name in resources.names("lines"):
        yield leading_comment(resources.find("lines", ruleset.name))
    yield facts((rule.code, f"{rule.definition.summary}; {rule}") for rule in ruleset.rules)
    yield facts(
        (f"category {category}", f"{', '.join(changes)} {'differs' if len(changes) == 1 else 'differ'}")
        for category, changes in ruleset.categories.items()
    )
