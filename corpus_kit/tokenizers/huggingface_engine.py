"""The engine of a Hugging Face `tokenizer.json`.

Special tokens are not looked for in text (`encode_special_tokens`). Some models would find them all the same, since
they stand in the vocabulary as if they were words; there they get names that no text holds, their identifiers staying
what they are. Truncation and padding that a file asks for are left out: documents are neither cut off nor filled up.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from corpus_kit.errors import PlanError, missing_extra
from corpus_kit.tokenizers.boundaries import safe_cuts, take_prefix

HIDDEN = "\x00corpus-kit:"
"""What the hidden names of special tokens begin with: white space and control characters are in no vocabulary so."""


class HuggingFaceEngine:
    """A loaded `tokenizer.json`."""

    def __init__(self, path: Path, data: bytes, *, allow: Sequence[str] = ()):
        said = _parse(path, data)
        self._path, self._original = path, data
        added = {one["content"]: one for one in said.get("added_tokens") or []}
        for name in allow:
            if name in added:
                added[name]["special"] = False
        self.special = {name: one["id"] for name, one in added.items() if one["special"] and name not in allow}
        self.prefix = take_prefix(said)
        self.cuts = safe_cuts(said)
        said |= {"truncation": None, "padding": None, "post_processor": None}
        _hide(said, self.special)
        self._tokenizer = _load(path, orjson.dumps(said))
        self._tokenizer.encode_special_tokens = True
        self._names = _names(said, added)
        self._decoder: Any = None

    def named(self, role: str) -> int | None:
        """Identifier that the model itself says is `unk`; it says no other."""
        if role != "unk":
            return None
        model = self._tokenizer.model
        unknown = getattr(model, "unk_id", None)
        if isinstance(unknown, int):
            return unknown
        token = getattr(model, "unk_token", None)
        return None if token is None else self._tokenizer.token_to_id(token)

    def pieces(self) -> list[str]:
        """What each identifier is called, in order; empty where there is none."""
        return self._names

    def encode(self, texts: Sequence[str]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """Identifiers of all texts, one after the other, and how many each text has."""
        return self._encode([self.prefix + text if text else text for text in texts] if self.prefix else list(texts))

    def _encode(self, texts: list[str]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        found = self._tokenizer.encode_batch_fast(texts, add_special_tokens=False)
        each = [encoding.ids for encoding in found]
        lengths = np.fromiter(map(len, each), np.int64, len(each))
        ids = np.fromiter((one for ids in each for one in ids), np.int32, int(lengths.sum()))
        return ids, lengths

    def encode_parts(self, parts: Sequence[bytes]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """The same of texts that were cut."""
        return self._encode([part.decode() for part in parts])

    def decode(self, ids: Sequence[int]) -> str:
        """The text of identifiers, special ones as they are written."""
        if self._decoder is None:
            self._decoder = _load(self._path, self._original)
        return self._decoder.decode(list(ids), skip_special_tokens=False)


def _parse(path: Path, data: bytes) -> dict[str, Any]:
    try:
        said = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise PlanError(f"the tokenizer {path} is neither a tokenizer.json nor a SentencePiece model") from error
    if not isinstance(said, dict) or not isinstance(said.get("model"), dict) or "vocab" not in said["model"]:
        raise PlanError(f"the tokenizer {path} is no tokenizer.json: it has no model with a vocabulary")
    return said


def _load(path: Path, data: bytes) -> Any:
    # Workers are processes; threads inside of them would only fight for the same cores.
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    try:
        from tokenizers import Tokenizer
    except ImportError as error:
        raise missing_extra("tokenizers", "tokenizers", f"the tokenizer {path}") from error
    try:
        return Tokenizer.from_buffer(data)
    except Exception as error:  # the library raises nothing more specific
        raise PlanError(f"the tokenizer {path} is damaged, or of a newer version of the library") from error


def _hide(said: dict[str, Any], special: dict[str, int]) -> None:
    """Gives special tokens that stand in the vocabulary names that no text holds."""
    model = said["model"]
    words = model["vocab"]
    listed = isinstance(words, list)
    present = {name for name, _ in words} if listed else words.keys()
    hidden = {name: f"{HIDDEN}{at}" for name, at in special.items() if name in present}
    if "merges" in model:
        model["merges"] = [one for one in model["merges"] if hidden.keys().isdisjoint(_parts(one))]
    if listed:
        model["vocab"] = [[hidden.get(name, name), score] for name, score in words]
    else:
        model["vocab"] = {hidden.get(name, name): at for name, at in words.items()}
    if model.get("unk_token") in hidden:
        model["unk_token"] = hidden[model["unk_token"]]
    for one in said.get("added_tokens") or []:
        one["content"] = hidden.get(one["content"], one["content"])


def _parts(merge: str | list[str]) -> tuple[str, str, str]:
    """What is joined, and what comes of it."""
    left, right = merge.split(" ", 1) if isinstance(merge, str) else merge
    return left, right, left + right


def _names(said: dict[str, Any], added: dict[str, Any]) -> list[str]:
    words = said["model"]["vocab"]
    names = {at: name for at, (name, _) in enumerate(words)} if isinstance(words, list) else {}
    if not isinstance(words, list):
        names = {at: name for name, at in words.items()}
    names |= {one["id"]: one["content"] for one in said.get("added_tokens") or []}
    names |= {one["id"]: name for name, one in added.items() if "id" in one}
    return [names.get(at, "") for at in range(max(names, default=-1) + 1)]
