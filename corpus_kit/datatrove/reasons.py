"""Reason codes made from datatrove's own reasons, with one line each."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

PREFIX = "datatrove."

ERROR = "datatrove.error"
NO_LANGUAGE = "datatrove.no_language"
NO_URL = "datatrove.no_url"
REWRITTEN = "datatrove.rewritten"

GENERAL: Mapping[str, str] = {
    ERROR: "datatrove's filter raised an exception on the document",
    NO_LANGUAGE: "datatrove cannot cut words in the document's language here, or has no list of bad words for it",
    REWRITTEN: "lines that the filter removed or changed",
}

BY_FILTER: Mapping[str, Mapping[str, str]] = {
    "GopherQualityFilter": {
        "gopher_short_doc": "fewer words than `min_doc_words`",
        "gopher_long_doc": "more words than `max_doc_words`",
        "gopher_below_avg_threshold": "words are shorter on average than `min_avg_word_length`",
        "gopher_above_avg_threshold": "words are longer on average than `max_avg_word_length`",
        "gopher_too_many_hashes": "more hash signs a word than `max_symbol_word_ratio`",
        "gopher_too_many_ellipsis": "more ellipses a word than `max_symbol_word_ratio`",
        "gopher_too_many_bullets": "more lines begin with a bullet than `max_bullet_lines_ratio`",
        "gopher_too_many_end_ellipsis": "more lines end in an ellipsis than `max_ellipsis_lines_ratio`",
        "gopher_below_alpha_threshold": "fewer words with a letter than `max_non_alpha_words_ratio` (datatrove's name)",
        "gopher_enough_stop_words": "fewer of the stop words than `min_stop_words`",
    },
    "GopherRepetitionFilter": {
        "empty": "the text is empty",
        "dup_para_frac": "more duplicate paragraphs than `dup_para_frac`",
        "dup_para_char_frac": "more characters in duplicate paragraphs than `dup_para_char_frac`",
        "dup_line_frac": "more duplicate lines than `dup_line_frac`",
        "dup_line_char_frac": "more characters in duplicate lines than `dup_line_char_frac`",
        **{f"top_{n}_gram": f"the most frequent {n}-gram has too many of the characters" for n in (2, 3, 4)},
        **{f"duplicated_{n}_n_grams": f"too many characters in repeated {n}-grams" for n in range(5, 11)},
    },
    "C4QualityFilter": {
        "lorem_ipsum": "the text has the words lorem ipsum",
        "curly_bracket": "the text has a curly bracket",
        "too_few_sentences": "fewer sentences are left than `min_num_sentences`",
    },
    "C4ParagraphFilter": {"under_3_paragraphs": "fewer than three lines of at least 200 characters"},
    "C4BadWordsFilter": {"document_removed_with_badwords": "a word of the list of bad words occurs"},
    "FineWebQualityFilter": {
        "empty": "the text is empty",
        "line_punct_ratio": "fewer lines end in punctuation than `line_punct_thr`",
        "short_line_ratio": "more short lines than `short_line_thr`",
        "char_dup_ratio": "more characters in duplicate lines than `char_duplicates_ratio`",
        "list_ratio": "more newlines a word than `new_line_ratio`",
    },
    "RegexFilter": {"regex_filter": "the regular expression matches"},
    "UnigramLogProbFilter": {"unigram_log_prob_filter": "the mean log probability of words is below the threshold"},
    "URLFilter": {
        "no_url": "the document has no address",
        "domain": "the domain is on the block list",
        "subdomain": "the subdomain is on the block list",
        "url": "the address is on the block list",
        "hard_blacklisted": "a banned word is in the address",
        "soft_blacklisted": "as many words that are suspicious together are in the address as `soft_word_threshold`",
        "blacklisted_subword": "a banned part of a word is in the address",
    },
}
"""Filter -> what follows the prefix -> meaning."""


def code(name: str, reason: str | None) -> str:
    """The reason code of a verdict: datatrove's own reason in lower snake case, or the filter's name if it gives none.

    >>> code("C4QualityFilter", "lorem_ipsum"), code("C4ParagraphFilter", "< 3 paragraphs"), code("URLFilter", None)
    ('datatrove.lorem_ipsum', 'datatrove.under_3_paragraphs', 'datatrove.url_filter')
    """
    if not reason:
        return PREFIX + snake_case(name)
    words = reason.replace("<", " under ").replace(">", " over ").lower()
    return PREFIX + (re.sub(r"[^a-z0-9]+", "_", words).strip("_") or snake_case(name))


def snake_case(name: str) -> str:
    """A class name in lower snake case.

    >>> snake_case("GopherQualityFilter"), snake_case("C4BadWordsFilter"), snake_case("URLFilter")
    ('gopher_quality_filter', 'c4_bad_words_filter', 'url_filter')
    """
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def codes_of(name: str, args: Mapping[str, Any]) -> dict[str, str]:
    """Every code a filter can give with these arguments, with one line each."""
    known = dict(BY_FILTER.get(name, {}))
    for n, _ in args.get("top_n_grams") or ():
        known.setdefault(f"top_{n}_gram", f"the most frequent {n}-gram has too many of the characters")
    for n, _ in args.get("dup_n_grams") or ():
        known.setdefault(f"duplicated_{n}_n_grams", f"too many characters in repeated {n}-grams")
    return {**GENERAL, **{PREFIX + reason: meaning for reason, meaning in known.items()}}


def every_code() -> dict[str, str]:
    """The codes of all filters together; one that several give has all their meanings."""
    found = dict(GENERAL)
    for reasons in BY_FILTER.values():
        for reason, meaning in reasons.items():
            before = found.get(PREFIX + reason)
            found[PREFIX + reason] = meaning if before in (None, meaning) else f"{before}; or {meaning}"
    return found
