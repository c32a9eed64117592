"""The `clean` stage: removes and edits lines of texts by published rules, and counts what each removed."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from corpus_kit import resources
from corpus_kit.errors import PlanError, RecipeError, suggest
from corpus_kit.kernels.lines import Unit
from corpus_kit.lines.compiled import prepare
from corpus_kit.lines.rules import LineRule, Pass, all_rules, resolve
from corpus_kit.lines.rulesets import load_line_ruleset
from corpus_kit.rules import overrides
from corpus_kit.rulesets import OptionalBounds
from corpus_kit.schema import set_columns
from corpus_kit.stage import BatchStage, Number, register


@register("clean")
class Clean(BatchStage):
    """Removes lines, and pieces of lines, by the rules of published corpora; never a document.

    A line is what stands between newlines, or a whole paragraph where the ruleset says so. Rules are applied in the
    order of the rulesets and of the rules in their files; a line that one removed the next does not see, and the first
    counts it. What remains keeps its bytes and its newlines. Blank lines are never removed by themselves: of the runs
    of newlines around removed lines the longest stays, so paragraphs stay apart and no run grows. A document of which
    no line remains becomes an empty text; reject it with a later `filter`.

    Cleaning again changes nothing, unless an earlier rule looks at what a later one cuts (a rule for lines of at most
    10 words, before one that cuts words).

    What the rules removed is counted by code, source and language. Bounds come from the line ruleset, then the
    document's category, then `override`; the last that names a rule replaces both of its bounds.
    """

    needs: ClassVar[tuple[str, ...]] = ("text",)
    gives: ClassVar[Mapping[str, pa.DataType]] = {"text": pa.large_string()}

    rules: tuple[str, ...] = Field(min_length=1)
    """Names of shipped line rulesets, or paths of your own."""
    unit: Unit | None = None
    """What all rules take for a line: a `line` or a `paragraph`. Default: what each ruleset says."""
    override: dict[str, OptionalBounds] = {}
    """Rule -> bounds that replace all others: `[low, high]`, "low:high", "low:", ":high"; null switches it off. The
    bounds of a rule that is not about a number say how many words the lines it looks at have."""
    categories: dict[str, dict[str, OptionalBounds]] = {}
    """Category -> rule -> bounds for documents of that category, written like `override`."""

    def apply(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The batch with its text cleaned, and an `edits` column: for each rule, lines or pieces removed in the row."""
        cleaner = self._cleaner()
        which = cleaner.versions_of(batch)
        texts, edits = batch["text"], {}
        for one in cleaner.passes:
            cleaned = one.run(texts, which)
            texts = cleaned.texts
            edits |= {rule.code: pa.array(row) for rule, row in zip(one.versions[0].rules, cleaned.places, strict=True)}
        struct = pa.StructArray.from_arrays(list(edits.values()), names=list(edits))
        return set_columns(batch, {"text": texts, "edits": struct})

    def files(self) -> list[Path]:
        """The line rulesets."""
        return [resources.find("lines", name) for name in self.rules]

    def all_codes(self) -> Mapping[str, str]:
        """Every rule with what it does."""
        return {rule.code: one_line(rule) for rule in all_rules(self._cleaner().usual)}

    def rules_for(self, category: str | None = None) -> tuple[Pass, ...]:
        """The rules for texts of a category, every bound with its origin."""
        return self._cleaner().resolved(category)

    def numbers(self) -> list[Number]:
        """Every bound and the length of every list; then, by category, what differs."""
        cleaner = self._cleaner()
        usual = list(all_rules(cleaner.usual))
        found = [
            Number(name=f"{ruleset.name}.unit", value=self.unit or ruleset.unit, origin=self._unit_origin(ruleset.name))
            for ruleset in cleaner.rulesets
        ]
        for rule in usual:
            found += _numbers(rule)
            lists = {name: value for name, value in rule.parameters.items() if isinstance(value, tuple)}
            found += [Number(name=f"{rule.code}.{key}", value=len(v), origin=rule.cites) for key, v in lists.items()]
        for category in cleaner.categories:
            for rule, old in zip(all_rules(cleaner.resolved(category)), usual, strict=True):
                if (rule.bounds, rule.is_on) != (old.bounds, old.is_on):
                    found += _numbers(rule, f" (category {category})")
        return found

    def check(self, available: Mapping[str, pa.DataType]) -> None:
        """Finds unknown rulesets and rules, rules of the same name, and rules that cannot be overridden like this."""
        cleaner = self._cleaner()
        codes = [rule.code for rule in all_rules(cleaner.usual)]
        for code, times in Counter(codes).items():
            if times > 1:
                raise RecipeError(f"clean: two of the rulesets {', '.join(self.rules)} have a rule {code}")
        _check_codes("override", self.override, codes)
        for category, changes in self.categories.items():
            _check_codes(f"categories: {category}", changes, codes)
        for category in cleaner.categories:
            cleaner.resolved(category)
        if self.categories and "category" not in available:
            raise PlanError("clean: bounds depend on the category, and there is no column 'category'")

    def _unit_origin(self, name: str) -> str:
        return "recipe" if self.unit else f"line ruleset {name}"

    def _cleaner(self) -> Cleaner:
        return _cleaner(self.model_dump_json(by_alias=True), tuple(resources.digest(path) for path in self.files()))


