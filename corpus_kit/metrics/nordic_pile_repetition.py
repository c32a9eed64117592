"""Repetition metrics of the Nordic Pile (Öhman et al. 2023, arXiv:2303.17183).

Unlike in `repetition`, **all copies count, the first included**. Two metrics called `..._as_published` do what its code
(timpal0l/nordic-pile) does where that is not what it says; the rest do what it says.
"""

from __future__ import annotations

import math
from collections import Counter

from corpus_kit.doc import Doc, ngrams
from corpus_kit.metrics import metric
from corpus_kit.metrics.roots import char_10gram_counts, top_share


def all_copies(items: list[str]) -> tuple[int, int]:
    """How many items occur more than once, every occurrence counted, and how many characters they have.

    >>> all_copies(["ab", "c", "ab", "ab"])
    (3, 6)
    """
    counts = Counter(items)
    copies = [item for item in items if counts[item] > 1]
    return len(copies), sum(map(len, copies))


def covered_fraction(doc: Doc, n: int, *, first: bool) -> float:
    """Characters under sequences of n words that occur more than once, as a fraction of all characters.

    Counted are the characters of every word in such a sequence, and one for each gap inside one; nothing counts twice,
    also where sequences overlap. With `first`, all occurrences count, else only those that repeat an earlier one.

    >>> covered_fraction(Doc("a b c a b"), 2, first=True), covered_fraction(Doc("a b c a b"), 2, first=False)
    (0.6666666666666666, 0.3333333333333333)
    """
    found = list(doc.ngrams(n))
    counts = Counter(found)
    seen: set[tuple[str, ...]] = set()
    characters = end = 0  # the words before `end` are counted, if they are to be
    for start, ngram in enumerate(found):
        if counts[ngram] > 1 and (first or ngram in seen):
            begin = max(start, end)
            end = start + n
            characters += sum(map(len, doc.words[begin:end])) + (end - begin) - (begin == start)
        seen.add(ngram)
    return characters / doc.characters if characters else 0.0


def top_count(doc: Doc, n: int) -> int:
    """How often the most frequent sequence of n words occurs; 0 if there is none."""
    return max(Counter(doc.ngrams(n)).values(), default=0)


@metric("all_dup_line_fraction", kernel="all_dup_line_fraction", kind="fraction")
def all_dup_line_fraction(doc: Doc) -> float:
    """Fraction of lines that occur more than once, all copies counted, whitespace at both ends aside.

    Navigation, boilerplate and forum signatures come again and again. Without lines it is 0.

    >>> all_dup_line_fraction(Doc("Home\\nNews\\n  Home\\n\\nHome"))
    0.75
    """
    return all_copies(doc.stripped_lines)[0] / len(doc.lines) if doc.lines else 0.0


@metric("all_dup_line_char_fraction", kernel="all_dup_line_char_fraction", kind="fraction")
def all_dup_line_char_fraction(doc: Doc) -> float:
    """Fraction of characters in lines that occur more than once, all copies counted, whitespace at both ends aside.

    Tells a few long repeated lines from many short ones. For an empty text it is 0.

    >>> all_dup_line_char_fraction(Doc("Home\\nNews\\nHome\\n\\nHome"))
    0.6
    """
    return _of_characters(doc, all_copies(doc.stripped_lines)[1])


@metric("all_dup_paragraph_fraction", kernel="all_dup_paragraph_fraction", kind="fraction")
def all_dup_paragraph_fraction(doc: Doc) -> float:
    """Fraction of paragraphs that occur more than once, all copies counted.

    A page extracted twice, or a disclaimer after every post. Paragraphs are compared as they stand. Without paragraphs
    it is 0.

    >>> all_dup_paragraph_fraction(Doc("Buy now!\\n\\nA story.\\n\\nBuy now!\\n\\nThe end."))
    0.5
    """
    return all_copies(doc.paragraphs)[0] / len(doc.paragraphs) if doc.paragraphs else 0.0


