"""Readers: one file a format, all emitting the same columns (`schema.READ_SCHEMA`).

A reader turns one **unit** (a file, or a fixed range of one) into batches. A record that should have been a
document but cannot be read is a row with a reason (`read.*`), never an exception and never silently skipped;
records that are no documents at all (WARC requests, blank lines) are counted under a reader code.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import ClassVar, Protocol

import pyarrow as pa
from pydantic import BaseModel, ConfigDict

from corpus_kit.errors import PlanError, suggest

SKIP_CODES: dict[str, str] = {
    "read.not_a_document": "a record that holds no document (WARC request, revisit, warcinfo; a blank line)",
    "read.http_status": "a web page that was not fetched (any HTTP status but 200: redirects, errors)",
    "read.media_type": "a picture, sound, film, font, style sheet or script of a web archive",
    "read.not_sampled": "left out by --sample",
}
"""Counted, no row made."""

REJECT_CODES: dict[str, str] = {
    "read.damaged": "the file is damaged or ends early here; what could be read before (and after) it was read",
    "read.bad_record": "the record cannot be parsed",
    "read.no_text": "the record has no text field, or it is not a string",
    "read.too_large": "the record is larger than the cap",
}
"""A row without text, with this reason."""

RAW_FORMATS = frozenset({"warc", "html"})
"""Formats whose records are raw pages, which `extract` turns into text."""

ONE_DOCUMENT_FORMATS = frozenset({"text", "html"})
"""Formats whose files are one document each."""

MAX_RECORD_BYTES = 100 << 20
"""Cap of one record before parsing. A 200 MB line of JSON is damage, not a document."""


MAPPABLE: dict[str, str | None] = {
    "text": "text",
    "source_id": "id",
    "url": "url",
    "title": "title",
    "created": "created",
    "added": "added",
    "license": "license",
    "category": None,
    "lang": None,
}
"""Document columns a record can fill -> the field they come from unless `Binding.fields` says otherwise."""


class Binding(BaseModel):
    """One source bound to one input: what the reader needs to know of its card."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str
    category: str | None = None
    license: str | None = None
    format: str | None = None
    """Name of a reader for every file; None: by file extension."""
    fields: Mapping[str, str] = {}
    """Document column -> name of the record's field, where they differ (`{text: content, url: link}`)."""


class Unit(BaseModel):
    """What one task reads: a file, or a fixed range of one (bytes or rows, as the format has it)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ordinal: int
    source: str
    format: str
    path: str
    """Local path or URI, for opening."""
    relative: str
    """Path relative to the input (posix); with the locator it makes the id."""
    start: int = 0
    end: int | None = None
    """Records that *begin* in [start, end) belong to the unit; None is the end of the file."""
    size: int
    """Bytes of input, for progress and splitting."""
    limit: int | None = None
    """Read at most this many records."""
    fingerprint: str = ""
    """Digest of the file (see `storage.fingerprint`)."""
    modified: int | None = None
    """Time of the file's last change when it was planned (ns since 1970), if it is local."""


class Reader(Protocol):
    """One input format. Implementations are stateless; the class is named in `FORMATS`."""

    extensions: ClassVar[tuple[str, ...]]
    """File name endings, lower case, compression included (`.jsonl`, `.jsonl.gz`)."""
    modules: ClassVar[Mapping[str, str]]
    """Optional modules -> the extra that brings them."""
    version: ClassVar[int]
    """Raised when the rows of the same file would change."""
    libraries: ClassVar[tuple[str, ...]]
    """Distributions whose versions enter the identity of the output."""

    def split(self, path: str, size: int, shard_bytes: int) -> list[tuple[int, int | None]]:
        """Ranges of about `shard_bytes` covering the file; one (0, None) where the format cannot be split.

        Never raises for damaged content: an unreadable file is one unit, and reading it gives a row that says so.
        """
        ...

    def check(self, path: str, binding: Binding) -> None:
        """Plan-time check of one file. Raises PlanError where no row of it could become a document."""
        ...

    def read(
        self, unit: Unit, binding: Binding, skipped: Counter[str], *, batch_rows: int, batch_bytes: int
    ) -> Iterator[pa.RecordBatch]:
        """Batches of READ_SCHEMA with at most `batch_rows` rows and about `batch_bytes` bytes of text and raw.

        Batch borders must not influence the rows. Ids come from `document_id` with a locator that does not depend on
        how the file was split.
        """
        ...


def document_id(source: str, relative: str, locator: str | int) -> str:
    """Id of a document: its source, and a hash of where it stands. Never of its text, shard or run.

    `kernels.identifiers.document_ids` makes those of many documents of a file, and is how readers do it.

    >>> document_id("adl", "a/b.jsonl", 0)
    'adl-79f87e7b6febfde8'
    """
    digest = hashlib.blake2b(f"{relative}\0{locator}".encode(), digest_size=8)
    return f"{source}-{digest.hexdigest()}"


def byte_ranges(size: int, shard_bytes: int) -> list[tuple[int, int | None]]:
    """Even ranges of about `shard_bytes`; the last has no end, in case the file is longer than it was said to be.

    >>> byte_ranges(1000, 400)
    [(0, 333), (333, 666), (666, None)]
    """
    count = max(1, -(-size // shard_bytes))
    borders = [size * i // count for i in range(count)]
    return list(zip(borders, [*borders[1:], None], strict=True))


def field_names(binding: Binding) -> dict[str, str]:
    """Document column -> name of the record's field. Raises PlanError for a column that cannot be filled.

    >>> field_names(Binding(source="adl", fields={"text": "content", "lang": "sprog"}))["text"]
    'content'
    """
    for column in binding.fields:
        if column not in MAPPABLE:
            raise PlanError(f"source {binding.source!r} maps a field to {column!r}; {suggest(column, MAPPABLE)}")
    return {column: name for column, name in MAPPABLE.items() if name is not None} | dict(binding.fields)


# the readers import the names above
from corpus_kit.chat.shapes import SHAPES  # noqa: E402
from corpus_kit.sources.chat import Chat  # noqa: E402
from corpus_kit.sources.html import Html  # noqa: E402
from corpus_kit.sources.jsonl import Jsonl  # noqa: E402
from corpus_kit.sources.parquet import Parquet  # noqa: E402
from corpus_kit.sources.text import Text  # noqa: E402
from corpus_kit.sources.warc import Warc  # noqa: E402

FORMATS: dict[str, Reader] = {
    "jsonl": Jsonl(),
    "parquet": Parquet(),
    "warc": Warc(),
    "text": Text(),
    "html": Html(),
    **{name: Chat(name) for name in SHAPES},
}
"""Name of a format -> its reader."""


def reader_for(format: str) -> Reader:
    """The reader of a format. Raises PlanError naming the nearest valid one."""
    if format not in FORMATS:
        raise PlanError(f"unknown format {format!r}; {suggest(format, FORMATS)}")
    return FORMATS[format]


def format_of(filename: str) -> str | None:
    """The format a file name ending stands for; None if no reader takes it."""
    name = filename.lower()
    return next((format for format, reader in FORMATS.items() if name.endswith(reader.extensions)), None)
