"""Documents to train or compare tokenizers on: of a finished run, by its mix, or of files."""

from __future__ import annotations

import heapq
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from corpus_kit.card import SourceCard, card_for, find_card
from corpus_kit.errors import PlanError
from corpus_kit.inputs import Input
from corpus_kit.lid import load as load_identifier
from corpus_kit.opened import Run
from corpus_kit.sampling import hash64
from corpus_kit.sources import RAW_FORMATS, reader_for
from corpus_kit.storage import is_remote
from corpus_kit.units import check_unchanged, list_units

_BATCH_ROWS, _BATCH_BYTES = 1024, 16 << 20


class Files(NamedTuple):
    """Documents of files, and what the files are."""

    batches: Iterator[pa.RecordBatch]
    digests: list[tuple[str, str]]
    """Path in the input and what tells whether it changed."""


def is_run(path: str) -> bool:
    """Whether a path is a run, a release, or the address of one."""
    return is_remote(path) or (Path(path) / "manifest.json").is_file() or (Path(path) / "plan.json").is_file()


def read_files(paths: Sequence[str], *, text_field: str | None = None) -> Files:
    """Documents of files and folders (JSONL, Parquet, plain text). A card beside or above a path says how to read it.

    Raises PlanError for what is not there, is empty, or holds pages instead of texts.
    """
    inputs = [Input(path=path, card=_card(path, f"texts-{i}", text_field)) for i, path in enumerate(paths)]
    bindings = {one.card.id: one.card.binding() for one in inputs}
    units = list_units(inputs, split_bytes=1 << 62, limit=None)[0]
    for unit in units:
        if unit.format in RAW_FORMATS:
            raise PlanError(
                f"{unit.path} has {unit.format} pages, not texts; run a recipe with 'extract' over them first"
            )

    def batches() -> Iterator[pa.RecordBatch]:
        for unit in units:
            check_unchanged(unit)
            reader = reader_for(unit.format)
            yield from reader.read(
                unit, bindings[unit.source], Counter(), batch_rows=_BATCH_ROWS, batch_bytes=_BATCH_BYTES
            )
            check_unchanged(unit)

    return Files(batches(), [(unit.relative, unit.fingerprint) for unit in units])


def _card(path: str, id: str, text_field: str | None) -> SourceCard:
    """The card of a path, or a stand-in; each path is a source of its own, so that files of one name do not clash."""
    if not is_remote(path) and not os.path.exists(path):
        raise PlanError(f"input {path!r} does not exist")
    known = {} if is_remote(path) or find_card(path) is None else card_for(path, None).model_dump()
    fields = {**known.get("fields", {}), **({"text": text_field} if text_field else {})}
    undocumented = {"title": id, "summary": id, "category": "texts", "rights": {"spdx": "LicenseRef-unknown"}}
    return SourceCard.model_validate({**undocumented, **known, "id": id, "fields": fields})


def run_batches(run: Run) -> Iterator[pa.RecordBatch]:
    """Id, language and text of the documents a run kept. Raises PlanError if it is not finished."""
    if not run.finished:
        raise PlanError(f"{run.path} is not finished\n  see how far it is with: corpus-kit status {run.path}")
    yield from run.dataset("data").to_batches(
        columns=["id", "lang", "text"], batch_size=_BATCH_ROWS, batch_readahead=1, fragment_readahead=1
    )


class Lowest:
    """The documents whose hashes are lowest, as many as reach a number of bytes: the same for any order of reading.

    A larger sample holds all of a smaller one.
    """

    def __init__(self, limit: int, *, seed: int):
        self._limit, self._purpose = limit, f"vocab {seed}"
        self._held: list[tuple[int, str, str]] = []
        self._bytes = 0

    def add(self, id: str, text: str) -> None:
        """Looks at a document."""
        lot = hash64(self._purpose, id)
        if self._bytes >= self._limit and -self._held[0][0] <= lot:
            return
        heapq.heappush(self._held, (-lot, id, text))
        self._bytes += len(text.encode())
        while self._bytes - (size := len(self._held[0][2].encode())) >= self._limit:
            heapq.heappop(self._held)
            self._bytes -= size

    def texts(self) -> list[str]:
        """The sample, in the order of its hashes."""
        return [text for _, _, text in sorted(self._held, key=lambda one: (-one[0], one[1]))]


def languages_of(batch: pa.RecordBatch) -> list[str]:
    """Language of each document: as it says itself, else as it is identified; und for a text without any."""
    said = batch["lang"].to_pylist() if "lang" in batch.schema.names else [None] * batch.num_rows
    unsaid = [i for i, label in enumerate(said) if not label]
    if unsaid:
        texts = batch["text"].to_pylist()
        found = load_identifier().predict([texts[i] or "" for i in unsaid])
        for i, one in zip(unsaid, found, strict=True):
            said[i] = one.label
    return [label or "und" for label in said]
