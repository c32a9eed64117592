"""Numbers of rows of earlier runs, and what is known of them."""

import grown
import numpy as np
import pyarrow as pa
import pytest

from corpus_kit.earlier import CHANGES, changes, facts_of_earlier, is_earlier, own_rows, with_order, with_run
from corpus_kit.errors import StageError
from corpus_kit.index.files import Index
from corpus_kit.job import Job
from corpus_kit.stages.duplicates import decision_table
from corpus_kit.stages.exact import ExactDedup

OLD = 1 << 63


@pytest.fixture(scope="module")
def job(tmp_path_factory) -> Job:
    run = grown.grown(tmp_path_factory)
    return Job(
        run=run.path, staged=run.path, plan=run.plan, task="t", fingerprint="f", args={"stage": "near"}, batch_rows=9,
        batch_bytes=99,
    )  # fmt: skip


def table(rows: list[int], removed: list[bool], of: list[int]) -> pa.Table:
    numbers = np.array(rows, np.uint64), np.array(removed), np.array(of, np.uint64)
    return decision_table(*numbers, np.ones(len(rows)), np.zeros(len(rows), np.int32))


def test_loads_of_earlier_runs_are_known_by_their_number():
    assert not is_earlier(0)
    assert not is_earlier((1 << 24) - 1)
    assert is_earlier(OLD >> 32)
    assert is_earlier((OLD | 3 << 56 | 7 << 32) >> 32)


def test_the_run_of_a_survivor_is_told():
    decision = with_run(table([1, 2, 3], [True, True, False], [OLD | 5, OLD | 2 << 56 | 5, 0]))
    assert decision["duplicate_of_run"].to_pylist() == [0, 2, None]


def test_frozen_documents_come_first_whatever_else_is_preferred(job):
    rows = pa.table({"row": pa.array([4, OLD | 4], pa.uint64()), "penalty_0": [0.0, 9.0]})
    ordered = with_order(job, ExactDedup(against="frozen"), rows)
    assert ordered.schema.names[0] == "penalty_earlier"
    assert ordered["penalty_earlier"].to_pylist() == [1.0, 0.0]


def test_a_removed_frozen_document_is_a_bug_that_stops_the_run(job):
    decision = table([1, OLD | 1], [False, True], [0, 1])
    with pytest.raises(StageError, match="removed a document of a run that is frozen"):
        own_rows(job, ExactDedup(against="frozen"), decision)
    assert own_rows(job, ExactDedup(against="recompute"), decision)["row"].to_pylist() == [1]


def test_facts_come_from_the_index(job, tmp_path_factory):
    index = Index(grown.base(tmp_path_factory).path, "near")
    [first, *_] = pa.Table.from_batches(list(index.scan(["row", "id", "url"]))).to_pylist()
    facts = facts_of_earlier(job, np.array([OLD | first["row"]], np.uint64), ["id", "url", "origins"])
    assert facts.to_pylist() == [first | {"row": OLD | first["row"]}]


def test_only_what_is_otherwise_now_is_a_change(job, tmp_path_factory):
    index = Index(grown.base(tmp_path_factory).path, "near")
    told = pa.Table.from_batches(list(index.scan(["row", "removed"]))).to_pylist()
    gone = next(OLD | one["row"] for one in told if one["removed"])
    stays = [OLD | one["row"] for one in told if not one["removed"]][:2]
    rows = sorted([gone, *stays, 1])
    removed = [row == stays[0] for row in rows]
    found = changes(job, with_run(table(rows, removed, [1] * len(rows))))
    assert {one["row"]: one["change"] for one in found.to_pylist()} == {stays[0]: "superseded", gone: "revived"}
    assert changes(job, with_run(table([1], [False], [0]))).schema.equals(CHANGES)
