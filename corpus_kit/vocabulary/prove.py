"""Whether the two forms of a tokenizer encode equally: tried on the sample, and on odd texts.

Both libraries are asked as they are, not through `corpus_kit.tokenizers`. Literal special strings are left out: Hugging
Face takes `<s>` in a text for the token, SentencePiece does not; that is what `neutralize` is for.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

MOST_TEXTS, MOST_BYTES = 5000, 16 << 20
"""Of the sample."""

_ODD = (
    "", " ", "  ", "\n", "\t", " \n ", "\r\n\r\n", " leading", "trailing ", "two  spaces", "a\u00a0b", "a\u2003b c",
    "▁", "▁▁ a▁b", "e\u0301 é", "\ufeffbom", "zero\u200bwidth", "日本語 テスト。", "עברית العربية", "🙂👍🏽 👩‍👩‍👧",
    "\u0000\u0001", "<0x41>", "1234567890 12,345.67", "don't WE'LL", "x" * 3000, "https://example.org/a?b=c&d=%20#e",
    "def f(x):\n    return {\n        'a': [1, 2],\n    }\n", "\ue000\U000f0000\U0010ffff", "æøåÆØÅðþßäö ſ ﬁ",
)  # fmt: skip
_REPEATED, _LONGEST = " -=_*.#~aeho0\n\t!?å▁", 70


class Proof(NamedTuple):
    """How many texts were encoded both ways, and how many of them differ."""

    texts: int
    differ: int


def prove(folder: Path, texts: Sequence[str]) -> Proof:
    """Encodes by `tokenizer.model` and by `tokenizer.json`."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    from sentencepiece import SentencePieceProcessor
    from tokenizers import Tokenizer

    from corpus_kit.tokenizers import SpecialStrings, load_tokenizer

    special = SpecialStrings(load_tokenizer(folder / "tokenizer.model").special_tokens)
    original = SentencePieceProcessor(model_file=str(folder / "tokenizer.model"))
    converted = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tried = differ = 0
    for text in [*_some(texts), *odd_texts()]:
        if special.is_in(text):
            continue
        tried += 1
        differ += list(original.encode(text)) != converted.encode(text, add_special_tokens=False).ids
    return Proof(tried, differ)


def odd_texts() -> Iterator[str]:
    """Texts that converted tokenizers are known to stumble over."""
    yield from _ODD
    for character in _REPEATED:
        for length in range(1, _LONGEST):
            yield character * length


def _some(texts: Sequence[str]) -> Iterator[str]:
    left = MOST_BYTES
    for text in texts[:MOST_TEXTS]:
        left -= len(text.encode())
        if left < 0:
            return
        yield text
