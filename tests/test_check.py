"""One page or text, every rule with its bound and verdict."""

import importlib.util
import json
from pathlib import Path

import pytest
import toy
from click.testing import CliRunner

from corpus_kit import resources
from corpus_kit.check import check
from corpus_kit.check_lines import check_lines
from corpus_kit.cli import main
from corpus_kit.errors import MissingExtra, PlanError, RecipeError
from corpus_kit.metrics import METRICS
from corpus_kit.recipe import Recipe, parse_recipe
from corpus_kit.rulesets import load_ruleset
from corpus_kit.show import counted


@pytest.fixture
def rules(tmp_path) -> str:
    path = tmp_path / "own.yaml"
    path.write_text("cites: Toy 2024\nrules:\n  word_count: {keep: [5, 1000]}\n  mean_word_length: {keep: [3, null]}\n")
    return str(path)


def written(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def lines(path: Path, rules: str) -> list[str]:
    return check_lines(check(path, rulesets=(rules,), lang="dan_Latn"))


def test_a_text_that_passes(tmp_path, rules):
    assert lines(written(tmp_path / "a.txt", toy.DANISH), rules) == [
        "a.txt: dan_Latn, 96 characters",
        "",
        "rule                  value  at least  at most  verdict",
        "own.word_count           21         5     1000   passes",
        "own.mean_word_length  3.619         3            passes",
        "",
        "kept: every rule passes",
    ]


def test_a_text_that_fails(tmp_path, rules):
    assert lines(written(tmp_path / "a.txt", "a b c"), rules)[3:] == [
        "own.word_count            3         5     1000    fails",
        "own.mean_word_length      1         3             fails",
        "",
        "rejected: 2 rules fail",
    ]


def test_one_rule_fails(tmp_path, rules):
    assert lines(written(tmp_path / "a.txt", "ordene er få"), rules)[-1] == "rejected: 1 rule fails"


def test_findings_are_data(tmp_path, rules):
    found = check(written(tmp_path / "a.txt", toy.DANISH), rulesets=(rules,), lang="dan_Latn")
    assert (found["file"], found["lang"], found["lang_score"], found["kept"]) == ("a.txt", "dan_Latn", None, True)
    assert found["rows"][0] == {
        "stage": "filter",
        "rule": "own.word_count",
        "metric": "word_count",
        "value": 21.0,
        "low": 5.0,
        "high": 1000.0,
        "origin": "ruleset own: Toy 2024",
        "verdict": "passes",
        "about": "Number of whitespace-separated words",
    }


@pytest.mark.parametrize("name", ["page.html", "page.HTM", "page.txt"])
def test_a_page_is_extracted_first(tmp_path, rules, name):
    page = f"<!DOCTYPE html><html><body><nav>menu</nav><main><p>{toy.DANISH}</p><p>{toy.SWEDISH}</p></main></body>"
    found = check(written(tmp_path / name, page), rulesets=(rules,), lang="dan_Latn")
    assert found["characters"] >= len(toy.DANISH)
    assert found["characters"] < len(page) - 40


def test_nothing_left_to_judge(tmp_path, rules):
    assert lines(written(tmp_path / "a.txt", " \u200b\n"), rules) == [
        "a.txt: rejected by normalize",
        "  normalize.empty",
    ]
    assert lines(written(tmp_path / "a.html", "<html></html>"), rules) == [
        "a.html: rejected by extract",
        "  extract.empty",
    ]


@pytest.mark.parametrize("text", ["—", "🎉", "...", "1", "a\n"])
def test_texts_for_which_some_measure_is_undefined(tmp_path, text):
    found = check(written(tmp_path / "a.txt", text), lang="dan_Latn")
    assert found["kept"] is False
    assert check_lines(found)[0] == f"a.txt: dan_Latn, {counted(len(text.strip()), 'character')}"


def test_text_that_is_no_utf8_is_read_with_replacement_characters(tmp_path, rules):
    assert lines(written(tmp_path / "a.txt", toy.DANISH.encode("latin-1")), rules)[-1] == "kept: every rule passes"


def test_mistakes(tmp_path, rules):
    with pytest.raises(PlanError, match=r"gone\.txt cannot be read: No such file or directory$"):
        check(tmp_path / "gone.txt")
    path = written(tmp_path / "a.txt", "x")
    with pytest.raises((PlanError, RecipeError), match="did you mean 'dan_Latn'"):
        check(path, lang="dan_Lat")
    with pytest.raises(RecipeError, match=r"unknown ruleset 'gofer'; did you mean 'gopher'\?"):
        check(path, rulesets=("gofer",), lang="dan_Latn")


RECIPE = """\
recipe: 1
name: mine
stages:
  - normalize
  - clean: {rules: [c4], as: tidy}
  - filter: {as: short, rulesets: [RULES], unknown_language: default, override: {own.word_count: "3:"}}
  - filter:
      as: books
      rulesets: [RULES]
      unknown_language: default
      only: {category: [books]}
      categories: {books: {own.word_count: [30, null]}}
  - dedup: {method: exact, as: once}
  - filter: {as: last, rulesets: [RULES], unknown_language: default, override: {own.mean_word_length: null}}
"""


@pytest.fixture
def recipe(rules) -> Recipe:
    return parse_recipe(RECIPE.replace("RULES", rules))


def verdicts(found: dict) -> list[tuple]:
    return [(row["stage"], row["rule"], row["low"], row["verdict"]) for row in found["rows"]]


def test_a_recipe_judges_with_its_own_stages_and_bounds(tmp_path, recipe):
    found = check(
        written(tmp_path / "a.txt", f"{toy.DANISH}\nLæs mere om javascript her."), lang="dan_Latn", recipe=recipe
    )
    assert verdicts(found) == [
        ("short", "own.word_count", 3, "passes"),
        ("short", "own.mean_word_length", 3, "passes"),
        ("last", "own.word_count", 5, "passes"),
        ("last", "own.mean_word_length", None, "off"),
    ]
    assert (found["recipe"], found["kept"], found["passed_over"]) == ("mine", True, ["once", "books"])
    assert [(one["stage"], one["code"], one["places"]) for one in found["edits"]] == [
        ("tidy", "clean.c4_javascript", 1)
    ]
    assert found["characters"] == len(toy.DANISH)
    text = check_lines(found)
    assert "short:" in text
    assert "tidy       clean.c4_javascript       1" in text
    assert text[-3:] == ["passed over: once, books", "", "kept: every rule passes"]


def test_the_first_stage_that_rejects_is_the_last_that_looks(tmp_path, recipe):
    found = check(written(tmp_path / "a.txt", "et og to"), lang="dan_Latn", recipe=recipe)
    assert found["characters"] == 0  # C4 wants lines to end with a mark
    assert verdicts(found) == [
        ("short", "own.word_count", 3, "fails"),
        ("short", "own.mean_word_length", 3, "fails"),
    ]
    assert check_lines(found)[-1] == "rejected: 2 rules fail"


def test_the_category_decides_what_bounds_hold_and_what_stages_look(tmp_path, recipe):
    path = written(tmp_path / "a.txt", f"{toy.DANISH}")
    found = check(path, lang="dan_Latn", category="books", recipe=recipe)
    assert verdicts(found)[2:] == [
        ("books", "own.word_count", 30, "fails"),
        ("books", "own.mean_word_length", 3, "passes"),
    ]
    assert check_lines(found)[-1] == "rejected by books: 1 rule fails"


def test_one_stage_of_a_recipe_whatever_earlier_rules_say(tmp_path, recipe):
    path = written(tmp_path / "a.txt", f"{toy.DANISH}")
    found = check(path, lang="dan_Latn", category="books", recipe=recipe, stage="last")
    assert [row["stage"] for row in found["rows"]] == ["short"] * 2 + ["books"] * 2 + ["last"] * 2
    assert (found["kept"], found["passed_over"]) == (True, ["once"])


@pytest.mark.parametrize(
    ("stage", "message"),
    [("lst", "the recipe has no stage 'lst'; did you mean 'last'"), ("once", "stage 'once' compares documents")],
)
def test_the_stage_must_be_one_that_looks_at_single_documents(tmp_path, recipe, stage, message):
    with pytest.raises(PlanError, match=message):
        check(written(tmp_path / "a.txt", "x"), lang="dan_Latn", recipe=recipe, stage=stage)


def test_a_page_needs_a_recipe_that_extracts(tmp_path, recipe):
    with pytest.raises(PlanError, match="the file is a page, and the recipe has no 'extract'"):
        check(written(tmp_path / "a.html", "<html><p>x"), recipe=recipe)


def test_a_language_without_profile_is_told_as_the_reason(tmp_path, rules):
    strict = parse_recipe(f"recipe: 1\nstages: [{{filter: {{rulesets: [{rules}]}}}}]\n")
    found = check(written(tmp_path / "a.txt", toy.DANISH), lang="pol_Latn", recipe=strict)
    assert (found["stage"], found["reasons"][0]["code"]) == ("filter", "filter.no_profile")
    assert found["rows"] == []  # no bounds are shown as if they held
    assert check_lines(found)[-2:] == ["a.txt: rejected by filter", "  filter.no_profile"]


def test_everything_that_ships(tmp_path):
    found = check(
        written(tmp_path / "a.txt", f"{toy.DANISH}\nAccepter cookies og javascript."), lang="dan_Latn", every=True
    )
    rules = {rule.code for name in resources.names("rulesets") for rule in load_ruleset(name).rules}
    assert {row["rule"] for row in found["rows"]} == rules
    measured = {row["metric"] for row in found["rows"]} | {one["metric"] for one in found["metrics"]}
    assert {name for name, one in METRICS.items() if one.function.__module__.startswith("corpus_kit.")} <= measured
    assert ("clean", "clean.c4_javascript", 1) in [(one["stage"], one["code"], one["places"]) for one in found["edits"]]
    failing = {row["rule"] for row in found["rows"] if row["verdict"] == "fails"}
    assert check_lines(found)[-1] == f"{len(failing)} of {len(rules)} rules fail"
    unknown = check(written(tmp_path / "b.txt", toy.ENGLISH), lang="eng_Latn", every=True)
    assert {one["metric"] for one in unknown["metrics"]} == {one["metric"] for one in found["metrics"]}


def test_a_missing_library_is_named(tmp_path, monkeypatch, recipe):
    path = written(tmp_path / "a.html", "<html><p>x")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"stage 'extract' needs"):
        check(path, lang="dan_Latn")


