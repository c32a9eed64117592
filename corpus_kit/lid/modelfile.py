"""Opens fastText model files: small ones are read, large ones mapped, and what is wrong with a file is said.

The compiled reader checks every count and size before it uses it, so a file from anywhere may be opened.
"""

from __future__ import annotations

import mmap
import os
from pathlib import Path

from corpus_kit.errors import PlanError
from corpus_kit.kernels.lid import Model

MAGIC = 793712314
"""The first four bytes of every file of fastText's own format, as a little-endian number."""

MAPPED_BYTES = 64_000_000
"""A larger file stays on disk and only the rows that are needed are fetched; it must not be overwritten meanwhile.
A smaller one is no burden in memory, and there nothing can happen to it."""


def open_model(path: Path) -> Model:
    """The classifier in a file. Raises PlanError saying what is wrong with it."""
    try:
        return _read(path)
    except ValueError as error:
        raise PlanError(
            f"the language model {path} is damaged: {error}\n  it must be a whole fastText classifier (.bin or .ftz): "
            "copy it again, or install corpus-kit again for its own"
        ) from error


def damage(path: Path) -> str | None:
    """What is wrong with a model file, or nothing if it can be used."""
    try:
        _read(path)
    except ValueError as error:
        return str(error)
    return None


def _read(path: Path) -> Model:
    """The model; all that can be wrong is a ValueError."""
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_size < MAPPED_BYTES:
                return Model(file.read())
            return Model(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    except OSError as error:
        raise ValueError(error.strerror or "it cannot be read") from error
