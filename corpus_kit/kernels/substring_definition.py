"""What the compiled search for repeated spans computes, in plain Python: specification, and oracle of the tests.

A text is a row of **tokens**: its words, as `str.split()` cuts them, or its bytes. A **window** is `length` tokens in a
row, and what is compared of it: words joined by single spaces, or the bytes. A span of `length` tokens or more is
repeated where all its windows are, so windows say all there is to say of spans of any size.

That most windows are alone is found without looking at each. A **gram** is `gram` tokens in a row, fewer than a window
has. Of the grams of a window the one with the lowest hash, the first of those, is its **anchor**. It depends on the
window's tokens alone, so equal windows have equal anchors, equally far from their begin: what has no anchor in common
has no window in common (Schleimer, Wilkerson and Aiken 2003, "Winnowing"; so do programs that count the k-mers of
genomes cut up their work, Li et al. 2013, "Memory efficient minimum substring partitioning"). A **run** is all windows
in a row with one anchor. Neighbors share their anchor mostly, so there are few runs: about one for every
`(length - gram) / 2` tokens. Equal runs are equal windows one by one.

Runs that follow each other and have the same tokens, as in `ha ha ha ha`, are one run with copies. Everything is
defined on bytes, valid UTF-8 or not.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from corpus_kit.kernels.definition import WHITESPACE, shingle_hash
from corpus_kit.kernels.hashes import digest, mix64

Token = tuple[int, int]
"""Begin and end, in bytes of the text."""


class Run(NamedTuple):
    """Windows in a row, in order of the compiled struct; see `corpus_kit.kernels.substring.RUN`."""

    key: int
    first: int
    second: int
    begin: int
    behind: int
    end: int
    copies: int


def tokens(text: bytes, unit: Literal["word", "byte"]) -> list[Token]:
    """Where the tokens of a text are.

    >>> tokens(b" ab  c", "word"), tokens(b"ab", "byte")
    ([(1, 3), (5, 6)], [(0, 1), (1, 2)])
    """
    if unit == "byte":
        return [(at, at + 1) for at in range(len(text))]
    edges = [0, *itertools.chain.from_iterable(found.span() for found in WHITESPACE.finditer(text)), len(text)]
    return [(begin, end) for begin, end in zip(edges[::2], edges[1::2], strict=True) if begin < end]


def content(text: bytes, found: Sequence[Token], unit: Literal["word", "byte"]) -> bytes:
    """What is compared of some tokens in a row.

    >>> content(b"a\\n b", tokens(b"a\\n b", "word"), "word")
    b'a b'
    """
    return (b" " if unit == "word" else b"").join(text[begin:end] for begin, end in found)


def windows(text: bytes | None, *, unit: Literal["word", "byte"], length: int) -> list[bytes]:
    """What is compared of each window of a text, in order.

    >>> windows(b"to  be or", unit="word", length=2)
    [b'to be', b'be or']
    """
    own = tokens(text or b"", unit)
    return [content(text or b"", own[i : i + length], unit) for i in range(len(own) - length + 1)]


def runs(
    text: bytes | None, *, unit: Literal["word", "byte"], length: int, gram: int, begins: Sequence[int] | None = None
) -> list[Run]:
    """The runs of a text; or the windows, one by one, of those that begin at these bytes.

    >>> [(run.begin, run.end, run.copies) for run in runs(b"ha " * 9, unit="word", length=3, gram=2)]
    [(0, 26, 7)]
    >>> [(run.begin, run.behind) for run in runs(b"a b c", unit="word", length=2, gram=2, begins=[2])]
    [(2, 5)]
    """
    text = text or b""
    own = tokens(text, unit)
    grams = [shingle_hash([text[a:b] for a, b in own[i : i + gram]]) for i in range(len(own) - gram + 1)]
    count, width = len(own) - length + 1, length - gram + 1
    anchors = [min(range(i, i + width), key=lambda at: (grams[at], at)) for i in range(count)]
    bare = [list(each) for _, each in itertools.groupby(range(count), key=lambda i: anchors[i])]
    described: list[Run] = []
    for same in _with_copies(text, own, bare, unit, length):
        firsts, copies, step = same[0], len(same), len(same[0])
        anchor = anchors[firsts[0]]

        def describe(begin: int, last: int, key: int, copies: int = copies, step: int = step) -> Run:
            hashed = digest(content(text, own[begin : last + length], unit))
            behind = own[begin + length][0] if begin + length < len(own) else len(text)
            end = own[last + length - 1 + (copies - 1) * step][1]
            return Run(key, *hashed, own[begin][0], behind, end, copies)

        key = mix64(grams[anchor])
        if begins is None:
            described.append(describe(firsts[0], firsts[-1], key))
        elif own[firsts[0]][0] in begins:
            described += [describe(i, i, key) for i in firsts]
    return described


def _with_copies(
    text: bytes, own: list[Token], bare: list[list[int]], unit: Literal["word", "byte"], length: int
) -> Iterator[list[list[int]]]:
    """Lists of equal runs that follow each other."""

    def tokens_of(run: list[int]) -> tuple[int, bytes]:
        return len(run), content(text, own[run[0] : run[-1] + length], unit)

    for _, same in itertools.groupby(bare, key=tokens_of):
        yield list(same)


def without(
    text: bytes, ranges: Sequence[tuple[int, int]], *, unit: Literal["word", "byte"], mask: bytes | None = None
) -> tuple[bytes, list[int]]:
    """The text without its ranges, or a mask for each stretch; and stretches, bytes that went, and words left.

    A word goes if it begins in a range. Of the whitespace around and between removed words that with most newlines
    stays, the first of those; what stood before the first word and after the last stays there. Around a mask all stays.
    Of a text of which no word remains nothing does, but a mask. A character goes if all its bytes lie in ranges. Parts
    of words count as words.

    >>> without(b"a b\\n\\nc d", [(2, 6)], unit="word"), without(b"a b c d", [(2, 4)], unit="word", mask=b"...")
    ((b'a\\n\\nd', [1, 4, 2]), (b'a ... c d', [1, 1, 3]))
    >>> without("aæb".encode(), [(0, 2)], unit="byte")
    (b'\\xc3\\xa6b', [1, 1, 1])
    """
    if not ranges:
        return text, [0, 0, 0]
    gone = _words_gone(text, ranges) if unit == "word" else _bytes_gone(text, ranges)
    borders = [0, *itertools.chain.from_iterable(gone), len(text)]
    kept = [text[begin:end] for begin, end in zip(borders[::2], borders[1::2], strict=True)]
    words = sum(len(tokens(piece, "word")) for piece in kept)
    if mask is not None:
        return mask.join(kept), [len(gone), sum(end - begin for begin, end in gone), words]
    made = b"".join(kept) if unit == "byte" else _without_words(text, gone)
    return made, [len(gone), len(text) - len(made), words]


def _words_gone(text: bytes, ranges: Sequence[tuple[int, int]]) -> list[Token]:
    """Stretches of words that begin in a range."""
    own = tokens(text, "word")
    goes = [any(low <= begin < high for low, high in ranges) for begin, _ in own]
    groups = itertools.groupby(range(len(own)), key=lambda i: goes[i])
    stretches = [list(each) for is_gone, each in groups if is_gone]
    return [(own[each[0]][0], own[each[-1]][1]) for each in stretches]


def _without_words(text: bytes, gone: Sequence[Token]) -> bytes:
    made, gap, any_left, last = b"", None, False, 0
    own = tokens(text, "word")
    for begin, end in own:
        between, last = text[last:begin], end
        if gap is not None and any_left:
            gap = max(gap, between, key=lambda one: one.count(b"\n"))
        if gap is None:
            gap = between
        if not any(low <= begin < high for low, high in gone):
            made, gap, any_left = made + gap + text[begin:end], None, True
    return made + text[last:] if any_left or not own else b""


def _bytes_gone(text: bytes, ranges: Sequence[tuple[int, int]]) -> list[Token]:
    """What lies in ranges, without the bytes of characters that lie there in part."""
    inside = sorted({at for low, high in ranges for at in range(low, min(high, len(text)))})
    found: list[Token] = []
    for _, each in itertools.groupby(enumerate(inside), key=lambda pair: pair[1] - pair[0]):
        places = [at for _, at in each]
        begin, end = places[0], places[-1] + 1
        while begin < end and _continues(text, begin):
            begin += 1
        while end > begin and _continues(text, end):
            end -= 1
        found += [(begin, end)] if begin < end else []
    return found


def _continues(text: bytes, at: int) -> bool:
    return at < len(text) and text[at] & 0xC0 == 0x80
