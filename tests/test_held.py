"""What stays in memory between two phases."""

import time
from pathlib import Path

import pyarrow as pa
from test_job import job

from corpus_kit import held
from corpus_kit.held import Shelf, holding, shelf
from corpus_kit.job import NO_FILE

A, B = Path("run/work/a.arrow"), Path("run/work/b.parquet")
TABLE = pa.table({"row": pa.array([1, 2, 3], pa.uint64())})


def test_a_table_takes_room_until_it_is_dropped():
    one = Shelf(100)
    one.put(A, TABLE)
    assert (one.room, one.get(A), one.get(B), one.is_empty) == (76, TABLE, None, False)
    one.drop(A, B)
    assert (one.room, one.get(A), one.is_empty) == (100, None, True)


def test_a_second_attempt_replaces_the_first():
    one = Shelf(100)
    one.put(A, TABLE)
    other = pa.table({"row": pa.array([1, 2], pa.uint64())})
    one.put(A, other)
    assert (one.room, one.get(A)) == (84, other)


def test_a_slice_takes_the_room_of_what_it_is_a_slice_of():
    one = Shelf(100)
    one.put(A, TABLE.slice(1, 1))
    assert one.room == 76


def test_nothing_is_held_where_other_processes_do_tasks():
    assert shelf().room == 0
    assert not job().may_hold(1)
    with holding(10):
        assert shelf().room == 10
        with holding(20):
            assert shelf().room == 20
        assert shelf().room == 10
    assert shelf().room == 0


def test_a_table_without_rows_is_never_held():
    """It takes no room, so there would be room for it anywhere; and a file that is not there would be missed."""
    assert not job().may_hold(0)
    with holding(10):
        assert not job().may_hold(0)


def test_a_job_may_hold_what_there_is_room_for(monkeypatch):
    with holding(TABLE.nbytes):
        assert job().may_hold(TABLE.nbytes)
        assert not job().may_hold(TABLE.nbytes + 1)
        assert not job(started=time.monotonic() - held.HELD_SECONDS).may_hold(1)
    monkeypatch.setattr(held, "HELD_SECONDS", 0.0)
    with holding(TABLE.nbytes):
        assert not job().may_hold(1)


def test_all_that_is_held_was_made_in_a_short_time():
    with holding(1000):
        for name in ("a", "b"):
            one = job(started=time.monotonic() - 0.4 * held.HELD_SECONDS)
            assert one.may_hold(TABLE.nbytes)
            one.hold(f"work/{name}.arrow", "data", TABLE)
        assert not job(started=time.monotonic() - 0.4 * held.HELD_SECONDS).may_hold(TABLE.nbytes)
        assert job().may_hold(TABLE.nbytes)


def test_a_held_table_has_a_line_in_the_receipt_and_no_file():
    with holding(1000):
        one = job()
        entry = one.hold("work/a.arrow", "data", TABLE, text_bytes=5)
        assert shelf().get(A) is TABLE
    assert one.moves == {}
    assert (entry.path, entry.rows, entry.bytes, entry.text_bytes) == ("work/a.arrow", 3, NO_FILE, 5)
