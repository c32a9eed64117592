"""Executors: the same outcomes in process and on Ray; workers that die; clusters that cannot be reached."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import laws
import pytest

import corpus_kit.execute
from corpus_kit.errors import MissingExtra, PlanError
from corpus_kit.execute import executor
from corpus_kit.tasks import Outcome, Settings, Task


def test_one_worker_needs_no_ray(monkeypatch, tmp_path):
    monkeypatch.setattr(corpus_kit.execute.importlib.util, "find_spec", lambda name: None)
    with executor(str(tmp_path), "x", Settings(), workers=1) as pool:
        assert type(pool).__name__ == "InProcess"
    with (
        pytest.raises(MissingExtra, match=r"pip install 'corpus-kit\[ray\]'"),
        executor(str(tmp_path), "x", Settings(), workers=2),
    ):
        pass


def test_a_cluster_that_does_not_answer_is_named_at_once(tmp_path):
    with (
        pytest.raises(PlanError, match=r"cannot start or reach the Ray cluster at 127\.0\.0\.1:9: .*refused"),
        executor(str(tmp_path), "x", Settings(), workers=2, ray_address="127.0.0.1:9"),
    ):
        pass


def _dies(run: str, fingerprint: str, task: Task, settings: Settings) -> Outcome:
    """Stands in for `perform`: kills its worker as often as the task says."""
    marks = Path(run) / task.name
    marks.mkdir(exist_ok=True)
    before = len(list(marks.iterdir()))
    (marks / str(before)).touch()
    if before < task.args["deaths"]:
        os.kill(os.getpid(), signal.SIGKILL)
    return Outcome(task.name, {"executions": before + 1}, "", {})


@pytest.fixture
def by_value():
    """Ray workers cannot import a test module: its functions are sent whole."""
    from ray import cloudpickle

    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    yield
    cloudpickle.unregister_pickle_by_value(sys.modules[__name__])


@pytest.mark.ray
@pytest.mark.usefixtures("by_value")
def test_a_dead_worker_is_tried_again_but_not_for_ever(monkeypatch, tmp_path):
    monkeypatch.setattr(corpus_kit.execute, "perform", _dies)
    tasks = [Task(f"t{deaths}", "map", "", {"deaths": deaths}) for deaths in (0, 1, 5)]
    with executor(str(tmp_path), "x", Settings(), workers=2) as pool:
        outcomes = {outcome.task: outcome for outcome in pool.map(tasks)}
    assert outcomes["t0"].receipt == {"executions": 1}
    assert outcomes["t1"].receipt == {"executions": 2}
    assert outcomes["t5"].error == ("WorkerDied", "its worker died, 3 times")


def _sleeps(run: str, fingerprint: str, task: Task, settings: Settings) -> Outcome:
    import time

    if not (Path(run) / "slept").exists():
        (Path(run) / "slept").touch()
        time.sleep(300)
    return Outcome(task.name, {}, "", {})


@pytest.mark.ray
@pytest.mark.usefixtures("by_value")
def test_an_attempt_that_takes_too_long_is_given_up_and_done_again(monkeypatch, tmp_path):
    monkeypatch.setattr(corpus_kit.execute, "perform", _sleeps)
    with executor(str(tmp_path), "x", Settings(), workers=2, task_seconds=12) as pool:
        [outcome] = pool.map([Task("t", "map", "", {})])
    assert outcome.receipt == {}


@pytest.mark.ray
def test_a_run_on_a_cluster_gives_the_same_bytes(tmp_path):
    """A head started by hand, with the token it asks for; and without it, one clear line."""
    corpus = laws.make_corpus(tmp_path / "corpus", documents=60)
    here = laws.run(corpus, tmp_path / "here")
    token = tmp_path / "token"
    token.write_text("0123456789abcdef" * 4)
    token.chmod(0o600)
    auth = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN_PATH": str(token), "RAY_USAGE_STATS_ENABLED": "0"}
    ray = Path(sys.executable).parent / "ray"
    short = subprocess.run(["mktemp", "-d", "/tmp/rXXXX"], capture_output=True, text=True, check=True).stdout.strip()
    line = [ray, "start", "--head", "--block", "--port=6391", "--num-cpus=2", "--object-store-memory=100000000"]
    line += ["--include-dashboard=false", "--disable-usage-stats", f"--temp-dir={short}"]
    head = subprocess.Popen(line, env=os.environ | auth, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        assert head.stdout is not None
        assert any("runtime started" in row for row in head.stdout)
        (tmp_path / "laws.yaml").write_text(laws.RECIPE)
        call = ["run", tmp_path / "laws.yaml", "--ray-address", "127.0.0.1:6391"]
        for name in ("posts", "rows", "pages"):
            call += ["--input", corpus / name]
        denied = laws.command(*call, "--output", tmp_path / "denied", RAY_AUTH_MODE="disabled")
        assert denied.returncode == 2, denied.stderr
        assert "cannot start or reach the Ray cluster at 127.0.0.1:6391" in denied.stderr
        assert "Traceback" not in denied.stderr
        done = laws.command(*call, "--output", tmp_path / "there", **auth)
        assert done.returncode == 0, done.stderr
    finally:
        head.terminate()
        head.wait(60)
        subprocess.run(["rm", "-rf", short], check=True)
    assert laws.tree(tmp_path / "there") == laws.tree(here.path)
