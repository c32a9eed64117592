"""What docs/incremental.md prints is what the program prints. `python tests/test_incremental_docs.py` rewrites it."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
import shutil
import tempfile
from pathlib import Path

from click.testing import CliRunner

from corpus_kit.cli import main

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "incremental.md"
BLOCK = re.compile(
    r"<!-- (?P<kind>output|error) of: (?P<command>[^\n]*) -->\n```console\n(?P<text>.*?)```\n", re.DOTALL
)
FILE = re.compile(r"<!-- file: (?P<name>\S+) -->\n```yaml\n(?P<text>.*?)```\n", re.DOTALL)
CODE = re.compile(r"```python\n(?P<text>.*?)```\n", re.DOTALL)


def prepared(cwd: Path) -> Path:
    """A folder in which the page's commands work."""
    shutil.copytree(ROOT / "examples" / "data" / "debian-edu", cwd / "examples" / "data" / "debian-edu")
    (cwd / "newer").mkdir()
    for path in sorted((cwd / "examples/data/debian-edu/texts").rglob("*-near.txt")):
        (cwd / "newer" / path.name).write_text(path.read_text("utf-8") + "\nRevised in 2026.\n", "utf-8")
    shutil.copy(ROOT / "examples" / "data" / "README.md", cwd / "newer" / "readme.txt")
    for match in FILE.finditer(PAGE.read_text("utf-8")):
        (cwd / match["name"]).write_text(match["text"])
    return cwd


def run(command: str, kind: str, cwd: Path) -> str:
    words = shlex.split(command)
    result = CliRunner().invoke(main, words[1:])
    assert result.exit_code == (2 if kind == "error" else 0), result.output
    printed = result.stderr if kind == "error" else result.stdout
    return "\n".join(line.rstrip() for line in printed.replace(f"{cwd}/", "").splitlines()) + "\n"


def steady(text: str) -> str:
    """The text less what depends on the machine: durations, rates, and sizes of compressed files."""
    text = re.sub(r"in \d+ min \d+ s|in \d+ s", "in TIME", text)
    text = re.sub(r"[\d,.]+ (documents|[kMG]?B)/s", r"RATE \1/s", text)
    return re.sub(r"(files?), [\d.]+ [kM]?B", r"\1, SIZE", text)


def written_anew(cwd: Path) -> str:
    """The page with every block as the program prints it now."""
    page = PAGE.read_text("utf-8")
    with contextlib.chdir(cwd):
        return BLOCK.sub(
            lambda m: f"<!-- {m['kind']} of: {m['command']} -->\n```console\n{run(m['command'], m['kind'], cwd)}```\n",
            page,
        )


def test_the_page_prints_what_the_program_prints(tmp_path):
    page = PAGE.read_text("utf-8")
    assert len(BLOCK.findall(page)) == 5
    assert steady(written_anew(prepared(tmp_path))) == steady(page)
    [code] = [match["text"] for match in CODE.finditer(page)]
    printed = io.StringIO()
    with contextlib.chdir(tmp_path), contextlib.redirect_stdout(printed):
        exec(compile(code, "docs/incremental.md", "exec"), {})
    assert "debian-edu-" in printed.getvalue()


if __name__ == "__main__":
    PAGE.write_text(written_anew(prepared(Path(tempfile.mkdtemp()))), "utf-8")
