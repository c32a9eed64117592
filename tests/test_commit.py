"""The commit protocol: whole or not at all, one driver at a time, and the kernel frees a dead driver's lock."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from corpus_kit import commit
from corpus_kit.commit import (
    RunLock,
    clear_staging,
    commit_files,
    crash_point,
    new_attempt,
    start_sync,
    write_json,
    write_text,
)
from corpus_kit.errors import LedgerError

HOLD = """
import sys, time
from pathlib import Path
from corpus_kit.commit import RunLock
lock = RunLock(Path(sys.argv[1]))
lock.acquire()
print("held", flush=True)
time.sleep(60)
"""
CRASH = """
from corpus_kit.commit import crash_point
for i in range(3):
    print(i, flush=True)
    crash_point("here")
    crash_point("elsewhere")
"""


def python(code: str, *arguments: object, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | environment,
    )


@pytest.mark.parametrize(
    ("wanted", "printed", "code"),
    [("here", "0\n", -9), ("here:2", "0\n1\n", -9), ("here:9", "0\n1\n2\n", 0), ("nowhere", "0\n1\n2\n", 0)],
)
def test_crash_point_kills_at_the_pass_asked_for(wanted, printed, code):
    process = python(CRASH, CORPUS_KIT_CRASH_AT=wanted)
    assert process.communicate(timeout=60)[0] == printed
    assert process.returncode == code


def test_crash_points_do_nothing_unless_asked(monkeypatch):
    monkeypatch.delenv("CORPUS_KIT_CRASH_AT", raising=False)
    crash_point("anything")
    assert commit._passes["anything"] == 0


def test_attempts_of_one_task_have_folders_of_their_own(tmp_path):
    one, other = new_attempt(tmp_path, "map-0/000003"), new_attempt(tmp_path, "map-0/000003")
    assert one != other
    assert one.parent == other.parent == tmp_path / ".staging"
    assert one.name.startswith("map-0.000003.")
    clear_staging(tmp_path)
    assert list(tmp_path.iterdir()) == []
    clear_staging(tmp_path)


def test_files_are_visible_only_after_the_commit(tmp_path):
    staged = new_attempt(tmp_path, "pack/data-0")
    (staged / "shard.parquet").write_text("new")
    (staged / "left.txt").write_text("scratch")
    assert not (tmp_path / "data").exists()
    commit_files(tmp_path, staged, {"shard.parquet": "data/00000.parquet"})
    assert (tmp_path / "data/00000.parquet").read_text() == "new"
    assert not staged.exists()


def test_a_commit_replaces_what_a_lost_one_left(tmp_path):
    (tmp_path / "work").mkdir()
    (tmp_path / "work/a").write_text("old")
    staged = new_attempt(tmp_path, "t")
    (staged / "a").write_text("new")
    commit_files(tmp_path, staged, {"a": "work/a"})
    assert (tmp_path / "work/a").read_text() == "new"


def test_killed_between_renames_leaves_whole_files_only(tmp_path):
    code = """
import sys
from pathlib import Path
from corpus_kit.commit import commit_files, new_attempt
run = Path(sys.argv[1])
staged = new_attempt(run, "t")
for name in "ab":
    (staged / name).write_text(name * 1000)
commit_files(run, staged, {"a": "out/a", "b": "out/b"})
"""
    process = python(code, tmp_path, CORPUS_KIT_CRASH_AT="after_rename")
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    assert [one.name for one in (tmp_path / "out").iterdir()] == ["a"]
    assert (tmp_path / "out/a").read_text() == "a" * 1000


def test_json_is_sorted_whole_and_ends_with_a_newline(tmp_path):
    path = tmp_path / "deep" / "x.json"
    write_json(path, {"b": "å", "a": [1, None]})
    assert path.read_bytes() == '{"a": [1, null], "b": "å"}\n'.encode()
    assert [one.name for one in path.parent.iterdir()] == ["x.json"]


def test_json_without_a_stable_form_is_refused_and_leaves_the_old_file(tmp_path):
    path = tmp_path / "x.json"
    write_json(path, 1)
    with pytest.raises(ValueError, match="JSON compliant"):
        write_json(path, float("nan"))
    assert json.loads(path.read_text()) == 1


def test_text_is_written_beside_and_renamed(tmp_path, monkeypatch):
    seen = []
    replace = os.replace

    def spy(source, target):
        seen.append((Path(source).read_text("utf-8"), Path(target).exists()))
        replace(source, target)

    monkeypatch.setattr(commit.os, "replace", spy)
    write_text(tmp_path / "a.txt", "one\ntwo\n")
    assert seen == [("one\ntwo\n", False)]


def test_a_second_driver_is_refused_and_told_who_holds_the_run(tmp_path):
    holder = python(HOLD, tmp_path)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(LedgerError) as caught:
            RunLock(tmp_path).acquire()
        assert str(caught.value).startswith(f"{tmp_path} is being written by process {holder.pid} on ")
        assert str(caught.value).endswith("; wait for it, or end it")
        holder.send_signal(signal.SIGKILL)
        holder.wait(timeout=60)
        again = RunLock(tmp_path)
        again.acquire()
        again.release()
    finally:
        holder.kill()
        holder.communicate()


def test_a_lock_is_freed_by_release_and_the_file_stays(tmp_path):
    first, second = RunLock(tmp_path / "run"), RunLock(tmp_path / "run")
    first.acquire()
    assert (tmp_path / "run/.lock").read_text().startswith(f"process {os.getpid()} on ")
    with pytest.raises(LedgerError, match="is being written by process"):
        second.acquire()
    first.release()
    first.release()
    assert (tmp_path / "run/.lock").read_text() == ""
    second.acquire()
    second.release()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_fork_has_threads_of_its_own(tmp_path):
    (tmp_path / "a").write_text("a")
    start_sync(tmp_path / "a").result()
    child = os.fork()
    if not child:
        start_sync(tmp_path / "a").result(timeout=20)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0


def test_what_is_synced_beside_tells_its_trouble(tmp_path):
    with pytest.raises(FileNotFoundError):
        start_sync(tmp_path / "nowhere").result()


def test_a_sync_while_the_interpreter_ends_is_done_at_once(tmp_path):
    program = (
        "import atexit, pathlib, sys; from corpus_kit.commit import start_sync; path = pathlib.Path(sys.argv[1]);"
        "start_sync(path).result(); atexit.register(lambda: print(start_sync(path).result()))"
    )
    (tmp_path / "a").write_text("a")
    done = subprocess.run([sys.executable, "-c", program, tmp_path / "a"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "None\n", "")