@metric("all_dup_paragraph_char_fraction", kernel="all_dup_paragraph_char_fraction", kind="fraction")
def all_dup_paragraph_char_fraction(doc: Doc) -> float:
    """Fraction of characters in paragraphs that occur more than once, all copies counted.

    The newline inside a paragraph is one of its characters. For an empty text it is 0.

    >>> all_dup_paragraph_char_fraction(Doc("ab\\ncd\\n\\nxxxx\\n\\n\\n\\nab\\ncd"))
    0.5
    """
    return _of_characters(doc, all_copies(doc.paragraphs)[1])


@metric("top_2gram_count", kernel="top_2gram_count")
def top_2gram_count(doc: Doc) -> float:
    """How often the most frequent sequence of 2 words occurs, overlapping occurrences included.

    A high share of the characters means little where one long phrase occurs once or twice, in short texts and legal
    titles.
    Without so many words it is 0.

    >>> top_2gram_count(Doc("0 1 2 3 4 5 6 7 8 9 " * 2))
    2
    """
    return top_count(doc, 2)


@metric("top_3gram_count", kernel="top_3gram_count")
def top_3gram_count(doc: Doc) -> float:
    """How often the most frequent sequence of 3 words occurs, overlapping occurrences included.

    For rules that leave a text alone whose most frequent phrase is rare.
    Without so many words it is 0.

    >>> top_3gram_count(Doc("0 1 2 3 4 5 6 7 8 9 " * 2))
    2
    """
    return top_count(doc, 3)


@metric("top_4gram_count", kernel="top_4gram_count")
def top_4gram_count(doc: Doc) -> float:
    """How often the most frequent sequence of 4 words occurs, overlapping occurrences included.

    For rules that leave a text alone whose most frequent phrase is rare.
    Without so many words it is 0.

    >>> top_4gram_count(Doc("0 1 2 3 4 5 6 7 8 9 " * 2))
    2
    """
    return top_count(doc, 4)


@metric("all_dup_5gram_char_fraction", kernel="all_dup_5gram_char_fraction", kind="fraction")
def all_dup_5gram_char_fraction(doc: Doc) -> float:
    """Fraction of characters in sequences of 5 words that occur more than once, all copies counted.

    Text that repeats itself in stretches of five words or more is generated, scraped or copied.
    One space between words counts, no character counts twice. Without copies it is 0.

    >>> all_dup_5gram_char_fraction(Doc("0 1 2 3 4 5 6 7 8 9 " * 2 + "a"))
    0.926829268292683
    """
    return covered_fraction(doc, 5, first=True)


@metric("all_dup_6gram_char_fraction", kernel="all_dup_6gram_char_fraction", kind="fraction")
def all_dup_6gram_char_fraction(doc: Doc) -> float:
    """Fraction of characters in sequences of 6 words that occur more than once, all copies counted.

    The longer the sequence, the less its repetition can be chance.
    One space between words counts, no character counts twice. Without copies it is 0.

    >>> all_dup_6gram_char_fraction(Doc("0 1 2 3 4 5 6 7 8 9 " * 2 + "a"))
    0.926829268292683
    """
    return covered_fraction(doc, 6, first=True)


@metric("all_dup_7gram_char_fraction", kernel="all_dup_7gram_char_fraction", kind="fraction")
def all_dup_7gram_char_fraction(doc: Doc) -> float:
    """Fraction of characters in sequences of 7 words that occur more than once, all copies counted.

    The longer the sequence, the less its repetition can be chance.
    One space between words counts, no character counts twice. Without copies it is 0.

    >>> all_dup_7gram_char_fraction(Doc("0 1 2 3 4 5 6 7 8 9 " * 2 + "a"))
    0.926829268292683
    """
    return covered_fraction(doc, 7, first=True)


