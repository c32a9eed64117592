"""Weights: shares by temperature or by target, the whole keeping its size, nothing above its cap."""

import numpy as np
import pyarrow as pa
import pytest
import toy
from hypothesis import given
from hypothesis import strategies as st

from corpus_kit.errors import PlanError
from corpus_kit.keyed import by_partition
from corpus_kit.stages.weight import DECISION, Weight, _solve

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
    assert weights(alpha=0, max_epochs=0.5) == pytest.approx({"dan": 0.5, "swe": 0.5, "fao": 0.5})


SHARES = st.lists(st.tuples(st.integers(1, 10**9), st.floats(0.001, 1)), min_size=1, max_size=8)


@given(SHARES, st.none() | st.floats(1, 50))
def test_the_whole_keeps_its_size_and_no_group_is_above_the_cap(groups, cap):
    size = np.array([one for one, _ in groups], np.float64)
    share = np.array([one for _, one in groups])
    weight, capped = _solve(size, share / share.sum(), cap)
    assert (weight * size).sum() == pytest.approx(size.sum())
    if cap is not None:
        assert weight.max() <= cap * (1 + 1e-9)
        assert weight[capped] == pytest.approx(cap)
    free = weight[~capped] * size[~capped] / share[~capped]
    assert free == pytest.approx(free[0] if len(free) else 0)  # what is not capped keeps its proportions


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
        ({"targets": {"a": 0.5, "b": 0.4}}, "targets add up to 0.9, not 1"),
        ({"targets": {"a": 1.5, "b": -0.5}}, "a target is negative"),
        ({"targets": {}}, "targets add up to 0, not 1"),
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
    assert str(caught.value) == "weight: no document is left in the target group 'fin'; valid names are dan, fao, swe"
    assert weights(targets={"dan": 0.5, "swe": 0.3, "fao": 0.2, "fin": 0})["fao"] == pytest.approx(20)


def test_a_group_without_a_target():
    with pytest.raises(PlanError) as caught:
        weights(targets={"dan": 0.5, "swe": 0.5})
    assert str(caught.value) == "weight: group 'fao' has no target; give it a share, or 0 to leave it out"


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
