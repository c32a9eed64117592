"""Quality metrics of FineWeb (Penedo et al. 2024, arXiv:2406.17557, section 3.6), as its library datatrove has them.

And what datatrove's own reading of Gopher, which FineWeb and FineWeb-2 were filtered with, counts differently: words
that are nothing but punctuation are no words for the number of words and their mean length.
"""

from __future__ import annotations

from corpus_kit.doc import Doc
from corpus_kit.kernels.characters import END_MARKS, SIGNS, pattern
from corpus_kit.metrics import metric
from corpus_kit.metrics.repetition import duplicates

SHORT_LINE = 30
"""Characters up to which a line is short: datatrove's `short_line_length`."""

_ENDS_WELL = pattern(END_MARKS)
_NO_SIGN = pattern(SIGNS, but=True)


@metric("terminal_line_fraction", kernel="terminal_line_fraction", kind="fraction")
def terminal_line_fraction(doc: Doc) -> float:
    """Fraction of lines whose last character ends a sentence, in any script.

    Prose stands in lines that end like this; menus and lists do not. The 159 characters are datatrove's list; quotes,
    brackets, … and a space after the full stop are not in it. Without lines it is 0.

    >>> terminal_line_fraction(Doc("Home\\nA sentence.\\n\\nReally?\\n“Yes.”"))
    0.5
    """
    return _of_lines(doc, sum(_ends_well(line) for line in doc.lines))


@metric("short_line_fraction", kernel="short_line_fraction", kind="fraction")
def short_line_fraction(doc: Doc) -> float:
    """Fraction of lines of at most 30 characters, indentation and trailing spaces included.

    Lists, menus and tables are full of them, and so is verse. Without lines it is 0.

    >>> short_line_fraction(Doc("Home\\nNews\\nA line of prose goes on for more than thirty characters."))
    0.6666666666666666
    """
    return _of_lines(doc, sum(len(line) <= SHORT_LINE for line in doc.lines))


@metric("dup_line_inner_char_fraction", kernel="dup_line_inner_char_fraction", kind="fraction")
def dup_line_inner_char_fraction(doc: Doc) -> float:
    """Fraction of the characters other than newlines that stand in lines repeating an earlier line.

    As `dup_line_char_fraction`, which is of all characters: differs where there are many lines. Without such
    characters it is 0.

    >>> dup_line_inner_char_fraction(Doc("ab\\ncdef\\nab\\n\\n"))
    0.25
    """
    characters = doc.characters - doc.text.count("\n")
    return duplicates(doc.lines)[1] / characters if characters else 0.0


@metric("newline_to_word_ratio", kernel="newline_to_word_ratio", kind="ratio")
def newline_to_word_ratio(doc: Doc) -> float:
    """Number of newlines a word, blank lines and the end of the last line included.

    One word a line is a list. Without words it is 0.

    >>> newline_to_word_ratio(Doc("one two\\nthree\\n\\nfour"))
    0.75
    """
    return doc.text.count("\n") / len(doc.words) if doc.words else 0.0


@metric("plain_word_count", kernel="plain_word_count")
def plain_word_count(doc: Doc) -> float:
    """Number of words that are not only punctuation.

    Unlike `word_count`, dashes and bullets standing alone are no words. Punctuation is what datatrove lists: ASCII
    punctuation, some quotes, dashes and full-width signs, control characters, and the ends of sentences in any script.

    >>> plain_word_count(Doc("- one, two – ... 3"))
    3
    """
    return len(plain_words(doc))


@metric("mean_plain_word_length", kernel="mean_plain_word_length", kind="mean")
def mean_plain_word_length(doc: Doc) -> float:
    """Mean number of characters of the words that are not only punctuation, attached punctuation included.

    As `mean_word_length`, but dashes and bullets standing alone do not pull it down. Without such words it is 0.

    >>> mean_plain_word_length(Doc("- one, two – ... 3456"))
    3.6666666666666665
    """
    words = plain_words(doc)
    return sum(map(len, words)) / len(words) if words else 0.0


def plain_words(doc: Doc) -> list[str]:
    """The document's words without those that are only punctuation."""
    return [word for word in doc.words if _NO_SIGN.search(word)]


def _ends_well(line: str) -> bool:
    return _ENDS_WELL.match(line[-1]) is not None


def _of_lines(doc: Doc, count: int) -> float:
    return count / len(doc.lines) if doc.lines else 0.0
