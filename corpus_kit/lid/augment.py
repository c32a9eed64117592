"""Variants of training texts: short pieces, missing diacritics, scanning errors, and made-up text of no language."""

from __future__ import annotations

import random
import string
import unicodedata
from collections.abc import Iterator, Sequence

_PLAIN = str.maketrans({"ø": "o", "æ": "ae", "ð": "d", "þ": "th", "ə": "e", "ı": "i", "ß": "ss", "đ": "d"})
_DOUBLED = str.maketrans({"å": "aa", "ä": "ae", "æ": "ae", "ö": "oe", "ø": "oe", "ü": "ue", "ß": "ss"})

_WINDOW_CHARS = 800
_MIXED_CHARS = 120
_ENGLISH = "eng_Latn"


def without_diacritics(text: str, *, doubled: bool) -> str:
    """Lower-case text as typed on a keyboard without its letters: with å as a, or `doubled` as aa.

    >>> without_diacritics("blåbærgrød", doubled=False), without_diacritics("blåbærgrød", doubled=True)
    ('blabaergrod', 'blaabaergroed')
    """
    mapped = text.translate(_DOUBLED if doubled else _PLAIN)
    return "".join(c for c in unicodedata.normalize("NFD", mapped) if not unicodedata.combining(c))


def scanned(text: str, rng: random.Random) -> str:
    """The text with about one letter in 25 lost, doubled or read as another, as in a bad scan."""
    kept: list[str] = []
    for letter in text:
        if letter == " " or rng.random() > 0.04:
            kept.append(letter)
        elif (kind := rng.randrange(3)) == 0:
            kept.append(letter * 2)
        elif kind == 1:
            kept.append(rng.choice("ilrtnmceao"))
    return "".join(kept)


def fragment(text: str, rng: random.Random) -> str:
    """One to six words that follow each other in the text."""
    words = text.split()
    size = rng.randint(1, 6)
    start = rng.randint(0, max(len(words) - size, 0))
    return " ".join(words[start : start + size])


def pieces(sentences: Sequence[str], rng: random.Random) -> Iterator[str]:
    """Cuts the sentences of a document into fragments, sentences, paragraphs and windows.

    Every sentence is used once. Half of the pieces are single sentences, since those are hard to tell apart.
    """
    at = 0
    while at < len(sentences):
        draw = rng.random()
        if draw < 0.2:
            yield fragment(sentences[at], rng)
            at += 1
            continue
        count = 1 if draw < 0.72 else rng.randint(2, 4) if draw < 0.93 else 40
        piece = " ".join(sentences[at : at + count])
        at += count
        yield piece[:_WINDOW_CHARS].rpartition(" ")[0] if len(piece) > _WINDOW_CHARS else piece


def variants(folded: str, rng: random.Random) -> Iterator[str]:
    """The folded text, and for some texts a damaged copy.

    The rates keep damaged copies rare enough that the letters still count: they are what tells the
    languages apart in clean text.
    """
    yield folded
    draw = rng.random()
    if draw < 0.06:
        damaged = without_diacritics(folded, doubled=draw < 0.03)
        if damaged != folded:
            yield damaged
    elif draw < 0.09:
        yield scanned(folded, rng)


def mixed(lines: Sequence[tuple[str, str]], rng: random.Random, *, count: int) -> Iterator[tuple[str, str]]:
    """Long lines with a smaller part in another language before or after, which keep their label.

    Half-translated pages are common; a model that met none calls a page Swedish for a third of its words. Either the
    part is English or the whole is: parts in a close language would blur what tells it apart.
    """
    long = [line for line in lines if len(line[1]) >= _MIXED_CHARS]
    english = [line for line in long if line[0] == _ENGLISH]
    others = [line for line in long if line[0] != _ENGLISH]
    if not english or not others:
        return
    for _ in range(count):
        pools = ((english, others), (others, english))[rng.randrange(2)]
        (label, text), (_, part) = (rng.choice(pool) for pool in pools)
        yield label, _joined(text, part, rng.uniform(0.15, 0.6), rng)


def beside_sami(
    lines: Sequence[tuple[str, str]], sami: Sequence[str], rng: random.Random, *, count: int
) -> Iterator[tuple[str, str]]:
    """Long lines with a part in Sámi before or after, no longer than they are, which keep their label.

    Pages of the Sámi areas often say the same in two or three languages.
    """
    long = [line for line in lines if len(line[1]) >= _MIXED_CHARS]
    if not long or not sami:
        return
    for _ in range(count):
        label, text = rng.choice(long)
        yield label, _joined(text, rng.choice(sami), rng.uniform(0.15, 1), rng)


def _joined(text: str, part: str, share: float, rng: random.Random) -> str:
    """The text with whole words from the beginning of the part, as a share of its length, before or after."""
    foreign = part[: round(len(text) * share)].rpartition(" ")[0]
    return f"{text} {foreign}" if rng.random() < 0.5 else f"{foreign} {text}"


def stop_word_text(words: Sequence[str], rng: random.Random) -> str:
    """A sentence made of a language's stop words: no sense, but its most frequent words and letters."""
    return " ".join(rng.choices(words, k=rng.randint(1, 12)))


def junk(rng: random.Random) -> str:
    """Letters without language: random keys, one key held down, or consonants as in identifiers."""
    kind = rng.randrange(3)
    if kind == 0:
        return rng.choice(string.ascii_lowercase) * rng.randint(2, 30)
    letters = string.ascii_lowercase if kind == 1 else "bcdfghjklmnpqrstvwxz"
    return " ".join("".join(rng.choices(letters, k=rng.randint(1, 12))) for _ in range(rng.randint(1, 8)))
