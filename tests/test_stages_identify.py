"""Language labels become columns, and what is not wanted gets a reason. The model itself is tested in test_lid."""

import pytest
import toy

from corpus_kit.errors import PlanError
from corpus_kit.lid import Prediction
from corpus_kit.stages import identify as module
from corpus_kit.stages.identify import Identify

ANSWERS = {
    "dansk": Prediction("dan_Latn", 0.91234567, "nob_Latn", 0.05),
    "norsk": Prediction("nob_Latn", 0.61, "dan_Latn", 0.3),
    "tysk": Prediction("deu_Latn", 0.99, "nld_Latn", 0.01),
    "": Prediction("und", 0.0, "und", 0.0),
}


class Model:
    labels = ("dan_Latn", "deu_Latn", "nob_Latn", "und")

    def predict(self, texts):
        return [ANSWERS[text] for text in texts]


@pytest.fixture(autouse=True)
def _model(monkeypatch):
    monkeypatch.setattr(module, "load", lambda path: Model())


def test_every_row_gets_label_and_score():
    batch = toy.batch(["dansk", None, "tysk"], lang=["old", None, None])
    result = Identify().apply(batch)
    assert result["lang"].to_pylist() == ["dan_Latn", "und", "deu_Latn"]
    assert result["lang_score"].to_pylist() == [0.9123, 0.0, 0.99]
    assert toy.codes(result) == [[], [], []]


def test_languages_not_kept_and_low_scores_have_reasons_with_numbers():
    result = Identify(keep=("dan_Latn", "nob_Latn"), min_score=0.7).apply(toy.batch(["dansk", "norsk", "tysk", ""]))
    assert result["reasons"].to_pylist() == [
        None,
        [{"code": "identify.score", "value": 0.61, "low": 0.7, "high": None}],
        [{"code": "identify.language", "value": 0.99, "low": None, "high": None}],
        [{"code": "identify.language", "value": 0.0, "low": None, "high": None}],
    ]


def test_the_lowest_score_is_kept():
    assert toy.codes(Identify(min_score=0.61).apply(toy.batch(["norsk"]))) == [[]]


def test_a_language_the_model_does_not_know_is_found_before_the_run():
    Identify(keep=("dan_Latn",)).check({})
    with pytest.raises(PlanError) as caught:
        Identify(keep=("dan_Latn", "dan_Lat")).check({})
    assert str(caught.value) == "identify: the model has no language 'dan_Lat'; did you mean 'dan_Latn'?"


def test_norwegian_by_its_two_letters_is_listed_against_the_labels():
    with pytest.raises(PlanError, match=r"no language 'no'; valid names are dan_Latn, deu_Latn, nob_Latn, und$"):
        Identify(keep=("no",)).check({})


def test_the_model_enters_identity():
    assert Identify(model="/models/own.bin").files()[0].name == "own.bin"
    assert Identify().libraries_used() == ("fasttext-community",)
    assert Identify().modules() == {"fasttext": "lang"}


@pytest.mark.parametrize("score", [-0.1, 1.1])
def test_a_score_is_a_share(score):
    with pytest.raises(ValueError, match="min_score"):
        Identify(min_score=score)
