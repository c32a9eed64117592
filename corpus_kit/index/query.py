"""A text made comparable with the documents of an index, as the stage that left it would have done."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from corpus_kit.errors import PlanError
from corpus_kit.index.settings import IndexSettings
from corpus_kit.kernels import digests, pair_jaccard, shingle_sets
from corpus_kit.schema import COLUMNS
from corpus_kit.stages.against import signed_by
from corpus_kit.stages.exact import ExactDedup
from corpus_kit.stages.minhash import MinHashDedup
from corpus_kit.stages.sameness import compared
from corpus_kit.stages.signing import sign


class Query(NamedTuple):
    """The text, and what is compared of it."""

    stage: MinHashDedup | ExactDedup
    keys: NDArray[np.uint64]
    digest: tuple[int, int]
    signature: NDArray[np.uint32]
    """Empty for a stage that makes none."""
    shingles: int


def query_of(text: str, settings: IndexSettings) -> Query:
    """The text as the stage of an index would have met it. Raises PlanError if the stage is another now."""
    stage = settings.build()
    assert isinstance(stage, MinHashDedup | ExactDedup)
    if signed_by(stage) != settings.signing:
        raise PlanError(
            f"the index of stage {settings.stage!r} was made by version {settings.signing.get('version')} of it, this "
            f"corpus-kit has version {stage.version}; make the run again to look things up in it"
        )
    return query(text, stage)


def query(text: str, stage: MinHashDedup | ExactDedup) -> Query:
    """The text as a stage would have met it, whatever group it is of."""
    if isinstance(stage, ExactDedup) and stage.by != "text":
        raise PlanError(f"the stage compares documents by {stage.by}, not by text; choose another with --stage")
    batch = _batch(text)
    free = stage.model_copy(update={"within": (), "prefer": ("source_order",)})
    keys = np.unique(free.collect(batch, 0, None)["key"].to_numpy())
    form = compared(batch, "text", stage.form)
    [digest] = digests(form).tolist()
    signature = sign(stage, form)[0] if isinstance(stage, MinHashDedup) else np.zeros(0, np.uint32)
    shingles = 0
    if isinstance(stage, MinHashDedup):
        shingles = shingle_sets(form, ngram=stage.ngram, unit=stage.unit).value_lengths()[0].as_py()
    return Query(stage, keys, (digest[0], digest[1]), signature, shingles)


def similarities(stage: MinHashDedup | ExactDedup, text: str, others: pa.Array) -> NDArray[np.float64]:
    """How like the text each of the others is, by what the stage compares: true, not estimated."""
    texts = pa.concat_arrays([pa.array([text], pa.large_string()), others.cast(pa.large_string())])
    batch = pa.record_batch({"text": texts})
    forms = compared(batch, "text", stage.form)
    if isinstance(stage, ExactDedup):
        found = digests(forms)
        return (found[1:] == found[0]).all(axis=1).astype(float)
    sets = shingle_sets(forms, ngram=stage.ngram, unit=stage.unit)
    at = np.arange(1, len(texts))
    jaccard = pair_jaccard(sets, np.zeros(len(at), np.int64), at)
    if stage.measure == "jaccard":
        return jaccard
    sizes = sets.value_lengths().to_numpy()
    return contained(jaccard, sizes[:1], sizes[1:])


def contained(jaccard: NDArray[np.float64], one: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.float64]:
    """Shared shingles as a part of the smaller of two sets, from what they are as a part of all.

    >>> contained(np.array([0.5]), np.array([4]), np.array([2])).tolist()
    [1.0]
    """
    shared = jaccard * (one + other) / (1 + jaccard)
    return np.minimum(shared / np.maximum(np.minimum(one, other), 1), 1.0)


def estimates(asked: Query, signatures: NDArray[np.uint32], shingles: NDArray[np.int64]) -> NDArray[np.float64]:
    """The same, estimated from signatures; the standard error is at most half of 1 / sqrt(their length)."""
    alike = (signatures == asked.signature).mean(axis=1)
    if not isinstance(asked.stage, MinHashDedup) or asked.stage.measure == "jaccard":
        return alike
    return contained(alike, np.array([asked.shingles]), shingles)


def _batch(text: str) -> pa.RecordBatch:
    """One document of which nothing but the text is known."""
    given = {"id": "query", "source": "query", "text": text}
    arrays = {name: pa.array([given.get(name)], kind) for name, (kind, _) in COLUMNS.items()}
    return pa.RecordBatch.from_pydict(arrays | {"row": pa.array([0], pa.uint64())})
