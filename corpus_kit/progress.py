"""Progress on a terminal (one live line a phase) or in a log (plain lines now and then)."""

from __future__ import annotations

import sys
import time
from typing import IO

from corpus_kit.driver import Progress
from corpus_kit.show import size

LOG_SECONDS = 30.0
"""Between plain lines."""


class Reporter:
    """Called by the driver after every shard."""

    def __init__(self, stream: IO[str] | None = None):
        self._stream = stream or sys.stderr
        self._live = self._stream.isatty()
        self._phase = ""
        self._last = 0.0

    def __call__(self, progress: Progress) -> None:
        """Shows how far the phase is."""
        done = progress.done == progress.total
        now = time.monotonic()
        if progress.phase != self._phase:
            self._phase, self._last = progress.phase, now
        if self._live:
            self._stream.write("\r\x1b[K" + line(progress) + ("\n" if done and _worth_a_line(progress) else ""))
            self._stream.flush()
        elif (done and _worth_a_line(progress)) or now - self._last >= LOG_SECONDS:
            self._stream.write(line(progress) + "\n")
            self._stream.flush()
            self._last = now


def _worth_a_line(progress: Progress) -> bool:
    """Whether a finished phase is worth remembering: not the quick steps between passes."""
    return progress.documents > 0 or progress.seconds > 2 or progress.phase == "pack"


def line(progress: Progress) -> str:
    """One line: phase, shards, speed, rejected share, time left.

    >>> line(Progress("map-0", 1, 118, 400, 41_000, 4920, 120_000_000, 10.0))
    'map-0           118/400 shards  41,000 documents  4,100/s  12.0 MB/s  12.0% rejected  24 s left'
    """
    parts = [f"{progress.phase:<15} {progress.done}/{progress.total} shards"]
    if progress.documents:
        parts.append(f"{progress.documents:,} documents")
        if progress.seconds > 0.05:
            parts.append(f"{progress.documents / progress.seconds:,.0f}/s")
            parts.append(f"{size(progress.bytes / progress.seconds)}/s")
        parts.append(f"{progress.rejected / progress.documents:.1%} rejected")
    if 0 < progress.done < progress.total:
        left = progress.seconds / progress.done * (progress.total - progress.done)
        parts.append(f"{duration(left)} left")
    elif progress.done == progress.total:
        parts.append(f"in {duration(progress.seconds)}")
    return "  ".join(parts)


def duration(seconds: float) -> str:
    """Seconds for people.

    >>> duration(3.21), duration(75), duration(7300)
    ('3 s', '1 min 15 s', '2 h 01 min')
    """
    minutes, rest = divmod(round(seconds), 60)
    if not minutes:
        return f"{rest} s"
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"
