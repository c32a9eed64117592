import pytest

from corpus_kit import resources
from corpus_kit.errors import RecipeError
from corpus_kit.language import labels, load_profile, profile_for
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
    assert profile.stop_words_origin.startswith(f"profile {label}: ")
    for code, override in profile.overrides.items():
        ruleset = code.partition(".")[0]
        assert ruleset in resources.names("rulesets")
        assert code in [rule.code for rule in load_ruleset(ruleset).rules]
        assert override.origin.startswith(f"profile {label}: ")
        assert override.bounds is not None


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
    assert profile_for("eng_Latn").overrides == {}


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
    ],
)
def test_mistakes_in_a_profile_are_named_with_file_and_line(tmp_path, text, message):
    path = tmp_path / "sme.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RecipeError, match=message):
        load_profile(path)
