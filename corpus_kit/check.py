"""One page or text through the stages, every metric with its bounds and verdict. No run, no Ray."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from corpus_kit import resources
from corpus_kit.check_file import read_row
from corpus_kit.errors import PlanError, suggest
from corpus_kit.kernels.measure import WordLists
from corpus_kit.language import labels, profile_for
from corpus_kit.metrics import METRICS, measure
from corpus_kit.recipe import Recipe
from corpus_kit.schema import set_reasons
from corpus_kit.scope import touched_rows
from corpus_kit.stage import BatchStage, require_modules
from corpus_kit.stages import Clean, Extract, Filter, Identify, Normalize
from corpus_kit.tune.stages import is_tunable, rules_for

Found = dict[str, Any]
Steps = list[tuple[str, BatchStage]]


def check(
    path: Path,
    *,
    rulesets: tuple[str, ...] = ("gopher",),
    lang: str | None = None,
    category: str | None = None,
    recipe: Recipe | None = None,
    stage: str | None = None,
    every: bool = False,
) -> Found:
    """What the stages find in one file: language, every metric, its bounds and verdict.

    The file is judged by rulesets, or by a recipe: by all its stages up to the first that rejects it, or up to `stage`,
    whatever earlier rules say. Stages that compare documents are passed over. `lang` names the language instead of
    identifying it, `every` adds all rulesets and metrics that ship. Raises PlanError for a file that cannot be read or
    is not text.
    """
    if lang is not None and recipe is None:
        profile_for(lang)  # raises with the nearest name
    batch, is_page = read_row(path, lang=lang, category=category)
    found: Found = {"file": path.name, "rows": [], "edits": [], "metrics": [], "passed_over": []}
    if recipe is None:
        chosen = tuple(resources.names("rulesets")) if every else rulesets
        steps: Steps = [("extract", Extract())] if is_page else []
        steps += [("normalize", Normalize()), *([] if lang else [("identify", Identify())])]
        steps.append(("filter", Filter(rulesets=chosen, unknown_language="default")))
    else:
        found["recipe"] = recipe.name
        steps, found["passed_over"] = _steps(recipe, stage, is_page=is_page, identified=lang is not None)
    batch = _walk(found, steps, batch, target=stage)
    found["every"] = every
    if every and "stage" not in found:
        _add_the_rest(found, batch)
    return found


def _steps(recipe: Recipe, stage: str | None, *, is_page: bool, identified: bool) -> tuple[Steps, list[str]]:
    """The batch stages of a recipe that see the file, and the stages that are passed over."""
    named = recipe.named_stages()
    ids = [stage_id for stage_id, _ in named]
    if stage is not None and stage not in ids:
        raise PlanError(f"the recipe has no stage {stage!r}; {suggest(stage, ids)}")
    if is_page and not any(isinstance(one, Extract) for _, one in named):
        raise PlanError("the file is a page, and the recipe has no 'extract' to take its text out")
    named = named[: ids.index(stage) + 1] if stage is not None else named
    dropped = () if is_page else (Extract,)
    dropped += (Identify,) if identified else ()
    seen = [(stage_id, one) for stage_id, one in named if isinstance(one, BatchStage) and not isinstance(one, dropped)]
    passed_over = [stage_id for stage_id, one in named if not isinstance(one, BatchStage)]
    if stage in passed_over:
        raise PlanError(f"stage {stage!r} compares documents; a single one says nothing about it")
    return seen, passed_over


def _walk(found: Found, steps: Steps, batch: pa.RecordBatch, *, target: str | None) -> pa.RecordBatch:
    """Applies the stages, noting what each measured, edited and objected to; gives the document at its end."""
    for stage_id, stage in steps:
        require_modules(stage, stage_id)
        stage.check({field.name: field.type for field in batch.schema})
        mask = touched_rows(stage, batch)
        if mask is not None and not mask[0].as_py():
            found["passed_over"].append(stage_id)
            continue
        batch = stage.apply(batch)
        reasons = batch["reasons"][0].as_py() or []
        judges = "metrics" in batch.schema.names and is_tunable(stage)
        found["rows"] += _judged(stage_id, stage, batch, {one["code"] for one in reasons}) if judges else []
        found["edits"] += _edits(stage_id, stage, batch)
        batch = batch.drop_columns([name for name in ("metrics", "edits") if name in batch.schema.names])
        _describe(found, batch, kept=not reasons)
        if reasons and (target is None or stage_id == target or not judges):
            if not judges or not any(row["verdict"] == "fails" for row in found["rows"] if row["stage"] == stage_id):
                found |= {"stage": stage_id, "reasons": reasons}  # nothing was measured that says why
            return batch
        batch = set_reasons(batch, [])
    return batch


def _describe(found: Found, batch: pa.RecordBatch, *, kept: bool) -> None:
    found["lang"] = batch["lang"][0].as_py()
    found["lang_score"] = batch["lang_score"][0].as_py()
    found["characters"] = len(batch["text"][0].as_py() or "") if "text" in batch.schema.names else 0
    found["kept"] = kept


def _judged(stage_id: str, stage: BatchStage, batch: pa.RecordBatch, failing: set[str]) -> list[Found]:
    """Every condition of a stage with the measured value and the verdict on its rule."""
    if "filter.no_profile" in failing:
        return []  # nobody knows the bounds of this language
    measured = batch["metrics"][0].as_py()
    return [
        {
            "stage": stage_id,
            "rule": rule.code,
            "metric": condition.metric,
            "value": measured[condition.metric],
            "low": condition.low,
            "high": condition.high,
            "origin": condition.origin,
            "verdict": "off" if not rule.is_on else "fails" if rule.code in failing else "passes",
            "about": _about(condition.metric, stage.all_codes().get(rule.code, "")),
        }
        for rule in rules_for(stage, (batch["lang"][0].as_py(), batch["category"][0].as_py()))
        for condition in rule.conditions
    ]


def _about(metric: str, otherwise: str) -> str:
    return METRICS[metric].summary if metric in METRICS else otherwise


def _edits(stage_id: str, stage: BatchStage, batch: pa.RecordBatch) -> list[Found]:
    """What a stage changed in the text, by code."""
    if "edits" not in batch.schema.names:
        return []
    about = stage.all_codes()
    places = batch["edits"][0].as_py() or {}
    return [
        {"stage": stage_id, "code": code, "places": many, "about": about.get(code, "")}
        for code, many in places.items()
        if many
    ]


def _add_the_rest(found: Found, batch: pa.RecordBatch) -> None:
    """The metrics that no rule asked for, and what each line ruleset would remove."""
    asked = {row["metric"] for row in found["rows"]}
    rest = [name for name in METRICS if name not in asked]
    label = found["lang"]
    lists = profile_for(label).lists if label in labels() else WordLists()
    values = {name: float(one[0]) for name, one in measure(rest, batch["text"], [lists], np.zeros(1, int)).items()}
    found["metrics"] = [
        {"metric": name, "value": None if np.isnan(value) else value, "about": METRICS[name].summary}
        for name, value in values.items()
    ]
    for name in resources.names("lines"):
        cleaner = Clean(rules=(name,))
        found["edits"] += _edits("clean", cleaner, cleaner.apply(batch))
