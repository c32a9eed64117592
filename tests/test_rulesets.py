import pytest

from corpus_kit import resources
from corpus_kit.errors import RecipeError
from corpus_kit.metrics import METRICS, metric
from corpus_kit.rulesets import load_ruleset, parse_bounds


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("20:100000", (20, 100000)),
        ("30:", (30, None)),
        (" : 0.3", (None, 0.3)),
        ([1, 1], (1, 1)),
        ((None, 0.5), (None, 0.5)),
        ("-1:1e3", (-1, 1000)),
        (None, None),
    ],
)
def test_bounds_as_people_write_them(written, read):
    assert parse_bounds(written) == read


@pytest.mark.parametrize(
    ("written", "message"),
    [
        (":", "to switch a rule off, write null"),
        ([None, None], "to switch a rule off, write null"),
        ("5", "low:high"),
        ("1:2:3", "low:high"),
        ([1, 2, 3], "two numbers"),
        (7, "two numbers"),
        ([5, 1], "lower bound 5 is above the upper bound 1"),
        ("a:", "not 'a'"),
        (["nan", None], "finite"),
        ([None, float("inf")], "finite"),
        ([True, None], "a number or null"),
    ],
)
def test_wrong_bounds_are_refused(written, message):
    with pytest.raises(ValueError, match=message):
        parse_bounds(written)


def load(tmp_path, text: str, name: str = "mine"):
    path = tmp_path / f"{name}.yaml"
    path.write_text(text, encoding="utf-8")
    return load_ruleset(str(path))


def test_a_users_ruleset_with_every_form(tmp_path):
    ruleset = load(
        tmp_path,
        """
cites: A paper
rules:
  word_count: {keep: [3, null]}
  letters: {metric: alpha_word_fraction, keep: [0.5, null], open: low, cites: Another paper}
  bullets:
    any:
      - word_count: {keep: [null, 2]}
      - bullet_line_fraction: {keep: [null, 0.9]}
categories:
  code: {letters: null, word_count: ":9", bullets.word_count: ":4"}
""",
    )
    words, letters, bullets = ruleset.rules
    assert (ruleset.name, words.code, letters.code, bullets.code) == (
        "mine",
        "mine.word_count",
        "mine.letters",
        "mine.bullets",
    )
    assert words.conditions[0].origin == "ruleset mine: A paper"
    assert (letters.metrics, letters.conditions[0].open, letters.cites) == (
        ("alpha_word_fraction",),
        "low",
        "Another paper",
    )
    assert letters.conditions[0].origin == "ruleset mine: Another paper"
    assert (bullets.combine, bullets.metrics) == ("any", ("word_count", "bullet_line_fraction"))
    assert ruleset.categories["code"]["mine.word_count"].bounds == (None, 9)
    assert ruleset.categories["code"]["mine.letters"] == (None, "ruleset mine, category code")
    assert ruleset.categories["code"]["mine.bullets.word_count"].bounds == (None, 4)


def test_a_metrics_own_bounds_are_the_weakest(tmp_path, monkeypatch):
    monkeypatch.setattr("corpus_kit.metrics.METRICS", METRICS)
    try:
        metric("vowels", keep=(0.2, None))(lambda doc: 0.5)
        (rule,) = load(tmp_path, "cites: me\nrules:\n  vowels: {}\n").rules
    finally:
        del METRICS["vowels"]
    assert (rule.conditions[0].low, rule.conditions[0].origin) == (0.2, "default of metric vowels")


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ("  word_cuont: {keep: [1, 2]}", r"mine\.yaml:3: unknown metric 'word_cuont'; did you mean 'word_count'\?"),
        ("  word_count: {}", r":3: metric 'word_count' has no default bounds"),
        ("  word_count: {keep: [5, 1]}", r":3: .*lower bound 5 is above"),
        ("  word_count: {kep: [1, 2]}", r":3: unknown key 'kep'; did you mean 'keep'\?"),
        ("  word_count: {keep: [1, null], open: high}", r":3: `open: high` needs that bound"),
        ("  Word-Count: {metric: word_count, keep: [1, 2]}", r":3: a rule's name is lower case"),
        ("  a: {keep: [1, 2], any: [{word_count: {keep: [1, 2]}}]}", r":3: a rule has `keep` bounds, or"),
        ("  word_count: {keep: [1, 2]}\ncategories:\n  x: {words: null}", r":5: no rule 'words' in this ruleset"),
    ],
)
def test_mistakes_are_named_with_file_and_line(tmp_path, rules, message):
    with pytest.raises(RecipeError, match=message):
        load(tmp_path, f"cites: me\nrules:\n{rules}\n")


