"""Numbers about a line, by whose bounds rules remove lines (C4, RefinedWeb, Norwegian Colossal Corpus, DFM)."""

from __future__ import annotations

from collections.abc import Sequence

from corpus_kit.lines.line import digits, letters, lowercase, titlecase, tokens, uppercase, words
from corpus_kit.lines.registry import measure


@measure
def word_count(line: str) -> int:
    """Number of whitespace-separated words.

    Menus, buttons and captions are short; sentences are not.

    >>> word_count("Read more")
    2
    """
    return len(words(line))


@measure
def longest_word(line: str, *, ignoring: Sequence[str] = ()) -> int:
    """Characters of the longest word, attached punctuation included.

    Encoded data and text that lost its spaces have words no language has. Words that contain one of `ignoring` (links,
    compounds with a hyphen) are passed over; without any other the number is 0.

    >>> longest_word("see http://example.org/a/b now"), longest_word("see http://example.org now", ignoring=["http"])
    (22, 3)
    """
    return max((len(word) for word in words(line) if not any(part in word for part in ignoring)), default=0)


@measure
def alphabetic_token_count(line: str) -> int:
    """Number of tokens of two letters or more, and nothing but letters.

    Remains of tables, page numbers and what text recognition makes of pictures have few. Tokens are words with
    `. , ; ( ) ! : /` split off.

    >>> alphabetic_token_count("Side 12 (av 40), a-b")
    2
    """
    return sum(len(token) >= 2 and letters.issuperset(token) for token in tokens(line))


@measure
def long_token_count(line: str) -> int:
    """Number of tokens of two characters or more.

    Tokens are words with `. , ; ( ) ! : /` split off.

    >>> long_token_count("Side 12 (av 40), a b")
    4
    """
    return sum(len(token) >= 2 for token in tokens(line))


@measure
def uppercase_fraction(line: str) -> float:
    """Upper-case letters over all characters of the line, spaces included.

    Lines in capitals are menus, banners and warnings. Titles of law sections and of old books are too: look before you
    use it on them.

    >>> uppercase_fraction("LOG IN or out")
    0.38461538461538464
    """
    return sum(character in uppercase for character in line) / len(line)


@measure
def digit_fraction(line: str) -> float:
    """Digits over all characters of the line, spaces included.

    >>> digit_fraction("2024"), digit_fraction("1 234")
    (1.0, 0.8)
    """
    return sum(character in digits for character in line) / len(line)


@measure
def title_word_fraction(line: str) -> float:
    """Words that begin with a capital, over all words: `str.istitle`, so `McDonald` and `EU` are none.

    In languages that do not write titles like this, as the Scandinavian ones, such lines are menus and lists.

    >>> title_word_fraction("Forside Om Os Kontakt"), title_word_fraction("Hun bor i Oslo")
    (1.0, 0.5)
    """
    found = words(line)
    return sum(map(_is_title, found)) / len(found)


@measure
def character_count(line: str, *, characters: Sequence[str]) -> int:
    """How often any of some characters stands in the line.

    >>> character_count("if (x) { y() }", characters=["{", "}"])
    2
    """
    return sum(line.count(character) for character in characters)


def _is_title(word: str) -> bool:
    """Whether capitals begin every run of cased letters, only those, and there is such a run.

    >>> [_is_title(word) for word in ("Om", "EU", "A-Bo", "(Os)", "O'Neill", "x", "12")]
    [True, False, True, True, True, False, False]
    """
    found = after_cased = False
    for character in word:
        is_capital = character in uppercase or character in titlecase
        if not is_capital and character not in lowercase:
            after_cased = False
            continue
        if is_capital == after_cased:
            return False
        found = after_cased = True
    return found
