"""Measures an identifier on text it was not trained on: by language, by length, on gold sentences."""

from __future__ import annotations

import json
import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from corpus_kit.lid import corpus, markers
from corpus_kit.lid.augment import fragment
from corpus_kit.lid.identify import Identifier
from corpus_kit.lid.labels import TWO_LETTER, UNDETERMINED
from corpus_kit.lid.robustness import (
    SCANDINAVIAN,
    Reliable,
    Score,
    gold_reliability,
    perturbed,
    text_reliability,
)
from corpus_kit.lid.text import fold

LENGTHS = (20, 50, 100, 250, 1000)
_PER_LANGUAGE = 3000


class HeldOut(NamedTuple):
    """Documents to measure on, and how many more have no single right label."""

    kept: list[markers.Document]
    left_out: int


class Report(NamedTuple):
    """All that the model card says of a model's accuracy."""

    gold: dict[str, Score]
    gold_short: dict[str, Score]
    left_out: int
    documents: dict[str, Score]
    lengths: dict[tuple[str, str], Score]
    confusions: Counter[tuple[str, str]]
    perturbed: dict[tuple[str, str], Score]
    reliability: dict[tuple[str, str], Reliable]
    declarations: dict[str, str]
    declared_but_other: Score
    shown_english: Score


def measure(identifier: Identifier, data_dir: Path, *, seed: int = 1) -> Report:
    """The report on everything of the data folder that is held out of training."""
    rng = random.Random(seed)
    held_out = held_out_documents(data_dir)
    texts = _texts(held_out.kept, rng)
    lengths, confusions = _by_length(identifier, texts)
    unseen = _texts([d for d in held_out.kept if not is_for_calibration(d)], rng)
    all_pages, shown = _english_pages(identifier, data_dir / "text" / "declared_but_other.jsonl.zst")
    return Report(
        gold=gold_scores(identifier, data_dir / "lid" / "gold_dev.jsonl"),
        gold_short=gold_scores(identifier, data_dir / "lid" / "gold_dev_short.jsonl"),
        left_out=held_out.left_out,
        documents=_document_scores(identifier, held_out.kept),
        lengths=lengths,
        confusions=confusions,
        perturbed=perturbed(identifier, texts, rng),
        reliability=gold_reliability(identifier, data_dir / "lid" / "gold_dev.jsonl")
        | text_reliability("documents", identifier, [(label, text) for label, some in unseen.items() for text in some]),
        declarations=declaration_labels(identifier, data_dir),
        declared_but_other=all_pages,
        shown_english=shown,
    )


def held_out_documents(data_dir: Path) -> HeldOut:
    """The documents never trained on, but those that their marker words show to be mislabelled or of two languages."""
    found = [document for document in corpus.documents(data_dir) if corpus.is_held_out(document)]
    kept = [d for d in found if not (markers.is_mislabelled(d) or markers.is_mixed(d) or markers.is_of_two(d))]
    kept = [d for d in kept if not markers.is_partly_sami(_folded_sentences(d.text))]
    return HeldOut(kept, len(found) - len(kept))


def _folded_sentences(text: str) -> list[str]:
    return [sentence for sentence in map(fold, corpus.lines_of_code_and_text(text)[1]) if sentence]


def is_for_calibration(document: markers.Document) -> bool:
    """Whether a held-out document is in the half that calibration is fitted on; reliability is measured on the other.

    Neighboring files are alike, so the halves are of whole folders.
    """
    return corpus.digest("calibration" + document.id.rpartition("/")[0]) % 2 == 0


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


def _document_scores(identifier: Identifier, held_out: Sequence[markers.Document]) -> dict[str, Score]:
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


def _texts(held_out: Sequence[markers.Document], rng: random.Random) -> dict[str, list[str]]:
    """Sentences, fragments and paragraphs of held-out documents, by label."""
    by_label: dict[str, set[str]] = defaultdict(set)
    for document in held_out:
        label = document.label
        by_label[label].update(s for s in samples(document.text, rng) if not markers.is_foreign(fold(s), label))
    return {label: rng.sample(sorted(texts), min(_PER_LANGUAGE, len(texts))) for label, texts in by_label.items()}


def _by_length(
    identifier: Identifier, texts: dict[str, list[str]]
) -> tuple[dict[tuple[str, str], Score], Counter[tuple[str, str]]]:
    lengths: dict[tuple[str, str], Score] = {}
    confusions: Counter[tuple[str, str]] = Counter()
    for label, chosen in texts.items():
        predictions = identifier.predict(chosen)
        pairs = list(zip(chosen, predictions, strict=True))
        confusions.update((label, p.label) for _, p in pairs if p.label != label)
        ranges = _scores((length_name(len(text)), p.label == label) for text, p in pairs)
        lengths |= {(label, name): score for name, score in ranges.items()}
    return lengths, confusions


def samples(text: str, rng: random.Random) -> Iterator[str]:
    """Of a held-out document: single sentences, fragments of them, and paragraphs."""
    sentences = [s for s in corpus.lines_of_code_and_text(text)[1] if len(fold(s)) > 2]
    for sentence in rng.sample(sentences, min(12, len(sentences))):
        yield sentence
        yield fragment(sentence, rng)
    for at in range(0, len(sentences), 30):
        yield " ".join(sentences[at : at + 8])


def _english_pages(identifier: Identifier, file: Path) -> tuple[Score, Score]:
    """How many pages are called English: of all, and of those whose function words are English."""
    with pa.input_stream(str(file), compression="zstd") as stream:
        texts = [json.loads(line)["text"] for line in stream.read().decode("utf-8").split("\n") if line]
    outcomes = [prediction.label == "eng_Latn" for prediction in identifier.predict(texts)]
    shown = [is_right for text, is_right in zip(texts, outcomes, strict=True) if markers.is_mixed(_unlabelled(text))]
    return Score(len(outcomes), sum(outcomes)), Score(len(shown), sum(shown))


def _unlabelled(text: str) -> markers.Document:
    return markers.Document(UNDETERMINED, "", "", "", text)
