"""One near-duplicate run of ours, in a process of its own: `python -m benchmarks.near_run INPUT OUTPUT`."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

RECIPE = """\
recipe: 1
name: benchmark
stages:
  - dedup: {method: minhash}
"""


def run_once(source: str, output: str) -> dict[str, Any]:
    """One run in this process; removed documents by the ids of the input, with their survivors."""
    started = time.perf_counter()
    import corpus_kit  # before pyarrow, as the command line does

    recipe = corpus_kit.parse_recipe(RECIPE)
    inputs = corpus_kit.resolve_inputs([source])
    startup = time.perf_counter() - started
    started = time.perf_counter()
    run = corpus_kit.run(recipe, inputs, output, workers=1)
    seconds = time.perf_counter() - started
    rows = [*run.kept(["id", "origin"]).to_pylist(), *run.rejects(["id", "origin"]).to_pylist()]
    numbers = {row["id"]: int(row["origin"].rpartition("#")[2]) for row in rows}
    import pyarrow.parquet as pq

    ids = pq.read_table(sorted(Path(source).glob("*.parquet"))[0], columns=["id"])["id"].to_pylist()
    decided = pq.read_table(Path(output) / "decisions" / "dedup.parquet")
    gone = decided.filter(decided["removed"])
    pairs = zip(gone["id"].to_pylist(), gone["duplicate_of_id"].to_pylist(), strict=True)
    return {
        "seconds": [seconds],
        "startup": startup,
        "removed": [[ids[numbers[one]], ids[numbers[other]]] for one, other in pairs],
    }


if __name__ == "__main__":
    print(json.dumps(run_once(*sys.argv[1:])))
