"""Trains a WordPiece vocabulary with Hugging Face tokenizers, the same every time.

Left to itself that library numbers characters in an order that changes from one process to the next, and ties between
pairs follow the numbers. So the characters are chosen here and given to it as special tokens, which keep their order;
afterwards a plain model is built of the vocabulary, in which they are characters again.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from typing import Any, cast

from corpus_kit.errors import PlanError, missing_extra
from corpus_kit.vocabulary.presets import END_OF_TEXT, Settings


def special_tokens(settings: Settings) -> list[str]:
    """The first entries, in order: `[PAD]`, free ones, and the tokens of BERT; last the end of a text."""
    unused = [f"[unused{i + 1}]" for i in range(settings.unused)]
    return ["[PAD]", *unused, "[UNK]", "[CLS]", "[SEP]", "[MASK]", END_OF_TEXT]


def train_wordpiece(texts: Sequence[str], settings: Settings) -> Any:
    """A `tokenizers.Tokenizer`. It may have fewer entries than asked for; that is told by whoever asked.

    Raises PlanError if there is no room for the alphabet.
    """
    # Counting words in threads would not change the counts, but their order.
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    try:
        from tokenizers import models, trainers
    except ImportError as error:
        raise missing_extra("tokenizers", "tokenizers", "tokenizer train") from error
    special = special_tokens(settings)
    letters = _alphabet(texts, settings)
    first = [*special, *letters, *(f"##{letter}" for letter in letters)]
    if len(first) > settings.vocab_size:
        raise PlanError(
            f"a vocabulary of {settings.vocab_size:,} has no room for {len(letters):,} characters, each at the "
            f"beginning and inside of a word: {len(first):,} is the least\n  give --vocab-size, or a lower alphabet"
        )
    learner = untrained(models.WordPiece(unk_token="[UNK]"), lowercase=settings.lowercase)
    learner.train_from_iterator(
        texts,
        trainers.WordPieceTrainer(
            vocab_size=settings.vocab_size,
            min_frequency=settings.min_frequency,
            special_tokens=first,
            limit_alphabet=max(1, len(letters)),
            show_progress=False,
        ),
    )
    tokenizer = untrained(
        models.WordPiece(_ordered(learner.get_vocab(), first), unk_token="[UNK]"), lowercase=settings.lowercase
    )
    complete(tokenizer, special)
    return tokenizer


def complete(tokenizer: Any, special: Sequence[str]) -> None:
    """Gives a tokenizer its special tokens, the decoder, and the forms of one text and of two."""
    from tokenizers import AddedToken, decoders, processors

    tokenizer.add_special_tokens([AddedToken(name, normalized=False, special=True) for name in special])
    tokenizer.decoder = decoders.WordPiece(prefix="##")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[(name, tokenizer.token_to_id(name)) for name in ("[CLS]", "[SEP]")],
    )


def untrained(model: Any, *, lowercase: bool) -> Any:
    """A tokenizer that cuts texts as BERT does, with accents kept."""
    from tokenizers import Tokenizer, normalizers, pre_tokenizers

    tokenizer: Any = cast(Any, Tokenizer)(model)
    tokenizer.normalizer = normalizers.BertNormalizer(
        clean_text=True,
        handle_chinese_chars=True,
        strip_accents=False,  # å is no a
        lowercase=lowercase,
    )
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return tokenizer


def _alphabet(texts: Sequence[str], settings: Settings) -> list[str]:
    """The most frequent characters, ties by code point; in the order of code points."""
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(text.lower() if settings.lowercase else text)
    seen = [(many, letter) for letter, many in counts.items() if not letter.isspace() and letter.isprintable()]
    return sorted(letter for _, letter in sorted(seen, key=lambda one: (-one[0], one[1]))[: settings.alphabet])


def _ordered(vocabulary: dict[str, int], first: Sequence[str]) -> dict[str, int]:
    """The vocabulary numbered without gaps, in the order it was learned."""
    known = set(first)
    learned = sorted((at, name) for name, at in vocabulary.items() if name not in known)
    return {name: at for at, name in enumerate([*first, *(name for _, name in learned)])}
