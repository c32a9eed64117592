"""Labels texts with their language, using the embedded model or any fastText one."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from corpus_kit.errors import PlanError
from corpus_kit.kernels.lid import Answers, Model, lines
from corpus_kit.lid import calibrate, norwegian
from corpus_kit.lid.labels import PREFIX, UNDETERMINED, uniform
from corpus_kit.lid.modelfile import open_model
from corpus_kit.lid.text import SAMPLE_CHARS

EMBEDDED = Path(__file__).parents[1] / "models" / "lid_nordic.ftz"

NORWEGIAN = ("nno_Latn", "nob_Latn")

_LEAST_LATIN = 0.5
"""Share of Latin letters below which a text is not shown to a model trained on folded text."""

_DOUBT = 0.9
_SECOND_LOOK = 30
"""A long text whose sample leaves the label in doubt is read again with a sample this many times as large, nearly
always all of it: a law that begins and ends with tables, memoirs with letters in another language. Models were trained
without a quarter each of the Norwegian documents. Of the 1,035 long ones in these quarters whose words agree with their
label, 15 are then in doubt and 3 are wrong; reading on puts one right and `_WORD` another, and none is spoiled."""

_WORD = 0.2
"""What a word that only one Norwegian has adds, in the second look, to the logarithm of the odds between the two. A
model's answer is an average over all words, among which the few that decide are lost where a long text is lists, tables
and names. From 0.1 to 0.3 does as well; in short texts it does no good."""


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
        self._norwegian = [model.labels.index(PREFIX + name) for name in NORWEGIAN if PREFIX + name in model.labels]
        # A label that the model does not give is -1: the last one here.
        self._codes = np.array([*(code[uniform(raw)] for raw in model.labels), self._undetermined], np.int32)

    def identify(self, texts: pa.Array | pa.ChunkedArray, *, sample: int | None = SAMPLE_CHARS) -> Predictions:
        """The predictions of the texts of an Arrow string array; nulls and texts without letters are `und`, 0.0.

        Of a text longer than `sample` characters the start, middle and end are read, and of one whose label that leaves
        in doubt four times as much (by a model of ours only); None reads all of it.
        """
        label, score = self.best(texts, 2, sample=sample)
        return Predictions(self._names, label[:, 0].copy(), score[:, 0].copy(), label[:, 1].copy(), score[:, 1].copy())

    def best(
        self, texts: pa.Array | pa.ChunkedArray, count: int, *, sample: int | None = SAMPLE_CHARS
    ) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
        """Codes of the `count` best labels (positions in the names of `identify`) and their scores, best first."""
        answers = self._ask(texts, max(count, 2), sample or 0)
        if self._folds and sample:
            self._look_again(texts, answers, sample)
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

    def _ask(self, texts: pa.Array | pa.ChunkedArray, count: int, sample: int) -> Answers:
        try:
            return self._model.predict(
                texts, best=count, folds=self._folds, sample_chars=sample, least_latin=_LEAST_LATIN
            )
        except ArithmeticError as error:
            raise PlanError(f"a language model is damaged: {error}") from error

    def _look_again(self, texts: pa.Array | pa.ChunkedArray, answers: Answers, sample: int) -> None:
        """Replaces the answers in doubt of texts of which not all was read."""
        doubted = (answers.label[:, 0] >= 0) & (answers.score[:, 0] < _DOUBT)
        if not doubted.any():
            return
        if pa.types.is_string_view(texts.type):
            texts = pc.cast(texts, pa.large_string())
        size = np.asarray(pc.fill_null(pc.binary_length(texts), 0))
        rows = np.flatnonzero(doubted & (size > sample))  # no text has more characters than bytes
        if not len(rows):
            return
        part, count = texts.take(pa.array(rows)), answers.label.shape[1]
        again = self._ask(part, max(count, 3), sample * _SECOND_LOOK)
        self._weigh_words(part, again, sample * _SECOND_LOOK)
        for column, new in zip(answers, again, strict=True):
            column[rows] = new[:, :count] if new.ndim == 2 else new

    def _weigh_words(self, texts: pa.Array | pa.ChunkedArray, answers: Answers, sample: int) -> None:
        """Puts right the odds between Nynorsk and Bokmål of texts that can only be one of them."""
        is_norwegian = np.isin(answers.label[:, :2], self._norwegian).all(axis=1)
        rows = np.flatnonzero(is_norwegian & (answers.score[:, 1] > 0))
        if not len(rows):
            return
        lead = norwegian.lead(lines(texts.take(pa.array(rows)), folds=True, sample_chars=sample))
        label, score = answers.label[rows], answers.score[rows].astype(np.float64)
        is_nynorsk = label[:, 0] == self._norwegian[0]
        odds = np.log(score[:, 0] / score[:, 1]) + _WORD * np.where(is_nynorsk, lead, -lead)
        both = score[:, 0] + score[:, 1]
        score[:, 0] = both / (1 + np.exp(-odds))
        score[:, 1] = both - score[:, 0]
        order = np.argsort(-score, axis=1, kind="stable")
        answers.label[rows] = np.take_along_axis(label, order, 1)
        answers.score[rows] = np.take_along_axis(score, order, 1)

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
