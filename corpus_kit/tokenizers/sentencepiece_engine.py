"""The engine of a SentencePiece `.model`.

User-defined symbols are matched in text by SentencePiece wherever they stand. Those that are markers (`<|endoftext|>`)
are made control symbols while the file is loaded, which it never matches: their identifiers stay what they are.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpus_kit.errors import PlanError, missing_extra
from corpus_kit.tokenizers.segments import Cuts, cuts_outside
from corpus_kit.tokenizers.wire import Damaged, Model, Type, edited, read_model

MARKER = re.compile(r"<[^<>\s]+>|\[[A-Z]+[0-9]*\]")
"""User-defined symbols of this form are no text: `<|im_start|>`, `[MASK]`. Others are, as runs of spaces."""

_SPACE = "▁"


class SentencePieceEngine:
    """A loaded `.model`."""

    def __init__(self, path: Path, data: bytes, *, allow: Sequence[str] = ()):
        self.model = _read(path, data)
        self.special = specials(self.model, allow)
        self.cuts = _safe_cuts(self.model, set(self.special.values()))
        self.prefix = " " if self.cuts is not None and self.model.dummy_prefix else ""
        inert = {at for at in self.special.values() if self.model.pieces[at].type is Type.USER_DEFINED}
        self._processor = _load(path, edited(data, control=inert, prefix=self.cuts is None))
        self._original = data
        self._decoder: Any = None
        self._path = path

    def named(self, role: str) -> int | None:
        """Identifier that the model itself says is `eos`, `bos`, `pad` or `unk`."""
        found = getattr(self._processor, f"{role}_id")()
        return None if found < 0 else found

    def pieces(self) -> list[str]:
        """What each identifier is called, in order."""
        return [piece.text for piece in self.model.pieces]

    def encode(self, texts: Sequence[str]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """Identifiers of all texts, one after the other, and how many each text has."""
        return self._encode([self.prefix + text if text else text for text in texts] if self.prefix else list(texts))

    def encode_parts(self, parts: Sequence[bytes]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """The same of texts that were cut."""
        return self._encode(list(parts))

    def _encode(self, texts: list[str] | list[bytes]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        # One after the other: what is measured, and what runs beside other workers, is one core.
        found = self._processor.encode(texts, out_type="numpy", num_threads=1)
        lengths = np.fromiter(map(len, found), np.int64, len(found))
        return np.concatenate(found) if len(found) else np.empty(0, np.int32), lengths

    def decode(self, ids: Sequence[int]) -> str:
        """The text of identifiers, special ones as they are written."""
        if self._decoder is None:
            self._decoder = _load(self._path, self._original)
        controls = {at: text for text, at in self.special.items()}
        out, run = "", []
        for one in [*ids, -1]:
            if one != -1 and one not in controls:
                run.append(one)
                continue
            out += self._decoder.decode(run) if run else ""
            out += controls.get(one, "")
            run = []
        return out


def specials(model: Model, allow: Sequence[str] = ()) -> dict[str, int]:
    """Strings that mean something to the tokenizer -> identifier, without those that are allowed in text."""
    kinds = (Type.CONTROL, Type.UNKNOWN)
    return {
        piece.text: at
        for at, piece in enumerate(model.pieces)
        if piece.text not in allow
        and (piece.type in kinds or (piece.type is Type.USER_DEFINED and MARKER.fullmatch(piece.text)))
    }


def _read(path: Path, data: bytes) -> Model:
    try:
        return read_model(data)
    except Damaged as error:
        raise PlanError(f"the tokenizer {path} is no SentencePiece model, or is damaged: {error}") from error


def _load(path: Path, data: bytes) -> Any:
    try:
        from sentencepiece import SentencePieceProcessor
    except ImportError as error:
        raise missing_extra("sentencepiece", "tokenizers", f"the tokenizer {path}") from error
    processor = SentencePieceProcessor()
    try:
        processor.LoadFromSerializedProto(data)
    except (OSError, RuntimeError, ValueError) as error:
        raise PlanError(f"the tokenizer {path} is no SentencePiece model, or is damaged") from error
    return processor


def _safe_cuts(model: Model, inert: set[int]) -> Cuts | None:
    """Between which characters text may be cut; None if nothing is known about it.

    Unigram models add up scores from the beginning of the text, so that even rounding would have to be alike.
    """
    kinds = (Type.NORMAL, Type.USER_DEFINED, Type.UNUSED)
    texts = [piece.text for at, piece in enumerate(model.pieces) if piece.type in kinds and at not in inert]
    if not model.is_bpe or not model.plain or model.suffix or _SPACE not in texts:
        return None
    known = None if model.byte_fallback else " " + "".join(one for one in texts if len(one) == 1 and one.isascii())
    return cuts_outside(texts, known=known)
