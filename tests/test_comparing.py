"""The steps of a stage that is compared with an earlier run, as a real run did them."""

import json

import grown
import pytest

from corpus_kit.tables import read_table


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return grown.grown(tmp_path_factory)


def receipts(run, phase: str) -> list[dict]:
    return [json.loads(one.read_text()) for one in sorted((run.path / "receipts" / phase).iterdir())]


def test_every_step_has_its_receipts(run):
    phases = {one.name for one in (run.path / "receipts").iterdir() if one.name.startswith("compare-")}
    near = {f"compare-near-{step}" for step in ("group-0", "link-0", "collect-1", "group-1", "changes", "decide")}
    assert phases == near | {f"compare-exact-{step}" for step in ("group-0", "changes", "decide")}


def test_only_candidates_are_read_again(run, tmp_path_factory):
    """Own loads cost nothing but their work files; of loads of the earlier run the texts read are counted."""
    base = grown.base(tmp_path_factory)
    own, old = [], []
    for one in receipts(run, "compare-near-collect-1"):
        load = int(one["task"].rsplit("/")[1])
        (old if load >> 31 else own).append(one)
    assert own
    assert old
    assert all(file["text_bytes"] == 0 for one in own for file in one["files"])
    assert all(file["text_bytes"] > 0 for one in old for file in one["files"])
    assert len(old) <= len(base.plan.loads)
    assert sum(file["rows"] for one in old for file in one["files"]) < len(grown.kept(base))


def test_the_decision_is_cut_by_load_and_about_this_run_alone(run):
    [receipt] = receipts(run, "compare-near-decide")
    [file] = receipt["files"]
    table = read_table(run.path / file["path"])
    assert file["rows"] == table.num_rows > 10
    assert all(id.startswith("b-new") for id in table["id"].to_pylist())
    assert {int(load) for load in file["groups"]} == {row >> 32 for row in table["row"].to_pylist()}


def test_duplicates_inside_the_new_source_are_found_too(run):
    of = grown.duplicates(run, "near")
    assert any(one.startswith("b-new") for one in of.values())
    assert any(one.startswith("a-old") for one in of.values())
