"""Perplexity of texts by a KenLM language model, as CCNet and ROOTS measure it.

CCNet (Wenzek et al. 2020, arXiv:1911.00359) trains 5-gram models of Wikipedia on SentencePiece tokens, and takes
10 ** (-log10 probability / tokens) of a document. Texts like Wikipedia are low, spam and word lists high.

KenLM itself is published as source only; `ufal.kenlm` is the same library with wheels for Python 3.11 to 3.14. Its
licence is the LGPL (2.1 or later), so it is an extra of its own, and nothing here needs it to be imported.
"""

from __future__ import annotations

import functools
import math
import sys
import unicodedata
from importlib import metadata
from pathlib import Path
from typing import Any

from corpus_kit.errors import PlanError, missing_extra

DISTRIBUTIONS = ("ufal.kenlm", "kenlm", "kenlm-ex", "camel-kenlm")
"""Builds of the same library, all imported as `kenlm`; the first one is the extra's, since it has wheels."""

_PUNCTUATION = {
    **dict.fromkeys("„”“«»」「《》", '"'),
    **dict.fromkeys("´’", "'"),
    **dict.fromkeys("–━►", "-"),
    **dict(zip("，。、∶：？！（）；～〈〉【】％", ",.,::?!();~<>[]%", strict=True)),
    "—": " - ",
    "．": ". ",
    "…": "...",
}
"""What CCNet's models take typographic marks for. (Its table has a full-width 1 too, which is a digit before that.)"""

_MAX_EXPONENT = 300.0
"""10 to the power of it is still a number; a text that improbable is out of any bound."""


@functools.cache
def _translation() -> dict[int, str | None]:
    """Marks above and below letters and control characters vanish, digits are 0, punctuation is ASCII."""
    table: dict[int, str | None] = {ord(mark): ascii_ for mark, ascii_ in _PUNCTUATION.items()}
    for point in range(sys.maxunicode + 1):
        category = unicodedata.category(chr(point))
        if category in ("Mn", "Cc"):
            table[point] = None
        elif category == "Nd":
            table[point] = "0"
    return table


def ccnet(text: str) -> str:
    """The text as CCNet's models were trained on it: lower case, without accents and line breaks.

    Line breaks vanish without a space, as they do there, so that published bounds hold.

    >>> ccnet("Året 2024 –\\n«DET GÅR BRA…»")
    'aret 0000 -"det gar bra..."'
    """
    return unicodedata.normalize("NFD", text.strip().lower()).translate(_translation())


class LanguageModel:
    """A loaded model, the tokenizer its training text went through, and how that text was normalized."""

    def __init__(self, model: Any, tokenizer: Any | None, *, normalized: bool):
        self._model = model
        self._tokenizer = tokenizer
        self._normalized = normalized

    def perplexity(self, text: str) -> float:
        """Perplexity of a text, to one decimal; NaN for a text without a token.

        A normalized text is one sentence; else each line that is not blank is. The end of a sentence counts as a token.
        """
        sentences = [ccnet(text)] if self._normalized else text.split("\n")
        tokens = [line for sentence in sentences if (line := self._tokens(sentence))]
        if not tokens:
            return math.nan
        score = sum(self._model.score(line) for line in tokens)
        length = sum(len(line.split()) + 1 for line in tokens)
        return round(10.0 ** min(-score / length, _MAX_EXPONENT), 1)

    def _tokens(self, sentence: str) -> str:
        if self._tokenizer is None or not sentence.strip():
            return " ".join(sentence.split())
        return " ".join(self._tokenizer.encode(sentence, out_type=str))


def load(model: Path, tokenizer: Path | None, *, normalized: bool) -> LanguageModel:
    """The model of a file; loaded once a process. Raises PlanError for a file that is absent or of another kind."""
    for path in (model, tokenizer):
        try:
            if path is not None:
                path.open("rb").close()
        except OSError as error:
            raise PlanError(f"the language model {path} cannot be read: {error.strerror}") from error
    tokens = None if tokenizer is None else _load_tokenizer(tokenizer.resolve(), tokenizer.stat().st_mtime_ns)
    return LanguageModel(_load_model(model.resolve(), model.stat().st_mtime_ns), tokens, normalized=normalized)


@functools.lru_cache(maxsize=16)
def _load_model(path: Path, changed: int) -> Any:
    try:
        import kenlm
    except ImportError as error:
        raise missing_extra("kenlm", "perplexity", "perplexity") from error
    config = kenlm.Config()
    config.show_progress = False
    config.arpa_complain = kenlm.ARPALoadComplain.NONE
    try:
        return kenlm.Model(str(path), config)
    except (OSError, RuntimeError, ValueError) as error:
        raise PlanError(f"the language model {path} is no ARPA file and no KenLM binary, or is damaged") from error


@functools.lru_cache(maxsize=16)
def _load_tokenizer(path: Path, changed: int) -> Any:
    try:
        from sentencepiece import SentencePieceProcessor
    except ImportError as error:
        raise missing_extra("sentencepiece", "perplexity", "perplexity with a tokenizer") from error
    processor = SentencePieceProcessor()
    try:
        processor.LoadFromFile(str(path))
    except (OSError, RuntimeError, ValueError) as error:
        raise PlanError(f"the tokenizer {path} is no SentencePiece model, or is damaged") from error
    return processor


def distribution() -> str:
    """The installed build of KenLM, or the one to install."""
    return next((name for name in DISTRIBUTIONS if _is_installed(name)), DISTRIBUTIONS[0])


def _is_installed(name: str) -> bool:
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True
