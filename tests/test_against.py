"""`--against`: what a run against an earlier one keeps is what one run over everything keeps; and what is refused."""

from pathlib import Path

import grown
import laws
import pytest
import toy

import corpus_kit
import corpus_kit.tasks
from corpus_kit.errors import PlanError


@pytest.fixture(scope="module")
def base(tmp_path_factory) -> corpus_kit.Run:
    return grown.base(tmp_path_factory)


@pytest.fixture(scope="module")
def old(tmp_path_factory) -> Path:
    return grown.old_source(tmp_path_factory)


@pytest.fixture(scope="module")
def new(tmp_path_factory) -> Path:
    return grown.new_source(tmp_path_factory)


def merged(old: corpus_kit.Run, new: corpus_kit.Run, *stages: str) -> set[str]:
    """What is kept of both when what the newer run says of the older one is heeded."""
    kept = grown.kept(old) | grown.kept(new)
    for stage in stages:
        for id, change in grown.changes(new, stage).items():
            if change == "superseded":
                kept.remove(id)
            else:
                assert change == "revived"
                assert id not in kept
                kept.add(id)
    return kept


def test_frozen_keeps_what_a_full_run_keeps_that_prefers_the_old_source(base, old, new, tmp_path, tmp_path_factory):
    more = grown.grown(tmp_path_factory)
    full = grown.run(grown.text_of(), [old, new], tmp_path / "full", against=())
    assert grown.kept(base) | grown.kept(more) == grown.kept(full)
    for stage in ("exact", "near"):
        of = grown.duplicates(full, stage)
        mine = grown.duplicates(more, stage)
        assert mine == {id: other for id, other in of.items() if id.startswith("b-new")}
        assert sum(other.startswith("a-old") for other in mine.values()) >= 6
    assert not (more.path / "decisions" / "near.changes.parquet").exists()


def test_frozen_says_in_which_run_the_survivor_is(tmp_path_factory):
    told = grown.grown(tmp_path_factory).decisions("near").to_pylist()
    for one in (one for one in told if one["removed"]):
        assert one["duplicate_of_run"] == (0 if one["duplicate_of_id"].startswith("a-old") else None)
        assert 0.75 <= one["similarity"] <= 1


def test_survivors_of_the_new_run_stand_for_its_own_duplicates_only(tmp_path_factory):
    rows = grown.grown(tmp_path_factory).kept(["id", "origins"]).to_pylist()
    origins = [one["id"] for row in rows for one in row["origins"] or ()]
    assert origins
    assert all(one.startswith("b-new") for one in origins)


def test_recompute_keeps_what_a_full_run_keeps(old, new, tmp_path):
    recipe = grown.text_of("recompute", prefer="longest")
    base = grown.run(recipe, [old], tmp_path / "base", against=())
    more = grown.run(recipe, [new], tmp_path / "more", against=[base.path])
    full = grown.run(recipe, [old, new], tmp_path / "full", against=())
    changed = list(grown.changes(more, "near").values())
    assert changed.count("superseded") >= 3
    assert merged(base, more, "exact", "near") == grown.kept(full)
    for stage in ("exact", "near"):
        of = grown.duplicates(full, stage)
        assert grown.duplicates(more, stage) == {id: other for id, other in of.items() if id.startswith("b-new")}


URLS = """\
recipe: 1
stages:
  - dedup: {method: exact, as: url, by: url, index: true, against: recompute, prefer: longest}
  - dedup: {method: minhash, as: near, ngram: 3, threshold: 0.75, index: true, against: recompute, prefer: longest}
reject_text: all
"""


def test_who_duplicated_a_superseded_document_is_revived(tmp_path):
    """The longer A removed B; the new N has A's address but another text, so A goes, and B is back."""
    a = {"text": grown.varied(1, 0) + " og mere", "url": "https://x.example/a"}
    b = {"text": grown.varied(1, 0), "url": "https://x.example/b"}
    n = {"text": grown.varied(2, 0) + grown.varied(3, 0), "url": "https://x.example/a"}
    one = toy.write_source(tmp_path / "one", "one", files={"a.jsonl": [a, b]})
    two = toy.write_source(tmp_path / "two", "two", files={"a.jsonl": [n]})
    base = grown.run(URLS, [one], tmp_path / "base", against=())
    more = grown.run(URLS, [two], tmp_path / "more", against=[base.path])
    full = grown.run(URLS, [one, two], tmp_path / "full", against=())
    ids = {row["url"]: row["id"] for kind in ("data", "rejects") for row in base.table(kind, ["url", "id"]).to_pylist()}
    assert grown.changes(more, "url") == {ids["https://x.example/a"]: "superseded"}
    assert grown.changes(more, "near") == {ids["https://x.example/b"]: "revived"}
    assert merged(base, more, "url", "near") == grown.kept(full)
    assert len(grown.kept(full)) == 2


