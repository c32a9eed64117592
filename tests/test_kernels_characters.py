"""The tables of character classes that definitions and kernels share."""

import sys
import unicodedata
from pathlib import Path

import pytest

from corpus_kit.kernels import characters, generate_tables
from corpus_kit.kernels.characters import (
    DIGITS,
    END_MARKS,
    LETTERS,
    LOWERCASE,
    PICTOGRAPHIC,
    SIGNS,
    SPECIAL,
    UNICODE_VERSION,
    WHITESPACE,
    WORD_BREAKS,
    ends,
    lower,
    lower_mapping,
    pattern,
)

same_unicode = pytest.mark.skipif(
    unicodedata.unidata_version != UNICODE_VERSION, reason=f"the tables are of Unicode {UNICODE_VERSION}"
)


def members(table: str) -> set[str]:
    return {chr(code) for a, b in ends(table) for code in range(a, b + 1)}


@same_unicode
def test_the_file_for_c_is_what_the_generator_gives():
    pytest.importorskip("regex")
    path = Path(generate_tables.__file__).with_name("characters.h")
    assert path.read_text("utf-8") == generate_tables.c_characters()


@same_unicode
@pytest.mark.parametrize(
    ("table", "belongs"),
    [(LETTERS, str.isalpha), (LOWERCASE, str.islower), (DIGITS, str.isdigit), (WHITESPACE, str.isspace)],
)
def test_classes_are_pythons(table, belongs):
    assert members(table) == {chr(code) for code in range(sys.maxunicode + 1) if belongs(chr(code))}


@same_unicode
def test_lower_case_is_pythons_where_it_is_one_character():
    for code in range(sys.maxunicode + 1):
        expected = chr(code).lower()
        assert lower(chr(code)) == (expected if len(expected) == 1 else "i")
    assert "İ".lower() == "i\u0307"  # the only one that is not
    assert lower("İ") == "i"


def test_lower_case_has_the_length_of_the_text():
    assert lower("ÅÆØ ÐÞ ẞ Σ ΑΣ İI ǅ Ⓜ 1") == "åæø ðþ ß σ ασ ii ǆ ⓜ 1"
    assert lower("Abc") == "abc"
    assert len(lower_mapping()) > 1400


def test_special_characters_are_roots_without_letters():
    special = members(SPECIAL)
    assert special & members(LETTERS) == set("ℹ")  # an emoji
    assert special >= members(WHITESPACE) | set("!\"#$%&'()*+,-./0123456789:;<=>?@[\\]^_`{|}~") | set(
        "’“”–•€«»°·§´²½†‰™©"
    )
    assert special >= set("🙂👩❤🇩") | {"\u200d", "\ufe0f"}
    assert not special & set("aøæåıəπ٣語")


def test_signs_and_end_marks_are_datatroves():
    theirs = pytest.importorskip("datatrove.utils.text")
    assert members(END_MARKS) == theirs.TERMINAL_PUNCTUATION
    assert members(SIGNS) == theirs.PUNCTUATION_SET


def test_every_character_has_at_most_one_word_break():
    tables = [members(table) for table in WORD_BREAKS.values()]
    assert sum(map(len, tables)) == len(set().union(*tables))
    assert list(WORD_BREAKS) == list(generate_tables.WORD_BREAKS)
    assert "🙂" in members(PICTOGRAPHIC)
    assert ":" in members(WORD_BREAKS["MidLetter"])


def test_patterns_match_one_character_or_all_others():
    either = pattern(LETTERS, DIGITS)
    assert [bool(either.match(each)) for each in "a1²-"] == [True, True, True, False]
    assert [bool(pattern(LETTERS, but=True).match(each)) for each in "a1"] == [False, True]
    assert characters.ends("9-D 20") == [(9, 13), (32, 32)]
