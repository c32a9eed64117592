"""Reads and edits a SentencePiece model: as much of the protocol-buffer wire format as that takes.

A later value of a field overrides an earlier one, so a message is edited by appending to it. Field numbers are those of
`sentencepiece_model.proto`.
"""

from __future__ import annotations

import struct
from collections.abc import Container, Iterable, Iterator
from enum import IntEnum
from typing import NamedTuple

_VARINT, _EIGHT, _BYTES, _FOUR = 0, 1, 2, 5
_PIECES, _TRAINER, _NORMALIZER = 1, 2, 3


class Type(IntEnum):
    """What a piece is."""

    NORMAL = 1
    UNKNOWN = 2
    CONTROL = 3
    USER_DEFINED = 4
    UNUSED = 5
    BYTE = 6


class Piece(NamedTuple):
    """One entry of the vocabulary."""

    text: str
    score: float
    type: Type


class Model(NamedTuple):
    """What a SentencePiece model says, as far as it matters here."""

    pieces: list[Piece]
    is_bpe: bool
    byte_fallback: bool
    plain: bool
    """Text is not normalized, and white space is kept."""
    dummy_prefix: bool
    """A space is put before each text."""
    suffix: bool
    """White space belongs to the end of words."""


class Damaged(ValueError):
    """The bytes are no message."""


def fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Number and value of each field of a message. Raises Damaged.

    >>> list(fields(bytes([0x08, 0x96, 0x01, 0x12, 0x02, 0x68, 0x69])))
    [(1, 150), (2, b'hi')]
    """
    for number, value, _ in _raw_fields(data):
        yield number, value


def _raw_fields(data: bytes) -> Iterator[tuple[int, int | bytes, bytes]]:
    """The same, and all bytes of the field."""
    at = 0
    while at < len(data):
        start = at
        key, at = _varint(data, at)
        number, kind = key >> 3, key & 7
        if kind == _VARINT:
            value, at = _varint(data, at)
            yield number, value, data[start:at]
            continue
        if kind == _BYTES:
            size, at = _varint(data, at)
        elif kind in (_EIGHT, _FOUR):
            size = 8 if kind == _EIGHT else 4
        else:
            raise Damaged(f"field {number} is of unknown kind {kind}")
        if at + size > len(data):
            raise Damaged(f"field {number} reaches over the end")
        yield number, data[at : at + size], data[start : at + size]
        at += size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(data) and shift < 70:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
    raise Damaged("a number is cut off")


def read_model(data: bytes) -> Model:
    """The model in the bytes of a `.model` file. Raises Damaged."""
    pieces: list[Piece] = []
    trainer: dict[int, int | bytes] = {}
    normalizer: dict[int, int | bytes] = {}
    for number, value in fields(data):
        if number == _PIECES and isinstance(value, bytes):
            pieces.append(_piece(value))
        elif number == _TRAINER and isinstance(value, bytes):
            trainer.update(fields(value))
        elif number == _NORMALIZER and isinstance(value, bytes):
            normalizer.update(fields(value))
    if not pieces:
        raise Damaged("it has no pieces")
    return Model(
        pieces,
        is_bpe=trainer.get(3, 1) == 2,
        byte_fallback=bool(trainer.get(35, 0)),
        plain=not normalizer.get(2) and not normalizer.get(4, 1) and bool(normalizer.get(5, 1)),
        dummy_prefix=bool(normalizer.get(3, 1)),
        suffix=bool(trainer.get(24, 0)),
    )


def _piece(data: bytes) -> Piece:
    found = dict(fields(data))
    text, score = found.get(1, b""), found.get(2, b"\0\0\0\0")
    if not isinstance(text, bytes) or not isinstance(score, bytes) or len(score) != 4:
        raise Damaged("a piece has no text")
    try:
        return Piece(text.decode(), struct.unpack("<f", score)[0], Type(int(found.get(3, Type.NORMAL))))
    except ValueError as error:
        raise Damaged("a piece is damaged") from error


def edited(data: bytes, *, control: Container[int] = (), prefix: bool = True) -> bytes:
    """The model with some pieces made control symbols, which text never matches; and without a dummy prefix."""
    out: list[bytes] = []
    index = 0
    for number, value, raw in _raw_fields(data):
        if number == _PIECES and isinstance(value, bytes):
            if index in control:
                raw = _message(number, value + bytes([3 << 3, Type.CONTROL]))
            index += 1
        out.append(raw)
    # Two messages of one field are one: the later fields count.
    return b"".join(out) + (b"" if prefix else _message(_NORMALIZER, bytes([3 << 3, 0])))


def _message(number: int, value: bytes) -> bytes:
    return _number(number << 3 | _BYTES) + _number(len(value)) + value


def _number(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def appended(data: bytes, pieces: Iterable[Piece], *, vocab_size: int) -> bytes:
    """The model with more pieces at the end of its vocabulary."""
    more = (
        _message(1, piece.text.encode())
        + _number(2 << 3 | _FOUR)
        + struct.pack("<f", piece.score)
        + _number(3 << 3)
        + _number(piece.type)
        for piece in pieces
    )
    trainer = _message(_TRAINER, _number(4 << 3) + _number(vocab_size))
    return data + b"".join(_message(_PIECES, one) for one in more) + trainer
