"""Finds, loads and remembers tokenizers."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson

from corpus_kit.errors import PlanError
from corpus_kit.resources import digest as digest_of
from corpus_kit.tokenizers.huggingface_engine import HuggingFaceEngine
from corpus_kit.tokenizers.sentencepiece_engine import SentencePieceEngine
from corpus_kit.tokenizers.tokenizer import Tokenizer

JSON = "tokenizer.json"
SIDE_FILES = ("special_tokens_map.json", "tokenizer_config.json")
"""Where Hugging Face writes which token ends a document; the later one counts."""

KNOWN = {
    "eos": ("<|endoftext|>", "<|end_of_text|>", "</s>", "<eos>"),
    "bos": ("<|begin_of_text|>", "<s>", "<bos>"),
    "pad": ("<pad>", "[PAD]", "<|padding|>", "<|pad|>"),
    "unk": ("<unk>", "[UNK]"),
}
"""What the tokens are called in published tokenizers, where no file says it."""


def load_tokenizer(path: str | Path, *, allow: Sequence[str] = ()) -> Tokenizer:
    """The tokenizer in a SentencePiece `.model`, a `tokenizer.json`, or a folder that holds either; loaded once.

    In a folder of both, `tokenizer.json` counts. `allow` names special strings that text may hold, such as the
    `<|python|>` of GPT-SW3, which was put into the data on purpose. Raises PlanError for a file that is absent, damaged
    or of another kind, and MissingExtra without the library.
    """
    file = tokenizer_file(path)
    sides = tuple((str(side), digest_of(side)) for name in SIDE_FILES if (side := file.parent / name).is_file())
    return _load(file.resolve(), digest_of(file), sides, _name(Path(path)), tuple(allow))


def tokenizer_file(path: str | Path) -> Path:
    """The file that decides identifiers. Raises PlanError if there is none, or several."""
    path = Path(path)
    if path.is_file():
        return path
    if not path.is_dir():
        raise PlanError(f"there is no tokenizer at {path}: give a .model, a tokenizer.json, or a folder with either")
    if (path / JSON).is_file():
        return path / JSON
    models = sorted(path.glob("*.model"))
    if len(models) == 1:
        return models[0]
    if models:
        raise PlanError(f"{path} holds {len(models)} tokenizers: {', '.join(one.name for one in models)}; name one")
    raise PlanError(f"{path} holds no tokenizer: neither {JSON} nor a .model")


def _name(path: Path) -> str:
    return (
        path.parent.resolve().name
        if path.name == JSON
        else path.resolve().name.removesuffix(".model").removesuffix(".json")
    )


@functools.lru_cache(maxsize=8)
def _load(file: Path, digest: str, sides: tuple[tuple[str, str], ...], name: str, allow: tuple[str, ...]) -> Tokenizer:
    data = file.read_bytes()
    named = _named(Path(side) for side, _ in sides)
    if data[:1] == b"{":
        engine = HuggingFaceEngine(file, data, allow=allow)
    else:
        engine = SentencePieceEngine(file, data, allow=allow)
    unknown = [one for one in allow if one not in engine.pieces()]
    if unknown:
        raise PlanError(f"the tokenizer {file} has no token {unknown[0]!r} to allow")
    pieces = {text: at for at, text in enumerate(engine.pieces()) if text}
    roles = {role: _role(role, engine, named, pieces) for role in KNOWN}
    return Tokenizer(
        name=name,
        kind="huggingface" if isinstance(engine, HuggingFaceEngine) else "sentencepiece",
        path=file,
        digest=digest,
        vocab_size=len(engine.pieces()),
        eos_id=roles["eos"],
        bos_id=roles["bos"],
        pad_id=roles["pad"],
        unk_id=roles["unk"],
        special_tokens=engine.special,
        engine=engine,
    )


def _named(files: Any) -> dict[str, str]:
    """Role -> token, as the files beside a tokenizer say."""
    named: dict[str, str] = {}
    for file in files:
        try:
            said = orjson.loads(file.read_bytes())
        except orjson.JSONDecodeError as error:
            raise PlanError(f"{file} is no JSON") from error
        for role in KNOWN:
            token = said.get(f"{role}_token") if isinstance(said, dict) else None
            token = token.get("content") if isinstance(token, dict) else token
            if isinstance(token, str):
                named[role] = token
    return named


def _role(role: str, engine: Any, named: dict[str, str], pieces: dict[str, int]) -> int | None:
    if role in named:
        return pieces.get(named[role])
    own = engine.named(role)
    if own is not None:
        return own
    return next((engine.special[one] for one in KNOWN[role] if one in engine.special), None)
