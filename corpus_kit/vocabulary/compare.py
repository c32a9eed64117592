"""How well tokenizers fit languages: tokens per word, characters and bytes per token, and what is unknown to them.

Fertility and the share of continued words are as in Rust et al. 2021 (arXiv:2012.15613) and Stollenwerk 2023
(arXiv:2304.14780): of words without punctuation, each by itself. A word here is a run of letters, marks and digits.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from corpus_kit.errors import PlanError
from corpus_kit.opened import Run
from corpus_kit.tokenizers import Tokenizer, load_tokenizer
from corpus_kit.vocabulary.texts import Lowest, is_run, languages_of, read_files, run_batches

BYTES = 2 << 20
"""Of each language. On the sample of the repository, half as much moves fertility by less than 0.02."""

FEW_WORDS = 1000
"""Languages with fewer are compared all the same, but told to be few."""

ALL = "all"

_WORD = re.compile(r"[^\W_]+(?:[\u0300-\u036f]+[^\W_]*)*")
_BYTE_PIECE = re.compile(r"<0x[0-9A-F]{2}>")


class Fit(NamedTuple):
    """How one tokenizer fits one language."""

    tokenizer: str
    lang: str
    documents: int
    words: int
    fertility: float
    """Tokens per word."""
    continued: float
    """Share of words of several tokens."""
    characters_per_token: float
    bytes_per_token: float
    unknown: float
    """Share of tokens that stand for what is unknown."""
    fallback: float
    """Share of tokens that are single bytes, for characters that are not in the vocabulary."""


class Comparison(NamedTuple):
    """Several tokenizers on the same texts."""

    tokenizers: list[dict[str, Any]]
    fits: list[Fit]

    def as_json(self) -> dict[str, Any]:
        """As plain data."""
        return {"tokenizers": self.tokenizers, "fits": [fit._asdict() for fit in self.fits]}

    def languages(self) -> list[str]:
        """Languages in the order of the table: by name, all together last."""
        found = sorted({fit.lang for fit in self.fits} - {ALL})
        return [*found, ALL]


def compare(
    tokenizers: Sequence[str],
    data: Sequence[str],
    *,
    bytes: int = BYTES,
    seed: int = 1,
    text_field: str | None = None,
) -> Comparison:
    """Compares tokenizers on the same documents: a sample by hash of each language, of a run or of files.

    Documents that do not say their language are identified. Raises PlanError if there is no text.
    """
    loaded = [load_tokenizer(path) for path in tokenizers]
    names = _distinct([one.name for one in loaded])
    samples = _samples(data, bytes, seed, text_field)
    if not samples:
        raise PlanError(f"there is no text to compare on in {', '.join(data)}")
    about = [
        {"name": name, "sha256": one.digest, "kind": one.kind, "vocab_size": one.vocab_size}
        for name, one in zip(names, loaded, strict=True)
    ]
    return Comparison(
        about, [fit for name, one in zip(names, loaded, strict=True) for fit in _fits(name, one, samples)]
    )


def _distinct(names: Sequence[str]) -> list[str]:
    """Names with a number where one comes again.

    >>> _distinct(["a", "b", "a"])
    ['a', 'b', 'a.2']
    """
    seen: Counter[str] = Counter()
    found = []
    for name in names:
        seen[name] += 1
        found.append(name if seen[name] == 1 else f"{name}.{seen[name]}")
    return found


def _samples(data: Sequence[str], bytes: int, seed: int, text_field: str | None) -> dict[str, list[str]]:
    held: dict[str, Lowest] = {}
    for batch in _batches(data, text_field):
        rows = zip(batch["id"].to_pylist(), languages_of(batch), batch["text"].to_pylist(), strict=True)
        for id, lang, text in rows:
            if text and not text.isspace():
                held.setdefault(lang, Lowest(bytes, seed=seed)).add(id, text)
    return {lang: held[lang].texts() for lang in sorted(held)}


def _batches(data: Sequence[str], text_field: str | None) -> Iterator[pa.RecordBatch]:
    runs = [one for one in data if is_run(one)]
    for run in runs:
        yield from run_batches(Run(run))
    files = [one for one in data if one not in runs]
    if files:
        yield from read_files(files, text_field=text_field).batches


class _Sums(NamedTuple):
    """What is added up over languages."""

    documents: int
    words: int
    word_tokens: int
    continued: int
    characters: int
    bytes: int
    tokens: int
    unknown: int
    fallback: int


def _fits(name: str, tokenizer: Tokenizer, samples: dict[str, list[str]]) -> Iterator[Fit]:
    fallback = np.array([bool(_BYTE_PIECE.fullmatch(piece)) for piece in tokenizer.engine.pieces()])
    each = {lang: _sums(tokenizer, texts, fallback) for lang, texts in samples.items()}
    each[ALL] = _Sums(*(sum(values) for values in zip(*each.values(), strict=True)))
    for lang, sums in each.items():
        yield Fit(
            name,
            lang,
            sums.documents,
            sums.words,
            _ratio(sums.word_tokens, sums.words),
            _ratio(sums.continued, sums.words),
            _ratio(sums.characters, sums.tokens),
            _ratio(sums.bytes, sums.tokens),
            _ratio(sums.unknown, sums.tokens),
            _ratio(sums.fallback, sums.tokens),
        )


def _ratio(part: float, whole: float) -> float:
    return round(part / whole, 6) if whole else 0.0


def _sums(tokenizer: Tokenizer, texts: list[str], fallback: np.ndarray) -> _Sums:
    ids = tokenizer.encode(pa.array(texts, pa.large_string())).values.to_numpy()
    words = Counter(word for text in texts for word in _WORD.findall(text))
    many = np.fromiter(words.values(), np.int64, len(words))
    parts = tokens_of_words(tokenizer, list(words))
    return _Sums(
        documents=len(texts),
        words=int(many.sum()),
        word_tokens=int((many * parts).sum()),
        continued=int(many[parts > 1].sum()),
        characters=sum(map(len, texts)),
        bytes=sum(len(text.encode()) for text in texts),
        tokens=len(ids),
        unknown=0 if tokenizer.unk_id is None else int((ids == tokenizer.unk_id).sum()),
        fallback=int(fallback[ids].sum()),
    )


def tokens_of_words(tokenizer: Tokenizer, words: list[str]) -> np.ndarray:
    """Tokens of each word inside of a text.

    Tokenizers that put a space before a text themselves get the word alone, others with a space before it: the fewer
    tokens are right, since a second space is one more.
    """
    alone, after_space = (
        tokenizer.count(pa.array([before + word for word in words], pa.large_string())).to_numpy()
        for before in ("", " ")
    )
    return np.minimum(alone, after_space)
