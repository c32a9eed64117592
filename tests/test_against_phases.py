"""Which stages are compared with earlier runs, and which leave an index."""

import grown

from corpus_kit.against_phases import is_compared


def test_a_stage_is_compared_if_a_run_is_given(tmp_path_factory):
    base, more = grown.base(tmp_path_factory), grown.grown(tmp_path_factory)
    assert [is_compared(base.plan, stage.id) for stage in base.plan.stages] == [False] * 3
    assert [is_compared(more.plan, stage.id) for stage in more.plan.stages] == [False, True, True]
    assert [more.plan.leaves_index(stage.id) for stage in more.plan.stages] == [False, True, True]


def test_the_index_of_a_run_against_another_is_of_its_own_documents(tmp_path_factory):
    more = grown.grown(tmp_path_factory)
    assert set(more.table("index/near/documents", ["source"])["source"].to_pylist()) == {"b-new"}
