"""What flipped documents mean for later stages."""

from corpus_kit.tune import tune


def test_later_stages_in_order_with_what_they_never_saw(tuned_run):
    found = tune(tuned_run, {"own.mean_word_length": None}, stage="filter")
    freed = found["to_kept"]["documents"]
    assert [(one["stage"], one["decides_together"]) for one in found["after"]] == [
        ("strict", False),
        ("exact", True),
        ("weight", True),
    ]
    assert {one["never_saw"] for one in found["after"]} == {freed}
    assert {(one["would_not_get"], one["of_them_rejected"]) for one in found["after"]} == {(0, 0)}


def test_what_became_of_documents_that_would_be_rejected(tuned_run):
    found = tune(tuned_run, {"own.word_count": (9.0, None)}, stage="filter", examples=1000)
    ids = {one["id"] for one in found["examples"]["to_rejected"]}
    rejects = {row["id"]: row["stage"] for row in tuned_run.rejects(["id", "stage"]).to_pylist()}
    stages = [rejects.get(id) for id in ids]
    strict, exact = stages.count("strict"), stages.count("exact")
    assert min(strict, exact, stages.count(None)) > 0
    assert [(one["would_not_get"], one["of_them_rejected"]) for one in found["after"]] == [
        (len(ids), strict),
        (len(ids) - strict, exact),
        (len(ids) - strict - exact, 0),
    ]


def test_a_stage_does_not_count_those_before_it(tuned_run):
    found = tune(tuned_run, {"more.word_count": (12.0, None)}, stage="strict")
    assert [one["stage"] for one in found["after"]] == ["exact", "weight"]
    assert found["after"][0]["would_not_get"] == found["to_rejected"]["documents"] > 0
