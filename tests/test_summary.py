"""What a run came to, and how far it is."""

import re
import shutil

import pytest

from corpus_kit.commit import RunLock
from corpus_kit.opened import Run
from corpus_kit.summary import status, status_lines, summary, summary_lines

WATERFALL = """\
stage                   in  kept  rejected  share  kept text
read                     7     6         1  14.3%      515 B
  read.no_text                           1
normalize                6     6         0   0.0%      515 B
filter                   6     5         1  16.7%      506 B
  toy_rules.word_count                   1
dedup                    5     4         1  20.0%      408 B
  dedup.exact                            1
dedup.2                  4     3         1  25.0%      300 B
  dedup.minhash                          1
weight                   3     3         0   0.0%      300 B""".splitlines()


def test_totals(toy_run):
    found = summary(toy_run, 1.26)
    assert (found["run"], found["input_bytes"], found["seconds"]) == (str(toy_run.path), 4205, 1.3)
    assert {kind: (one["files"], one["rows"]) for kind, one in found["files"].items()} == {
        "data": (1, 3),
        "rejects": (1, 4),
        "metrics": (1, 6),
        "decisions": (3, 7),
    }
    on_disk = sum(one.stat().st_size for one in (toy_run.path / "decisions").iterdir())
    assert found["files"]["decisions"]["bytes"] == on_disk
    assert found["waterfall"][0]["rejected"] == {"read.no_text": 1}
    assert found["skipped"] == []


def test_the_end_of_a_run(toy_run):
    lines = summary_lines(toy_run, summary(toy_run, 2.0))
    assert lines[:11] == WATERFALL
    assert lines[12] == "7 documents, 4.2 kB of input in 2 s (4 documents/s, 2.1 kB/s)"
    shown = [re.sub(r"[0-9.]+ k?B$", "SIZE", line.replace(str(toy_run.path), "RUN")) for line in lines[13:]]
    assert shown == [
        "  shards     RUN/data/  3 rows, 1 file, SIZE",
        "  rejects    RUN/rejects/  4 rows, 1 file, SIZE",
        "  metrics    RUN/metrics/  6 rows, 1 file, SIZE",
        "  decisions  RUN/decisions/  7 rows, 3 files, SIZE",
        "  datasheet  RUN/datasheet/datasheet.html",
    ]


def test_the_status_of_a_finished_run(toy_run):
    lines = status_lines(toy_run, status(toy_run))
    assert lines == [
        f"{toy_run.path}: finished",
        "",
        "  collect-dedup.2-1        2 shards",
        "  decide-dedup             1 shards",
        "  decide-dedup.2           1 shards",
        "  decide-weight            1 shards",
        "  group-dedup-0            1 shards",
        "  group-dedup.2-0          1 shards",
        "  group-dedup.2-1          1 shards",
        "  group-weight-0           1 shards",
        "  link-dedup.2-0           1 shards",
        "  map-0                    2/2 shards",
        "  map-1                    2/2 shards",
        "  pack                     3 shards",
        "",
        *WATERFALL,
    ]


@pytest.fixture
def cut_off(toy_run, tmp_path) -> Run:
    """A run that was killed in its second pass."""
    shutil.copytree(toy_run.path, tmp_path / "cut")
    (tmp_path / "cut/manifest.json").unlink()
    (tmp_path / "cut/receipts/map-1/000001.json").unlink()
    shutil.rmtree(tmp_path / "cut/receipts/pack")
    return Run(tmp_path / "cut")


def test_a_run_that_was_cut_off(cut_off):
    found = status(cut_off)
    assert found["state"] == "cut off"
    assert found["phases"]["map-0"] == {"done": 2, "total": 2}
    assert found["phases"]["map-1"] == {"done": 1, "total": 2}
    assert found["phases"]["decide-weight"] == {"done": 1, "total": None}
    assert "pack" not in found["phases"]
    assert status_lines(cut_off, found)[0] == f"{cut_off.path}: cut off; run the same command again to resume"


def test_a_run_that_is_being_written(cut_off):
    lock = RunLock(cut_off.path)
    lock.acquire()
    try:
        assert status(cut_off)["state"] == "running"
    finally:
        lock.release()
    assert status(cut_off)["state"] == "cut off"


def test_asking_leaves_no_trace(cut_off):
    (cut_off.path / ".lock").unlink()
    assert status(cut_off)["state"] == "cut off"
    assert not (cut_off.path / ".lock").exists()
