"""Running line rules over a text in Python: how it is cut, judged, and joined again.

This is the specification of the compiled pass, and runs what has no compiled version.

Rules are applied to each line in their order, and what one removes the next does not see. What remains keeps its bytes:
indentation, spaces at its end, and the newlines around it. Blank lines are no lines: they stand between paragraphs, and
no rule removes them. Where lines are removed, one of the runs of newlines around them stays, the longest, the first of
those: so paragraphs stay apart, and no run of blank lines grows. What stood before the first line and after the last
stays there too. A text of which no line remains is empty.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from corpus_kit.doc import is_blank
from corpus_kit.kernels.lines import Unit
from corpus_kit.lines.line import words
from corpus_kit.lines.rules import LineRule, Pass


class Piece(NamedTuple):
    """A line or paragraph: what stands between it and the one before, and its text with the space around it."""

    between: str
    left: str
    core: str
    right: str


class Judged(NamedTuple):
    """What is left of a line; `remover` is the rule that removed it."""

    kept: str
    remover: LineRule | None


def apply(text: str, passes: Sequence[Pass]) -> tuple[str, dict[str, int]]:
    """The text after all passes, and for each rule how many lines it removed or pieces it cut.

    >>> from corpus_kit.lines.rulesets import load_line_ruleset
    >>> from corpus_kit.lines.rules import resolve
    >>> text, places = apply("Home\\n\\nThis is a sentence.[1]\\nLog in", resolve([load_line_ruleset("c4")]))
    >>> text, {code: count for code, count in places.items() if count}
    ('This is a sentence.', {'clean.c4_citations': 1, 'clean.c4_terminal_punctuation': 2})
    """
    places: dict[str, int] = {}
    for one in passes:
        text, found = apply_pass(text, one)
        places |= found
    return text, places


def apply_pass(text: str, one: Pass) -> tuple[str, dict[str, int]]:
    """The text after one pass, and for each rule how many lines it removed or pieces it cut."""
    places = {rule.code: 0 for rule in one.rules}
    rules = [rule for rule in one.rules if rule.is_on]
    seen: dict[str, set[str]] = {rule.code: set() for rule in rules}
    made, gap, breaks, any_kept = "", None, False, False
    pieces, rest = cut(text, one.unit)
    for piece in pieces:
        kept, remover = _judged(piece, rules, places, seen)
        if gap is not None and any_kept:
            gap = max(gap, piece.between, key=lambda between: between.count("\n"))
        if remover is not None:
            gap = piece.between if gap is None else gap
            breaks = breaks or remover.leaves_blank_line
            continue
        between = piece.between if gap is None else gap
        made += ("\n\n" if breaks and any_kept and between.count("\n") < 2 else between) + kept
        gap, breaks, any_kept = None, False, True
    return (made + rest if any_kept or not pieces else ""), places


def cut(text: str, unit: Unit) -> tuple[list[Piece], str]:
    """The lines or paragraphs of a text, and what stands after the last.

    >>> pieces, rest = cut("\\n a \\n\\nb\\nc\\n", "paragraph")
    >>> pieces[0], pieces[1].core, rest
    (Piece(between='\\n', left=' ', core='a', right=' '), 'b\\nc', '\\n')
    """
    pieces, between = [], ""
    for piece, is_space in _cut(text, unit):
        if is_space:
            between += piece
            continue
        core = piece.strip()
        left = piece[: len(piece) - len(piece.lstrip())]
        pieces.append(Piece(between, left, core, piece[len(left) + len(core) :]))
        between = ""
    return pieces, between


def _cut(text: str, unit: Unit) -> Iterator[tuple[str, bool]]:
    """Pieces of the text in order, and for each whether it is only space between lines or paragraphs."""
    waiting = ""  # lines of a paragraph that may go on
    for number, line in enumerate(text.split("\n")):
        newline = "\n" if number else ""
        if is_blank(line):
            if waiting:
                yield waiting, False
            yield newline + line, True
            waiting = ""
        elif waiting and unit == "paragraph":
            waiting += newline + line
        else:
            if waiting:
                yield waiting, False
            yield newline, True
            waiting = line
    if waiting:
        yield waiting, False


def _judged(piece: Piece, rules: Sequence[LineRule], places: dict[str, int], seen: dict[str, set[str]]) -> Judged:
    """Runs the rules over one line, counting what they remove."""
    left, core, right = piece.left, piece.core, piece.right
    for rule in rules:
        kind = rule.definition.kind
        if kind == "measure":
            if not rule.is_within(rule.definition.function(core, **rule.parameters)):
                places[rule.code] += 1
                return Judged("", rule)
        elif not rule.is_within(len(words(core))):
            continue
        elif kind == "flaw":
            if rule.definition.function(core, **_with_memory(rule, seen)):
                places[rule.code] += 1
                return Judged("", rule)
        else:
            whole = rule.definition.takes_margins
            edited, count = rule.definition.function(left + core + right if whole else core, **rule.parameters)
            if not count:
                continue
            places[rule.code] += count
            core = _as_read(edited)
            left, right = ("", "") if whole else (left, right)
            if not core:
                return Judged("", rule)
    return Judged(left + core + right, None)


def _with_memory(rule: LineRule, seen: dict[str, set[str]]) -> dict[str, Any]:
    """The arguments of a flaw; what it has seen of this text, if it asks for that."""
    return {**rule.parameters, "seen": seen[rule.code]} if rule.definition.remembers else dict(rule.parameters)


def _as_read(line: str) -> str:
    """The line as its bytes read: a cut can bring together bytes that are a character."""
    return line if line.isascii() else line.encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape")
