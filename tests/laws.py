"""Helpers of the tests that run whole recipes: a small mixed corpus, and the comparison of two runs."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

import corpus_kit
from corpus_kit.held import HELD_BYTES
from corpus_kit.tasks import Settings

ROOT = Path(__file__).resolve().parents[1]

RECIPE = """\
recipe: 1
name: laws
stages:
  - extract: {engine: resiliparse}
  - normalize
  - identify
  - filter: {rulesets: [gopher], unknown_language: default, override: {gopher.word_count: "20:"}}
  - dedup: {method: exact, as: exact}
  - dedup: {method: minhash, as: near}
  - weight: {by: [lang], alpha: 0.5}
split_bytes: 30000
shard_bytes: 60000
"""


def text(number: int) -> str:
    """A made-up document of a hundred words that is like no other, with the look of prose."""
    chance = random.Random(number)
    common = ["og", "at", "det", "en", "i", "er", "på", "som", "til", "med"]
    syllables = ["ga", "ne", "ri", "lo", "sku", "bær", "ty", "dø", "fal", "men", "vin", "kå", "stra", "hel", "mo", "pe"]

    def word() -> str:
        return "".join(chance.choice(syllables) for _ in range(chance.randint(2, 4)))

    words = [chance.choice(common) if i % 3 == 2 else word() for i in range(100)]
    lines = [" ".join(words[i : i + 10]) for i in range(0, 100, 10)]
    return "\n".join(f"{line[0].upper()}{line[1:]}." for line in lines)


def make_corpus(folder: Path, documents: int = 240) -> Path:
    """JSONL, Parquet and HTML with exact and near duplicates, junk and damaged records."""
    lines = [json.dumps({"text": text(i), "url": f"https://a.example/{i}"}) for i in range(documents)]
    lines[3] = json.dumps({"title": "no text"})
    lines[5] = "{broken"
    lines += [json.dumps({"text": text(i)}) for i in range(20)]
    lines += [json.dumps({"text": text(i) + " Tilføjet."}) for i in range(30, 50)]
    lines += [json.dumps({"text": "for kort"}), "", json.dumps({"text": "a " * 300})]
    _write(folder / "posts", "posts", "web", {"a.jsonl": "\n".join(lines[:100]), "b.jsonl": "\n".join(lines[100:])})
    _write(folder / "rows", "rows", "books", {})
    table = pa.table({"text": [text(i) for i in range(150, 260)], "year": list(range(110))})
    pq.write_table(table, folder / "rows" / "part.parquet", row_group_size=25)
    page = "<html><head><title>Side {0}</title></head><body><main><p>{1}</p></main></body></html>"
    pages = {f"p{i}.html": page.format(i, text(1000 + i)) for i in range(12)} | {"empty.html": "<html></html>"}
    _write(folder / "pages", "pages", "web", pages)
    return folder


def _write(folder: Path, source: str, category: str, files: dict[str, str]) -> None:
    folder.mkdir(parents=True)
    (folder / "source.yaml").write_text(
        f"id: {source}\ntitle: {source}\nsummary: made for a test\ncategory: {category}\nrights: {{spdx: CC0-1.0}}\n"
    )
    for name, content in files.items():
        (folder / name).write_text(content, "utf-8")


def inputs(folder: Path) -> list[corpus_kit.Input]:
    return corpus_kit.resolve_inputs([str(folder / name) for name in ("posts", "rows", "pages")])


def run(
    folder: Path, output: Path, *, recipe: str = RECIPE, batch_rows: int = 64, held_bytes: int = HELD_BYTES, **options
) -> corpus_kit.Run:
    options.setdefault("workers", 1)
    settings = Settings(batch_rows=batch_rows, held_bytes=held_bytes)
    return corpus_kit.run(corpus_kit.parse_recipe(recipe), inputs(folder), output, settings=settings, **options)


def tree(run: Path) -> dict[str, bytes]:
    """Every file that must not depend on how the work was done. Receipts hold seconds, so they are left out."""
    return {
        str(path.relative_to(run)): path.read_bytes()
        for path in sorted(run.rglob("*"))
        if path.is_file() and path.relative_to(run).parts[0] not in ("receipts", ".lock")
    }


WITHOUT_HOLDING = "from corpus_kit import held; held.HELD_SECONDS = 0; from corpus_kit.cli import main; main()"


def command(
    *arguments: object, crash: str | None = None, holds: bool = True, **environment: str
) -> subprocess.CompletedProcess[str]:
    """The command line in a process of its own, which may keep in memory what comes between two phases."""
    env = os.environ | environment | ({"CORPUS_KIT_CRASH_AT": crash} if crash else {})
    program = ["-m", "corpus_kit.cli"] if holds else ["-c", WITHOUT_HOLDING]
    line = [sys.executable, *program, *map(str, arguments)]
    return subprocess.run(line, capture_output=True, text=True, env=env, timeout=240, check=False)
