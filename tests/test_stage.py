"""The registry of stages, and what a stage says of itself."""

import importlib.util
from collections.abc import Mapping
from typing import ClassVar

import pyarrow as pa
import pytest
from pydantic import ValidationError

from corpus_kit import stage as module
from corpus_kit.errors import MissingExtra, RecipeError
from corpus_kit.stage import BatchStage, CorpusStage, Number, Scope, Stage, register, require_modules, stage_class
from corpus_kit.stages import ExactDedup, Extract, MinHashDedup, Normalize


class Cut(BatchStage):
    """A stage with every kind of field."""

    codes: ClassVar[Mapping[str, str]] = {"cut.short": "too short"}
    libraries: ClassVar[tuple[str, ...]] = ("ftfy",)

    low: int = 3
    share: float | None = None
    fast: bool = True
    words: tuple[str, ...] = ()


@pytest.fixture
def registry(monkeypatch) -> dict:
    monkeypatch.setattr(module, "REGISTRY", {})
    return module.REGISTRY


def test_a_stage_is_registered_under_its_name(registry):
    cls = register("cut")(type("Cut2", (Cut,), {}))
    assert registry == {"cut": cls}
    assert cls.name == "cut"
    assert stage_class("cut") is cls


def test_methods_share_a_name(registry):
    one = register("cut", "short")(type("One", (Cut,), {}))
    two = register("cut", "long")(type("Two", (Cut,), {}))
    assert stage_class("cut", "short") is one
    assert stage_class("cut", "long") is two
    with pytest.raises(RecipeError, match=r"^stage 'cut' needs a method: long, short$"):
        stage_class("cut")
    with pytest.raises(RecipeError, match=r"^stage 'cut' has no method 'shirt'; did you mean 'short'\?$"):
        stage_class("cut", "shirt")


def test_unknown_stages_are_refused_with_the_nearest_name():
    with pytest.raises(RecipeError, match=r"^unknown stage 'normalise'; did you mean 'normalize'\?$"):
        stage_class("normalise")


def test_the_shipped_stages_are_known():
    assert stage_class("extract") is Extract
    assert stage_class("normalize") is Normalize
    assert stage_class("dedup", "exact") is ExactDedup
    assert stage_class("dedup", "minhash") is MinHashDedup


def test_a_stage_cannot_be_changed_and_takes_no_unknown_key():
    stage = Cut()
    with pytest.raises(ValidationError, match="frozen"):
        stage.low = 4  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(ValidationError, match="lo\n"):
        Cut.model_validate({"lo": 4})


def test_config_is_plain_data_that_makes_an_equal_stage():
    stage = Cut.model_validate({"as": "cut-1", "low": 5, "words": ["a"], "only": {"lang": ["dan_Latn"]}})
    assert stage.config() == {
        "as": "cut-1",
        "only": {"source": None, "category": None, "lang": ["dan_Latn"]},
        "except": None,
        "low": 5,
        "share": None,
        "fast": True,
        "words": ["a"],
    }
    assert Cut.model_validate(stage.config()) == stage


def test_scopes_can_be_given_in_python():
    stage = Cut.model_validate({"except": Scope(category=("books",))})
    assert stage.config()["except"]["category"] == ["books"]


def test_numbers_say_whether_the_recipe_gave_them():
    assert Cut(low=3).numbers() == [Number(name="low", value=3, origin="recipe")]
    assert Cut(share=0.5).numbers() == [
        Number(name="low", value=3, origin="stage default"),
        Number(name="share", value=0.5, origin="recipe"),
    ]


def test_what_a_stage_says_unless_it_says_otherwise():
    stage = Cut()
    assert stage.all_codes() == {"cut.short": "too short"}
    assert stage.libraries_used() == ("ftfy",)
    assert stage.columns_needed() == ()
    assert stage.files() == []
    assert stage.modules() == {}
    stage.check({"text": pa.large_string()})


def test_methods_that_every_stage_must_have():
    batch, table = pa.record_batch({"a": [1]}), pa.table({"a": [1]})
    with pytest.raises(NotImplementedError):
        BatchStage().apply(batch)
    corpus = CorpusStage()
    for call in (
        lambda: corpus.collect(batch, 0, None),
        lambda: corpus.group(table, 0),
        lambda: corpus.link(table, 0),
        lambda: corpus.empty_decision(),
        lambda: corpus.apply(batch, table),
    ):
        with pytest.raises(NotImplementedError):
            call()
    assert corpus.decide(table) is table


def test_an_absent_library_is_named_with_its_extra(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra) as caught:
        require_modules(Extract(), "extract.2")
    assert str(caught.value) == (
        "stage 'extract.2' needs the library 'resiliparse', which is not installed\n"
        "  install it with: pip install 'corpus-kit[web]'"
    )
    require_modules(Normalize(), "normalize")


@pytest.mark.parametrize("cls", [Extract, Normalize, ExactDedup, MinHashDedup])
def test_shipped_stages_are_documented(cls: type[Stage]):
    assert (cls.__doc__ or "").strip()
    assert all(code.startswith(f"{cls.name}.") and line for code, line in cls.codes.items())
