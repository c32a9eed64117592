"""Runs a recipe over inputs into a directory: the one call behind `corpus-kit run`."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from corpus_kit.claim import check_files, claim_output, refuse_foreign, write_plan
from corpus_kit.closing import document_again
from corpus_kit.commit import RunLock, clear_staging, write_text
from corpus_kit.driver import Driver, Progress
from corpus_kit.execute import TASK_SECONDS, check_ray, executor
from corpus_kit.inputs import Input
from corpus_kit.ledger import read_manifest
from corpus_kit.opened import Run
from corpus_kit.planner import plan
from corpus_kit.plugin import load_plugin
from corpus_kit.recipe import Recipe
from corpus_kit.saving import save_held
from corpus_kit.tasks import Settings


def run(
    recipe: Recipe,
    inputs: Sequence[Input],
    output: str | Path,
    *,
    workers: int | None = None,
    ray_address: str | None = None,
    limit: int | None = None,
    sample: float | None = None,
    plugin: str | Path | None = None,
    against: Sequence[str | Path] | None = None,
    overwrite: bool = False,
    settings: Settings = Settings(),  # noqa: B008  immutable
    task_seconds: float = TASK_SECONDS,
    progress: Callable[[Progress], None] | None = None,
) -> Run:
    """Runs a recipe into `output` and opens the result; resumes a run that was cut off.

    Raises RecipeError, PlanError or MissingExtra before the first document is read, LedgerError if `output` holds
    another run (unless `overwrite`), RunFailed if shards failed.
    """
    workers = workers or os.cpu_count() or 1
    if plugin is not None:
        plugin = Path(plugin).resolve()
        load_plugin(str(plugin))
    planned = plan(recipe, inputs, limit=limit, sample=sample, plugin=plugin, against=against)
    if workers > 1 or ray_address is not None:
        check_ray()
    path = Path(output).resolve()
    refuse_foreign(path, inputs)
    lock = RunLock(path)
    lock.acquire()
    try:
        claim_output(path, planned, overwrite=overwrite)
        manifest = read_manifest(path)
        if manifest is None:
            write_plan(path, planned)
            write_text(path / "recipe.yaml", recipe.to_yaml(defaults=True))
            clear_staging(path)
            with executor(
                str(path),
                planned.fingerprint,
                settings,
                workers=workers,
                ray_address=ray_address,
                task_seconds=task_seconds,
            ) as pool:
                try:
                    Driver(path, planned, pool, progress).run()
                except BaseException:
                    save_held(path, planned.partitions)
                    raise
        else:
            check_files(path, manifest)
            if Run(path).plan != planned:  # a card or a description was edited: nothing to compute, all to document
                write_plan(path, planned)
                document_again(path, planned, manifest)
        shutil.rmtree(path / "work", ignore_errors=True)
        clear_staging(path)
    finally:
        lock.release()
    return Run(path)
