"""The appendix of the GPT-SW3 paper, to two decimals, from its recorded sizes and weights."""

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
sys.path.insert(0, str(EXAMPLES))

import gpt_sw3_mix  # noqa: E402

# Tables 9 and 10 of Ekgren et al. 2023. Columns: sv, en, no, da, is, code; a dash is a cell left empty.
SHARES = """\
articles         2.27  1.96  -     .03   -     -
books_hq         .12   5.78  -     -     -     -
conversational   10.34 6.19  .11   .49   .03   -
math             1.59  .70   -     -     -     -
misc             4.09  3.33  9.56  4.79  1.97  -
web_commoncrawl  15.49 1.87  7.54  9.11  .72   -
web_sources      1.10  -     -     .23   -     -
wiki             .29   3.59  .12   .10   .01   -
code             -     -     -     -     -     6.48
"""
SHARES_BY_LANGUAGE = [35.30, 23.41, 17.33, 14.75, 2.73, 6.48]
EPOCHS = """\
articles         1.90 0.15 -    1.90 -    -
books_hq         2.11 0.84 -    -    -    -
conversational   2.11 0.84 2.11 2.11 2.11 -
math             1.69 0.67 -    -    -    -
misc             2.11 0.84 2.11 2.11 2.11 -
web_commoncrawl  1.05 0.42 1.05 1.05 1.05 -
web_sources      1.69 -    -    1.69 -    -
wiki             3.16 3.16 3.16 3.16 3.16 -
code             -    -    -    -    -    0.74
"""
TOKEN_SHARES_BY_LANGUAGE = [33.81, 24.00, 16.79, 14.02, 2.80, 8.57]
"""Of the authors' repository, tables/FFijtokens.tex."""


def published(table: str) -> dict[tuple[str, str], float]:
    rows = [line.split() for line in table.splitlines()]
    return {
        (category, lang): float(cell)
        for category, *cells in rows
        for lang, cell in zip(gpt_sw3_mix.LANGUAGES, cells, strict=True)
        if cell != "-"
    }


def rounded(table: dict[tuple[str, str], float]) -> dict[tuple[str, str], float]:
    return {cell: round(value, 2) for cell, value in table.items()}


def rounded_sums(table: dict[tuple[str, str], float]) -> list[float]:
    return [round(value, 2) for value in gpt_sw3_mix.by_language(table).values()]


@pytest.fixture(scope="module")
def in_bytes():
    return gpt_sw3_mix.mix_in("bytes")


@pytest.fixture(scope="module")
def in_tokens():
    return gpt_sw3_mix.mix_in("tokens")


def test_the_recorded_sizes_add_up(in_bytes, in_tokens):
    assert in_bytes.total_before == 1_333_240_125_809
    assert in_tokens.total_before == 319_755_731_606


def test_the_published_shares_are_those_of_bytes(in_bytes):
    assert rounded(gpt_sw3_mix.shares(in_bytes)) == published(SHARES)
    assert rounded_sums(gpt_sw3_mix.shares(in_bytes)) == SHARES_BY_LANGUAGE


def test_the_published_epochs_come_from_tokens(in_tokens, in_bytes):
    assert rounded(gpt_sw3_mix.epochs(in_tokens)) == published(EPOCHS)
    assert rounded(gpt_sw3_mix.epochs(in_bytes)) != published(EPOCHS)


def test_in_one_unit_the_shares_are_others(in_tokens):
    assert rounded_sums(gpt_sw3_mix.shares(in_tokens)) == TOKEN_SHARES_BY_LANGUAGE
    for one in in_tokens.groups:
        assert one.share * in_tokens.total == pytest.approx(one.epochs * one.size)


def test_the_script_prints_the_three_tables():
    done = subprocess.run([sys.executable, EXAMPLES / "gpt_sw3_mix.py"], capture_output=True, text=True, check=True)
    rows = [line.split() for line in done.stdout.splitlines()]
    assert ["all", "35.30", "23.41", "17.33", "14.75", "2.73", "6.48"] in rows
    assert ["wiki", "3.16", "3.16", "3.16", "3.16", "3.16"] in rows
    assert ["all", "33.81", "24.00", "16.79", "14.02", "2.80", "8.57"] in rows
    assert done.stdout.endswith("319,755,731,606 tokens, of them 70,248,094,895 repeats\n")
