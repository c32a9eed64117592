"""Cleaning metrics of the Norwegian Colossal Corpus (Kummervold et al. 2022, LREC, pages 3852-3860).

These follow its code (NbAiLab/notram, corpus_generation_scripts/clean.py), which judges paragraphs; here they are of a
document. What it edits (collapsed whitespace, the cut after the last end of a sentence) is the `clean` stage. Pieces of
text are cut at whitespace and at . , ; ( ) ! : and /; words are those between whitespace, whatever `words` says.
"""

from __future__ import annotations

import re

from corpus_kit.doc import Doc
from corpus_kit.kernels.characters import LETTERS, inside
from corpus_kit.metrics import metric

END_SIGNS = ".;:?)!*\"'"
"""Where the code lets a paragraph end; its emoticons and the letters `tml` are left out."""

_CUTS = re.compile(r"[\s.,;()!:/]")
_ONLY_LETTERS = re.compile(f"[{inside(LETTERS)}]{{2,}}")


@metric("letter_piece_count", kernel="letter_piece_count")
def letter_piece_count(doc: Doc) -> float:
    """Number of pieces of two or more letters and nothing else, cut at whitespace and at . , ; ( ) ! : and /.

    Misread scans have few: their words are full of digits and signs.

    >>> letter_piece_count(Doc("Og/eller (i 1905): b1om, sm@ ord-for-ord, slutt."))
    3
    """
    return sum(_ONLY_LETTERS.fullmatch(piece) is not None for piece in _pieces(doc))


@metric("long_piece_count", kernel="long_piece_count")
def long_piece_count(doc: Doc) -> float:
    """Number of pieces of two or more characters, cut at whitespace and at . , ; ( ) ! : and /.

    Misread scans fall apart into single characters.

    >>> long_piece_count(Doc("Og/eller (i 1905): b 1 o m, slutt."))
    4
    """
    return sum(len(piece) > 1 for piece in _pieces(doc))


@metric("longest_plain_word_length", kernel="longest_plain_word_length")
def longest_plain_word_length(doc: Doc) -> float:
    """Number of characters of the longest word without http, / and -, attached punctuation included.

    Addresses and compounds with hyphens may be long; another long word is a misread line. Without such words it is 0.

    >>> longest_plain_word_length(Doc("se https://www.nb.no/samlingen og nord-norsk, takk"))
    4
    """
    words = (word for word in doc.spaced_words if not ("http" in word or "/" in word or "-" in word))
    return max(map(len, words), default=0)


@metric("brace_count", kernel="brace_count")
def brace_count(doc: Doc) -> float:
    """Number of curly brackets, { and }.

    They belong to programs and unrendered templates, hardly ever to prose.

    >>> brace_count(Doc("{{mal}}"))
    4
    """
    return doc.text.count("{") + doc.text.count("}")


@metric("replacement_char_count", kernel="replacement_char_count")
def replacement_char_count(doc: Doc) -> float:
    """Number of replacement characters (U+FFFD).

    Each is a letter that somebody decoded in the wrong encoding and lost.

    >>> replacement_char_count(Doc("bl\\ufffdb\\ufffdr"))
    2
    """
    return doc.text.count("\ufffd")


@metric("end_sign_count", kernel="end_sign_count")
def end_sign_count(doc: Doc) -> float:
    """Number of characters a sentence may end with: . ; : ? ) ! * " and '.

    A text without any is a list of words.

    >>> end_sign_count(Doc("Ja! (Nei?)"))
    3
    """
    return sum(map(doc.text.count, END_SIGNS))


def _pieces(doc: Doc) -> list[str]:
    return _CUTS.split(doc.text)
