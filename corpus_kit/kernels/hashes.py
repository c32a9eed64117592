"""The hash functions behind the kernels, in plain Python: specification, and oracle of the tests."""

from __future__ import annotations

import struct

LOW_64 = 2**64 - 1

MURMUR_1, MURMUR_2 = 0x87C37B91114253D5, 0x4CF5AD432745937F


def mix64(value: int) -> int:
    """Finalizer of MurmurHash3 (Austin Appleby): a bijection after which any 32 of the bits serve as a hash.

    >>> mix64(0), hex(mix64(1))
    (0, '0xb456bcfc34c2cb2c')
    """
    value = (value ^ value >> 33) * 0xFF51AFD7ED558CCD & LOW_64
    value = (value ^ value >> 33) * 0xC4CEB9FE1A85EC53 & LOW_64
    return value ^ value >> 33


def fold_multiply(left: int, right: int) -> int:
    """The two 64-bit halves of the product, xored: every bit depends on every bit of both factors.

    >>> hex(fold_multiply(2**63, 6))
    '0x3'
    """
    product = left * right
    return product & LOW_64 ^ product >> 64


def rotate_left(value: int, bits: int) -> int:
    """The 64-bit value, its bits moved up and round.

    >>> hex(rotate_left(0x8000000000000001, 4))
    '0x18'
    """
    return (value << bits | value >> 64 - bits) & LOW_64


def digest(text: bytes | None) -> tuple[int, int]:
    """MurmurHash3_x64_128 with seed 0 (Austin Appleby, public domain); zeros for null, and so for no bytes at all.

    Not cryptographic: who wants two texts with one digest can make them.

    >>> "%016x%016x" % digest(b"The quick brown fox jumps over the lazy dog")
    'e34bbc7bbc071b6c7a433ca9c49a9347'
    """
    if text is None:
        return 0, 0
    first = second = 0
    whole = len(text) // 16 * 16
    for low, high in struct.iter_unpack("<QQ", text[:whole]):
        first ^= _scramble_first(low)
        first = ((rotate_left(first, 27) + second) * 5 + 0x52DCE729) & LOW_64
        second ^= _scramble_second(high)
        second = ((rotate_left(second, 31) + first) * 5 + 0x38495AB5) & LOW_64
    low, high = struct.unpack("<QQ", text[whole:].ljust(16, b"\0"))  # zeros change nothing
    first ^= _scramble_first(low) ^ len(text)
    second ^= _scramble_second(high) ^ len(text)
    first = (first + second) & LOW_64
    second = (second + first) & LOW_64
    first, second = mix64(first), mix64(second)
    first = (first + second) & LOW_64
    return first, (second + first) & LOW_64


def _scramble_first(word: int) -> int:
    return rotate_left(word * MURMUR_1 & LOW_64, 31) * MURMUR_2 & LOW_64


def _scramble_second(word: int) -> int:
    return rotate_left(word * MURMUR_2 & LOW_64, 33) * MURMUR_1 & LOW_64