def call(*arguments: object, code: int = 0) -> str:
    result = CliRunner().invoke(main, ["check", *map(str, arguments)])
    assert result.exit_code == code, result.output
    return result.output


def test_the_command(tmp_path, rules):
    path = written(tmp_path / "a.txt", toy.DANISH)
    (tmp_path / "r.yaml").write_text(RECIPE.replace("RULES", rules))
    text = call(path, "--language", "dan_Latn", "--recipe", tmp_path / "r.yaml")
    assert text.startswith("a.txt: dan_Latn, 96 characters\n\nshort:\nrule ")
    assert "gopher.word_count" in call(path, "--language", "dan_Latn", "--recipe", "demo")
    data = json.loads(
        call(path, "--language", "dan_Latn", "--recipe", tmp_path / "r.yaml", "--stage", "last", "--json")
    )
    assert data["rows"][-1]["stage"] == "last"
    assert "of our own" not in call(path, "--language", "dan_Latn", "--all")


def test_options_that_exclude_each_other(tmp_path):
    path = written(tmp_path / "a.txt", toy.DANISH)
    assert "a recipe has its own rulesets" in call(path, "--recipe", "demo", "--ruleset", "gopher", code=2)
    assert "a recipe has its own rulesets" in call(path, "--recipe", "demo", "--all", code=2)
    assert "--stage is a stage of a --recipe" in call(path, "--stage", "filter", code=2)
    assert "unknown recipe 'deno'" in call(path, "--recipe", "deno", code=2)
