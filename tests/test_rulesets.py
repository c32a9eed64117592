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
  code: {letters: null, word_count: ":9"}
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
