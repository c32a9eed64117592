"""Line functions, each on the lines it is about; and what holds for all of them."""

import inspect

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus_kit.lines import edits, flaws, measures
from corpus_kit.lines.line import alphanumeric, digits, lower, lowercase, titlecase, tokens, uppercase, words
from corpus_kit.lines.registry import DEFINITIONS, PARAMETERS, flaw

MARKS = (".", "?", "!", '"', "'")
NCC_MARKS = (".", ";", ":", "?", ")", "!", "*", '"', "'", ":D", "tml")

ARGUMENTS = {
    "phrases": ("read more", "ø"),
    "marks": (".", "…"),
    "characters": ("{",),
}


@pytest.mark.parametrize("one", DEFINITIONS.values(), ids=lambda one: one.name)
def test_every_function_is_documented_and_cited(one):
    assert len(one.summary) > 10
    assert ">>>" in one.doc
    assert "(" in one.citation
    assert set(one.requires) <= set(one.takes) <= set(PARAMETERS)
    assert one.summary.startswith("Whether ") == (one.kind == "flaw")


@pytest.mark.parametrize("one", DEFINITIONS.values(), ids=lambda one: one.name)
@given(line=st.text(min_size=1, max_size=40).map(str.strip).filter(bool))
def test_any_line_gives_an_answer_of_the_right_kind(one, line):
    arguments = {name: ARGUMENTS[name] for name in one.requires}
    result = one.function(line, **arguments, **({"seen": set()} if one.remembers else {}))
    if one.kind == "measure":
        assert isinstance(result, int | float)
        assert result >= 0
    elif one.kind == "flaw":
        assert isinstance(result, bool)
    else:
        kept, pieces = result
        assert len(kept) <= len(line)
        assert (kept == line) == (pieces == 0)
        assert not kept or one.function(kept, **arguments) == (kept, 0)


def test_a_name_is_taken_once():
    def contains(line: str) -> bool:
        """Another."""
        return bool(line)

    with pytest.raises(ValueError, match="'contains' is already defined in"):
        flaw(contains)


def test_tables_are_of_their_classes():
    assert {"Å", "Æ", "Ə", "İ", "Þ", "Σ"} <= uppercase
    assert {"å", "ə", "ı", "ß", "ŉ"} <= lowercase
    assert titlecase == {*"ǅǈǋǲ"} | {chr(code) for code in [*range(0x1F88, 0x1F90), *range(0x1F98, 0x1FA0)]} | {
        *map(chr, [*range(0x1FA8, 0x1FB0), 0x1FBC, 0x1FCC, 0x1FFC])
    }
    assert {"0", "٣", "²"} <= digits
    assert "½" not in digits
    assert {"a", "ø", "語", "7"} <= alphanumeric


def test_words_and_tokens():
    assert words("a\u00a0b\u2003c\td") == ["a", "b", "c", "d"]
    assert tokens("Kl. 12:30, (ca.)/nu; ja!") == [
        "Kl",
        ".",
        "12",
        ":",
        "30",
        ",",
        "(",
        "ca",
        ".",
        ")",
        "/",
        "nu",
        ";",
        "ja",
        "!",
    ]
    assert lower("KIŞ ΣΑΣ K") == "kiş σασ k"


def test_longest_word_passes_over_links_and_compounds():
    line = "se http://www.eksempel.no/en/lang/adresse og nord-norsk-ordbok men ikke elektrisitetsverk"
    assert measures.longest_word(line) == len("http://www.eksempel.no/en/lang/adresse")
    assert measures.longest_word(line, ignoring=("http", "/", "-")) == len("elektrisitetsverk")
    assert measures.longest_word("http://x", ignoring=("http",)) == 0
    assert measures.longest_word("ååå 日本") == 3


def test_tokens_of_letters_only_are_alphabetic():
    assert measures.alphabetic_token_count("EU-domstolen, a.b. 3D x2 ordet") == 1
    assert measures.long_token_count("EU-domstolen, a.b. 3D x2 ordet") == 4
    assert measures.alphabetic_token_count("øæå 日本 é") == 2


def test_fractions():
    assert measures.uppercase_fraction("ÅÄÖ abc") == 3 / 7
    assert measures.digit_fraction("١٢٣") == 1
    assert measures.title_word_fraction("Ǆ ǅungla EU McDonald Oslo 12") == 3 / 6


@pytest.mark.parametrize(
    ("line", "goes"),
    [
        ("A sentence.", False),
        ("A question?", False),
        ('"Quoted."', False),
        ("Cut off...", True),
        ("Cut off…", True),
        ("Menu", True),
        ("Sagde hun.”", True),
        (".", False),
        ("....", True),
    ],
)
def test_ends_of_sentences(line, goes):
    assert flaws.no_end_mark(line, marks=MARKS, but_not=("...",)) is goes


