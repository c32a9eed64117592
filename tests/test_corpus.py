"""The rounds of a corpus stage, task by task, over two loads of real files."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import toy

from corpus_kit.kernels.graph import RowSet
from corpus_kit.ledger import Receipt
from corpus_kit.mapped import Giant
from corpus_kit.stages.exact import ExactDedup
from corpus_kit.stages.minhash import MinHashDedup
from corpus_kit.stages.weight import Weight
from corpus_kit.tables import open_table, read_table
from corpus_kit.work import left_rows

DEDUP = """\
recipe: 1
stages:
  - normalize
  - dedup: {method: exact, as: same}
  - dedup: {method: minhash, as: near, ngram: 2}
  - weight: {by: [source], unit: documents}
split_bytes: 4096
"""


@pytest.fixture
def run(toy_source, tmp_path) -> Path:
    planned = toy.plan_of(DEDUP, [toy_source])
    assert len(planned.loads) == 2
    return toy.open_run(tmp_path / "run", planned)


def mapped(run: Path, **options) -> list[Receipt]:
    return [toy.done(run, "map", f"map-0/{load:06d}", segment=0, load=load, decisions={}, **options) for load in (0, 1)]


def collected(receipts: list[Receipt], stage: str) -> list[str]:
    return [file.path for receipt in receipts for file in receipt.files if file.kind == f"collect/{stage}"]


def grouped(
    run: Path, stage: str, receipts: list[Receipt], *, round: int = 0, before: tuple[str, ...] = ()
) -> list[str]:
    receipt = toy.done(
        run,
        "group",
        f"group-{stage}-{round}/0000",
        segment=0,
        stage=stage,
        before=list(before),
        removed=list(before),
        round=round,
        partition=0,
        collected=collected(receipts, stage),
    )
    return [file.path for file in receipt.files if file.kind.startswith("group/")]


def decided(run: Path, stage: str, files: list[str]) -> Receipt:
    return toy.done(run, "decide", f"decide-{stage}/all", segment=0, stage=stage, before=[], grouped=files)


def ids(run: Path) -> dict[str, str]:
    """Text -> id of what the first pass left."""
    tables = [left_rows(run, 0, load).table() for load in (0, 1)]
    return {row["text"]: row["id"] for table in tables for row in table.to_pylist()}


def test_one_pass_collects_for_every_stage(run):
    receipts = mapped(run)
    kinds = [sorted(file.kind for file in receipt.files) for receipt in receipts]
    assert kinds[0] == ["collect/near", "collect/same", "collect/weight", "data"]
    assert kinds[1] == ["collect/near", "collect/same", "collect/weight", "data", "rejects"]
    rows = [file.rows for receipt in receipts for file in receipt.files if file.kind == "collect/same"]
    assert rows == [4, 2]


def test_a_decision_names_documents_by_id_and_is_cut_by_load(run):
    receipt = decided(run, "same", grouped(run, "same", mapped(run)))
    [file] = receipt.files
    assert (file.path, file.kind, file.rows) == ("decisions/same.parquet", "decisions/same", 2)
    assert file.groups == {"0": 0}
    by_text = ids(run)
    table = read_table(run / file.path)
    assert [name for name in table.schema.names if name != "row"] == [
        "id",
        "removed",
        "duplicate_of_id",
        "similarity",
        "duplicates",
        "origins",
    ]
    first, second = table.to_pylist()
    assert (first["id"], first["removed"], first["duplicate_of_id"]) == (by_text[toy.DANISH], False, None)
    assert (second["id"], second["removed"]) == (by_text[toy.DANISH.upper()], True)
    assert second["duplicate_of_id"] == by_text[toy.DANISH]


def near(run: Path, receipts: list[Receipt], before: tuple[str, ...] = ()) -> Receipt:
    linked = toy.done(
        run,
        "link",
        "link-near-0/all",
        segment=0,
        stage="near",
        before=[],
        round=0,
        grouped=grouped(run, "near", receipts, before=before),
    )
    again = [
        toy.done(
            run,
            "collect",
            f"collect-near-1/{int(load):06d}",
            segment=0,
            stage="near",
            before=[],
            round=1,
            load=int(load),
            wanted={"path": file.path, "group": group},
        )
        for file in linked.files
        for load, group in file.groups.items()
    ]
    return decided(run, "near", grouped(run, "near", again, round=1, before=before))


def test_a_later_round_collects_only_what_the_one_before_asked_for(run):
    receipts = mapped(run)
    decision = read_table(run / near(run, receipts).files[0].path)
    again = [
        Receipt.model_validate_json(one.read_bytes()) for one in sorted((run / "receipts/collect-near-1").iterdir())
    ]
    assert [receipt.files[0].rows for receipt in again] == [3, 1]  # two Danish and a Swedish; a Swedish
    by_text = ids(run)
    found = {row["id"]: row["duplicate_of_id"] for row in decision.to_pylist() if row["removed"]}
    assert found == {
        by_text[toy.DANISH.upper()]: by_text[toy.DANISH],
        by_text[toy.SWEDISH + " Slut."]: by_text[toy.SWEDISH],
    }


def test_what_an_earlier_stage_of_the_pass_removed_is_not_looked_at(run):
    receipts = mapped(run)
    same = decided(run, "same", grouped(run, "same", receipts)).files[0].path
    decision = read_table(run / near(run, receipts, before=(same,)).files[0].path)
    by_text = ids(run)
    assert set(decision["id"].to_pylist()) == {by_text[toy.SWEDISH], by_text[toy.SWEDISH + " Slut."]}


def test_a_decision_over_the_corpus_is_one_table(run):
    receipts = mapped(run)
    same = decided(run, "same", grouped(run, "same", receipts)).files[0].path
    receipt = decided(run, "weight", grouped(run, "weight", receipts, before=(same,)))
    [row] = read_table(run / receipt.files[0].path).to_pylist()
    assert (row["group"], row["documents"], row["weight"]) == ("toy", 5, 1.0)
    assert receipt.files[0].groups == {}


def test_the_same_bytes_whatever_the_batches(run, tmp_path, toy_source):
    other = toy.open_run(tmp_path / "other", toy.plan_of(DEDUP, [toy_source]))
    one = near(run, mapped(run))
    two = near(other, mapped(other, batch_rows=1))
    assert one.files == two.files


def test_a_decision_exists_even_when_there_is_nothing_to_decide(run):
    receipt = decided(run, "same", [])
    assert (receipt.files[0].rows, receipt.files[0].groups) == (0, {})
    table = read_table(run / "decisions/same.parquet")
    assert {"id", "removed", "duplicate_of_id", "similarity", "duplicates"} <= set(table.schema.names)
    assert open_table(run / "decisions/same.parquet").num_row_groups == 0
    assert decided(run, "weight", []).files[0].rows == 0


def test_nothing_asked_for_makes_no_file(run):
    receipt = toy.done(run, "link", "link-near-0/all", segment=0, stage="near", before=[], round=0, grouped=[])
    assert receipt.files == ()


def test_an_applied_decision_rejects_its_rows(run):
    receipts = mapped(run)
    found = {}
    for stage in ("same", "weight"):
        [file] = decided(run, stage, grouped(run, stage, receipts)).files
        found[stage] = {"path": file.path, "group": file.groups.get("0")}
    [file] = near(run, receipts).files
    for load, kept in ((0, 3), (1, 1)):
        [left] = [one for one in receipts[load].files if one.kind == "data"]
        before = {"rows": left.rows, "digest": left.sha256}
        decisions = found | {"near": {"path": file.path, "group": file.groups.get(str(load))}}
        decisions["same"] = found["same"] | {"group": 0 if load == 0 else None}
        receipt = toy.done(run, "map", f"map-1/{load:06d}", segment=1, load=load, decisions=decisions, **before)
        assert [one.rows for one in receipt.files if one.kind == "data"] == [kept]


def pieces_of(rows: pa.Table, folder: Path) -> Giant:
    return Giant(lambda: (rows.slice(begin, 7) for begin in range(0, rows.num_rows, 7)), folder)


def by_row(tables) -> list[dict]:
    found = [row for table in tables for row in table.to_pylist()]
    return sorted(found, key=lambda row: str(sorted(row.items())))


@pytest.mark.parametrize("prefer", ["source_order", "longest"])
@pytest.mark.parametrize("by", ["text", "url"])
def test_one_page_millions_of_times_is_gone_through_in_pieces(tmp_path, prefer, by):
    stage = ExactDedup.model_validate({"by": by, "prefer": prefer})
    batch = toy.batch(
        [f"{'x' * (i % 5)} " for i in range(60)], url=[f"https://a.example/{i % 9 // 8}" for i in range(60)]
    )
    rows = stage.collect(batch, 0, None)
    rows = rows.set_column(1, "key", pa.array([7] * rows.num_rows, pa.uint64()))  # digests that agree in one half
    whole = stage.group(rows, 0)
    assert whole.num_rows == 60
    assert by_row(stage.group_giant(pieces_of(rows, tmp_path), 0)) == by_row([whole])


def test_a_group_of_millions_is_summed_up_in_pieces(tmp_path):
    stage = Weight.model_validate({"by": ["lang"], "unit": "bytes"})
    batch = toy.batch(["x" * i for i in range(50)], lang=["dan_Latn"] * 50)
    rows = stage.collect(batch, 0, None)
    [summed] = stage.group_giant(pieces_of(rows, tmp_path), 0)
    assert summed.equals(stage.group(rows, 0))
    assert summed.to_pylist() == [{"group": "dan_Latn", "size": 1225, "documents": 50}]


def test_a_bucket_of_millions_gives_its_edges_in_pieces_and_a_cluster_is_judged_whole(tmp_path):
    stage = MinHashDedup(ngram=1)
    rows = pa.table({"row": pa.array(range(3, 60), pa.uint64()), "key": pa.array([9] * 57, pa.uint64())})
    pieces = list(stage.group_giant(pieces_of(rows, tmp_path), 0))
    assert len(pieces) == 9
    assert by_row(pieces) == by_row([stage.group(rows, 0)])
    batch = toy.batch(["a b c", "a b c d", "a b c"])
    wanted = pa.table({"row": batch["row"], "cluster": pa.array([0] * 3, pa.uint64())})
    verified = stage.collect(batch, 1, wanted)
    assert by_row(stage.group_giant(pieces_of(verified, tmp_path), 1)) == by_row([stage.group(verified, 1)])


def test_files_are_merged_key_by_key(run):
    paths = collected(mapped(run), "near")
    receipt = toy.done(
        run, "merge", "merge-near-0/000000", segment=0, stage="near", before=[], round=0, block=0, collected=paths
    )
    merged = read_table(run / receipt.files[0].path)
    whole = pa.concat_tables([read_table(run / path) for path in paths])
    pairs = [list(zip(one["key"].to_pylist(), one["row"].to_pylist(), strict=True)) for one in (merged, whole)]
    assert pairs[0] == sorted(pairs[1])
    assert (receipt.files[0].path, receipt.files[0].kind) == ("work/merge-near-0/000000.parquet", "collect/near")


def test_a_set_of_removed_rows_stands_for_the_decision(run, tmp_path):
    receipts = mapped(run)
    decision = decided(run, "same", grouped(run, "same", receipts)).files[0].path
    before = read_table(run / near(run, receipts, before=(decision,)).files[0].path)
    removed = RowSet(np.array([0, 10, 20], np.uint64))
    table = read_table(run / decision)
    removed.add(table.filter(table["removed"])["row"].to_numpy())
    removed.save(run / "work/removed.rows")
    args = {"before": [decision], "removed": ["work/removed.rows"], "round": 0, "partition": 0}
    receipt = toy.done(
        run, "group", "group-near-0/set", segment=0, stage="near", collected=collected(receipts, "near"), **args
    )
    pairs = read_table(run / receipt.files[0].path)
    assert set(pairs["row"].to_pylist()) | set(pairs["other"].to_pylist()) == set(before["row"].to_pylist())
