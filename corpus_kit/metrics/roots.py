"""Filters of the ROOTS corpus (Laurençon et al. 2022, arXiv:2303.03915, section 3).

These follow the code that made the corpus (bigscience-workshop/data-preparation), on its words: between whitespace, in
lower case, without special characters at both ends (`Doc.bare_words`), whatever `words` says. Special characters are
those of that code without the letters and vowel signs that had slipped in, ø, ı and π among them: a Danish or
Azerbaijani word is not to lose its last letter.
"""

from __future__ import annotations

import math
from collections import Counter

from corpus_kit.doc import Doc, ngrams
from corpus_kit.kernels.characters import SPECIAL, pattern
from corpus_kit.kernels.measure import WordLists  # noqa: F401 - for the examples
from corpus_kit.metrics import metric

_SPECIAL = pattern(SPECIAL)


@metric("bare_word_count", kernel="bare_word_count")
def bare_word_count(doc: Doc) -> float:
    """Number of whitespace-separated words that are more than special characters.

    Numbers, bullets, dashes and emoji standing alone are no words.

    >>> bare_word_count(Doc("- In 1999, «no» 🙂 B2B"))
    3
    """
    return len(doc.bare_words)


@metric("char_10gram_repetition_ratio", kernel="char_10gram_repetition_ratio", kind="fraction")
def char_10gram_repetition_ratio(doc: Doc) -> float:
    """Share of the most frequent runs of 10 characters among all runs of 10 characters.

    High for templates, for tables and for machine-made text. Runs begin at every character and are of the text as it
    stands, case and whitespace included. Summed are the occurrences of the k most frequent runs, k being the integer
    square root of the number of different runs, but at most the number of those that occur more than once; divided by
    the number of all runs. A text of fewer than 10 characters has 0.

    >>> char_10gram_repetition_ratio(Doc("0123456789 0123456789"))
    0.16666666666666666
    """
    counts = char_10gram_counts(doc)
    return top_share(counts, min(math.isqrt(len(counts)), sum(count > 1 for count in counts)))


@metric("word_5gram_repetition_ratio", kernel="word_5gram_repetition_ratio", kind="fraction")
def word_5gram_repetition_ratio(doc: Doc) -> float:
    """Fraction of the sequences of 5 words that occur more than once, every occurrence counted.

    Copied passages and templates, also where case and punctuation differ. Without so many words it is 0.

    >>> word_5gram_repetition_ratio(Doc("En, to, tre, fire, fem! En to tre fire fem. Seks"))
    0.2857142857142857
    """
    counts = Counter(ngrams(doc.bare_words, 5)).values()
    return sum(count for count in counts if count > 1) / sum(counts) if counts else 0.0


@metric("special_char_fraction", kernel="special_char_fraction", kind="fraction")
def special_char_fraction(doc: Doc) -> float:
    """Fraction of characters that are special: whitespace, ASCII digits and punctuation, emoji, and a list of signs.

    About a fifth in prose, whitespace alone being a sixth; more in tables, code and character drawings. For an empty
    text it is 0.

    >>> special_char_fraction(Doc("År 1999: ja!"))
    0.6666666666666666
    """
    return len(_SPECIAL.findall(doc.text)) / doc.characters if doc.characters else 0.0


@metric("stop_word_fraction", kernel="stop_word_fraction", kind="fraction", needs="stop")
def stop_word_fraction(doc: Doc) -> float:
    """Fraction of words that are stop words of the document's language, in any case and next to punctuation.

    A third and more of running English, less where endings do the work of small words; near nothing in lists. It
    depends on how long the list is. Listed words are compared as they stand, so they have to be in lower case. Without
    words it is 0. Undefined (NaN) where the stop words of the language are not known.

    >>> stop_word_fraction(Doc("To be, or NOT to be!", lists=WordLists(stop=frozenset(["to", "be"]))))
    0.6666666666666666
    """
    return _fraction_among(doc, doc.lists.stop)


@metric("flagged_word_fraction", kernel="flagged_word_fraction", kind="fraction", needs="flagged")
def flagged_word_fraction(doc: Doc) -> float:
    """Fraction of words that are on the list of flagged words of the document's language, in any case.

    Pornographic spam, mostly. Listed words are compared as they stand, so they have to be in lower case; each is one
    word. Without words it is 0. Undefined (NaN) where the language has no list.

    >>> flagged_word_fraction(Doc("XXX, a xxx b", lists=WordLists(flagged=frozenset(["xxx"]))))
    0.5
    """
    return _fraction_among(doc, doc.lists.flagged)


@metric("flagged_word_count", kernel="flagged_word_count", needs="flagged")
def flagged_word_count(doc: Doc) -> float:
    """Number of words that are on the list of flagged words of the document's language, in any case.

    C4 removed every page with one, and much that is harmless with them. Undefined (NaN) where the language has no list.

    >>> flagged_word_count(Doc("XXX, a xxx b", lists=WordLists(flagged=frozenset(["xxx"]))))
    2
    """
    if doc.lists.flagged is None:
        return math.nan
    return sum(word in doc.lists.flagged for word in doc.bare_words)


@metric("distinct_flagged_word_count", kernel="distinct_flagged_word_count", needs="flagged")
def distinct_flagged_word_count(doc: Doc) -> float:
    """How many different flagged words of the document's language occur, in any case.

    One word again and again may be somebody's name or trade. Undefined (NaN) where the language has no list.

    >>> distinct_flagged_word_count(Doc("XXX, a xxx b", lists=WordLists(flagged=frozenset(["xxx", "c"]))))
    1
    """
    if doc.lists.flagged is None:
        return math.nan
    return len(doc.lists.flagged.intersection(doc.bare_words))


def char_10gram_counts(doc: Doc) -> list[int]:
    """How often each different run of 10 characters occurs."""
    return list(Counter(doc.text[at : at + 10] for at in range(doc.characters - 9)).values())


def top_share(counts: list[int], k: int) -> float:
    """Share of the k greatest counts; 0 if there are none."""
    return sum(sorted(counts, reverse=True)[:k]) / sum(counts) if counts else 0.0


def _fraction_among(doc: Doc, known: frozenset[str] | None) -> float:
    if known is None:
        return math.nan
    found = sum(word in known for word in doc.bare_words)
    return found / len(doc.bare_words) if doc.bare_words else 0.0
