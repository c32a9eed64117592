"""Runs the compiled line rules on random bytes and damaged arrays under the sanitizers of addresses and behavior.

    python tests/fuzz_lines.py --seconds 60

Works as fuzz_kernels.py does: builds the extension with the sanitizers into a temporary folder, then runs itself with
their runtime loaded before Python's. Every buffer is an allocation of exactly its size. Results are also compared with
the definitions. Needs GCC; exits with 3 if it is not there.
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

from fuzz_kernels import ENVIRONMENT, FLAGS, runtime

ROOT = Path(__file__).resolve().parent.parent
NAME = "corpus_kit.kernels._lines"


def build(folder: Path) -> Path:
    """The extension, compiled with the sanitizers."""
    target = folder / "_lines.abi3.so"
    source = ROOT / "corpus_kit" / "kernels" / "_lines.c"
    headers = sysconfig.get_path("include")
    command = ["gcc", "-std=c11", "-shared", "-fPIC", "-DPy_LIMITED_API=0x030B0000", f"-I{headers}", *FLAGS]
    subprocess.run([*command, str(source), "-o", str(target)], check=True)
    return target


def run_sanitized(seconds: float, seed: int) -> int:
    """Builds, then runs this file again inside the sanitizers."""
    libraries = [runtime("libasan.so"), runtime("libubsan.so")] if shutil.which("gcc") else [None]
    if None in libraries:
        print("gcc with its sanitizer libraries is not installed", file=sys.stderr)
        return 3
    with tempfile.TemporaryDirectory() as folder:
        extension = build(Path(folder))
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


def make_text(source: random.Random, pieces: list[bytes]) -> bytes | None:
    """Random bytes, or random pieces of what matters to the rules."""
    kind = source.random()
    if kind < 0.1:
        return None
    if kind < 0.3:
        return source.randbytes(source.randrange(200))
    if kind < 0.35:  # long lines, and lines that open what is never closed
        return source.choice([b"[1]" * 900, b"[" * 900 + b"]" * 900, b"a " * 2000, b"read more " * 300, b"x" * 3000])
    return b"".join(source.choices(pieces, k=source.randrange(60)))


def fuzz(seconds: float, seed: int) -> None:
    """Random arrays until the time is up, whole and damaged in turn."""
    import numpy as np
    import pyarrow as pa
    import test_kernels_lines as cases

    from corpus_kit.kernels import _lines
    from corpus_kit.kernels.lines import OPERATIONS
    from corpus_kit.lines.compiled import compile_rules
    from corpus_kit.lines.rules import Pass

    rules = [*cases.ANY, *(rule for ruleset in cases.SHIPPED.values() for rule in ruleset.rules)]
    pieces = [*cases.PIECES_LIST, *(text for text in cases.HAND_MADE if text)]
    pieces += [phrase.encode() for rule in rules for phrase in rule.parameters.get("phrases", ())]

    def exact(values: bytes) -> np.ndarray:
        return np.frombuffer(values, np.uint8).copy()

    def whole() -> None:
        texts = [make_text(source, pieces) for _ in range(source.randrange(6))]
        offset = source.randrange(len(texts) + 1)
        ends = np.cumsum([0] + [len(text or b"") for text in texts]).astype(np.int64)
        validity = exact(np.packbits(np.array([text is not None for text in texts], bool), bitorder="little").tobytes())
        buffers = [pa.py_buffer(part) for part in (validity, ends, exact(b"".join(text or b"" for text in texts)))]
        array = pa.Array.from_buffers(pa.large_string(), len(texts) - offset, buffers, offset=offset)
        chosen = source.sample(rules, source.randrange(1, 9))
        one = Pass(source.choice(["line", "paragraph"]), tuple({rule.code: rule for rule in chosen}.values()))
        try:
            cases.assert_equal_to_definition(array, texts[offset:], one)
        except AssertionError:
            print("seed", seed, "round", rounds, [rule.code for rule in one.rules], one.unit, texts[offset:])
            raise

    def damaged() -> None:
        rows = source.randrange(1, 9)
        numbers = [source.choice([0, 1, 7, 64, source.randrange(-5, 400), 2**63 - 1]) for _ in range(rows + 1)]
        if source.random() < 0.7:
            numbers.sort()
        ends = np.array(numbers, np.int64)
        validity = exact(source.randbytes(source.randrange(1, 3))) if source.random() < 0.5 else None
        data = exact(source.choice([source.randbytes(source.randrange(400)), make_text(source, pieces) or b""]))
        length = source.randrange(rows + 2)
        programs = compile_rules([source.sample(rules, 3) for _ in range(2)])
        table = programs.table.copy()
        if source.random() < 0.5:
            number = source.choice([-1, 0, 1, len(OPERATIONS) - 1, len(OPERATIONS), 2**62])
            table[source.randrange(6), source.randrange(12)] = number
        ranges = np.array([[source.choice([-1, 0, 2**40]), source.choice([0, 2**40])]], np.int64)
        which = np.array([source.randrange(-1, 3) for _ in range(length)], np.int64)
        out = exact(bytes(source.choice([0, 1, len(data)])))
        with contextlib.suppress(ValueError, IndexError):
            _lines.clean(
                *(validity, ends, data, source.randrange(3), length),
                *(table, programs.bounds, programs.ends, programs.strings, source.choice([programs.ranges, ranges])),
                *(source.choice([3, 3, 3, 0, 2, 7]), source.random() < 0.5, which, out),
                *(np.empty(length + 1, np.int64), np.zeros((3, length), np.int64)),
            )

    deadline, rounds = time.monotonic() + seconds, 0
    source = random.Random(seed)
    while time.monotonic() < deadline:
        rounds += 1
        whole()
        for _ in range(10):
            damaged()
    print(f"{rounds} arrays of random texts and {10 * rounds} damaged ones: no errors")


def main() -> int:
    parser = argparse.ArgumentParser(description="fuzz the line rules under sanitizers")
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
