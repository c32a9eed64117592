"""Executors: one method, `map(tasks) -> outcomes in completion order`. The only file that knows Ray.

Ray only schedules. A path goes in and a small outcome comes out; no table travels through the object store. Retries are
ours: Ray's own retry a task that runs out of memory for ever.
"""

from __future__ import annotations

import contextlib
import importlib.util
import logging
import os
import socket
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol

from corpus_kit.errors import PlanError, RunFailed, missing_extra
from corpus_kit.held import holding
from corpus_kit.tasks import Outcome, Settings, Task, perform

log = logging.getLogger(__name__)

ATTEMPTS = 3
"""Executions of a task whose worker dies, before its shard counts as failed."""
TASK_SECONDS = 3600.0
"""An attempt older than this is given up: a lost node can keep Ray waiting for ever."""
OBJECT_STORE_BYTES = 100 << 20
"""Only paths and counts pass through it; Ray's default takes 30% of memory."""


Work = Callable[[str, str, Task, Settings], Outcome]
"""What does a task of a folder, given the fingerprint of what was asked for: `tasks.perform`, for runs."""


class Executor(Protocol):
    """Anything that can do tasks."""

    def map(self, tasks: Iterable[Task]) -> Iterator[Outcome]:
        """Does every task; outcomes come as they are ready."""
        ...


class InProcess:
    """One task after the other in this process: for debugging, tests and small inputs."""

    def __init__(self, run: str, plan_fingerprint: str, settings: Settings, *, work: Work | None = None):
        self._arguments = (run, plan_fingerprint, settings)
        self._work = work or perform

    def map(self, tasks: Iterable[Task]) -> Iterator[Outcome]:
        """Does every task in order."""
        run, fingerprint, settings = self._arguments
        for task in tasks:
            yield self._work(run, fingerprint, task, settings)


class OnRay:
    """Ray core tasks, with a bounded number in flight."""

    def __init__(
        self,
        run: str,
        plan_fingerprint: str,
        settings: Settings,
        *,
        slots: int,
        seconds: float,
        work: Work | None = None,
    ):
        import ray

        self._arguments = (run, plan_fingerprint)
        self._settings = settings
        self._window = slots  # none waits inside Ray, so the age of a reference is that of its task
        self._seconds = seconds
        self._remote: Any = ray.remote(num_cpus=1, max_retries=0)(work or perform)

    def map(self, tasks: Iterable[Task]) -> Iterator[Outcome]:
        """Does every task; one whose worker dies is done again, up to ATTEMPTS times."""
        import ray

        waiting = deque((task, 1) for task in tasks)
        flying: dict[Any, tuple[Task, int, float]] = {}
        while waiting or flying:
            while waiting and len(flying) < self._window:
                task, attempt = waiting.popleft()
                reference = self._remote.remote(*self._arguments, task, self._settings)
                flying[reference] = (task, attempt, time.monotonic())
            ready, _ = ray.wait(list(flying), num_returns=1, timeout=5.0)
            late = [reference for reference in self._overdue(flying) if reference not in ready]
            for reference in [*ready, *late]:
                task, attempt, _ = flying.pop(reference)
                outcome = self._collect(reference, task, late=reference in late)
                if isinstance(outcome, Outcome):
                    yield outcome
                elif attempt < ATTEMPTS:
                    log.warning("%s: %s; trying again", task.name, outcome)
                    waiting.append((task, attempt + 1))
                else:
                    yield Outcome(task.name, None, "", {}, ("WorkerDied", f"{outcome}, {ATTEMPTS} times"))

    def _overdue(self, flying: dict[Any, tuple[Task, int, float]]) -> list[Any]:
        now = time.monotonic()
        return [reference for reference, (_, _, since) in flying.items() if now - since > self._seconds]

    def _collect(self, reference: Any, task: Task, *, late: bool) -> Outcome | str:
        """The outcome, or in words why there is none."""
        import ray

        if late:
            # The first cancel must be the forced one: after a soft one Ray ignores it.
            ray.cancel(reference, force=True)
            return f"no answer within {self._seconds:.0f} s"
        try:
            return ray.get(reference)
        except ray.exceptions.OutOfMemoryError:
            return "its worker ran out of memory"
        except (ray.exceptions.WorkerCrashedError, ray.exceptions.NodeDiedError, ray.exceptions.ObjectLostError):
            return "its worker died"
        except ray.exceptions.RaySystemError as error:
            raise RunFailed("the Ray cluster is gone; what is done is kept, run the same command again") from error
        except ray.exceptions.RayTaskError as error:
            # A bug of ours, outside any stage. The message may hold text; the type may not.
            return Outcome(task.name, None, "", {}, ("StageError", f"the worker raised {type(error.cause).__name__}"))
        except ray.exceptions.RayError as error:
            return f"Ray says {type(error).__name__}"


@contextlib.contextmanager
def executor(
    run: str,
    plan_fingerprint: str,
    settings: Settings,
    *,
    workers: int,
    ray_address: str | None = None,
    task_seconds: float = TASK_SECONDS,
    work: Work | None = None,
) -> Iterator[Executor]:
    """In this process for one worker and no cluster, else on Ray, which is started and stopped here if it is local.

    Raises PlanError if an attempt is to have no time, or if Ray cannot be started or reached.
    """
    if not task_seconds > 0:
        raise PlanError(f"an attempt at a task has to be given more than 0 seconds; {task_seconds:g} were given")
    if workers == 1 and ray_address is None:
        with holding(settings.held_bytes):
            yield InProcess(run, plan_fingerprint, settings, work=work)
        return
    check_ray()
    with _ray(workers, ray_address) as slots:
        yield OnRay(run, plan_fingerprint, settings, slots=slots, seconds=task_seconds, work=work)


def check_ray() -> None:
    """Raises MissingExtra if Ray is not installed."""
    if importlib.util.find_spec("ray") is None:
        raise missing_extra("ray", "ray", "running with more than one worker (--workers 1 needs nothing)")


@contextlib.contextmanager
def _ray(workers: int, address: str | None) -> Iterator[int]:
    # No reports home, and no rebuilding of an uv environment in workers (which needs a network).
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    import ray

    if ray.is_initialized():
        yield _slots(ray, workers, address)
        return
    common: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    try:
        if address is None:
            ray.init(
                "local",
                num_cpus=workers,
                include_dashboard=False,
                object_store_memory=OBJECT_STORE_BYTES,
                _temp_dir=os.environ.get("CORPUS_KIT_RAY_DIR"),
                **common,
            )
        else:
            _answers(address)
            ray.init(address, **common)
    except (OSError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
        where = f"the Ray cluster at {address}" if address else "a local Ray"
        raise PlanError(f"cannot start or reach {where}: {_first_line(error)}") from error
    try:
        yield _slots(ray, workers, address)
    finally:
        ray.shutdown()


def _answers(address: str) -> None:
    """Raises OSError if nothing listens at HOST:PORT; Ray itself would try for minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if host and port.isdigit():
        socket.create_connection((host.strip("[]"), int(port)), timeout=10).close()


def _slots(ray: Any, workers: int, address: str | None) -> int:
    return workers if address is None else max(1, int(ray.cluster_resources().get("CPU", workers)))


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
