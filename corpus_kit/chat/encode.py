"""Rendered conversations -> identifiers, and for each whether it is to be learned.

Text between two special tokens is encoded in one piece, as a model meets it: parts encoded on their own would begin
with tokens that never stand there. Where an answer begins inside such a stretch, everything up to it is encoded a
second time, and the answer's tokens are those after what both have in common.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from corpus_kit.chat.templates import Piece


class Encoder(Protocol):
    """What is needed of a tokenizer."""

    def encode(self, texts: pa.Array) -> pa.LargeListArray:
        """Identifiers of each text, none of them special."""
        ...


class Encoded(NamedTuple):
    """A conversation as a model gets it."""

    ids: NDArray[np.int32]
    is_answer: NDArray[np.bool_]
    """Of each identifier whether it is (a part of) what the assistant says."""


class _Stretch(NamedTuple):
    """Text without a special token inside: numbers of its beginnings in the list of all texts, the whole one last."""

    texts: list[int]
    is_answer: list[bool]
    """Whether what each beginning adds is an answer."""


def encode(conversations: Sequence[Sequence[Piece]], tokenizer: Encoder, special: Mapping[str, int]) -> list[Encoded]:
    """Identifiers of rendered conversations; `special` are those of the template's special tokens."""
    texts: list[str] = []
    planned = [list(_plan(pieces, texts)) for pieces in conversations]
    found = tokenizer.encode(pa.array(texts, pa.large_string()))
    offsets, values = found.offsets.to_numpy(), found.values.to_numpy()
    encoded = [values[a:b] for a, b in pairwise(offsets)]
    return [_assembled(plan, encoded, special) for plan in planned]


def _plan(pieces: Sequence[Piece], texts: list[str]) -> Iterator[Piece | _Stretch]:
    """Special tokens, and stretches, whose texts are added to the list."""
    held: list[Piece] = []
    for piece in [*pieces, None]:
        if piece is not None and piece.text is not None:
            held.append(piece)
            continue
        if held:
            yield _stretch(held, texts)
            held = []
        if piece is not None:
            yield piece


def _stretch(pieces: Sequence[Piece], texts: list[str]) -> _Stretch:
    whole, stretch = "", _Stretch([], [])
    for i, piece in enumerate(pieces):
        whole += piece.text or ""
        if i + 1 < len(pieces) and pieces[i + 1].is_answer == piece.is_answer:
            continue
        stretch.texts.append(len(texts))
        stretch.is_answer.append(piece.is_answer)
        texts.append(whole)
    return stretch


def _assembled(
    plan: Sequence[Piece | _Stretch], encoded: Sequence[NDArray[np.int32]], special: Mapping[str, int]
) -> Encoded:
    ids: list[NDArray[np.int32]] = [np.empty(0, np.int32)]
    flags: list[NDArray[np.bool_]] = [np.empty(0, np.bool_)]
    for one in plan:
        if isinstance(one, Piece):
            ids.append(np.array([special[str(one.token)]], np.int32))
            flags.append(np.array([one.is_answer]))
            continue
        whole = encoded[one.texts[-1]]
        ids.append(whole)
        flags.append(_flags(one, encoded, whole))
    return Encoded(np.concatenate(ids).astype(np.int32), np.concatenate(flags))


def _flags(one: _Stretch, encoded: Sequence[NDArray[np.int32]], whole: NDArray[np.int32]) -> NDArray[np.bool_]:
    flags = np.empty(len(whole), np.bool_)
    start = 0
    for text, is_answer in zip(one.texts, one.is_answer, strict=True):
        end = _common(encoded[text], whole)
        flags[start:end] = is_answer
        start = max(start, end)
    return flags


def _common(left: NDArray[np.int32], right: NDArray[np.int32]) -> int:
    """How many identifiers two sequences begin with alike."""
    shortest = min(len(left), len(right))
    differing = np.flatnonzero(left[:shortest] != right[:shortest])
    return int(differing[0]) if len(differing) else shortest
