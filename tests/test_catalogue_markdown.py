"""docs/catalogue.md: everything on one page, as it is now."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from corpus_kit import resources
from corpus_kit.catalogue.markdown import COMMAND, definition, table
from corpus_kit.catalogue.stages import classes, title
from corpus_kit.language import labels
from corpus_kit.lines.rulesets import load_line_ruleset
from corpus_kit.rulesets import load_ruleset
from corpus_kit.schema import COLUMNS
from corpus_kit.sources import REJECT_CODES, SKIP_CODES

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "catalogue.md"


@pytest.fixture(scope="module")
def printed() -> str:
    """The page as a process of its own prints it, without what tests have registered here."""
    line = [sys.executable, "-m", "corpus_kit.cli", "explain", "--all"]
    return subprocess.run(line, capture_output=True, text=True, check=True, timeout=120, cwd=ROOT).stdout


def test_the_page_is_up_to_date(printed):
    assert PAGE.read_text("utf-8") == printed, f"the catalogue has changed; run: {COMMAND}"


def test_everything_is_on_it(printed):
    for name, method, cls in classes():
        if cls.__module__.startswith("corpus_kit."):
            assert f"\n### {title(name, method)}\n" in printed
            assert all(f"| `{code}` |" in printed for code in cls.codes)
    for name in resources.names("rulesets"):
        ruleset = load_ruleset(name)
        assert f"\n### {name}\n" in printed
        for rule in ruleset.rules:
            assert f"| `{rule.code}` | {', '.join(f'`{one}`' for one in dict.fromkeys(rule.metrics))} |" in printed
            assert all(f"\n#### {metric}\n" in printed for metric in rule.metrics)
    for name in resources.names("lines"):
        assert all(f"| `{rule.code}` | `{rule.definition.name}` |" in printed for rule in load_line_ruleset(name).rules)
    for name in (*COLUMNS, *REJECT_CODES, *SKIP_CODES, *labels()):
        assert f"| `{name}` |" in printed


def test_numbers_have_their_origin(printed):
    assert "| `gopher.word_count` | `word_count` | at least 50 and at most 100000 |" in printed
    assert "Rae et al. 2021, arXiv:2112.11446, appendix A1.1." in printed
    assert (
        "| `gopher.mean_word_length` | dan_Latn | keeps at least 3 and at most 11 (profile dan_Latn: hugging" in printed
    )


def test_the_contents_lead_to_sections(printed):
    for anchor in re.findall(r"^- \[.*\]\(#(.*)\)$", printed, re.MULTILINE):
        assert re.search(rf"^## {anchor.replace('-', ' ')}$", printed, re.MULTILINE | re.IGNORECASE)


def test_every_row_of_a_table_has_its_cells(printed):
    blocks = re.findall(r"(?:^\|.*\|\n)+", printed, re.MULTILINE)
    assert len(blocks) > 30
    for block in blocks:
        cells = {len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}
        assert len(cells) == 1, block[:200]


def test_nothing_of_this_machine_is_on_it(printed):
    assert str(ROOT) not in printed
    assert str(Path.home()) not in printed


def test_tables_and_definitions():
    assert table(["a"], [["one\n two"]]) == "| a |\n| --- |\n| one two |"
    assert definition("Only prose.") == "Only prose."
    assert definition("Prose.\n\n>>> a(1)\n2\n>>> a(2)\n3").endswith("```pycon\n>>> a(1)\n2\n>>> a(2)\n3\n```")