def test_a_ruleset_must_cite(tmp_path):
    with pytest.raises(RecipeError, match="'cites' is missing"):
        load(tmp_path, "rules: {}\n")


def test_a_file_name_must_do_as_reason_code(tmp_path):
    with pytest.raises(RecipeError, match="file name is lower case"):
        load(tmp_path, "cites: me\nrules: {}\n", name="My-Rules")


def test_an_edited_file_is_read_again(tmp_path):
    assert len(load(tmp_path, "cites: me\nrules: {}\n").rules) == 0
    assert len(load(tmp_path, "cites: me\nrules:\n  word_count: {keep: [1, 2]}\n").rules) == 1


@pytest.mark.parametrize("name", resources.names("rulesets"))
def test_every_shipped_ruleset_loads_and_cites(name):
    ruleset = load_ruleset(name)
    assert ruleset.rules
    assert all(rule.cites for rule in ruleset.rules)
    assert all(rule.is_on for rule in ruleset.rules)


def bounds(name: str) -> dict[str, list[tuple[str, float | None, float | None]]]:
    """Metric, low and high of every condition of a shipped ruleset, by rule."""
    rules = load_ruleset(name).rules
    return {rule.code.partition(".")[2]: [(one.metric, one.low, one.high) for one in rule.conditions] for rule in rules}


def test_c4_is_that_of_datatrove_and_of_the_papers_first_version():
    assert bounds("c4") == {
        "sentence_count": [("sentence_count", 5, None)],
        "lorem_ipsum_count": [("lorem_ipsum_count", None, 0)],
        "opening_brace_count": [("opening_brace_count", None, 0)],
        "flagged_word_count": [("flagged_word_count", None, 0)],
    }
    assert bounds("mc4")["long_line_count"] == [("long_line_count", 3, None)]


def test_roots_is_the_default_of_its_code():
    assert [one for (one,) in bounds("roots").values()] == [
        ("bare_word_count", 10, 100_000),
        ("char_10gram_repetition_ratio", None, 0.2),
        ("word_5gram_repetition_ratio", None, 0.3),
        ("special_char_fraction", None, 0.4),
        ("stop_word_fraction", 0.1, None),
        ("flagged_word_fraction", None, 0.1),
    ]


