"""The benchmark of scale, small: what it plants is what it says, and the run finds it. And two boilerplate bombs."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import toy

import corpus_kit
from benchmarks import scale
from benchmarks.scale_texts import BLOCK, FAMILIES, Truth, texts, write_input
from corpus_kit import deciding, linking, streams
from corpus_kit.kernels import pair_jaccard, shingle_sets
from corpus_kit.tables import read_table

SMALL = Truth(200_000)


def alike(documents: list[int], truth: Truth = SMALL) -> np.ndarray:
    """Jaccard similarity of each document and the next."""
    listed = pa.concat_arrays([texts(truth, number, number + 1) for number in documents])
    sets = shingle_sets(listed, ngram=5, unit="word")
    return pair_jaccard(sets, np.arange(len(listed) - 1), np.arange(1, len(listed)))


def test_numbers_and_members_are_permutations_of_each_other():
    numbers = np.arange(SMALL.documents, dtype=np.uint64)
    members = SMALL.member(numbers)
    assert sorted(members.tolist()) == numbers.tolist()
    assert SMALL.number(members).tolist() == numbers.tolist()
    assert sum(FAMILIES) == BLOCK


def test_families_copies_and_chain_are_as_alike_as_is_said():
    families, copies, chain = SMALL.borders
    family = SMALL.number(np.arange(families, families + 50, dtype=np.uint64)).tolist()
    assert set(alike(family).tolist()) == {15 / 17}
    other = SMALL.number(np.array([families + 49, families + 50], np.uint64)).tolist()
    assert alike(other).tolist() == [0]
    assert set(alike(SMALL.number(np.arange(copies, copies + 9, dtype=np.uint64)).tolist())) == {1.0}
    links = SMALL.number(np.arange(chain, chain + 9, dtype=np.uint64)).tolist()
    assert set(alike(links).tolist()) == {34 / 40}
    assert set(alike(links[::2]).tolist()) == {31 / 43}
    alone = SMALL.number(np.array([0, 1], np.uint64)).tolist()
    assert alike(alone).tolist() == [0]


def test_texts_do_not_depend_on_how_they_are_asked_for():
    whole = texts(SMALL, 1000, 1300)
    assert whole.to_pylist() == texts(SMALL, 1000, 1100).to_pylist() + texts(SMALL, 1100, 1300).to_pylist()


def test_everything_that_was_planted_is_removed_and_nothing_else(tmp_path, monkeypatch):
    monkeypatch.setattr(streams, "PIECE_BYTES", 8 << 20)
    monkeypatch.setattr(linking, "LINK_EDGES", 1 << 16)
    monkeypatch.setattr(deciding, "DECIDE_ROWS", 1 << 14)
    monkeypatch.setattr(scale, "PER_FILE", 50_000)
    write_input(SMALL, tmp_path / "input", 50_000)
    (tmp_path / "input" / "source.yaml").write_text(scale.CARD)
    inputs = corpus_kit.resolve_inputs([str(tmp_path / "input")])
    corpus_kit.run(corpus_kit.parse_recipe(scale.RECIPE), inputs, tmp_path / "run", workers=1)
    assert (tmp_path / "run/receipts/decide-part-near").is_dir()
    found = scale._compared(tmp_path, SMALL)
    gone, of = SMALL.survivors()
    assert found == {"planted": len(gone), "removed": len(gone), "right": len(gone), "wrong": 0}
    assert (of < gone).all()


@pytest.mark.long
@pytest.mark.ray
@pytest.mark.timeout(4 * 3600)
def test_fifty_million_signatures():
    report = scale.measure_all(talk=True)
    assert all(bar.as_json()["ok"] for bar in report.bars)


MEASURED = """\
import sys
from pathlib import Path
import corpus_kit
recipe, source, output = sys.argv[1:]
corpus_kit.run(corpus_kit.parse_recipe(recipe), corpus_kit.resolve_inputs([source]), output, workers=1)
# Not by getrusage: that counts what the parent held before this program began.
[line] = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")]
print(int(line.split()[1]) * 1024)
"""
RECIPE = "recipe: 1\nstages:\n  - dedup: {method: minhash, as: near}\n"


def peak(source: Path, output: Path) -> int:
    """Memory of a process that runs the recipe, at its peak."""
    command = [sys.executable, "-c", MEASURED, RECIPE, str(source), str(output)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=280)
    return json.loads(done.stdout.splitlines()[-1])


def test_a_page_that_comes_a_hundred_thousand_times_needs_little_memory(tmp_path):
    page = " ".join(f"ord{i}" for i in range(100))
    source = toy.write_card(tmp_path / "source", "bomb")
    column = pa.DictionaryArray.from_arrays(pa.array(np.zeros(100_000, np.int32)), pa.array([page]))
    pq.write_table(pa.table({"text": column.cast(pa.large_string())}), source / "a.parquet")
    assert peak(source, tmp_path / "run") < 1 << 30
    decision = read_table(tmp_path / "run/decisions/near.parquet")
    rows = decision.filter(decision["duplicates"].to_numpy() > 0).to_pylist()
    assert [(row["removed"], row["duplicates"], len(row["origins"])) for row in rows] == [(False, 99_999, 99_999)]
    assert set(decision["similarity"].drop_null().to_pylist()) == {1.0}


def test_the_ends_of_a_chain_of_ten_thousand_are_not_merged(tmp_path):
    source = toy.write_card(tmp_path / "source", "chain")
    links = [" ".join(f"w{i}" for i in range(3 * link, 3 * link + 41)) for link in range(10_000)]
    pq.write_table(pa.table({"text": links}), source / "a.parquet")
    assert peak(source, tmp_path / "run") < 1 << 30
    decision = read_table(tmp_path / "run/decisions/near.parquet", columns=["row", "removed", "id", "duplicate_of_id"])
    links_of = dict(zip(decision["id"].to_pylist(), decision["row"].to_pylist(), strict=True))
    removed = [row for row in decision.to_pylist() if row["removed"]]
    assert [row["row"] for row in removed] == list(range(1, 10_000, 2))
    assert all(links_of[row["duplicate_of_id"]] == row["row"] - 1 for row in removed)
