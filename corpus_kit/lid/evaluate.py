"""Measures an identifier on text it was not trained on: by language, by length, on gold sentences."""

from __future__ import annotations

import json
import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from corpus_kit.lid import corpus
from corpus_kit.lid.augment import fragment
from corpus_kit.lid.identify import Identifier
from corpus_kit.lid.labels import TWO_LETTER, UNDETERMINED
from corpus_kit.lid.text import fold

SCANDINAVIAN = frozenset({"dan_Latn", "swe_Latn", "nob_Latn", "nno_Latn"})
LENGTHS = (20, 50, 100, 250, 1000)
_PER_LANGUAGE = 3000


class Score(NamedTuple):
    """How many texts were met and how many were labelled right."""

    texts: int
    right: int

    @property
    def percent(self) -> float:
        """Share of right labels, in percent."""
        return 100 * self.right / self.texts if self.texts else float("nan")


class Report(NamedTuple):
    """All that the model card says of a model's accuracy."""

    gold: dict[str, Score]
    gold_short: dict[str, Score]
    left_out: int
    documents: dict[str, Score]
    lengths: dict[tuple[str, str], Score]
    confusions: Counter[tuple[str, str]]
    declarations: dict[str, str]
    declared_but_other: Score


def measure(identifier: Identifier, data_dir: Path, *, seed: int = 1) -> Report:
    """The report on everything of the data folder that is held out of training."""
    all_held_out = [document for document in corpus.documents(data_dir) if corpus.is_held_out(document)]
    held_out = [d for d in all_held_out if not corpus.is_mislabelled(d) and not corpus.is_mixed(d)]
    lengths, confusions = _by_length(identifier, held_out, random.Random(seed))
    return Report(
        gold=gold_scores(identifier, data_dir / "lid" / "gold_dev.jsonl"),
        gold_short=gold_scores(identifier, data_dir / "lid" / "gold_dev_short.jsonl"),
        left_out=len(all_held_out) - len(held_out),
        documents=_document_scores(identifier, held_out),
        lengths=lengths,
        confusions=confusions,
        declarations=declaration_labels(identifier, data_dir),
        declared_but_other=_english_pages(identifier, data_dir / "text" / "declared_but_other.jsonl.zst"),
    )


def gold_scores(identifier: Identifier, file: Path) -> dict[str, Score]:
    """Scores of gold sentences by class, and of `all`; any label but the four Scandinavian ones is `other`."""
    records = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    valid = [{TWO_LETTER[name] for name in record["languages"]} for record in records]
    predictions = identifier.predict([record["text"] for record in records])
    met: Counter[str] = Counter()
    right: Counter[str] = Counter()
    for labels, prediction in zip(valid, predictions, strict=True):
        found = prediction.label if prediction.label in SCANDINAVIAN else UNDETERMINED
        for name in ("all", *labels):
            met[name] += 1
            right[name] += found in labels
    return {name: Score(met[name], right[name]) for name in sorted(met)}


def declaration_labels(identifier: Identifier, data_dir: Path) -> dict[str, str]:
    """The label of each translation of the Universal Declaration as one document."""
    texts = {key: "\n".join(paragraphs) for key, paragraphs in corpus.declarations(data_dir).items()}
    predictions = identifier.predict(list(texts.values()))
    return {key: prediction.label for key, prediction in zip(texts, predictions, strict=True)}


def _document_scores(identifier: Identifier, held_out: Sequence[corpus.Document]) -> dict[str, Score]:
    predictions = identifier.predict([document.text for document in held_out])
    return _scores((d.label, p.label == d.label) for d, p in zip(held_out, predictions, strict=True))


def _scores(outcomes: Iterable[tuple[str, bool]]) -> dict[str, Score]:
    met: Counter[str] = Counter()
    right: Counter[str] = Counter()
    for name, is_right in outcomes:
        met[name] += 1
        right[name] += is_right
    return {name: Score(met[name], right[name]) for name in sorted(met)}


def length_name(size: int) -> str:
    """The name of the range of lengths that a text of `size` characters is in.

    >>> length_name(30), length_name(5000)
    ('20-49', '1000+')
    """
    low = 1
    for high in LENGTHS:
        if size < high:
            return f"{low}-{high - 1}"
        low = high
    return f"{low}+"


def _by_length(
    identifier: Identifier, held_out: Sequence[corpus.Document], rng: random.Random
) -> tuple[dict[tuple[str, str], Score], Counter[tuple[str, str]]]:
    by_label: dict[str, set[str]] = defaultdict(set)
    for document in held_out:
        english = document.label == "eng_Latn"
        by_label[document.label].update(
            s for s in _samples(document.text, rng) if english or not corpus.is_english(fold(s))
        )
    lengths: dict[tuple[str, str], Score] = {}
    confusions: Counter[tuple[str, str]] = Counter()
    for label, texts in by_label.items():
        chosen = rng.sample(sorted(texts), min(_PER_LANGUAGE, len(texts)))
        predictions = identifier.predict(chosen)
        pairs = list(zip(chosen, predictions, strict=True))
        confusions.update((label, p.label) for _, p in pairs if p.label != label)
        ranges = _scores((length_name(len(text)), p.label == label) for text, p in pairs)
        lengths |= {(label, name): score for name, score in ranges.items()}
    return lengths, confusions


def _samples(text: str, rng: random.Random) -> Iterator[str]:
    """Of a held-out document: single sentences, fragments of them, and paragraphs."""
    sentences = [s for s in corpus.lines_of_code_and_text(text)[1] if len(fold(s)) > 2]
    for sentence in rng.sample(sentences, min(12, len(sentences))):
        yield sentence
        yield fragment(sentence, rng)
    for at in range(0, len(sentences), 30):
        yield " ".join(sentences[at : at + 8])


def _english_pages(identifier: Identifier, file: Path) -> Score:
    with pa.input_stream(str(file), compression="zstd") as stream:
        texts = [json.loads(line)["text"] for line in stream.read().decode("utf-8").split("\n") if line]
    labels = [prediction.label for prediction in identifier.predict(texts)]
    return Score(len(labels), labels.count("eng_Latn"))
