from corpus_kit.datasheet.bounds import histograms_of
from corpus_kit.histogram import bins_of
from corpus_kit.metrics import METRICS
from corpus_kit.plan import StagePlan
from corpus_kit.scores import SCORES
from corpus_kit.stages import classifier, perplexity


def test_a_score_is_no_metric_of_rulesets():
    assert not SCORES.keys() & METRICS.keys()


def test_the_names_are_those_of_the_stages_reasons():
    assert [code.rpartition(".")[2] for code in (classifier.CODE, perplexity.CODE)] == list(SCORES)


def test_scores_have_the_histograms_of_their_kind():
    assert bins_of("score", [0.97, 0.99]) == {"0.96": 1, "0.98": 1}
    assert bins_of("per_token", [0.0, 100.0]) == {"0": 1, "90.5097": 1}


def test_the_datasheet_knows_what_a_score_means_and_its_bound():
    numbers = classifier.Classifier.model_validate({"model": "m.bin", "keep": [0.5, None]}).numbers()
    stage = StagePlan(
        id="edu",
        name="classifier",
        method=None,
        version=1,
        kind="batch",
        config={},
        numbers=tuple(numbers),
        files={},
        libraries={},
        gives=(),
        removes=(),
    )
    [found] = histograms_of([stage], {"edu score dan_Latn": {"0.96": 3}})
    assert (found["kind"], found["meaning"]) == ("fraction", SCORES["score"].summary)
    assert [(bound["low"], bound["high"]) for bound in found["bounds"]] == [(0.5, None)]
