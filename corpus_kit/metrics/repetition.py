"""Repetition metrics of Gopher (Rae et al. 2021, arXiv:2112.11446, appendix A1.1, table A1).

How much of a text repeats itself. These follow datatrove's `GopherRepetitionFilter`, on the words, lines and paragraphs
of `corpus_kit.doc`. A **duplicate** is a second or later copy: the first one does not count. Lines and paragraphs
are compared as they stand. Character fractions are of the whole text, whitespace included.
"""

from __future__ import annotations

from collections import Counter

from corpus_kit.doc import Doc
from corpus_kit.metrics import metric


def duplicates(items: list[str]) -> tuple[int, int]:
    """How many items are copies of an earlier one, and how many characters those copies have.

    >>> duplicates(["ab", "c", "ab", "ab"])
    (2, 4)
    """
    seen: set[str] = set()
    copies = characters = 0
    for item in items:
        if item in seen:
            copies += 1
            characters += len(item)
        else:
            seen.add(item)
    return copies, characters


def top_ngram_fraction(doc: Doc, n: int) -> float:
    """Characters of the most frequent n-gram, times its count, as a fraction of all characters; 0 if there is none.

    The characters of an n-gram include one space between words. Among equally frequent n-grams the first in the text
    is taken, and one that occurs only once counts too, as in datatrove. Occurrences may overlap, so the value
    can exceed 1.

    >>> top_ngram_fraction(Doc("ho ho ho"), 2)
    1.25
    """
    counts = Counter(doc.ngrams(n))
    if not counts:
        return 0.0
    ngram, count = max(counts.items(), key=lambda item: item[1])  # max keeps the first of equals
    return (sum(map(len, ngram)) + n - 1) * count / doc.characters


def dup_ngram_fraction(doc: Doc, n: int) -> float:
    """Characters of words in duplicate n-grams, as a fraction of all characters; 0 if there are none.

    The text is read from left to right. Where the n words ahead were met before, their characters count and reading
    goes on after them; elsewhere they are remembered and reading goes on one word further. So no word counts
    twice, and n-grams inside a counted copy are not remembered. Spaces between words do not count.

    >>> dup_ngram_fraction(Doc("a b c a b c!"), 2)
    0.16666666666666666
    """
    ngrams = list(doc.ngrams(n))
    if len(set(ngrams)) == len(ngrams):
        return 0.0
    seen: set[tuple[str, ...]] = set()
    characters = position = 0
    while position < len(ngrams):
        ngram = ngrams[position]
        if ngram in seen:
            characters += sum(map(len, ngram))
            position += n
        else:
            seen.add(ngram)
            position += 1
    return characters / doc.characters


@metric("dup_line_fraction", kernel="dup_line_fraction", kind="fraction")
def dup_line_fraction(doc: Doc) -> float:
    """Fraction of lines that repeat an earlier line.

    Navigation, boilerplate and forum signatures come again and again. Without lines it is 0.

    >>> dup_line_fraction(Doc("Home\\nNews\\nHome\\n\\nHome"))
    0.5
    """
    return duplicates(doc.lines)[0] / len(doc.lines) if doc.lines else 0.0


@metric("dup_line_char_fraction", kernel="dup_line_char_fraction", kind="fraction")
def dup_line_char_fraction(doc: Doc) -> float:
    """Fraction of characters that stand in lines repeating an earlier line.

    Tells a few long repeated lines from many short ones. For an empty text it is 0.

    >>> dup_line_char_fraction(Doc("Home\\nNews\\nHome\\n\\nHome"))
    0.4
    """
    return _of_characters(doc, duplicates(doc.lines)[1])


@metric("dup_paragraph_fraction", kernel="dup_paragraph_fraction", kind="fraction")
def dup_paragraph_fraction(doc: Doc) -> float:
    """Fraction of paragraphs that repeat an earlier paragraph.

    A page extracted twice, or a disclaimer after every post. Without paragraphs it is 0.

    >>> dup_paragraph_fraction(Doc("Buy now!\\n\\nA story.\\n\\nBuy now!\\n\\nThe end."))
    0.25
    """
    return duplicates(doc.paragraphs)[0] / len(doc.paragraphs) if doc.paragraphs else 0.0


@metric("dup_paragraph_char_fraction", kernel="dup_paragraph_char_fraction", kind="fraction")
def dup_paragraph_char_fraction(doc: Doc) -> float:
    """Fraction of characters that stand in paragraphs repeating an earlier paragraph.

    The newline inside a paragraph is one of its characters. For an empty text it is 0.

    >>> dup_paragraph_char_fraction(Doc("ab\\ncd\\n\\nxxxx\\n\\n\\n\\nab\\ncd"))
    0.25
    """
    return _of_characters(doc, duplicates(doc.paragraphs)[1])


def _of_characters(doc: Doc, count: int) -> float:
    return count / doc.characters if doc.characters else 0.0


