"""Counting tokens in a finished run: the same run with a column more."""

import json
import shutil

import pytest
import wordy

import corpus_kit
from corpus_kit.errors import LedgerError, PlanError, RunFailed
from corpus_kit.mix import make_mix
from corpus_kit.mixing.targets import Targets
from corpus_kit.plan import load_plan
from corpus_kit.stages.count import Count
from corpus_kit.tasks import Outcome
from corpus_kit.tokenizers import load_tokenizer
from corpus_kit.vocabulary import count_run as module
from corpus_kit.vocabulary.count_run import count_run, plan_count

pytest.importorskip("sentencepiece")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return wordy.sentencepiece_model(tmp_path_factory.mktemp("m") / "t.model", wordy.texts("udhr"), byte_fallback=True)


@pytest.fixture
def no_datasheet(monkeypatch):
    """As in the shared run: it is not what is tested here."""
    monkeypatch.setattr("corpus_kit.closing.render_datasheet", lambda run, *_: (run / "datasheet").mkdir(exist_ok=True))


@pytest.fixture
def counted(toy_run, model, tmp_path, no_datasheet):
    return count_run(toy_run.path, str(model), tmp_path / "counted", name="t", workers=1)


def test_the_data_have_a_column_more_and_all_else_is_as_it_was(toy_run, model, counted):
    old, new = toy_run.kept(), counted.kept()
    assert new.column_names == [*old.column_names, "tokens:t"]
    assert new.drop_columns(["tokens:t"]).equals(old)
    assert new["tokens:t"].to_pylist() == load_tokenizer(model).count(old["text"].combine_chunks()).to_pylist()
    assert counted.rejects().equals(toy_run.rejects())
    assert counted.decisions("dedup").equals(toy_run.decisions("dedup"))
    assert counted.metrics().equals(toy_run.metrics())
    assert counted.plan.data_schema() == new.schema.remove_metadata()


def test_the_waterfall_and_the_recipe_end_with_the_count(toy_run, counted):
    steps, before = counted.waterfall(), toy_run.waterfall()
    assert steps[:-1] == before
    assert (steps[-1].stage, steps[-1].documents_in, steps[-1].kept) == ("t", before[-1].kept, before[-1].kept)
    recipe = corpus_kit.load_recipe(counted.path / "recipe.yaml")
    assert [name for name, _ in recipe.named_stages()][-1] == "t"
    assert isinstance(recipe.stages[-1], Count)


def test_it_is_a_run_of_its_own_that_mixes_fit(toy_run, model, counted):
    assert counted.plan.fingerprint != toy_run.plan.fingerprint
    mix = make_mix(counted, Targets(unit="tokens"))
    assert mix.tokenizer is not None
    assert (mix.tokenizer.name, mix.tokenizer.sha256) == ("t", load_tokenizer(model).digest)
    assert len(list(counted.pull(mix=mix, tokens=1))) == 1
    with pytest.raises(PlanError, match="made for another run"):
        toy_run.pull(mix=mix)


def test_the_same_comes_out_again_and_nothing_is_done_twice(toy_run, model, counted, tmp_path, monkeypatch):
    again = count_run(toy_run.path, str(model), tmp_path / "again", name="t", workers=1)
    assert (again.path / "manifest.json").read_bytes() == (counted.path / "manifest.json").read_bytes()
    monkeypatch.setattr(module, "count_file", None)
    assert count_run(toy_run.path, str(model), counted.path, name="t", workers=1).finished


def test_a_count_that_was_cut_off_goes_on(toy_run, model, counted, tmp_path, monkeypatch):
    def fails(run, fingerprint, task, settings) -> Outcome:
        return Outcome(task.name, None, "", {}, ("OSError", "lost"))

    path = tmp_path / "cut"
    with monkeypatch.context() as patch:
        patch.setattr(module, "count_file", fails)
        with pytest.raises(RunFailed, match="lost"):
            count_run(toy_run.path, str(model), path, name="t", workers=1)
    assert not corpus_kit.Run(path).finished
    run = count_run(toy_run.path, str(model), path, name="t", workers=1)
    assert (run.path / "manifest.json").read_bytes() == (counted.path / "manifest.json").read_bytes()


def test_several_tokenizers_can_be_counted_one_after_the_other(model, counted, tmp_path):
    run = count_run(counted.path, str(model), tmp_path / "twice", workers=1)
    assert run.kept(["tokens"])["tokens"].equals(run.kept(["tokens:t"])["tokens:t"])
    assert [stage.id for stage in run.plan.stages][-2:] == ["t", "count"]
    run.tally.check("the run")
    with pytest.raises(PlanError, match="has a column 'tokens' already"):
        count_run(run.path, str(model), tmp_path / "thrice", workers=1)


def test_what_does_not_fit_is_refused(toy_run, model, counted, tmp_path):
    with pytest.raises(LedgerError, match="holds another run"):
        count_run(toy_run.path, str(model), counted.path, name="other", workers=1)
    with pytest.raises(PlanError, match="has a stage 'filter' already"):
        count_run(toy_run.path, str(model), tmp_path / "x", name="filter", workers=1)
    with pytest.raises(PlanError, match="there is no tokenizer at"):
        count_run(toy_run.path, str(tmp_path / "none"), tmp_path / "x", workers=1)
    unfinished = tmp_path / "unfinished"
    shutil.copytree(toy_run.path, unfinished)
    (unfinished / "manifest.json").unlink()
    with pytest.raises(PlanError, match="is not finished"):
        count_run(unfinished, str(model), tmp_path / "x", workers=1)
    assert not (tmp_path / "x" / "plan.json").exists()


def test_the_plan_changes_only_at_its_end(toy_run, model):
    old = load_plan(toy_run.path / "plan.json")
    new = plan_count(old, Count.model_validate({"tokenizer": str(model)}))
    assert (new.stages[:-1], new.segments[:-1]) == (old.stages, old.segments[:-1])
    assert new.stages[-1].id == "count"
    assert new.segments[-1].batch == (*old.segments[-1].batch, "count")
    assert json.loads(new.model_dump_json())["identity"]["counted after"] == old.fingerprint
