"""`tune`: what a finished run would have kept at other bounds."""

from __future__ import annotations

import click

import corpus_kit
from corpus_kit.commands.talk import json_option, prints, reports_errors


@click.command()
@click.argument("run_dir", metavar="RUN")
@click.option(
    "--rule",
    "rules",
    multiple=True,
    metavar="CODE=BOUNDS",
    help="Bounds to try: LOW:HIGH, LOW:, :HIGH, or null for off. Repeatable. Without: what each rule does.",
)
@click.option("--stage", metavar="ID", help="Filter stage, if the run has several.")
@click.option("--source", metavar="NAME", help="Only documents of this source.")
@click.option("--language", metavar="LABEL", help="Only documents in this language (dan_Latn).")
@click.option("--examples", default=3, show_default=True, type=click.IntRange(min=0), help="Examples of each kind.")
@json_option
@reports_errors
def tune(
    run_dir: str,
    rules: tuple[str, ...],
    stage: str | None,
    source: str | None,
    language: str | None,
    examples: int,
    as_json: bool,
) -> None:
    """Try other bounds on RUN, in seconds, from the metrics it stored: what would be kept, and what rejected."""
    from corpus_kit.tune import parse_changes
    from corpus_kit.tune import tune as tried
    from corpus_kit.tune.lines import sweep_lines, tune_lines
    from corpus_kit.tune.sweep import sweep

    run = corpus_kit.Run(run_dir)
    if not rules:
        found = sweep(run, stage=stage, source=source, language=language)
        return prints(found, sweep_lines(found), as_json)
    changes = parse_changes(rules)
    found = tried(run, changes, stage=stage, source=source, language=language, examples=examples)
    return prints(found, tune_lines(found), as_json)
