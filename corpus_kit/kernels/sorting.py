"""Pairs of 64-bit numbers in order of the first, faster than numpy where these are hashes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

try:
    from corpus_kit.kernels import _sorting
except ImportError as error:
    raise ImportError(
        "the compiled sort of corpus_kit is missing or was built for another platform\n"
        "  install the package with a C compiler at hand: pip install .\n"
        "  or build it in a checkout: python setup.py build_ext --inplace"
    ) from error

Numbers = NDArray[np.uint64]


def sorted_pairs(keys: Numbers, values: Numbers) -> tuple[Numbers, Numbers]:
    """Keys in order, and the values along with them; of equal keys the values stay in order.

    The same as `order = numpy.argsort(keys, kind="stable")`, then `keys[order], values[order]`. Takes 16 bytes a pair
    besides the result, and twice as much where the highest digits of the keys are the same.

    >>> keys, values = sorted_pairs(np.array([7, 3, 7, 1], np.uint64), np.array([0, 1, 2, 3], np.uint64))
    >>> keys.tolist(), values.tolist()
    ([1, 3, 7, 7], [3, 1, 0, 2])
    """
    keys, values = (np.ascontiguousarray(one, np.uint64) for one in (keys, values))
    made = np.empty_like(keys), np.empty_like(values)
    _sorting.sort_pairs(keys, values, *made)
    return made
