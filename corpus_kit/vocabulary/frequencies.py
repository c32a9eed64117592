"""The most frequent words of a finished run, counted exactly over all of it: the vocabulary of models of whole words.

The documents are those that `pull` gives in its first round: of the training split, as many times as their weights say.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from corpus_kit.errors import PlanError
from corpus_kit.kernels.characters import lower as lower_of
from corpus_kit.kernels.word_counts import count_words
from corpus_kit.mixing.groups import Group, distinct_groups, group_columns
from corpus_kit.mixing.sizes import MOST_GROUPS
from corpus_kit.pull.corpus import Corpus, find_corpus
from corpus_kit.pull.splits import of_split
from corpus_kit.pull.weights import Weights, copies_of_round
from corpus_kit.segmentation import Words
from corpus_kit.vocabulary.word_store import MEMORY, SCHEMA, WordStore

TOP = 30_000
"""Of NorELMo30 (Kutuzov et al. 2021); that of NorELMo100 has 100,000."""

SPECIAL = ("<S>", "</S>", "<UNK>")
"""The first lines of a vocabulary of ELMo, as bilm-tf and ltgoslo/simple_elmo_training want them. A word that is
written so is never listed."""

_BATCH_ROWS, _BATCH_BYTES = 512, 32 << 20

_MOST_BYTES = 1 << 30
"""Counted at once: what counts words numbers places by 31 bits."""


class Listed(NamedTuple):
    """The most frequent words of a group, and what they were chosen of."""

    words: pa.Table
    """Columns `word` and `count`, the highest count first, ties by code points."""
    total: int
    distinct: int

    @property
    def coverage(self) -> float:
        """Share of all words of the texts that is listed."""
        return (pc.sum(self.words["count"]).as_py() or 0) / self.total if self.total else 0.0


class Frequencies(NamedTuple):
    """Lists by group (by `()` if there are no groups), and how they were made."""

    by: tuple[str, ...]
    lists: dict[Group, Listed]
    account: dict[str, Any]


def word_frequencies(
    where: str,
    *,
    top: int = TOP,
    words: Words = "whitespace",
    lower: bool = False,
    by: Sequence[str] = (),
    mix: Any = None,
    split: str | None = None,
    seed: int = 1,
    scratch: str | Path | None = None,
    memory: int = MEMORY,
) -> Frequencies:
    """The `top` words of a finished run or release, local or remote, or of each of its groups.

    `mix`, `split` and `seed` are those of `corpus_kit.pull`. What `memory` does not hold goes to disk, into a folder
    inside of `scratch`. Raises PlanError if the run is not finished, or has no such columns, or no such documents.
    """
    if top < 1:
        raise PlanError(f"top is {top}; it is at least 1")
    corpus = find_corpus(where)
    chosen, weights = of_split(split, mix, corpus, seed=seed)
    group_columns(by, corpus.schema, where)
    groups: dict[Group, int] = {}
    with (
        tempfile.TemporaryDirectory(prefix=".words-", dir=scratch) as folder,
        WordStore(Path(folder) / "counts", memory=memory) as store,
    ):
        documents = 0
        for texts, group, copies in _texts(corpus, weights, by, groups):
            documents += copies * len(texts)
            counts = count_words(texts, words=words)
            store.add(_as_counts(counts, group, copies, words=words, lower=lower))
        if not documents:
            raise PlanError(f"there is no document to count the words of in {where}")
        lists = _listed(store, groups, top)
    account = {
        "fingerprint": corpus.fingerprint,
        "weights": weights.identity,
        "split": chosen,
        "documents": documents,
        "words": words,
        "lower": lower,
        "top": top,
    }
    return Frequencies(tuple(by), lists, account)


def _texts(
    corpus: Corpus, weights: Weights, by: Sequence[str], groups: dict[Group, int]
) -> Iterator[tuple[pa.Array, int, int]]:
    """Texts of one group that come equally often, the number of the group, and how often. Numbers new groups."""
    for batch in _batches(corpus, list(dict.fromkeys(["id", "text", *by, *weights.columns]))):
        copies = copies_of_round(batch["id"], weights.epochs(batch), seed=weights.seed, round=0)
        found, at = distinct_groups(batch, by) if by else ([()], np.zeros(batch.num_rows, np.int64))
        if len(groups.keys() | set(found)) > MOST_GROUPS:
            raise PlanError(f"{', '.join(by)} of {corpus.where} make more than {MOST_GROUPS:,} groups")
        for many, place in sorted(set(zip(copies.tolist(), at.tolist(), strict=True))):
            if many:
                number = groups.setdefault(found[place], len(groups))
                yield batch["text"].filter(pa.array((copies == many) & (at == place))), number, many


def _batches(corpus: Corpus, columns: list[str]) -> Iterator[pa.RecordBatch]:
    """The rows of all files, in pieces of about as many bytes."""
    for number in range(len(corpus.files)):
        with corpus.open(number) as file:
            held: list[pa.RecordBatch] = []
            for batch in file.iter_batches(batch_size=_BATCH_ROWS, columns=columns, use_threads=False):
                held.append(batch)
                if sum(one.nbytes for one in held) >= _BATCH_BYTES:
                    yield from _parts(pa.concat_batches(held))
                    held = []
            if held:
                yield from _parts(pa.concat_batches(held))


def _parts(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """The batch, halved until no part is too large."""
    if batch.nbytes <= _MOST_BYTES or batch.num_rows == 1:
        yield batch
        return
    half = batch.num_rows // 2
    yield from _parts(batch.slice(0, half))
    yield from _parts(batch.slice(half))


def _as_counts(counts: pa.Table, group: int, copies: int, *, words: Words, lower: bool) -> pa.Table:
    found = counts["word"]
    if words == "unicode":
        # U+202F joins the digits of 10 000, and would stand before a number that begins with it.
        found = pc.utf8_trim_whitespace(found)
    if lower:
        found = _lowered(found.combine_chunks())
    groups = pa.array(np.full(len(found), group, np.int32))
    return pa.table([groups, found, pc.multiply(counts["count"], copies)], schema=SCHEMA)


def _lowered(words: pa.Array) -> pa.Array:
    """Lower case by the character table of the package. Arrow's is of another Unicode version, so ASCII is its part."""
    lowered = pc.utf8_lower(words)
    other = pc.and_(pc.not_equal(pc.binary_length(words), pc.utf8_length(words)), pc.not_equal(words, lowered))
    mended = [lower_of(word) for word in words.filter(other).to_pylist()]
    return pc.replace_with_mask(lowered, other, pa.array(mended, pa.large_string()))


