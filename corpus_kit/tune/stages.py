"""Stages whose bounds can be tried out: `filter`, and those that measure one number and have bounds for it in `keep`.

Such a stage has one reason code, `STAGE.METRIC`, and a metric of that name: `classifier.score`, `perplexity.per_token`,
or a user's own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from corpus_kit.errors import RecipeError, suggest
from corpus_kit.rules import Condition, Interval, Rule
from corpus_kit.schema import COLUMNS
from corpus_kit.stage import Stage
from corpus_kit.stages.filter import Filter

Key = tuple[str | None, str | None]
"""Language and category: texts that share both are judged by the same bounds."""


def is_tunable(stage: Stage) -> bool:
    """Whether other bounds of a stage can be tried out."""
    return isinstance(stage, Filter) or _code(stage) is not None


def _code(stage: Stage) -> str | None:
    """The one reason of a stage that has `keep` bounds for one metric."""
    keep = getattr(stage, "keep", ())
    has_bounds = keep is None or (len(keep) == 2 and all(one is None or isinstance(one, int | float) for one in keep))
    single = len(stage.codes) == 1 and "keep" in type(stage).model_fields
    return next(iter(stage.codes)) if single and has_bounds else None


def is_open(stage: Stage) -> bool:
    """Whether a stage only measures, because nobody has given it bounds yet."""
    return not isinstance(stage, Filter) and getattr(stage, "keep", ()) is None


def rules_for(stage: Stage, key: Key) -> tuple[Rule, ...]:
    """The rules of a stage for texts of a language and category."""
    if isinstance(stage, Filter):
        return stage.rules_for(*key)
    code = _code(stage)
    assert code is not None
    low, high = getattr(stage, "keep", None) or (None, None)
    condition = Condition(code.rpartition(".")[2], low, high, None, "recipe")
    return (Rule(code, (condition,), "all", ""),)


def codes_of(stage: Stage) -> list[str]:
    """Every name by which bounds of a stage can be changed: rules, and conditions of rules that have several."""
    return [name for rule in rules_for(stage, (None, None)) for name in (rule.code, *rule.condition_codes)]


def retuned(stage: Stage, changes: Mapping[str, Interval | None]) -> Stage:
    """The stage with these bounds in place of its own. Raises RecipeError if a rule cannot have them."""
    for code in changes:
        if code not in (known := codes_of(stage)):
            raise RecipeError(f"no rule {code!r} in this stage; {suggest(code, known)}")
    settings = settings_of(stage, changes)
    if not isinstance(stage, Filter):
        return type(stage).model_validate(stage.config() | settings)
    changed = Filter.model_validate(stage.config() | settings)
    changed.check({"category": pa.string()})
    return changed


def settings_of(stage: Stage, changes: Mapping[str, Interval | None]) -> dict[str, Any]:
    """The setting of the stage that has these bounds, whole: `override` merged with what it has, or `keep`."""
    if not isinstance(stage, Filter):
        return {"keep": next(iter(changes.values()))} if changes else {"keep": getattr(stage, "keep", None)}
    kept = {
        code: bounds
        for code, bounds in stage.override.items()
        if not any(code.startswith(f"{changed}.") for changed in changes)  # conditions of a rule that is changed whole
    }
    return {"override": kept | dict(changes)}


def refusals(stage: Stage, keys: Sequence[Key]) -> list[str | None]:
    """For each key, the code that rejects all its documents without looking at a rule, or None.

    The stage itself is asked, by having it judge an empty text of each.
    """
    if not isinstance(stage, Filter) or not keys:
        return [None] * len(keys)
    rows = [dict.fromkeys(COLUMNS) | {"text": "", "lang": lang, "category": category} for lang, category in keys]
    schema = pa.schema([(name, kind) for name, (kind, _) in COLUMNS.items()])
    judged = stage.apply(pa.RecordBatch.from_pylist(rows, schema=schema))["reasons"].to_pylist()
    rules = {rule.code for rule in stage.rules_for(None)}
    return [next((one["code"] for one in reasons or () if one["code"] not in rules), None) for reasons in judged]
