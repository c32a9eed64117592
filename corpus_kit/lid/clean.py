"""Corrects labels of training lines with a first, quick model: what it is sure is wrong is dropped or moved."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from corpus_kit.lid.labels import PREFIX, UNDETERMINED

logger = logging.getLogger(__name__)

Line = tuple[str, str]

_HARD_TO_TELL = frozenset({"dan_Latn", "swe_Latn", "nob_Latn", "nno_Latn"})
"""Among these the quick model's opinion is not taken: it would only teach its own mistakes."""

_OWN_LABEL = frozenset({"eng_Latn", "deu_Latn", "fin_Latn"})
"""Languages with a label that also occur in the gold class `other`."""

_QUICK = {"dim": 16, "lr": 0.4, "epoch": 2, "minn": 2, "maxn": 4, "bucket": 500_000, "minCount": 3}
_SURE_OF_ENGLISH = 0.8
_SURE = 0.95


def write_lines(lines: Sequence[Line], path: Path) -> None:
    """Writes lines the way fastText reads them."""
    with path.open("w", encoding="utf-8") as file:
        file.writelines(f"{PREFIX}{label} {text}\n" for label, text in lines)


def clean(lines: Sequence[Line], *, seed: int) -> list[Line]:
    """The lines without those that are in another language than their document, such as untranslated ones."""
    import fasttext

    with TemporaryDirectory() as folder:
        path = Path(folder) / "first.txt"
        write_lines(lines, path)
        model = fasttext.train_supervised(
            str(path),
            **_QUICK,
            thread=1,
            seed=seed,
            verbose=0,
        )
    guesses, scores = model.predict([text for _, text in lines])
    kept: list[Line] = []
    changed: Counter[str] = Counter()
    for (label, text), guess, score in zip(lines, guesses, scores, strict=True):
        corrected = _corrected(label, str(guess[0]).removeprefix(PREFIX), float(score[0]))
        changed["dropped" if corrected is None else "kept" if corrected == label else "moved"] += 1
        if corrected is not None:
            kept.append((corrected, text))
    logger.info("%d lines kept, %d dropped, %d moved", changed["kept"], changed["dropped"], changed["moved"])
    return kept


def _corrected(label: str, guess: str, score: float) -> str | None:
    """The label a line should have, or nothing if it should go."""
    if guess == label:
        return label
    if label == UNDETERMINED:
        return guess if guess in _OWN_LABEL and score > _SURE_OF_ENGLISH else label
    if guess == "eng_Latn" and score > _SURE_OF_ENGLISH:
        return None
    if score > _SURE and not {label, guess} <= _HARD_TO_TELL:
        return None
    return label
