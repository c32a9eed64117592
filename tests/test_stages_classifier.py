import json

import laws
import pyarrow as pa
import pytest
import toy

pytest.importorskip("fasttext")

import corpus_kit
from corpus_kit.classifier import train
from corpus_kit.errors import PlanError, RecipeError
from corpus_kit.histogram import bins_of
from corpus_kit.recipe import parse_recipe
from corpus_kit.resources import digest
from corpus_kit.stage import stage_class
from corpus_kit.stages.classifier import CODE, Classifier
from corpus_kit.why import why

SPAM = "køb nu ! tilbud ! log ind menu fri fragt kurv"


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    for name, texts in (
        ("good", [laws.text(i) for i in range(60)]),
        ("bad", [f"{SPAM} {'abcdefgh'[i % 8]} {'ijklmnop'[i // 8]} {SPAM}" for i in range(60)]),
    ):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    return train([str(folder / "good.jsonl")], [str(folder / "bad.jsonl")], folder / "m.bin").path


def stage(model, **settings) -> Classifier:
    return Classifier.model_validate({"model": str(model), **settings})


TEXTS = [laws.text(900), SPAM, None, "  "]


def test_it_is_registered():
    assert stage_class("classifier") is Classifier


def test_without_bounds_it_only_measures(model):
    batch = toy.batch(TEXTS)
    result = stage(model).apply(batch)
    assert result["reasons"].null_count == 4
    high, low, *none = [one["score"] for one in result["metrics"].to_pylist()]
    assert (high > 0.9, low < 0.1, none) == (True, True, [None, None])
    assert result["metrics"].type == pa.struct({"score": pa.float64()})
    assert result.drop_columns(["metrics", "reasons"]).equals(batch.drop_columns(["reasons"]))


def test_what_is_out_of_bounds_is_rejected_with_value_and_bounds(model):
    result = stage(model, keep=[0.5, None]).apply(toy.batch(TEXTS))
    assert toy.codes(result) == [[], [CODE], [CODE], [CODE]]
    low = result["metrics"][1].as_py()["score"]
    assert result["reasons"].to_pylist()[1] == [{"code": CODE, "value": low, "low": 0.5, "high": None}]
    assert result["reasons"].to_pylist()[2] == [{"code": CODE, "value": None, "low": 0.5, "high": None}]
    assert toy.codes(stage(model, keep=":0.5").apply(toy.batch(TEXTS))) == [[CODE], [], [CODE], [CODE]]


def test_bounds_are_inclusive_and_meet_the_stored_value(model):
    score = stage(model).apply(toy.batch(TEXTS[:1]))["metrics"][0].as_py()["score"]
    assert toy.codes(stage(model, keep=[score, score]).apply(toy.batch(TEXTS[:1]))) == [[]]
    assert toy.codes(stage(model, keep=[score + 1e-9, None]).apply(toy.batch(TEXTS[:1]))) == [[CODE]]


def test_the_other_label(model):
    scores = stage(model, label="bad").apply(toy.batch(TEXTS))["metrics"].to_pylist()
    assert (scores[0]["score"] < 0.1, scores[1]["score"] > 0.9) == (True, True)


def test_numbers_and_files(model):
    one = stage(model, keep=[0.5, None])
    assert [(n.name, n.value, n.origin) for n in one.numbers()] == [("classifier.score.low", 0.5, "recipe")]
    assert one.files() == [model]
    assert one.modules() == {"fasttext": "lang"}
    assert stage(model).numbers() == []


def test_trouble_with_the_model_is_found_at_plan_time(model, tmp_path):
    stage(model).check({})
    broken = tmp_path / "broken.bin"
    broken.write_bytes(model.read_bytes()[:-100])
    for wrong, message in ((tmp_path / "none.bin", "cannot be read"), (broken, "ends too early")):
        with pytest.raises(PlanError, match=message):
            stage(wrong).check({})
    with pytest.raises(PlanError, match="has no label 'hq'"):
        stage(model, label="hq").check({})


def test_bad_bounds_are_found_with_their_line():
    with pytest.raises(RecipeError, match=r"recipe:5: keep: the lower bound 0.9 is above"):
        parse_recipe("recipe: 1\nstages:\n  - classifier:\n      model: m.bin\n      keep: [0.9, 0.1]")


def test_scores_fall_into_fiftieths():
    assert bins_of("score", [0.5, 0.51, 0.53]) == {"0.5": 2, "0.52": 1}


@pytest.mark.parametrize("batch_rows", [3, 1000])
def test_in_a_run_scores_are_stored_counted_and_told(model, tmp_path, batch_rows):
    from corpus_kit.tasks import Settings

    documents = [{"text": laws.text(i)} for i in range(800, 810)] + [{"text": SPAM}]
    source = toy.write_source(tmp_path / "in", files={"a.jsonl": documents})
    recipe = f"recipe: 1\nstages:\n  - identify\n  - classifier: {{model: {model}, keep: [0.5, null]}}\n"
    run = corpus_kit.run(
        parse_recipe(recipe),
        corpus_kit.resolve_inputs([str(source)]),
        tmp_path / "run",
        workers=1,
        settings=Settings(batch_rows=batch_rows),
    )
    assert (run.kept(["id"]).num_rows, run.rejects(["id"]).num_rows) == (10, 1)
    measured = run.metrics("classifier").to_pylist()
    assert sorted(one["kept"] for one in measured) == [False, *[True] * 10]
    [rejected] = run.rejects(["id", "reasons"]).to_pylist()
    [low] = [one["score"] for one in measured if not one["kept"]]
    assert rejected["reasons"] == [{"code": CODE, "value": low, "low": 0.5, "high": None}]
    assert why(run, rejected["id"])["stages"][-1]["metrics"] == {"score": low}
    assert run.plan.stage("classifier").files == {f"{model.parent.name}/m.bin": digest(model)}
