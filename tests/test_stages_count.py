"""The `count` stage: columns, identity, mistakes, and that mixes and pulls know its numbers."""

import shutil

import pyarrow as pa
import pytest
import toy
import wordy

import corpus_kit
from corpus_kit.errors import MissingExtra, PlanError
from corpus_kit.mix import make_mix
from corpus_kit.mixing.targets import Targets
from corpus_kit.resources import digest
from corpus_kit.stage import require_modules, stage_class
from corpus_kit.stages.count import Count
from corpus_kit.tokenizers import load_tokenizer

pytest.importorskip("sentencepiece")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return wordy.sentencepiece_model(
        tmp_path_factory.mktemp("count") / "t.model", wordy.texts("udhr"), byte_fallback=True
    )


def stage(model, **options) -> Count:
    return Count.model_validate({"tokenizer": str(model), **options})


def test_it_is_registered():
    assert stage_class("count") is Count


@pytest.mark.parametrize(("name", "column"), [(None, "tokens"), ("sw3", "tokens:sw3")])
def test_tokens_are_stored_under_the_name(model, name, column):
    batch = toy.batch([toy.DANISH, None, "", "<s><|python|>"])
    counted = stage(model, **{"as": name}).apply(batch)
    expected = [len(ids) for ids in load_tokenizer(model).encode(batch["text"]).to_pylist()]
    assert counted[column].to_pylist() == expected
    assert expected[0] > 20
    assert expected[1:3] == [0, 0]
    assert expected[3] > 6
    assert counted.drop_columns([column]).equals(batch)
    assert stage(model, **{"as": name}).columns_given() == {column: pa.int64()}


def test_what_enters_identity(model):
    one = stage(model)
    assert one.files() == [model]
    assert one.libraries_used() == ("sentencepiece",)
    assert one.modules() == {"sentencepiece": "tokenizers"}
    assert [(number.name, number.value) for number in one.numbers()] == [("vocab_size", 1200)]


def test_a_wrong_tokenizer_is_found_at_plan_time(model, tmp_path):
    stage(model).check({})
    with pytest.raises(PlanError, match="there is no tokenizer at"):
        stage(tmp_path / "none").check({})
    (tmp_path / "tokenizer.json").write_text("{}")
    assert stage(tmp_path).modules() == {"tokenizers": "tokenizers"}
    with pytest.raises(PlanError, match="is no tokenizer"):
        stage(tmp_path).check({})


def test_an_absent_library_is_a_missing_extra(model, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"corpus-kit\[tokenizers\]"):
        require_modules(stage(model), "count")


def test_mixes_and_pulls_know_the_numbers(model, tmp_path):
    path = tmp_path / "home" / "t.model"
    path.parent.mkdir()
    shutil.copyfile(model, path)
    source = toy.write_source(tmp_path / "toy", files={"a.jsonl": toy.DOCUMENTS[:3]}, more="fields: {lang: lang}\n")
    recipe = f"recipe: 1\nname: counted\nstages:\n  - count: {{tokenizer: {path}, as: t}}\n"
    inputs = corpus_kit.resolve_inputs([str(source)])
    run = corpus_kit.run(corpus_kit.parse_recipe(recipe), inputs, tmp_path / "run", workers=1)
    kept = run.kept(["text", "tokens:t"])
    expected = load_tokenizer(model).count(kept["text"].combine_chunks()).to_pylist()
    assert kept["tokens:t"].to_pylist() == expected
    mix = make_mix(run, Targets(unit="tokens"))
    assert mix.total_before == sum(expected)
    assert mix.tokenizer is not None
    assert (mix.tokenizer.name, mix.tokenizer.sha256) == ("t", digest(path))
    assert sum(1 for _ in run.pull(tokens=max(expected) + 1, mix="once")) >= 2
