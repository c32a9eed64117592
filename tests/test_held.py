"""What stays in memory between two phases."""

import time
from pathlib import Path

import pyarrow as pa
import pytest
from test_job import job

from corpus_kit import held
from corpus_kit.held import Shelf, holding, shelf
from corpus_kit.job import NO_FILE

A, B = Path("run/work/a.arrow"), Path("run/work/b.parquet")
TABLE = pa.table({"row": pa.array([1, 2, 3], pa.uint64())})


def test_a_table_takes_room_until_it_is_taken():
    one = Shelf(100)
    one.put(A, TABLE)
    assert (one.room, one.get(A), one.get(B)) == (76, TABLE, None)
    assert one.take(A) is TABLE
    assert (one.room, one.get(A), one.take(A)) == (100, None, None)


def test_a_second_attempt_replaces_the_first():
    one = Shelf(100)
    one.put(A, TABLE)
    one.put(A, TABLE.slice(1))
    assert one.room == 84
    assert one.get(A).num_rows == 2


def test_nothing_is_held_where_other_processes_do_tasks():
    assert shelf().room == 0
    assert not job().may_hold(1)
    with holding(10):
        assert shelf().room == 10
        with holding(20):
            assert shelf().room == 20
        assert shelf().room == 10
    assert shelf().room == 0


def test_a_job_may_hold_what_there_is_room_for(monkeypatch):
    with holding(TABLE.nbytes):
        assert job().may_hold(TABLE.nbytes)
        assert not job().may_hold(TABLE.nbytes + 1)
        assert not job(started=time.monotonic() - held.HELD_SECONDS).may_hold(1)
        monkeypatch.setattr(held, "HELD_SECONDS", 0.0)
        assert not job().may_hold(1)


def test_a_held_table_has_a_line_in_the_receipt_and_no_file():
    with holding(1000):
        one = job()
        entry = one.held("work/a.arrow", "data", TABLE, text_bytes=5)
        assert shelf().get(A) is TABLE
    assert one.moves == {}
    assert (entry.path, entry.rows, entry.bytes, entry.text_bytes) == ("work/a.arrow", 3, NO_FILE, 5)


def fail_with_tables(*paths: Path) -> None:
    with holding(1000):
        for path in paths:
            shelf().put(path, TABLE)
        raise ZeroDivisionError


def test_rows_are_written_when_the_run_fails(tmp_path):
    with pytest.raises(ZeroDivisionError):
        fail_with_tables(tmp_path / A, tmp_path / B)
    assert pa.ipc.open_file(tmp_path / A).read_all().equals(TABLE)
    assert not (tmp_path / B).exists()


def test_the_first_trouble_is_told(tmp_path):
    (tmp_path / "run").write_text("in the way")
    with pytest.raises(ZeroDivisionError):
        fail_with_tables(tmp_path / A)
