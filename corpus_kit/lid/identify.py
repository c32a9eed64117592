"""Labels texts with their language, using the embedded model or any fastText one."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from corpus_kit.errors import PlanError, missing_extra
from corpus_kit.lid.labels import PREFIX, UNDETERMINED, uniform
from corpus_kit.lid.modelfile import damage
from corpus_kit.lid.text import fold, latin_share, one_line, sample

if TYPE_CHECKING:
    from fasttext.FastText import _FastText

EMBEDDED = Path(__file__).parents[1] / "models" / "lid_nordic.ftz"


class Prediction(NamedTuple):
    """The best label of a text and the next one, with their scores between 0 and 1."""

    label: str
    score: float
    runner_up: str
    runner_up_score: float

    @property
    def margin(self) -> float:
        """How far the label is ahead of the runner-up."""
        return self.score - self.runner_up_score


NOTHING = Prediction(UNDETERMINED, 0.0, UNDETERMINED, 0.0)
"""The answer for a text without letters."""


class Identifier:
    """A loaded model. The same text always gets the same prediction, whatever else is in the list.

    A model with the bare label `und` was trained by `corpus_kit.lid.train`: it is given folded text (see
    `corpus_kit.lid.text`), and what is mostly not in Latin script is `und` without asking it. Any other
    model is given the text as it stands.
    """

    def __init__(self, model: _FastText):
        self._model = model
        raw_labels = [str(label) for label in model.labels]
        self._folds = PREFIX + UNDETERMINED in raw_labels
        self._names = {raw: uniform(raw) for raw in raw_labels}
        self.labels = tuple(sorted(set(self._names.values())))

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """One prediction for each text, in order."""
        predictions = [NOTHING] * len(texts)
        asked: list[tuple[int, str]] = []
        for row, text in enumerate(texts):
            read = sample(text)
            folded = fold(read)
            if not folded:
                continue
            if not self._folds:
                asked.append((row, one_line(read)))
            elif (latin := latin_share(folded)) < 0.5:
                predictions[row] = Prediction(UNDETERMINED, 1.0 - latin, UNDETERMINED, 0.0)
            else:
                asked.append((row, folded))
        for (row, _), prediction in zip(asked, self._ask([line for _, line in asked]), strict=True):
            predictions[row] = prediction
        return predictions

    def _ask(self, lines: list[str]) -> list[Prediction]:
        if not lines:
            return []
        # A lone surrogate cannot be encoded for fastText: it becomes a question mark.
        encodable = [line.encode("utf-8", "replace").decode("utf-8") for line in lines]
        labels, scores = self._model.predict(encodable, k=2)
        return [self._prediction(*best) for best in zip(labels, scores, strict=True)]

    def _prediction(self, labels: Sequence[str], scores: Sequence[float]) -> Prediction:
        if len(labels) == 0:
            return NOTHING
        # fastText adds a small constant before its logarithm, so a sure score comes out a little above 1.
        names = [self._names[label] for label in labels]
        bounded = [min(float(score), 1.0) for score in scores]
        if len(names) == 1:
            return Prediction(names[0], bounded[0], UNDETERMINED, 0.0)
        return Prediction(names[0], bounded[0], names[1], bounded[1])


def load(path: Path | None = None) -> Identifier:
    """The identifier of a model file, or of the embedded model; loaded once a process.

    A file that is absent or damaged is a `PlanError`; without fastText installed it is a `MissingExtra`.
    """
    file = EMBEDDED if path is None else Path(path)
    try:
        changed = file.stat().st_mtime_ns
    except OSError as error:
        raise PlanError(f"the language model {file} cannot be read: {error.strerror}") from error
    return _load(file.resolve(), changed)


@functools.lru_cache(maxsize=4)
def _load(file: Path, changed: int) -> Identifier:
    try:
        import fasttext
    except ImportError as error:
        raise missing_extra("fasttext", "lang", "language identification") from error
    if wrong := damage(file):
        raise PlanError(
            f"the language model {file} is damaged: {wrong}\n  copy it again, or install corpus-kit again for its own"
        )
    try:
        model = fasttext.load_model(str(file))
    except (ValueError, MemoryError, RuntimeError) as error:
        raise PlanError(f"the language model {file} is damaged: fastText cannot load it") from error
    if not model.labels:
        raise PlanError(f"the model {file} has no labels: it holds word vectors, not a classifier")
    return Identifier(model)
