"""Says which share of real documents each bound of a ruleset rejects, and how what it measures is distributed.

    python tests/measure_bounds.py nno_Latn nn.jsonl.zst --ruleset fineweb2 --try fineweb2.top_2gram_char_fraction=:0.2

Lines of the file are JSON objects with a `text`. The shares in the files of `filters/languages/` were found with it,
on documents of 50 words or more. Nothing but numbers is printed.
"""

from __future__ import annotations

import argparse
import io
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from corpus_kit.language import profile_for
from corpus_kit.metrics import measure
from corpus_kit.rules import verdicts
from corpus_kit.rulesets import parse_bounds
from corpus_kit.stages.filter import Filter

QUANTILES = (0.01, 0.05, 0.5, 0.95, 0.99)


def texts(path: Path, *, every: int, least_words: int, most_characters: int) -> Iterator[str]:
    """Every so manieth text of a file that is neither too short to say anything nor too long to wait for."""
    with pa.input_stream(str(path)) as stream:
        for number, line in enumerate(io.TextIOWrapper(stream, "utf-8")):
            text = json.loads(line)["text"] if number % every == 0 else ""
            if len(text) <= most_characters and len(text.split()) >= least_words:
                yield text


def main() -> None:
    """Prints one line a rule."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("label", help="language label, as in dan_Latn")
    parser.add_argument("file", type=Path, nargs="+")
    parser.add_argument("--ruleset", action="append", required=True)
    parser.add_argument("--try", action="append", default=[], dest="tries", metavar="RULE=LOW:HIGH")
    parser.add_argument("--words", default="whitespace", choices=["whitespace", "unicode"])
    parser.add_argument("--every", type=int, default=1, help="take only every so manieth document")
    parser.add_argument("--least-words", type=int, default=50)
    parser.add_argument("--most-characters", type=int, default=1_000_000)
    args = parser.parse_args()
    override = {rule: parse_bounds(bounds) for rule, _, bounds in (one.partition("=") for one in args.tries)}
    judge = Filter(rulesets=tuple(args.ruleset), override=override)
    chosen = {"every": args.every, "least_words": args.least_words, "most_characters": args.most_characters}
    column = pa.array((text for path in args.file for text in texts(path, **chosen)), pa.large_string())
    rules = [rule for rule in judge.rules_for(args.label) if rule.is_on]
    names = dict.fromkeys(name for rule in rules for name in rule.metrics)
    lists, which = [profile_for(args.label).lists], np.zeros(len(column), np.int64)
    measured = measure(names, column, lists, which, words=args.words)
    print(f"{len(column)} documents of {args.label}; rejected by any rule: {_share(verdicts(rules, measured), column)}")
    print(f"{'rejected':>8}  {'rule':44}{'keeps':52}{'  '.join(f'{q:>7.0%}' for q in QUANTILES)}")
    for rule in rules:
        share = _share(verdicts([rule], measured), column)
        for condition in rule.conditions:
            spread = np.quantile(measured[condition.metric], QUANTILES)
            numbers = "  ".join(f"{number:>7.4g}" for number in spread)
            print(f"{share:>8}  {rule.code:44}{f'{condition.metric} {condition}':52}{numbers}")


def _share(found: list, column: pa.Array) -> str:
    return f"{len({reason.row for reason in found}) / max(1, len(column)):.2%}"


if __name__ == "__main__":
    main()
