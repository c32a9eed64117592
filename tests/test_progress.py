"""Lines of progress: one a phase on a terminal, plain ones now and then in a log."""

import io

import pytest

from corpus_kit import progress as module
from corpus_kit.driver import Progress
from corpus_kit.progress import Reporter, duration, line


def at(done: int, total: int = 4, *, phase: str = "map-0", documents: int = 100, seconds: float = 10.0) -> Progress:
    return Progress(phase, 1, done, total, documents, documents // 4, documents * 1000, seconds)


@pytest.mark.parametrize(
    ("progress", "text"),
    [
        (at(1), "map-0           1/4 shards  100 documents  10/s  10.0 kB/s  25.0% rejected  30 s left"),
        (at(4), "map-0           4/4 shards  100 documents  10/s  10.0 kB/s  25.0% rejected  in 10 s"),
        (at(0, documents=0), "map-0           0/4 shards"),
        (at(4, seconds=0.01), "map-0           4/4 shards  100 documents  25.0% rejected  in 0 s"),
        (at(2, documents=0, phase="group-dedup.2-1"), "group-dedup.2-1 2/4 shards  10 s left"),
        (
            at(1, 2000, seconds=7.3),
            "map-0           1/2000 shards  100 documents  14/s  13.7 kB/s  25.0% rejected  4 h 03 min left",
        ),
    ],
)
def test_lines(progress, text):
    assert line(progress) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (59.4, "59 s"),
        (60, "1 min 0 s"),
        (3599.4, "59 min 59 s"),
        (3600, "1 h 00 min"),
        (90_000, "25 h 00 min"),
    ],
)
def test_durations(seconds, text):
    assert duration(seconds) == text


def test_a_minute_is_not_sixty_seconds():
    assert duration(59.7) == "1 min 0 s"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_has_one_live_line_a_phase():
    stream = Terminal()
    report = Reporter(stream)
    for step in (0, 2, 4):
        report(at(step))
    shown = stream.getvalue()
    assert shown.count("\r\x1b[K") == 3
    assert shown.count("\n") == 1
    assert shown.endswith(line(at(4)) + "\n")


def test_a_log_has_plain_lines_now_and_then(monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: clock[0])
    stream = io.StringIO()
    report = Reporter(stream)
    for step, now in [(0, 0.0), (1, 1.0), (2, 31.5), (3, 32.0), (4, 33.0)]:
        clock[0] = now
        report(at(step))
    assert stream.getvalue().splitlines() == [line(at(2)), line(at(4))]


def test_quick_steps_between_passes_leave_no_line_in_a_log():
    stream = io.StringIO()
    report = Reporter(stream)
    report(at(1, 1, phase="link-dedup-0", documents=0, seconds=0.1))
    report(at(1, 1, phase="decide-dedup", documents=0, seconds=9.0))
    assert stream.getvalue().splitlines() == ["decide-dedup    1/1 shards  in 9 s"]
