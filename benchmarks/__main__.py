"""`python -m benchmarks NAME [--json]`: measures us and peers on the same text, and ends with one JSON line."""

from __future__ import annotations

import argparse
import importlib
import sys

from benchmarks.bars import conclude
from benchmarks.environments import PeerFailed
from benchmarks.texts import NoData

NAMES = ("auto", "bridge", "filters", "lid", "minhash", "mixed", "scale")


def main() -> int:
    """Runs one benchmark; exit code 1 if a bar is not reached, 2 if it could not be measured."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("name", choices=NAMES)
    parser.add_argument("--json", action="store_true", help="print nothing but the JSON line")
    parser.add_argument("--signatures", type=int, metavar="N", help="of scale: how many documents (50,000,000)")
    chosen = parser.parse_args()
    if chosen.signatures is not None and (chosen.name != "scale" or chosen.signatures < 2000):
        parser.error("--signatures is for scale, and at least 2000")
    module = importlib.import_module(f"benchmarks.{chosen.name}")
    try:
        options = {} if chosen.signatures is None else {"signatures": chosen.signatures}
        report = module.measure_all(talk=not chosen.json, **options)
    except (NoData, PeerFailed) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return conclude(chosen.name, report, as_json=chosen.json)


if __name__ == "__main__":
    sys.exit(main())
