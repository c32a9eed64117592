"""Weights: shares by temperature or by target, the whole keeping its size, nothing above its cap."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import toy

import corpus_kit
from corpus_kit.errors import PlanError, RecipeError
from corpus_kit.keyed import by_partition
from corpus_kit.mix import make_mix
from corpus_kit.mixing.targets import load_targets
from corpus_kit.stages.weight import DECISION, Weight

SIZES = {"dan": 900, "swe": 90, "fao": 10}


def decide(sizes: dict[str, int] = SIZES, **settings) -> dict[str, dict]:
    stage = Weight.model_validate(settings)
    grouped = pa.table(
        {
            "group": list(sizes),
            "size": pa.array(list(sizes.values()), pa.int64()),
            "documents": pa.array([1] * len(sizes), pa.int64()),
        }
    )
    found = stage.decide(grouped)
    assert found.schema == DECISION
    return {row["group"]: row for row in found.to_pylist()}


def weights(sizes: dict[str, int] = SIZES, **settings) -> dict[str, float]:
    return {group: row["weight"] for group, row in decide(sizes, **settings).items()}


def test_as_found_everything_weighs_one():
    assert weights() == pytest.approx({"dan": 1, "swe": 1, "fao": 1})
    assert weights(alpha=1) == pytest.approx({"dan": 1, "swe": 1, "fao": 1})


def test_all_groups_alike():
    assert weights(alpha=0) == pytest.approx({"dan": 1000 / 3 / 900, "swe": 1000 / 3 / 90, "fao": 1000 / 3 / 10})


def test_temperature_by_hand():
    """Roots of .9, .09 and .01 are .948683, .3 and .1; they add up to 1.348683."""
    found = decide(alpha=0.5)
    assert {group: row["share"] for group, row in found.items()} == pytest.approx(
        {"dan": 0.703414, "swe": 0.222439, "fao": 0.0741464}, rel=1e-5
    )
    assert found["dan"]["weight"] == pytest.approx(0.703414 / 0.9, rel=1e-5)
    assert found["fao"]["weight"] == pytest.approx(7.41464, rel=1e-5)
    assert found["dan"]["natural_share"] == pytest.approx(0.9)
    assert [row["capped"] for row in found.values()] == [False, False, False]


def test_targets_by_hand():
    assert weights(targets={"dan": 0.5, "swe": 0.5, "fao": 0}) == pytest.approx(
        {"dan": 500 / 900, "swe": 500 / 90, "fao": 0}
    )


def test_a_cap_binds_and_the_rest_goes_to_the_others_in_proportion():
    found = decide(alpha=0, max_epochs=4)
    # fao: 40 instead of 333; the other 960 are halved, 480 each, but swe may have 360: dan gets 600.
    assert {group: row["weight"] for group, row in found.items()} == pytest.approx(
        {"dan": 600 / 900, "swe": 4, "fao": 4}
    )
    assert {group: row["capped"] for group, row in found.items()} == {"dan": False, "swe": True, "fao": True}
    assert sum(row["weight"] * SIZES[group] for group, row in found.items()) == pytest.approx(1000)
    assert found["dan"]["share"] == pytest.approx(0.6)


def test_a_group_left_out_gets_nothing_of_what_capped_ones_leave():
    found = weights(targets={"dan": 0, "swe": 0.5, "fao": 0.5}, max_epochs=4)
    assert found == pytest.approx({"dan": 0, "swe": 4, "fao": 4})


def test_where_every_group_is_capped_the_whole_shrinks():
    found = decide(alpha=0, max_epochs=0.5)
    assert {group: row["weight"] for group, row in found.items()} == pytest.approx({"dan": 0.5, "swe": 0.5, "fao": 0.5})
    assert all(row["capped"] for row in found.values())
    assert decide(alpha=0, max_epochs=0.5)["dan"]["share"] == pytest.approx(0.9)


def test_a_group_of_empty_texts_does_not_take_anything_from_the_others():
    found = weights({"dan": 100, "empty": 0}, alpha=0)
    assert np.isfinite(list(found.values())).all()
    assert found["dan"] == pytest.approx(1)
    found = weights({"dan": 100, "empty": 0, "swe": 10}, alpha=0, max_epochs=2)
    assert found["dan"] * 100 + found["swe"] * 10 == pytest.approx(110)


def test_nothing_but_empty_texts():
    assert weights({"a": 0, "b": 0}) == {"a": 0, "b": 0}


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"alpha": 0.5, "targets": {"a": 1}}, "give alpha or targets, not both"),
        ({"targets": {"a": 0.5, "b": 0.4}}, "shares add up to 0.9, not 1"),
        ({"targets": {"a": 1.5, "b": -0.5}}, "'b' is negative"),
        ({"targets": {}}, "shares add up to 0, not 1"),
        ({"alpha": 1.5}, "less than or equal to 1"),
        ({"max_epochs": 0}, "greater than 0"),
        ({"by": []}, "at least 1 item"),
        ({"by": ["url"]}, "'lang', 'category', 'source' or 'license'"),
    ],
)
def test_settings_that_make_no_sense(settings, complaint):
    with pytest.raises(ValueError, match=complaint):
        Weight.model_validate(settings)


def test_a_target_for_a_group_that_is_not_there():
    with pytest.raises(PlanError) as caught:
        weights(targets={"dan": 0.5, "swe": 0.3, "fao": 0.1, "fin": 0.1})
    assert str(caught.value) == "weight: no group 'fin'; valid names are dan, fao, swe"
    assert weights(targets={"dan": 0.5, "swe": 0.3, "fao": 0.2, "fin": 0})["fao"] == pytest.approx(20)


def test_a_group_without_a_target():
    with pytest.raises(PlanError) as caught:
        weights(targets={"dan": 0.5, "swe": 0.5})
    assert str(caught.value) == "weight: no number is given for group 'fao'; name it (0 leaves it out), or give `rest`"


def rows(**settings) -> tuple[Weight, pa.RecordBatch, pa.Table]:
    stage = Weight.model_validate(settings)
    batch = toy.batch(
        ["ååå", "bb", "c", "dddd"], lang=["dan", "swe", None, "dan"], category=["web", "web", "law", None]
    )
    collected, _ = by_partition(stage.collect(batch, 0, None), 1)
    return stage, batch, stage.group(collected, 0)


@pytest.mark.parametrize(
    ("settings", "groups"),
    [
        ({}, {"dan": (10, 2), "none": (1, 1), "swe": (2, 1)}),
        ({"unit": "characters"}, {"dan": (7, 2), "none": (1, 1), "swe": (2, 1)}),
        ({"unit": "documents"}, {"dan": (2, 2), "none": (1, 1), "swe": (1, 1)}),
        (
            {"by": ["lang", "category"]},
            {"dan/none": (4, 1), "dan/web": (6, 1), "none/law": (1, 1), "swe/web": (2, 1)},
        ),
    ],
)
def test_groups_are_measured(settings, groups):
    _, _, grouped = rows(**settings)
    assert {row["group"]: (row["size"], row["documents"]) for row in grouped.to_pylist()} == groups


def test_all_rows_of_a_group_have_one_key():
    stage, batch, _ = rows()
    collected = stage.collect(batch, 0, None)
    keys = dict(zip(collected["group"].to_pylist(), collected["key"].to_pylist(), strict=True))
    assert len(set(keys.values())) == 3
    assert collected["key"][0] == collected["key"][3]


def test_every_row_gets_the_weight_of_its_group():
    stage, batch, grouped = rows(targets={"dan": 0.5, "swe": 0.5, "none": 0})
    result = stage.apply(batch, stage.decide(grouped))
    assert result["weight"].to_pylist() == pytest.approx([6.5 / 10, 6.5 / 2, 0, 6.5 / 10])
    again = stage.apply(result, stage.decide(grouped))
    assert again.schema.names.count("weight") == 1


def test_columns_needed_follow_the_groups():
    assert Weight(by=("source", "lang")).columns_needed() == ("text", "source", "lang")
    assert Weight().empty_decision().schema == DECISION


def test_unimax():
    found = decide(method="unimax", max_epochs=4)
    assert {group: row["weight"] for group, row in found.items()} == pytest.approx(
        {"dan": 600 / 900, "swe": 4, "fao": 4}
    )


def test_a_given_total():
    assert weights(alpha=1, total=500) == pytest.approx({"dan": 0.5, "swe": 0.5, "fao": 0.5})


def test_rest_is_for_all_others():
    assert weights(targets={"dan": 0.5, "rest": "remainder"}) == pytest.approx({"dan": 500 / 900, "swe": 5, "fao": 5})


@pytest.fixture
def targets_file(tmp_path) -> str:
    path = tmp_path / "mix.yaml"
    path.write_text(
        "mix: 1\ncites: Somebody 2024\nby: [lang, category]\nunit: documents\nmethod: weights\n"
        "weights: {dan: {web: 1, rest: 3}, rest: 2}\nmax_epochs: 5\n"
    )
    return str(path)


def test_a_targets_file_says_everything(targets_file):
    stage, batch, grouped = rows(targets=targets_file)
    assert stage.columns_needed() == ("lang", "category")
    assert [path.name for path in stage.files()] == ["mix.yaml"]
    weight = stage.apply(batch, stage.decide(grouped))["weight"].to_pylist()
    # dan/web, swe/web, none/law, dan/none: one document each, weights 1, 2, 2 and 3 scaled to 4 documents.
    assert weight == pytest.approx([0.5, 1, 1, 1.5])
    assert [(one.name, one.value) for one in stage.numbers()] == [
        ("weights.dan/web", 1),
        ("weights.dan", 3),
        ("weights.rest", 2),
        ("max_epochs", 5),
    ]
    assert {one.origin for one in stage.numbers()} == {f"{targets_file}: Somebody 2024"}


def test_a_targets_file_survives_the_plan(targets_file):
    stage = Weight(targets=targets_file)
    assert Weight.model_validate(stage.config()) == stage


def test_what_the_targets_file_says_is_not_said_again(targets_file):
    with pytest.raises(ValueError, match="the targets file says what `unit` is"):
        Weight(targets=targets_file, unit="words")


def test_a_targets_file_is_not_bent(targets_file):
    stage, _, grouped = rows(targets=targets_file)
    lowered = Path(targets_file)
    lowered.write_text(lowered.read_text().replace("max_epochs: 5", "max_epochs: 1.25"))
    with pytest.raises(PlanError) as caught:
        stage.decide(grouped)
    assert str(caught.value).splitlines()[:2] == [
        "weight: these shares cannot be had at a total of 4 documents",
        "  dan/none: 37.50% are 2; it has 1, and 1.25 epochs are 1",
    ]


def test_a_targets_file_that_is_not_there():
    with pytest.raises(RecipeError, match="unknown mix 'gpt_sw4'; did you mean 'gpt_sw3'"):
        Weight(targets="gpt_sw4").check({"lang": pa.string()})


def test_numbers_have_origins():
    stage = Weight(targets={"dan": 0.5, "rest": 0.5}, max_epochs=4)
    assert [(one.name, one.value, one.origin) for one in stage.numbers()] == [
        ("shares.dan", 0.5, "recipe"),
        ("shares.rest", 0.5, "recipe"),
        ("max_epochs", 4, "recipe"),
    ]
    assert Weight().numbers() == []


def test_words_and_tokens():
    batch = toy.with_columns(toy.batch(["a b c", "d"], lang=["dan", "swe"]), **{"tokens:bpe": pa.array([5, None])})
    assert Weight(unit="words").collect(batch, 0, None)["size"].to_pylist() == [3, 1]
    stage = Weight(unit="tokens", tokenizer="bpe")
    assert stage.columns_needed() == ("tokens:bpe", "lang")
    assert stage.collect(batch, 0, None)["size"].to_pylist() == [5, 0]


def test_values_with_slashes_stay_apart():
    stage = Weight(by=("lang", "source"), targets={"da": {"x/y": 1}, "rest": 0})
    batch = toy.batch(["aa", "bb"], lang=["da", "da/x"], source=["x/y", "y"])
    collected, _ = by_partition(stage.collect(batch, 0, None), 1)
    assert stage.apply(batch, stage.decide(stage.group(collected, 0)))["weight"].to_pylist() == [2, 0]


@pytest.mark.parametrize("source", ["fields", "file"])
def test_in_a_recipe(toy_source, tmp_path, source):
    """The stage and `corpus-kit mix` give the same weights."""
    path = tmp_path / "asked.yaml"
    path.write_text("mix: 1\nmethod: unimax\nmax_epochs: 1.2\n")
    settings = {"fields": "method: unimax, max_epochs: 1.2", "file": f"targets: {path}"}[source]
    recipe = f"recipe: 1\nname: toy\nstages:\n  - weight: {{{settings}}}\n"
    inputs = corpus_kit.resolve_inputs([str(toy_source)])
    run = corpus_kit.run(corpus_kit.parse_recipe(recipe), inputs, tmp_path / "out", workers=1)
    planned = run.plan.stage("weight")
    assert [Path(name).name for name in planned.files] == (["asked.yaml"] if source == "file" else [])
    assert [one.value for one in planned.numbers] == [1.2]
    epochs = {one.group[0]: one.epochs for one in make_mix(run, load_targets(path)).groups}
    assert len(set(epochs.values())) == 3
    for row in run.kept(["lang", "weight"]).to_pylist():
        assert row["weight"] == pytest.approx(epochs[row["lang"]], rel=1e-12)
