"""Edits that cut pieces out of a line (C4, RefinedWeb, Norwegian Colossal Corpus).

Each leaves nothing that it would cut again, also where a cut brings together what was apart. With a piece goes the
space before it, if whitespace or nothing follows, so that no double space is left behind, and any space that comes to
stand around the line.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Literal

from corpus_kit.lines.line import alphanumeric, lower, words
from corpus_kit.lines.registry import edit, edit_with_margins


@edit
def cut_citations(line: str, *, phrases: Sequence[str] = ()) -> tuple[str, int]:
    """Cuts numbers in square brackets, and some phrases in them: `[1]`, `[]`, `[edit]`.

    Wikipedia's notes and links, useless without their targets. Phrases are written as they stand, capitals too.

    >>> cut_citations("Oslo[1] is a city [edit] in Norway. [citation needed]", phrases=["edit", "citation needed"])
    ('Oslo is a city in Norway.', 3)
    """
    inside = "|".join(["[0-9]*", *map(re.escape, phrases)])
    citation = re.compile(rf"\[(?:{inside})\]")

    def ending(read: str, _after: str) -> int:
        begin = read.rfind("[") if read.endswith("]") else -1
        return len(read) - begin if begin >= 0 and citation.fullmatch(read, begin) else 0

    return _without(line, ending)


@edit
def cut_phrases(
    line: str, *, phrases: Sequence[str], where: Literal["start", "end", "anywhere"] = "anywhere"
) -> tuple[str, int]:
    """Cuts some phrases at the start, at the end, or anywhere: buttons and links that were glued to text.

    Phrases are written in lower case and found in capitals too, but never as a part of a word.

    >>> cut_phrases("The end of an era Read more...", phrases=["read more..."], where="end")
    ('The end of an era', 1)
    """
    longest = max(map(len, phrases))

    def ending(read: str, after: str) -> int:
        tail = lower(read[-longest - 1 :])
        ends = (one for one in phrases if tail.endswith(one) and not _inside_word(tail[: -len(one)], one, after))
        return len(next(ends, ""))

    if where == "anywhere":
        return _without(line, ending)
    before, pieces = "", 0
    while line != before:
        before = line
        line = line[_start(line, phrases) :] if where == "start" else line[: len(line) - ending(line, "")]
        pieces += line != before
        line = line.strip()
    return line, pieces


@edit
def cut_after_last_mark(line: str, *, marks: Sequence[str]) -> tuple[str, int]:
    """Cuts what comes after the last sign that may end a sentence; all of it, if there is none.

    Texts that were cut off, and links after a paragraph, end in the middle of a sentence. As in the Norwegian Colossal
    Corpus, nothing is left if two characters or fewer would be.

    >>> cut_after_last_mark("Det regner. Les også om", marks=[".", "!"]), cut_after_last_mark("Meny", marks=["."])
    (('Det regner.', 1), ('', 1))
    """
    end = max((line.rfind(mark) + len(mark) for mark in marks if mark in line), default=0)
    if end <= 2:
        return "", 1
    return line[:end], int(end < len(line))


@edit_with_margins
def collapse_spaces(line: str) -> tuple[str, int]:
    """One space for every run of whitespace, none around the line; counts the lines that had others.

    In a paragraph, line ends become spaces.

    >>> collapse_spaces("a  b\\tc"), collapse_spaces("a b")
    (('a b c', 1), ('a b', 0))
    """
    collapsed = " ".join(words(line))
    return collapsed, int(collapsed != line)


def _without(line: str, ending: Callable[[str, str], int]) -> tuple[str, int]:
    """Reads the line character by character, and drops each piece that ends in what was just read.

    `ending` is asked for the length of that piece, 0 for none, given what was read and kept, and the next character.
    """
    read, pieces = "", 0
    for at, character in enumerate(line):
        read += character
        after = line[at + 1 : at + 2]
        length = ending(read, after)
        if length:
            read = read[:-length] if after.strip() else read[:-length].rstrip()
            pieces += 1
    return read.strip(), pieces


def _start(line: str, phrases: Sequence[str]) -> int:
    """Length of the first phrase that begins the line and is no part of a word; 0 for none."""
    lowered = lower(line[: max(map(len, phrases)) + 1])
    begins = (one for one in phrases if lowered.startswith(one) and not _inside_word("", one, lowered[len(one) :]))
    return len(next(begins, ""))


def _inside_word(before: str, phrase: str, after: str) -> bool:
    """Whether a letter or digit at an edge of the phrase goes on beyond it."""
    return any(
        left[-1:] in alphanumeric and right[:1] in alphanumeric for left, right in pairwise((before, phrase, after))
    )
