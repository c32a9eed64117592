"""A datatrove filter at work: one instance a language, made when first needed, asked one document at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from corpus_kit.datatrove import offline, reasons
from corpus_kit.datatrove.filters import cuts_words, filter_classes, frozen, parameters

if TYPE_CHECKING:
    from datatrove.pipeline.filters.base_filter import BaseFilter


class Verdict(NamedTuple):
    """The reason of a document that fails, or none; and its text if the filter changed it."""

    code: str | None = None
    text: str | None = None


KEPT = Verdict()


class Judge:
    """A configured filter. Instances are kept for the life of the process and are never pickled."""

    def __init__(self, name: str, args: Mapping[str, Any]):
        self.name = name
        self.args = {key: frozen(value) for key, value in args.items()}
        self.by_document = cuts_words(name) and "language" not in args
        """Whether each document is judged in its own language."""
        self._by_language: dict[str | None, BaseFilter | None] = {}
        self._bad_words: dict[str | None, str | None] = {}

    def verdict(self, text: str, *, url: str | None = None, lang: str | None = None) -> Verdict:
        """What the filter says of a document. Whatever it raises is a verdict too, and its message is not looked at."""
        from datatrove.data import Document
        from datatrove.pipeline.filters.base_filter import get_filter_result

        if self.name == "URLFilter" and not url:
            return Verdict(reasons.NO_URL)
        metadata: dict[str, str | None] = {} if url is None else {"url": url}
        if self.name == "C4BadWordsFilter":
            metadata["language"] = known = self._bad_words_of(lang)
            if known is None:
                return Verdict(reasons.NO_LANGUAGE) if self.args.get("fail_on_missing_language", True) else KEPT
        instance = self._instance(lang if self.by_document else None)
        if instance is None:
            return Verdict(reasons.NO_LANGUAGE)
        document = Document(text=text, id="", metadata=metadata)
        try:
            keeps, reason = get_filter_result(instance.filter(document))
        except MemoryError:
            raise
        except Exception:  # datatrove's filters raise whatever their libraries raise; that is trouble with the data
            return Verdict(reasons.ERROR)
        if not keeps:
            return Verdict(reasons.code(self.name, reason))
        return KEPT if document.text == text else Verdict(text=document.text)

    def _bad_words_of(self, lang: str | None) -> str | None:
        """The list of bad words of a language, if it is here; a document without a language has the default one."""
        if lang not in self._bad_words:
            default = self.args.get("default_language", parameters(self.name)["default_language"].default)
            code = default if lang is None else offline.BAD_WORDS_CODES.get(lang.partition("_")[0])
            here = code is not None and offline.bad_word_list(code) in offline.bad_word_lists()
            self._bad_words[lang] = code if here else None
        return self._bad_words[lang]

    def _instance(self, language: str | None) -> BaseFilter | None:
        """The filter for a language, None where its words cannot be cut; for None, the filter as the recipe has it."""
        if language not in self._by_language:
            usable = not self.by_document or (language is not None and offline.can_cut(language))
            self._by_language[language] = self._make(language) if usable else None
        return self._by_language[language]

    def _make(self, language: str | None) -> BaseFilter:
        own: dict[str, Any] = {} if language is None else {"language": language}
        instance = filter_classes()[self.name](**self.args, **own)
        offline.stay_offline(instance)
        return instance


@lru_cache(maxsize=64)
def _judge(name: str, args: bytes) -> Judge:
    return Judge(name, orjson.loads(args))


def judge_of(name: str, args: Mapping[str, Any]) -> Judge:
    """The filter with these arguments; made once a process."""
    return _judge(name, orjson.dumps(args))


def lines_changed(before: str, after: str) -> int:
    """How many lines of a text are not in what was made of it; at least 1, since something changed.

    >>> lines_changed("one\\ntwo [1]\\nthree", "one\\ntwo")
    2
    """
    gone = Counter(before.splitlines()) - Counter(after.splitlines())
    return max(1, gone.total())
