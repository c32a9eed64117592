"""What a filter stage measured, opened; and what is said where it cannot be."""

from __future__ import annotations

import importlib.util
import shutil

import pytest
import toy
import tuned

import corpus_kit
from corpus_kit.errors import MissingExtra, PlanError, RecipeError, RunFailed
from corpus_kit.opened import Run
from corpus_kit.tune import tune
from corpus_kit.tune.measured import open_measured


def test_the_stage_is_the_one_that_has_the_rules(tuned_run):
    assert open_measured(tuned_run, codes=["more.word_count"]).stage_id == "strict"
    assert open_measured(tuned_run, codes=["own.word_count", "own.digit_share"]).stage_id == "filter"
    assert open_measured(tuned_run, stage="strict").stage_id == "strict"


@pytest.mark.parametrize(
    ("codes", "stage", "message"),
    [
        ([], None, r"several stages with bounds \(filter, strict\); say which with --stage"),
        (["own.word_count", "more.word_count"], None, r"several stages with bounds \(filter, strict\)"),
        (["own.words"], None, r"has no rule 'own\.words' in any stage"),
        (
            ["more.word_count"],
            "filter",
            r"no rule 'more\.word_count' in filter; did you mean 'own\.word_count'",
        ),
        ([], "exact", "no stage 'exact' with bounds; valid names are filter, strict"),
    ],
)
def test_which_stage_must_be_clear(tuned_run, codes, stage, message):
    with pytest.raises(PlanError, match=message):
        open_measured(tuned_run, codes=codes, stage=stage)


def test_groups_are_languages_and_categories_with_their_rules(tuned_run):
    measured = open_measured(tuned_run, stage="filter")
    assert len(measured.keys) == 3 * 5
    assert measured.keys[0] == (None, "books")
    assert measured.refused == [None] * 15
    rules = dict(zip(measured.keys, measured.rules(measured.stage)[0], strict=True))
    assert str(rules["dan_Latn", "web"]) == "at least 6 and at most 40"
    assert str(rules["dan_Latn", "books"]) == "at least 3 and at most 1000"
    stop_words = dict(zip(measured.keys, measured.rules(measured.stage)[1], strict=True))
    assert str(stop_words["dan_Latn", "web"]) == "at least 2"
    assert not stop_words["pol_Latn", "web"].is_on


def test_languages_a_stage_refuses_have_no_rules(tuned_run):
    measured = open_measured(tuned_run, stage="strict")
    refused = dict(zip(measured.keys, measured.refused, strict=True))
    assert {lang for (lang, _), code in refused.items() if code is None} == {"dan_Latn", "swe_Latn"}
    assert set(refused.values()) == {None, "filter.no_profile"}
    on = dict(zip(measured.keys, measured.rules(measured.stage)[0], strict=True))
    assert [key for key, rule in on.items() if rule.is_on] == [k for k, code in refused.items() if code is None]


def small(folder, recipe: str) -> corpus_kit.Run:
    (folder / "rules.yaml").write_text(toy.RULES)
    source = toy.write_source(folder / "in", files={"a.jsonl": toy.DOCUMENTS[:3]}, more="fields: {lang: lang}\n")
    text = recipe.replace("RULES", str(folder / "rules.yaml"))
    parsed = corpus_kit.parse_recipe(text)
    return corpus_kit.run(parsed, corpus_kit.resolve_inputs([str(source)]), folder / "run", workers=1)


FILTER = "recipe: 1\nstages: [{filter: {rulesets: [RULES]}}]\n"


def test_metrics_must_have_been_stored(tmp_path):
    done = small(tmp_path, FILTER + "metrics: none\n")
    with pytest.raises(PlanError, match=r"no metrics of every document \(`metrics: none` in its recipe\)"):
        tune(done, {"rules.word_count": (9, None)})


def test_there_must_be_a_filter(tmp_path):
    done = small(tmp_path, "recipe: 1\nstages: [normalize]\n")
    with pytest.raises(PlanError, match="has no stage with bounds, such as a filter, so there is nothing to tune"):
        tune(done, {})


def test_there_must_be_documents(tmp_path):
    done = small(tmp_path, "recipe: 1\nstages: [{filter: {rulesets: [RULES], only: {lang: [isl_Latn]}}}]\n")
    with pytest.raises(PlanError, match="has no metrics"):
        tune(done, {})


def test_the_rulesets_must_be_those_of_the_run(tmp_path):
    done = small(tmp_path, FILTER)
    tune(done, {})
    (tmp_path / "rules.yaml").write_text(toy.RULES.replace("[5, 1000]", "[6, 1000]"))
    with pytest.raises(PlanError, match=r"have changed since the run: rules\.word_count\.low was 5\.0, is 6\.0"):
        tune(done, {})
    (tmp_path / "rules.yaml").write_text(toy.RULES.replace("Toy 2024", "Toy 2025"))
    assert tune(done, {})["documents"]["judged"] == 3
    (tmp_path / "rules.yaml").unlink()
    with pytest.raises(RecipeError, match=r"no ruleset file at .*rules\.yaml"):
        tune(done, {})


def test_a_run_under_way_can_be_tuned_once_every_document_passed_the_stage(tuned_run, tmp_path):
    shutil.copytree(tuned_run.path, tmp_path / "run")
    (tmp_path / "run" / "manifest.json").unlink()
    next((tmp_path / "run" / "receipts" / "map-0").iterdir()).unlink()
    with pytest.raises(PlanError, match="has not brought every document through 'filter' yet"):
        tune(Run(tmp_path / "run"), {}, stage="filter")


def test_a_run_the_guard_stopped_can_be_tuned(tmp_path):
    tuned.write(tmp_path)
    with tuned.plugged():
        with pytest.raises(RunFailed, match="the guard stops the run"):
            tuned.run(tmp_path, settings="guard: {max_share: 0.5, min_documents: 10}\n")
        stopped = Run(tmp_path / "run")
        found = tune(stopped, {"own.word_count": (9, None)}, stage="filter")
    assert found["documents"]["judged"] == 465
    assert found["to_rejected"]["documents"] > 0
    assert found["after"] == []
    assert all(one["text"] for one in found["examples"]["to_rejected"])


def test_without_polars_the_extra_is_named(tuned_run, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"pip install 'corpus-kit\[frames\]'"):
        open_measured(tuned_run, stage="filter")
