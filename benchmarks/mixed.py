"""Documents of two languages: how well `identify` with `foreign: cut` takes the foreign paragraphs out.

Each is a real document that was held out of training, with one to many paragraphs of one in another language put in
the middle, at the end, or here and there. Paragraphs whose own function words speak against the language of their
document are not used: there are English ones in every translation, and the truth would be wrong. Half of the documents
were used to choose the settings; the figures are of the other half. They count letters.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from benchmarks.bars import Bar, Report
from benchmarks.texts import data_folder
from corpus_kit.language import profile_for
from corpus_kit.lid import corpus, markers
from corpus_kit.lid.evaluate import held_out_documents
from corpus_kit.lid.text import fold
from corpus_kit.stages import Identify

PAIRS = (
    *((one, "eng_Latn") for one in ("dan_Latn", "swe_Latn", "nob_Latn", "nno_Latn", "isl_Latn", "fao_Latn")),
    *(("fin_Latn", "eng_Latn"), ("azj_Latn", "eng_Latn"), ("eng_Latn", "dan_Latn"), ("dan_Latn", "deu_Latn")),
    *(("dan_Latn", "swe_Latn"), ("swe_Latn", "dan_Latn"), ("nob_Latn", "dan_Latn"), ("dan_Latn", "nob_Latn")),
    *(("nob_Latn", "nno_Latn"), ("nno_Latn", "nob_Latn"), ("isl_Latn", "fao_Latn"), ("fao_Latn", "dan_Latn")),
    *(("fin_Latn", "swe_Latn"), ("isl_Latn", "dan_Latn"), ("swe_Latn", "fin_Latn")),
)
EACH = 60
ALONE = 120
SHORT = 40
"""Letters below which a paragraph has too few function words to be checked."""
SETTINGS: dict[str, dict[str, Any]] = {
    "shortest: 20": {"shortest": 20},
    "shortest: 30": {"shortest": 30},
    "shortest: 40": {"shortest": 40},
    "shortest: 60": {"shortest": 60},
    "by: paragraphs": {"by": "paragraphs"},
}


class Mixed(NamedTuple):
    """A document, its language, the foreign one in it, and where each part ends (bytes) and what it is in."""

    own: str
    foreign: str | None
    text: str
    parts: tuple[tuple[int, str], ...]


class Cut(NamedTuple):
    """Letters."""

    foreign: float = 0
    own: float = 0
    missed: float = 0
    alone: float = 0
    alone_total: float = 0

    def plus(self, **more: float) -> Cut:
        """With these letters added."""
        return self._replace(**{name: getattr(self, name) + letters for name, letters in more.items()})


def measure_all(*, talk: bool) -> Report:
    """Precision and recall of the cut by setting, and what it takes from documents of one language."""
    made = make(data_folder())[1::2]
    report = Report(("setting", "precision %", "recall %", "cut of one-language documents %"))
    for name, settings in SETTINGS.items():
        cut = sum_up(made, Identify(paragraphs=True, foreign="cut", **settings))
        precision = 100 * cut.foreign / (cut.foreign + cut.own)
        recall = 100 * cut.foreign / (cut.foreign + cut.missed)
        alone = 100 * cut.alone / cut.alone_total
        report.rows.append((name, f"{precision:.1f}", f"{recall:.1f}", f"{alone:.2f}"))
        if settings.get("shortest") == Identify().shortest:
            report.bars = [
                Bar("precision", precision, ">=", 97),
                Bar("recall", recall, ">=", 85),
                Bar("cut_of_one_language", alone, "<=", 0.5),
            ]
    report.notes.append(f"{len(made)} documents; of those whose language was told wrong nothing is counted")
    return report


def sum_up(made: Sequence[Mixed], stage: Identify) -> Cut:
    """What a stage cuts, in letters."""
    total = Cut()
    for at in range(0, len(made), 256):
        some = made[at : at + 256]
        found = stage.found(pa.array([one.text for one in some], pa.large_string()))
        if found.parts is None:
            continue
        ends = np.cumsum([len(text.as_buffer()) for text in found.parts.texts])
        begins = np.concatenate([[0], ends[:-1]])
        first = dict(zip(found.parts.row.tolist()[::-1], begins.tolist()[::-1], strict=True))
        for row, begin, end, letters, label in zip(
            found.parts.row.tolist(), begins, ends, found.parts.letters, found.labels, strict=True
        ):
            own = found.whole.label[row]
            if found.whole.names[own] == some[row].own:
                total = _counted(total, some[row], begin - first[row], end - first[row], letters, gone=label != own)
    return total


def _counted(total: Cut, one: Mixed, begin: int, end: int, letters: int, *, gone: bool) -> Cut:
    """With one paragraph found, its letters spread over the parts it overlaps."""
    if one.foreign is None:
        return total.plus(alone=letters * gone, alone_total=letters)
    start = 0
    for stop, language in one.parts:
        overlap = max(0, min(end, stop) - max(begin, start)) / (end - begin) * letters
        start = stop
        kind = ("foreign" if language != one.own else "own") if gone else "missed" if language != one.own else None
        total = total if kind is None else total.plus(**{kind: overlap})
    return total


def make(folder: Path, *, pairs: Sequence[tuple[str, str]] = PAIRS, each: int = EACH) -> list[Mixed]:
    """The documents: some of each pair, and some of one language."""
    rng = random.Random(11)
    documents: dict[str, list[list[str]]] = defaultdict(list)
    for document in held_out_documents(folder).kept:
        if 300 < len(document.text) < 40_000:
            documents[document.label].append(list(_paragraphs(document)))
    for some in documents.values():
        rng.shuffle(some)
    made = [one for a, b in pairs for _ in range(each) if (one := _mixed(a, b, documents, rng)) is not None]
    for label, some in documents.items():
        made += [_joined([(text, label) for text in one], "\n\n", label, None) for one in some[:ALONE] if one]
    return made


def _mixed(a: str, b: str, documents: dict[str, list[list[str]]], rng: random.Random) -> Mixed | None:
    own, foreign = rng.choice(documents[a]), rng.choice(documents[b])
    if len(own) < 3 or not foreign:
        return None
    own = own[: rng.randint(3, 30)]
    many = rng.randint(1, max(1, min(len(foreign), int(len(own) * rng.choice((0.1, 0.3, 0.6))))))
    start = rng.randrange(len(foreign) - many + 1)
    put = [(text, b) for text in foreign[start : start + many]]
    parts = [(text, a) for text in own]
    place = rng.choice(("end", "middle", "scattered"))
    if place == "scattered":
        for one in put:
            parts.insert(rng.randint(0, len(parts)), one)
    else:
        at = len(parts) if place == "end" else rng.randint(1, len(parts) - 1)
        parts[at:at] = put
    longer = sum(len(text) for text, language in parts if language == a)
    if longer <= 1.2 * sum(len(text) for text, _ in put):
        return None
    return _joined(parts, "\n" if rng.random() < 0.4 else "\n\n", a, b)


def _joined(parts: Sequence[tuple[str, str]], between: str, own: str, foreign: str | None) -> Mixed:
    text, ends = "", []
    for part, language in parts:
        text += part + between
        ends.append((len(text.encode()), language))
    return Mixed(own, foreign, text, tuple(ends))


def _paragraphs(document: markers.Document) -> Iterator[str]:
    """The paragraphs of a document whose function words do not speak against its language."""
    blocks = [one for one in document.text.replace("\r", "").split("\n\n") if one.strip()]
    if len(blocks) < 4:
        blocks = [one for one in document.text.replace("\r", "").split("\n") if one.strip()]
    for block in blocks:
        if _is_sound(block, document):
            yield block


def _is_sound(block: str, document: markers.Document) -> bool:
    words = fold(block).split()
    if sum(map(len, words)) < SHORT:
        return True
    if corpus.lines_of_code_and_text(block)[0]:
        return False
    english = profile_for("eng_Latn").stop_words
    own = profile_for(document.label).stop_words
    found = set(words)
    if document.label != "eng_Latn" and len(found & (own - english)) < max(2, len(found & (english - own)) + 1):
        return False
    return not (
        markers.is_mislabelled(document._replace(text=block)) or markers.is_foreign(fold(block), document.label)
    )
