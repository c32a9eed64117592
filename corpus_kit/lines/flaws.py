"""Flaws for which a line is removed (C4, FineWeb-2, RefinedWeb, Norwegian Colossal Corpus)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import takewhile

from corpus_kit.lines.line import alphanumeric, lower, words
from corpus_kit.lines.registry import flaw

NUMBER = re.compile(r"[0-9]+([.,][0-9]+)*[kmb]?")
"""A count as sites write it: 3, 1.234, 2,5k; in lower case. A number with a period after it is one in a list."""


@flaw
def no_end_mark(
    line: str, *, marks: Sequence[str], but_not: Sequence[str] = (), ranges: Sequence[tuple[int, int]] = ()
) -> bool:
    """Whether the line does not end as a sentence does: in one of `marks`, and in none of `but_not`.

    Menus, captions and headlines end in no mark; what ends in dots was cut off. `ranges` are further characters
    that may end it, by code point.

    >>> [no_end_mark(line, marks=[".", "!"], but_not=["..."]) for line in ["Yes.", "Home", "Read on..."]]
    [False, True, True]
    """
    ends = line.endswith(tuple(marks)) or any(first <= ord(line[-1]) <= last for first, last in ranges)
    return not ends or line.endswith(tuple(but_not))


@flaw
def contains(line: str, *, phrases: Sequence[str]) -> bool:
    """Whether one of some phrases stands anywhere in the line, in capitals or not.

    Phrases are written in lower case and are found inside words too, so that `cookie` finds `cookiepolitik`.

    >>> contains("Please enable JavaScript.", phrases=["javascript"])
    True
    """
    lowered = lower(line)
    return any(phrase in lowered for phrase in phrases)


@flaw
def only_symbols(line: str, *, characters: Sequence[str]) -> bool:
    """Whether there is nothing but some characters, and spaces, in the line.

    Text extraction leaves the empty rows of tables as bars.

    >>> only_symbols("| | |", characters=["|"]), only_symbols("| a |", characters=["|"])
    (True, False)
    """
    return all(character in characters or character.isspace() for character in line)


@flaw
def counter(line: str, *, phrases: Sequence[str]) -> bool:
    """Whether the line is a number and one of some words, as in `3 likes`, `(1,2k views)` or `12 kommentarer`.

    Signs around it do not matter, nor do capitals; a number may be written with spaces.

    >>> [counter(line, phrases=["likes"]) for line in ["3 likes", "+1 234 Likes!", "3 likes it", "likes"]]
    [True, True, False, False]
    """
    lowered = lower(line)
    at = [place for place, character in enumerate(lowered) if character in alphanumeric]
    found = words(lowered[at[0] : at[-1] + 1]) if at else []
    numbers = list(takewhile(NUMBER.fullmatch, found))
    return bool(numbers) and " ".join(found[len(numbers) :]) in phrases


@flaw
def repeated(line: str, *, seen: set[str]) -> bool:
    """Whether the same line stood earlier in the text; what repeats is said by letters and digits alone.

    Case, punctuation and spacing do not matter. Lines without letters and digits repeat nothing. `seen` belongs to one
    text and one rule: the lines that came to the rule before, and now this one.

    >>> seen = set()
    >>> [repeated(line, seen=seen) for line in ["To be,", "or not", "to be!", "---", "---"]]
    [False, False, True, False, False]
    """
    key = "".join(character if character in alphanumeric else " " for character in lower(line)).split()
    before = len(seen)
    if key:
        seen.add(" ".join(key))
    return bool(key) and len(seen) == before
