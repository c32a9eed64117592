"""The command line: exit codes, what goes to stdout and stderr, and the answers of each command."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import laws
import pytest
from click.testing import CliRunner

import corpus_kit
from corpus_kit.cli import main


@pytest.fixture(scope="module")
def corpus(tmp_path_factory) -> Path:
    return laws.make_corpus(tmp_path_factory.mktemp("corpus"), documents=80)


@pytest.fixture(scope="module")
def done(corpus, tmp_path_factory) -> corpus_kit.Run:
    return laws.run(corpus, tmp_path_factory.mktemp("runs") / "run")


@pytest.fixture
def recipe_file(tmp_path) -> Path:
    path = tmp_path / "laws.yaml"
    path.write_text(laws.RECIPE)
    return path


def call(*arguments: object, code: int = 0) -> str:
    result = CliRunner().invoke(main, [str(one) for one in arguments])
    assert result.exit_code == code, result.output
    return result.output


def test_run_ends_with_waterfall_and_places(corpus, recipe_file, tmp_path):
    line = ["run", recipe_file, "--output", tmp_path / "out", "--workers", 1]
    for name in ("posts", "rows", "pages"):
        line += ["--input", corpus / name]
    result = laws.command(*line)
    assert result.returncode == 0
    opened = corpus_kit.Run(tmp_path / "out")
    steps = {step.stage: step for step in opened.waterfall()}
    rows = {row.split()[0]: row.split() for row in result.stdout.splitlines() if row and row[0] != " "}
    assert rows["near"][1:4] == [str(n) for n in (steps["near"].documents_in, steps["near"].kept, 20)]
    assert f"{tmp_path / 'out' / 'data'}/" in result.stdout
    assert "datasheet.html" in result.stdout
    assert "map-0" in result.stderr
    assert "map-0" not in result.stdout


def test_run_json_is_one_json_document(corpus, recipe_file, tmp_path):
    line = ["run", recipe_file, "--input", corpus / "rows", "--output", tmp_path / "out", "--workers", 1, "--json"]
    found = json.loads(laws.command(*line).stdout)
    assert found["waterfall"][0]["stage"] == "read"
    assert found["waterfall"][0]["documents_in"] == 110


def test_plan_prints_phases_columns_and_origins(corpus, recipe_file):
    text = call("plan", recipe_file, "--input", corpus / "posts")
    assert "map-0  read -> extract -> normalize -> identify -> filter -> collect exact -> collect near" in text
    assert "map-1  resume -> apply exact -> apply near -> apply weight" in text
    line = next(row for row in text.splitlines() if "gopher.word_count.low" in row)
    assert line.split()[1] == "20"
    assert "recipe" in line
    data = json.loads(call("plan", recipe_file, "--input", corpus / "posts", "--json"))
    assert len(data["fingerprint"]) == 64


def test_why_tells_the_story_of_a_duplicate(done):
    row = next(r for r in done.rejects().to_pylist() if r["stage"] == "near")
    story = json.loads(call("why", done.path, row["id"], "--json"))
    last = story["stages"][-1]
    assert last["verdict"] == "rejected"
    assert 0.8 <= last["similarity"] < 1
    assert done.find("data", last["duplicate_of"]) is not None
    assert f"duplicate of {last['duplicate_of']}" in call("why", done.path, row["id"])
    survivor = json.loads(call("why", done.path, last["duplicate_of"], "--json"))
    assert survivor["kept"]
    assert next(s for s in survivor["stages"] if s["stage"] == "near")["stands_for"] >= 1


def test_why_tells_value_and_bounds(done):
    row = next(r for r in done.rejects().to_pylist() if r["stage"] == "filter")
    assert "gopher." in call("why", done.path, row["id"])
    assert "kept from" in call("why", done.path, row["id"])


def test_why_of_an_unknown_id_is_a_user_error(done):
    assert "has no document 'nobody-1'" in call("why", done.path, "nobody-1", code=2)


def test_inspect_shows_kept_and_rejected_by_reason(done):
    text = call("inspect", done.path, "--size", 1)
    assert "== kept" in text
    assert "== rejected  near  dedup.minhash" in text
    rows = json.loads(call("inspect", done.path, "--code", "dedup.exact", "--size", 3, "--json"))
    assert max(Counter(row["lang"] for row in rows).values()) == 3  # of each language
    assert {row["reasons"][0]["code"] for row in rows} == {"dedup.exact"}


def test_status_of_a_finished_and_of_a_cut_off_run(done, corpus, recipe_file, tmp_path):
    assert json.loads(call("status", done.path, "--json"))["state"] == "finished"
    line = ["run", recipe_file, "--input", corpus / "posts", "--output", tmp_path / "out", "--workers", 1]
    laws.command(*line, crash="after_receipt:2")
    found = json.loads(call("status", tmp_path / "out", "--json"))
    assert found["state"] == "cut off"
    assert found["phases"]["map-0"]["done"] == 2
    assert "run the same command again to resume" in call("status", tmp_path / "out")


def test_check_judges_one_page_without_a_run(tmp_path):
    page = tmp_path / "page.html"
    page.write_text(f"<html><body><main><p>{laws.text(1)} {laws.text(2)}</p></main></body></html>")
    found = json.loads(call("check", page, "--language", "dan_Latn", "--json"))
    rows = {row["rule"]: row for row in found["rows"]}
    assert rows["gopher.word_count"]["value"] == len(f"{laws.text(1)} {laws.text(2)}".split())
    assert rows["gopher.word_count"]["verdict"] == "passes"
    assert "at least" in call("check", page)
    (tmp_path / "short.txt").write_text("Alt for kort.")
    assert "rejected:" in call("check", tmp_path / "short.txt", "--language", "dan_Latn")


@pytest.mark.parametrize(
    "name", ["gopher.word_count", "dedup.minhash", "normalize", "lang", "read.damaged", "word_count"]
)
def test_explain_knows_codes_stages_columns_and_metrics(name):
    assert name in call("explain", name)


def test_unknown_names_are_user_errors(tmp_path):
    assert "word_count" in call("explain", "gopher.wordcount", code=2)
    assert "is no run of corpus-kit" in call("status", tmp_path, code=2)
    assert "unknown recipe 'deno'; did you mean 'demo'?" in call("plan", "deno", "--input", tmp_path, code=2)


def test_every_command_and_option_has_help():
    for name, command in main.commands.items():
        assert command.help, name
        assert all(getattr(p, "help", "-") for p in command.params if p.param_type_name == "option"), name


def test_the_package_is_the_program():
    done = subprocess.run([sys.executable, "-m", "corpus_kit", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"corpus-kit, version {corpus_kit.__version__}\n"
