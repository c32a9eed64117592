"""Texts and small tokenizers for the tests of tokenizers and vocabularies."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from corpus_kit.vocabulary.prove import odd_texts
from corpus_kit.vocabulary.texts import read_files

EXAMPLES = Path(__file__).resolve().parents[1] / "examples" / "data"

INJECTED = ["a<|endoftext|>b", "<s>", "x <pad> y<unk>", "[CLS] eller [MASK]", "<|python|>print()", "<0x41></s>"]
"""Literal special strings."""

ODD = [
    *(text for text in odd_texts() if len(text) < 20 or len(set(text)) > 1),
    "slut",
    None,
    "¨ å¨ b",
    "x\u0301, y",
    "Ă–,«b» c",
    "1a2,b3 -4",
    "don't’s O'Neil's I'LL 'tis",
    "\u2581a b",
]


def texts(*sources: str) -> list[str]:
    """Texts of the sample that ships: Danish, Norwegian, Swedish, Icelandic, Faroese, English, Finnish, German."""
    files = [str(EXAMPLES / name) for name in sources or ("udhr", "debian-handbook", "mediawiki-messages")]
    return [text for batch in read_files(files).batches for text in batch["text"].to_pylist() if text]


def array(values: Sequence[str | None]) -> pa.Array:
    return pa.array(values, pa.large_string())


def sentencepiece_model(path: Path, trained_on: Sequence[str], **options: Any) -> Path:
    """Trains a model by SentencePiece itself, with a few things unlike ours."""
    from sentencepiece import SentencePieceTrainer

    given: dict[str, Any] = {
        "model_type": "bpe",
        "vocab_size": 1200,
        "normalization_rule_name": "identity",
        "remove_extra_whitespaces": False,
        "user_defined_symbols": ["<|python|>", "\n\n"],
        "minloglevel": 2,
        "num_threads": 1,
        "max_sentence_length": 1 << 20,
    }
    with path.open("wb") as file:
        SentencePieceTrainer.train(sentence_iterator=iter(trained_on), model_writer=file, **(given | options))
    return path


def bpe_json(path: Path, trained_on: Sequence[str], pattern: str | None, **options: Any) -> Path:
    """Trains a byte-level tokenizer by Hugging Face's library, cut by a pattern, as those of GPT-2 to Llama 3 are."""
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

    tokenizer: Any = Tokenizer(models.BPE())
    whole = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=pattern is None)
    tokenizer.pre_tokenizer = (
        whole if pattern is None else pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(pattern), "isolated"), whole])
    )
    if options.get("normalizer"):
        tokenizer.normalizer = getattr(normalizers, options["normalizer"])()
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=1200, special_tokens=["<|endoftext|>"], initial_alphabet=whole.alphabet(), show_progress=False
    )
    tokenizer.train_from_iterator(trained_on, trainer)
    tokenizer.add_tokens([AddedToken(one, normalized=False) for one in options.get("added", ["  ", "    "])])
    tokenizer.save(str(path))
    return path


def changed(path: Path, output: Path, **values: Any) -> Path:
    """A `tokenizer.json` with some keys replaced."""
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(json.loads(path.read_text("utf-8")) | values), "utf-8")
    return output
