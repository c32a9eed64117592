"""Quality metrics of the Nordic Pile (Öhman et al. 2023, arXiv:2303.17183).

These follow the code that made the corpus (timpal0l/nordic-pile). Lines are stripped of whitespace at both ends; words
are those between whitespace. Its repetition filter is in `nordic_pile_repetition`; its weighted list of flagged words
has no license, so flagged words are those of `roots`, which all weigh the same.
"""

from __future__ import annotations

import math

from corpus_kit.doc import Doc
from corpus_kit.kernels.characters import DIGITS, lower, pattern
from corpus_kit.kernels.measure import WordLists  # noqa: F401 - for the examples
from corpus_kit.metrics import metric

BULLETS = (">", "-", "•")
"""The signs that begin a quotation or an item of a list in the sources of the Nordic Pile."""

TOKEN_ENDS = '.,!?:;"'
"""What is stripped off a word before it is looked up among the stop words."""

_DIGIT = pattern(DIGITS)


@metric("char_count", kernel="char_count")
def char_count(doc: Doc) -> float:
    """Number of characters (code points), whitespace included.

    Unlike words, they can be counted in every script.

    >>> char_count(Doc("Så!\\n"))
    4
    """
    return doc.characters


@metric("typical_line_length", kernel="typical_line_length", kind="mean")
def typical_line_length(doc: Doc) -> float:
    """Mean of the mean and the median number of characters of a line, whitespace at both ends aside.

    Below 10 are menus, tables and text that was broken apart letter by letter. The median of an even number of lines
    is the mean of the two in the middle. Without lines it is 0.

    >>> typical_line_length(Doc("ab\\n  abcd  \\n\\nabcdefghi"))
    4.5
    """
    return _mean_and_median([len(line) for line in doc.stripped_lines])


@metric("typical_line_word_count", kernel="typical_line_word_count", kind="mean")
def typical_line_word_count(doc: Doc) -> float:
    """Mean of the mean and the median number of words of a line.

    Lists and menus have one or two words a line. Words are those between whitespace, whatever `words` says. The median
    of an even number of lines is the mean of the two in the middle. Without lines it is 0.

    >>> typical_line_word_count(Doc("one\\none two\\n\\none two three four"))
    2.166666666666667
    """
    return _mean_and_median([len(line.split()) for line in doc.lines])


@metric("digit_fraction", kernel="digit_fraction", kind="fraction")
def digit_fraction(doc: Doc) -> float:
    """Fraction of characters that are digits of any script, superscript and circled ones included (`str.isdigit`).

    Tables, price lists and logs. For an empty text it is 0.

    >>> digit_fraction(Doc("år 1999 m²"))
    0.5
    """
    return len(_DIGIT.findall(doc.text)) / doc.characters if doc.characters else 0.0


@metric("ellipsis_char_to_word_ratio", kernel="ellipsis_char_to_word_ratio", kind="ratio")
def ellipsis_char_to_word_ratio(doc: Doc) -> float:
    """Number of the character … a word; three dots do not count.

    Teasers and result lists cut every entry short. Without words it is 0.

    >>> ellipsis_char_to_word_ratio(Doc("read… more… and more..."))
    0.5
    """
    return doc.text.count("…") / len(doc.words) if doc.words else 0.0


@metric("stop_token_count", kernel="stop_token_count", needs="stop")
def stop_token_count(doc: Doc) -> float:
    """Number of words that are stop words of the document's language, in any case, punctuation at both ends aside.

    Unlike `stop_word_count`, the same word counts as often as it occurs. Stripped off are . , ! ? : ; and ". Listed
    words are compared as they stand, so they have to be in lower case. Words are those between whitespace, whatever
    `words` says. Undefined (NaN) where the stop words of the language are not known.

    >>> stop_token_count(Doc('To be, or "not to be"', lists=WordLists(stop=frozenset(["to", "be"]))))
    4
    """
    if doc.lists.stop is None:
        return math.nan
    return sum(token(word) in doc.lists.stop for word in doc.spaced_words)


@metric("stop_token_fraction", kernel="stop_token_fraction", kind="fraction", needs="stop")
def stop_token_fraction(doc: Doc) -> float:
    """Fraction of words that are stop words, counted as `stop_token_count` counts them.

    Differs from `stop_word_fraction` in that less is stripped off, and that bullets and numbers are words. Without
    words it is 0. Undefined (NaN) where the stop words of the language are not known.

    >>> stop_token_fraction(Doc('To be, or "not to be" (be)', lists=WordLists(stop=frozenset(["to", "be"]))))
    0.5714285714285714
    """
    if doc.lists.stop is None:
        return math.nan
    return stop_token_count(doc) / len(doc.spaced_words) if doc.spaced_words else 0.0


@metric("quote_bullet_line_count", kernel="quote_bullet_line_count")
def quote_bullet_line_count(doc: Doc) -> float:
    """Number of lines that begin with >, - or • after any indentation.

    Items of lists, and quoted replies.

    >>> quote_bullet_line_count(Doc("> quoted\\n  - item\\n• item\\n* item\\nprose"))
    3
    """
    return sum(line.startswith(BULLETS) for line in doc.stripped_lines)


@metric("quote_bullet_line_fraction", kernel="quote_bullet_line_fraction", kind="fraction")
def quote_bullet_line_fraction(doc: Doc) -> float:
    """Fraction of lines that begin with >, - or • after any indentation.

    A page that is almost only bullets is a menu or a table of contents. Without lines it is 0.

    >>> quote_bullet_line_fraction(Doc("> quoted\\n  - item\\n• item\\n* item\\nprose"))
    0.6
    """
    return _of_lines(doc, quote_bullet_line_count(doc))


@metric("ellipsis_char_line_count", kernel="ellipsis_char_line_count")
def ellipsis_char_line_count(doc: Doc) -> float:
    """Number of lines that end in the character …, trailing spaces aside; three dots do not count.

    Lists of teasers look like this.

    >>> ellipsis_char_line_count(Doc("The king said…\\nNew phone …  \\nAnd so on..."))
    2
    """
    return sum(line.endswith("…") for line in doc.stripped_lines)


@metric("ellipsis_char_line_fraction", kernel="ellipsis_char_line_fraction", kind="fraction")
def ellipsis_char_line_fraction(doc: Doc) -> float:
    """Fraction of lines that end in the character …, trailing spaces aside; three dots do not count.

    Lists of teasers look like this. Without lines it is 0.

    >>> ellipsis_char_line_fraction(Doc("The king said…\\nNew phone …  \\nAnd so on...\\nEnd."))
    0.5
    """
    return _of_lines(doc, ellipsis_char_line_count(doc))


def token(word: str) -> str:
    """The word as stop words are looked up: in lower case, without the punctuation that stands at both ends.

    >>> token('"And,')
    'and'
    """
    return lower(word).strip(TOKEN_ENDS)


def _mean_and_median(lengths: list[int]) -> float:
    if not lengths:
        return 0.0
    ordered = sorted(lengths)
    middle = len(ordered) // 2
    median = (ordered[middle] + ordered[~middle]) / 2  # the same one twice if their number is odd
    return (sum(ordered) / len(ordered) + median) / 2


def _of_lines(doc: Doc, count: float) -> float:
    return count / len(doc.lines) if doc.lines else 0.0
