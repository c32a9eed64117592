"""What docs/mixes.md prints is what the program prints. `python tests/test_mix_docs.py` writes it anew."""

from __future__ import annotations

import contextlib
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from click.testing import CliRunner

from corpus_kit.cli import main

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "mixes.md"
BLOCK = re.compile(
    r"<!-- (?P<kind>output|error) of: (?P<command>[^\n]*) -->\n```console\n(?P<text>.*?)```\n", re.DOTALL
)
FILE = re.compile(r"<!-- file: (?P<name>\S+) -->\n```yaml\n(?P<text>.*?)```\n", re.DOTALL)


def run(command: str, kind: str, cwd: Path) -> str:
    words = shlex.split(command)
    code = 2 if kind == "error" else 0
    with contextlib.chdir(cwd):
        if words[0] == "python":
            done = subprocess.run([sys.executable, *words[1:]], capture_output=True, text=True, check=True)
            printed = done.stdout
        else:
            result = CliRunner().invoke(main, words[1:])
            assert result.exit_code == code, result.output
            printed = result.stderr if code else result.stdout
    return "\n".join(line.rstrip() for line in printed.splitlines()) + "\n"


def written_anew(cwd: Path) -> str:
    """The page with every block as the program prints it now."""
    (cwd / "examples").symlink_to(ROOT / "examples")
    page = PAGE.read_text("utf-8")
    for match in FILE.finditer(page):
        (cwd / match["name"]).write_text(match["text"])
    return BLOCK.sub(
        lambda m: f"<!-- {m['kind']} of: {m['command']} -->\n```console\n{run(m['command'], m['kind'], cwd)}```\n",
        page,
    )


def test_the_page_prints_what_the_program_prints(tmp_path):
    assert len(BLOCK.findall(PAGE.read_text("utf-8"))) == 6
    assert written_anew(tmp_path) == PAGE.read_text("utf-8")


if __name__ == "__main__":
    PAGE.write_text(written_anew(Path(tempfile.mkdtemp())), "utf-8")
