"""`--against RUN`: whether finished runs can be compared with what a recipe is to do, found out before it begins."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from corpus_kit.errors import PlanError, suggest
from corpus_kit.identity import canonical_digest
from corpus_kit.index.files import Index, finished_manifest, indexed_stages, local_run
from corpus_kit.index.settings import IndexSettings
from corpus_kit.plan import Earlier
from corpus_kit.recipe import Recipe
from corpus_kit.stages.against import Incremental, decided_by, signed_by

MOST_RUNS = 1 << 7
"""Runs whose rows can be told apart."""


def resolve_against(recipe: Recipe, paths: Sequence[str | Path] | None) -> tuple[Earlier, ...]:
    """The runs that stages of the recipe compare with; none given is not the same as not given.

    Raises PlanError, with file and line where the recipe is to be changed.
    """
    stages = [(one, stage) for one, stage in recipe.named_stages() if isinstance(stage, Incremental) and stage.against]
    if paths is None:
        for stage_id, stage in stages:
            raise PlanError(
                f"{_place(recipe, stage_id)}stage {stage_id!r} is compared with earlier runs "
                f"(against: {stage.against}); give --against RUN, or --against none where there is no earlier one"
            )
        return ()
    if not paths:
        return ()
    if not stages:
        raise PlanError(
            f"no stage of the recipe looks at earlier runs, but --against {paths[0]} is given; "
            "write `against: frozen` into a dedup stage"
        )
    _check_policies(recipe, stages, len(paths))
    return _consistent([_earlier(recipe, stages, local_run(path).resolve()) for path in paths])


def _check_policies(recipe: Recipe, stages: Sequence[tuple[str, Incremental]], runs: int) -> None:
    (first, stage), *others = stages
    for other, one in others:
        if one.against != stage.against:
            raise PlanError(
                f"{_place(recipe, other)}stage {other!r} has `against: {one.against}`, {first!r} has "
                f"`against: {stage.against}`; one run has one policy"
            )
    if stage.against == "frozen":
        if runs > MOST_RUNS:
            raise PlanError(f"--against is given {runs} times; at most {MOST_RUNS} runs can be compared with")
        return
    if runs > 1:
        raise PlanError(
            f"{_place(recipe, first)}`against: recompute` takes one run, {runs} are given; "
            "make a full run, or use `against: frozen`"
        )
    for (stage_id, one), (after, _) in itertools.pairwise(stages):
        if one.name == "dedup" and getattr(one, "method", "") == "minhash":
            raise PlanError(
                f"{_place(recipe, after)}with `against: recompute`, stage {stage_id!r} may bring back documents that "
                f"{after!r} after it never saw; put {stage_id!r} last of the two"
            )


def _earlier(recipe: Recipe, stages: Sequence[tuple[str, Incremental]], path: Path) -> tuple[Earlier, Index]:
    manifest = finished_manifest(path)
    found = indexed_stages(manifest)
    indexes = []
    for stage_id, stage in stages:
        if stage_id not in found:
            have = f"it has those of {', '.join(found)}; {suggest(stage_id, found)}" if found else "it has none"
            raise PlanError(
                f"{_place(recipe, stage_id)}--against {path}: that run has no index of a stage {stage_id!r} ({have}); "
                "make it with `index: true` in that stage"
            )
        index = Index(path, stage_id, manifest)
        _check_alike(recipe, stage_id, stage, index)
        indexes.append(index)
    _check_files(path, manifest)
    files = {stage_id: _digest(manifest, stage_id) for stage_id, _ in stages}
    earlier = Earlier(
        path=str(path), fingerprint=manifest["fingerprint"], indexes=files, sources=indexes[0].settings.sources
    )
    return earlier, indexes[0]


def _check_alike(recipe: Recipe, stage_id: str, stage: Incremental, index: Index) -> None:
    """Refuses what would compare documents that were made comparable in different ways."""
    settings = index.settings
    ours = signed_by(stage) | {
        "threshold": getattr(stage, "threshold", None),
        "measure": getattr(stage, "measure", None),
    }
    theirs = settings.signing | {key: settings.deciding.get(key) for key in ("threshold", "measure")}
    if stage.against == "recompute":
        ours, theirs = ours | decided_by(stage), theirs | settings.deciding
    for key, value in ours.items():
        if theirs.get(key) != value:
            place = _place(recipe, stage_id)
            what = "is version" if key == "version" else f"has {key}"
            raise PlanError(
                f"{place}stage {stage_id!r} {what} {_shown(value)}, but the index of {index.run} was made with "
                f"{_shown(theirs.get(key))}; their documents cannot be compared"
            )
    if settings.method != "minhash":
        return
    if settings.changed_later is not None:
        raise PlanError(
            f"--against {index.run}: its stage {settings.changed_later!r} changed texts after {stage_id!r} had "
            "compared them, so what it kept is not what was compared; put deduplication after it and run again"
        )
    if stage.against == "recompute" and settings.reject_text != "all":
        raise PlanError(
            f"{_place(recipe, stage_id)}--against {index.run}: that run kept the texts of "
            f"{'no' if settings.reject_text == 'none' else 'a sample of its'} rejected documents, and `recompute` has "
            "to look at them again; run it with `reject_text: all`, or use `against: frozen`"
        )


def _consistent(found: Sequence[tuple[Earlier, Index]]) -> tuple[Earlier, ...]:
    """Refuses runs that do not know of each other: two of their documents may be duplicates, and both are to stay."""
    given = {earlier.fingerprint: earlier for earlier, _ in found}
    if len(given) < len(found):
        raise PlanError("--against is given the same run twice")
    settings: dict[str, IndexSettings] = {earlier.fingerprint: index.settings for earlier, index in found}
    for earlier, index in found:
        if index.settings.policy == "recompute":
            raise PlanError(
                f"--against {earlier.path}: that run superseded documents of a third one (against: recompute); "
                "make one full run of both, and compare with that"
            )
        if set(index.settings.against) - set(given):
            raise PlanError(
                f"--against {earlier.path}: that run was itself compared with another; give that --against, too"
            )
    for (one, _), (other, _) in itertools.combinations(found, 2):
        a, b = one.fingerprint, other.fingerprint
        if a not in settings[b].against and b not in settings[a].against:
            raise PlanError(
                f"--against {one.path} and {other.path}: neither was compared with the other, so both may hold the "
                "same document; run one of them against the other"
            )
    return tuple(earlier for earlier, _ in found)


def order_of(recipe: Recipe, earlier: Sequence[Earlier], sources: Sequence[str]) -> tuple[str, ...]:
    """Sources of this run and of the earlier one in order of priority, where survivors are chosen among both."""
    stages = [stage for stage in recipe.stages if isinstance(stage, Incremental) and stage.against == "recompute"]
    if not earlier or not stages:
        return ()
    [one] = earlier
    both = sorted(set(one.sources) & set(sources))
    if both:
        raise PlanError(
            f"source {both[0]!r} is in {one.path}, too; `against: recompute` cannot tell which of its documents comes "
            "first: give the new part a source of its own, or use `against: frozen`"
        )
    order = tuple(recipe.sources or sorted([*one.sources, *sources]))
    missing = sorted(set(one.sources) - set(order))
    if missing:
        raise PlanError(
            f"source {missing[0]!r} of {one.path} is not among the `sources` of the recipe, so it has no priority; "
            "add it where it belongs"
        )
    if [name for name in order if name in one.sources] != list(one.sources):
        raise PlanError(
            f"the sources of {one.path} had another order of priority ({', '.join(one.sources)}); give `sources` of "
            "the recipe in that order"
        )
    return order


def _check_files(path: Path, manifest: dict[str, Any]) -> None:
    for file in manifest["files"]:
        if not file["kind"].startswith(("index", "data", "rejects")):
            continue
        try:
            size = (path / file["path"]).stat().st_size
        except OSError:
            size = None
        if size != file["bytes"]:
            state = "missing" if size is None else "not as it was"
            raise PlanError(f"--against {path}: its {file['path']} is {state}; bring it back, or make the run again")


def _place(recipe: Recipe, stage_id: str) -> str:
    """What a message about a stage begins with: `file:line: `, if the recipe was read from a file."""
    at = [one for one, _ in recipe.named_stages()].index(stage_id)
    return f"{recipe.places[at]}: " if recipe.places else ""


def _digest(manifest: dict[str, Any], stage_id: str) -> str:
    kinds = (f"index/{stage_id}/", f"index-settings/{stage_id}")
    return canonical_digest([[f["path"], f["sha256"]] for f in manifest["files"] if f["kind"].startswith(kinds)])


def _shown(value: Any) -> str:
    return "nothing" if value is None else ", ".join(map(str, value)) or "()" if isinstance(value, list) else str(value)
