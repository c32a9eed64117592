"""Document rules of C4 (Raffel et al. 2020, arXiv:1910.10683, section 2.2) and mC4 (Xue et al. 2021, arXiv:2010.11934).

What C4 does to lines (terminal punctuation, fewer than three words, Javascript, policy phrases, citations, words of
more than 1000 characters) is the `clean` stage; it comes before these rules.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from corpus_kit.doc import Doc
from corpus_kit.kernels.characters import DIGITS, END_MARKS, LETTERS, LOWERCASE, inside, pattern
from corpus_kit.metrics import metric

LONG_LINE = 200
"""Characters of a line that mC4 takes for a paragraph."""

OPENING = "\"'“”„‟‘’‚‛«»‹›([{¿¡"
CLOSING = "\"'“”„‟‘’‚‛«»‹›)]}"
_MARKS = f"{inside(END_MARKS)}…"
_END = re.compile(
    rf"(?<![{_MARKS}])(?P<marks>[{_MARKS}]++)[{re.escape(CLOSING)}]*+\s++[{re.escape(OPENING)}]*+(?P<next>\S|$)"
)
_NO_BEGINNING = pattern(LOWERCASE, DIGITS)
_LETTER = pattern(LETTERS)
_CONTENT = pattern(LETTERS, DIGITS)
_LOREM_IPSUM = re.compile("lorem ipsum", re.IGNORECASE | re.ASCII)


@metric("sentence_count", kernel="sentence_count")
def sentence_count(doc: Doc) -> float:
    """Number of sentences.

    Menus, lists of links and error pages hold hardly any. C4 asks the Punkt model of a language for them; here is one
    rule for all, which looks at no list of words. No sentence crosses a line. A line is cut at every end: a run of end
    marks (. ? ! … and those of other scripts), any closing quotes or brackets, whitespace, any opening quotes or
    brackets. It is not cut where a digit or a lower-case letter follows, nor where the run is one full stop that ends
    an abbreviation, initial or ordinal: behind one letter with nothing, whitespace, an opening sign or a full stop
    before it, or one or two ASCII digits with nothing, whitespace or an opening sign before them. Pieces with a letter
    or a digit are sentences.

    >>> sentence_count(Doc("J. R. Jensen kom d. 3. maj med bl.a. Ole. «Er du der?» Ja!\\n- Menu\\n---"))
    4
    """
    return sum(_sentences(line) for line in doc.lines)


def sentence_ends(line: str) -> Iterator[re.Match[str]]:
    """Where sentences of a line end, as `sentence_count` says: matches with the groups `marks` and `next`.

    >>> [end["marks"] for end in sentence_ends("Kl. 10. Så?! J. Å. går… «nej» sa han. Ja.")]
    ['?!', '.']
    """
    return (end for end in _END.finditer(line) if _ends_sentence(line, end))


def _sentences(line: str) -> int:
    count = begin = 0
    for end in sentence_ends(line):
        count += _CONTENT.search(line, begin, end.start()) is not None
        begin = end.start()
    return count + (_CONTENT.search(line, begin) is not None)


def _ends_sentence(line: str, end: re.Match[str]) -> bool:
    return not _NO_BEGINNING.match(end["next"]) and (
        end["marks"] != "." or not _is_short(line[max(0, end.start() - 4) : end.start()])
    )


def _is_short(before: str) -> bool:
    """Whether what stands before a full stop ends in one letter, or in one or two digits, standing alone."""
    if before and _LETTER.match(before[-1]):
        return _stands_alone(before[:-1], also=".")
    digits = len(before) - len(before.rstrip("0123456789"))
    return digits in (1, 2) and _stands_alone(before[:-digits])


def _stands_alone(before: str, also: str = "") -> bool:
    return not before or before[-1].isspace() or before[-1] in OPENING + also


@metric("opening_brace_count", kernel="opening_brace_count")
def opening_brace_count(doc: Doc) -> float:
    """Number of opening curly brackets, {.

    They belong to programs and unrendered templates, hardly ever to prose.

    >>> opening_brace_count(Doc("function f() { return {} }"))
    2
    """
    return doc.text.count("{")


@metric("lorem_ipsum_count", kernel="lorem_ipsum_count")
def lorem_ipsum_count(doc: Doc) -> float:
    """Number of times "lorem ipsum" occurs, in upper or lower case ASCII letters, with one space.

    Placeholder text of pages that nobody has filled in.

    >>> lorem_ipsum_count(Doc("Lorem ipsum dolor. LOREM IPSUM! lorem  ipsum"))
    2
    """
    return len(_LOREM_IPSUM.findall(doc.text))


@metric("longest_word_length", kernel="longest_word_length")
def longest_word_length(doc: Doc) -> float:
    """Number of characters of the longest whitespace-separated word, attached punctuation included.

    Encoded data and text that lost its spaces have words that no language has. Without words it is 0.
    Words are those between whitespace, whatever `words` says.

    >>> longest_word_length(Doc("a word, longer"))
    6
    """
    return max(map(len, doc.spaced_words), default=0)


@metric("long_line_count", kernel="long_line_count")
def long_line_count(doc: Doc) -> float:
    """Number of lines of 200 characters or more, indentation and trailing spaces included.

    mC4 asks for three of them: the paragraphs of an article.

    >>> long_line_count(Doc("x" * 200 + "\\n" + "y" * 199))
    1
    """
    return sum(len(line) >= LONG_LINE for line in doc.lines)
