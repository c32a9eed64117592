"""Tries out other bounds on a run, from the metrics it stored: which documents would flip, and which would not.

No text is read and nothing is measured again, so millions of documents take seconds, in memory that does not grow with
them. At the bounds the run used, nothing flips: its verdicts follow from the stored metrics (checked each time).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from corpus_kit.errors import PlanError, RecipeError
from corpus_kit.opened import Run
from corpus_kit.rules import Interval
from corpus_kit.rulesets import parse_bounds
from corpus_kit.tune.after import after
from corpus_kit.tune.examples import flipped_examples
from corpus_kit.tune.measured import Measured, open_measured
from corpus_kit.tune.stages import settings_of
from corpus_kit.tune.trial import Trial, bounds_of

if TYPE_CHECKING:
    import polars as pl

Counts = dict[str, Any]

MOST_FAILING = 5
"""Documents that stay rejected are told apart by how many rules they fail, up to so many and more."""


def tune(
    run: Run,
    changes: Mapping[str, Interval | None],
    *,
    stage: str | None = None,
    source: str | None = None,
    language: str | None = None,
    examples: int = 3,
) -> dict[str, Any]:
    """What a stage of the run would have done with these bounds, rule by rule, and where that would show.

    The bounds replace those of every language and category, as `override` (or `keep`) in a recipe does. Raises
    MissingExtra without polars, PlanError or RecipeError where the question does not fit the run.
    """
    measured = open_measured(run, codes=changes, stage=stage, source=source, language=language)
    trial = Trial(measured, changes)
    rows = _counted(trial)
    _check_verdicts(measured, rows)
    whole = _added(rows)
    return {
        "run": str(run.path),
        "stage": measured.stage_id,
        "source": source,
        "language": language,
        "documents": {
            key: whole[key] for key in ("judged", "bytes", "kept", "kept_bytes", "kept_now", "kept_bytes_now")
        },
        "to_kept": _flip(whole, "to_kept"),
        "to_rejected": _flip(whole, "to_rejected"),
        "by_source": _by(rows, "source"),
        "by_language": _by(rows, "lang"),
        "by_rule": [_of_rule(trial, i, whole) for i in range(len(trial.codes))],
        "held": _held(trial, whole),
        "after": after(trial.frame(), measured, whole),
        "examples": flipped_examples(trial, examples),
        "settings": settings_of(measured.stage, changes),
    }


def parse_changes(given: Iterable[str]) -> dict[str, Interval | None]:
    """Bounds from `CODE=BOUNDS`. Raises RecipeError for what is none.

    >>> parse_changes(["gopher.word_count=30:", "gopher.stop_word_count=null"])
    {'gopher.word_count': (30.0, None), 'gopher.stop_word_count': None}
    """
    changes: dict[str, Interval | None] = {}
    for text in given:
        code, equals, bounds = text.partition("=")
        if not equals:
            raise RecipeError(
                f"--rule {text!r}: write CODE=BOUNDS, as in gopher.word_count=30:100000, or CODE=null for off"
            )
        if code in changes:
            raise RecipeError(f"--rule {code} is given twice")
        try:
            changes[code] = None if bounds in ("null", "off") else parse_bounds(bounds)
        except ValueError as error:
            raise RecipeError(f"--rule {text!r}: {error}") from None
    return changes


def _counted(trial: Trial) -> list[Counts]:
    """One row for each source and language: everything that is counted, in one pass."""
    import polars as pl

    size = pl.col("text_bytes")
    counted = {"judged": pl.len(), "bytes": size.sum()}
    counted["kept"], counted["kept_bytes"] = pl.col("kept").sum(), size.filter(pl.col("kept")).sum()
    now = pl.col("fails") == 0
    counted["kept_now"], counted["kept_bytes_now"] = now.sum(), size.filter(now).sum()
    counted["astray"] = (pl.col("kept") != (pl.col("failed") == 0)).sum()
    for name in ("to_kept", "to_rejected", "held"):
        counted[name], counted[f"{name}_bytes"] = pl.col(name).sum(), size.filter(pl.col(name)).sum()
    for number in range(1, MOST_FAILING + 1):
        is_so_many = pl.col("fails") == number if number < MOST_FAILING else pl.col("fails") >= number
        counted[f"held_{number}"] = (pl.col("held") & is_so_many).sum()
    for i in range(len(trial.codes)):
        counted |= _counted_of_rule(trial, i)
    grouped = trial.frame().group_by("source", "lang").agg(**counted).sort("source", "lang", nulls_last=True)
    return grouped.collect(engine="streaming").to_dicts()


def _counted_of_rule(trial: Trial, i: int) -> dict[str, pl.Expr]:
    import polars as pl

    was, now = pl.col(f"was_{i}"), pl.col(trial.now_column(i))
    counted = {
        f"failed_{i}": was.sum(),
        f"alone_{i}": (was & (pl.col("failed") == 1)).sum(),
        f"fails_{i}": now.sum(),
        f"alone_now_{i}": (now & (pl.col("fails") == 1)).sum(),
        f"holds_{i}": (now & pl.col("held")).sum(),
    }
    if i in trial.changed:
        counted |= {f"freed_{i}": (was & pl.col("to_kept")).sum(), f"caught_{i}": (now & pl.col("to_rejected")).sum()}
    return counted


def _check_verdicts(measured: Measured, rows: Sequence[Counts]) -> None:
    """The run's verdicts must follow from its metrics, or nothing said about other bounds would be true."""
    astray = sum(row["astray"] for row in rows)
    if astray:
        raise PlanError(
            f"{astray:,} verdicts of stage {measured.stage_id!r} in {measured.run.path} do not follow from its metrics"
            " and bounds, so nothing can be said about others\n"
            "  was it made with another version of corpus-kit? run again with this one"
        )


