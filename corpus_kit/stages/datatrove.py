"""The `datatrove` stage: any filter of datatrove, with its verdicts as reasons."""

from __future__ import annotations

import difflib
import importlib.metadata
import inspect
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa
from pydantic import Field, JsonValue, ValidationError, ValidationInfo, field_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from corpus_kit.datatrove import filters, offline, reasons
from corpus_kit.datatrove.judge import Judge, judge_of, lines_changed
from corpus_kit.errors import MissingExtra, RecipeError
from corpus_kit.schema import Reason, set_columns, set_reasons
from corpus_kit.stage import BatchStage, Number, register

ORDINARY = """\
The committee met on Tuesday morning to talk about the old bridge, which has been closed to traffic since the spring.
An engineer from the county explained that the wooden piles had to be replaced before winter, and that the work would
take about four weeks. Nobody was happy with the price, but most of the members agreed that there was no other way.
The decision will be made in October, when the figures of the last two quarters are known to everyone in the town.
Until then the bus takes the long way round, and people who live on the other side have to get up a little earlier.
"""
"""A text that no filter should stumble over: arguments that make one raise on it are wrong."""


@register("datatrove")
class Datatrove(BatchStage):
    """Judges texts by a filter of datatrove, named by its class: `{filter: GopherQualityFilter, args: {...}}`.

    Arguments are those of the class. Filters that cut texts into words take a `language`; without one, each document is
    judged in its own, and one whose words datatrove cannot cut with spaCy is rejected as `datatrove.no_language`.
    datatrove stops at the first rule that fails and tells no value, so reasons have none. Nothing is downloaded: what a
    filter would fetch must be here when the run is planned.
    """

    needs: ClassVar[tuple[str, ...]] = ("text",)
    gives: ClassVar[Mapping[str, pa.DataType]] = {"text": pa.large_string()}
    codes: ClassVar[Mapping[str, str]] = reasons.every_code()

    filter: str
    """Class name of a filter that `datatrove.pipeline.filters` exports."""
    args: dict[str, JsonValue] = Field(default={}, validate_default=True)
    """Arguments of its constructor; those not given are datatrove's defaults."""

    @field_validator("filter")
    @classmethod
    def _is_a_filter(cls, name: str) -> str:
        if filters.installed():  # else the plan says so
            filters.check_name(name)
        return name

    @field_validator("args")
    @classmethod
    def _fit_the_constructor(cls, args: dict[str, JsonValue], info: ValidationInfo) -> dict[str, JsonValue]:
        name = info.data.get("filter")
        if name is None or not filters.installed():
            return args
        wrong = filters.mistakes(name, args)
        if wrong:  # as errors of the single arguments, so that the message names the line of each
            details = [
                InitErrorDetails(type=PydanticCustomError("argument", "{m}", {"m": message}), loc=(key,), input=None)
                for key, message in wrong.items()
            ]
            raise ValidationError.from_exception_data("args", details)
        return args

    def columns_needed(self) -> tuple[str, ...]:
        """The text; the language if each document is judged in its own; the address for URLFilter."""
        own_language = filters.installed() and (self._judge().by_document or self.filter == "C4BadWordsFilter")
        return (*self.needs, *(["lang"] if own_language else []), *(["url"] if self.filter == "URLFilter" else []))

    def modules(self) -> dict[str, str]:
        """datatrove, and what the filter imports."""
        words = ["spacy"] if filters.installed() and filters.cuts_words(self.filter) else []
        return dict.fromkeys(("datatrove", "regex", *words, *filters.MODULES.get(self.filter, ())), "datatrove")

    def libraries_used(self) -> tuple[str, ...]:
        """datatrove, and what its verdict may depend on; spaCy cuts the words."""
        words = ("spacy", "regex") if filters.cuts_words(self.filter) else ()
        return ("datatrove", *words, *filters.LIBRARIES.get(self.filter, ()))

    def files(self) -> list[Path]:
        """Word lists that datatrove downloaded before."""
        return offline.needed_files(self.filter)

    def all_codes(self) -> Mapping[str, str]:
        """The reasons this filter can give."""
        return reasons.codes_of(self.filter, self.args)

    def numbers(self) -> list[Number]:
        """Every number and list of numbers of the constructor."""
        version = importlib.metadata.version("datatrove")
        found = []
        for key, one in filters.parameters(self.filter).items():
            value = self.args.get(key, None if one.default is inspect.Parameter.empty else one.default)
            if _is_numeric(value):
                origin = "recipe" if key in self.args else f"datatrove {version}, default of {self.filter}"
                found.append(Number(name=key, value=value, origin=origin))
        return found

    def check(self, available: Mapping[str, pa.DataType]) -> None:
        """Finds languages without a word tokenizer, English stop words where they do not belong, and bad arguments."""
        language = self.args.get("language")
        if language is not None and not offline.can_cut(str(language)):
            near = difflib.get_close_matches(str(language), offline.cuttable_labels(), n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"a name is a label such as {offline.ENGLISH}"
            raise RecipeError(
                f"datatrove: args.language: {language!r} is no language whose words spaCy can cut by itself; {hint}"
            )
        self._check_stop_words()
        offline.needed_files(self.filter)
        try:
            outcome = self._judge().verdict(ORDINARY, url="https://www.example.org/bridge", lang=offline.ENGLISH)
        except ImportError as error:  # datatrove's own check of what it needs, which names packages only
            raise MissingExtra(f"datatrove: {error}") from error
        except (ValueError, TypeError, AttributeError, LookupError, re.error) as error:
            raise RecipeError(f"datatrove: {self.filter} does not take these args: {error}") from error
        if outcome.code == reasons.ERROR:
            raise RecipeError(f"datatrove: {self.filter} fails on an ordinary text with these args; check their form")

    def _check_stop_words(self) -> None:
        takes = filters.parameters(self.filter)
        if "stop_words" not in takes or self.args.get("stop_words") is not None:
            return
        if not self.args.get("min_stop_words", takes["min_stop_words"].default) or self._is_all_english():
            return
        raise RecipeError(
            f"datatrove: {self.filter} counts English stop words unless it is told others, and would reject nearly "
            "every text of another language\n  give args.stop_words a list; or set args.min_stop_words to null; or, if "
            f"all texts are English, args.language to {offline.ENGLISH}"
        )

    def _is_all_english(self) -> bool:
        language = self.args.get("language")
        if language is not None:
            return str(language).partition("_")[0] in ("en", "eng")
        return self.only is not None and self.only.lang == (offline.ENGLISH,)

    def _judge(self) -> Judge:
        return judge_of(self.filter, self.args)

    def apply(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The batch with reasons, and with the texts that the filter changed."""
        judge = self._judge()
        texts = batch["text"].to_pylist()
        columns = {name: batch[name].to_pylist() for name in self.columns_needed() if name != "text"}
        found: list[Reason] = []
        changed = [0] * len(texts)
        for row, text in enumerate(texts):
            known = {name: values[row] for name, values in columns.items()}
            verdict = judge.verdict(text or "", **known)
            if verdict.code is not None:
                found.append(Reason(row, verdict.code))
            elif verdict.text is not None:
                changed[row] = lines_changed(text or "", verdict.text)
                texts[row] = verdict.text
        result = set_reasons(batch, found)
        if not any(changed):
            return result
        edits = pa.StructArray.from_arrays([pa.array(changed, pa.int64())], names=[reasons.REWRITTEN])
        return set_columns(result, {"text": pa.array(texts, pa.large_string()), "edits": edits})


def _is_numeric(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return bool(value) and all(map(_is_numeric, value))
    return isinstance(value, int | float) and not isinstance(value, bool)