def test_nothing_new_changes_nothing(tmp_path):
    recipe = grown.text_of("recompute")
    one = grown.write(tmp_path, "one", grown.documents(range(3), [0, 1]))
    two = grown.write(tmp_path, "two", grown.documents(range(50, 53), [0]))
    base = grown.run(recipe, [one], tmp_path / "base", against=())
    more = grown.run(recipe, [two], tmp_path / "more", against=[base.path])
    assert (len(grown.kept(base)), len(grown.kept(more))) == (3, 3)
    assert grown.changes(more, "exact") == grown.changes(more, "near") == {}
    assert grown.duplicates(more, "near") == {}


def test_the_same_bytes_whatever_the_batches(base, new, tmp_path, tmp_path_factory):
    settings = corpus_kit.tasks.Settings(batch_rows=7)
    other = grown.run(grown.text_of(), [new], tmp_path / "other", against=[base.path], settings=settings)
    assert laws.tree(other.path) == laws.tree(grown.grown(tmp_path_factory).path)


@pytest.mark.parametrize("at", [7, 13])
def test_a_killed_run_goes_on(base, new, tmp_path, tmp_path_factory, at):
    (tmp_path / "r.yaml").write_text(grown.text_of())
    arguments = ["run", tmp_path / "r.yaml", "--input", new, "--output", tmp_path / "run", "--workers", 1]
    done = laws.command(*arguments, "--against", base.path, crash=f"after_receipt:{at}")
    assert done.returncode == -9, done.stderr
    assert not (tmp_path / "run" / "manifest.json").exists()
    more = grown.run(grown.text_of(), [new], tmp_path / "run", against=[base.path])
    assert laws.tree(more.path) == laws.tree(grown.grown(tmp_path_factory).path)


def test_a_run_of_many_key_partitions_against_one_of_few(base, new, tmp_path, tmp_path_factory, monkeypatch):
    monkeypatch.setattr("corpus_kit.planner.PARTITION_BYTES", 1 << 12)
    other = grown.run(grown.text_of(), [new], tmp_path / "other", against=[base.path])
    assert base.plan.partitions == 1
    assert other.plan.partitions >= 8
    assert grown.kept(other) == grown.kept(grown.grown(tmp_path_factory))


def test_a_chain_of_frozen_runs(base, new, tmp_path, tmp_path_factory):
    second = grown.grown(tmp_path_factory)
    third = grown.write(tmp_path, "c-third", grown.documents(range(17, 24), [0, 3]) + grown.documents([90], [0]))
    with pytest.raises(PlanError, match="was itself compared with another; give that --against, too"):
        grown.run(grown.text_of(), [third], tmp_path / "third", against=[second.path])
    done = grown.run(grown.text_of(), [third], tmp_path / "third", against=[base.path, second.path])
    runs = [one["duplicate_of_run"] for one in done.decisions("near").to_pylist() if one["removed"]]
    assert {0, 1} <= set(runs)
    assert len(grown.kept(done)) >= 1
    alone = grown.run(grown.text_of(), [third], tmp_path / "alone", against=())
    with pytest.raises(PlanError, match="neither was compared with the other"):
        grown.run(grown.text_of(), [new], tmp_path / "x", against=[base.path, alone.path])


def refused(recipe: str, new: Path, against, tmp_path: Path) -> str:
    (tmp_path / "r.yaml").write_text(recipe)
    inputs = corpus_kit.resolve_inputs([str(new)])
    with pytest.raises(PlanError) as caught:
        corpus_kit.plan(corpus_kit.load_recipe(tmp_path / "r.yaml"), inputs, against=against)
    return str(caught.value).replace(str(tmp_path), "")


def test_against_must_be_given_if_the_recipe_has_it(new, tmp_path):
    assert refused(grown.text_of(), new, None, tmp_path) == (
        "/r.yaml:5: stage 'exact' is compared with earlier runs (against: frozen); give --against RUN, or --against "
        "none where there is no earlier one"
    )


