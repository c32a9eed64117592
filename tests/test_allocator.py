"""Arrow's allocator gets its setting, and nobody else does."""

import os
import subprocess
import sys

from corpus_kit.allocator import MILLISECONDS, SETTING

SEEN = """
import os, sys
seen = []
class Watch:
    def find_spec(self, name, path=None, target=None):
        if name == "pyarrow":
            seen.append(os.environ.get("MIMALLOC_PURGE_DELAY"))
sys.meta_path.insert(0, Watch())
"""


def printed(program: str, **environment: str) -> str:
    env = {name: value for name, value in os.environ.items() if name != SETTING} | environment
    line = [sys.executable, "-c", SEEN + program + "\nprint(seen, os.environ.get('MIMALLOC_PURGE_DELAY'))"]
    return subprocess.run(line, env=env, capture_output=True, text=True, check=True).stdout.strip()


def test_it_is_there_while_arrow_is_loaded_and_gone_after():
    assert printed("import corpus_kit") == f"[{MILLISECONDS!r}] None"


def test_who_set_it_otherwise_keeps_it():
    assert printed("import corpus_kit", MIMALLOC_PURGE_DELAY="7") == "['7'] 7"


def test_arrow_that_is_loaded_is_left_alone():
    assert printed("import pyarrow, corpus_kit") == "[None] None"
