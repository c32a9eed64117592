"""One page or text, every rule with its bound and verdict."""

from pathlib import Path

import pytest
import toy

from corpus_kit.check import check, check_lines
from corpus_kit.errors import PlanError, RecipeError


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
    assert check_lines(found)[0] == f"a.txt: dan_Latn, {len(text.strip())} characters"


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
