"""Literal special strings in documents, such as `<|endoftext|>` in a text about language models.

A trainer that tokenizes by other means than ours takes them for the real thing. So they are counted, and can be
neutralized: U+2060 WORD JOINER, which is invisible and has no width, is put after the first character. Where joiners
stand there already, one more is; so the rewrite can be undone exactly, whatever the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from corpus_kit.errors import PlanError

JOINER = "\u2060"


class SpecialStrings:
    """Special strings, to be looked for in texts.

    >>> literal = SpecialStrings(["<s>", "<|endoftext|>"])
    >>> texts, found = literal.neutralize(pa.array(["<s>one<|endoftext|>two", "three", None]))
    >>> texts.to_pylist()
    ['<\u2060s>one<\u2060|endoftext|>two', 'three', None]
    >>> found.tolist(), literal.restore(texts[0].as_py())
    ([2, 0, 0], '<s>one<|endoftext|>two')
    """

    def __init__(self, strings: Iterable[str]):
        self.strings = tuple(sorted({one for one in strings if one}, key=lambda one: (-len(one), one)))
        _check(self.strings)
        nothing = r"[^\s\S]"
        self._literal = re.compile("|".join(map(re.escape, self.strings)) or nothing)
        marked = "|".join(f"{re.escape(one[0])}{JOINER}*{re.escape(one[1:])}" for one in self.strings)
        self._marked = re.compile(marked or nothing)
        self._re2 = "|".join(f"{_quoted(one[0])}{JOINER}*{_quoted(one[1:])}" for one in self.strings)

    def count(self, texts: pa.Array) -> NDArray[np.int64]:
        """How many special strings are in each text."""
        return self._changed(texts, lambda text: (text, len(self._literal.findall(text))))[1]

    def is_in(self, text: str) -> bool:
        """Whether a text has any."""
        return self._literal.search(text) is not None

    def neutralize(self, texts: pa.Array) -> tuple[pa.Array, NDArray[np.int64]]:
        """The texts with a mark in each special string, one more in those that had some; and how many in each."""
        return self._changed(texts, lambda text: self._marked.subn(lambda at: at[0][0] + JOINER + at[0][1:], text))

    def restore(self, text: str) -> str:
        """A neutralized text as it was."""
        return self._marked.sub(lambda at: at[0].replace(JOINER, "", 1), text)

    def _changed(self, texts: pa.Array, change: Callable[[str], tuple[str, int]]) -> tuple[pa.Array, NDArray[np.int64]]:
        found = np.zeros(len(texts), np.int64)
        if not self.strings:
            return texts, found
        rows = np.flatnonzero(self._has(texts).to_numpy(zero_copy_only=False))
        if not len(rows):
            return texts, found
        changed = [change(text) for text in texts.take(pa.array(rows)).to_pylist()]
        found[rows] = [many for _, many in changed]
        mask = np.zeros(len(texts), bool)
        mask[rows] = True
        return pc.replace_with_mask(texts, pa.array(mask), pa.array([text for text, _ in changed], texts.type)), found

    def _has(self, texts: pa.Array) -> pa.Array:
        """Whether a text has any: by a search that is much faster than Python's."""
        return pc.fill_null(pc.match_substring_regex(texts, self._re2), False)


def _check(strings: tuple[str, ...]) -> None:
    """Makes sure that a mark in one string leaves no other whole. Raises PlanError."""
    for one in strings:
        if len(one) == 1 or JOINER in one:
            raise PlanError(f"the special token {one!r} cannot be neutralized: it has no inside to put a mark into")
    firsts = {one[0] for one in strings}
    begun = {one[:end] for one in strings for end in range(1, len(one) + 1)}
    known = set(strings)
    for one in strings:
        for at in (at for at in range(1, len(one)) if one[at] in firsts):
            if one[at:] in begun or any(one[at:end] in known for end in range(at + 1, len(one))):
                raise PlanError(f"the special token {one!r} cannot be neutralized: another one may begin inside of it")


def _quoted(text: str) -> str:
    """A literal for RE2, which is what Arrow matches by."""
    return "".join(f"\\x{{{ord(char):x}}}" for char in text)


def neutralize(text: str, strings: Iterable[str]) -> str:
    """One text with a mark in each special string.

    >>> neutralize("a<s>", ["<s>"])
    'a<\u2060s>'
    """
    return SpecialStrings(strings).neutralize(pa.array([text]))[0][0].as_py()


def restore(text: str, strings: Iterable[str]) -> str:
    """The text that was neutralized."""
    return SpecialStrings(strings).restore(text)
