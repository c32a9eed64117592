"""The `filter` stage: measures every text and puts on it a reason for each rule it fails."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
import pyarrow as pa
from pydantic import Field

from corpus_kit import resources
from corpus_kit.errors import PlanError, RecipeError, suggest
from corpus_kit.kernels.measure import WordLists
from corpus_kit.language import Profile, labels, profile_for
from corpus_kit.metrics import METRICS, measure
from corpus_kit.rules import Condition, Override, Rule, Ruleset, failures, overrides, resolve, without_lists
from corpus_kit.rulesets import OptionalBounds, load_ruleset
from corpus_kit.schema import Failures, failures_array, set_columns
from corpus_kit.segmentation import Words
from corpus_kit.stage import BatchStage, Number, register


@register("filter")
class Filter(BatchStage):
    """Judges texts by published rulesets, with the bounds of each text's language.

    All rules of all rulesets are evaluated, and every failing one becomes a reason, in the order of the rulesets and of
    the rules in their files. The measured values are stored, so that bounds can be tried out later without reading the
    texts again. Bounds come from the ruleset, then the language profile, then the document's category, then
    `override`; the last that names a rule replaces both of its bounds.
    """

    needs: ClassVar[tuple[str, ...]] = ("text", "lang")
    codes: ClassVar[Mapping[str, str]] = {
        "filter.no_profile": "the language has no profile, or none listed in `languages`, so nobody knows its bounds; "
        "labels are written like dan_Latn"
    }

    rulesets: tuple[str, ...] = Field(min_length=1)
    """Names of shipped rulesets, or paths of your own."""
    languages: tuple[str, ...] | None = Field(default=None, min_length=1)
    """Languages whose profiles are used (`dan_Latn`). Default: all that ship."""
    unknown_language: Literal["reject", "default"] = "reject"
    """A text in another language: `reject` it, or judge it by the ruleset's own bounds, without word lists."""
    words: Words = "whitespace"
    """What a word is: what stands between whitespace, or (`unicode`) a segment of UAX #29 with a letter or a digit.

    Unicode words have no punctuation, so there are more of them and they are shorter; scripts without spaces have them
    too. It changes `word_count` and `mean_word_length`, ratios a word, stop words as `gopher` counts them, and n-grams;
    metrics that strip words themselves (those of ROOTS, the Nordic Pile's stop words, NCC) always use whitespace.
    """
    override: dict[str, OptionalBounds] = {}
    """Rule -> bounds that replace all others: `[low, high]`, "low:high", "low:", ":high"; null switches it off.

    One condition of a rule that joins several is named by its metric: `nordic_pile.top_2gram.top_2gram_char_fraction`.
    """
    categories: dict[str, dict[str, OptionalBounds]] = {}
    """Category -> rule -> bounds for documents of that category, written like `override`."""

    def apply(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The batch with the reasons of failing rows, and a `metrics` column of what was measured."""
        judge = self.judge
        groups = list(_groups(batch, by_category="category" in batch.schema.names))
        which = np.zeros(batch.num_rows, np.int64)
        for number, (_, _, rows) in enumerate(groups):
            which[rows] = number
        lists = [judge.lists(label) for label, _, _ in groups]
        measured = measure(judge.metrics, batch["text"], lists, which, words=self.words)
        failing: list[Failures] = []
        for label, category, rows in groups:
            if self.unknown_language == "reject" and label not in judge.profiles:
                failing.append(Failures("filter.no_profile", rows, np.full(len(rows), np.nan)))
            else:
                failing += failures(judge.rules(label, category), measured, rows)
        values = [pa.array(column, mask=np.isnan(column)) for column in measured.values()]
        metrics = pa.StructArray.from_arrays(values, names=list(measured))
        reasons = failures_array(batch.num_rows, failing)
        return set_columns(batch, {"reasons": reasons, "metrics": metrics})

    def files(self) -> list[Path]:
        """The rulesets, the profiles of the languages, and the word lists that some rule needs."""
        rulesets = [resources.find("rulesets", name) for name in self.rulesets]
        profiles = [profile_for(label) for label in self._labels()]
        needed = lists_needed(load_ruleset(name) for name in self.rulesets)
        lists = [profile.list_files[kind] for profile in profiles for kind in needed if kind in profile.list_files]
        return [*rulesets, *(profile.path for profile in profiles), *dict.fromkeys(lists)]

    def all_codes(self) -> Mapping[str, str]:
        """Every rule with what it measures and its bounds."""
        rules = self._judge().usual()
        return {**self.codes, **{rule.code: one_line(rule) for rule in rules}}

    def rules_for(self, label: str | None, category: str | None = None) -> tuple[Rule, ...]:
        """The rules for texts of a language and category, every bound with its origin."""
        return self._judge().rules(label, category)

    def numbers(self) -> list[Number]:
        """Every bound; then, by language and category, those that differ."""
        judge = self._judge()
        usual = judge.usual()
        found = list(_bounds(usual))
        for label in judge.profiles:
            found += _bounds(judge.rules(label, None), usual, f" ({label})")
        if self.unknown_language == "default":
            found += _bounds(judge.rules(None, None), usual, " (no profile)")
        for category in judge.categories():
            found += _bounds(judge.usual(category), usual, f" (category {category})")
        for kind in lists_needed(judge.rulesets):
            found += [_list_size(kind, profile) for profile in judge.profiles.values()]
        return found

    def check(self, available: Mapping[str, pa.DataType]) -> None:
        """Finds unknown rulesets, rules, languages, and rules that cannot be overridden like this."""
        judge = self._judge()
        names = [ruleset.name for ruleset in judge.rulesets]
        if len(set(names)) < len(names):
            raise RecipeError(f"filter: two of the rulesets {', '.join(names)} have the same name")
        known = {code for rule in resolve(judge.rulesets) for code in (rule.code, *rule.condition_codes)}
        _check_codes("override", self.override, known)
        for category, changes in self.categories.items():
            _check_codes(f"categories: {category}", changes, known)
        for profile in judge.profiles.values():
            _check_codes(profile.path.name, [c for c in profile.overrides if c.partition(".")[0] in names], known)
        if judge.categories() and "category" not in available:
            raise PlanError("filter: bounds depend on the category, and there is no column 'category'")
        for category in (None, *judge.categories()):
            for label in (None, *judge.profiles):
                judge.rules(label, category)

    def _labels(self) -> list[str]:
        return labels() if self.languages is None else list(self.languages)

    @functools.cached_property
    def judge(self) -> Judge:
        """The stage with its data files read, once: they are looked at again for every plan, not for every batch."""
        return self._judge()

    def _judge(self) -> Judge:
        return _judge(self.model_dump_json(by_alias=True), tuple(resources.digest(path) for path in self.files()))


class Judge:
    """A filter stage with its data files read: which rules hold for which text. One a process and configuration."""

    def __init__(self, stage: Filter):
        self.rulesets = [load_ruleset(name) for name in stage.rulesets]
        self.profiles: dict[str, Profile] = {label: profile_for(label) for label in stage._labels()}
        self.metrics = tuple(dict.fromkeys(name for rule in resolve(self.rulesets) for name in rule.metrics))
        self._override = overrides(stage.override, "recipe, override")
        self._categories = {
            category: overrides(changes, f"recipe, category {category}")
            for category, changes in stage.categories.items()
        }
        self._resolved: dict[tuple[str | None, str | None], tuple[Rule, ...]] = {}

    def rules(self, label: str | None, category: str | None) -> tuple[Rule, ...]:
        """The rules for texts of a language and category; those that need a word list it has not are off."""
        key = (label if label in self.profiles else None, category if category in self.categories() else None)
        if key not in self._resolved:
            of_language = {} if key[0] is None else self.profiles[key[0]].overrides
            who = "the language has no profile" if key[0] is None else f"profile {key[0]}"
            off = without_lists(self.rulesets, self.lists(key[0]), who)
            self._resolved[key] = resolve(self.rulesets, of_language, *self._of_category(key[1]), self._override, off)
        return self._resolved[key]

    def usual(self, category: str | None = None) -> tuple[Rule, ...]:
        """The rules before any language has its say."""
        return resolve(self.rulesets, *self._of_category(category), self._override)

    def lists(self, label: str | None) -> WordLists:
        """Word lists of a language; none without a profile."""
        return self.profiles[label].lists if label in self.profiles else WordLists()

    def categories(self) -> list[str]:
        """Categories that have bounds of their own, by the rulesets or the recipe."""
        shipped = (category for ruleset in self.rulesets for category in ruleset.categories)
        return sorted({*shipped, *self._categories})

    def _of_category(self, category: str | None) -> list[Mapping[str, Override]]:
        if category is None:
            return []
        shipped = [ruleset.categories.get(category, {}) for ruleset in self.rulesets]
        return [*shipped, self._categories.get(category, {})]


@functools.lru_cache(maxsize=16)
def _judge(config: str, digests: tuple[str, ...]) -> Judge:
    return Judge(Filter.model_validate_json(config))


def _groups(batch: pa.RecordBatch, *, by_category: bool) -> Iterator[tuple[str | None, str | None, np.ndarray]]:
    """Language, category, and the rows that have both, ascending."""
    keys = ["lang", "category"] if by_category else ["lang"]
    table = pa.table({key: batch[key] for key in keys} | {"row": np.arange(batch.num_rows)})
    grouped = table.group_by(keys, use_threads=False).aggregate([("row", "list")])
    for number, one in enumerate(grouped.select(keys).to_pylist()):
        yield one["lang"], one.get("category"), grouped["row_list"][number].values.to_numpy()


def one_line(rule: Rule) -> str:
    """What a rule measures and keeps, in a line.

    >>> one_line(load_ruleset("gopher").rules[0])
    'Number of whitespace-separated words; keeps at least 50 and at most 100000'
    """
    if len(rule.conditions) > 1:
        return f"keeps {rule}"
    return f"{METRICS[rule.metrics[0]].summary}; {'keeps ' if rule.is_on else ''}{rule}"


def _bounds(rules: Iterable[Rule], usual: Iterable[Rule] | None = None, where: str = "") -> Iterator[Number]:
    """Every bound of the rules, or those that are not the usual ones."""
    rules = list(rules)
    for rule, other in zip(rules, usual or rules, strict=True):
        for condition, old in zip(rule.conditions, other.conditions, strict=True):
            if usual is None or condition != old:
                name = rule.code if len(rule.conditions) == 1 else f"{rule.code}.{condition.metric}"
                yield from _sides(condition, name, where)


def _sides(condition: Condition, name: str, where: str) -> Iterator[Number]:
    if not condition.is_on:
        yield Number(name=f"{name}{where}", value=None, origin=condition.origin)
    for side, value in (("low", condition.low), ("high", condition.high)):
        if value is not None:
            yield Number(name=f"{name}.{side}{where}", value=value, origin=condition.origin)


def lists_needed(rulesets: Iterable[Ruleset]) -> list[str]:
    """Kinds of word lists (`stop`, `flagged`) that some rule of the rulesets needs.

    >>> lists_needed([load_ruleset("roots")])
    ['stop', 'flagged']
    """
    needs = (METRICS[name].needs for ruleset in rulesets for rule in ruleset.rules for name in rule.metrics)
    return [kind for kind in dict.fromkeys(needs) if kind is not None]


def _list_size(kind: str, profile: Profile) -> Number:
    """How many words a language's list has; None if it has no list."""
    words = getattr(profile, f"{kind}_words")
    origin = getattr(profile, f"{kind}_words_origin")
    return Number(name=f"{kind} words ({profile.label})", value=None if words is None else len(words), origin=origin)


def _check_codes(where: str, codes: Iterable[str], known: Iterable[str]) -> None:
    for code in codes:
        if code not in known:
            raise RecipeError(f"filter: {where}: no rule {code!r} in these rulesets; {suggest(code, known)}")
