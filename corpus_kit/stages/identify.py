"""The `identify` stage: language and script of every text and its paragraphs, and which languages to keep."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, ClassVar, Literal, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import Field, StringConstraints, field_validator, model_validator

from corpus_kit.errors import PlanError
from corpus_kit.lid import paragraphs
from corpus_kit.lid.identify import Predictions
from corpus_kit.lid.labels import UNDETERMINED, uniform
from corpus_kit.lid.models import Choice, Labeler, labeler, put, remarks
from corpus_kit.lid.paragraphs import SHARES, SHORTEST, Paragraphs
from corpus_kit.lid.ranked import ranked
from corpus_kit.lid.text import SAMPLE_CHARS
from corpus_kit.schema import GIVEN_COLUMNS, Reason, set_columns, set_reasons
from corpus_kit.stage import BatchStage, Number, register

Label = Annotated[str, StringConstraints(pattern=r"^([a-z]{3}_[A-Z][a-z]{3}|und)$")]

DIGITS = 4
"""Scores are rounded to this many digits before they are judged, so that the stored ones tell the same story."""

_LISTED = 30
"""Labels that a message may list."""

FOREIGN_PARAGRAPH = "identify.foreign_paragraph"


@register("identify")
class Identify(BatchStage):
    """Labels each text with its language and script (`dan_Latn`), a score, the next best label and the margin.

    The model that ships tells the Nordic languages apart and says `und` for what it does not know. A text whose
    language is not to be kept, or whose score is too low, is rejected. With `paragraphs` the paragraphs are labelled
    too: column `lang_shares` has the share of each language, and foreign paragraphs may be cut. Paragraphs too short to
    be judged follow those around them.
    """

    version: ClassVar[int] = 2
    needs: ClassVar[tuple[str, ...]] = ("text",)
    gives: ClassVar[Mapping[str, pa.DataType]] = {
        "lang": pa.string(),
        "lang_score": pa.float64(),
        "lang_runner_up": GIVEN_COLUMNS["lang_runner_up"][0],
        "lang_margin": GIVEN_COLUMNS["lang_margin"][0],
    }
    codes: ClassVar[Mapping[str, str]] = {
        "identify.language": "the language is not among those to keep",
        "identify.score": "the language is one to keep, but its score is below `min_score`",
        "identify.foreign": "cutting foreign paragraphs would leave nothing",
        FOREIGN_PARAGRAPH: "a paragraph in a foreign language, cut out of a text that is kept",
    }

    model: str | None = None
    """Path of a fastText model (lid.176, GlotLID, OpenLID); `auto` for a wide one and the one that ships together; null
    for the one that ships."""
    wide: str | None = None
    """Path of the wide model, for `model: auto`."""
    labels: dict[str, Label] = {}
    """Labels of `model` or `wide` that are to be called otherwise: `{xx: yyy_Latn}`."""
    sample: int | None = Field(default=SAMPLE_CHARS, ge=100)
    """Characters read of a long text, at its start, middle and end; null for all of it."""
    keep: tuple[str, ...] | None = Field(default=None, min_length=1)
    """Languages to keep; null for all."""
    min_score: float | dict[str, float] = 0.0
    """Lowest score a kept text may have: a number, or one for each label that needs one."""
    paragraphs: bool = False
    """Label paragraphs too, and give the share of each language."""
    by: Literal["document", "paragraphs"] = "document"
    """Label a text by a sample of it, or by its paragraphs: the score is then the mean over the letters."""
    foreign: Literal["keep", "cut", "cut_named"] = "keep"
    """`cut` takes out paragraphs in languages that are not in `keep`; without `keep`, in others than the text's own.
    `cut_named` leaves those labelled `und`: program code, tables, names, and languages the model does not know."""
    shortest: int = Field(default=SHORTEST, ge=1)
    """Letters a paragraph must have to be judged by itself."""

    @field_validator("min_score")
    @classmethod
    def _is_share(cls, value: float | dict[str, float]) -> float | dict[str, float]:
        for score in value.values() if isinstance(value, dict) else [value]:
            if not 0 <= score <= 1:
                raise ValueError(f"a score is between 0 and 1, not {score:g}")
        return value

    @model_validator(mode="after")
    def _needs_paragraphs(self) -> Identify:
        for setting, usual in (("by", "document"), ("foreign", "keep")):
            if getattr(self, setting) != usual and not self.paragraphs:
                raise ValueError(f"'{setting}: {getattr(self, setting)}' needs 'paragraphs: true'")
        return self

    def columns_given(self) -> Mapping[str, pa.DataType]:
        """The label and its scores; with paragraphs the shares, and the text if it may be cut."""
        shares = {"lang_shares": SHARES} if self.paragraphs else {}
        return {**self.gives, **shares, **({} if self.foreign == "keep" else {"text": pa.large_string()})}

    def files(self) -> list[Path]:
        """The models."""
        return self._choice().files()

    def numbers(self) -> list[Number]:
        """Every number, the scores by language, and what became of the models' labels."""
        found = [one for one in super().numbers() if self.paragraphs or one.name != "shortest"]
        if isinstance(self.min_score, dict):
            found += [
                Number(name=f"min_score {k}", value=v, origin="recipe") for k, v in sorted(self.min_score.items())
            ]
        return found + [
            Number(name=name, value=value, origin=origin) for name, value, origin in remarks(self._choice())
        ]

    def check(self, available: Mapping[str, pa.DataType]) -> None:
        """Finds models that cannot be used, and languages they have no label for."""
        known = self._labeler().labels
        scored = self.min_score if isinstance(self.min_score, dict) else {}
        for wanted in [*(self.keep or ()), *scored]:
            if wanted not in known:
                raise PlanError(f"identify: the model has no language {wanted!r}; {_nearest(wanted, known)}")
        for wanted in scored:
            if self.keep is not None and wanted not in self.keep:
                raise PlanError(f"identify: 'min_score' is for {wanted!r}, which is not in 'keep'")

    def apply(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The batch with label, score, runner-up and margin; with paragraphs the shares, and the text after cuts."""
        found = self.found(batch["text"])
        verdict = self._verdict(found.whole)
        columns = _columns(found)
        if found.parts is not None and self.foreign != "keep":
            verdict, gone = self._gone(verdict, found, found.parts)
            columns["text"] = paragraphs.without(batch["text"], found.parts, gone)
            counts = pa.array(np.bincount(found.parts.row[gone], minlength=batch.num_rows))
            columns["edits"] = pa.StructArray.from_arrays([counts], names=[FOREIGN_PARAGRAPH])
        return set_reasons(set_columns(batch, columns), _reasons(found.whole, verdict))

    def labeled(self, texts: pa.Array) -> dict[str, pa.Array]:
        """The columns of labels, for texts that are in no batch."""
        return _columns(self.found(texts))

    def best(self, texts: pa.Array, count: int) -> list[list[tuple[str, float]]]:
        """The `count` best labels of each text with their scores."""
        return ranked(self._labeler(), texts, count)

    def _choice(self) -> Choice:
        return Choice(self.model, self.wide, tuple(sorted(self.labels.items())), self.sample)

    def _labeler(self) -> Labeler:
        return labeler(self._choice())

    def found(self, texts: pa.Array) -> Found:
        """Answers about texts and their paragraphs. What was judged as a paragraph is not asked about again."""
        asked = self._labeler()
        if not self.paragraphs:
            return Found(_rounded(asked.identify(texts)))
        parts = paragraphs.split(texts, shortest=self.shortest)
        said = asked.identify(parts.texts.filter(pa.array(parts.judged)))
        by = paragraphs.spread(parts, said, len(texts))
        whole = paragraphs.overall(said.names, by)
        single = np.bincount(parts.row, minlength=len(texts)) == 1
        rest = np.flatnonzero(~(by.known & (single | (self.by == "paragraphs"))))
        if len(rest):
            whole = put(whole, rest, asked.identify(texts.take(pa.array(rest))))
        return Found(_rounded(whole), parts, paragraphs.label(parts, said, by, whole.label))

    def _verdict(self, whole: Predictions) -> _Verdict:
        bounds = self.min_score if isinstance(self.min_score, dict) else dict.fromkeys(whole.names, self.min_score)
        low = np.array([bounds.get(name, 0.0) for name in whole.names])[whole.label]
        wanted = self._wanted(whole.names)[whole.label]
        kept = wanted & (whole.score >= low)
        return _Verdict(kept, wanted, low, np.zeros(len(kept), bool))

    def _wanted(self, names: tuple[str, ...]) -> NDArray[np.bool_]:
        return np.array([self.keep is None or name in self.keep for name in names])

    def _gone(self, verdict: _Verdict, found: Found, parts: Paragraphs) -> tuple[_Verdict, NDArray[np.bool_]]:
        """Which paragraphs of kept texts are cut, and the verdict on texts of which nothing would be left."""
        own = found.whole.label[parts.row]
        foreign = (found.labels != own) if self.keep is None else ~self._wanted(found.whole.names)[found.labels]
        if self.foreign == "cut_named":
            foreign &= found.labels != found.whole.names.index(UNDETERMINED)
        gone = foreign & verdict.kept[parts.row]
        rows = len(verdict.kept)
        left = np.bincount(parts.row, parts.letters * ~gone, rows) > 0
        empty = (np.bincount(parts.row[gone], minlength=rows) > 0) & ~left
        return verdict._replace(kept=verdict.kept & ~empty, empty=empty), gone & ~empty[parts.row]


class Found(NamedTuple):
    """What was found in texts; without paragraphs the last two say nothing."""

    whole: Predictions
    parts: Paragraphs | None = None
    labels: NDArray[np.int32] = np.zeros(0, np.int32)


class _Verdict(NamedTuple):
    """What follows for each text: whether it is kept, and if not, why."""

    kept: NDArray[np.bool_]
    wanted: NDArray[np.bool_]
    low: NDArray[np.float64]
    empty: NDArray[np.bool_]


def _rounded(found: Predictions) -> Predictions:
    return found._replace(score=np.round(found.score, DIGITS), runner_up_score=np.round(found.runner_up_score, DIGITS))


def _columns(found: Found) -> dict[str, pa.Array]:
    whole = found.whole
    names = pa.array(whole.names, pa.string())
    columns = {
        "lang": names.take(pa.array(whole.label)),
        "lang_score": pa.array(whole.score),
        "lang_runner_up": names.take(pa.array(whole.runner_up, mask=whole.runner_up_score <= 0)),
        "lang_margin": pa.array(np.round(whole.score - whole.runner_up_score, DIGITS)),
    }
    if found.parts is None:
        return columns
    return {**columns, "lang_shares": paragraphs.shares(found.parts, found.labels, whole.names, len(whole.label))}


def _reasons(found: Predictions, verdict: _Verdict) -> Iterator[Reason]:
    for row in np.flatnonzero(~verdict.kept).tolist():
        if verdict.empty[row]:
            yield Reason(row, "identify.foreign")
        elif verdict.wanted[row]:
            yield Reason(row, "identify.score", float(found.score[row]), float(verdict.low[row]))
        else:
            yield Reason(row, "identify.language", float(found.score[row]))


def _nearest(wanted: str, known: tuple[str, ...]) -> str:
    """The label that was probably meant, or all there are.

    >>> _nearest("no", ("dan_Latn", "nob_Latn")), _nearest("dan_Lat", ("dan_Latn", "nob_Latn"))
    ("did you mean 'nob_Latn'?", "did you mean 'dan_Latn'?")
    >>> _nearest("swe_Latn", ("dan_Latn", "nob_Latn"))
    'it has dan_Latn, nob_Latn'
    """
    # All labels look alike: half of each is the script.
    near = [one for one in (uniform(wanted), *difflib.get_close_matches(wanted, known, 1, 0.8)) if one in known]
    if near:
        return f"did you mean {near[0]!r}?"
    return f"it has {', '.join(known)}" if len(known) <= _LISTED else f"none of its {len(known):,} labels is like it"
