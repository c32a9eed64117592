"""The examples of a classifier: read from files, each text once, none on both sides, some held out."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO, NamedTuple

import pyarrow as pa

from corpus_kit.card import SourceCard, card_for, find_card
from corpus_kit.errors import PlanError, suggest
from corpus_kit.inputs import Input
from corpus_kit.lid import load as load_identifier
from corpus_kit.scorer import prepare
from corpus_kit.sources import RAW_FORMATS, Binding, Unit, reader_for
from corpus_kit.units import check_unchanged, list_units

HELD_OUT = 0.1
"""Share of either side that is not trained on but measured: the texts whose digests are lowest."""

MIN_DOCUMENTS = 50
"""Different texts a side must have. With fewer, five or less are held out, and the measures say nothing."""

SHOWN = 3
"""Places of conflicting documents that a message names."""

_BATCH_ROWS, _BATCH_BYTES = 1024, 16 << 20


class Example(NamedTuple):
    """One text: the digest of what the model sees of it, and where that stands in the scratch file."""

    digest: bytes
    offset: int
    size: int
    origin: str
    """Path in the input and place in the file, for messages."""


@dataclass
class Side:
    """The examples of one label, and what became of the documents that were read."""

    name: str
    examples: dict[bytes, Example] = field(default_factory=dict)
    files: list[tuple[str, str]] = field(default_factory=list)
    """Path in the input and digest of every file."""
    left_out: Counter[str] = field(default_factory=Counter)
    """Documents that are no examples, by reason."""

    def split(self) -> tuple[list[Example], list[Example]]:
        """Examples to train on and examples held out, both in the order of their digests."""
        ordered = [self.examples[digest] for digest in sorted(self.examples)]
        cut = round(len(ordered) * HELD_OUT)
        return ordered[cut:], ordered[:cut]


class Scratch:
    """A file of prepared texts, so that only their digests are held in memory."""

    def __init__(self, file: BinaryIO):
        self._file = file
        self._end = 0

    def add(self, line: str, origin: str) -> Example:
        """Appends a text."""
        data = line.encode()
        self._file.write(data)
        example = Example(hashlib.sha256(data).digest()[:16], self._end, len(data), origin)
        self._end += len(data)
        return example

    def text(self, example: Example) -> str:
        """A text that was added."""
        self._file.seek(example.offset)
        return self._file.read(example.size).decode()


def read_side(
    name: str, paths: Sequence[str], scratch: Scratch, *, languages: Sequence[str] = (), text_field: str | None = None
) -> Side:
    """The examples in files and folders. Raises PlanError for what cannot be read, and for too few documents.

    A card beside or above a path says how to read it, as in a run; without one, the text is the field `text`, or
    `text_field`. With `languages`, documents that are identified as another language are left out.
    """
    known = load_identifier().labels if languages else ()
    for language in languages:
        if language not in known:
            raise PlanError(f"no texts are ever identified as {language!r}; {suggest(language, known)}")
    side = Side(name)
    inputs = [Input(path=path, card=_card(path, f"{name}-{i}", text_field)) for i, path in enumerate(paths)]
    bindings = {one.card.id: one.card.binding() for one in inputs}
    for unit in list_units(inputs, split_bytes=1 << 62, limit=None)[0]:
        if unit.format in RAW_FORMATS:
            raise PlanError(
                f"{unit.path} has {unit.format} pages, not texts; run a recipe with 'extract' over them, and give the "
                "data folder of the run"
            )
        side.files.append((unit.relative, unit.fingerprint))
        for batch in _batches(unit, bindings[unit.source]):
            _take(side, batch, scratch, languages)
    if len(side.examples) < MIN_DOCUMENTS:
        raise PlanError(_too_few(side, languages))
    return side


def refuse_conflicts(good: Side, bad: Side) -> None:
    """Raises PlanError if a text is on both sides."""
    both = sorted(good.examples.keys() & bad.examples.keys())
    if both:
        pairs = [f"  {good.examples[one].origin} is {bad.examples[one].origin}" for one in both[:SHOWN]]
        more = [f"  and {len(both) - SHOWN:,} more"] if len(both) > SHOWN else []
        raise PlanError(
            "\n".join([f"{len(both):,} texts are both good and bad (in what the model sees of them):", *pairs, *more])
        )


def _card(path: str, id: str, text_field: str | None) -> SourceCard:
    """The card of a path, or a stand-in; each path is a source of its own, so that files of one name do not clash."""
    if "://" not in path and not os.path.exists(path):
        raise PlanError(f"input {path!r} does not exist")
    known = {} if "://" in path or find_card(path) is None else card_for(path, None).model_dump()
    fields = {**known.get("fields", {}), **({"text": text_field} if text_field else {})}
    undocumented = {"title": id, "summary": id, "category": "examples", "rights": {"spdx": "LicenseRef-unknown"}}
    return SourceCard.model_validate({**undocumented, **known, "id": id, "fields": fields})


def _batches(unit: Unit, binding: Binding) -> Iterator[pa.RecordBatch]:
    check_unchanged(unit)
    reader = reader_for(unit.format)
    yield from reader.read(unit, binding, Counter(), batch_rows=_BATCH_ROWS, batch_bytes=_BATCH_BYTES)
    check_unchanged(unit)


def _take(side: Side, batch: pa.RecordBatch, scratch: Scratch, languages: Sequence[str]) -> None:
    texts = batch["text"].to_pylist()
    labels = [one.label for one in load_identifier().predict([t or "" for t in texts])] if languages else texts
    for text, label, origin in zip(texts, labels, batch["origin"].to_pylist(), strict=True):
        if text is None:
            side.left_out["not readable"] += 1
        elif languages and label not in languages:
            side.left_out["of another language"] += 1
        elif not (line := prepare(text)):
            side.left_out["without a word"] += 1
        else:
            example = scratch.add(line, origin)
            if side.examples.setdefault(example.digest, example) is not example:
                side.left_out["seen before"] += 1


def _too_few(side: Side, languages: Sequence[str]) -> str:
    found = f"{len(side.examples):,} different {side.name} texts"
    left_out = ", ".join(f"{many:,} {reason}" for reason, many in side.left_out.most_common())
    hint = f" of {' or '.join(languages)}" if languages else ""
    return (
        f"a classifier needs at least {MIN_DOCUMENTS} different texts{hint} of either side, and there are {found}"
        + (f" (left out: {left_out})" if left_out else "")
    )
