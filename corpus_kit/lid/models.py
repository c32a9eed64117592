"""Which model labels texts: the one that ships, any fastText model, or a wide one and ours together (`auto`).

How `auto` puts two answers together. The **group** is what the shipped model has labels for. The wide model says how
likely the text is in the group: W, the sum of its two best scores that are labels of the group. Where W is 0 its
answer stands. Else the shipped model says the same, I, 1 less its score of `und`; the two are taken for independent
opinions, so their odds multiply, and that is the chance G that the text is in the group::

    odds(G) = odds(W) * odds(I)

Inside the group the shipped model decides and outside it the wide one, each by its own scores: a label of the group
scores G * (its score / I), another label (1 - G) * (its score / (1 - W)), and `und` scores 1 - G if the wide model
names no language outside the group. The best is the label, the next the runner-up. So the wide model has a say in
whether a text is Azerbaijani or Turkish, Icelandic or Hungarian; it has none in whether it is Danish or Bokmål.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from corpus_kit.errors import PlanError, suggest
from corpus_kit.lid.calibrate import beside
from corpus_kit.lid.identify import EMBEDDED, Identifier, Predictions, load
from corpus_kit.lid.labels import PREFIX, UNDETERMINED, uniform
from corpus_kit.lid.scripts import CYRILLIC_AZERBAIJANI, merged, scripts_told
from corpus_kit.lid.text import SAMPLE_CHARS

AUTO = "auto"

_SURE = 1e-4
"""No model is believed to be wrong less often than this, or its odds would be infinite."""


class Choice(NamedTuple):
    """What a user may choose about models."""

    model: str | None = None
    """Path of a fastText model, `auto`, or None for the one that ships."""
    wide: str | None = None
    """Path of the wide model of `auto`."""
    labels: tuple[tuple[str, str], ...] = ()
    """Labels of the model and what to call them."""
    sample: int | None = SAMPLE_CHARS
    """Characters read of each text; None for all."""

    def files(self) -> list[Path]:
        """The models that answers depend on, and their calibrations."""
        chosen = [None, self.wide] if self.model == AUTO else [self.model]
        models = [EMBEDDED if one is None else Path(one) for one in dict.fromkeys(chosen)]
        return [path for model in models for path in (model, beside(model)) if path == model or path.is_file()]


class Labeler(Protocol):
    """Labels texts. The same text always gets the same answer, whatever else is in the column."""

    labels: tuple[str, ...]

    def identify(self, texts: pa.Array | pa.ChunkedArray) -> Predictions:
        """One answer for each text."""
        ...


def labeler(choice: Choice) -> Labeler:
    """What labels texts, as chosen. Raises PlanError for a choice that cannot be, or a damaged model."""
    if choice.model != AUTO:
        if choice.wide is not None:
            raise PlanError("a wide model is used with model 'auto' only; give its path as the model to use it alone")
        return OneModel(EMBEDDED if choice.model is None else Path(choice.model), choice)
    if choice.wide is None:
        raise PlanError("model 'auto' needs the path of a wide model (GlotLID, OpenLID, lid.176), since none ships")
    return Auto(OneModel(Path(choice.wide), choice), OneModel(EMBEDDED, Choice(sample=choice.sample)))


def remarks(choice: Choice) -> list[tuple[str, int, str]]:
    """What the chosen models' labels are, for a plan: name, number, origin."""
    chosen = labeler(choice)
    models = [chosen.wide, chosen.inner] if isinstance(chosen, Auto) else [chosen]
    return [one for model in models if isinstance(model, OneModel) for one in model.remarks()]


class OneModel:
    """One fastText model, with labels as the user wants to call them and scripts told apart."""

    def __init__(self, file: Path, choice: Choice):
        self.identifier = load(file)
        self.sample = choice.sample
        self.file = file.name
        self.calls = _renamed(self.identifier, file.name, choice.labels)
        self._tells_scripts = file != EMBEDDED and CYRILLIC_AZERBAIJANI not in self.calls.values()
        scripts = (CYRILLIC_AZERBAIJANI,) if self._tells_scripts else ()
        self.labels = tuple(sorted({*self.calls.values(), UNDETERMINED, *scripts}))

    def identify(self, texts: pa.Array | pa.ChunkedArray) -> Predictions:
        """One answer for each text."""
        said = self.identifier.identify(texts, sample=self.sample)
        called = said._replace(names=tuple(self.calls.get(name, name) for name in said.names))
        found = merged(coded(called, self.labels))
        return scripts_told(found, texts) if self._tells_scripts else found

    def remarks(self) -> list[tuple[str, int, str]]:
        """What to know of the labels before a run: how many there are, which became one, which nobody can place."""
        raw = defaultdict(list)
        for label in self.identifier.raw_labels:
            raw[self.calls[uniform(label)]].append(label.removeprefix(PREFIX))
        merged = {f"labels called {name}": sorted(found) for name, found in sorted(raw.items()) if len(found) > 1}
        unknown = {"labels without script": sorted(name for name in raw if "_" not in name and name != UNDETERMINED)}
        told = [(what, len(found), f"{self.file}: {' '.join(found)}") for what, found in (merged | unknown).items()]
        return [("labels", len(self.identifier.raw_labels), self.file), *(one for one in told if one[1])]


