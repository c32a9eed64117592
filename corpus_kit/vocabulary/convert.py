"""Writes a SentencePiece BPE model as a Hugging Face fast tokenizer that encodes equally.

SentencePiece joins the pair whose piece has the highest score, the leftmost of several. Hugging Face joins pairs by a
list of merges: every way to make a piece of two others, ordered by the score of what is made, then of its parts.
"""

from __future__ import annotations

from typing import Any

from corpus_kit.errors import PlanError
from corpus_kit.tokenizers.wire import Model, Type, read_model

SPACE = "▁"


def as_tokenizer_json(data: bytes) -> dict[str, Any]:
    """The content of `tokenizer.json` for the bytes of a `.model`.

    Raises PlanError for models that cannot be expressed so: of another kind than BPE, or with normalization.
    """
    model = read_model(data)
    if not model.is_bpe or not model.plain or model.suffix:
        raise PlanError("only SentencePiece models of BPE without normalization can be made a Hugging Face tokenizer")
    names = [piece.text for piece in model.pieces]
    unknown = next((piece.text for piece in model.pieces if piece.type is Type.UNKNOWN), None)
    marks = {"type": "Replace", "pattern": {"String": " "}, "content": SPACE}
    prefix = {"type": "Prepend", "prepend": SPACE}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [_added(at, piece.text) for at, piece in enumerate(model.pieces) if _is_added(piece.type)],
        "normalizer": {"type": "Sequence", "normalizers": [prefix, marks]} if model.dummy_prefix else marks,
        "pre_tokenizer": None,
        "post_processor": None,
        "decoder": {"type": "Sequence", "decoders": _decoders(model)},
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": unknown,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": True,
            "byte_fallback": model.byte_fallback,
            "ignore_merges": False,
            "vocab": {name: at for at, name in enumerate(names)},
            "merges": merges(model),
        },
    }


def _is_added(kind: Type) -> bool:
    return kind in (Type.CONTROL, Type.UNKNOWN, Type.USER_DEFINED)


def _added(at: int, text: str) -> dict[str, Any]:
    flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
    return {"id": at, "content": text, **flags, "special": True}


def _decoders(model: Model) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [{"type": "Replace", "pattern": {"String": SPACE}, "content": " "}]
    if model.byte_fallback:
        found.append({"type": "ByteFallback"})
    found.append({"type": "Fuse"})
    if model.dummy_prefix:
        found.append({"type": "Strip", "content": " ", "start": 1, "stop": 0})
    return found


def merges(model: Model) -> list[list[str]]:
    """Every way to make a piece of two others, in the order they are tried."""
    rank = {piece.text: (-piece.score, at) for at, piece in enumerate(model.pieces) if piece.type is Type.NORMAL}
    found = []
    for text in rank:
        for cut in range(1, len(text)):
            left, right = text[:cut], text[cut:]
            if left in rank and right in rank:
                found.append((rank[text], rank[left], rank[right], [left, right]))
    return [pair for *_, pair in sorted(found, key=lambda one: one[:3])]
