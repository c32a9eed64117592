"""Labels texts with their language, using the embedded model or any fastText one."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from corpus_kit.errors import PlanError
from corpus_kit.kernels.lid import Answers, Model
from corpus_kit.lid import calibrate
from corpus_kit.lid.labels import PREFIX, UNDETERMINED, uniform
from corpus_kit.lid.modelfile import open_model
from corpus_kit.lid.text import SAMPLE_CHARS

EMBEDDED = Path(__file__).parents[1] / "models" / "lid_nordic.ftz"

_LEAST_LATIN = 0.5
"""Share of Latin letters below which a text is not shown to a model trained on folded text."""


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


class Predictions(NamedTuple):
    """The predictions of many texts as arrays, one entry a text; the codes are positions in `names`."""

    names: tuple[str, ...]
    label: NDArray[np.int32]
    score: NDArray[np.float64]
    runner_up: NDArray[np.int32]
    runner_up_score: NDArray[np.float64]


class Identifier:
    """A loaded model. The same text always gets the same prediction, whatever else is in the list.

    A model with the bare label `und` was trained by `corpus_kit.lid.train`: it is given folded text (see
    `corpus_kit.lid.text`), what is mostly not in Latin script is `und` without asking it, and its scores are
    calibrated if it has a calibration. Any other model is given the text as it stands.
    """

    def __init__(self, model: Model, calibration: calibrate.Calibration | None = None):
        self._model = model
        self._calibration = calibration
        self._folds = PREFIX + UNDETERMINED in model.labels
        self.raw_labels = model.labels
        self.labels = tuple(sorted({uniform(raw) for raw in model.labels}))
        self._names = tuple(sorted({*self.labels, UNDETERMINED}))
        code = {name: number for number, name in enumerate(self._names)}
        self._undetermined = code[UNDETERMINED]
        # A label that the model does not give is -1: the last one here.
        self._codes = np.array([*(code[uniform(raw)] for raw in model.labels), self._undetermined], np.int32)

    def identify(self, texts: pa.Array | pa.ChunkedArray, *, sample: int | None = SAMPLE_CHARS) -> Predictions:
        """The predictions of the texts of an Arrow string array; nulls and texts without letters are `und`, 0.0.

        Of a text longer than `sample` characters the start, middle and end are read; None reads all of it.
        """
        label, score = self.best(texts, 2, sample=sample)
        return Predictions(self._names, label[:, 0].copy(), score[:, 0].copy(), label[:, 1].copy(), score[:, 1].copy())

    def best(
        self, texts: pa.Array | pa.ChunkedArray, count: int, *, sample: int | None = SAMPLE_CHARS
    ) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
        """Codes of the `count` best labels (positions in the names of `identify`) and their scores, best first."""
        try:
            answers = self._model.predict(
                texts, best=max(count, 2), folds=self._folds, sample_chars=sample or 0, least_latin=_LEAST_LATIN
            )
        except ArithmeticError as error:
            raise PlanError(f"a language model is damaged: {error}") from error
        asked = (answers.letters > 0) & (answers.label[:, 0] >= 0)
        label = np.where(asked[:, None], self._codes[answers.label], np.int32(self._undetermined))
        # fastText adds a small constant before its logarithm, so a sure score comes out a little above 1.
        score = np.where(asked[:, None], np.minimum(answers.score, 1.0), 0.0).astype(np.float64)
        if self._folds:
            score[~asked, 0] = _foreign_share(answers)[~asked]
            if self._calibration is not None:
                letters = np.where(asked, answers.letters, 0)
                first, second = self._calibration.apply(score[:, 0], score[:, 1], letters)
                score[:, 2:] *= (second / np.maximum(score[:, 1], 1e-12))[:, None]
                score[:, 0], score[:, 1] = first, second
        return label[:, :count], score[:, :count]

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """One prediction for each text, in order."""
        # A lone surrogate cannot be in Arrow text: it becomes a question mark.
        encoded = pa.array([text.encode("utf-8", "replace") for text in texts], pa.large_binary())
        found = self.identify(pa.Array.from_buffers(pa.large_string(), len(encoded), encoded.buffers()))
        columns = zip(*(column.tolist() for column in found[1:]), strict=True)
        return [Prediction(self._names[a], score, self._names[b], other) for a, score, b, other in columns]


def _foreign_share(answers: Answers) -> NDArray[np.float64]:
    """Share of letters that are not Latin; 0 where there are none, or they are mostly Latin."""
    share = 1.0 - answers.latin / np.maximum(answers.letters, 1)
    return np.where((answers.letters > 0) & (share > 1.0 - _LEAST_LATIN), share, 0.0)


def load(path: Path | None = None) -> Identifier:
    """The identifier of a model file, or of the embedded model; loaded once a process.

    Its scores are calibrated if there is a calibration beside it (`corpus_kit.lid.calibrate`). A file that is absent or
    damaged is a `PlanError`.
    """
    file = EMBEDDED if path is None else Path(path)
    try:
        changed = file.stat().st_mtime_ns
    except OSError as error:
        raise PlanError(f"the language model {file} cannot be read: {error.strerror}") from error
    maps = calibrate.beside(file)
    return _load(file.resolve(), maps.resolve(), changed, maps.stat().st_mtime_ns if maps.is_file() else None)


@functools.lru_cache(maxsize=4)
def _load(file: Path, maps: Path, changed: int, maps_changed: int | None) -> Identifier:
    model = open_model(file)
    # The JSON file beside somebody else's model is none of ours.
    is_ours = PREFIX + UNDETERMINED in model.labels and maps_changed is not None
    return Identifier(model, calibrate.read(maps) if is_ours else None)
