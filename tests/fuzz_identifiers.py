"""Runs the compiled ids on random locators and damaged arrays under AddressSanitizer and UndefinedBehaviorSanitizer.

    python tests/fuzz_identifiers.py --seconds 60

Works as fuzz_kernels.py does: every buffer is an allocation of exactly its size, results are compared with hashlib's,
and half of the time is for the extension built for any processor. Needs GCC; exits with 3 if it is not there.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
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
from types import ModuleType

from fuzz_kernels import ENVIRONMENT, FLAGS, ROOT, runtime

BUILDS = [("levels", []), ("plain", ["-DCORPUS_KIT_PLAIN"])]


def run_sanitized(seconds: float, seed: int) -> int:
    """Builds with the sanitizers, then runs this file again inside them."""
    libraries = [runtime("libasan.so"), runtime("libubsan.so")] if shutil.which("gcc") else [None]
    if None in libraries:
        print("gcc with its sanitizer libraries is not installed", file=sys.stderr)
        return 3
    environment = os.environ | ENVIRONMENT | {"LD_PRELOAD": ":".join(filter(None, libraries))}
    source = ROOT / "corpus_kit" / "kernels" / "_identifiers.c"
    include = f"-I{sysconfig.get_path('include')}"
    for name, flags in BUILDS:
        with tempfile.TemporaryDirectory() as folder:
            extension = Path(folder) / "_identifiers.abi3.so"
            command = ["gcc", "-std=c11", "-shared", "-fPIC", "-DPy_LIMITED_API=0x030B0000", include, *FLAGS, *flags]
            subprocess.run([*command, str(source), "-o", str(extension)], check=True)
            command = [sys.executable, __file__, "--extension", str(extension), "--seed", str(seed)]
            command += ["--seconds", str(seconds / len(BUILDS))]
            print(f"{name}: ", end="", flush=True)
            done = subprocess.run(command, env=environment, check=False)
            if done.returncode != 0:
                return done.returncode
    return 0


def load(extension: str) -> ModuleType:
    """The sanitized extension."""
    spec = importlib.util.spec_from_file_location("_identifiers", extension)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def fuzz(kernel: ModuleType, seconds: float, seed: int) -> None:
    """Random arrays until the time is up, whole and damaged in turn."""
    import numpy as np

    def exact(values: bytes) -> np.ndarray:
        return np.frombuffer(values, np.uint8).copy()

    def make_bytes() -> bytes:
        border = 128 * source.randrange(4)
        return source.randbytes(max(0, source.choice([source.randrange(400), border + source.randrange(-20, 5)])))

    def whole() -> None:
        texts = [make_bytes() for _ in range(source.randrange(12))]
        offset = source.randrange(len(texts) + 1)
        ends = np.cumsum([0] + [len(text) for text in texts]).astype(np.int64)
        prefix, path = source.randbytes(source.randrange(9)), make_bytes() + b"\0"
        rows = texts[offset:]
        out = exact(bytes(len(rows) * (len(prefix) + 16)))
        kernel.document_ids(exact(prefix), exact(path), ends, exact(b"".join(texts)), offset, len(rows), out)
        hashes = (hashlib.blake2b(path + row, digest_size=8).hexdigest().encode() for row in rows)
        assert out.tobytes() == b"".join(prefix + one for one in hashes), (seed, rounds, path, rows)

    def damaged() -> None:
        numbers = [source.choice([0, 1, 7, 128, source.randrange(-5, 400), 2**63 - 1]) for _ in range(9)]
        if source.random() < 0.7:
            numbers.sort()
        ends = np.array(numbers[: source.randrange(10)], np.int64)
        items = source.choice([exact(make_bytes()), None])
        length = source.choice([source.randrange(-1, 10), sys.maxsize])
        out = exact(bytes(source.choice([20 * max(0, min(length, 10)), source.randrange(200)])))
        path = exact(source.choice([b"", make_bytes()]))
        with contextlib.suppress(ValueError):
            kernel.document_ids(exact(b"adl-"), path, ends, items, source.randrange(-1, 3), length, out)

    deadline, rounds = time.monotonic() + seconds, 0
    source = random.Random(seed)
    while time.monotonic() < deadline:
        rounds += 1
        whole()
        for _ in range(4):
            damaged()
    print(f"{rounds} arrays of random locators and {4 * rounds} damaged ones: no errors")


def main() -> int:
    parser = argparse.ArgumentParser(description="fuzz the compiled ids under sanitizers")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--extension", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.extension is None:
        return run_sanitized(given.seconds, given.seed)
    fuzz(load(given.extension), given.seconds, given.seed)
    return 0


if __name__ == "__main__":
    sys.exit(main())
