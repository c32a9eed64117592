"""One task: what it makes, and how each kind of trouble comes back."""

import errno
from pathlib import Path

import pytest
import toy

from corpus_kit import tasks
from corpus_kit.errors import StageError
from corpus_kit.ledger import Receipt
from corpus_kit.pack import run_pack
from corpus_kit.shard import run_map
from corpus_kit.tables import read_table
from corpus_kit.tasks import KINDS, Outcome, Task

NORMALIZE = "recipe: 1\nstages: [normalize]\n"


@pytest.fixture
def run(toy_source, tmp_path) -> Path:
    return toy.open_run(tmp_path / "run", toy.plan_of(NORMALIZE, [toy_source]))


def attempt(run: Path, kind: str = "map") -> Outcome:
    return toy.attempt(run, kind, "map-0/000000", segment=0, load=0, decisions={})


def failing(monkeypatch, error: Exception) -> None:
    def work(job):
        (job.staged / "half").write_text("half")
        raise error

    monkeypatch.setitem(KINDS, "map", work)


def test_a_task_leaves_its_files_staged_and_says_where_they_belong(run):
    outcome = attempt(run)
    assert outcome.error is None
    assert outcome.moves == {
        "data-000.parquet": "work/map-0/000000-000.parquet",
        "rejects.parquet": "work/map-0/000000.rejects.parquet",
    }
    assert not (run / "work").exists()
    receipt = Receipt.model_validate(outcome.receipt)
    assert (receipt.task, receipt.fingerprint) == ("map-0/000000", "f")
    assert [(file.path, file.kind, file.rows) for file in receipt.files] == [
        ("work/map-0/000000-000.parquet", "data", 6),
        ("work/map-0/000000.rejects.parquet", "rejects", 1),
    ]
    for name, place in outcome.moves.items():
        staged = Path(outcome.staged) / name
        [entry] = [file for file in receipt.files if file.path == place]
        assert staged.stat().st_size == entry.bytes
        assert read_table(staged).num_rows == entry.rows
    assert receipt.seconds >= 0


def test_two_attempts_do_not_meet_and_make_the_same(run):
    one, other = attempt(run), attempt(run)
    assert one.staged != other.staged
    assert one.receipt is not None
    assert other.receipt is not None
    assert one.receipt | {"seconds": 0} == other.receipt | {"seconds": 0}


def test_our_own_errors_come_back_by_name_and_message(run, monkeypatch):
    failing(monkeypatch, StageError("stage 'x' broke the row law"))
    outcome = attempt(run)
    assert outcome.error == ("StageError", "stage 'x' broke the row law")
    assert (outcome.receipt, outcome.moves, outcome.fatal) == (None, {}, False)
    assert (Path(outcome.staged) / "half").exists()  # the driver removes it


@pytest.mark.parametrize(
    ("code", "why"),
    [(errno.ENOSPC, "the disk is full"), (errno.EDQUOT, "the disk quota is used up"), (errno.EROFS, "it is read-only")],
)
def test_a_full_disk_is_fatal(run, monkeypatch, code, why):
    failing(monkeypatch, OSError(code, "some words of the system"))
    outcome = attempt(run)
    assert outcome.fatal
    assert outcome.error == ("OSError", f"cannot write below {run}: {why}")


def test_a_file_that_vanished_fails_its_shard_only(run, monkeypatch):
    failing(monkeypatch, FileNotFoundError(errno.ENOENT, "No such file or directory", "/data/in/a.jsonl"))
    outcome = attempt(run)
    assert not outcome.fatal
    assert outcome.error == ("FileNotFoundError", "No such file or directory (a.jsonl)")


def test_an_error_of_the_medium_without_words_still_says_something(run, monkeypatch):
    failing(monkeypatch, OSError("the network went away"))
    assert attempt(run).error == ("OSError", "the network went away")


def test_a_bug_is_named_by_type_and_place_without_its_message(run, monkeypatch):
    monkeypatch.delenv("CORPUS_KIT_DEBUG", raising=False)
    failing(monkeypatch, ValueError("secret text of a document"))
    outcome = attempt(run)
    assert outcome.error is not None
    assert outcome.error[0] == "ValueError"
    assert outcome.error[1].startswith("raised ValueError at test_tasks.py:")
    assert "secret" not in outcome.error[1]


def test_a_bug_is_shown_whole_when_debugging(run, monkeypatch):
    monkeypatch.setenv("CORPUS_KIT_DEBUG", "1")
    failing(monkeypatch, ValueError("all of it"))
    with pytest.raises(ValueError, match="all of it"):
        attempt(run)


def test_a_plan_is_read_once_a_process_and_again_when_it_changes(run, toy_source, monkeypatch):
    reads = []
    load_plan = tasks.load_plan
    monkeypatch.setattr(tasks, "load_plan", lambda path: reads.append(path) or load_plan(path))
    attempt(run)
    attempt(run)
    toy.open_run(run, toy.plan_of(NORMALIZE + "shard_bytes: 5000\n", [toy_source]))
    attempt(run)
    assert reads == [run / "plan.json"] * 2


def test_kinds_of_tasks():
    rounds = ["collect", "merge", "group", "link", "tell", "decide", "decide_part", "publish"]
    assert set(KINDS) == {"map", *rounds, "compare", "index", "pack"}
    assert KINDS["map"] is run_map
    assert KINDS["pack"] is run_pack
    assert Task("map-0/000003", "map", "f", {}).name.split("/") == ["map-0", "000003"]
