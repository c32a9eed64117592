"""Loads Arrow with an allocator that keeps the memory it was given for a second, where nobody has loaded it before.

By itself it gives memory back after 10 ms, and the next batch gets it zeroed again: up to a tenth of a run. It reads
its settings once, when it is loaded; so they need not stay in the environment, where others would see them.
"""

from __future__ import annotations

import os
import sys

SETTING = "MIMALLOC_PURGE_DELAY"
MILLISECONDS = "1000"


def load_arrow() -> None:
    """Imports pyarrow, unless that was done, or the setting is somebody else's."""
    if SETTING in os.environ or "pyarrow" in sys.modules:
        return
    os.environ[SETTING] = MILLISECONDS
    try:
        import pyarrow  # noqa: F401
    finally:
        del os.environ[SETTING]


load_arrow()
