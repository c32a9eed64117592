"""What is compared: rules of ours, filters of datatrove, and the steps that turn its parts into ours, one by one."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple
from unittest import mock

from datatrove.data import Document as TheirDocument
from datatrove.pipeline.filters import (
    C4QualityFilter,
    FineWebQualityFilter,
    GopherQualityFilter,
    GopherRepetitionFilter,
)
from datatrove.pipeline.filters.base_filter import get_filter_result
from datatrove.utils.word_tokenizers import WordTokenizer

from corpus_kit.doc import Doc
from corpus_kit.language import profile_for
from corpus_kit.metrics import METRICS
from corpus_kit.rules import Rule
from corpus_kit.rulesets import load_ruleset


class Document(NamedTuple):
    """A text and its language."""

    id: str
    text: str
    lang: str


# --- datatrove's parts, replaced by ours -------------------------------------------------------------------------


class SpacedWords(WordTokenizer):
    """Words between whitespace."""

    def word_tokenize(self, text: str) -> list[str]:
        return text.split()

    def sent_tokenize(self, text: str) -> list[str]:
        raise NotImplementedError

    def span_tokenize(self, text: str) -> list[tuple[int, int]]:
        raise NotImplementedError


class OurSentences(SpacedWords):
    """As many spans as our metric counts sentences: the filter looks at nothing but their number."""

    def span_tokenize(self, text: str) -> list[tuple[int, int]]:
        return [(0, 0)] * int(METRICS["sentence_count"].function(Doc(text)))


SPACED_WORDS, OUR_SENTENCES = SpacedWords(), OurSentences()


class Cut:
    """Stands for a compiled pattern whose `split` is all that is used. A text without pieces has an empty one."""

    def __init__(self, pieces: Callable[[Doc], list[str]]):
        self.split = lambda text: pieces(Doc(text)) or [""]


class OurLines(str):
    """A text that splits into our lines."""

    def splitlines(self, keepends: bool = False) -> list[str]:
        return Doc(str(self)).lines or [""]


def tuple_duplicates(words: list[str], n: int) -> int:
    """datatrove's `find_all_duplicate`, with n-grams as tuples of words instead of joined words."""
    seen: set[tuple[str, ...]] = set()
    characters = at = 0
    while at < len(words) - n + 1:
        ngram = tuple(words[at : at + n])
        if ngram in seen:
            characters += sum(map(len, ngram))
            at += n
        else:
            seen.add(ngram)
            at += 1
    return characters


# --- families of rules -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Part:
    """One of datatrove's filters in a family: what it is given, and which of our rules its reasons stand for."""

    filter: type
    args: Mapping[str, Any]
    reasons: Mapping[str, str]
    """datatrove's reason -> code of our rule, in datatrove's order."""


@dataclass(frozen=True)
class Family:
    """Rules of ours and filters of theirs that should agree, and the steps from theirs to ours."""

    name: str
    parts: tuple[Part, ...]
    rules: tuple[Rule, ...]
    steps: tuple[str, ...]
    judged: Callable[[str], str] = str
    """What our rules are given of a text."""

    def verdict(self, document: Document, done: frozenset[str]) -> str | None:
        """datatrove's verdict in the names of our rules, after some steps."""
        for part in self.parts:
            reason = _ask(part, document, done)
            if reason is not None:
                return part.reasons.get(reason, f"datatrove: {reason}")
        return None


STEPS: Mapping[str, str] = {
    "words": "words are between whitespace, not the tokens of a spaCy tokenizer, which makes punctuation words",
    "n-grams": "n-grams of 5 to 10 words are compared word by word, not joined without a space",
    "lines": "lines end at newlines only, and blank ones are none; datatrove counts empty pieces before the first and "
    "after the last newline or, for bullets and ellipses, every blank line, and cuts at page breaks as well",
    "paragraphs": "a line of spaces parts paragraphs as an empty line does",
    "signs": "a word that is nothing but punctuation is a word, as in the paper",
    "sentences": "sentences are those of one rule for all languages, not of spaCy's",
    "clean first": "lines about Javascript and policies go before a curly bracket or lorem ipsum is looked for in them",
}
"""What is ours after each step."""


def _ask(part: Part, document: Document, done: frozenset[str]) -> str | None:
    """One filter's reason, with the parts replaced that are done."""
    instance = _instance(part.filter, _language(part, document, done), _options(part, document))
    text = document.text
    with contextlib.ExitStack() as stack:
        if part.filter is GopherRepetitionFilter:
            module = "datatrove.pipeline.filters.gopher_repetition_filter"
            if "n-grams" in done:
                stack.enter_context(mock.patch(f"{module}.find_all_duplicate", tuple_duplicates))
            if "lines" in done:
                stack.enter_context(mock.patch.object(instance, "_line_splitter", Cut(lambda doc: doc.lines)))
            if "paragraphs" in done:
                stack.enter_context(mock.patch.object(instance, "paragraph_exp", Cut(lambda doc: doc.paragraphs)))
        if part.filter is GopherQualityFilter:
            if "signs" in done:
                stack.enter_context(
                    mock.patch("datatrove.pipeline.filters.gopher_quality_filter.PUNCTUATION_SET", frozenset())
                )
            text = OurLines(text) if "lines" in done else text
        if part.filter is C4QualityFilter and "clean first" in done:
            text = cleaned(text)
        keeps, reason = get_filter_result(instance.filter(TheirDocument(text=text, id="")))
    return None if keeps else str(reason)


