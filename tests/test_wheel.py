"""The wheel in a clean environment, with no checkout in sight: data folders inside, the demo recipe runs by name."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import laws
import pytest


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    # A copy of what git tracks: a stale build folder in the checkout must not help.
    source = folder / "source"
    files = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=laws.ROOT,
        capture_output=True,
        check=True,
    ).stdout.split(b"\0")
    for name in filter(None, files):
        target = source / name.decode()
        if (laws.ROOT / name.decode()).is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes((laws.ROOT / name.decode()).read_bytes())
    line = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, source]
    subprocess.run(line, check=True, timeout=280)
    [built] = folder.glob("*.whl")
    return built


def test_the_wheel_holds_data_and_kernels_and_nothing_else(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert "corpus_kit/_data/filters/rulesets/gopher.yaml" in names
    assert "corpus_kit/_data/pipelines/demo.yaml" in names
    assert any(name.startswith("corpus_kit/_data/datasheets/templates/") for name in names)
    assert any(name.startswith("corpus_kit/models/") and name.endswith(".ftz") for name in names)
    assert any(name.startswith("corpus_kit/kernels/_kernels.") and name.endswith(".so") for name in names)
    tops = {name.split("/")[0] for name in names}
    assert tops == {"corpus_kit", next(top for top in tops if top.endswith(".dist-info"))}
    assert "cp311-abi3" in wheel.name


def test_the_installed_wheel_runs_the_demo_recipe(wheel, tmp_path):
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    python = tmp_path / "venv" / "bin" / "python"
    line = [python, "-m", "pip", "install", "--quiet", f"corpus-kit[web,lang] @ {wheel.as_uri()}"]
    subprocess.run(line, check=True, timeout=290)
    sample = laws.ROOT / "examples" / "data" / "udhr"
    env = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "VIRTUAL_ENV")}
    line = [tmp_path / "venv" / "bin" / "corpus-kit", "run", "demo", "--input", sample]
    line += ["--output", tmp_path / "run", "--workers", "1", "--json"]
    done = subprocess.run(line, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["files"]["data"]["rows"] > 50
    assert (tmp_path / "run" / "datasheet" / "datasheet.html").is_file()
    line += ["--output", tmp_path / "two", "--workers", "2"]
    more = subprocess.run(line, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert more.returncode == 2
    assert "pip install 'corpus-kit[ray]'" in more.stderr
