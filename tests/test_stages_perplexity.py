import importlib.util

import pyarrow as pa
import pytest
import toy
from test_perplexity import ARPA

from corpus_kit.errors import MissingExtra, PlanError
from corpus_kit.histogram import bins_of
from corpus_kit.perplexity import distribution
from corpus_kit.stage import require_modules, stage_class
from corpus_kit.stages.perplexity import CODE, Perplexity

HAS_KENLM = importlib.util.find_spec("kenlm") is not None
needs_kenlm = pytest.mark.skipif(not HAS_KENLM, reason="KenLM is not installed")

TEXTS = ["det regner", "ukendt ukendt ukendt", None, " "]


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "m.arpa"
    path.write_text(ARPA)
    return path


def stage(model, **settings) -> Perplexity:
    return Perplexity.model_validate({"model": str(model), **settings})


def test_it_is_registered():
    assert stage_class("perplexity") is Perplexity


@needs_kenlm
def test_without_bounds_it_only_measures(model):
    batch = toy.batch(TEXTS)
    result = stage(model).apply(batch)
    assert result["reasons"].null_count == 4
    assert result["metrics"].type == pa.struct({"per_token": pa.float64()})
    known, unknown, *none = [one["per_token"] for one in result["metrics"].to_pylist()]
    assert (known, unknown > 7, none) == (1.7, True, [None, None])
    assert result.drop_columns(["metrics", "reasons"]).equals(batch.drop_columns(["reasons"]))


@needs_kenlm
def test_what_is_out_of_bounds_is_rejected_with_value_and_bounds(model):
    result = stage(model, keep=[None, 5]).apply(toy.batch(TEXTS))
    assert toy.codes(result) == [[], [CODE], [CODE], [CODE]]
    value = result["metrics"][1].as_py()["per_token"]
    assert result["reasons"].to_pylist()[1] == [{"code": CODE, "value": value, "low": None, "high": 5.0}]
    assert toy.codes(stage(model, keep=[1.7, 1.7]).apply(toy.batch(TEXTS[:1]))) == [[]]


@needs_kenlm
def test_trouble_with_files_is_found_at_plan_time(model, tmp_path):
    stage(model).check({})
    model.write_text("junk")
    for wrong in (model, tmp_path / "none"):
        with pytest.raises(PlanError, match="the language model"):
            stage(wrong).check({})


@pytest.mark.skipif(HAS_KENLM, reason="KenLM is installed")
def test_an_absent_library_is_a_missing_extra(model):
    with pytest.raises(MissingExtra, match="needs the library 'kenlm'"):
        require_modules(stage(model), "perplexity")


def test_what_enters_identity(model, tmp_path):
    assert stage(model).files() == [model]
    assert stage(model, tokenizer="t.model").files()[1].name == "t.model"
    assert stage(model).libraries_used() == (distribution(),)
    assert stage(model, tokenizer="t.model").libraries_used() == (distribution(), "sentencepiece")
    assert stage(model, tokenizer="t.model").modules() == {"kenlm": "perplexity", "sentencepiece": "perplexity"}
    assert [(n.name, n.value) for n in stage(model, keep=":10000").numbers()] == [("perplexity.per_token.high", 10000)]


def test_perplexities_fall_into_half_powers_of_two():
    assert bins_of("per_token", [1.0, 1.2, 300.0]) == {"1": 2, "256": 1}
