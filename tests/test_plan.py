"""What a plan holds, and its file."""

import json
from pathlib import Path

import pyarrow as pa
import pytest
import toy

from corpus_kit.errors import PlanError
from corpus_kit.identity import canonical_digest
from corpus_kit.inputs import resolve_inputs
from corpus_kit.plan import Plan, load_plan
from corpus_kit.planner import plan
from corpus_kit.recipe import Recipe, parse_recipe
from corpus_kit.stages import ExactDedup, MinHashDedup, Weight

NORMALIZE = "recipe: 1\nstages: [normalize]\n"


@pytest.fixture
def two(tmp_path) -> list[Path]:
    """Sources `aa` and `bb`."""
    return [
        toy.write_source(tmp_path / "in" / name, name, files={"x.jsonl": [{"text": name}]}, category=category)
        for name, category in (("aa", "web"), ("bb", "books"))
    ]


def refused(recipe: str, inputs, kind: type[Exception] = PlanError, **options) -> str:
    with pytest.raises(kind) as caught:
        toy.plan_of(recipe, inputs, **options)
    return str(caught.value)


@pytest.fixture
def segments(tmp_path):
    """What each segment of a recipe applies, runs and collects, and whether it is the last."""
    inputs = resolve_inputs([str(toy.write_source(tmp_path / "seg", "seg", files={"x.jsonl": [{"text": "x"}]}))])

    def cut(*stages) -> list[tuple[list[str], list[str], list[str], bool]]:
        planned = plan(Recipe(stages=stages), inputs).segments
        assert [one.index for one in planned] == list(range(len(planned)))
        return [(list(one.apply), list(one.batch), list(one.collect), one.final) for one in planned]

    return cut


EXACT, NEAR = ExactDedup.model_validate({"as": "exact"}), MinHashDedup.model_validate({"as": "near"})


BY_SOURCE = Weight(by=("source",))


CHANGES = {
    "a stage's setting": "stages:\n  - normalize: {blank_lines: false}\n  - dedup: {method: exact}\n",
    "a stage more": "stages:\n  - normalize\n  - dedup: {method: exact}\n  - normalize\n",
    "the order": "stages:\n  - dedup: {method: exact}\n  - normalize\n",
    "a method": "stages:\n  - normalize\n  - dedup: {method: minhash}\n",
    "a stage's id": "stages:\n  - normalize\n  - dedup: {method: exact, as: same}\n",
    "a scope": "stages:\n  - normalize: {only: {source: [aa]}}\n  - dedup: {method: exact}\n",
    "shard_bytes": "stages:\n  - normalize\n  - dedup: {method: exact}\nshard_bytes: 4096\n",
    "split_bytes": "stages:\n  - normalize\n  - dedup: {method: exact}\nsplit_bytes: 4096\n",
    "reject_text": "stages:\n  - normalize\n  - dedup: {method: exact}\nreject_text: none\n",
    "metrics": "stages:\n  - normalize\n  - dedup: {method: exact}\nmetrics: none\n",
    "the order of sources": "sources: [bb, aa]\nstages:\n  - normalize\n  - dedup: {method: exact}\n",
}


USUAL = "recipe: 1\nstages:\n  - normalize\n  - dedup: {method: exact}\n"


def test_a_plan_survives_its_file_and_builds_equal_stages(two, tmp_path):
    recipe = parse_recipe(USUAL + "  - weight: {by: [source], targets: {aa: 0.25, bb: 0.75}}\n")
    planned = plan(recipe, [resolve_inputs([str(one)])[0] for one in two], sample=0.5)
    toy.open_run(tmp_path / "run", planned)
    again = load_plan(tmp_path / "run/plan.json")
    assert again == planned
    assert [again.build(stage_id) for stage_id, _ in recipe.named_stages()] == list(recipe.stages)
    assert canonical_digest(json.loads(planned.model_dump_json())["identity"]) == planned.fingerprint


def test_columns_of_the_output(two):
    planned = toy.plan_of(USUAL, two)
    assert planned.data_schema().names[-3:] == ["meta", "duplicates", "origins"]
    assert planned.data_schema().field("duplicates").type == pa.int32()
    assert {"raw", "reasons", "row"} & set(planned.data_schema().names) == set()


def test_a_plan_is_frozen_and_strict(two):
    planned = toy.plan_of(NORMALIZE, two)
    data = json.loads(planned.model_dump_json())
    with pytest.raises(ValueError, match="extra_forbidden"):
        Plan.model_validate(data | {"workers": 3})
    with pytest.raises(StopIteration):
        planned.stage("nothing")
