"""`check`, `explain`, `why` and `inspect`: questions about a rule, a page, a document, a run."""

from __future__ import annotations

from pathlib import Path

import click

import corpus_kit
from corpus_kit.commands.talk import json_option, prints, reports_errors


@click.command()
@click.argument("file", type=click.Path())
@click.option(
    "--ruleset", "rulesets", multiple=True, default=("gopher",), show_default=True, help="Ruleset. Repeatable."
)
@click.option(
    "--language", "lang", metavar="LABEL", help="Judge as this language (dan_Latn) instead of identifying it."
)
@json_option
@reports_errors
def check(file: str, rulesets: tuple[str, ...], lang: str | None, as_json: bool) -> None:
    """Measure one page or text FILE: every metric, its bounds and verdict."""
    from corpus_kit.check import check as examine
    from corpus_kit.check import check_lines

    found = examine(Path(file), rulesets=rulesets, lang=lang)
    prints(found, check_lines(found), as_json)


@click.command()
@click.argument("name")
@reports_errors
def explain(name: str) -> None:
    """Explain a reason code, rule, metric, stage, column, ruleset or language."""
    from corpus_kit.catalogue import explain as explained

    click.echo(explained(name))


@click.command()
@click.argument("run_dir", metavar="RUN")
@click.argument("id")
@json_option
@reports_errors
def why(run_dir: str, id: str, as_json: bool) -> None:
    """Tell why document ID was kept or rejected in RUN."""
    from corpus_kit.why import story_lines
    from corpus_kit.why import why as story_of

    story = story_of(corpus_kit.Run(run_dir), id)
    prints(story, story_lines(story), as_json)


@click.command()
@click.argument("run_dir", metavar="RUN")
@click.option("--stage", help="Only what this stage rejected.")
@click.option("--code", help="Only documents rejected for this reason.")
@click.option("--source", help="Only documents of this source.")
@click.option("--size", default=2, show_default=True, type=click.IntRange(min=1), help="Documents of each group.")
@json_option
@reports_errors
def inspect(run_dir: str, stage: str | None, code: str | None, source: str | None, size: int, as_json: bool) -> None:
    """Show samples of kept and rejected documents of RUN, by stage and reason."""
    from corpus_kit.samples import sample, sample_lines

    rows = sample(corpus_kit.Run(run_dir), size=size, stage=stage, code=code, source=source)
    prints(rows, sample_lines(rows), as_json)
