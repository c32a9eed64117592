"""Signatures and keys as a MinHash stage makes them, for texts it has not met."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from corpus_kit.kernels import signatures
from corpus_kit.stages.minhash import MinHashDedup
from corpus_kit.stages.sketching import datasketch_signatures


def sign(stage: MinHashDedup, texts: pa.Array) -> NDArray[np.uint32]:
    """Signatures of texts that are in the stage's form already, one row each."""
    bands, rows = stage.banding
    make = signatures if stage.engine == "kernel" else datasketch_signatures
    # Those of datasketch depend on how many there are, used or not.
    length = bands * rows if stage.engine == "kernel" else stage.permutations or bands * rows
    return make(texts, ngram=stage.ngram, unit=stage.unit, permutations=length, seed=stage.seed)