class Cleaner:
    """A clean stage with its data files read: which rules hold for which text. One a process and configuration."""

    def __init__(self, stage: Clean):
        self.rulesets = [load_line_ruleset(name) for name in stage.rules]
        self._unit: Unit | None = stage.unit
        self._override = overrides(stage.override, "recipe, override")
        self._categories = {
            category: overrides(changes, f"recipe, category {category}")
            for category, changes in stage.categories.items()
        }
        shipped = (category for ruleset in self.rulesets for category in ruleset.categories)
        self.categories = sorted({*shipped, *self._categories})
        self.usual = self.resolved(None)
        self.passes = prepare([self.usual, *map(self.resolved, self.categories)])

    def resolved(self, category: str | None) -> tuple[Pass, ...]:
        """The passes for texts of a category; None for those of all others."""
        own = [ruleset.categories.get(category or "", {}) for ruleset in self.rulesets]
        recipe = self._categories.get(category or "", {})
        return resolve(self.rulesets, *own, recipe, self._override, unit=self._unit)

    def versions_of(self, batch: pa.RecordBatch) -> np.ndarray:
        """For each row the number of its version of the passes: 0, or 1 + that of its category."""
        if not self.categories or "category" not in batch.schema.names:
            return np.zeros(batch.num_rows, np.int64)
        found = pc.index_in(batch["category"], pa.array(self.categories, pa.string()))
        return pc.add(pc.fill_null(found, -1), 1).to_numpy(zero_copy_only=False).astype(np.int64)


@functools.lru_cache(maxsize=16)
def _cleaner(config: str, digests: tuple[str, ...]) -> Cleaner:
    return Cleaner(Clean.model_validate_json(config))


def one_line(rule: LineRule) -> str:
    """What a rule does, in a line.

    >>> one_line(load_line_ruleset("c4").rules[3])
    'keeps lines with at least 3: number of whitespace-separated words'
    >>> one_line(load_line_ruleset("fineweb2").rules[0])
    'removes the line if there is nothing but some characters, and spaces, in the line'
    """
    summary = rule.definition.summary
    words = summary.removeprefix("Whether ")
    words = words[0].lower() + words[1:]
    if not rule.is_on:
        return f"off ({words})"
    if rule.definition.kind == "measure":
        return f"{rule}: {words}"
    words = f"removes the line if {words}" if rule.definition.kind == "flaw" else words
    return f"{words}, in lines of {rule.bounds_text} words" if rule.bounds_text else words


def _numbers(rule: LineRule, where: str = "") -> Iterator[Number]:
    """The bounds of a rule, or that it is off."""
    if not rule.is_on:
        yield Number(name=f"{rule.code}{where}", value=None, origin=rule.origin)
        return
    for side, value in zip(("low", "high"), rule.bounds, strict=True):
        if value is not None:
            yield Number(name=f"{rule.code}.{side}{where}", value=value, origin=rule.origin)


def _check_codes(where: str, codes: Iterable[str], known: Iterable[str]) -> None:
    for code in codes:
        if code not in known:
            raise RecipeError(f"clean: {where}: no rule {code!r} in these rulesets; {suggest(code, known)}")
