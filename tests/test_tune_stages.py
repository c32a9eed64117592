"""Stages whose bounds can be tried out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import toy

import corpus_kit
from corpus_kit.errors import RecipeError
from corpus_kit.stage import REGISTRY
from corpus_kit.stages import ExactDedup, Filter, Identify, Normalize, Weight
from corpus_kit.tune import tune
from corpus_kit.tune.lines import sweep_lines, tune_lines
from corpus_kit.tune.stages import codes_of, is_open, is_tunable, refusals, retuned, rules_for, settings_of
from corpus_kit.tune.sweep import sweep

SCORER = '''\
"""A scorer of a test."""

from typing import ClassVar

import numpy as np
import pyarrow as pa

from corpus_kit.rules import Condition, Rule, verdicts
from corpus_kit.rulesets import OptionalBounds
from corpus_kit.schema import set_columns, set_reasons
from corpus_kit.stage import BatchStage, register


@register("vowels")
class Vowels(BatchStage):
    """Measures the share of vowels, and rejects what is out of the bounds of `keep`."""

    needs: ClassVar = ("text",)
    codes: ClassVar = {"vowels.share": "too few or too many vowels"}
    keep: OptionalBounds = None

    def apply(self, batch):
        values = np.array([sum(c in "aeiouyåäöæø" for c in t) / len(t) for t in batch["text"].to_pylist()])
        low, high = self.keep or (None, None)
        rule = Rule("vowels.share", (Condition("share", low, high, None, "recipe"),), "all", "")
        metrics = pa.StructArray.from_arrays([pa.array(values)], names=["share"])
        return set_columns(set_reasons(batch, verdicts([rule], {"share": values})), {"metrics": metrics})
'''


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Iterator[Path]:
    at = tmp_path_factory.mktemp("vowels")
    (at / "vowels.py").write_text(SCORER)
    texts = [f"{'bcd' * (1 + i % 7)} {'aei' * (1 + i % 5)} nummer {i}" for i in range(60)]
    toy.write_source(at / "in", files={"a.jsonl": [{"text": text, "lang": "dan_Latn"} for text in texts]})
    yield at
    REGISTRY.pop("vowels", None)


def run(folder: Path, keep: str) -> corpus_kit.Run:
    corpus_kit.plugin.load_plugin(str(folder / "vowels.py"))
    recipe = corpus_kit.parse_recipe(f"recipe: 1\nstages: [normalize, {{vowels: {{keep: {keep}}}}}]\n")
    inputs = corpus_kit.resolve_inputs([str(folder / "in")])
    name = f"run-{keep.strip(chr(34)).replace(':', '-')}"
    return corpus_kit.run(recipe, inputs, folder / name, workers=1, plugin=folder / "vowels.py")


def test_a_stage_that_only_measured_gets_bounds(folder):
    measured = run(folder, "null")
    found = sweep(measured)
    [rule] = found["rules"]
    assert (rule["rule"], rule["failing"], found["kept"]) == ("vowels.share", 0, 60)
    assert {one["side"] for one in rule["at"]} == {"low", "high"}
    assert not any(one["own"] for one in rule["at"])
    tried = next(one for one in rule["at"] if one["side"] == "low" and one["failing"] > 0)
    found = tune(measured, {"vowels.share": (tried["bound"], None)})
    assert found["to_rejected"]["documents"] == tried["failing"]
    assert tune_lines(found)[-1] == f'    keep: "{tried["bound"]!r}:"'
    again = run(folder, f'"{tried["bound"]}:"')
    assert again.kept().num_rows == 60 - tried["failing"]
    back = tune(again, {"vowels.share": None})
    assert (back["to_kept"]["documents"], back["documents"]["kept_now"]) == (tried["failing"], 60)
    assert tune(again, {})["to_kept"]["documents"] == 0
    assert sweep_lines(sweep(again))[-1].endswith("--stage vowels --rule RULE=LOW:HIGH")


@pytest.mark.parametrize("stage", [Normalize(), Identify(keep=("dan_Latn",)), ExactDedup(), Weight()])
def test_stages_without_bounds_are_none(stage):
    assert not is_tunable(stage)


@pytest.fixture
def stage(tuned_run) -> Filter:
    built = tuned_run.plan.build("filter")
    assert isinstance(built, Filter)
    return built


def test_a_filter_has_rules_and_conditions(stage):
    assert is_tunable(stage)
    assert not is_open(stage)
    assert codes_of(stage) == [
        "own.word_count",
        "own.stop_word_count",
        "own.mean_word_length",
        "own.digit_share",
        "own.short_or_plain",
        "own.short_or_plain.word_count",
        "own.short_or_plain.digit_share",
    ]
    assert rules_for(stage, ("dan_Latn", "books")) == stage.rules_for("dan_Latn", "books")


def test_a_filter_with_other_bounds(stage):
    changed = retuned(stage, {"own.word_count": (9.0, None)})
    assert isinstance(changed, Filter)
    assert changed.override == {"own.stop_word_count": (2.0, None), "own.word_count": (9.0, None)}
    assert changed.model_copy(update={"override": stage.override}) == stage
    assert settings_of(stage, {"own.stop_word_count": None}) == {"override": {"own.stop_word_count": None}}
    with pytest.raises(RecipeError, match=r"no rule 'own\.words' in this stage; did you mean"):
        retuned(stage, {"own.words": None})


def test_a_rule_changed_whole_forgets_the_bounds_of_its_conditions(stage):
    once = retuned(stage, {"own.short_or_plain.word_count": (None, 12.0)})
    assert isinstance(once, Filter)
    assert "own.short_or_plain.word_count" in once.override
    assert settings_of(once, {"own.short_or_plain": None}) == {
        "override": {"own.stop_word_count": (2.0, None), "own.short_or_plain": None}
    }


def test_a_filter_is_asked_what_it_refuses(tuned_run, stage):
    keys = [("dan_Latn", "web"), ("pol_Latn", "web"), (None, None)]
    assert refusals(stage, keys) == [None] * 3
    assert refusals(tuned_run.plan.build("strict"), keys) == [None, "filter.no_profile", "filter.no_profile"]
    assert refusals(stage, []) == refusals(Normalize(), []) == []
