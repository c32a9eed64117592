"""Makes a WordPiece vocabulary of a SentencePiece one, as NorBERT did: markers turned round, BERT's tokens, free slots.

SentencePiece marks what begins a word (`▁hav`), WordPiece what goes on (`##n`). Three things are no mere spelling:

- BERT cuts texts at punctuation and at Chinese characters before it looks at pieces. Pieces that reach over such a
  place are never found; a punctuation character is always a word of its own.
- WordPiece gives up a whole word for one place where no piece fits. So every character can begin and continue a word.
- There are no bytes to fall back on, and no spaces.

The pieces are kept in their order, but WordPiece takes the longest piece that fits, whatever its score.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from corpus_kit.errors import PlanError, missing_extra, suggest
from corpus_kit.tokenizers.wire import Damaged, Type, read_model
from corpus_kit.vocabulary.wordpiece import complete, untrained

SPACE, CONTINUED = "▁", "##"

UNUSED = 100
"""Free slots if nobody says how many: as `sent2wordpiece.py` of ltgoslo/NorBERT."""

REASONS = {
    "special": "control symbols and markers of the model; BERT has its own",
    "bytes": "single bytes, for characters that are not in the vocabulary",
    "spaces": "runs of spaces, and pieces of several words",
    "cut": "pieces that BERT's cutting of texts into words never leaves whole",
    "same": "pieces that normalization makes the same as another",
}
"""Why pieces are left out."""

_BYTE = re.compile(r"<0x[0-9A-F]{2}>")

Cut = Callable[[str], list[str]]


class Pieces(NamedTuple):
    """The vocabulary of a SentencePiece model: its pieces in order, and which of them are no text."""

    texts: list[str]
    special: list[str]
    bytes: int


class Converted(NamedTuple):
    """The entries of a WordPiece vocabulary in order, the special ones among them, and what was changed."""

    entries: list[str]
    special: list[str]
    changes: dict[str, Any]


def read_pieces(path: Path) -> Pieces:
    """The pieces of a `.model`, or of a `tokenizer.json` with such a vocabulary. Raises PlanError for others."""
    data = path.read_bytes()
    found = _of_json(path, data) if data[:1] == b"{" else _of_model(path, data)
    if not any(text.startswith(SPACE) and text.strip(SPACE) for text in found.texts):
        raise PlanError(f"{path} does not mark the beginning of words by {SPACE}: it is no SentencePiece vocabulary")
    return found


def _of_model(path: Path, data: bytes) -> Pieces:
    try:
        model = read_model(data)
    except Damaged as error:
        raise PlanError(f"the tokenizer {path} is no SentencePiece model, or is damaged: {error}") from error
    if model.suffix:
        raise PlanError(f"{path} marks the ends of words, not their beginnings; WordPiece has no such pieces")
    texts = [one.text for one in model.pieces if one.type is Type.NORMAL]
    special = [one.text for one in model.pieces if one.type not in (Type.NORMAL, Type.BYTE)]
    return Pieces(texts, special, len(model.pieces) - len(texts) - len(special))


def _of_json(path: Path, data: bytes) -> Pieces:
    try:
        said = orjson.loads(data)
        model = said["model"]
        words = model["vocab"]
        names = [name for name, *_ in words] if isinstance(words, list) else sorted(words, key=words.__getitem__)
        special = [one["content"] for one in said.get("added_tokens") or []]
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise PlanError(f"the tokenizer {path} is no tokenizer.json: it has no model with a vocabulary") from error
    added = set(special)
    is_byte = {name for name in names if model.get("byte_fallback") and _BYTE.fullmatch(name)}
    return Pieces([name for name in names if name not in added | is_byte], special, len(is_byte))


def convert_pieces(
    pieces: Pieces,
    *,
    lower: bool = False,
    keep: Sequence[str] = (),
    unused: int | None = None,
    vocab_size: int | None = None,
) -> Converted:
    """The WordPiece vocabulary: `[PAD]`, free slots, BERT's other tokens, special ones to `keep`, then the pieces.

    `vocab_size` fills up with free slots. Raises PlanError if the pieces do not fit into it.
    """
    for name in keep:
        if name not in pieces.special:
            raise PlanError(f"the model has no special token {name!r} to keep; {suggest(name, pieces.special)}")
    texts, changes = _converted(pieces, _cutter(lower=lower))
    changes["left_out"]["special"] -= len(set(keep))
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *dict.fromkeys(keep)]
    free = _free(len(special) + len(texts), unused, vocab_size)
    slots = [f"[unused{i}]" for i in range(free)]
    return Converted([special[0], *slots, *special[1:], *texts], special, {**changes, "unused": free})


def _free(used: int, unused: int | None, vocab_size: int | None) -> int:
    if unused is not None and vocab_size is not None:
        raise PlanError("give the number of free slots, or the size of the vocabulary, not both")
    if vocab_size is None:
        return UNUSED if unused is None else unused
    if vocab_size < used:
        raise PlanError(f"a vocabulary of {vocab_size:,} has no room for all entries: {used:,} is the least")
    return vocab_size - used


def _cutter(*, lower: bool) -> Cut:
    """The words BERT cuts a text into."""
    try:
        from tokenizers import models
    except ImportError as error:
        raise missing_extra("tokenizers", "tokenizers", "tokenizer convert") from error
    cutting = untrained(models.WordPiece(unk_token="[UNK]"), lowercase=lower)

    def cut(text: str) -> list[str]:
        return [word for word, _ in cutting.pre_tokenizer.pre_tokenize_str(cutting.normalizer.normalize_str(text))]

    return cut


def _converted(pieces: Pieces, cut: Cut) -> tuple[list[str], dict[str, Any]]:
    """The entries that stand for text, in the order of their pieces, added characters last."""
    left_out = Counter({"special": len(pieces.special), "bytes": pieces.bytes})
    alone: dict[str, bool] = {}
    entries: dict[str, None] = {}
    moved = 0
    for piece in pieces.texts:
        begins, text = piece.startswith(SPACE), piece.removeprefix(SPACE)
        if not text or SPACE in text:
            left_out["spaces"] += 1
            continue
        words = cut(text)
        for character in "".join(words):
            if character not in alone:
                alone[character] = len(cut(f"a{character}a")) > 1
        if len(words) != 1:
            left_out["cut"] += 1
            continue
        is_alone = alone[words[0][0]]
        entry = words[0] if begins or is_alone else CONTINUED + words[0]
        moved += is_alone and not begins
        left_out["same"] += entry in entries
        entries[entry] = None
    forms = [form for one in sorted(alone) for form in ([one] if alone[one] else [one, CONTINUED + one])]
    added = [form for form in forms if form not in entries]
    both = sum(CONTINUED + entry in entries for entry in entries)
    return [*entries, *added], {
        "pieces": len(pieces.texts) + len(pieces.special) + pieces.bytes,
        "converted": len(entries),
        "left_out": {reason: left_out[reason] for reason in REASONS},
        "moved": moved,
        "in_both_forms": both,
        "doubled": len(added),
    }


def as_tokenizer(converted: Converted, *, lower: bool) -> Any:
    """A `tokenizers.Tokenizer` of the vocabulary."""
    from tokenizers import models

    vocabulary = {entry: at for at, entry in enumerate(converted.entries)}
    tokenizer = untrained(models.WordPiece(vocabulary, unk_token="[UNK]"), lowercase=lower)
    complete(tokenizer, converted.special)
    return tokenizer