def test_fineweb_and_fineweb2_are_datatroves_defaults():
    quality = pytest.importorskip("datatrove.pipeline.filters.fineweb_quality_filter").FineWebQualityFilter()
    gopher = pytest.importorskip("datatrove.pipeline.filters.gopher_quality_filter").GopherQualityFilter()
    repetition = pytest.importorskip("datatrove.pipeline.filters.gopher_repetition_filter").GopherRepetitionFilter()
    fineweb = {one[0]: one[1:] for (one,) in bounds("fineweb").values()}
    assert fineweb == {
        "terminal_line_fraction": (quality.line_punct_thr, None),
        "short_line_fraction": (None, quality.short_line_threshold),
        "dup_line_inner_char_fraction": (None, quality.char_duplicates_ratio),
        "newline_to_word_ratio": (None, quality.new_line_ratio),
    }
    fineweb2 = {one[0]: one[1:] for (one,) in bounds("fineweb2").values()}
    assert fineweb2 == {
        "dup_line_fraction": (None, repetition.dup_line_frac),
        **{f"top_{n}gram_char_fraction": (None, high) for n, high in repetition.top_n_grams},
        **{f"dup_{n}gram_char_fraction": (None, high) for n, high in repetition.dup_n_grams},
        "terminal_line_fraction": (quality.line_punct_thr, None),
        "dup_line_inner_char_fraction": (None, 0.1),  # fineweb-2-pipeline.py
        "newline_to_word_ratio": (None, quality.new_line_ratio),
        "plain_word_count": (gopher.min_doc_words, gopher.max_doc_words),
        "mean_plain_word_length": (gopher.min_avg_word_length, gopher.max_avg_word_length),
        "hash_to_word_ratio": (None, gopher.max_symbol_word_ratio),
        "ellipsis_to_word_ratio": (None, gopher.max_symbol_word_ratio),
        "bullet_line_fraction": (None, gopher.max_bullet_lines_ratio),
        "ellipsis_line_fraction": (None, gopher.max_ellipsis_lines_ratio),
        "alpha_word_fraction": (gopher.max_non_alpha_words_ratio, None),  # a minimum, whatever it is called
        "stop_word_count": (gopher.min_stop_words, None),
    }


def test_the_nordic_pile_has_its_numbers_and_a_variant_as_published():
    meant, published = bounds("nordic_pile"), bounds("nordic_pile_as_published")
    assert meant["doc_length"] == [("char_count", 50, None)]
    assert meant["mean_line_words"] == [("typical_line_word_count", 2.1, None)]
    assert meant["initial_bullet_points"] == [
        ("quote_bullet_line_count", None, 2),
        ("quote_bullet_line_fraction", None, 0.9),
    ]
    assert meant["smut"][2] == ("flagged_word_fraction", None, 0.01)
    assert [meant[f"top_{n}gram"][1][2] for n in (2, 3, 4)] == [0.25, 0.23, 0.21]
    assert [meant[f"dup_{n}gram"][0][2] for n in range(5, 11)] == [0.20, 0.19, 0.18, 0.17, 0.16, 0.15]
    different = {name for name in meant if meant[name] != published.get(name)}
    assert different == {"char_10gram_repetition", *(f"dup_{n}gram" for n in range(5, 11))}
    assert set(published) <= set(meant)
    assert published["dup_5gram"] == [("dup_5gram_char_fraction_as_published", None, 0.20)]
    assert load_ruleset("nordic_pile").categories.keys() == load_ruleset("nordic_pile_as_published").categories.keys()


def test_dfm_and_ncc_have_their_numbers():
    dfm = bounds("dfm")
    assert len(dfm) == 21
    assert dfm["alpha_ratio"] == [("alpha_plain_word_fraction", 0.6, None)]
    assert [dfm[f"top_{n}gram"] for n in (2, 4)] == [
        [("top_2gram_count", None, 3), ("top_2gram_char_fraction", None, 0.2)],
        [("top_4gram_count", None, 3), ("top_4gram_char_fraction", None, 0.16)],
    ]
    assert [dfm[f"dup_{n}gram"][0][2] for n in range(5, 11)] == [0.25, 0.24, 0.23, 0.22, 0.21, 0.20]
    assert dfm["short_lines"] == [("short_line_fraction", None, 0.5)]
    tweets = {code.partition(".")[2]: one.bounds for code, one in load_ruleset("dfm").categories["tweets"].items()}
    assert (tweets["doc_length"], tweets["mean_word_length"], tweets["hashtag"]) == ((10, 10_000), (2, 14), None)
    assert bounds("ncc")["max_word_length"] == [("longest_plain_word_length", None, 1000)]
    assert bounds("ncc_ocr")["max_word_length"] == [("longest_plain_word_length", None, 25)]


def test_every_metric_has_a_rule_that_uses_it():
    used = {
        metric for name in resources.names("rulesets") for rule in load_ruleset(name).rules for metric in rule.metrics
    }
    assert set(METRICS) - used == {"longest_word_length"}  # C4 looks at it line by line
