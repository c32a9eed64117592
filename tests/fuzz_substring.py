"""Runs the compiled search for repeated spans on random bytes and damaged arrays under GCC's sanitizers.

    python tests/fuzz_substring.py --seconds 60

Works as fuzz_spans.py does: every buffer is an allocation of exactly its size, and results are compared with the
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

NAME = "corpus_kit.kernels._substring"


def run_sanitized(seconds: float, seed: int) -> int:
    """Builds with the sanitizers, then runs this file again inside them."""
    libraries = [runtime("libasan.so"), runtime("libubsan.so")] if shutil.which("gcc") else [None]
    if None in libraries:
        print("gcc with its sanitizer libraries is not installed", file=sys.stderr)
        return 3
    with tempfile.TemporaryDirectory() as folder:
        extension = Path(folder) / "_substring.abi3.so"
        source = ROOT / "corpus_kit" / "kernels" / "_substring.c"
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
    import test_kernels_substring as cases

    from corpus_kit.kernels import _substring, substring

    pieces = [*cases.PIECES, *(text for text in cases.HAND_MADE if text and len(text) < 40)]

    def exact(values: bytes) -> np.ndarray:
        return np.frombuffer(values, np.uint8).copy()

    def make_text() -> bytes | None:
        kind = source.random()
        if kind < 0.1:
            return None
        if kind < 0.3:
            return source.randbytes(source.randrange(200))
        if kind < 0.5:
            return source.choice(pieces) * source.randrange(80) + source.choice(pieces)
        return b"".join(source.choices(pieces, k=source.randrange(60)))

    def make_ranges() -> list[tuple[int, int]]:
        begins = sorted(source.randrange(80) for _ in range(source.randrange(4)))
        return [(begin, begin + source.randrange(50)) for begin in begins]

    def whole() -> None:
        texts = [make_text() for _ in range(source.randrange(6))]
        offset = source.randrange(len(texts) + 1)
        ends = np.cumsum([0] + [len(text or b"") for text in texts]).astype(np.int64)
        validity = exact(np.packbits(np.array([text is not None for text in texts], bool), bitorder="little").tobytes())
        buffers = [pa.py_buffer(part) for part in (validity, ends, exact(b"".join(text or b"" for text in texts)))]
        array = pa.Array.from_buffers(pa.large_string(), len(texts) - offset, buffers, offset=offset)
        own = texts[offset:]
        unit, length, gone = source.choice(substring.UNITS), source.randrange(1, 20), source.getrandbits(64)
        gram = source.randrange(1, length + 1)
        ranges, mask = [make_ranges() for _ in own], source.choice([None, "x", "[gentaget]"])
        try:
            cases.assert_runs_as_defined(array, own, unit, length, gram)
            cases.assert_windows_as_defined(array, own, unit, length, gram, lambda i: bool(gone >> i % 64 & 1))
            cases.assert_removed_as_defined(array, own, unit, ranges, mask)
        except AssertionError:
            print("seed", seed, "round", rounds, unit, length, gram, gone, mask, ranges, own)
            raise

    def damaged() -> None:
        rows = source.randrange(1, 9)
        numbers = [source.choice([0, 1, 7, 64, source.randrange(-5, 400), 2**63 - 1]) for _ in range(rows + 1)]
        if source.random() < 0.7:
            numbers.sort()
        ends = np.array(numbers, np.int64)
        validity = exact(source.randbytes(source.randrange(1, 3))) if source.random() < 0.5 else None
        data = exact(source.choice([source.randbytes(source.randrange(400)), make_text() or b""]))
        length = source.randrange(rows + 2)
        arrays = (validity, ends, data, source.randrange(3), length, source.choice([0, 1, 1, 2, -1]))
        count = source.randrange(9)
        offsets = np.array(sorted(source.randrange(count + 1) for _ in range(length + 1)), np.int64)
        if source.random() < 0.3:
            offsets[source.randrange(length + 1)] = source.choice([-1, 0, count + 1, 2**62])
        ranges = np.array([source.choice([0, 5, 99, 2**32 - 1]) for _ in range(2 * count)], np.uint32)
        out, mask = exact(bytes(source.choice([0, 1, len(data), 999]))), source.choice([None, b"", b"mask"])
        sizes = source.choice([(3, 1), (9, 9), (50, 16), (0, 0), (3, 4), (2**40, 2)])
        mode = source.choice([0, 1, 2, 3, -1])
        made = np.empty(length + 1, np.int64)
        with contextlib.suppress(ValueError, IndexError):
            _substring.runs(*arrays, *sizes, mode, offsets, source.choice([ranges[:count].copy(), ranges]), made)
        with contextlib.suppress(ValueError, IndexError):
            counts = np.zeros((length, len(substring.COUNTS)), np.int64)
            _substring.without(*arrays, offsets, ranges, mask, out, made, counts)

    deadline, rounds = time.monotonic() + seconds, 0
    source = random.Random(seed)
    while time.monotonic() < deadline:
        rounds += 1
        whole()
        for _ in range(4):
            damaged()
    print(f"{rounds} arrays of random texts and {4 * rounds} damaged ones: no errors")


def main() -> int:
    parser = argparse.ArgumentParser(description="fuzz the search for repeated spans under sanitizers")
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
