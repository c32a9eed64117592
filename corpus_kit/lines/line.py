"""What line rules look at in a line: words, tokens, characters by class, lower case.

A **line** is what stands between newlines (U+000A), without the whitespace around it; it is never blank. A
**paragraph** is a run of lines without a blank line between them; rules take it for one long line. Bytes that are not
UTF-8 are lone surrogates here (`bytes.decode(errors="surrogateescape")`): characters that are neither letters nor
whitespace, one for each byte, so that they come out as they went in.

Letters, case and digits are read from generated tables, so that they do not depend on the version of Python.
"""

from __future__ import annotations

import re

from corpus_kit.kernels.cases import TITLECASE, UPPERCASE
from corpus_kit.kernels.characters import DIGITS, LETTERS, LOWERCASE, ends, lower

__all__ = ["alphanumeric", "digits", "letters", "lower", "lowercase", "titlecase", "tokens", "uppercase", "words"]


def _members(table: str) -> frozenset[str]:
    return frozenset(chr(code) for first, last in ends(table) for code in range(first, last + 1))


letters = _members(LETTERS)
digits = _members(DIGITS)
uppercase = _members(UPPERCASE)
lowercase = _members(LOWERCASE)
titlecase = _members(TITLECASE)
alphanumeric = letters | digits

_SEPARATED = re.compile(r"([.,;()!:/])")


def words(line: str) -> list[str]:
    """Runs of characters that are not whitespace; punctuation stays attached.

    >>> words("Is it?  Yes, (2)")
    ['Is', 'it?', 'Yes,', '(2)']
    """
    return line.split()


def tokens(line: str) -> list[str]:
    """Words with `. , ; ( ) ! : /` split off, as the Norwegian Colossal Corpus counts them.

    >>> tokens("Is it? Yes, (2)")
    ['Is', 'it?', 'Yes', ',', '(', '2', ')']
    """
    return _SEPARATED.sub(r" \1 ", line).split()
