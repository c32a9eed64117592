"""Scores texts with a fastText classifier: what it sees of a text, and the probability of one of its labels.

Training (`corpus_kit.classifier`) and prediction share `prepare`, and the labels of a model hold the version of it, so
a model always meets the text it was trained for.
"""

from __future__ import annotations

import functools
import math
import re
import struct
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from corpus_kit.errors import PlanError, missing_extra, suggest
from corpus_kit.lid.modelfile import damage

if TYPE_CHECKING:
    from fasttext.FastText import _FastText

PREFIX = "__label__"

PREPARATION = 1
"""Raised when `prepare` gives another text for the same input; models of another version are refused."""

GOOD, BAD = f"good/{PREPARATION}", f"bad/{PREPARATION}"
"""Labels of models made by `corpus-kit classifier train`."""

SAMPLE_CHARS = 10_000
WINDOWS = 5
"""A long document is read in five places. On three trial tasks 3,000 characters, 10,000 and the whole text differed by
less than a point; five windows also see what only the end of a document is like."""

_DIGIT = re.compile(r"\d")
_MARK = re.compile(r"[^\w\s]|_")
_OURS = re.compile(r"(good|bad)/[0-9]+")
_CONTROL = re.compile(r"[\0\x1c-\x1f]+")

_MODEL_FIELD = "<8x28xi"
"""Where fastText's file says what kind of model it holds: after two numbers, and seven of its arguments."""
_SUPERVISED = 3


def prepare(text: str) -> str:
    """What a model of ours sees of a text: one line of lower-case words and punctuation marks, digits as 0.

    No word can look like a label, since underscores stand alone.

    >>> prepare("Året 2024:\\n«DET GÅR BRA!» __label__good")
    'året 0000 : « det går bra ! » _ _ label _ _ good'
    """
    folded = unicodedata.normalize("NFC", sample(text)).lower()
    return " ".join(_CONTROL.sub(" ", _MARK.sub(r" \g<0> ", _DIGIT.sub("0", folded))).split())


def sample(text: str) -> str:
    """The text, or of a long one windows at even distances, the first at its beginning and the last at its end.

    >>> sample("short"), len(sample("long " * 100_000)) <= SAMPLE_CHARS
    ('short', True)
    """
    if len(text) <= SAMPLE_CHARS:
        return text
    size = SAMPLE_CHARS // WINDOWS - 1
    starts = [(len(text) - size) * i // (WINDOWS - 1) for i in range(WINDOWS)]
    return "\n".join(text[start : start + size] for start in starts)


def one_line(text: str) -> str:
    """The whole text as one line, as models of others are trained on it.

    >>> one_line("to\\nlinjer")
    'to linjer'
    """
    return " ".join(_CONTROL.sub(" ", text).split())


class Scorer:
    """A loaded classifier and the label it is asked about. The same text always has the same score."""

    def __init__(self, model: _FastText, label: str):
        self._model = model
        self._label = PREFIX + label
        self._prepare = prepare if _OURS.fullmatch(label) else one_line

    def scores(self, texts: Sequence[str]) -> list[float]:
        """The probability of the label for each text, to six decimals; NaN for a text without a word."""
        lines = [self._prepare(text) for text in texts]
        found = iter(self.scores_of_lines([line for line in lines if line]))
        return [next(found) if line else math.nan for line in lines]

    def scores_of_lines(self, lines: list[str]) -> list[float]:
        """The same for lines that are prepared already, none of them empty."""
        if not lines:
            return []
        labels, scores = self._model.predict(lines, k=-1)
        # fastText adds a small constant before its logarithm, so a sure score comes out a little above 1.
        return [
            round(min(float(dict(zip(names, values, strict=True)).get(self._label, 0.0)), 1.0), 6)
            for names, values in zip(labels, scores, strict=True)
        ]


def load(path: Path, label: str | None = None) -> Scorer:
    """The scorer of a model file; loaded once a process.

    `label` names what the score is the probability of; a model of ours needs none. A file that is absent, damaged or no
    classifier, or has no such label, is a PlanError.
    """
    try:
        changed = path.stat().st_mtime_ns
    except OSError as error:
        raise PlanError(f"the classifier {path} cannot be read: {error.strerror}") from error
    model = _load(path.resolve(), changed)
    return Scorer(model, _label(path, [str(one).removeprefix(PREFIX) for one in model.labels], label))


def _label(path: Path, labels: Sequence[str], label: str | None) -> str:
    if all(map(_OURS.fullmatch, labels)):
        if GOOD not in labels:
            raise PlanError(
                f"the classifier {path} was trained by another version of corpus-kit, which prepared texts in another "
                "way; train it again"
            )
        if label not in (None, "good", "bad"):
            raise PlanError(f"the classifier {path} has no label {label!r}; {suggest(str(label), ['good', 'bad'])}")
        return BAD if label == "bad" else GOOD
    if label is None:
        raise PlanError(
            f"the classifier {path} was not trained by corpus-kit; say with `label` whose probability is the score: "
            f"{', '.join(sorted(labels)[:10])}{', ...' if len(labels) > 10 else ''}"
        )
    if label not in labels:
        raise PlanError(f"the classifier {path} has no label {label!r}; {suggest(label, labels)}")
    return label


@functools.lru_cache(maxsize=8)
def _load(path: Path, changed: int) -> _FastText:
    try:
        import fasttext
    except ImportError as error:
        raise missing_extra("fasttext", "lang", "a classifier") from error
    if not _is_supervised(path):
        raise PlanError(f"the model {path} holds word vectors, not a classifier; train one with 'classifier train'")
    if wrong := damage(path):
        raise PlanError(f"the classifier {path} cannot be used: {wrong}")
    try:
        return fasttext.load_model(str(path))
    except (ValueError, MemoryError, RuntimeError) as error:
        raise PlanError(f"the classifier {path} is damaged: fastText cannot load it") from error


def _is_supervised(path: Path) -> bool:
    """Whether a fastText file says that it is a classifier; True for any other file, whose damage is told elsewhere."""
    from corpus_kit.lid.modelfile import MAGIC

    with path.open("rb") as file:
        head = file.read(struct.calcsize(_MODEL_FIELD))
    if len(head) < struct.calcsize(_MODEL_FIELD) or struct.unpack_from("<i", head)[0] != MAGIC:
        return True
    return struct.unpack(_MODEL_FIELD, head)[0] == _SUPERVISED
