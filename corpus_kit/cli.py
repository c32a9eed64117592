"""The command line: arguments, printing and exit codes; no logic. stdout is data, stderr is talk."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import Any

import click

import corpus_kit
from corpus_kit.errors import CorpusKitError


def reports_errors(command: Callable[..., None]) -> Callable[..., None]:
    """Turns our errors into one message and an exit code: 1 the run failed, 2 the user can mend it."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except CorpusKitError as error:
            click.echo(f"error: {error}", err=True)
            sys.exit(error.exit_code)
        except OSError as error:
            if isinstance(error, BrokenPipeError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
                sys.exit(0)
            where = f": {error.filename}" if error.filename else ""
            click.echo(f"error: {error.strerror or error}{where}", err=True)
            sys.exit(2)
        except KeyboardInterrupt:
            click.echo("\ninterrupted; run the same command again to resume", err=True)
            sys.exit(130)

    return run


def prints(data: Any, lines: Sequence[str], as_json: bool) -> None:
    """Prints the lines, or the data as JSON."""
    click.echo(json.dumps(data, ensure_ascii=False, indent=1, default=str) if as_json else "\n".join(lines))


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")


def input_options(command: Callable[..., None]) -> Callable[..., None]:
    """The options that say what to read, shared by `run` and `plan`."""
    options = [
        click.option(
            "--input",
            "inputs",
            multiple=True,
            metavar="[SOURCE=]PATH|@LIST",
            help="A file or folder, bound to the source of its card; or a list file with one a line. Repeatable.",
        ),
        click.option(
            "--sources", type=click.Path(), metavar="FILE", help="YAML file that binds sources to paths and cards."
        ),
        click.option(
            "--no-card", multiple=True, metavar="SOURCE", help="Try a source without a card; the datasheet will say so."
        ),
        click.option("--limit", type=int, metavar="N", help="Read at most N documents, spread over the files."),
        click.option("--sample", type=float, metavar="SHARE", help="Read a share of the documents, chosen by hash."),
        click.option(
            "--plugin", type=click.Path(), metavar="FILE", help="Python file with stages or metrics of your own."
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.version_option(corpus_kit.__version__, prog_name="corpus-kit")
def main() -> None:
    """Turns raw sources into a documented, deduplicated, weighted training corpus."""


@main.command()
@click.argument("recipe")
@input_options
@click.option("--output", required=True, type=click.Path(), metavar="RUN", help="Run directory to make or resume.")
@click.option("--workers", type=click.IntRange(min=1), help="Worker processes; 1 needs no Ray. Default: all cores.")
@click.option("--ray-address", metavar="A", help="Run on this Ray cluster instead of a local one.")
@click.option("--overwrite", is_flag=True, help="Discard what RUN holds if it is another run.")
@json_option
@reports_errors
def run(
    recipe: str,
    inputs: tuple[str, ...],
    sources: str | None,
    no_card: tuple[str, ...],
    output: str,
    workers: int | None,
    ray_address: str | None,
    overwrite: bool,
    as_json: bool,
    **choices: Any,
) -> None:
    """Run a RECIPE (a file, or the name of a shipped one), or resume a run that was cut off."""
    from corpus_kit.ledger import read_manifest
    from corpus_kit.progress import Reporter

    started = time.monotonic()
    before = read_manifest(Path(output))
    loaded, bound = _load(recipe, inputs, sources, no_card, choices["plugin"])
    done = corpus_kit.run(
        loaded,
        bound,
        output,
        workers=workers,
        ray_address=ray_address,
        overwrite=overwrite,
        progress=Reporter(),
        **choices,
    )
    from corpus_kit.summary import summary, summary_lines

    found = summary(done, None if before == read_manifest(done.path) else time.monotonic() - started)
    prints(found, summary_lines(done, found), as_json)


def _load(recipe: str, inputs: Sequence[str], sources: str | None, no_card: Sequence[str], plugin: str | None) -> Any:
    from corpus_kit.plugin import load_plugin
    from corpus_kit.resources import find

    if plugin is not None:
        load_plugin(str(Path(plugin).resolve()))
    path = Path(recipe) if Path(recipe).is_file() else find("pipelines", recipe)
    loaded = corpus_kit.load_recipe(path)
    return loaded, corpus_kit.resolve_inputs(inputs, sources_file=sources, no_card=no_card)


@main.command()
@click.argument("recipe")
@input_options
@json_option
@reports_errors
def plan(
    recipe: str,
    inputs: tuple[str, ...],
    sources: str | None,
    no_card: tuple[str, ...],
    as_json: bool,
    **choices: Any,
) -> None:
    """Check a RECIPE against its inputs and print phases, columns, fingerprints and the origin of every number."""
    from corpus_kit.show import plan_lines

    loaded, bound = _load(recipe, inputs, sources, no_card, choices["plugin"])
    planned = corpus_kit.plan(loaded, bound, **choices)
    prints(planned.model_dump(mode="json"), plan_lines(planned), as_json)


@main.command()
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


@main.command()
@click.argument("name")
@reports_errors
def explain(name: str) -> None:
    """Explain a reason code, rule, metric, stage, column, ruleset or language."""
    from corpus_kit.catalogue import explain as explained

    click.echo(explained(name))


@main.command()
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


@main.command()
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


@main.command()
@click.argument("run_dir", metavar="RUN")
@json_option
@reports_errors
def status(run_dir: str, as_json: bool) -> None:
    """Show how far RUN is, and its waterfall so far."""
    from corpus_kit.summary import status as status_of
    from corpus_kit.summary import status_lines

    opened = corpus_kit.Run(run_dir)
    found = status_of(opened)
    prints(found, status_lines(opened, found), as_json)


if __name__ == "__main__":
    main()
