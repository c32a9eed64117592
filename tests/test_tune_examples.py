"""Examples of documents that flip."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tuned

from corpus_kit.opened import Run
from corpus_kit.tune import tune
from corpus_kit.tune.examples import texts_of

FREED = {"own.mean_word_length": None, "own.word_count": (2.0, None)}


def examples(run: Run, changes, size: int = 3, stage: str = "filter") -> dict:
    return tune(run, changes, stage=stage, examples=size)["examples"]


def stored(run: Run) -> dict[str, str]:
    """The text of every document of which the run has one."""
    tables = [run.kept(["id", "text"]), run.rejects(["id", "text"])]
    return {row["id"]: row["text"] for one in tables for row in one.to_pylist() if row["text"] is not None}


def test_examples_have_id_value_and_the_text_the_run_kept(tuned_run):
    found = examples(tuned_run, FREED)["to_kept"]
    assert len(found) == 3
    texts = stored(tuned_run)
    for one in found:
        assert one["text"] == texts[one["id"]]
        assert one["bytes"] == len(one["text"].encode())
        assert {value["rule"] for value in one["values"]} <= set(FREED)
        for value in one["values"]:
            if value["rule"] == "own.word_count":
                assert value["value"] == len(one["text"].split())
                assert (value["low"], value["high"]) == (2, None)
            else:
                assert (value["low"], value["high"]) == (None, None)


def test_documents_that_were_kept_have_their_text_from_the_data_or_from_later_rejects(tuned_run):
    found = examples(tuned_run, {"own.word_count": (9.0, None)}, size=1000)["to_rejected"]
    texts = stored(tuned_run)
    assert {one["id"]: one["text"] for one in found} == {one["id"]: texts.get(one["id"]) for one in found}
    assert all(one["values"][0]["value"] < 9 and one["values"][0]["low"] == 9 for one in found)
    kept = set(tuned_run.kept(["id"])["id"].to_pylist())
    assert {one["id"] in kept for one in found} == {True, False}


def test_the_same_documents_each_time_and_more_of_them_if_asked(tuned_run):
    few, many = examples(tuned_run, FREED, 2), examples(tuned_run, FREED, 4)
    assert few["to_kept"] == many["to_kept"][:2]
    assert examples(tuned_run, FREED, 0) == {}


def test_a_condition_that_is_undefined(tuned_run):
    found = examples(tuned_run, {"own.digit_share": None, "own.short_or_plain": None}, size=1000)["to_kept"]
    undefined = [one for one in found if one["values"][0]["value"] is None]
    assert {one["text"][0] for one in undefined} == {"?"}
    assert len(undefined) < len(found)


def test_all_conditions_of_a_rule_are_shown(tuned_run):
    found = examples(tuned_run, {"own.short_or_plain": None, "own.digit_share": None}, size=1000)["to_kept"]
    both = [one for one in found if one["values"][0]["rule"] == "own.short_or_plain"]
    both += [one for one in found if one["values"][-1]["rule"] == "own.short_or_plain"]
    assert both
    metrics = [value["metric"] for value in both[0]["values"] if value["rule"] == "own.short_or_plain"]
    assert metrics == ["word_count", "digit_share"]


@pytest.mark.parametrize(("policy", "with_text"), [("none", {False}), ("all", {True}), ("sample", {True, False})])
def test_only_texts_the_run_kept_are_shown(tmp_path, policy, with_text, monkeypatch):
    monkeypatch.setattr("corpus_kit.outputs.SAMPLE_SIZE", 2)
    monkeypatch.setattr("corpus_kit.totals.SAMPLE_SIZE", 2)
    with tuned.plugged():
        done = tuned.run(tuned.write(tmp_path), settings=f"reject_text: {policy}\n")
        found = examples(done, FREED, size=1000)["to_kept"]
        first = examples(done, FREED, size=2)["to_kept"]
    assert {one["text"] is not None for one in found} == with_text
    assert {one["text"] is not None for one in first} == {policy != "none"}  # those that can be shown come first
    assert len({one["id"] for one in found}) == len(found) > 20


def test_texts_are_found_across_files_and_row_groups(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "plan.json").write_text("{}")
    for file in range(3):
        ids = [f"s-{file}-{i}" for i in range(10)]
        pq.write_table(
            pa.table({"id": ids, "text": [f"text {one}" for one in ids]}),
            tmp_path / f"data/{file}.parquet",
            row_group_size=4,
        )
    (tmp_path / "manifest.json").write_text(
        tuned.dump({"files": [{"path": f"data/{i}.parquet", "kind": "data"} for i in range(3)]})
    )
    wanted = ["s-0-0", "s-0-3", "s-1-4", "s-2-9", "s-9-9"]
    assert texts_of(Run(tmp_path), "data", wanted) == {one: f"text {one}" for one in wanted[:-1]}
