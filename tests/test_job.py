"""A task in hand notes what it makes."""

from pathlib import Path
from typing import Any, cast

from corpus_kit.job import Job
from corpus_kit.tables import FileInfo


def job(**changes: Any) -> Job:
    given: dict[str, Any] = {
        "run": Path("run"),
        "staged": Path("run/.staging/t"),
        "plan": cast(Any, None),
        "task": "map-0/000000",
        "fingerprint": "f",
        "args": {},
        "batch_rows": 10,
        "batch_bytes": 100,
    }
    return Job(**given | changes)


def test_a_finished_file_is_noted_for_the_commit_and_entered_in_the_receipt():
    one = job()
    entry = one.made("a.parquet", "work/x/a.parquet", "data", FileInfo(3, 400, "ab" * 32), text_bytes=77)
    assert one.moves == {"a.parquet": "work/x/a.parquet"}
    assert entry.model_dump() == {
        "path": "work/x/a.parquet",
        "kind": "data",
        "rows": 3,
        "bytes": 400,
        "sha256": "ab" * 32,
        "text_bytes": 77,
        "groups": {},
    }


def test_jobs_do_not_share_their_notes():
    one, other = job(), job()
    one.made("a", "b", "data", FileInfo(0, 0, ""), groups={"3": 0})
    assert other.moves == {}