def test_ranges_of_characters_may_end_a_line():
    pictures = ((0x1F300, 0x1FAFF), (0xFE0F, 0xFE0F))
    assert [flaws.no_end_mark(line, marks=(".",), ranges=pictures) for line in ("ok 👍", "ok ❤️", "ok")] == [
        False,
        False,
        True,
    ]


def test_phrases_are_found_in_capitals_of_any_language():
    assert flaws.contains("MƏXFİLİK SİYASƏTİ", phrases=("məxfilik siyasəti",))
    assert flaws.contains("HYVÄKSY EVÄSTEET", phrases=("hyväksy evästeet",))
    assert flaws.contains("Vores Cookiepolitik er ny", phrases=("cookie",))
    assert not flaws.contains("Vores coo kie", phrases=("cookie",))


@pytest.mark.parametrize(
    ("line", "goes"),
    [
        ("3 likes", True),
        ("3 Likes.", True),
        ("(1.234 likes)", True),
        ("1,2K likes", True),
        ("+1 234 likes", True),
        ("♥ 5 likes ♥", True),
        ("12 synes  godt om", True),
        ("likes", False),
        ("3", False),
        ("3 likes it", False),
        ("3likes", False),
        ("§ 3. Likes", False),
        ("3x likes", False),
        ("٣ likes", False),
    ],
)
def test_counters(line, goes):
    assert flaws.counter(line, phrases=("likes", "synes godt om")) is goes


def test_repeats_do_not_depend_on_case_or_signs():
    seen: set[str] = set()
    lines = ["Ja, vi elsker", "JA vi-elsker!", "ja", "vi elsker", "Ja", "...", "..."]
    assert [flaws.repeated(line, seen=seen) for line in lines] == [False, True, False, False, True, False, False]


@pytest.mark.parametrize(
    ("line", "kept", "pieces"),
    [
        ("Oslo[1][2] er.", "Oslo er.", 2),
        ("Oslo [1] er.", "Oslo er.", 1),
        ("Oslo [12], er [] her. [edit]", "Oslo , er her.", 3),
        ("[1] Oslo", "Oslo", 1),
        ("a [[1]] b", "a b", 2),
        ("x[a [1]]", "x[a ]", 1),
        ("[Edit] [note] [1a]", "[Edit] [note] [1a]", 0),
        ("[١]", "[١]", 0),
        ("[1]", "", 1),
    ],
)
def test_citations(line, kept, pieces):
    assert edits.cut_citations(line, phrases=("edit",)) == (kept, pieces)


@pytest.mark.parametrize(
    ("where", "line", "kept", "pieces"),
    [
        ("end", "News today Read More...", "News today", 1),
        ("end", "read more... read more...", "", 2),
        ("end", "Read more... today", "Read more... today", 0),
        ("end", "Shared bread more...", "Shared bread more...", 0),
        ("start", "Read more... today", "today", 1),
        ("start", "today read more...", "today read more...", 0),
        ("anywhere", "a read more... b read more...c", "a b c", 2),
        ("anywhere", "read read more... more...", "", 2),
    ],
)
def test_phrases_are_cut_where_they_may_be(where, line, kept, pieces):
    assert edits.cut_phrases(line, phrases=("read more...",), where=where) == (kept, pieces)


def test_phrases_are_never_cut_out_of_words():
    for line in ("sign-ins are", "assign-in", "sign-in2"):
        for where in ("start", "end", "anywhere"):
            assert edits.cut_phrases(line, phrases=("sign-in",), where=where) == (line, 0)
    assert edits.cut_phrases("(sign-in)", phrases=("sign-in",)) == ("()", 1)


def test_paragraphs_are_cut_after_their_last_sentence():
    assert edits.cut_after_last_mark("Det regner. Les mer", marks=NCC_MARKS) == ("Det regner.", 1)
    assert edits.cut_after_last_mark("Det regner (mye) i", marks=NCC_MARKS) == ("Det regner (mye)", 1)
    assert edits.cut_after_last_mark("Se side.html nå", marks=NCC_MARKS) == ("Se side.html", 1)
    assert edits.cut_after_last_mark("Gøy :D ja", marks=NCC_MARKS) == ("Gøy :D", 1)
    assert edits.cut_after_last_mark("Det regner.", marks=NCC_MARKS) == ("Det regner.", 0)
    assert edits.cut_after_last_mark("Ø. og så", marks=NCC_MARKS) == ("", 1)
    assert edits.cut_after_last_mark("1) og", marks=NCC_MARKS) == ("", 1)


def test_spaces_collapse():
    assert edits.collapse_spaces(" a\u00a0b\n c ") == ("a b c", 1)
    assert edits.collapse_spaces("a b c") == ("a b c", 0)


def test_functions_take_what_they_say():
    for one in DEFINITIONS.values():
        keywords = {
            name for name, each in inspect.signature(one.function).parameters.items() if each.kind == each.KEYWORD_ONLY
        }
        assert keywords == set(one.takes) | ({"seen"} if one.remembers else set())
