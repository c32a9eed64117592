"""`identify`: the language of files, records or lines."""

from __future__ import annotations

import click

from corpus_kit.commands.talk import json_option, reports_errors


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(allow_dash=True))
@click.option("--model", metavar="PATH|auto", help="Another fastText model; auto: a wide one and the one that ships.")
@click.option("--wide", metavar="PATH", help="The wide model of '--model auto': lid.176, GlotLID, OpenLID.")
@click.option("--paragraphs", is_flag=True, help="Also the share of each language, by paragraphs.")
@click.option("--lines", "by_line", is_flag=True, help="Label each line, tab-separated, as lines come in.")
@click.option("--top", metavar="K", type=click.IntRange(min=1), help="Also the K best labels.")
@click.option("--text-field", default="text", show_default=True, help="Field of JSONL records that holds the text.")
@json_option
@reports_errors
def identify(
    files: tuple[str, ...],
    model: str | None,
    wide: str | None,
    paragraphs: bool,
    by_line: bool,
    top: int | None,
    text_field: str,
    as_json: bool,
) -> None:
    """Tell the language of text files, of the records of JSONL files (field text), or of lines; - is standard input.

    Prints label, score, runner-up and margin. With --json one object a line.
    """
    from corpus_kit import labeling

    if paragraphs and by_line:
        raise click.UsageError("--paragraphs and --lines exclude each other: a line has no paragraphs")
    stage = labeling.stage_for(model=model, wide=wide, paragraphs=paragraphs)
    if not (by_line or as_json):
        click.echo(labeling.HEADER)
    for file in files:
        if by_line:
            groups = labeling.told_lines(stage, file, top=top)
        else:
            groups = labeling.told(stage, file, top=top, field=text_field)
        for group in groups:
            if as_json:
                lines = [labeling.json_line(one) for one in group]
            elif by_line:
                lines = [labeling.line_line(one) for one in group]
            else:
                lines = [line for one in group for line in labeling.text_lines(one)]
            click.echo("\n".join(lines))