@metric("top_2gram_char_fraction", kernel="top_2gram_char_fraction", kind="fraction")
def top_2gram_char_fraction(doc: Doc) -> float:
    """Fraction of characters in the most frequent sequence of 2 words, all its occurrences together.

    One phrase that fills a page is an advertisement or a broken template.
    Counted is the first of the most frequent, single spaces included; overlapping occurrences all count, so it can
    exceed 1. Without so many words it is 0.

    >>> top_2gram_char_fraction(Doc("0 1 2 3 4 5 6 7 8 9 " * 2))
    0.15
    """
    return top_ngram_fraction(doc, 2)


@metric("top_3gram_char_fraction", kernel="top_3gram_char_fraction", kind="fraction")
def top_3gram_char_fraction(doc: Doc) -> float:
    """Fraction of characters in the most frequent sequence of 3 words, all its occurrences together.

    Longer phrases repeat less in good text, so the bound falls with n.
    Counted is the first of the most frequent, single spaces included; overlapping occurrences all count, so it can
    exceed 1. Without so many words it is 0.

    >>> top_3gram_char_fraction(Doc("0 1 2 3 4 5 6 7 8 9 " * 2))
    0.25
    """
    return top_ngram_fraction(doc, 3)


@metric("top_4gram_char_fraction", kernel="top_4gram_char_fraction", kind="fraction")
def top_4gram_char_fraction(doc: Doc) -> float:
    """Fraction of characters in the most frequent sequence of 4 words, all its occurrences together.

    Four words that fill a page are hardly ever prose.
    Counted is the first of the most frequent, single spaces included; overlapping occurrences all count, so it can
    exceed 1. Without so many words it is 0.

    >>> top_4gram_char_fraction(Doc("0 1 2 3 4 5 6 7 8 9 " * 2))
    0.35
    """
    return top_ngram_fraction(doc, 4)


@metric("dup_5gram_char_fraction", kernel="dup_5gram_char_fraction", kind="fraction")
def dup_5gram_char_fraction(doc: Doc) -> float:
    """Fraction of characters in sequences of 5 words that occurred before.

    Text that repeats itself in stretches of five words or more is generated, scraped or copied.
    Read from the left; a copy is counted without its spaces and passed over as a whole. Without copies it is 0.

    >>> dup_5gram_char_fraction(Doc("0 1 2 3 4 5 6 7 8 9 " * 2))
    0.25
    """
    return dup_ngram_fraction(doc, 5)


@metric("dup_6gram_char_fraction", kernel="dup_6gram_char_fraction", kind="fraction")
def dup_6gram_char_fraction(doc: Doc) -> float:
    """Fraction of characters in sequences of 6 words that occurred before.

    The longer the sequence, the less its repetition can be chance.
    Read from the left; a copy is counted without its spaces and passed over as a whole. Without copies it is 0.

    >>> dup_6gram_char_fraction(Doc("0 1 2 3 4 5 6 7 8 9 " * 2))
    0.15
    """
    return dup_ngram_fraction(doc, 6)


@metric("dup_7gram_char_fraction", kernel="dup_7gram_char_fraction", kind="fraction")
def dup_7gram_char_fraction(doc: Doc) -> float:
    """Fraction of characters in sequences of 7 words that occurred before.

    The longer the sequence, the less its repetition can be chance.
    Read from the left; a copy is counted without its spaces and passed over as a whole. Without copies it is 0.

    >>> dup_7gram_char_fraction(Doc("0 1 2 3 4 5 6 7 8 9 " * 2))
    0.175
    """
    return dup_ngram_fraction(doc, 7)


@metric("dup_8gram_char_fraction", kernel="dup_8gram_char_fraction", kind="fraction")
def dup_8gram_char_fraction(doc: Doc) -> float:
    """Fraction of characters in sequences of 8 words that occurred before.

    The longer the sequence, the less its repetition can be chance.
    Read from the left; a copy is counted without its spaces and passed over as a whole. Without copies it is 0.

    >>> dup_8gram_char_fraction(Doc("0 1 2 3 4 5 6 7 8 9 " * 2))
    0.2
    """
    return dup_ngram_fraction(doc, 8)


@metric("dup_9gram_char_fraction", kernel="dup_9gram_char_fraction", kind="fraction")
def dup_9gram_char_fraction(doc: Doc) -> float:
    """Fraction of characters in sequences of 9 words that occurred before.

    The longer the sequence, the less its repetition can be chance.
    Read from the left; a copy is counted without its spaces and passed over as a whole. Without copies it is 0.

    >>> dup_9gram_char_fraction(Doc("0 1 2 3 4 5 6 7 8 9 " * 2))
    0.225
    """
    return dup_ngram_fraction(doc, 9)


@metric("dup_10gram_char_fraction", kernel="dup_10gram_char_fraction", kind="fraction")
def dup_10gram_char_fraction(doc: Doc) -> float:
    """Fraction of characters in sequences of 10 words that occurred before.

    A tenth of a text in repeated sequences of ten words is boilerplate or copies.
    Read from the left; a copy is counted without its spaces and passed over as a whole. Without copies it is 0.

    >>> dup_10gram_char_fraction(Doc("0 1 2 3 4 5 6 7 8 9 " * 2))
    0.25
    """
    return dup_ngram_fraction(doc, 10)
