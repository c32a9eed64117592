"""What came of comparing a run with an earlier one, in numbers."""

import grown

from corpus_kit.comparison import comparison, comparison_lines
from corpus_kit.ledger import waterfall


def test_duplicates_of_the_earlier_run_are_counted(tmp_path_factory):
    run = grown.grown(tmp_path_factory)
    of = {
        stage: [d for d in grown.duplicates(run, stage).values() if d.startswith("a-old")]
        for stage in ("exact", "near")
    }
    assert comparison(run) == [
        {"stage": stage, "policy": "frozen", "duplicates": len(found)} for stage, found in of.items()
    ]
    assert len(of["near"]) > 5
    assert waterfall(run.tally, ["near"])[0].rejected["dedup.minhash"] == len(grown.duplicates(run, "near"))


def test_a_run_alone_says_nothing(tmp_path_factory):
    run = grown.base(tmp_path_factory)
    assert comparison(run) == []
    assert comparison_lines([], []) == []
