"""Runs the compiled search for runs of words on random bytes and damaged arrays under sanitizers (ASan, UBSan).

    python tests/fuzz_contamination.py --seconds 60

Works as fuzz_lines.py does: every buffer is an allocation of exactly its size, and results are compared with the
definitions. Needs GCC; exits with 3 if it is not there.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import os
import random
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path

from fuzz_kernels import ENVIRONMENT, FLAGS, ROOT, runtime

NAME = "corpus_kit.kernels._contamination"


def run_sanitized(seconds: float, seed: int) -> int:
    """Builds with the sanitizers, then runs this file again inside them."""
    libraries = [runtime("libasan.so"), runtime("libubsan.so")] if shutil.which("gcc") else [None]
    if None in libraries:
        print("gcc with its sanitizer libraries is not installed", file=sys.stderr)
        return 3
    with tempfile.TemporaryDirectory() as folder:
        extension = Path(folder) / "_contamination.abi3.so"
        source = ROOT / "corpus_kit" / "kernels" / "_contamination.c"
        include = f"-I{sysconfig.get_path('include')}"
        command = ["gcc", "-std=c11", "-shared", "-fPIC", "-DPy_LIMITED_API=0x030B0000", include, *FLAGS]
        subprocess.run([*command, str(source), "-o", str(extension)], check=True)
        environment = os.environ | ENVIRONMENT | {"LD_PRELOAD": ":".join(filter(None, libraries))}
        command = [sys.executable, __file__, "--extension", str(extension), "--seconds", str(seconds)]
        return subprocess.run([*command, "--seed", str(seed)], env=environment, check=False).returncode


def load(extension: str) -> None:
    """Puts the sanitized extension where corpus_kit looks for its own."""
    spec = importlib.util.spec_from_file_location(NAME, extension)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.modules[NAME] = module
    sys.path[:0] = [str(ROOT), str(ROOT / "tests")]


def fuzz(seconds: float, seed: int) -> None:
    """Random arrays until the time is up, whole and damaged in turn."""
    import numpy as np
    import pyarrow as pa
    import test_kernels_contamination as cases

    from corpus_kit.kernels import _contamination, word_runs

    table = word_runs.table().copy()

    def exact(values: bytes) -> np.ndarray:
        return np.frombuffer(values, np.uint8).copy()

    def make_text() -> bytes | None:
        kind = source.random()
        if kind < 0.1:
            return None
        if kind < 0.3:
            return source.randbytes(source.randrange(200))
        return b"".join(source.choices(cases.PIECES, k=source.randrange(60)))

    def whole() -> None:
        texts = [make_text() for _ in range(source.randrange(6))]
        offset = source.randrange(len(texts) + 1)
        ends = np.cumsum([0] + [len(text or b"") for text in texts]).astype(np.int64)
        validity = exact(np.packbits(np.array([text is not None for text in texts], bool), bitorder="little").tobytes())
        buffers = [pa.py_buffer(part) for part in (validity, ends, exact(b"".join(text or b"" for text in texts)))]
        array = pa.Array.from_buffers(pa.large_string(), len(texts) - offset, buffers, offset=offset)
        runs = cases.runs_of([text for text in texts if text], source.sample(range(1, 8), 2))
        try:
            cases.assert_as_defined(array, texts[offset:], runs[:: source.randrange(1, 4)])
        except AssertionError:
            print("seed", seed, "round", rounds, texts[offset:])
            raise

    def damaged() -> None:
        rows = source.randrange(1, 9)
        numbers = [source.choice([0, 1, 7, 64, source.randrange(-5, 400), 2**63 - 1]) for _ in range(rows + 1)]
        if source.random() < 0.7:
            numbers.sort()
        data = exact(source.choice([source.randbytes(source.randrange(400)), make_text() or b""]))
        validity = exact(source.randbytes(source.randrange(1, 3))) if source.random() < 0.5 else None
        length = source.randrange(rows + 2)
        arrays = (validity, np.array(numbers, np.int64), data, source.randrange(3), length)
        runs = cases.make(cases.runs_of([b"".join(source.choices(cases.PIECES, k=20))], [1, 2]))
        if source.random() < 0.5 and len(runs.begins):
            at = source.randrange(len(runs.begins))
            runs.begins[at] = source.choice([-1, 0, 5, 10**6, 2**62])
            runs.slots[source.randrange(len(runs.slots))] = source.choice([1, 99, 2**32 - 1])
        out = np.empty(length + 1, np.int64)
        with contextlib.suppress(ValueError, IndexError):
            _contamination.match(*arrays, table, exact(runs.pool), *runs[1:], out)
        with contextlib.suppress(ValueError, IndexError):
            _contamination.form(*arrays, table, out)
        pool, some = exact(runs.pool), np.array([source.randrange(-2, 40) for _ in range(4)], np.int64)
        with contextlib.suppress(ValueError, IndexError):
            hashes = np.empty(4, np.uint64), np.empty(4, np.uint64)
            _contamination.hash(pool, some, some[::-1].copy(), 2, *hashes)

    deadline, rounds = time.monotonic() + seconds, 0
    source = random.Random(seed)
    while time.monotonic() < deadline:
        rounds += 1
        whole()
        for _ in range(4):
            damaged()
    print(f"{rounds} arrays of random texts and {4 * rounds} damaged ones: no errors")


def main() -> int:
    parser = argparse.ArgumentParser(description="fuzz the compiled search under sanitizers")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--extension", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.extension is None:
        return run_sanitized(given.seconds, given.seed)
    load(given.extension)
    fuzz(given.seconds, given.seed)
    return 0


if __name__ == "__main__":
    sys.exit(main())
