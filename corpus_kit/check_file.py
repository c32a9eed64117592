"""One file as one row, for `check`: a page or a text, and nothing else."""

from __future__ import annotations

import codecs
from pathlib import Path
from typing import Any

import pyarrow as pa

from corpus_kit.compression import DamagedInput
from corpus_kit.errors import PlanError
from corpus_kit.schema import READ_SCHEMA
from corpus_kit.sources import ONE_DOCUMENT_FORMATS, format_of
from corpus_kit.sources.text import decode_text
from corpus_kit.storage import decompressed

MAX_BYTES = 100 << 20

_PAGE_STARTS = (b"<!doctype html", b"<html", b"<?xml")

# How files of other kinds begin: the formats people most often try.
_KINDS: dict[bytes, str] = {
    b"%PDF-": "a PDF file",
    b"PK\x03\x04": "a ZIP file (as .docx, .odt and .epub are)",
    b"\xd0\xcf\x11\xe0": "an old Word or Excel file",
    b"{\\rtf": "an RTF file",
    b"\x1f\x8b": "a gzip file",
    b"BZh": "a bzip2 file",
    b"\xfd7zXZ": "an xz file",
    b"\x28\xb5\x2f\xfd": "a Zstandard file",
    b"PAR1": "a Parquet file",
    b"ARROW1": "an Arrow file",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
    b"II*\x00": "a picture",
    b"MM\x00*": "a picture",
    b"RIFF": "a picture, sound or film",
    b"ID3": "a sound",
    b"\x7fELF": "a program",
    b"SQLite format 3": "a database",
}

_TEXT_CONTROLS = frozenset("\t\n\v\f\r\x1b\x85")
_MOST_CONTROLS = 0.01
"""Part of a text's characters that may be control characters; bytes taken for a text have some 10 to 30 %."""


def read_row(path: Path, *, lang: str | None = None, category: str | None = None) -> tuple[pa.RecordBatch, bool]:
    """The file as a batch of one row, and whether it is a page, which has still to be extracted.

    Raises PlanError for a file that cannot be read, holds many documents, or is not text.
    """
    raw = _read(path)
    is_page = raw[:512].lstrip().lower().startswith(_PAGE_STARTS) or format_of(path.name) == "html"
    row: dict[str, Any] = dict.fromkeys(READ_SCHEMA.names)
    row |= {"id": "check-0", "source": "check", "lang": lang, "category": category, "origin": path.name}
    row |= {"raw": raw, "media_type": "text/html"} if is_page else {"text": text_of(path, raw)}
    batch = pa.RecordBatch.from_pylist([row], schema=READ_SCHEMA)
    return batch if is_page else batch.drop_columns(["raw", "media_type", "headers"]), is_page


def _read(path: Path) -> bytes:
    kind = format_of(path.name)
    if kind is not None and kind not in ONE_DOCUMENT_FORMATS:
        raise PlanError(
            f"{path} is a {kind} file, which holds many documents; check looks at one page or text\n"
            "  to try a recipe on some: corpus-kit run RECIPE --input X=FILE --no-card X --limit 1000 --output RUN"
        )
    try:
        path.open("rb").close()  # says in few words why it cannot be opened
        with decompressed(str(path)) as stream:
            pieces, size = [], 0
            while size < MAX_BYTES and (piece := stream.read(1 << 20)):
                pieces.append(piece)
                size += len(piece)
    except DamagedInput as error:
        raise PlanError(f"{path} is damaged: it cannot be decompressed") from error
    except OSError as error:
        raise PlanError(f"{path} cannot be read: {error.strerror or error}") from error
    return b"".join(pieces)[:MAX_BYTES]


def text_of(path: Path | str, raw: bytes) -> str:
    """The text of a file's bytes. Raises PlanError for what is no text."""
    for start, kind in _KINDS.items():
        if raw.startswith(start):
            raise PlanError(f"{path} is {kind}, not text; take the text out of it first")
    if raw.startswith(b"WARC/1."):
        raise PlanError(f"{path} is a WARC file, which holds many pages; check looks at one page or text")
    text, _ = decode_text(raw)
    controls = sum(1 for c in text if (c < " " or "\x7f" <= c <= "\x9f") and c not in _TEXT_CONTROLS)
    if controls > _MOST_CONTROLS * len(text) or ("\0" in text and not raw.startswith(codecs.BOM_UTF16)):
        raise PlanError(f"{path} is not text: {controls:,} of its {len(text):,} characters are control characters")
    return text
