"""Settings of a tokenizer to be trained, and the presets they come from. Every number says where it is from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from corpus_kit.errors import RecipeError, suggest
from corpus_kit.strict_yaml import scalar

Model = Literal["bpe", "wordpiece"]

END_OF_TEXT = "<|endoftext|>"
"""Ends a document, in every tokenizer made here: models of GPT-SW3 were trained without one at first."""


class Settings(BaseModel):
    """How a tokenizer is trained. `bpe` is SentencePiece's, `wordpiece` that of BERT."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: Model
    vocab_size: int = Field(ge=300, le=1 << 20)
    """Entries of the vocabulary, everything counted."""
    character_coverage: float = Field(default=0.9999, ge=0.98, le=1)
    """Share of the characters of the sample that get an entry of their own; of WordPiece by `alphabet` instead."""
    byte_fallback: bool = True
    """Other characters are spelled out in bytes, so nothing is unknown."""
    split_digits: bool = True
    """Each digit is a token of its own."""
    dummy_prefix: bool = True
    """A space is put before each text, so that its first word is like any other."""
    whitespace_runs: int = Field(default=24, ge=1, le=256)
    """Runs of two to so many spaces get an entry each; 1: none."""
    code_tokens: tuple[str, ...] = ()
    """Markers with an entry each, such as `<|python|>`."""
    max_sentence_length: int = Field(default=2_000_000, ge=1)
    """Bytes; longer documents are not trained on."""
    max_run: int = Field(default=20_000, ge=1)
    """Documents with more characters without a space between are not trained on."""
    min_frequency: int = Field(default=2, ge=0)
    """WordPiece: how often a pair must occur to be joined."""
    alphabet: int = Field(default=1000, ge=1)
    """WordPiece: so many characters get an entry, the most frequent ones."""
    lowercase: bool = False
    """WordPiece: capital letters are not told apart."""
    unused: int = Field(default=0, ge=0)
    """WordPiece: entries kept free, for words to be added later."""

    @model_validator(mode="after")
    def _markers(self) -> Settings:
        taken = {"<pad>", "<unk>", "<s>", END_OF_TEXT}
        for one in self.code_tokens:
            if one in taken or any(map(str.isspace, one)) or len(one) < 2:
                raise ValueError(f"{one!r} cannot be a code token")
        if len(set(self.code_tokens)) != len(self.code_tokens):
            raise ValueError("a code token is given twice")
        return self


_SW3 = "GPT-SW3 (Ekgren et al. 2023, arXiv:2305.12987, section 4) and flxst/gpt-sw3-tokenizer"
_ALLMA = "aLLMA (Isbarov et al. 2024): WordPiece of 64k entries"
_NORBERT = "NorBERT (Kutuzov et al. 2021) and ltgoslo/NorBERT"
_BERT = "Hugging Face tokenizers, BertWordPieceTokenizer"

PRESETS: dict[str, dict[str, tuple[Any, str]]] = {
    "gpt_sw3": {
        "model": ("bpe", _SW3),
        "vocab_size": (64_000, _SW3),
        "character_coverage": (0.9999, _SW3),
        "byte_fallback": (True, _SW3),
        "split_digits": (True, _SW3),
        "dummy_prefix": (True, _SW3),
        "whitespace_runs": (24, _SW3),
        "code_tokens": (("<|javascript|>", "<|python|>", "<|sql|>", "<|shell|>"), _SW3),
        "max_sentence_length": (2_000_000, _SW3),
        "max_run": (20_000, _SW3),
    },
    "allma": {
        "model": ("wordpiece", _ALLMA),
        "vocab_size": (64_000, _ALLMA),
        "lowercase": (False, "Azerbaijani tells I and İ apart"),
        "alphabet": (1000, _BERT),
        "min_frequency": (2, _BERT),
    },
    "norbert": {
        "model": ("wordpiece", _NORBERT),
        "vocab_size": (30_000, _NORBERT),
        "lowercase": (False, _NORBERT),
        "alphabet": (1000, _BERT),
        "min_frequency": (2, _BERT),
        "unused": (99, "BERT (Devlin et al. 2019), cased: [unused1] to [unused99] after [PAD]"),
    },
}
"""Preset -> setting -> value and where it is from."""


def settings_of(preset: str, given: Mapping[str, Any]) -> tuple[Settings, dict[str, str]]:
    """The settings of a preset with some replaced, and where each is from. Raises RecipeError naming the option."""
    if preset not in PRESETS:
        raise RecipeError(f"unknown preset {preset!r}; {suggest(preset, PRESETS)}")
    for name in given:
        if name not in Settings.model_fields or name == "model":
            raise RecipeError(f"unknown setting {name!r}; {suggest(name, set(Settings.model_fields) - {'model'})}")
    chosen = PRESETS[preset]
    try:
        settings = Settings.model_validate({name: value for name, (value, _) in chosen.items()} | dict(given))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "settings"
        raise RecipeError(f"{where}: {first['msg'].removeprefix('Value error, ')}") from error
    origins = dict.fromkeys(Settings.model_fields, "default") | {name: cites for name, (_, cites) in chosen.items()}
    return settings, origins | dict.fromkeys(given, "given")


def parse_setting(text: str) -> tuple[str, Any]:
    """A setting as written on the command line.

    >>> parse_setting("vocab_size=32000"), parse_setting("code_tokens=<|python|>,<|sql|>")
    (('vocab_size', 32000), ('code_tokens', ('<|python|>', '<|sql|>')))
    """
    name, equals, value = text.partition("=")
    if not equals:
        raise RecipeError(f"{text!r} is no setting; write NAME=VALUE, such as vocab_size=32000")
    if name == "code_tokens":
        return name, tuple(one.strip() for one in value.split(",") if one.strip())
    return name, scalar(value.strip())