def _listed(store: WordStore, groups: dict[Group, int], top: int) -> dict[Group, Listed]:
    total, distinct = np.zeros(len(groups), np.int64), np.zeros(len(groups), np.int64)
    best = SCHEMA.empty_table()
    for part in store.parts():
        of, counts = part["group"].to_numpy(), part["count"].to_numpy()
        np.add.at(total, of, counts)
        distinct += np.bincount(of, minlength=len(groups))
        may_be = part.filter(pc.invert(pc.is_in(part["word"], pa.array(SPECIAL, pa.large_string()))))
        best = most_frequent(pa.concat_tables([best, most_frequent(may_be, top)]), top)
    return {
        group: Listed(
            best.filter(pc.equal(best["group"], number)).select(["word", "count"]).combine_chunks(),
            int(total[number]),
            int(distinct[number]),
        )
        for group, number in sorted(groups.items())
    }


def most_frequent(counts: pa.Table, top: int) -> pa.Table:
    """The `top` words of each group: the highest count first, ties by code points.

    >>> found = pa.table([[0, 0, 0], ["b", "é", "a"], [2, 3, 2]], schema=SCHEMA)
    >>> most_frequent(found, 2)["word"].to_pylist()
    ['é', 'a']
    """
    group, many = counts["group"].to_numpy(), counts["count"].to_numpy()
    order = np.lexsort((-many, group))
    ordered = group[order]
    begin = np.searchsorted(ordered, ordered)
    last = np.minimum(begin + top, np.searchsorted(ordered, ordered, side="right")) - 1
    enough = many[order] >= many[order][last]  # words are compared only where numbers cannot decide
    kept = counts.take(pa.array(order[enough]))
    kept = kept.take(pc.sort_indices(kept, [("group", "ascending"), ("count", "descending"), ("word", "ascending")]))
    group = kept["group"].to_numpy()
    return kept.filter(pa.array(np.arange(len(group)) - np.searchsorted(group, group) < top))
