"""What a line, a paragraph and a sentence of a text are, and what is left of the text without some of them.

This is the specification of `corpus_kit.kernels.spans`, which runs. A **line** is what stands between newlines (U+000A)
and is not blank; other characters that can end a line are whitespace inside it. A **paragraph** is a run of lines with
no blank line between them. **Sentences** are those the metric `sentence_count` counts: none crosses a line, and a piece
without a letter or a digit belongs to the sentence before it, or after it if there is none before; a line without any
is one unit. Every unit includes the whitespace at the ends of its line, and what is compared does not.

Where units are removed, of the runs of whitespace around them one stays, the one with most newlines, the first of
those: so lines and paragraphs stay apart, and no run of newlines grows. What stood before the first unit and after the
last stays there. What remains keeps its bytes. A text of which no unit remains is empty.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from corpus_kit.doc import is_blank
from corpus_kit.kernels.characters import DIGITS, END_MARKS, LETTERS, LOWERCASE, ends, pattern
from corpus_kit.kernels.spans import CLOSING, CODE_POINTS, DIGIT, LETTER, MARK, OPENING, Kind
from corpus_kit.kernels.spans import LOWERCASE as LOWERCASE_BIT
from corpus_kit.metrics import c4

Span = tuple[int, int]
"""Begin and end of a unit, in characters."""

_CONTENT = pattern(LETTERS, DIGITS)


def units(text: str, kind: Kind) -> list[Span]:
    """Where the units of a text are, in order.

    >>> [text[slice(*span)] for text in [" a\\nb\\n \\nc"] for span in units(text, "paragraph")]
    [' a\\nb', 'c']
    >>> [text[slice(*span)] for text in ["1. Ja! «Er du der?» ..\\n---"] for span in units(text, "sentence")]
    ['1. Ja!', '«Er du der?» ..', '---']
    """
    return list(_CUTS[kind](text))


def _every_line(text: str) -> Iterator[tuple[Span, bool]]:
    begin = 0
    for line in text.split("\n"):
        yield (begin, begin + len(line)), is_blank(line)
        begin += len(line) + 1


def _lines(text: str) -> Iterator[Span]:
    return (span for span, blank in _every_line(text) if not blank)


def _paragraphs(text: str) -> Iterator[Span]:
    waiting: Span | None = None
    for (begin, end), blank in _every_line(text):
        if blank and waiting:
            yield waiting
        waiting = None if blank else (waiting[0] if waiting else begin, end)
    if waiting:
        yield waiting


def _sentences(text: str) -> Iterator[Span]:
    for begin, end in _lines(text):
        yield from ((begin + a, begin + b) for a, b in _sentences_of(text[begin:end]))


def _sentences_of(line: str) -> list[Span]:
    found: list[Span] = []
    for begin, end in _pieces(line):
        if _CONTENT.search(line, begin, end):
            found.append((begin if found else 0, end))
        elif found:
            found[-1] = (found[-1][0], end)
    return found or [(0, len(line))]


def _pieces(line: str) -> Iterator[Span]:
    """Pieces of a line between the ends of its sentences."""
    begin = 0
    for found in c4.sentence_ends(line):
        end = found.end("marks")
        while line[end] in c4.CLOSING:
            end += 1
        yield begin, end
        begin = end
        while begin < len(line) and line[begin].isspace():
            begin += 1
    yield begin, len(line)


_CUTS: dict[Kind, Callable[[str], Iterator[Span]]] = {
    "line": _lines,
    "paragraph": _paragraphs,
    "sentence": _sentences,
}


def without(text: str, spans: Sequence[Span], removed: set[int]) -> str:
    """The text without those of its units whose numbers are `removed`.

    >>> text = "a\\nb\\n\\nJa. Nej.\\n"
    >>> without(text, units(text, "line"), {1}), without(text, units(text, "sentence"), {0, 2})
    ('a\\n\\nJa. Nej.\\n', 'b\\n\\nNej.\\n')
    """
    made, gap, any_left, last = "", None, False, 0
    for number, (begin, end) in enumerate(spans):
        between = text[last:begin]
        last = end
        if gap is not None and any_left:
            gap = max(gap, between, key=lambda one: one.count("\n"))
        if gap is None:
            gap = between
        if number in removed:
            continue
        made += gap + text[begin:end]
        gap, any_left = None, True
    return made + text[last:] if any_left or not spans else ""


@functools.cache
def signs() -> NDArray[np.uint8]:
    """What each character is to sentences, for the compiled cut."""
    table = np.zeros(CODE_POINTS, np.uint8)
    for bit, ranges in ((LETTER, LETTERS), (DIGIT, DIGITS), (LOWERCASE_BIT, LOWERCASE), (MARK, END_MARKS)):
        for first, last in ends(ranges):
            table[first : last + 1] |= bit
    for bit, characters in ((MARK, "…"), (OPENING, c4.OPENING), (CLOSING, c4.CLOSING)):
        table[[ord(one) for one in characters]] |= bit
    table.flags.writeable = False
    return table
