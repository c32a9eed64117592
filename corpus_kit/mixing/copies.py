"""How many times each document is seen: decided by a hash of the document alone, so it never depends on the rest."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import ArrayLike, NDArray

from corpus_kit.sampling import share

PURPOSE = "mix"


def copies(
    ids: pa.Array | pa.ChunkedArray | Sequence[str], weight: ArrayLike, *, seed: int, epoch: int = 0
) -> NDArray[np.int64]:
    """Copies of each document, whose expected number is its weight: 2.3 is two copies, and a third of 30% of them.

    `weight` is one number, or one for each id. Whether a document is among the 30% follows from (seed, id, epoch), so
    another source or another weight elsewhere moves nothing, the documents of a small sample are inside any larger one,
    and 2.3 adds to two whole epochs exactly the documents that 0.3 alone would choose. `epoch` is for those who go
    through the whole mix again: another one draws other documents for the fractions.

    >>> copies(["a-1", "a-2", "a-3"], 2.3, seed=1).tolist()
    [3, 2, 2]
    """
    ids = ids if isinstance(ids, pa.Array | pa.ChunkedArray) else pa.array(ids, pa.string())
    weights = np.broadcast_to(np.asarray(weight, np.float64), (len(ids),))
    if not (np.isfinite(weights).all() and (weights >= 0).all()):
        raise ValueError("a weight is negative or not a number")
    if ids.null_count:
        raise ValueError("a document has no id")
    whole = np.floor(weights)
    number = whole.astype(np.int64)
    drawn = np.flatnonzero(weights > whole)  # whole epochs need no hash
    if len(drawn):
        number[drawn] += lots(ids.take(pa.array(drawn)), seed=seed, epoch=epoch) < (weights - whole)[drawn]
    return number


def lots(ids: pa.Array | pa.ChunkedArray, *, seed: int, epoch: int = 0) -> NDArray[np.float64]:
    """The number in [0, 1) that a document draws: it is in every sample of a larger share than that."""
    named = ids.combine_chunks() if isinstance(ids, pa.ChunkedArray) else ids
    keys = pc.binary_join_element_wise(f"{seed}/{epoch}", named.cast(pa.string()), "/")
    return share(PURPOSE, keys)