def test_against_needs_a_stage_that_looks(base, new, tmp_path):
    recipe = "recipe: 1\nstages:\n  - dedup: {method: exact}\n"
    assert "no stage of the recipe looks at earlier runs" in refused(recipe, new, [base.path], tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("ngram: 3", "ngram: 4"), "/r.yaml:6: stage 'near' has ngram 4, but the index of BASE was made with 3"),
        (
            ("ngram: 3", "ngram: 3, seed: 2"),
            "/r.yaml:6: stage 'near' has seed 2, but the index of BASE was made with 1",
        ),
        (("bands: 25, rows: 5", "bands: 9, rows: 5"), "/r.yaml:6: stage 'near' has bands 9, but the index of BASE"),
        (("threshold: 0.75", "threshold: 0.7"), "stage 'near' has threshold 0.7, but the index of BASE was made with"),
        (("ngram: 3", "ngram: 3, form: slug"), "/r.yaml:6: stage 'near' has form slug, but the index of BASE was made"),
        (
            ("as: near", "as: nearer"),
            "/r.yaml:6: --against BASE: that run has no index of a stage 'nearer' (it has those",
        ),
        (("prefer: [source_order]}\n  - ", "prefer: [source_order], by: url}\n  - "), "stage 'exact' has by url, but"),
    ],
)
def test_what_was_made_otherwise_is_refused(base, new, tmp_path, change, message):
    recipe = grown.text_of().replace(*change)
    assert recipe != grown.text_of()
    found = refused(recipe, new, [base.path], tmp_path).replace(str(base.path), "BASE")
    assert message in found


def test_recompute_is_refused_where_it_could_not_be_right(base, old, new, tmp_path):
    recipe = grown.text_of("recompute")
    assert "takes one run, 2 are given" in refused(recipe, new, [base.path, base.path], tmp_path)
    assert "has prefer longest, but the index of" in refused(
        grown.text_of("recompute", prefer="longest"), new, [base.path], tmp_path
    )
    assert "source 'a-old' is in" in refused(recipe, old, [base.path], tmp_path)
    assert "source 'a-old' of" in refused(grown.text_of("recompute", sources=["b-new"]), new, [base.path], tmp_path)
    mixed = recipe.replace("against: recompute", "against: frozen", 1)
    assert "one run has one policy" in refused(mixed, new, [base.path], tmp_path)
    lines = recipe.splitlines(keepends=True)
    turned = "".join([*lines[:4], *lines[5:7], lines[4], *lines[7:]])
    assert "put 'near' last of the two" in refused(turned, new, [base.path], tmp_path)


def test_recompute_needs_the_texts_of_what_was_removed(new, tmp_path):
    recipe = grown.text_of("recompute").replace("reject_text: all", "reject_text: sample")
    one = grown.write(tmp_path, "one", grown.documents(range(3), [0, 1]))
    base = grown.run(recipe, [one], tmp_path / "base", against=())
    assert "run it with `reject_text: all`, or use `against: frozen`" in refused(recipe, new, [base.path], tmp_path)


def test_sources_of_both_runs_may_be_put_in_order(base, new, tmp_path):
    inputs = corpus_kit.resolve_inputs([str(new)])
    recipe = corpus_kit.parse_recipe(grown.text_of("recompute", sources=["b-new", "a-old"]))
    planned = corpus_kit.plan(recipe, inputs, against=[base.path])
    assert planned.against_order == ("b-new", "a-old")
    assert list(planned.sources) == ["b-new"]


def test_what_is_no_finished_run_is_refused(new, tmp_path):
    (tmp_path / "half").mkdir()
    assert "is no run of corpus-kit" in refused(grown.text_of(), new, [tmp_path / "half"], tmp_path)
    (tmp_path / "half" / "plan.json").write_text("{}")
    assert "is not finished; run it to its end first" in refused(grown.text_of(), new, [tmp_path / "half"], tmp_path)
    assert "does not exist" in refused(grown.text_of(), new, [tmp_path / "nowhere"], tmp_path)
    assert "in an object store" in refused(grown.text_of(), new, ["s3://bucket/run"], tmp_path)


def test_a_run_without_an_index_is_refused(new, tmp_path):
    recipe = grown.text_of().replace("index: true, ", "")
    one = grown.write(tmp_path, "one", grown.documents(range(3), [0]))
    base = grown.run(recipe, [one], tmp_path / "base", against=())
    found = refused(recipe, new, [base.path], tmp_path)
    assert "/r.yaml:5: " in found
    assert "that run has no index of a stage 'exact' (it has none); make it with `index: true` in that stage" in found


def test_the_earlier_run_enters_identity_by_what_it_is_not_where(base, new, tmp_path):
    inputs = corpus_kit.resolve_inputs([str(new)])
    recipe = corpus_kit.parse_recipe(grown.text_of())
    (tmp_path / "link").symlink_to(base.path)
    one, other = (corpus_kit.plan(recipe, inputs, against=[path]) for path in (base.path, tmp_path / "link"))
    alone = corpus_kit.plan(recipe, inputs, against=())
    assert one.fingerprint == other.fingerprint != alone.fingerprint
    assert "against" not in alone.identity