def cleaned(text: str) -> str:
    """What datatrove's C4 filter leaves of a text, its document rules switched off."""
    off = {"min_num_sentences": -1, "filter_lorem_ipsum": False, "filter_curly_bracket": False}
    document = TheirDocument(text=text, id="")
    _instance(C4QualityFilter, SPACED_WORDS, tuple(off.items())).filter(document)
    return document.text


def _language(part: Part, document: Document, done: frozenset[str]) -> Any:
    if part.filter is C4QualityFilter:
        return OUR_SENTENCES if "sentences" in done else document.lang
    return SPACED_WORDS if "words" in done else document.lang


def _options(part: Part, document: Document) -> tuple[tuple[str, Any], ...]:
    """Arguments. datatrove's own stop words are English; it is given those of the language, as FineWeb-2 does."""
    if part.filter is not GopherQualityFilter:
        return tuple(part.args.items())
    return (*part.args.items(), ("stop_words", tuple(sorted(profile_for(document.lang).stop_words))))


@functools.cache
def _instance(filter: type, language: Any, options: tuple[tuple[str, Any], ...]) -> Any:
    return filter(language=language, **dict(options))


def _repetition(ruleset: str, *, paragraphs: bool) -> dict[str, str]:
    names = {"dup_para_frac": "dup_paragraph_fraction", "dup_para_char_frac": "dup_paragraph_char_fraction"}
    names = names if paragraphs else {}
    names |= {"dup_line_frac": "dup_line_fraction"} | (
        {"dup_line_char_frac": "dup_line_char_fraction"} if names else {}
    )
    names |= {f"top_{n}_gram": f"top_{n}gram_char_fraction" for n in (2, 3, 4)}
    names |= {f"duplicated_{n}_n_grams": f"dup_{n}gram_char_fraction" for n in range(5, 11)}
    return {reason: f"{ruleset}.{name}" for reason, name in names.items()}


def _quality(ruleset: str, *, words: str, length: str) -> dict[str, str]:
    names = {
        "gopher_short_doc": words,
        "gopher_long_doc": words,
        "gopher_below_avg_threshold": length,
        "gopher_above_avg_threshold": length,
        "gopher_too_many_hashes": "hash_to_word_ratio",
        "gopher_too_many_ellipsis": "ellipsis_to_word_ratio",
        "gopher_too_many_bullets": "bullet_line_fraction",
        "gopher_too_many_end_ellipsis": "ellipsis_line_fraction",
        "gopher_below_alpha_threshold": "alpha_word_fraction",
        "gopher_enough_stop_words": "stop_word_count",
    }
    return {reason: f"{ruleset}.{name}" for reason, name in names.items()}


def _fineweb(ruleset: str, *, short_lines: bool) -> dict[str, str]:
    names = {"empty": "terminal_line_fraction", "line_punct_ratio": "terminal_line_fraction"}
    names |= {"short_line_ratio": "short_line_fraction"} if short_lines else {}
    names |= {"char_dup_ratio": "dup_line_inner_char_fraction", "list_ratio": "newline_to_word_ratio"}
    return {reason: f"{ruleset}.{name}" for reason, name in names.items()}


C4_REASONS = {
    "lorem_ipsum": "c4.lorem_ipsum_count",
    "curly_bracket": "c4.opening_brace_count",
    "too_few_sentences": "c4.sentence_count",
}


def _family(name: str, parts: Sequence[Part], *steps: str) -> Family:
    codes = dict.fromkeys(code for part in parts for code in part.reasons.values())
    return Family(name, tuple(parts), tuple(rules_of(*codes)), steps)


def families() -> list[Family]:
    """What is compared: datatrove's defaults against the rulesets, and FineWeb-2's settings against its ruleset."""
    off = {"dup_para_frac": 0, "dup_para_char_frac": 0, "dup_line_char_frac": 0}
    fineweb2 = [
        Part(GopherRepetitionFilter, off, _repetition("fineweb2", paragraphs=False)),
        Part(
            FineWebQualityFilter,
            {"short_line_thr": 999, "char_duplicates_ratio": 0.1},
            _fineweb("fineweb2", short_lines=False),
        ),
        Part(
            GopherQualityFilter,
            {},
            _quality("fineweb2", words="plain_word_count", length="mean_plain_word_length"),
        ),
    ]
    c4 = _family("C4QualityFilter", [Part(C4QualityFilter, {}, C4_REASONS)], "sentences", "clean first")
    five = tuple(one.replaced((5, None), "datatrove") if one.code == "c4.sentence_count" else one for one in c4.rules)
    return [
        _family(
            "GopherRepetitionFilter",
            [Part(GopherRepetitionFilter, {}, _repetition("gopher", paragraphs=True))],
            "words",
            "n-grams",
            "lines",
            "paragraphs",
        ),
        _family(
            "GopherQualityFilter",
            [Part(GopherQualityFilter, {}, _quality("gopher", words="word_count", length="mean_word_length"))],
            "words",
            "signs",
            "lines",
        ),
        replace(c4, rules=five, judged=cleaned),
        _family(
            "FineWebQualityFilter",
            [Part(FineWebQualityFilter, {}, _fineweb("fineweb", short_lines=True))],
            "words",
        ),
        _family("FineWeb-2 (three filters)", fineweb2, "words", "n-grams", "lines"),
    ]


def rules_of(*codes: str) -> list[Rule]:
    """Shipped rules by code, in this order, with the bounds of their files."""
    rulesets = {code.partition(".")[0] for code in codes}
    known = {rule.code: rule for name in rulesets for rule in load_ruleset(name).rules}
    return [known[code] for code in codes]
