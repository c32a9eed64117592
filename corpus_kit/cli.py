"""The command line: one group, and the commands of `corpus_kit.commands` in the order of `--help`."""

from __future__ import annotations

import click

import corpus_kit
from corpus_kit.commands import (
    answer,
    classifier,
    export,
    identify,
    lid,
    lookup,
    mix,
    pull,
    run,
    tokenizer,
    tune,
    vocab,
)

COMMANDS: tuple[click.Command, ...] = (
    run.run,
    run.plan,
    run.status,
    answer.check,
    identify.identify,
    answer.explain,
    answer.why,
    answer.inspect,
    lookup.lookup,
    tune.tune,
    mix.mix,
    pull.pull,
    export.export,
    classifier.classifier,
    lid.lid,
    tokenizer.tokenizer,
    vocab.vocab,
)
"""Every command, in the order people need them."""


class InOrder(click.Group):
    """A group that lists its commands in the order they were added."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names, as added."""
        return list(self.commands)


@click.group(cls=InOrder, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.version_option(corpus_kit.__version__, prog_name="corpus-kit")
def main() -> None:
    """Turns raw sources into a documented, deduplicated, weighted training corpus."""


for command in COMMANDS:
    main.add_command(command)

if __name__ == "__main__":
    main()
