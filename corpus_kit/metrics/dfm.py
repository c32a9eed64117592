"""Quality metrics of Danish Foundation Models, first version (Enevoldsen et al. 2023, arXiv:2311.07264).

These follow the code of 2022 (archive_v1/src/dfm/cleaning), a Danish reading of Gopher with spaCy's tokens; here the
words are those of the document, and punctuation standing alone is no word, as there. The code compares sequences of
words in lower case, and misses the last one; here they are compared as they stand, all of them.
"""

from __future__ import annotations

from corpus_kit.doc import Doc, has_letter
from corpus_kit.metrics import metric
from corpus_kit.metrics.fineweb import plain_words
from corpus_kit.metrics.gopher import ELLIPSES
from corpus_kit.metrics.nordic_pile_repetition import covered_fraction

BULLETS = ("-", "*")


@metric("alpha_plain_word_fraction", kernel="alpha_plain_word_fraction", kind="fraction")
def alpha_plain_word_fraction(doc: Doc) -> float:
    """Fraction of the words that are not only punctuation with at least one letter, of any script.

    As `alpha_word_fraction`, but dashes and bullets standing alone do not pull it down. Without such words it is 0.

    >>> alpha_plain_word_fraction(Doc("- In 1999 – 2nd ed."))
    0.75
    """
    words = plain_words(doc)
    return sum(map(has_letter, words)) / len(words) if words else 0.0


@metric("dash_star_line_count", kernel="dash_star_line_count")
def dash_star_line_count(doc: Doc) -> float:
    """Number of lines that begin with - or * after any indentation.

    Items of lists in plain text.

    >>> dash_star_line_count(Doc("- item\\n  * item\\n• item\\nprose"))
    2
    """
    return sum(line.startswith(BULLETS) for line in doc.stripped_lines)


@metric("dash_star_line_fraction", kernel="dash_star_line_fraction", kind="fraction")
def dash_star_line_fraction(doc: Doc) -> float:
    """Fraction of lines that begin with - or * after any indentation.

    A page that is almost only bullets is a menu or a table of contents. Blank lines are no lines (in the code they
    are). Without lines it is 0.

    >>> dash_star_line_fraction(Doc("- item\\n  * item\\n• item\\nprose"))
    0.5
    """
    return dash_star_line_count(doc) / len(doc.lines) if doc.lines else 0.0


@metric("ellipsis_line_count", kernel="ellipsis_line_count")
def ellipsis_line_count(doc: Doc) -> float:
    """Number of lines that end in an ellipsis (... or …), trailing spaces aside.

    With `ellipsis_line_fraction`, for rules that leave a text alone with only a few of them.

    >>> ellipsis_line_count(Doc("The king said...\\nNew phone …  \\nA whole sentence.\\n\\n... and on"))
    2
    """
    return sum(line.endswith(ELLIPSES) for line in doc.stripped_lines)


@metric("copied_5gram_char_fraction", kernel="copied_5gram_char_fraction", kind="fraction")
def copied_5gram_char_fraction(doc: Doc) -> float:
    """Fraction of characters in sequences of 5 words that repeat an earlier one; the first copy does not count.

    Unlike `dup_5gram_char_fraction`, it looks at every sequence, also inside a copy, and counts spaces.
    One space between words counts, no character counts twice. Without copies it is 0.

    >>> copied_5gram_char_fraction(Doc("0 1 2 3 4 5 6 7 8 9 " * 2))
    0.475
    """
    return covered_fraction(doc, 5, first=False)


@metric("copied_6gram_char_fraction", kernel="copied_6gram_char_fraction", kind="fraction")
def copied_6gram_char_fraction(doc: Doc) -> float:
    """Fraction of characters in sequences of 6 words that repeat an earlier one; the first copy does not count.

    The longer the sequence, the less its repetition can be chance.
    One space between words counts, no character counts twice. Without copies it is 0.

    >>> copied_6gram_char_fraction(Doc("0 1 2 3 4 5 6 7 8 9 " * 2))
    0.475
    """
    return covered_fraction(doc, 6, first=False)


@metric("copied_7gram_char_fraction", kernel="copied_7gram_char_fraction", kind="fraction")
def copied_7gram_char_fraction(doc: Doc) -> float:
    """Fraction of characters in sequences of 7 words that repeat an earlier one; the first copy does not count.

    The longer the sequence, the less its repetition can be chance.
    One space between words counts, no character counts twice. Without copies it is 0.

    >>> copied_7gram_char_fraction(Doc("0 1 2 3 4 5 6 7 8 9 " * 2))
    0.475
    """
    return covered_fraction(doc, 7, first=False)


@metric("copied_8gram_char_fraction", kernel="copied_8gram_char_fraction", kind="fraction")
def copied_8gram_char_fraction(doc: Doc) -> float:
    """Fraction of characters in sequences of 8 words that repeat an earlier one; the first copy does not count.

    The longer the sequence, the less its repetition can be chance.
    One space between words counts, no character counts twice. Without copies it is 0.

    >>> copied_8gram_char_fraction(Doc("0 1 2 3 4 5 6 7 8 9 " * 2))
    0.475
    """
    return covered_fraction(doc, 8, first=False)


@metric("copied_9gram_char_fraction", kernel="copied_9gram_char_fraction", kind="fraction")
def copied_9gram_char_fraction(doc: Doc) -> float:
    """Fraction of characters in sequences of 9 words that repeat an earlier one; the first copy does not count.

    The longer the sequence, the less its repetition can be chance.
    One space between words counts, no character counts twice. Without copies it is 0.

    >>> copied_9gram_char_fraction(Doc("0 1 2 3 4 5 6 7 8 9 " * 2))
    0.475
    """
    return covered_fraction(doc, 9, first=False)


@metric("copied_10gram_char_fraction", kernel="copied_10gram_char_fraction", kind="fraction")
def copied_10gram_char_fraction(doc: Doc) -> float:
    """Fraction of characters in sequences of 10 words that repeat an earlier one; the first copy does not count.

    A copied passage counts whole, however many words it has beyond ten.
    One space between words counts, no character counts twice. Without copies it is 0.

    >>> copied_10gram_char_fraction(Doc("0 1 2 3 4 5 6 7 8 9 " * 2))
    0.475
    """
    return covered_fraction(doc, 10, first=False)
