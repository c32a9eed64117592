"""An index as datasketch reads it: its signatures in a `MinHashLSH`, and a text signed alike to ask it with.

Signatures of the `kernel` engine are made of other hashes than datasketch's, so datasketch cannot make them: sign with
`sketch`. Those of `engine: datasketch` are its own.
"""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from corpus_kit.errors import PlanError
from corpus_kit.index.files import Index, signature_table
from corpus_kit.index.query import query_of
from corpus_kit.index.settings import IndexSettings
from corpus_kit.stages.minhash import MinHashDedup

if TYPE_CHECKING:
    from datasketch import MinHash, MinHashLSH


def datasketch_index(run: str | Path, stage: str, *, removed: bool = False) -> MinHashLSH:
    """Documents that a stage kept, under their ids, in bands as they were; with `removed`, its duplicates, too.

    They are all in memory. With `within`, documents of different groups are not kept apart.
    """
    from datasketch import MinHashLSH

    index = Index(Path(run), stage)
    settings = index.settings
    bands, rows = _stage(settings).banding
    signatures = index.scan(["id", "removed", "signature"])
    lsh: MinHashLSH | None = None
    for batch in signatures:
        table = signature_table(batch["signature"])
        if lsh is None:
            lsh = MinHashLSH(num_perm=table.shape[1], params=(bands, rows))
        for id, gone, values in zip(batch["id"].to_pylist(), batch["removed"].to_pylist(), table, strict=True):
            if (removed or not gone) and not (values == np.uint32(0xFFFFFFFF)).all():
                lsh.insert(id, _minhash(settings, values))
    return lsh if lsh is not None else MinHashLSH(num_perm=bands * rows, params=(bands, rows))


def sketch(run: str | Path, stage: str, text: str) -> MinHash:
    """A text as the stage would have signed it."""
    settings = Index(Path(run), stage).settings
    _stage(settings)
    return _minhash(settings, query_of(text, settings).signature)


def _stage(settings: IndexSettings) -> MinHashDedup:
    stage = settings.build()
    if not isinstance(stage, MinHashDedup):
        raise PlanError(f"stage {settings.stage!r} compares by {settings.method}; it makes no signatures")
    return stage


def _minhash(settings: IndexSettings, values: NDArray[np.uint32]) -> MinHash:
    from datasketch import MinHash

    options: dict[str, Any] = {"seed": settings.signing["seed"], "hashvalues": values}
    if "scheme" in inspect.signature(MinHash.__init__).parameters:  # from version 2 on it must be named
        options["scheme"] = MinHash(num_perm=1).scheme
    return MinHash(num_perm=len(values), **options)
