"""Quality metrics of Gopher (Rae et al. 2021, arXiv:2112.11446, appendix A1.1).

The paper gives one sentence a rule; where it leaves room, these follow datatrove's `GopherQualityFilter`, on the words
and lines of `corpus_kit.doc`. datatrove also leaves words that are nothing but punctuation out of the word count and
the mean word length; here such a word is a word.
"""

from __future__ import annotations

import math
from collections import Counter

from corpus_kit.doc import Doc, has_letter
from corpus_kit.kernels.measure import WordLists  # noqa: F401 - for the examples
from corpus_kit.metrics import metric

BULLETS = ("•", "-")
"""As datatrove has it; the paper says "a bullet point"."""

ELLIPSES = ("...", "…")


@metric("word_count", kernel="word_count")
def word_count(doc: Doc) -> float:
    """Number of whitespace-separated words.

    Shorter pages are mostly menus and stubs; longer ones are dumps and logs.

    >>> word_count(Doc("one two three"))
    3
    """
    return len(doc.words)


@metric("mean_word_length", kernel="mean_word_length", kind="mean")
def mean_word_length(doc: Doc) -> float:
    """Mean number of characters of a word, attached punctuation included.

    Prose lies between 4 and 7 in most European languages. Far below are tables and spaced-out letters; far above are
    lists of addresses, encoded data, and text that lost its spaces. Without words it is 0.

    >>> mean_word_length(Doc("one two, three"))
    4.0
    """
    if not doc.words:
        return 0.0
    return sum(map(len, doc.words)) / len(doc.words)


@metric("hash_to_word_ratio", kernel="hash_to_word_ratio", kind="ratio")
def hash_to_word_ratio(doc: Doc) -> float:
    """Number of hash signs (#) a word.

    Tag clouds, code comments and unrendered markup are full of them. Without words it is 0.

    >>> hash_to_word_ratio(Doc("#one #two three c##"))
    1.0
    """
    return _per_word(doc, doc.text.count("#"))


@metric("ellipsis_to_word_ratio", kernel="ellipsis_to_word_ratio", kind="ratio")
def ellipsis_to_word_ratio(doc: Doc) -> float:
    """Number of ellipses (three dots in a row, or the character …) a word.

    Teasers and result lists cut every entry short. Runs of dots are counted in threes, from the left.
    Without words it is 0.

    >>> ellipsis_to_word_ratio(Doc("read more... and… more ......"))
    0.8
    """
    return _per_word(doc, sum(doc.text.count(ellipsis) for ellipsis in ELLIPSES))


@metric("bullet_line_fraction", kernel="bullet_line_fraction", kind="fraction")
def bullet_line_fraction(doc: Doc) -> float:
    """Fraction of lines that begin with a bullet (• or -) after any indentation.

    A page that is almost only bullets is a menu or a table of contents. Without lines it is 0.

    >>> bullet_line_fraction(Doc("Fruit:\\n- apple\\n  • pear\\n\\nThat is all."))
    0.5
    """
    return _of_lines(doc, sum(line.lstrip().startswith(BULLETS) for line in doc.lines))


@metric("ellipsis_line_fraction", kernel="ellipsis_line_fraction", kind="fraction")
def ellipsis_line_fraction(doc: Doc) -> float:
    """Fraction of lines that end in an ellipsis (... or …), trailing spaces aside.

    Lists of teasers look like this. Without lines it is 0.

    >>> ellipsis_line_fraction(Doc("The king said...\\nNew phone …  \\nA whole sentence.\\n\\n... and on"))
    0.5
    """
    return _of_lines(doc, sum(line.rstrip().endswith(ELLIPSES) for line in doc.lines))


@metric("alpha_word_fraction", kernel="alpha_word_fraction", kind="fraction")
def alpha_word_fraction(doc: Doc) -> float:
    """Fraction of words with at least one letter, of any script.

    Tables of numbers and ASCII drawings have few. Without words it is 0.

    >>> alpha_word_fraction(Doc("In 1999 - 2nd ed."))
    0.6
    """
    return _per_word(doc, sum(count for word, count in Counter(doc.words).items() if has_letter(word)))


@metric("stop_word_count", kernel="stop_word_count", needs="stop")
def stop_word_count(doc: Doc) -> float:
    """How many different stop words of the document's language occur, as words of their own, in the case listed.

    Running text cannot do without them; lists of names and of keywords can. The same word twice counts once, as in
    datatrove (the paper: "at least two of the following English words"). A stop word with punctuation attached does
    not count. Undefined (NaN) where the stop words of the language are not known.

    >>> stop_word_count(Doc("to be or not to be, that", lists=WordLists(frozenset(["to", "be", "that", "with"]))))
    3
    """
    if doc.lists.stop is None:
        return math.nan
    return len(doc.lists.stop.intersection(doc.words))


def _per_word(doc: Doc, count: int) -> float:
    return count / len(doc.words) if doc.words else 0.0


def _of_lines(doc: Doc, count: int) -> float:
    return count / len(doc.lines) if doc.lines else 0.0
