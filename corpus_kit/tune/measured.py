"""What a stage of a run measured, opened to try other bounds: a lazy frame, and the rules of each group."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from corpus_kit.choices import check_choices
from corpus_kit.errors import PlanError, missing_extra, suggest
from corpus_kit.opened import Run
from corpus_kit.plan import Plan, load_plan
from corpus_kit.rules import Rule
from corpus_kit.stage import Stage
from corpus_kit.tune.stages import Key, codes_of, is_tunable, refusals, rules_for
from corpus_kit.tune.verdicts import Groups

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class Measured:
    """The documents a stage judged: one row each, with what was measured and whether the stage kept it."""

    run: Run
    plan: Plan
    stage_id: str
    stage: Stage
    frame: pl.LazyFrame
    """Columns id, source, category, lang, kept, text_bytes, and one for each metric."""

    @cached_property
    def keys(self) -> list[Key]:
        """Languages and categories that occur."""
        found = self.frame.select("lang", "category").unique().collect(engine="streaming")
        return sorted(found.rows(), key=lambda key: tuple((one is not None, one) for one in key))

    @cached_property
    def refused(self) -> list[str | None]:
        """For each key, the code that rejects all its documents without looking at a rule, or None."""
        return refusals(self.stage, self.keys)

    def rules(self, stage: Stage) -> list[list[Rule]]:
        """For each rule of a stage, the rule as it holds for each key; off where the documents are refused anyway."""
        by_key = [
            [rule.replaced(None, "") if refused else rule for rule in rules_for(stage, key)]
            for key, refused in zip(self.keys, self.refused, strict=True)
        ]
        return [list(rules) for rules in zip(*by_key, strict=True)]

    def groups(self) -> Groups:
        """The keys, ready for expressions."""
        return Groups(self.keys)


def open_measured(
    run: Run,
    *,
    codes: Iterable[str] = (),
    stage: str | None = None,
    source: str | None = None,
    language: str | None = None,
) -> Measured:
    """What the stage measured that has the rules `codes`, of all documents or those of a source or language.

    Raises MissingExtra without polars, PlanError if the run has no such stage or did not store what is needed.
    """
    if importlib.util.find_spec("polars") is None:
        raise missing_extra("polars", "frames", "tune")
    import polars as pl

    planned = load_plan(run.path / "plan.json")  # with its plug-in, which the rules may need
    stage_id = _choose(run, planned, list(codes), stage)
    check_choices(run, source=source, language=language)
    built = planned.build(stage_id)
    _check_bounds(planned, stage_id, built)
    frame = pl.scan_parquet(_files(run, planned, stage_id))
    if source is not None:
        frame = frame.filter(pl.col("source") == source)
    if language is not None:
        frame = frame.filter(pl.col("lang") == language)
    return Measured(run, planned, stage_id, built, frame)


def _choose(run: Run, planned: Plan, codes: list[str], wanted: str | None) -> str:
    """The one stage that is meant."""
    names = {stage.id: codes_of(built) for stage in planned.stages if is_tunable(built := planned.build(stage.id))}
    if not names:
        raise PlanError(f"{run.path} has no stage with bounds, such as a filter, so there is nothing to tune")
    if wanted is not None and wanted not in names:
        raise PlanError(f"{run.path} has no stage {wanted!r} with bounds; {suggest(wanted, names)}")
    known = names if wanted is None else {wanted: names[wanted]}
    for code in codes:
        if not any(code in one for one in known.values()):
            every = [name for one in known.values() for name in one]
            raise PlanError(f"{run.path} has no rule {code!r} in {wanted or 'any stage'}; {suggest(code, every)}")
    fitting = [id for id, one in known.items() if all(code in one for code in codes)]
    if len(fitting) == 1:
        return fitting[0]
    raise PlanError(
        f"{run.path} has several stages with bounds ({', '.join(fitting or names)}); say which with --stage"
    )


def _check_bounds(planned: Plan, stage_id: str, stage: Stage) -> None:
    """Today's rulesets and profiles must say what those of the run said: bounds, not word lists."""
    codes = tuple(codes_of(stage))
    was, now = (
        {one.name: one.value for one in numbers if one.name.startswith(codes)}
        for numbers in (planned.stage(stage_id).numbers, stage.numbers())
    )
    changed = sorted(name for name in was.keys() | now.keys() if was.get(name) != now.get(name))
    if changed:
        first = changed[0]
        raise PlanError(
            f"the rulesets or language profiles have changed since the run: {first} was {was.get(first)}, is"
            f" {now.get(first)}, so the bounds the run used are not known any more\n"
            "  bring the old files back, or run again"
        )


def _files(run: Run, planned: Plan, stage_id: str) -> list[str]:
    """The metrics files of a stage that every document has passed."""
    setting = planned.recipe["metrics"]
    if setting != "all":
        raise PlanError(
            f"{run.path} has no metrics of every document (`metrics: {setting}` in its recipe), so nobody knows what"
            " other bounds would do\n  run again with `metrics: all`"
        )
    if not run.finished and not _has_passed(run, planned, stage_id):
        raise PlanError(f"{run.path} has not brought every document through {stage_id!r} yet; let it run on")
    files = getattr(run.dataset(f"metrics/{stage_id}"), "files", [])
    if not files:
        raise PlanError(f"{run.path} has no metrics of stage {stage_id!r}: it judged no document")
    return files


def _has_passed(run: Run, planned: Plan, stage_id: str) -> bool:
    index = next(one.index for one in planned.segments if stage_id in one.batch)
    done = list((run.path / "receipts" / f"map-{index}").glob("*.json"))
    return len(done) == len(planned.loads)
