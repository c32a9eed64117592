"""What a question about a run may name: stages, reason codes, sources, languages. Misspellings get a suggestion."""

from __future__ import annotations

from collections.abc import Iterable

from corpus_kit.errors import CorpusKitError, PlanError, suggest
from corpus_kit.ledger import READ
from corpus_kit.opened import Run
from corpus_kit.sources import REJECT_CODES


def check_choices(
    run: Run,
    *,
    stage: str | None = None,
    code: str | None = None,
    source: str | None = None,
    language: str | None = None,
) -> None:
    """Makes sure that a run can have what is asked for. Raises PlanError naming the nearest thing it has."""
    if stage is not None:
        _check(run, "stage", stage, [READ, *(one.id for one in run.plan.stages)])
    if source is not None:
        _check(run, "source", source, run.plan.sources)
    if language is not None:
        _check(run, "language", language, {cell.lang for cell in run.tally.documents if cell.lang})
    if code is not None:
        _check(run, "reason", code, codes_of(run))


def codes_of(run: Run) -> set[str]:
    """Every reason a run can have given: those its stages declare, and those it counted."""
    known = set(REJECT_CODES) | {failure.code for failure in run.tally.failing}
    for planned in run.plan.stages:
        try:
            known |= set(run.plan.build(planned.id).all_codes())
        except (CorpusKitError, ValueError):  # a plug-in or a data file that is not here; what was counted remains
            continue
    return known


def _check(run: Run, kind: str, name: str, known: Iterable[str]) -> None:
    if name not in (names := set(known)):
        raise PlanError(f"{run.path} has no {kind} {name!r}; {suggest(name, names)}")