class Auto:
    """A wide model that knows many languages, and a narrow one that tells a few of them apart."""

    def __init__(self, wide: Labeler, inner: Labeler):
        self.wide, self.inner = wide, inner
        self.labels = tuple(sorted({*wide.labels, *inner.labels}))
        self.group = np.isin(self.labels, [name for name in inner.labels if name != UNDETERMINED])

    def identify(self, texts: pa.Array | pa.ChunkedArray) -> Predictions:
        """One answer for each text; the narrow model reads only what the wide one thinks may be its matter."""
        wide = coded(self.wide.identify(texts), self.labels)
        inside = wide.score * self.group[wide.label] + wide.runner_up_score * self.group[wide.runner_up]
        asked = np.flatnonzero(inside > 0)
        if not len(asked):
            return wide
        inner = coded(self.inner.identify(texts.take(pa.array(asked))), self.labels)
        together = combined(taken(wide, asked), inner, self.group, width=len(self.inner.labels))
        return put(wide, asked, together)


def combined(wide: Predictions, inner: Predictions, group: NDArray[np.bool_], *, width: int) -> Predictions:
    """Two models' answers about the same texts put together, as the head of this module says.

    `group` says of each name whether the inner model has it, `width` how many labels that has, `und` among them.
    """
    und = wide.names.index(UNDETERMINED)
    labels = np.stack([inner.label, inner.runner_up, wide.label, wide.runner_up, np.full_like(wide.label, und)])
    scores = np.stack([inner.score, inner.runner_up_score, wide.score, wide.runner_up_score, np.zeros(len(wide.score))])
    belongs = group[labels]
    chance, in_inner, in_wide = chances(wide, inner, group, width=width)
    with np.errstate(divide="ignore", invalid="ignore"):
        scores[:2] *= np.where(belongs[:2], chance / in_inner, 0)
        scores[2:4] *= np.where(belongs[2:4], 0, (1 - chance) / (1 - in_wide))
    scores[4] = np.where(scores[2:4].sum(0) > 0, 0, 1 - chance)
    scores = np.nan_to_num(scores)
    order = np.argsort(-scores, axis=0, kind="stable")[:2]
    label, runner_up = np.take_along_axis(labels, order, 0)
    score, runner_up_score = np.minimum(np.take_along_axis(scores, order, 0), 1.0)
    return merged(Predictions(wide.names, label, score, runner_up, runner_up_score))


def chances(
    wide: Predictions, inner: Predictions, group: NDArray[np.bool_], *, width: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """How likely texts are in the group: by both models together (G), by the inner one (I), by the wide one (W)."""
    in_wide = wide.score * group[wide.label] + wide.runner_up_score * group[wide.runner_up]
    in_inner = 1 - _undetermined(inner, wide.names.index(UNDETERMINED), width)
    odds = _odds(in_wide) * _odds(in_inner)
    return odds / (1 + odds), in_inner, in_wide


def _undetermined(inner: Predictions, und: int, width: int) -> NDArray[np.float64]:
    """The inner model's score of `und`; if it is not among the best two, an even part of what they leave."""
    left = np.maximum(1 - inner.score - inner.runner_up_score, 0) / max(width - 2, 1)
    return np.where(inner.label == und, inner.score, np.where(inner.runner_up == und, inner.runner_up_score, left))


def _odds(chance: NDArray[np.float64]) -> NDArray[np.float64]:
    bounded = np.clip(chance, _SURE, 1 - _SURE)
    return bounded / (1 - bounded)


def _renamed(identifier: Identifier, file: str, labels: Sequence[tuple[str, str]]) -> Mapping[str, str]:
    calls = {name: name for name in identifier.labels}
    for label, name in labels:
        known = uniform(label)
        if known not in calls:
            raw = [one.removeprefix(PREFIX) for one in identifier.raw_labels]
            raise PlanError(f"labels: the model {file} has no label {label!r}; {suggest(label, raw)}")
        calls[known] = name
    return calls


def coded(found: Predictions, names: tuple[str, ...]) -> Predictions:
    """The same answers with the codes of more names."""
    numbers = {name: number for number, name in enumerate(names)}
    code = np.array([numbers[name] for name in found.names], np.int32)
    return found._replace(names=names, label=code[found.label], runner_up=code[found.runner_up])


def taken(found: Predictions, rows: NDArray[Any]) -> Predictions:
    """The answers of some rows."""
    names, label, score, runner_up, runner_up_score = found
    return Predictions(names, label[rows], score[rows], runner_up[rows], runner_up_score[rows])


def put(found: Predictions, rows: NDArray[Any], others: Predictions) -> Predictions:
    """The answers with those of some rows replaced."""
    result = Predictions(found.names, *(column.copy() for column in found[1:]))  # pyright: ignore[reportArgumentType]
    for column, values in zip(result[1:], others[1:], strict=True):
        column[rows] = values
    return result
