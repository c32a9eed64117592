"""Trains a SentencePiece BPE model, byte for byte the same every time."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence

from corpus_kit.errors import PlanError, missing_extra
from corpus_kit.tokenizers.wire import Piece, Type, appended, read_model
from corpus_kit.vocabulary.presets import END_OF_TEXT, Settings

SPACE = "▁"


def train_bpe(texts: Sequence[str], settings: Settings) -> bytes:
    """The bytes of a `.model`. Raises PlanError if the texts do not support so large a vocabulary, and says which.

    Identifiers: 0 `<pad>`, 1 `<unk>`, 2 `<s>`, 3 `<|endoftext|>`, code tokens, 256 bytes, merges in the order they were
    learned, characters, runs of spaces. Spaces are never joined while learning; their runs are put last, with scores
    below every merge, as GPT-SW3 does.
    """
    try:
        from sentencepiece import SentencePieceTrainer
    except ImportError as error:
        raise missing_extra("sentencepiece", "tokenizers", "tokenizer train") from error
    runs = max(0, settings.whitespace_runs - 1)
    model = io.BytesIO()
    try:
        SentencePieceTrainer.train(
            sentence_iterator=iter(texts),
            model_writer=model,
            model_type="bpe",
            vocab_size=settings.vocab_size - runs,
            character_coverage=settings.character_coverage,
            byte_fallback=settings.byte_fallback,
            split_digits=settings.split_digits,
            add_dummy_prefix=settings.dummy_prefix,
            normalization_rule_name="identity",
            remove_extra_whitespaces=False,
            allow_whitespace_only_pieces=False,
            user_defined_symbols=list(settings.code_tokens),
            max_sentence_length=settings.max_sentence_length,
            train_extremely_large_corpus=True,
            num_threads=1,  # with more, ties are broken by chance
            pad_id=0,
            unk_id=1,
            bos_id=2,
            eos_id=3,
            pad_piece="<pad>",
            unk_piece="<unk>",
            bos_piece="<s>",
            eos_piece=END_OF_TEXT,
            minloglevel=2,
        )
    except (RuntimeError, OSError, ValueError) as error:
        raise PlanError(_told(str(error), settings, runs)) from error
    return _with_runs(model.getvalue(), settings.whitespace_runs)


def _told(message: str, settings: Settings, runs: int) -> str:
    """What SentencePiece complains about, in terms of the settings."""
    high = re.search(r"set it to a value <= (\d+)", message)
    if high:
        most = int(high[1]) + runs
        return (
            f"the sample does not support a vocabulary of {settings.vocab_size:,}: the largest possible is {most:,}\n"
            f"  give --vocab-size {most}, or a larger sample"
        )
    low = re.search(r"smaller than required_chars\. \d+ vs (\d+)", message)
    if low:
        least = int(low[1]) + runs
        return (
            f"a vocabulary of {settings.vocab_size:,} has no room for the characters of the sample: "
            f"{least:,} is the least\n  give --vocab-size, or a lower character_coverage"
        )
    return "SentencePiece could not train on the sample with these settings"


def _with_runs(data: bytes, longest: int) -> bytes:
    """The model with runs of spaces at its end, below every merge."""
    model = read_model(data)
    if SPACE not in (piece.text for piece in model.pieces):
        raise PlanError("the sample has no space, so words cannot be told apart")
    lowest = min(piece.score for piece in model.pieces)
    known = {piece.text for piece in model.pieces}
    runs = [SPACE * length for length in range(2, longest + 1)]
    pieces = [Piece(run, lowest - 1 - i, Type.NORMAL) for i, run in enumerate(one for one in runs if one not in known)]
    return appended(data, pieces, vocab_size=len(model.pieces) + len(pieces))
