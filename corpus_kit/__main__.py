"""`python -m corpus_kit` is `corpus-kit`."""

from corpus_kit.cli import main

main(prog_name="corpus-kit")
