"""What the README prints is what the program prints. `python tests/test_readme.py` writes it anew."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
BLOCK = re.compile(r"<!-- output of: (?P<command>[^\n]*) -->\n```console\n(?P<output>.*?)```\n", re.DOTALL)


def run(command: str, cwd: Path) -> str:
    """Output of a corpus-kit command, run where the README's paths are valid."""
    words = shlex.split(command)
    assert words[0] == "corpus-kit"
    line = [sys.executable, "-m", "corpus_kit.cli", *words[1:]]
    done = subprocess.run(line, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return "\n".join(line.rstrip() for line in done.stdout.splitlines()) + "\n"


def steady(text: str) -> str:
    """The text less what depends on the machine: durations and rates."""
    text = re.sub(r"in \d+ min \d+ s|in \d+ s", "in TIME", text)
    return re.sub(r"[\d,.]+ (documents|[kMG]?B)/s", r"RATE \1/s", text)


def outputs(cwd: Path) -> dict[str, str]:
    for name in ("pipelines", "examples"):
        if not (cwd / name).exists():
            (cwd / name).symlink_to(ROOT / name)
    return {match["command"]: run(match["command"], cwd) for match in BLOCK.finditer(README.read_text())}


@pytest.mark.ray
def test_the_readme_prints_what_the_program_prints(tmp_path):
    found = outputs(tmp_path)
    assert len(found) == 5
    for match in BLOCK.finditer(README.read_text()):
        assert steady(match["output"]) == steady(found[match["command"]])


def test_the_example_of_a_stage_in_the_concepts_page_works(tmp_path):
    code = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "concepts.md").read_text(), re.DOTALL)[1]
    (tmp_path / "shouting.py").write_text(code)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.jsonl").write_text('{"text": "HEJ MED DIG"}\n{"text": "hej med dig"}\n')
    (tmp_path / "r.yaml").write_text("recipe: 1\nstages: [no_shouting]\n")
    line = "corpus-kit run r.yaml --input t1=in --no-card t1 --output run --workers 1 --plugin shouting.py"
    assert re.search(r"no_shouting +2 +1 +1 +50.0%", run(line, tmp_path))
    explained = run("corpus-kit inspect run --code no_shouting.capitals", tmp_path)
    assert "no_shouting.capitals = 0.818182, kept up to 0.5" in explained


def write() -> None:
    """Puts the present output into the README."""
    import tempfile

    folder = Path(tempfile.mkdtemp())
    found = outputs(folder)
    text = BLOCK.sub(
        lambda m: f"<!-- output of: {m['command']} -->\n```console\n{found[m['command']]}```\n", README.read_text()
    )
    README.write_text(text)
    shutil.rmtree(folder)


if __name__ == "__main__":
    write()
