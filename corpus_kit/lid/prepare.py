"""Turns the data folder into the lines a model is trained on."""

from __future__ import annotations

import logging
import random
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from corpus_kit.lid import augment, corpus
from corpus_kit.lid.labels import UNDETERMINED
from corpus_kit.lid.text import fold

logger = logging.getLogger(__name__)

Line = tuple[str, str]
"""A label and a folded text."""

PIECES = {
    **dict.fromkeys(("dan_Latn", "swe_Latn", "nob_Latn", "nno_Latn"), 48_000),
    **dict.fromkeys(("isl_Latn", "fao_Latn", "eng_Latn"), 32_000),
    **dict.fromkeys(("deu_Latn", "fin_Latn"), 20_000),
    "azj_Latn": 12_000,
    UNDETERMINED: 12_000,
}
"""Pieces drawn from `text/` for each label; of code lines for `und`. The four that are hard to tell apart get most."""

_GOLD_COPIES = 4
_LINGUA_COPIES = 4
"""Sentences of the kind that is met on the web are few and the rest is law, manuals and scripture: repeat them."""

_STOP_WORD_LINES = 500  # a language
_JUNK_LINES = 4_000
_MANY = -1


Source = tuple[str, str, str]
"""Label, source and licence."""


class Prepared(NamedTuple):
    """Training lines, and how many pieces each source gave."""

    lines: list[Line]
    sources: dict[Source, int]


class _Sentences(NamedTuple):
    document: corpus.Document
    sentences: list[str]


def prepare(data_dir: Path, *, seed: int) -> Prepared:
    """Everything to train on, in a random order that depends on the seed alone."""
    rng = random.Random(seed)
    forbidden = corpus.measured_digests(data_dir)
    by_source, code = _read_text(data_dir, forbidden)
    lines, sources = _draw_pieces(by_source, rng)
    logger.info("%d pieces of text", len(lines))
    extra = list(_gold(data_dir, forbidden)) * _GOLD_COPIES
    extra += [(label, fold(text)) for label, text in corpus.lingua_lines(data_dir)] * _LINGUA_COPIES
    extra += _other(data_dir, code, rng)
    varied = [(label, text) for label, line in lines + extra for text in augment.variants(line, rng)]
    kept = [(label, text) for label, text in varied if text]
    rng.shuffle(kept)
    return Prepared(kept, sources)


def _read_text(data_dir: Path, forbidden: set[int]) -> tuple[dict[Source, list[_Sentences]], list[str]]:
    """The sentences of the training documents by (label, source, license), and the lines of code met in them.

    A line that occurs under two labels is under the wrong one at least once (an untranslated paragraph) or
    belongs to neither (names, numbers), so it is left out.
    """
    owner: dict[int, int] = {}
    by_source: dict[Source, list[_Sentences]] = defaultdict(list)
    code: list[str] = []
    label_ids: dict[str, int] = {}
    for document in corpus.documents(data_dir):
        if corpus.is_held_out(document) or corpus.is_mislabelled(document):
            continue
        label_id = label_ids.setdefault(document.label, len(label_ids))
        code_lines, sentences = corpus.lines_of_code_and_text(document.text)
        code += code_lines
        folded = [sentence for sentence in map(fold, sentences) if sentence]
        if document.label != "eng_Latn":
            folded = [sentence for sentence in folded if not corpus.is_english(sentence)]
        for sentence in folded:
            key = corpus.digest(sentence)
            if owner.setdefault(key, label_id) != label_id:
                owner[key] = _MANY
        by_source[document.label, document.source, document.license].append(_Sentences(document, folded))
    owner.update(dict.fromkeys(forbidden, _MANY))
    for units in by_source.values():
        for unit in units:
            unit.sentences[:] = [s for s in unit.sentences if owner[corpus.digest(s)] != _MANY]
    return by_source, code


def _draw_pieces(by_source: dict[Source, list[_Sentences]], rng: random.Random) -> tuple[list[Line], dict[Source, int]]:
    """Pieces of every source in proportion to the square root of its size, so that no source is the language."""
    pieces = {
        key: [piece for unit in units for piece in augment.pieces(unit.sentences, rng)]
        for key, units in by_source.items()
    }
    lines: list[Line] = []
    drawn: dict[Source, int] = {}
    for label, wanted in PIECES.items():
        available = {key: len(found) for key, found in pieces.items() if key[0] == label}
        for key, count in allot(available, wanted).items():
            drawn[key] = count
            lines += [(label, piece) for piece in rng.sample(pieces[key], count)]
    return lines, drawn


def allot(available: dict[Source, int], wanted: int) -> dict[Source, int]:
    """How many of each source to take: by the square root of its size; what a small one lacks, the others give.

    >>> a, b = ("dan_Latn", "a", "CC0"), ("dan_Latn", "b", "CC0")
    >>> list(allot({a: 100, b: 900}, 400).values())
    [100, 300]
    >>> list(allot({a: 10, b: 20}, 400).values())
    [10, 20]
    """
    taken: dict[Source, int] = {}
    rest = dict(available)
    while rest:
        total = sum(size**0.5 for size in rest.values())
        scale = (wanted - sum(taken.values())) / total if total else 0.0
        small = [key for key, size in rest.items() if size <= scale * size**0.5]
        if not small:
            taken |= {key: round(scale * size**0.5) for key, size in rest.items()}
            break
        taken |= {key: rest.pop(key) for key in small}
    return {key: taken[key] for key in available}


def _gold(data_dir: Path, forbidden: set[int]) -> Iterator[Line]:
    for label, text in corpus.labelled_lines(data_dir / "lid" / "gold_train_short.jsonl"):
        folded = fold(text)
        if corpus.digest(folded) not in forbidden:
            yield label, folded


def _other(data_dir: Path, code: list[str], rng: random.Random) -> list[Line]:
    """Lines of the class `und`: code, stop words of other languages, junk."""
    texts = [fold(line) for line in rng.sample(code, min(PIECES[UNDETERMINED], len(code)))]
    for words in corpus.stop_words(data_dir).values():
        folded = [word for word in map(fold, words) if word]
        texts += [augment.stop_word_text(folded, rng) for _ in range(_STOP_WORD_LINES)]
    texts += [augment.junk(rng) for _ in range(_JUNK_LINES)]
    return [(UNDETERMINED, text) for text in texts]
