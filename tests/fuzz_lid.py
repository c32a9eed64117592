"""Runs the compiled language identification on random texts and damaged model files under sanitizers.

    python tests/fuzz_lid.py --seconds 60

As `fuzz_kernels.py` does it: every buffer is an allocation of exactly its size, so one byte too far is noticed. Whole
models must answer as fastText did before, and lines must be as `corpus_kit.lid.text` defines them; of damaged models
and arrays no more is asked than that they are refused or answered. Needs GCC; exits with 3 if it is not there.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import json
import os
import random
import shutil
import struct
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path
from typing import Any

import fasttext_models
from fuzz_kernels import ENVIRONMENT, FLAGS, ROOT, runtime

KINDS = ("all", "hierarchical", "one versus all", "dim 17", "quantized norms", "pruned", "quantized labels")


def build(folder: Path) -> Path:
    """The extension, compiled with the sanitizers."""
    target = folder / "_lid.abi3.so"
    source = ROOT / "corpus_kit" / "kernels" / "_lid.c"
    headers = sysconfig.get_path("include")
    command = ["gcc", "-std=c11", "-shared", "-fPIC", "-DPy_LIMITED_API=0x030B0000", f"-I{headers}", *FLAGS]
    subprocess.run([*command, str(source), "-o", str(target)], check=True)
    return target


def make_models(folder: Path) -> None:
    """Model files, with what fastText says of some texts beside each."""
    import fasttext

    for loss in ("hs", "ns", "softmax", "ova"):
        (folder / f"handmade {loss}.bin").write_bytes(fasttext_models.handmade(loss))
    for kind in KINDS:
        fasttext_models.train(kind, folder)
    for path in [*folder.glob("*.bin"), *folder.glob("*.ftz")]:
        model = fasttext.load_model(str(path))
        said = [model.f.predict(text + b"\n", 2, 0.0, "strict") for text in fasttext_models.TEXTS]
        path.with_suffix(".json").write_text(json.dumps(said), "utf-8")


def run_sanitized(seconds: float, seed: int) -> int:
    """Builds, trains, then runs this file again inside the sanitizers."""
    libraries = [runtime("libasan.so"), runtime("libubsan.so")] if shutil.which("gcc") else [None]
    if None in libraries:
        print("gcc with its sanitizer libraries is not installed", file=sys.stderr)
        return 3
    with tempfile.TemporaryDirectory() as folder:
        build(Path(folder))
        make_models(Path(folder))
        environment = os.environ | ENVIRONMENT | {"LD_PRELOAD": ":".join(filter(None, libraries))}
        command = [sys.executable, __file__, "--folder", folder, "--seconds", str(seconds), "--seed", str(seed)]
        return subprocess.run(command, env=environment, check=False).returncode


def load(folder: str) -> None:
    """Puts the sanitized extension where corpus_kit looks for its own."""
    name = "corpus_kit.kernels._lid"
    spec = importlib.util.spec_from_file_location(name, Path(folder) / "_lid.abi3.so")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.modules[name] = module
    sys.path.insert(0, str(ROOT))


PIECES = [*fasttext_models.TEXTS[:26], b" ", b"\n", b"a", b"\xc3", b"\xe2\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80"]
PIECES += [each.encode() for each in "ÅİẞȺΣд日\u0301\u0323\ufb00½👩"]
NUMBERS = [0, 1, -1, 2, 3, 5, 7, 16, 255, 256, 1000, 2**31 - 1, -(2**31), 2**28, 2**28 + 1, 10**6]
LONG_NUMBERS = [2**62, 2**63 - 1, -(2**63), 2**40, 2**32, 2**31, *NUMBERS]


def make_text(source: random.Random) -> bytes:
    """Random bytes or pieces, often as long as a block, one more or less."""
    size = source.choice([0, 1, 2, 15, 16, 17, 63, 64, 65, 128, source.randrange(300), source.randrange(9000)])
    if source.random() < 0.2:
        return source.randbytes(size)
    return b"".join(source.choices(PIECES, k=source.randrange(1, 30)))[:size]


def damage(source: random.Random, data: bytes) -> bytes:
    """The file with a few things changed, mostly near its beginning or end, where its numbers are."""
    broken = bytearray(data)
    for _ in range(source.choice([1, 1, 1, 2, 5])):
        at = min(int(source.expovariate(1 / source.choice([60, 600, 6000]))), len(broken) - 9)
        at = source.choice([at, at, len(broken) - 9 - at, source.randrange(len(broken) - 9)]) % len(broken)
        kind = source.random()
        if kind < 0.3 and at + 4 <= len(broken):
            struct.pack_into("<i", broken, at, source.choice(NUMBERS))
        elif kind < 0.5 and at + 8 <= len(broken):
            struct.pack_into("<q", broken, at, source.choice(LONG_NUMBERS))
        elif kind < 0.8:
            broken[at] ^= 1 << source.randrange(8)
        elif kind < 0.87:
            del broken[at:]
        elif kind < 0.94:
            del broken[at : at + source.choice([1, 4, 8, 100])]
        else:
            broken[at:at] = source.randbytes(source.choice([1, 4, 8, 100]))
        if len(broken) < 20:
            break
    return bytes(broken)


def fuzz(folder: Path, seconds: float, seed: int) -> None:
    """Random arrays and models until the time is up."""
    import numpy as np
    import pyarrow as pa

    from corpus_kit.kernels import _lid, lid
    from corpus_kit.lid import text as definition

    def exact(values: bytes) -> np.ndarray:
        return np.frombuffer(values, np.uint8).copy()

    def array(texts: list[bytes]) -> pa.Array:
        ends = np.cumsum([0] + [len(text) for text in texts]).astype(np.int64)
        return pa.Array.from_buffers(
            pa.large_string(), len(texts), [None, pa.py_buffer(ends), pa.py_buffer(exact(b"".join(texts)))]
        )

    def as_before(path: Path) -> None:
        said = json.loads(path.with_suffix(".json").read_text("utf-8"))
        for table_bytes in (0, lid.TABLE_BYTES):
            model = lid.Model(exact(path.read_bytes()), table_bytes=table_bytes)
            for text, expected in zip(fasttext_models.TEXTS, said, strict=True):
                found = model.predict(array([text]), best=2)
                labels = [model.labels[label] for label in found.label[0] if label >= 0]
                assert labels == [label for _, label in expected], path
                scores = [score for score, _ in expected] + [0.0] * (2 - len(expected))
                assert np.abs(found.score[0] - scores).max() < 1e-6, path

    def lines() -> None:
        texts = [make_text(source) for _ in range(source.randrange(4))]
        made = lid.lines(array(texts), folds=True).to_pylist()
        expected = [definition.fold(text.decode(errors="replace")) for text in texts]
        assert [" ".join(line.split()) for line in made] == expected, (seed, rounds)
        lid.lines(array(texts), folds=source.random() < 0.5, sample_chars=source.choice([9, 30, 64, 1000]))

    def outputs(rows: int, best: int) -> tuple[Any, ...]:
        shapes = [((rows, best), np.int32), ((rows, best), np.float32), (rows, np.int64), (rows, np.int64)]
        return tuple(np.empty(shape, kind) for shape, kind in shapes)

    def ask(model: Any) -> None:
        texts = [make_text(source) for _ in range(source.randrange(4))]
        _, ends, items = array(texts).buffers()
        best = source.choice([1, 2, 5, 400])
        options = (best, source.choice([0, 9, 100, 3000]), source.random() < 0.5, source.choice([0.0, 0.5]))
        model.predict(None, ends, items, 0, len(texts), *options, *outputs(len(texts), best))

    def damaged_model() -> int:
        data = damage(source, source.choice(files))
        try:
            model = _lid.Model(exact(data), source.choice([0, 10_000, lid.TABLE_BYTES]))
            for _ in range(3):
                ask(model)
        except (ValueError, ArithmeticError, MemoryError):
            return 0
        return 1

    def damaged_array() -> None:
        rows = source.randrange(1, 5)
        ends = [source.choice([0, 1, 7, 64, source.randrange(-5, 400), 2**63 - 1]) for _ in range(rows + 1)]
        if source.random() < 0.7:
            ends.sort()
        validity = exact(source.randbytes(source.randrange(1, 3))) if source.random() < 0.5 else None
        given = (validity, np.array(ends, np.int64), exact(source.randbytes(400)), source.randrange(3))
        length = source.randrange(rows + 2)
        with contextlib.suppress(ValueError):
            whole[0].predict(*given, length, 2, 0, True, 0.5, *outputs(length, 2))
        with contextlib.suppress(ValueError):
            _lid.lines(*given, length, 0, True, np.empty(length, np.int64))

    source, rounds, alive = random.Random(seed), 0, 0
    paths = sorted([*folder.glob("*.bin"), *folder.glob("*.ftz")])
    for path in paths:
        as_before(path)
    files = [path.read_bytes() for path in paths]
    whole = [_lid.Model(exact(data), source.choice([0, lid.TABLE_BYTES])) for data in files]
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        rounds += 1
        lines()
        ask(source.choice(whole))
        for _ in range(10):
            alive += damaged_model()
            damaged_array()
    print(f"{rounds} arrays of random texts, {10 * rounds} damaged models ({alive} of use) and arrays: no errors")


def main() -> int:
    parser = argparse.ArgumentParser(description="fuzz the compiled language identification under sanitizers")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.folder is None:
        return run_sanitized(given.seconds, given.seed)
    load(given.folder)
    fuzz(Path(given.folder), given.seconds, given.seed)
    return 0


if __name__ == "__main__":
    sys.exit(main())
