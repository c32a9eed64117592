import re

import pytest

from corpus_kit import resources
from corpus_kit.doc import bare
from corpus_kit.errors import RecipeError
from corpus_kit.kernels.characters import lower
from corpus_kit.language import labels, load_profile, profile_for, read_words
from corpus_kit.rules import resolve
from corpus_kit.rulesets import load_ruleset

SHIPPED = [
    "azj_Latn",
    "dan_Latn",
    "deu_Latn",
    "eng_Latn",
    "fao_Latn",
    "fin_Latn",
    "isl_Latn",
    "nno_Latn",
    "nob_Latn",
    "swe_Latn",
]


def test_the_shipped_languages():
    assert labels() == SHIPPED
    assert [profile_for(label).label for label in SHIPPED] == SHIPPED


@pytest.mark.parametrize("label", SHIPPED)
def test_a_profile_is_complete_and_names_existing_rules(label):
    profile = profile_for(label)
    assert len(profile.stop_words) >= 8
    assert profile.stop_words == {lower(word) for word in profile.stop_words}
    assert profile.stop_words_origin.startswith(f"profile {label}: ")
    for code, override in profile.overrides.items():
        ruleset = code.partition(".")[0]
        assert ruleset in resources.names("rulesets")
        (rule,) = [rule for rule in load_ruleset(ruleset).rules if rule.code == code]
        assert override.origin.startswith(f"profile {label}: ")
        assert override.bounds is not None
        sides = [bound is None for bound in (rule.conditions[0].low, rule.conditions[0].high)]
        assert [bound is None for bound in override.bounds] == sides, f"{code} loses or gains a side"


BY_LANGUAGE = {
    *("dup_line_fraction", "terminal_line_fraction", "newline_to_word_ratio", "mean_plain_word_length"),
    *("alpha_word_fraction", *(f"top_{n}gram_char_fraction" for n in range(2, 5))),
    *(f"dup_{n}gram_char_fraction" for n in range(5, 11)),
}
"""What FineWeb-2 has a number for in every language."""


@pytest.mark.parametrize("label", SHIPPED)
def test_fineweb2_has_all_numbers_of_a_language_or_none(label):
    given = {code.partition(".")[2] for code in profile_for(label).overrides if code.startswith("fineweb2.")}
    assert given == (set() if label in ("deu_Latn", "eng_Latn") else BY_LANGUAGE)


def fineweb2(label: str, rule: str) -> tuple[float | None, float | None] | None:
    return profile_for(label).overrides[f"fineweb2.{rule}"].bounds


def test_fineweb2_numbers_are_those_of_the_source():
    assert fineweb2("dan_Latn", "dup_line_fraction") == (None, 0.305)
    assert fineweb2("swe_Latn", "terminal_line_fraction") == (0.2, None)
    assert fineweb2("nob_Latn", "dup_10gram_char_fraction") == (None, 0.099)
    assert fineweb2("fin_Latn", "newline_to_word_ratio") == (None, 0.161)
    assert fineweb2("isl_Latn", "alpha_word_fraction") == (0.8, None)
    assert fineweb2("azj_Latn", "top_2gram_char_fraction") == (None, 0.514)
    assert fineweb2("dan_Latn", "mean_plain_word_length") == (3, 11)


def test_what_switched_a_rule_off_is_overridden_by_hand_with_a_reason():
    by_hand = {
        f"{label} {code}": override.bounds
        for label in SHIPPED
        for code, override in profile_for(label).overrides.items()
        if code.startswith("fineweb2.") and "by hand" in override.origin
    }
    assert by_hand == {
        "azj_Latn fineweb2.dup_line_fraction": (None, 0.379),
        "fao_Latn fineweb2.terminal_line_fraction": (0.095, None),
        "fao_Latn fineweb2.newline_to_word_ratio": (None, 0.25),
        "fao_Latn fineweb2.mean_plain_word_length": (3, 12),
        "isl_Latn fineweb2.mean_plain_word_length": (3, 13),
        "nno_Latn fineweb2.top_2gram_char_fraction": (None, 0.204),
        "nno_Latn fineweb2.top_3gram_char_fraction": (None, 0.175),
        "nno_Latn fineweb2.top_4gram_char_fraction": (None, 0.15),
    }
    for label in SHIPPED:
        for code, override in profile_for(label).overrides.items():
            if f"{label} {code}" in by_hand:
                assert re.search(r"\d of [\d,]+ documents|% of [\d,]+ documents|none of [\d,]+", override.origin), code
                assert override.bounds != (0, None)


def test_the_languages_that_have_flagged_words():
    known = {label: profile_for(label).flagged_words for label in SHIPPED}
    sizes = {label[:3]: len(words) for label, words in known.items() if words is not None}
    assert sizes == {"dan": 20, "deu": 66, "eng": 277, "fin": 122, "nob": 38, "swe": 39}
    assert profile_for("dan_Latn").flagged_words_origin == "profile dan_Latn: LDNOOBW 5faf2ba (CC BY 4.0), single words"
    assert profile_for("isl_Latn").flagged_words_origin == "profile isl_Latn: none"
    assert profile_for("isl_Latn").lists == (profile_for("isl_Latn").stop_words, None)
    assert list(profile_for("dan_Latn").list_files) == ["flagged"]


