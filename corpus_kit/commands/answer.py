"""`check`, `explain`, `why` and `inspect`: questions about a rule, a page, a document, a run."""

from __future__ import annotations

from pathlib import Path

import click

import corpus_kit
from corpus_kit.commands.talk import json_option, prints, reports_errors

recipe_option = click.option("--recipe", metavar="RECIPE", help="A recipe file, or the name of a shipped one.")
plugin_option = click.option(
    "--plugin", type=click.Path(), metavar="FILE", help="Python file with stages or metrics of your own."
)


def _recipe(recipe: str | None, plugin: str | None) -> corpus_kit.Recipe | None:
    """The recipe that was named, once its plug-in is loaded."""
    from corpus_kit.plugin import load_plugin
    from corpus_kit.resources import find

    if plugin is not None:
        load_plugin(str(Path(plugin).resolve()))
    if recipe is None:
        return None
    return corpus_kit.load_recipe(Path(recipe) if Path(recipe).is_file() else find("pipelines", recipe))


@click.command()
@click.argument("file", type=click.Path())
@click.option(
    "--ruleset", "rulesets", multiple=True, default=("gopher",), show_default=True, help="Ruleset. Repeatable."
)
@click.option(
    "--language", "lang", metavar="LABEL", help="Judge as this language (dan_Latn) instead of identifying it."
)
@click.option("--category", metavar="NAME", help="Judge as a document of this category (books, code, ...).")
@recipe_option
@click.option("--stage", metavar="ID", help="Judge by this stage of the recipe, whatever earlier ones say.")
@click.option("--all", "every", is_flag=True, help="Every ruleset, line ruleset and metric that ships.")
@plugin_option
@json_option
@click.pass_context
@reports_errors
def check(
    context: click.Context,
    file: str,
    rulesets: tuple[str, ...],
    lang: str | None,
    category: str | None,
    recipe: str | None,
    stage: str | None,
    every: bool,
    plugin: str | None,
    as_json: bool,
) -> None:
    """Measure one page or text FILE: every metric, its bounds and verdict.

    By a ruleset, or by all stages of a recipe with its own bounds.
    """
    from corpus_kit.check import check as examine
    from corpus_kit.check_lines import check_lines

    chosen = context.get_parameter_source("rulesets") is not click.core.ParameterSource.DEFAULT
    if recipe is not None and (chosen or every):
        raise click.UsageError("a recipe has its own rulesets: leave out --ruleset and --all")
    if recipe is None and stage is not None:
        raise click.UsageError("--stage is a stage of a --recipe")
    loaded = _recipe(recipe, plugin)
    found = examine(
        Path(file), rulesets=rulesets, lang=lang, category=category, recipe=loaded, stage=stage, every=every
    )
    prints(found, check_lines(found), as_json)


@click.command()
@click.argument("name", required=False)
@recipe_option
@plugin_option
@click.option("--all", "every", is_flag=True, help="Print the whole catalogue as a page of Markdown.")
@reports_errors
def explain(name: str | None, recipe: str | None, plugin: str | None, every: bool) -> None:
    """Explain a reason code, rule, metric, stage, option, column, recipe key, ruleset or language.

    Also the id of a stage in a recipe, and what a plug-in adds.
    """
    from corpus_kit.catalogue import explain as explained

    if (name is None) is not every:
        raise click.UsageError("give a NAME, or --all")
    loaded = _recipe(recipe, plugin)
    if name is None:
        from corpus_kit.catalogue.markdown import catalogue_page

        return click.echo(catalogue_page(), nl=False)
    return click.echo(explained(name, loaded))


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
@click.option("--language", metavar="LABEL", help="Only documents in this language (dan_Latn).")
@click.option("--size", default=2, show_default=True, type=click.IntRange(min=1), help="Documents of each group.")
@json_option
@reports_errors
def inspect(
    run_dir: str,
    stage: str | None,
    code: str | None,
    source: str | None,
    language: str | None,
    size: int,
    as_json: bool,
) -> None:
    """Show samples of kept and rejected documents of RUN, by stage and reason."""
    from corpus_kit.choices import check_choices
    from corpus_kit.samples import sample, sample_lines

    run = corpus_kit.Run(run_dir)
    check_choices(run, stage=stage, code=code, source=source, language=language)
    rows = sample(run, size=size, stage=stage, code=code, source=source, language=language)
    prints(rows, sample_lines(rows), as_json)
