"""Runs the search for near-duplicates on random bytes and damaged arrays under the sanitizers of GCC.

    python tests/fuzz_near.py --seconds 60

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

from fuzz_kernels import BUILDS, ENVIRONMENT, FLAGS, ROOT, runtime

NAME = "corpus_kit.kernels._near"


def run_sanitized(seconds: float, seed: int) -> int:
    """Builds for this processor, for any and for a lesser one, and has this file run inside each."""
    libraries = [runtime("libasan.so"), runtime("libubsan.so")] if shutil.which("gcc") else [None]
    if None in libraries:
        print("gcc with its sanitizer libraries is not installed", file=sys.stderr)
        return 3
    builds = [*(flags for _, flags, _ in BUILDS), ["-DCORPUS_KIT_LEVEL=LEVEL_AVX2"]]
    for flags in builds:
        code = run_build(flags, seconds / len(builds), seed, [name for name in libraries if name])
        if code != 0:
            return code
    return 0


def run_build(flags: list[str], seconds: float, seed: int, libraries: list[str]) -> int:
    """Builds with the sanitizers, then runs this file again inside them."""
    with tempfile.TemporaryDirectory() as folder:
        extension = Path(folder) / "_near.abi3.so"
        source = ROOT / "corpus_kit" / "kernels" / "_near.c"
        include = f"-I{sysconfig.get_path('include')}"
        command = ["gcc", "-std=c11", "-shared", "-fPIC", "-DPy_LIMITED_API=0x030B0000", include, *FLAGS, *flags]
        subprocess.run([*command, str(source), "-o", str(extension)], check=True)
        environment = os.environ | ENVIRONMENT | {"LD_PRELOAD": ":".join(libraries)}
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
    import test_kernels_near as cases

    from corpus_kit.kernels import _near

    pieces = [*cases.PIECES_LIST, *(text for text in cases.HAND_MADE if text)]

    def exact(values: bytes) -> np.ndarray:
        return np.frombuffer(values, np.uint8).copy()

    def make_text() -> bytes | None:
        kind = source.random()
        if kind < 0.1:
            return None
        if kind < 0.3:
            return source.randbytes(source.randrange(200))
        return b"".join(source.choices(pieces, k=source.randrange(60)))

    def whole() -> None:
        texts = [make_text() for _ in range(source.randrange(6))]
        offset = source.randrange(len(texts) + 1)
        ends = np.cumsum([0] + [len(text or b"") for text in texts]).astype(np.int64)
        validity = exact(np.packbits(np.array([text is not None for text in texts], bool), bitorder="little").tobytes())
        buffers = [pa.py_buffer(part) for part in (validity, ends, exact(b"".join(text or b"" for text in texts)))]
        array = pa.Array.from_buffers(pa.large_string(), len(texts) - offset, buffers, offset=offset)
        how = {"ngram": source.choice([1, 2, 5, 16, 17, 2**40]), "unit": source.choice(["word", "char"])}
        folds = source.random() < 0.7
        try:
            cases.assert_as_defined(array, texts[offset:], folds=folds, **how)
        except AssertionError:
            print("seed", seed, "round", rounds, how, folds, texts[offset:])
            raise

    def damaged() -> None:
        rows = source.randrange(1, 9)
        numbers = [source.choice([0, 1, 4, 64, source.randrange(-5, 400), 2**63 - 1]) for _ in range(rows + 1)]
        if source.random() < 0.7:
            numbers.sort()
        ends = np.array(numbers, np.int64)
        validity = exact(source.randbytes(source.randrange(1, 3))) if source.random() < 0.5 else None
        data = exact(source.choice([source.randbytes(source.randrange(400)), make_text() or b""]))
        length = source.randrange(rows + 2)
        array = (validity, ends, data, source.randrange(3), length)
        folds, unit = source.random() < 0.7, source.randrange(2)
        places = np.array([source.choice([0, 0, 1, length - 1, length, -1]) for _ in range(9)], np.int64)
        stops = np.array(sorted(source.randrange(10) for _ in range(3)), np.int64)
        holder = np.array([source.choice([0, row, row]) for row in range(length)], np.int64)
        keys = np.array([source.randrange(3) for _ in range(2 * length)], np.uint64)
        other = array if source.random() < 0.5 else (None, ends, data, 0, source.choice([0, 0, length]))
        results = np.empty(length, np.int64), np.empty(length)
        calls = [
            lambda: _near.fold(*array, np.empty(length + 1, np.int64)),
            lambda: _near.sign(*array, 3, unit, folds, 7, 1, np.empty((length, 7), np.uint32)),
            lambda: _near.sets(*array, 3, unit, folds, np.empty(length + 1, np.int64), np.empty(2 * length, np.uint64)),
            lambda: _near.sign_sets(*array, 7, 1, np.empty((length, 7), np.uint32)),
            lambda: _near.compare(*array, places, places[::-1].copy(), folds, np.empty(9)),
            lambda: _near.judge(*array, *array, keys, 2, places, stops, holder, folds, 0.5, *results),
            lambda: _near.judge(*array, *other, keys, 2, places % max(1, length), stops, holder, folds, 0.5, *results),
        ]
        with contextlib.suppress(ValueError, IndexError):
            source.choice(calls)()

    deadline, rounds = time.monotonic() + seconds, 0
    source = random.Random(seed)
    while time.monotonic() < deadline:
        rounds += 1
        whole()
        for _ in range(20):
            damaged()
    print(f"{rounds} arrays of random texts and {20 * rounds} damaged ones: no errors")


def main() -> int:
    parser = argparse.ArgumentParser(description="fuzz the compiled search for near-duplicates under sanitizers")
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