@metric("all_dup_8gram_char_fraction", kernel="all_dup_8gram_char_fraction", kind="fraction")
def all_dup_8gram_char_fraction(doc: Doc) -> float:
    """Fraction of characters in sequences of 8 words that occur more than once, all copies counted.

    The longer the sequence, the less its repetition can be chance.
    One space between words counts, no character counts twice. Without copies it is 0.

    >>> all_dup_8gram_char_fraction(Doc("0 1 2 3 4 5 6 7 8 9 " * 2 + "a"))
    0.926829268292683
    """
    return covered_fraction(doc, 8, first=True)


@metric("all_dup_9gram_char_fraction", kernel="all_dup_9gram_char_fraction", kind="fraction")
def all_dup_9gram_char_fraction(doc: Doc) -> float:
    """Fraction of characters in sequences of 9 words that occur more than once, all copies counted.

    The longer the sequence, the less its repetition can be chance.
    One space between words counts, no character counts twice. Without copies it is 0.

    >>> all_dup_9gram_char_fraction(Doc("0 1 2 3 4 5 6 7 8 9 " * 2 + "a"))
    0.926829268292683
    """
    return covered_fraction(doc, 9, first=True)


@metric("all_dup_10gram_char_fraction", kernel="all_dup_10gram_char_fraction", kind="fraction")
def all_dup_10gram_char_fraction(doc: Doc) -> float:
    """Fraction of characters in sequences of 10 words that occur more than once, all copies counted.

    A tenth of a text in repeated sequences of ten words is boilerplate or copies.
    One space between words counts, no character counts twice. Without copies it is 0.

    >>> all_dup_10gram_char_fraction(Doc("0 1 2 3 4 5 6 7 8 9 " * 2 + "a"))
    0.926829268292683
    """
    return covered_fraction(doc, 10, first=True)


@metric("dup_5gram_char_fraction_as_published", kernel="dup_5gram_char_fraction_as_published", kind="fraction")
def dup_5gram_char_fraction_as_published(doc: Doc) -> float:
    """Fraction of characters in copies of 5 words that are as long as the first 5 words of the text.

    What the code of the Nordic Pile does instead of `all_dup_5gram_char_fraction`, and its only test of sequences
    longer than 4. A window as long as the first five words joined by spaces moves over the text, character by
    character; where it holds five words joined by spaces that occur more than once, its characters count, each once.
    Words are those between whitespace, whatever `words` says. Without so many words it is 0.

    >>> dup_5gram_char_fraction_as_published(Doc("a b c d e a b c d e"))
    0.9473684210526315
    >>> dup_5gram_char_fraction_as_published(Doc("aa b c d e " + "f g h i j " * 9))
    0.0
    """
    found = [" ".join(ngram) for ngram in ngrams(doc.spaced_words, 5)]
    if not found:
        return 0.0
    length = len(found[0])
    copies = {ngram for ngram, count in Counter(found).items() if count > 1 and len(ngram) == length}
    characters = end = 0
    for start in range(doc.characters - length + 1):
        if doc.text[start : start + length] in copies:
            characters += start + length - max(start, end)
            end = start + length
    return characters / doc.characters


@metric(
    "char_10gram_repetition_ratio_as_published", kernel="char_10gram_repetition_ratio_as_published", kind="fraction"
)
def char_10gram_repetition_ratio_as_published(doc: Doc) -> float:
    """Share of the most frequent runs of 10 characters, limited by the number of runs that occur once.

    What an early version of the code of ROOTS, which the Nordic Pile took over, does instead of
    `char_10gram_repetition_ratio`: at most as many runs are summed as occur exactly once, not as occur more than once.
    So the most repetitive texts, in which nothing occurs once, have 0. A text of fewer than 10 characters has 0.

    >>> char_10gram_repetition_ratio_as_published(Doc("abc" * 1000))
    0.0
    """
    counts = char_10gram_counts(doc)
    return top_share(counts, min(math.isqrt(len(counts)), sum(count == 1 for count in counts)))


def _of_characters(doc: Doc, count: int) -> float:
    return count / doc.characters if doc.characters else 0.0