@pytest.mark.parametrize("name", resources.names("wordlists"))
def test_a_word_list_names_its_source_and_license(name):
    path = resources.find("wordlists", name)
    head = [line for line in path.read_text("utf-8").splitlines() if line.startswith("#")]
    assert any(line.startswith("# Source: ") for line in head)
    assert any("CC BY 4.0" in line for line in head)
    assert any(line.startswith("# Changed: ") for line in head)
    words = read_words(path)
    assert words == sorted(set(words))
    assert all(bare(lower(word)) == word for word in words)


def word_length(label: str) -> tuple[float | None, float | None]:
    """Bounds of Gopher's mean word length in a language."""
    (rule,) = [
        rule
        for rule in resolve([load_ruleset("gopher")], profile_for(label).overrides)
        if rule.code == "gopher.mean_word_length"
    ]
    return rule.conditions[0].low, rule.conditions[0].high


@pytest.mark.parametrize("label", SHIPPED)
def test_no_profile_lets_words_shorter_than_gophers_pass(label):
    assert word_length(label)[0] == 3


def test_numbers_taken_over_are_those_of_the_source():
    high = {label: word_length(label)[1] for label in SHIPPED}
    assert high == {
        "azj_Latn": 13, "dan_Latn": 11, "deu_Latn": 10, "eng_Latn": 10, "fao_Latn": 12, "fin_Latn": 14,
        "isl_Latn": 13, "nno_Latn": 11, "nob_Latn": 12, "swe_Latn": 12,
    }  # fmt: skip


def test_english_has_gophers_own_stop_words():
    assert profile_for("eng_Latn").stop_words == {"the", "be", "to", "of", "and", "that", "have", "with"}
    assert [code for code in profile_for("eng_Latn").overrides if code.startswith("gopher.")] == []


def test_stop_words_are_read_as_words():
    assert "on" in profile_for("fin_Latn").stop_words
    assert "the" not in profile_for("fin_Latn").stop_words
    assert {"og", "i", "ikke"} - profile_for("dan_Latn").stop_words == {"ikke"}


@pytest.mark.parametrize("label", ["azj_Cyrl", "nor_Latn", "dan", "xxx_Latn", ""])
def test_a_language_without_a_profile_is_refused(label):
    with pytest.raises(RecipeError, match=f"no language profile for '{label}'; "):
        profile_for(label)


def test_the_refusal_names_the_nearest_or_all():
    with pytest.raises(RecipeError, match=r"did you mean 'dan_Latn'\?"):
        profile_for("dan_latn")
    with pytest.raises(RecipeError, match="valid names are azj_Latn, dan_Latn"):
        profile_for("??")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "label: sme\nname: S\nstop_words: {cites: me, words: [ja]}",
            r"sme\.yaml:1: a label is a language and a script",
        ),
        (
            "label: sma_Latn\nname: S\nstop_words: {cites: me, words: [ja]}",
            r":1: .* belongs into a file called sma\.yaml",
        ),
        ("label: sme_Latn\nname: S\nstop_words: {cites: me, words: [a b]}", r":3: a stop word is one word"),
        ("label: sme_Latn\nname: S\nstop_words: {words: [ja]}", r":3: key 'stop_words\.cites' is missing"),
        ("label: sme_Latn\nname: S\nstop_words: {cites: me, words: []}", r":3: stop_words\.words: "),
        (
            "label: sme_Latn\nname: S\nstop_words: {cites: me, words: [ja]}\nrules:\n  gopher.x: {kep: [1, 2]}",
            r":5: unknown key 'kep'; did you mean 'keep'",
        ),
        ("label: sme_Latn\nname: S\nstop_words: {cites: me}", r":3: a word list has either `words` or the name"),
        (
            "label: sme_Latn\nname: S\nstop_words: {cites: me, words: [ja], list: ldnoobw_da}",
            r":3: a word list has either `words` or the name of a `list`",
        ),
        (
            "label: sme_Latn\nname: S\nstop_words: {cites: me, list: ldnoobv_da}",
            r":3: unknown word list 'ldnoobv_da'; did you mean 'ldnoobw_da'\?",
        ),
        (
            "label: sme_Latn\nname: S\nstop_words: {cites: me, words: [ja]}\nflagged_words: {cites: me, words: [Ja]}",
            r":4: a flagged word is in lower case and neither begins nor ends with punctuation",
        ),
    ],
)
def test_mistakes_in_a_profile_are_named_with_file_and_line(tmp_path, text, message):
    path = tmp_path / "sme.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RecipeError, match=message):
        load_profile(path)


def test_a_list_of_ones_own_is_read_again_when_it_changes(tmp_path):
    (tmp_path / "mine.txt").write_text("# me\nja\n\n nei \n", encoding="utf-8")
    path = tmp_path / "sme.yaml"
    path.write_text(f"label: sme_Latn\nname: S\nstop_words: {{cites: me, list: {tmp_path}/mine.txt}}\n", "utf-8")
    assert load_profile(path).stop_words == {"ja", "nei"}
    assert load_profile(path).list_files == {"stop": tmp_path / "mine.txt"}
    (tmp_path / "mine.txt").write_text("kanskje\n", encoding="utf-8")
    assert load_profile(path).stop_words == {"kanskje"}
    (tmp_path / "mine.txt").write_text("to ord\n", encoding="utf-8")
    with pytest.raises(RecipeError, match=r"sme\.yaml:3: a stop word is one word without spaces"):
        load_profile(path)
