"""What the compiled kernels compute, in plain Python: specification, and oracle of the tests.

Everything is defined on the bytes of one document and for any bytes, valid UTF-8 or not; numbers are read from bytes
and written to them with the lowest byte first. Nothing here is fast: use `corpus_kit.kernels`.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Sequence

from corpus_kit.kernels.hashes import digest, fold_multiply, mix64

LOW_32 = 2**32 - 1
LOW_64 = 2**64 - 1

UNIT_KEY_LOW, UNIT_KEY_HIGH = 0xA0761D6478BD642F, 0xE7037ED1A0B428DB
"""Odd numbers with as many ones as zeros, from wyhash (Wang Yi, public domain)."""

POLYNOMIAL_BASE = 0x9E3779B97F4A7C15
"""2**64 divided by the golden ratio. Being 5 modulo 8, its powers differ by as few factors of two as possible, so
swapping two units practically always changes the sum."""

WHITESPACE = re.compile(
    rb"[\t-\r\x1c-\x20]"  # ASCII
    rb"|\xc2[\x85\xa0]"  # U+0085, U+00A0
    rb"|\xe1\x9a\x80"  # U+1680
    rb"|\xe2\x80[\x80-\x8a\xa8\xa9\xaf]"  # U+2000-200A, U+2028, U+2029, U+202F
    rb"|\xe2\x81\x9f"  # U+205F
    rb"|\xe3\x80\x80"  # U+3000
)
"""The UTF-8 forms of what `str.split()` splits at. None is part of another character's form."""

CHARACTER = re.compile(rb".[\x80-\xbf]*", re.DOTALL)


def words(text: bytes) -> list[bytes]:
    r"""What lies between whitespace, exactly as `str.split()` cuts it.

    >>> words("å\u00a0bc\x1f\u3000d ".encode()) == [b"\xc3\xa5", b"bc", b"d"]
    True
    """
    return [word for word in WHITESPACE.split(text) if word]


def is_utf8(text: bytes) -> bool:
    r"""Whether it can be read as UTF-8, surrogates excluded.

    >>> [is_utf8(each) for each in (b"a", b"\xc3\xa5", b"\xc3", b"\xed\xa0\x80")]
    [True, True, False, False]
    """
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def characters(text: bytes) -> list[bytes]:
    r"""The code points. In invalid UTF-8: one begins at the first byte and at every byte that continues none.

    >>> characters("aå€".encode())
    [b'a', b'\xc3\xa5', b'\xe2\x82\xac']
    >>> characters(b"\x80\x80a\xff")
    [b'\x80\x80', b'a', b'\xff']
    """
    return CHARACTER.findall(text)


def unit_hash(unit: bytes) -> int:
    """64-bit hash of a word or character: blocks of 16 bytes, the last padded with zeros, after the length.

    >>> hex(unit_hash(b"hygge"))
    '0x8348d673c4a17d20'
    """
    state = len(unit)
    for at in range(0, len(unit), 16):
        low, high = struct.unpack("<QQ", unit[at : at + 16].ljust(16, b"\0"))
        state = fold_multiply(low ^ UNIT_KEY_LOW ^ state, high ^ UNIT_KEY_HIGH)
    return state


def shingle_hash(units: Sequence[bytes]) -> int:
    """64-bit hash of consecutive units: a polynomial in the units' hashes, so that it can be rolled along a text.

    >>> shingle_hash([b"ab", b"c"]) == shingle_hash([b"a", b"bc"])
    False
    >>> shingle_hash([b"ab", b"c"]) == shingle_hash([b"c", b"ab"])
    False
    """
    total = 0
    for unit in units:
        total = (total * POLYNOMIAL_BASE + unit_hash(unit)) & LOW_64
    return mix64(total)


def shingle_set(text: bytes | None, *, ngram: int, unit: str) -> list[int]:
    """Sorted hashes of the distinct runs of `ngram` words or characters.

    Fewer units than `ngram` are one shingle of them all: a short document must not escape deduplication. A document
    without units, or null, has none.

    >>> len(shingle_set(b"to be or not to be", ngram=2, unit="word"))
    4
    >>> len(shingle_set(b"to be", ngram=5, unit="word"))
    1
    >>> shingle_set(b" ", ngram=5, unit="word")
    []
    """
    if text is None:
        return []
    units = words(text) if unit == "word" else characters(text)
    if not units:
        return []
    runs = max(1, len(units) - ngram + 1)
    return sorted({shingle_hash(units[first : first + ngram]) for first in range(runs)})


def random_numbers(seed: int) -> Iterator[int]:
    """Endless 32-bit numbers: a counter through a mixer (SplitMix64 of Steele, Lea and Flood 2014, other mixer).

    >>> numbers = random_numbers(1)
    >>> [hex(next(numbers)) for _ in range(2)]
    ['0xe5fdc025', '0xe85028e6']
    """
    while True:
        seed = (seed + POLYNOMIAL_BASE) & LOW_64
        yield mix64(seed) >> 32


def multipliers(permutations: int, seed: int) -> list[int]:
    """The number a of each permutation x -> a * x modulo 2**32; it is odd, so none maps two x to one.

    Multiplication alone is enough, because what is mapped are hashes (and never 0, which would stay 0): measured, the
    estimate errs as theory has it. To add a number to each image would take half as long again.

    >>> multipliers(2, seed=1)
    [3858612261, 3897567463]
    """
    numbers = random_numbers(seed)
    return [next(numbers) | 1 for _ in range(permutations)]


def signature(shingles: Sequence[int], *, permutations: int, seed: int) -> list[int]:
    """For each permutation, the least value any shingle is mapped to (Broder 1997); all ones without shingles.

    Of a shingle's hash the lower 32 bits are used: they are as good as random, being mixed. For 0 stands 1.

    >>> signature([], permutations=1, seed=1) == [LOW_32]
    True
    """
    return [
        min((a * (shingle & LOW_32 or 1) & LOW_32 for shingle in shingles), default=LOW_32)
        for a in multipliers(permutations, seed)
    ]


def band_keys(signature: Sequence[int], *, bands: int, rows: int) -> list[int]:
    """For each band, a 64-bit hash of its number and its rows; the number keeps equal rows of two bands apart.

    >>> one, other = band_keys([7, 7], bands=2, rows=1)
    >>> one == other
    False
    """
    return [
        digest(struct.pack(f"<Q{rows}I", band, *signature[band * rows : (band + 1) * rows]))[0] for band in range(bands)
    ]


def jaccard(left: Sequence[int], right: Sequence[int]) -> float:
    """Shared elements over all elements of two sets; 0 if both are empty: they say nothing about each other.

    >>> jaccard([1, 2, 3], [2, 3, 4])
    0.5
    """
    shared = len(set(left) & set(right))
    return shared / (len(left) + len(right) - shared) if shared else 0.0