def _added(rows: Iterable[Counts]) -> Counts:
    whole: Counts = {}
    for row in rows:
        for name, value in row.items():
            if name not in ("source", "lang"):
                whole[name] = whole.get(name, 0) + value
    return whole


def _by(rows: Sequence[Counts], name: str) -> list[Counts]:
    """Counts by source or by language, those where most flips first."""
    values = list(dict.fromkeys(row[name] for row in rows))
    found = []
    for value in values:
        part = _added(row for row in rows if row[name] == value)
        counts = {key: part[key] for key in ("judged", "kept", "kept_now")}
        found.append(
            {name: value, **counts, "to_kept": _flip(part, "to_kept"), "to_rejected": _flip(part, "to_rejected")}
        )
    return sorted(found, key=lambda one: -(one["to_kept"]["documents"] + one["to_rejected"]["documents"]))


def _flip(counts: Counts, name: str) -> dict[str, int]:
    return {"documents": counts[name], "bytes": counts[f"{name}_bytes"]}


def _of_rule(trial: Trial, i: int, whole: Counts) -> Counts:
    """What a rule does, then and now; `alone`: it is the only one that the document fails."""
    return {
        "rule": trial.codes[i],
        "changed": i in trial.changed,
        "was": bounds_of(trial.measured, trial.was[i]),
        "now": bounds_of(trial.measured, trial.now[i]),
        "failing": whole[f"failed_{i}"],
        "failing_now": whole[f"fails_{i}"],
        "alone": whole[f"alone_{i}"],
        "alone_now": whole[f"alone_now_{i}"],
        "to_kept": whole.get(f"freed_{i}", 0),
        "to_rejected": whole.get(f"caught_{i}", 0),
    }


def _held(trial: Trial, whole: Counts) -> Counts:
    """Documents that a changed rule lets pass now, and that stay rejected because others fail."""
    by_rule = {code: many for i, code in enumerate(trial.codes) if (many := whole[f"holds_{i}"])}
    return {
        **_flip(whole, "held"),
        "by_number": {str(n): whole[f"held_{n}"] for n in range(1, MOST_FAILING + 1) if whole[f"held_{n}"]},
        "by_rule": dict(sorted(by_rule.items(), key=lambda item: (-item[1], item[0]))),
    }
