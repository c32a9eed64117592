"""A decision made in parts: what the parts tell each other, and that the parts are the whole."""

import itertools
from pathlib import Path

import numpy as np
import pytest
import toy

from corpus_kit.kernels.graph import RowSet
from corpus_kit.ledger import Receipt
from corpus_kit.tables import open_table, read_table
from corpus_kit.work import left_rows

RECIPE = "recipe: 1\nstages:\n  - dedup: {method: exact, as: same}\n  - normalize\nsplit_bytes: 4096\n"
PAGES = ["en", "to", "tre", "en", "fire", "to", "en", "fem"]
"""Two documents in each of four loads."""
LOADS = len(PAGES) // 2


@pytest.fixture
def run(tmp_path) -> Path:
    files = {f"{i}.jsonl": [{"text": one} for one in PAGES[2 * i : 2 * i + 2]] for i in range(LOADS)}
    source = toy.write_source(tmp_path / "source", files=files)
    planned = toy.plan_of(RECIPE, [source])
    planned = planned.model_copy(update={"loads": tuple((i, i + 1) for i in range(LOADS))})
    run = toy.open_run(tmp_path / "run", planned)
    paths = [
        file.path
        for load in range(LOADS)
        for file in toy.done(run, "map", f"map-0/{load:06d}", segment=0, load=load, decisions={}).files
        if file.kind == "collect/same"
    ]
    args = {"segment": 0, "stage": "same", "before": [], "removed": [], "round": 0, "partition": 0, "collected": paths}
    toy.done(run, "group", "group-same-0/0000", **args)
    return run


def task(run: Path, kind: str, key: str, **args) -> Receipt:
    common = {"segment": 0, "stage": "same", "before": [], "grouped": ["work/group-same-0/0000.parquet"]}
    return toy.done(run, kind, f"{kind}/{key}", **common, **args)


def test_grouped_rows_and_those_they_name_are_sorted_for_who_looks_them_up(run):
    grouped = read_table(run / "work/group-same-0/0000.parquet")
    assert grouped["row"].to_pylist() == [0, 1, (1 << 32) + 1, (2 << 32) + 1, 3 << 32]
    named = read_table(run / "work/group-same-0/0000.named.parquet")
    assert named.to_pylist() == [
        {"other": 0, "row": (1 << 32) + 1},
        {"other": 0, "row": 3 << 32},
        {"other": 1, "row": (2 << 32) + 1},
    ]


def parts(run: Path, borders: list[int]) -> list[Receipt]:
    ranges = list(enumerate(itertools.pairwise(borders)))
    named = ["work/group-same-0/0000.named.parquet"]
    told = [task(run, "tell", f"{i:06d}", part=i, loads=list(loads), named=named) for i, loads in ranges]
    sent = {
        what: [file.path for one in told for file in one.files if file.kind == f"{what}/same"]
        for what in ("ids", "origins")
    }
    return [task(run, "decide_part", f"{i:06d}", part=i, loads=list(loads), **sent) for i, loads in ranges]


def test_parts_tell_each_other_ids_and_origins(run):
    parts(run, [0, 1, 2, 4])
    ids = {row["id"]: row["text"] for load in range(4) for row in left_rows(run, 0, load).table().to_pylist()}
    told = read_table(run / "work/tell-same/000000.ids.parquet").to_pylist()
    assert [(one["row"], one["named"], ids[one["id"]]) for one in told] == [
        ((1 << 32) + 1, 0, "en"),
        ((2 << 32) + 1, 1, "to"),
        (3 << 32, 0, "en"),
    ]
    origins = read_table(run / "work/tell-same/000002.origins.parquet").to_pylist()
    assert [(one["row"], one["gone"], ids[one["id"]]) for one in origins] == [
        (0, 3 << 32, "en"),
        (1, (2 << 32) + 1, "to"),
    ]
    assert not (run / "work/tell-same/000000.origins.parquet").exists()


@pytest.mark.parametrize("borders", [[0, 4], [0, 1, 2, 3, 4], [0, 2, 4], [0, 3, 4]])
def test_parts_put_together_are_the_decision_made_at_once(run, borders):
    whole = task(run, "decide", "all").files
    before = (run / "decisions/same.parquet").read_bytes()
    made = [file for receipt in parts(run, borders) for file in receipt.files]
    published = task(run, "publish", "all", parts=[file.path for file in made])
    assert published.files[:1] == whole
    assert (run / "decisions/same.parquet").read_bytes() == before
    for file in made:
        for load, group in file.groups.items():
            rows = open_table(run / file.path).read_row_group(group)["row"].to_numpy()
            assert set((rows >> np.uint64(32)).tolist()) == {int(load)}


def test_what_was_removed_is_a_set_that_workers_map(run):
    made = [file.path for receipt in parts(run, [0, 2, 4]) for file in receipt.files]
    [_, removed] = task(run, "publish", "all", parts=made).files
    assert (removed.path, removed.kind) == ("work/decide-same/removed.rows", "removed/same")
    rows = np.array([load << 32 | i for load in range(LOADS) for i in range(2)], np.uint64)
    found = rows[RowSet.open(run / removed.path).has(rows)]
    assert found.tolist() == [(1 << 32) + 1, (2 << 32) + 1, 3 << 32]


def test_a_part_about_loads_without_duplicates_makes_no_file(run):
    assert parts(run, [0, 1, 2, 3, 4])[3].files != ()
    assert task(run, "decide_part", "none", part=9, loads=[4, 9], ids=[], origins=[]).files == ()
