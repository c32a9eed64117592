"""Trains a classifier on good and bad examples, measures it on held-out ones, and writes it with its card.

The same texts give the same file, in whatever files and order they come: they are sorted by digest, and fastText runs
in one thread, since its threads race on purpose.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import Any

import numpy as np

from corpus_kit.classifier.examples import Example, Scratch, Side, read_side, refuse_conflicts
from corpus_kit.classifier.measure import Measures, measure
from corpus_kit.commit import write_text
from corpus_kit.errors import PlanError, missing_extra
from corpus_kit.resources import digest
from corpus_kit.scorer import BAD, GOOD, PREFIX, Scorer

SEED = 1

SETTINGS: dict[str, Any] = {
    "dim": 16,
    "lr": 0.5,
    "wordNgrams": 2,
    "minCount": 2,
    "bucket": 200_000,
    "minn": 0,
    "maxn": 0,
    "loss": "softmax",
}
"""Chosen on three trial tasks (opinions of film reviews, register, scanning errors), 1,600 to 3,000 texts each.
Dimensions from 4 to 32, a hundred thousand or a million buckets, and words seen once make no difference; single words
cost up to 2 points, parts of words give up to 1 on one task, cost 6 on another and take three times as long."""

TEXTS_SEEN = 100_000
"""fastText takes one step a text, so few texts must be seen often: on 1,900 film reviews, 5 epochs learn nothing (50%),
25 reach 81%, and more add nothing."""
MIN_EPOCHS, MAX_EPOCHS = 5, 100


@dataclass(frozen=True)
class Trained:
    """What there is to say about a new classifier; `corpus_kit.classifier.card` renders it."""

    path: Path
    digest: str
    good: Side
    bad: Side
    languages: tuple[str, ...]
    settings: dict[str, Any]
    library: str
    measures: Measures


def train(
    good: Sequence[str],
    bad: Sequence[str],
    output: Path,
    *,
    languages: Sequence[str] = (),
    text_field: str | None = None,
) -> Trained:
    """Trains on files of good and bad documents and writes the model to `output`, and its card beside it (`.md`).

    Raises PlanError for too few documents, for texts that are both good and bad, and for files that cannot be read.
    """
    try:
        import fasttext  # noqa: F401
    except ImportError as error:
        raise missing_extra("fasttext", "lang", "training a classifier") from error
    from corpus_kit.classifier.card import render

    if output.suffix == ".md":
        raise PlanError(f"the model cannot be called {output.name}: that is the name of its card")
    with TemporaryFile() as file:
        scratch = Scratch(file)
        sides = [
            read_side(name, paths, scratch, languages=languages, text_field=text_field)
            for name, paths in (("good", good), ("bad", bad))
        ]
        refuse_conflicts(*sides)
        kept, held_out = zip(*(side.split() for side in sides), strict=True)
        settings = SETTINGS | {"epoch": epochs(sum(map(len, kept)))}
        model = _fit(kept, scratch, settings, output)
        scores = [_scores(model, examples, scratch) for examples in held_out]
    trained = Trained(
        path=output,
        digest=digest(output),
        good=sides[0],
        bad=sides[1],
        languages=tuple(languages),
        settings=settings,
        library=f"fasttext-community {metadata.version('fasttext-community')}",
        measures=measure(*scores),
    )
    write_text(output.with_suffix(".md"), render(trained))
    return trained


def epochs(texts: int) -> int:
    """How often each of so many texts is seen.

    >>> epochs(1_000_000), epochs(4_000), epochs(100)
    (5, 25, 100)
    """
    return min(MAX_EPOCHS, max(MIN_EPOCHS, math.ceil(TEXTS_SEEN / texts)))


def _fit(kept: Sequence[Sequence[Example]], scratch: Scratch, settings: dict[str, Any], output: Path) -> Any:
    import fasttext

    labelled = [(example, label) for label, side in zip((GOOD, BAD), kept, strict=True) for example in side]
    labelled.sort(key=lambda one: one[0].digest)  # as good as a shuffle
    output.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=output.parent, prefix=f".{output.name}.") as folder:
        lines = Path(folder) / "lines.txt"
        with lines.open("w", encoding="utf-8", newline="\n") as file:
            for example, label in labelled:
                file.write(f"{PREFIX}{label} {scratch.text(example)}\n")
        try:
            model = fasttext.train_supervised(str(lines), **settings, thread=1, seed=SEED, verbose=0)
        except (RuntimeError, ValueError) as error:  # the numbers overflow, for one
            raise PlanError(f"fastText cannot learn from these texts: {str(error).rstrip('.')}") from error
        made = Path(folder) / "model.bin"
        model.save_model(str(made))
        os.replace(made, output)
    return model


def _scores(model: Any, examples: Sequence[Example], scratch: Scratch) -> np.ndarray:
    scorer = Scorer(model, GOOD)
    return np.array([scorer.scores_of_lines([scratch.text(example)])[0] for example in examples], np.float64)
