"""Tallies balance, receipts are proof, and the waterfall adds up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus_kit.commit import write_json
from corpus_kit.errors import StageError
from corpus_kit.ledger import (
    Cell,
    Edit,
    Failure,
    FileEntry,
    Receipt,
    Step,
    Tally,
    iter_receipts,
    read_manifest,
    read_receipt,
    receipt_path,
    total,
    waterfall,
    write_receipt,
)

CELLS = st.builds(
    Cell,
    st.sampled_from(["read", "filter", "dedup.2"]),
    st.sampled_from(["in", "made", "kept", "rejected", "segmented"]),
    st.sampled_from(["adl", "posts"]),
    st.sampled_from(["", "dan_Latn"]),
    st.sampled_from(["", "untouched", "gopher.word_count"]),
)


def tally(*cells: tuple[str, str, int, str]) -> Tally:
    made = Tally()
    for stage, flow, documents, code in cells:
        made.add(Cell(stage, flow, "adl", "dan_Latn", code), documents, documents * 10)  # pyright: ignore[reportArgumentType]
    return made


BALANCED = tally(
    ("read", "made", 7, ""),
    ("read", "kept", 7, ""),
    ("filter", "in", 7, ""),
    ("filter", "kept", 3, ""),
    ("filter", "kept", 1, "untouched"),
    ("filter", "rejected", 1, "b.rare"),
    ("filter", "rejected", 2, "a.often"),
)


def test_a_tally_that_balances_passes():
    BALANCED.check("0/000000")
    tally(
        ("segment", "in", 2, ""),
        ("segment", "made", 5, ""),
        ("segment", "segmented", 2, ""),
        ("segment", "kept", 5, ""),
    ).check("x")
    Tally().check("x")


@pytest.mark.parametrize("flow", ["in", "made", "kept", "rejected", "segmented"])
def test_one_document_too_many_is_an_error(flow):
    broken = Tally()
    broken.merge(BALANCED)
    broken.add(Cell("filter", flow, "adl", "dan_Latn", ""), 1, 10)
    came, went = (8, 7) if flow in ("in", "made") else (7, 8)
    with pytest.raises(StageError) as caught:
        broken.check("0/000003")
    assert str(caught.value) == f"stage 'filter' in shard 0/000003: {came} documents came in, {went} are accounted for"


@given(st.lists(st.tuples(CELLS, st.integers(0, 9), st.integers(0, 99)), max_size=20))
def test_json_gives_the_same_tally_back(counts):
    made = Tally()
    for cell, documents, size in counts:
        made.add(cell, documents, size)
    for lang in ("dan_Latn", ""):
        made.failing[Failure("filter", "gopher.word_count", "adl", lang)] += 3
    made.skipped["adl", "read.not_a_document"] += 2
    for lang in ("dan_Latn", ""):
        made.edited[Edit("clean", "clean.c4_javascript", "adl", lang)] += 2
        made.edits[Edit("clean", "clean.c4_javascript", "adl", lang)] += 5
    again = Tally.from_json(made.to_json())
    assert (again.documents, again.failing, again.skipped) == (made.documents, made.failing, made.skipped)
    assert (again.edited, again.edits) == (made.edited, made.edits)
    assert {cell: again.bytes[cell] for cell in again.documents} == {cell: made.bytes[cell] for cell in made.documents}
    assert again.to_json() == made.to_json()


@given(st.lists(st.tuples(CELLS, st.integers(1, 9)), max_size=20), st.randoms())
def test_json_does_not_depend_on_the_order_of_counting(counts, random):
    one, other = Tally(), Tally()
    for cell, documents in counts:
        one.add(cell, documents, documents)
    random.shuffle(counts)
    for cell, documents in counts:
        other.add(cell, documents, documents)
    assert one.to_json() == other.to_json()


def test_nothing_is_no_cell():
    empty = tally(("filter", "rejected", 0, "a"))
    assert empty.to_json() == {"documents": [], "failing": [], "skipped": [], "edits": []}


def test_tallies_add_up():
    receipts = [Receipt(task="t", fingerprint="f", tally=BALANCED.to_json()) for _ in range(3)]
    merged = total(receipts)
    assert merged.documents[Cell("filter", "rejected", "adl", "dan_Latn", "a.often")] == 6
    assert merged.bytes[Cell("filter", "rejected", "adl", "dan_Latn", "a.often")] == 60
    assert total([]).to_json() == Tally().to_json()


def test_the_waterfall_counts_every_reason_most_frequent_first():
    steps = waterfall(BALANCED, ["read", "filter", "dedup"])
    assert steps == [
        Step("read", 7, 70, 7, 70, {}),
        Step("filter", 7, 70, 4, 40, {"a.often": 2, "b.rare": 1}),
        Step("dedup", 0, 0, 0, 0, {}),
    ]
    assert list(steps[1].rejected) == ["a.often", "b.rare"]


def finished(run, task="map-0/000001") -> Receipt:
    (run / "work").mkdir(exist_ok=True)
    (run / "work/a.parquet").write_bytes(b"12345")
    entry = FileEntry(path="work/a.parquet", kind="data", rows=1, bytes=5, sha256="", groups={"3": 0})
    receipt = Receipt(task=task, fingerprint="right", files=(entry,), tally=BALANCED.to_json(), seconds=0.5)
    write_receipt(run, receipt)
    return receipt


def test_a_receipt_is_read_back_as_it_was_written(tmp_path):
    receipt = finished(tmp_path)
    assert receipt_path(tmp_path, "map-0/000001") == tmp_path / "receipts/map-0/000001.json"
    assert read_receipt(tmp_path, "map-0/000001", "right") == receipt


def test_a_receipt_does_not_count_if_the_plan_changed(tmp_path):
    finished(tmp_path)
    assert read_receipt(tmp_path, "map-0/000001", "wrong") is None


def test_a_receipt_does_not_count_if_a_file_has_another_size(tmp_path):
    finished(tmp_path)
    (tmp_path / "work/a.parquet").write_bytes(b"1234")
    assert read_receipt(tmp_path, "map-0/000001", "right") is None


def test_a_receipt_does_not_count_if_a_file_is_gone(tmp_path):
    finished(tmp_path)
    (tmp_path / "work/a.parquet").unlink()
    assert read_receipt(tmp_path, "map-0/000001", "right") is None


@pytest.mark.parametrize("content", [b"", b"{", b"{}", b"[]", b"\xff"])
def test_a_broken_receipt_does_not_count(tmp_path, content):
    finished(tmp_path)
    receipt_path(tmp_path, "map-0/000001").write_bytes(content)
    assert read_receipt(tmp_path, "map-0/000001", "right") is None


def test_an_absent_receipt_does_not_count(tmp_path):
    assert read_receipt(tmp_path, "map-0/000001", "right") is None


def test_receipts_come_in_task_order_of_all_phases_or_of_one(tmp_path):
    for task in ("map-1/000000", "map-0/000010", "map-0/000002", "pack/data-00000"):
        finished(tmp_path, task)
    assert [one.task for one in iter_receipts(tmp_path)] == [
        "map-0/000002",
        "map-0/000010",
        "map-1/000000",
        "pack/data-00000",
    ]
    assert [one.task for one in iter_receipts(tmp_path, "map-0")] == ["map-0/000002", "map-0/000010"]
    assert list(iter_receipts(tmp_path / "nothing")) == []


def test_the_manifest_is_none_until_it_is_written(tmp_path):
    assert read_manifest(tmp_path) is None
    write_json(tmp_path / "manifest.json", {"format": "1"})
    assert read_manifest(tmp_path) == {"format": "1"}
