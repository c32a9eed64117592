"""What a datatrove filter would fetch from the network, and which of it is on this machine already."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corpus_kit.errors import PlanError

if TYPE_CHECKING:
    from datatrove.pipeline.filters.base_filter import BaseFilter

SPACY_NEEDS_MORE = ("ja", "vi", "zh")
"""Languages for which spaCy's tokenizer needs a library and dictionaries of its own. datatrove cuts `und` like most
languages it has nothing better for: with spaCy's tokenizer for all languages."""

ENGLISH = "eng_Latn"

BAD_WORDS = (
    "ara ar, arb ar, ces cs, cmn zh, dan da, deu de, eng en, epo eo, fas fa, fil fil, fin fi, fra fr, hin hi, hun hu, "
    "ita it, jpn ja, kab kab, kor ko, nld nl, nno no, nob no, nor no, pes fa, pol pl, por pt, rus ru, spa es, swe sv, "
    "tha th, tlh tlh, tur tr, zho zh"
)
"""Our code of a language and that of C4's list of bad words."""

BAD_WORDS_CODES: dict[str, str] = dict(re.findall(r"(\w+) (\w+)", BAD_WORDS))


@cache
def can_cut(language: str) -> bool:
    """Whether datatrove's word tokenizer of a language is spaCy's, which needs no model.

    The others download one when first used (Stanza, botok), or need a library each (Thai, Korean, Khmer, ...).
    """
    from datatrove.utils.word_tokenizers import SpaCyTokenizer, WhitespaceTokenizer, load_word_tokenizer

    try:
        tokenizer = load_word_tokenizer(language)
    except (ValueError, ImportError):
        return False
    if type(tokenizer) is WhitespaceTokenizer:  # its words are spaCy's too
        return True
    return type(tokenizer) is SpaCyTokenizer and tokenizer.language not in SPACY_NEEDS_MORE


def cuttable_labels() -> list[str]:
    """Every label (`dan_Latn`) that `can_cut` is true of."""
    from datatrove.utils.word_tokenizers import load_tokenizer_assignments

    return [name for name in load_tokenizer_assignments() if "_" in name and can_cut(name)]


def needed_files(name: str) -> list[Path]:
    """Files a filter reads that datatrove downloads: those that are here. Raises PlanError if it cannot do without."""
    if name == "C4BadWordsFilter":
        return _present(name, bad_word_lists(), "C4BadWordsFilter(default_language='en').filter(Document('', ''))")
    if name == "UnigramLogProbFilter":
        return _present(name, [_assets("unigram_logprob_filter") / "unigram_freq.csv"], "UnigramLogProbFilter()")
    return []


def _present(name: str, files: list[Path], call: str) -> list[Path]:
    found = [path for path in files if path.is_file()]
    if not found:
        raise PlanError(
            f"datatrove: {name} downloads its word lists when first used, and a run reaches for no network\n"
            "  fetch them once, on every machine that takes part:\n"
            f'  python -c "from datatrove.data import Document; from datatrove.pipeline.filters import {name}; {call}"'
        )
    return found


def bad_word_lists() -> list[Path]:
    """The lists of bad words that were fetched completely, in the order of their languages."""
    files = map(bad_word_list, sorted(set(BAD_WORDS_CODES.values())))
    return [path for path in files if path.with_name(f"{path.name}.completed").is_file()]


def bad_word_list(code: str) -> Path:
    """Where datatrove keeps the list of a language, given as it names it (`da`)."""
    # Another version of English than of the rest, so the addresses must be datatrove's own.
    from datatrove.pipeline.filters.c4_filters import _BADWORDS_URL, _EN_BADWORDS_URL

    url = _EN_BADWORDS_URL if code == "en" else _BADWORDS_URL + code
    return _assets("c4_badwords") / url.replace("/", "_")


def _assets(subfolder: str) -> Path:
    from huggingface_hub import cached_assets_path

    return Path(cached_assets_path(library_name="datatrove", namespace="filters", subfolder=subfolder))


def stay_offline(instance: BaseFilter) -> None:
    """Takes from an instance what would reach for the network: tldextract's download of the public suffix list.

    The list that comes with tldextract is used instead, so that its version decides, not the day.
    """
    holder: Any = instance
    if hasattr(holder, "tldextractor"):
        from tldextract import TLDExtract

        holder.tldextractor = TLDExtract(suffix_list_urls=(), cache_dir=None)
