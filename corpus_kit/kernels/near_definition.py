"""What the compiled search for near-duplicates computes, in plain Python: specification, and oracle of the tests.

Everything is defined for any bytes, valid UTF-8 or not. Nothing here is fast: use `corpus_kit.kernels.near`.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence

from corpus_kit.kernels.characters import LETTERS, inside, lower
from corpus_kit.kernels.definition import LOW_32, shingle_set
from corpus_kit.kernels.folded_characters import MARKS, NUMBERS


@functools.cache
def _separators() -> re.Pattern[str]:
    return re.compile(f"[^{inside(LETTERS, MARKS, NUMBERS)}]+")


def folded(text: bytes) -> bytes:
    """Lower case, and one space for each run of what is no letter, mark or number; none at the ends.

    Å, ø and ð stay what they are, for no mark is taken off. What is not UTF-8 separates words.

    >>> folded("  Hej, ÆBLE-\\nkage! 2½".encode()).decode()
    'hej æble kage 2½'
    """
    plain = lower(text.decode("utf-8", "surrogateescape"))
    return _separators().sub(" ", plain).strip(" ").encode()


def document_set(text: bytes | None, *, ngram: int, unit: str, folds: bool) -> list[int]:
    """Sorted lower halves of the hashes of a document's shingles, folded if asked.

    A text of which folding leaves nothing is taken as it is: "!!!" and "???" are not the same.

    >>> [len(document_set(text, ngram=1, unit="word", folds=True)) for text in (b"A b. B", b"! ?", b" ", None)]
    [2, 2, 0, 0]
    """
    if text is None:
        return []
    hashes = shingle_set(folded(text), ngram=ngram, unit=unit) if folds else []
    return sorted({one & LOW_32 for one in hashes or shingle_set(text, ngram=ngram, unit=unit)})


def similarity(left: Sequence[int], right: Sequence[int], *, contains: bool = False) -> float:
    """Shared numbers as a part of all, or of the smaller set; 0 if there are none.

    >>> similarity([1, 2, 3], [2, 3, 4]), similarity([1, 2, 3], [2, 3], contains=True), similarity([], [])
    (0.5, 1.0, 0.0)
    """
    shared = len(set(left) & set(right))
    every = min(len(left), len(right)) if contains else len(left) + len(right) - shared
    return shared / every if every else 0.0


def judge(
    sets: Sequence[Sequence[int]],
    keys: Sequence[Sequence[int]],
    clusters: Sequence[Sequence[int]],
    *,
    threshold: float,
    contains: bool = False,
    others: Sequence[Sequence[int]] | None = None,
) -> tuple[list[int], list[float]]:
    """For each document the one it is removed for, or -1, and how alike they are, or 0.

    Clusters list documents by number from the first survivor on. Each is compared with those that stay and share a band
    key with it, and goes if it is like one; of several it names the likest, of equals the lowest. Where documents have
    second sets, `others`, what is more alike counts.

    >>> judge([[1, 2], [1, 2], [9]], [[7], [7], [7]], [[1, 0, 2]], threshold=0.8)
    ([1, -1, -1], [1.0, 0.0, 0.0])
    """
    survivors, similarities = [-1] * len(sets), [0.0] * len(sets)
    for cluster in clusters:
        staying: list[int] = []
        for document in cluster:
            near = [other for other in sorted(staying) if set(keys[other]) & set(keys[document])]
            found = [
                max(similarity(each[other], each[document], contains=contains) for each in (sets, others or sets))
                for other in near
            ]
            if found and max(found) >= threshold:
                survivors[document], similarities[document] = near[found.index(max(found))], max(found)
            else:
                staying.append(document)
    return survivors, similarities
