"""What metrics count in a text: words, n-grams, lines, paragraphs, characters.

These few definitions are the specification of every metric, and the oracle its compiled version is tested against, so
each says exactly what it means. A **character** is a Unicode code point. **Whitespace** is what `str.isspace` says.
Character classes and lower case come from the tables of `corpus_kit.kernels.characters`, never from the running Python.
They follow datatrove's Gopher filters, which most published recipes use, and differ from them on purpose in four ways:

- Words are separated by whitespace, or are those of UAX #29 (`words="unicode"`). datatrove asks a word tokenizer of the
  language (spaCy and others), which makes punctuation words of its own; then a number depends on the tokenizer's
  version, and costs most of the time.
- An n-gram is a tuple of words. datatrove joins the words of the longer ones without a separator, so that
  `ab c` and `a bc` count as the same.
- A line is what stands between newlines (U+000A) and is not blank. datatrove counts empty lines in some rules and, in
  others, an empty piece before the first and after the last newline.
- A paragraph is a run of lines with no blank line between them, also if the blank line holds spaces.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import groupby, islice

from corpus_kit.kernels.characters import LETTERS, SPECIAL, lower, pattern
from corpus_kit.kernels.measure import WordLists
from corpus_kit.segmentation import Words, unicode_words


class Doc:
    """One text, cut into what metrics count; each cut is made once, when first asked for.

    `lists` are the word lists of the text's language; `words` says what `Doc.words` are.

    >>> doc = Doc("One two\\nthree\\n \\nfour")
    >>> doc.words
    ['One', 'two', 'three', 'four']
    >>> doc.lines
    ['One two', 'three', 'four']
    >>> doc.paragraphs
    ['One two\\nthree', 'four']
    >>> doc.characters
    20
    """

    def __init__(self, text: str, *, lists: WordLists = WordLists(), words: Words = "whitespace"):  # noqa: B008
        self.text = text
        self.lists = lists
        self.segmentation: Words = words

    @property
    def characters(self) -> int:
        """Number of code points of the whole text, whitespace included: what character fractions are fractions of."""
        return len(self.text)

    @cached_property
    def words(self) -> list[str]:
        """The words, in order, as the document was asked to find them.

        By default what `Doc.spaced_words` says, so punctuation stays attached; with `words="unicode"` the segments of
        UAX #29 that hold a letter or a digit, so there is none.

        >>> Doc("  Is it? - Yes…\\u00a0no\\n").words
        ['Is', 'it?', '-', 'Yes…', 'no']
        >>> Doc("  Is it? - Yes…\\u00a0no\\n", words="unicode").words
        ['Is', 'it', 'Yes', 'no']
        """
        return unicode_words(self.text) if self.segmentation == "unicode" else self.spaced_words

    @cached_property
    def spaced_words(self) -> list[str]:
        """Maximal runs of characters that are not whitespace, in order, whatever `words` says."""
        return self.text.split()

    @cached_property
    def bare_words(self) -> list[str]:
        """Whitespace-separated words in lower case, without special characters at both ends; empty ones are left out.

        So ROOTS counts and compares words. Special are ASCII digits and punctuation, emoji, and the signs of a list.

        >>> Doc("«Is it?» - YES! 1999 3. no-one 🙂").bare_words
        ['is', 'it', 'yes', 'no-one']
        """
        stripped = (bare(lower(word)) for word in self.spaced_words)
        return [word for word in stripped if word]

    def ngrams(self, n: int) -> Iterator[tuple[str, ...]]:
        """Every `n` consecutive words, also across lines; none if the text has fewer.

        >>> list(Doc("a b c").ngrams(2))
        [('a', 'b'), ('b', 'c')]
        """
        return ngrams(self.words, n)

    @cached_property
    def lines(self) -> list[str]:
        """Pieces between newlines that are not blank, as they stand (indentation and trailing spaces included).

        >>> Doc("\\n a \\n\\n\\t\\nb").lines
        [' a ', 'b']
        """
        return [line for line in self.text.split("\n") if not is_blank(line)]

    @cached_property
    def stripped_lines(self) -> list[str]:
        """The same lines without whitespace at both ends.

        >>> Doc("\\n a \\n\\n\\t\\nb").stripped_lines
        ['a', 'b']
        """
        return [line.strip() for line in self.lines]

    @cached_property
    def paragraphs(self) -> list[str]:
        """Runs of lines without a blank line between them, as they stand.

        >>> Doc("a\\nb\\n\\n\\nc\\n \\nd\\n").paragraphs
        ['a\\nb', 'c', 'd']
        """
        runs = groupby(self.text.split("\n"), key=is_blank)
        return ["\n".join(run) for blank, run in runs if not blank]


def ngrams(items: Sequence[str], n: int) -> Iterator[tuple[str, ...]]:
    """Every `n` consecutive items; none if there are fewer.

    >>> list(ngrams("abcd", 3))
    [('a', 'b', 'c'), ('b', 'c', 'd')]
    """
    return zip(*(islice(items, start, None) for start in range(n)), strict=False)


def is_blank(line: str) -> bool:
    """Whether a line is empty or only whitespace."""
    return not line or line.isspace()


LETTER = pattern(LETTERS)


def has_letter(word: str) -> bool:
    """Whether some character is alphabetic (`str.isalpha`: Unicode categories Lu, Ll, Lt, Lm, Lo).

    Which characters are is read from the table that the kernels use too, so that it does not depend on the version of
    Python.

    >>> [has_letter(word) for word in ["2nd", "1999", "ᚠ", "語", "²", "..."]]
    [True, False, True, True, False, False]
    """
    return LETTER.search(word) is not None


ORDINARY = pattern(SPECIAL, but=True)


def bare(word: str) -> str:
    """The word without special characters at both ends.

    >>> [bare(word) for word in ["(and)", "don't", "#1", "å"]]
    ['and', "don't", '', 'å']
    """
    first = ORDINARY.search(word)
    if first is None:
        return ""
    end = len(word)
    while not ORDINARY.match(word, end - 1):
        end -= 1
    return word[first.start() : end]
