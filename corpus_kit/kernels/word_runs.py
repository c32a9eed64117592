"""What the words of a text are when texts are searched for runs of words of others: specification of `_contamination`.

Words are runs of letters, digits and marks, in lower case; whatever else stands between them, and how much of it, does
not matter. Soft hyphens and other invisible format characters are nothing. So "It's re\\u00adported: 5,5" has the words
it, s, reported, 5, 5. This is what Brown et al. 2020 (arXiv:2005.14165, appendix C) call "lowercase, whitespace
delimited, with no punctuation", but for punctuation inside words, which separates here and vanishes there. Letters with
separate accents are not composed: `normalize` before, and the reader of benchmarks, do that.

Nothing here is fast: use `corpus_kit.kernels.contamination`.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from corpus_kit.kernels.characters import DIGITS, LETTERS, WORD_BREAKS, ends, lower_mapping
from corpus_kit.kernels.definition import POLYNOMIAL_BASE, unit_hash
from corpus_kit.kernels.hashes import LOW_64, mix64

CODE_POINTS = 0x110000

SEPARATOR, DELETED = -1, -2
"""What the table can say of a character, beside the one it becomes."""


class Word(NamedTuple):
    """A word in the form that is compared, and the bytes it comes from."""

    form: bytes
    begin: int
    end: int


class Found(NamedTuple):
    """A run of words that is looked for: its number, and the bytes from the first word to the last."""

    run: int
    begin: int
    end: int


@functools.cache
def table() -> NDArray[np.int32]:
    """For each code point the one it becomes, SEPARATOR or DELETED."""
    codes = np.full(CODE_POINTS, SEPARATOR, np.int32)
    for ranges in (LETTERS, DIGITS, WORD_BREAKS["Extend"]):
        for first, last in ends(ranges):
            codes[first : last + 1] = np.arange(first, last + 1)
    for code, low in lower_mapping().items():
        if codes[code] >= 0:
            codes[code] = low
    for ranges in (WORD_BREAKS["Format"], WORD_BREAKS["ZWJ"], "200C", "FE00-FE0F"):
        for first, last in ends(ranges):
            codes[first : last + 1] = DELETED
    codes.flags.writeable = False
    return codes


def words(text: bytes | None) -> list[Word]:
    r"""The words of a text, in order. A byte that is not UTF-8 separates.

    >>> [word.form.decode() for word in words("It's RE\u00adPORTED: 5,5\n".encode())]
    ['it', 's', 'reported', '5', '5']
    >>> words(b"-Hej du!")[0]
    Word(form=b'hej', begin=1, end=4)
    """
    codes, found, form, at = table(), [], b"", 0
    begin = end = 0
    for character in (text or b"").decode("utf-8", "surrogateescape"):
        size = len(character.encode("utf-8", "surrogateescape"))
        code = int(codes[ord(character)])
        if code >= 0:
            begin = begin if form else at
            form, end = form + chr(code).encode(), at + size
        elif code == SEPARATOR and form:
            found.append(Word(form, begin, end))
            form = b""
        at += size
    return [*found, Word(form, begin, end)] if form else found


def formed(text: bytes | None) -> bytes:
    """The words of a text, single spaces between.

    >>> formed("Ja -- NEJ!".encode())
    b'ja nej'
    """
    return b" ".join(word.form for word in words(text))


def run_hash(run: Sequence[bytes]) -> int:
    """64-bit hash of words in a row: the polynomial of shingles, over the words' forms.

    >>> run_hash([b"ja", b"nej"]) == run_hash([b"nej", b"ja"])
    False
    """
    total = 0
    for word in run:
        total = (total * POLYNOMIAL_BASE + unit_hash(word)) & LOW_64
    return mix64(total)


def matches(text: bytes | None, runs: Sequence[bytes]) -> list[Found]:
    """Where any of the runs, words joined by single spaces, stands in a text: in order of place, shorter ones first.

    >>> matches(b"Ja, nej - ja.", [b"nej ja", b"ja nej ja", b"ja n"])
    [Found(run=1, begin=0, end=12), Found(run=0, begin=4, end=12)]
    """
    numbers = {run: number for number, run in enumerate(runs)}
    lengths = sorted({run.count(b" ") + 1 for run in runs})
    return list(_matches(words(text), numbers, lengths))


def _matches(found: Sequence[Word], numbers: dict[bytes, int], lengths: Collection[int]) -> Iterator[Found]:
    for first in range(len(found)):
        for length in lengths:
            run = found[first : first + length]
            number = numbers.get(b" ".join(word.form for word in run)) if len(run) == length else None
            if number is not None:
                yield Found(number, run[0].begin, run[-1].end)
