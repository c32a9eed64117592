"""`python -m benchmarks NAME [--json]`: measures us and peers on the same text, and ends with one JSON line."""

from __future__ import annotations

import argparse
import importlib
import sys

from benchmarks.bars import conclude
from benchmarks.environments import PeerFailed
from benchmarks.texts import NoData

NAMES = ("auto", "bridge", "filters", "lid", "minhash", "mixed")


def main() -> int:
    """Runs one benchmark; exit code 1 if a bar is not reached, 2 if it could not be measured."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("name", choices=NAMES)
    parser.add_argument("--json", action="store_true", help="print nothing but the JSON line")
    chosen = parser.parse_args()
    module = importlib.import_module(f"benchmarks.{chosen.name}")
    try:
        report = module.measure_all(talk=not chosen.json)
    except (NoData, PeerFailed) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return conclude(chosen.name, report, as_json=chosen.json)


if __name__ == "__main__":
    sys.exit(main())
