"""`classifier train`: a model that tells good documents from bad ones."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from corpus_kit.commands.talk import json_option, prints, reports_errors


@click.group()
def classifier() -> None:
    """Train a classifier for the stage of that name."""


@classifier.command()
@click.option("--good", multiple=True, required=True, metavar="PATH", help="Examples to keep. Repeatable.")
@click.option("--bad", multiple=True, required=True, metavar="PATH", help="Examples to reject. Repeatable.")
@click.option(
    "--output", required=True, type=click.Path(), metavar="MODEL", help="Model to write; its card ends in .md."
)
@click.option(
    "--language", "languages", multiple=True, metavar="LABEL", help="Only examples identified as dan_Latn. Repeatable."
)
@click.option("--text-field", metavar="NAME", help="Field or column that holds the text, if no card says so.")
@json_option
@reports_errors
def train(
    good: tuple[str, ...],
    bad: tuple[str, ...],
    output: str,
    languages: tuple[str, ...],
    text_field: str | None,
    as_json: bool,
) -> None:
    """Train on files or folders (JSONL, Parquet, plain text) of good and of bad examples; a tenth is held out."""
    from corpus_kit.classifier import train as train_on
    from corpus_kit.classifier.card import lines

    trained = train_on(good, bad, Path(output), languages=languages, text_field=text_field)
    found = {"model": str(trained.path), "sha256": trained.digest, **asdict(trained.measures)}
    prints(found, lines(trained), as_json)
