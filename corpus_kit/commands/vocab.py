"""`vocab`: the most frequent words of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from corpus_kit.commands.pull import Amount
from corpus_kit.commands.talk import json_option, prints, reports_errors


@click.command()
@click.argument("run_dir", metavar="RUN")
@click.option("--top", type=Amount(), default=30_000, show_default="30000", help="Words to list.")
@click.option("--output", required=True, type=click.Path(dir_okay=False), metavar="FILE", help="Vocabulary of ELMo.")
@click.option("--counts", type=click.Path(dir_okay=False), metavar="FILE", help="Words and counts, separated by tabs.")
@click.option(
    "--words",
    type=click.Choice(["whitespace", "unicode"]),
    default="whitespace",
    show_default=True,
    help="What a word is.",
)
@click.option("--lower", is_flag=True, help="Count capital letters as small ones.")
@click.option(
    "--by", metavar="COLUMNS", help="A list for each group of these columns, such as lang: vocab.dan_Latn.txt."
)
@click.option("--mix", metavar="FILE|once", help="mix.json; or every document once. Default: the weights of the run.")
@click.option("--split", metavar="NAME|all", help="Split to count. Default, if the run has splits: train.")
@click.option("--seed", type=int, default=1, show_default=True, help="Of the copies, if a weight is no whole number.")
@json_option
@reports_errors
def vocab(
    run_dir: str,
    top: int,
    output: str,
    counts: str | None,
    words: Literal["whitespace", "unicode"],
    lower: bool,
    by: str | None,
    mix: str | None,
    split: str | None,
    seed: int,
    as_json: bool,
) -> None:
    """Write the most frequent words of RUN, one a line, after <S>, </S> and <UNK>: the vocabulary of ELMo.

    Counted exactly, over the documents of the first round of a pull: of a mix or the weights of the run, each document
    as often as it comes there. Ties are broken by code points.
    """
    from corpus_kit.vocabulary.frequencies import word_frequencies
    from corpus_kit.vocabulary.frequency_files import as_json as plain
    from corpus_kit.vocabulary.frequency_files import frequency_lines, write_counts, write_vocabularies

    target = Path(output)
    target.parent.mkdir(parents=True, exist_ok=True)
    found = word_frequencies(
        run_dir,
        top=top,
        words=words,
        lower=lower,
        by=tuple(name.strip() for name in by.split(",")) if by else (),
        mix=mix,
        split=split,
        seed=seed,
        scratch=target.parent,
    )
    paths = write_vocabularies(target, found)
    lines = frequency_lines(found, paths)
    if counts is not None:
        write_counts(Path(counts), found)
        lines.append(f"counts in {counts}")
    prints(plain(found, paths), lines, as_json)
