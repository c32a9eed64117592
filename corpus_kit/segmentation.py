"""Words as Unicode defines them: the default word boundaries of UAX #29, and only pieces that hold a letter or a digit.

The rules are those of Unicode 11 and later (WB3 to WB999), untailored; the properties are those of
`kernels/characters.py`. So a colon between letters belongs to the word, as Swedish and Finnish want it (EU:s), where
ICU's rules for other languages part it. There is no dictionary: Chinese characters, hiragana and the letters of Thai,
Lao, Khmer and Burmese are words one by one.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator
from typing import Literal, NamedTuple

from corpus_kit.kernels.characters import DIGITS, LETTERS, PICTOGRAPHIC, WORD_BREAKS, ends, pattern

Words = Literal["whitespace", "unicode"]
"""What metrics take for a word: what stands between whitespace, or what `unicode_words` finds."""

LETTER_OR_DIGIT = pattern(LETTERS, DIGITS)

_LINE_ENDS = frozenset(["CR", "LF", "Newline"])
_IGNORED = frozenset(["Extend", "Format", "ZWJ"])
_LETTER = frozenset(["ALetter", "Hebrew_Letter"])
_JOINS_LETTERS = frozenset(["MidLetter", "MidNumLet", "Single_Quote"])
_JOINS_DIGITS = frozenset(["MidNum", "MidNumLet", "Single_Quote"])
_BODY = frozenset(["ALetter", "Hebrew_Letter", "Numeric", "Katakana"])


class Piece(NamedTuple):
    """A character with the ignored characters after it (rule WB4)."""

    begin: int
    kind: str
    is_pictographic: bool
    ends_in_joiner: bool
    has_ignored: bool


def unicode_words(text: str) -> list[str]:
    """The words of a text, in order, without the punctuation and space between them.

    >>> unicode_words("EU:s kl. 10.30 – «det går ikke», i'm on e-mail 🙂 x_1")
    ['EU:s', 'kl', '10.30', 'det', 'går', 'ikke', "i'm", 'on', 'e', 'mail', 'x_1']
    """
    begins = [*boundaries(text), len(text)]
    segments = (text[begin:end] for begin, end in itertools.pairwise(begins))
    return [segment for segment in segments if LETTER_OR_DIGIT.search(segment)]


def boundaries(text: str) -> Iterator[int]:
    """Where the segments of a text begin.

    >>> list(boundaries("it's 3,5  m"))
    [0, 4, 5, 8, 10]
    """
    pieces = _pieces(text)
    flags = 0  # regional indicators side by side, up to the piece before
    for at, piece in enumerate(pieces):
        if at == 0 or not _joined(pieces, at, flags):
            yield piece.begin
        flags = flags + 1 if piece.kind == "Regional_Indicator" else 0


def _pieces(text: str) -> list[Piece]:
    kinds = _kinds()
    pictographic = _pictographic()
    found: list[Piece] = []
    for at, character in enumerate(text):
        kind = kinds.get(character, "Other")
        if kind in _IGNORED and found and found[-1].kind not in _LINE_ENDS:
            found[-1] = found[-1]._replace(ends_in_joiner=kind == "ZWJ", has_ignored=True)
        else:
            found.append(Piece(at, kind, character in pictographic, kind == "ZWJ", False))
    return found


def _joined(pieces: list[Piece], at: int, flags: int) -> bool:
    """Whether there is no boundary before a piece. Rules in their order; the first that applies decides."""
    before, here = pieces[at - 1].kind, pieces[at].kind
    if before in _LINE_ENDS or here in _LINE_ENDS:
        return before == "CR" and here == "LF"  # WB3, WB3a, WB3b
    if pieces[at - 1].ends_in_joiner and pieces[at].is_pictographic:
        return True  # WB3c
    if before == here == "WSegSpace" and not pieces[at - 1].has_ignored:
        return True  # WB3d
    further = pieces[at - 2].kind if at > 1 else ""
    following = pieces[at + 1].kind if at + 1 < len(pieces) else ""
    return (
        (before in _LETTER and here in _LETTER)  # WB5
        or (before in _LETTER and here in _JOINS_LETTERS and following in _LETTER)  # WB6
        or (further in _LETTER and before in _JOINS_LETTERS and here in _LETTER)  # WB7
        or (before == "Hebrew_Letter" and here == "Single_Quote")  # WB7a
        or (before == "Hebrew_Letter" and here == "Double_Quote" and following == "Hebrew_Letter")  # WB7b
        or (further == "Hebrew_Letter" and before == "Double_Quote" and here == "Hebrew_Letter")  # WB7c
        or (before == "Numeric" and (here == "Numeric" or here in _LETTER))  # WB8, WB10
        or (before in _LETTER and here == "Numeric")  # WB9
        or (further == "Numeric" and before in _JOINS_DIGITS and here == "Numeric")  # WB11
        or (before == "Numeric" and here in _JOINS_DIGITS and following == "Numeric")  # WB12
        or (before == here == "Katakana")  # WB13
        or (here == "ExtendNumLet" and (before in _BODY or before == "ExtendNumLet"))  # WB13a
        or (before == "ExtendNumLet" and here in _BODY)  # WB13b
        or (here == "Regional_Indicator" and flags % 2 == 1)  # WB15, WB16
    )


@functools.cache
def _kinds() -> dict[str, str]:
    return {chr(code): kind for kind, table in WORD_BREAKS.items() for a, b in ends(table) for code in range(a, b + 1)}


@functools.cache
def _pictographic() -> frozenset[str]:
    return frozenset(chr(code) for a, b in ends(PICTOGRAPHIC) for code in range(a, b + 1))
