"""Cuts documents into paragraphs, labels each with its document in mind, and counts the share of every language.

A **paragraph** is a line with at least `shortest` letters. Shorter lines that follow each other (wrapped prose, verse,
lists, headings) are taken together: those between two blank lines first, and if they are still too few letters then
across blank lines. What is too short even so (a date, a name, a heading between two paragraphs) is not judged: it
follows the paragraphs around it, or the document.

Each score is weighed by the share of the document that its label would have by the scores of all paragraphs, and a
paragraph is only said to be in another language than the document if that leaves it at least 0.8 of the chances.

Everything is arithmetic on the bytes of an Arrow column; no text becomes a Python string.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from corpus_kit.lid.identify import Predictions
from corpus_kit.lid.labels import UNDETERMINED
from corpus_kit.schema import GIVEN_COLUMNS

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


SHORTEST = 40
"""Letters that may be judged alone. By `python -m benchmarks mixed` (real documents of two languages, 21 pairs) the cut
then finds 89.0% of the foreign letters, 98.1% of what it takes is foreign, and it takes 0.15% of documents of one
language; with 20 letters 92.0%, 97.0%, 0.37%; with 60 letters 86.7%, 98.0%, 0.13%."""

PIECE = 200
"""Letters at which a run of short lines is cut; from 40 to 1,000 made no difference that could be measured."""

SURE = 0.8
"""Chance at which a paragraph is said to be foreign. Measured as above, with 0.5 the cut finds 92.4%, 95.0% of what it
takes is foreign, and it takes 0.46% of documents of one language; with 0.9 84.9%, 99.1%, 0.09%."""

SHARES = GIVEN_COLUMNS["lang_shares"][0]


class Paragraphs(NamedTuple):
    """The paragraphs of a column of texts, in order; together they are the whole of every text."""

    texts: pa.LargeStringArray
    row: Ints
    letters: Ints
    judged: NDArray[np.bool_]
    """Whether it is long enough to be judged by itself."""


def split(texts: pa.Array, *, shortest: int = SHORTEST, piece: int = PIECE) -> Paragraphs:
    """The paragraphs of texts. Runs of short lines are cut about every `piece` letters.

    >>> found = split(pa.array(["Indhold\\n\\nEt helt afsnit om noget\\nOg et til om andet", None, ""]), shortest=15)
    >>> found.texts.to_pylist()
    ['Indhold\\n\\n', 'Et helt afsnit om noget\\n', 'Og et til om andet']
    >>> found.row.tolist(), found.letters.tolist(), found.judged.tolist()
    ([0, 0, 0], [7, 19, 14], [False, True, False])
    """
    filled = pc.fill_null(texts.cast(pa.large_string()), "")
    offsets = np.frombuffer(filled.buffers()[1], np.int64)[filled.offset : filled.offset + len(filled) + 1]
    data = filled.buffers()[2]
    if data is None or not len(filled) or offsets[-1] == offsets[0]:
        none = np.zeros(0, np.int64)
        return Paragraphs(pa.array([], pa.large_string()), none, none, none.astype(bool))
    first, end = int(offsets[0]), int(offsets[-1])
    signs = np.frombuffer(data, np.uint8)[first:end]
    begins = np.zeros(end - first, bool)
    begins[1:] = signs[:-1] == ord("\n")
    begins[offsets[:-1][offsets[1:] > offsets[:-1]] - first] = True
    starts = np.flatnonzero(begins)
    letters = np.add.reduceat(_letters(signs), starts, dtype=np.int32).astype(np.int64)
    written = np.maximum.reduceat(signs, starts) > ord(" ")
    starts += first
    row = np.searchsorted(offsets, starts, side="right") - 1
    head = _heads(row, letters, written, shortest=shortest, size=piece)
    starts, row, letters = starts[head], row[head], np.add.reduceat(letters, np.flatnonzero(head))
    bounds = pa.py_buffer(np.append(starts, end))
    pieces = pa.LargeStringArray.from_buffers(len(starts), bounds, data)
    return Paragraphs(pieces, row, letters, letters >= shortest)


def _letters(signs: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """The bytes that begin a letter in UTF-8, as nearly as one byte can say.

    C2 leads the signs of Latin-1, E2 typographic signs, F0 and up pictographs and rare scripts.
    """
    is_ascii = (signs | 32) - np.uint8(ord("a")) < 26
    return is_ascii | ((signs >= 0xC3) & (signs < 0xF0) & (signs != 0xE2))


def _heads(row: Ints, letters: Ints, written: NDArray[np.bool_], *, shortest: int, size: int) -> NDArray[np.bool_]:
    """Which lines begin a paragraph."""
    head = np.diff(row, prepend=-1) != 0
    lines = np.flatnonzero(written)
    if not len(lines):
        return head
    row, letters = row[lines], letters[lines]
    new_row = np.diff(row, prepend=-1) != 0
    after_blank = np.diff(lines, prepend=-1) > 1
    long = letters >= shortest
    block = new_row | after_blank | long | np.append(False, long[:-1])
    small = np.add.reduceat(letters, np.flatnonzero(block)) < shortest
    joins = small & np.append(False, small[:-1])
    run = block.copy()
    run[block] = new_row[block] | ~joins
    at = np.flatnonzero(run)
    total = np.add.reduceat(letters, at)
    before = np.cumsum(letters) - letters
    number = np.cumsum(run) - 1
    piece = np.minimum((before - before[at][number]) // size, np.maximum(total // size, 1)[number] - 1)
    begins = run | (np.diff(piece, prepend=0) != 0)
    head[lines[begins & ~new_row]] = True
    return head


class Spread(NamedTuple):
    """Languages of documents by their paragraphs."""

    mass: Floats
    """Shape (documents, names): mean score of every label over the letters of the judged paragraphs."""
    known: NDArray[np.bool_]
    """Whether the document has a judged paragraph."""


def spread(found: Paragraphs, said: Predictions, rows: int) -> Spread:
    """Mean scores of `rows` documents, from what a model said of their judged paragraphs."""
    row, letters = found.row[found.judged], found.letters[found.judged]
    mass = np.zeros((rows, len(said.names)))
    np.add.at(mass, (row, said.label), letters * said.score)
    np.add.at(mass, (row, said.runner_up), letters * said.runner_up_score)
    total = np.bincount(row, letters, rows)
    return Spread(mass / np.maximum(total, 1)[:, None], total > 0)


def overall(names: tuple[str, ...], by: Spread) -> Predictions:
    """The best and the next label of every document by its paragraphs; `und` where none was judged."""
    rows = np.arange(len(by.mass))
    first = by.mass.argmax(1)
    others = by.mass.copy()
    others[rows, first] = -1
    second = others.argmax(1)
    und = names.index(UNDETERMINED)
    best = [np.where(by.known, one, und).astype(np.int32) for one in (first, second)]
    scores = [np.where(by.known, by.mass[rows, one], 0.0) for one in (first, second)]
    return Predictions(names, best[0], scores[0], best[1], scores[1])


def label(found: Paragraphs, said: Predictions, by: Spread, main: NDArray[np.int32]) -> NDArray[np.int32]:
    """The label of every paragraph, given the main label of every document."""
    labels = main[found.row]
    row, usual = found.row[found.judged], labels[found.judged]
    scores = [said.score, said.runner_up_score, np.clip(1 - said.score - said.runner_up_score, 0, 1)]
    first, second = (
        by.mass[row, one] * score for one, score in zip((said.label, said.runner_up), scores, strict=False)
    )
    third = np.where((said.label == usual) | (said.runner_up == usual), 0, by.mass[row, usual] * scores[2])
    total = first + second + third
    for one, chance in ((said.runner_up, second), (said.label, first)):
        labels[found.judged] = np.where(chance >= np.maximum(SURE * total, 1e-12), one, labels[found.judged])
    return _followed(found, labels, main)


def _followed(found: Paragraphs, labels: NDArray[np.int32], main: NDArray[np.int32]) -> NDArray[np.int32]:
    """Paragraphs too short to be judged get the label of the judged ones around them, if those agree."""
    last = len(labels) - 1
    number = np.arange(last + 1)
    before = np.maximum.accumulate(np.where(found.judged, number, -1))
    after = np.minimum.accumulate(np.where(found.judged, number, last + 1)[::-1])[::-1]
    between = (before >= 0) & (after <= last) & ~found.judged
    before, after = np.clip(before, 0, last), np.clip(after, 0, last)
    same_row = (found.row[before] == found.row) & (found.row[after] == found.row)
    agree = between & same_row & (labels[before] == labels[after])
    return np.where(agree, labels[before], labels).astype(np.int32)


def shares(found: Paragraphs, labels: NDArray[np.int32], names: Sequence[str], rows: int) -> pa.ListArray:
    """The share of letters of every language in each of `rows` documents, the largest first; null without letters."""
    width = len(names)
    key, where = np.unique(found.row * width + labels, return_inverse=True)
    letters = np.bincount(where, found.letters, len(key))
    key, letters = key[letters > 0], letters[letters > 0]
    row, name = key // width, key % width
    order = np.lexsort((name, -letters, row))
    row, name, letters = row[order], name[order], letters[order]
    counts = np.bincount(row, minlength=rows)
    share = np.round(letters / np.bincount(row, letters, rows)[row], 4)
    structs = pa.StructArray.from_arrays(
        [pa.array(names, pa.string()).take(pa.array(name)), pa.array(share)], fields=list(SHARES.value_type)
    )
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), structs, type=SHARES, mask=pa.array(counts == 0))


def without(texts: pa.Array, found: Paragraphs, gone: NDArray[np.bool_]) -> pa.Array:
    """The texts without the paragraphs that are `gone`; others are not touched."""
    changed = np.bincount(found.row[gone], minlength=len(texts)) > 0
    left = changed[found.row] & ~gone
    counts = np.bincount(found.row[left], minlength=len(texts))[changed]
    offsets = pa.array(np.concatenate([[0], np.cumsum(counts)]))
    pieces = pa.LargeListArray.from_arrays(offsets, found.texts.filter(pa.array(left)))
    joined = pc.utf8_rtrim_whitespace(pc.binary_join(pieces, pa.scalar("", pa.large_string())))
    return pc.replace_with_mask(texts, pa.array(changed), joined)
