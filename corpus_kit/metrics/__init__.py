"""Metrics: plain functions that give one number about a document, and the registry that names them.

A metric never decides; a rule (`corpus_kit.rules`) does. To add one, write a function in a module whose docstring
begins with the citation, and decorate it::

    @metric("word_count")
    def word_count(doc: Doc) -> float:
        \"\"\"Number of whitespace-separated words. ...\"\"\"
        return len(doc.words)

That is all: it is called text by text. The shipped metrics also name a column of `corpus_kit.kernels.measure`, the
compiled pass that gives the same numbers a hundred times faster.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa

from corpus_kit.doc import Doc
from corpus_kit.kernels.measure import WordLists, measure_columns
from corpus_kit.segmentation import Words

Kind = Literal["count", "fraction", "ratio", "mean"]
"""`count`: 0, 1, 2, ...; `fraction`: a part of a whole, mostly 0 to 1; `ratio`: 0 and up; `mean`: of a length."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One number about a document: its definition, and what is known about it."""

    name: str
    function: Callable[[Doc], float]
    kind: Kind
    kernel: str | None
    """Column of the compiled pass that gives the same number, if there is one."""
    needs: Literal["stop", "flagged"] | None
    """Word list of the language without which it is undefined (NaN)."""
    keep: tuple[float | None, float | None] | None
    """Bounds for a rule that gives none of its own."""

    @property
    def doc(self) -> str:
        """The definition in words, with an example."""
        return inspect.cleandoc(self.function.__doc__ or "")

    @property
    def summary(self) -> str:
        """First line of the definition, without its period."""
        return self.doc.partition("\n")[0].rstrip(".")

    @property
    def citation(self) -> str:
        """First line of the docstring of the module that defines it."""
        module = sys.modules[self.function.__module__]
        return inspect.cleandoc(module.__doc__ or "").partition("\n")[0]


METRICS: dict[str, Metric] = {}
"""Every metric by name, in the order of definition."""


def metric(
    name: str,
    kernel: str | None = None,
    *,
    kind: Kind = "count",
    needs: Literal["stop", "flagged"] | None = None,
    keep: tuple[float | None, float | None] | None = None,
) -> Callable[[Callable[[Doc], float]], Callable[[Doc], float]]:
    """Decorator: makes a function known to rules under `name`, and leaves it as it is."""

    def add(function: Callable[[Doc], float]) -> Callable[[Doc], float]:
        known = METRICS.get(name)
        if known and known.function.__module__ != function.__module__:
            raise ValueError(f"metric {name!r} is already defined in {known.function.__module__}")
        METRICS[name] = Metric(name, function, kind, kernel, needs, keep)
        return function

    return add


def measure(
    names: Iterable[str],
    texts: pa.Array,
    lists: Sequence[WordLists],
    which: np.ndarray,
    *,
    words: Words = "whitespace",
) -> dict[str, np.ndarray]:
    """The named metrics of every text, each as float64, NaN where undefined. A null is measured as an empty text.

    `lists` are those of the languages in play, and `which` says for each text which of them is its language's; `words`
    says what `Doc.words` are. Metrics that name a column of the compiled pass are taken from it, which computes no
    others; the definitions of the rest are called text by text.

    >>> measure(["word_count"], pa.array(["one two", None]), [WordLists()], np.zeros(2, int))
    {'word_count': array([2., 0.])}
    """
    chosen = [METRICS[name] for name in names]
    defined = [one.name for one in chosen if one.kernel is None]
    measured = measure_by_definition(defined, texts, lists, which, words=words) if defined else {}
    compiled = {one.name: one.kernel for one in chosen if one.kernel is not None}
    if compiled:
        columns = measure_columns(texts, lists=lists, which=which, columns=compiled.values(), words=words)
        measured |= {name: columns[column] for name, column in compiled.items()}
    return {one.name: measured[one.name] for one in chosen}


def measure_by_definition(
    names: Iterable[str],
    texts: pa.Array,
    lists: Sequence[WordLists],
    which: np.ndarray,
    *,
    words: Words = "whitespace",
) -> dict[str, np.ndarray]:
    """What `measure` gives, by the Python definitions alone: the oracle of the compiled pass, a hundred times slower.

    >>> measure_by_definition(["word_count"], pa.array(["one two", None]), [WordLists()], np.zeros(2, int))
    {'word_count': array([2., 0.])}
    """
    chosen = [METRICS[name] for name in names]
    measured = {one.name: np.empty(len(texts), np.float64) for one in chosen}
    for row, (text, known) in enumerate(zip(texts, which, strict=True)):
        doc = Doc(text.as_py() or "", lists=lists[known], words=words)
        for one in chosen:
            measured[one.name][row] = one.function(doc)
    return measured


from corpus_kit.metrics import (  # noqa: E402 - at the end, because they fill METRICS
    c4,  # noqa: F401
    dfm,  # noqa: F401
    fineweb,  # noqa: F401
    gopher,  # noqa: F401
    ncc,  # noqa: F401
    nordic_pile,  # noqa: F401
    nordic_pile_repetition,  # noqa: F401
    repetition,  # noqa: F401
    roots,  # noqa: F401
)
