"""Same identity, same bytes: what changes it and what does not."""

from pathlib import Path

import pytest
import toy

from corpus_kit.errors import PlanError
from corpus_kit.identity import canonical_digest
from corpus_kit.inputs import resolve_inputs
from corpus_kit.planner import plan
from corpus_kit.recipe import Recipe
from corpus_kit.stages import ExactDedup, MinHashDedup, Normalize, Weight

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


def test_identity_does_not_depend_on_where_things_are(tmp_path):
    prints = set()
    for place in ("one", "two/three"):
        folder = toy.write_source(
            tmp_path / place / "in", files={"x.jsonl": [{"text": "x"}], "y.jsonl": [{"text": "y"}]}
        )
        prints.add(toy.plan_of(NORMALIZE, [folder]).fingerprint)
        prints.add(toy.plan_of("recipe: 1\nname: other\ndescription: d\nstages: [normalize]\n", [folder]).fingerprint)
    assert len(prints) == 1


def test_identity_does_not_depend_on_the_order_of_arguments(two):
    assert toy.plan_of(NORMALIZE, two).fingerprint == toy.plan_of(NORMALIZE, two[::-1]).fingerprint


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


@pytest.mark.parametrize("change", CHANGES)
def test_identity_depends_on_everything_in_the_recipe_that_shapes_the_output(two, change):
    usual = toy.plan_of(USUAL, two).fingerprint
    assert toy.plan_of("recipe: 1\n" + CHANGES[change], two).fingerprint != usual


@pytest.mark.parametrize(
    "change", ["content", "name", "field", "category", "license", "limit", "sample", "plugin", "version"]
)
def test_identity_depends_on_inputs_limits_and_versions(two, tmp_path, monkeypatch, change):
    usual = toy.plan_of(USUAL, two).fingerprint
    options = {}
    card = two[0] / "source.yaml"
    if change == "content":
        (two[0] / "x.jsonl").write_text('{"text": "other"}\n')
    elif change == "name":
        (two[0] / "x.jsonl").rename(two[0] / "y.jsonl")
    elif change == "field":
        card.write_text(card.read_text() + "fields: {title: headline}\n")
    elif change == "category":
        card.write_text(card.read_text().replace("web", "forum"))
    elif change == "license":
        card.write_text(card.read_text().replace("CC0-1.0", "CC-BY-4.0"))
    elif change == "plugin":
        (tmp_path / "plugin.py").write_text("x = 1\n")
        options["plugin"] = tmp_path / "plugin.py"
    elif change == "version":
        monkeypatch.setattr(Normalize, "version", Normalize.version + 1)
    else:
        options[change] = {"limit": 1, "sample": 0.5}[change]
    assert toy.plan_of(USUAL, two, **options).fingerprint != usual


def test_identity_does_not_depend_on_the_rest_of_the_card(two):
    usual = toy.plan_of(USUAL, two).fingerprint
    card = two[0] / "source.yaml"
    card.write_text(card.read_text().replace("title: aa", "title: A better title"))
    assert toy.plan_of(USUAL, two).fingerprint == usual


def test_identity_depends_on_the_files_a_stage_reads(two, tmp_path):
    ruleset = tmp_path / "own.yaml"
    recipe = f"recipe: 1\nstages:\n  - filter: {{rulesets: [{ruleset}], unknown_language: default}}\n"
    for folder in two:
        card = folder / "source.yaml"
        card.write_text(card.read_text() + "fields: {lang: lang}\n")
    prints = []
    for low in (5, 6):
        ruleset.write_text(f"cites: a\nrules:\n  word_count: {{keep: [{low}, 9]}}\n")
        prints.append(toy.plan_of(recipe, two).fingerprint)
    assert prints[0] != prints[1]


def test_canonical_digests_refuse_what_has_no_stable_form():
    assert canonical_digest({"b": 1, "a": "å"}) == canonical_digest({"a": "å", "b": 1})
    with pytest.raises(ValueError, match="JSON compliant"):
        canonical_digest({"a": float("inf")})
    with pytest.raises(TypeError, match="not JSON serializable"):
        canonical_digest({"a": {1, 2}})
