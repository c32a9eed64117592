"""The guard: what it objects to, what it lets pass, and how a stopped run goes on."""

from __future__ import annotations

import json
from pathlib import Path

import laws
import pytest
import toy
from hypothesis import given
from hypothesis import strategies as st

import corpus_kit
from corpus_kit.catalogue.stages import classes
from corpus_kit.errors import RecipeError, RunFailed
from corpus_kit.guard import (
    INTENDED,
    SHOWN,
    Guard,
    Loss,
    check_allowed,
    guard_of,
    loss_lines,
    losses,
    stop_text,
    warning_lines,
)
from corpus_kit.ledger import READ, Cell, Failure, Tally
from corpus_kit.recipe import parse_recipe
from corpus_kit.summary import status, status_lines, summary, summary_lines

STAGES = [READ, "identify", "filter", "exact"]


def tally(*lines: tuple) -> Tally:
    """Lines of (stage, source, language, kept, {code: rejected}); codes that also fail follow as a second mapping."""
    made = Tally()
    for stage, source, lang, kept, rejected, *also in lines:
        made.add(Cell(stage, "kept", source, lang, ""), kept, kept)
        for code, many in rejected.items():
            made.add(Cell(stage, "rejected", source, lang, code), many, many)
            made.failing[Failure(stage, code, source, lang)] += many
        for code, many in (also[0] if also else {}).items():
            made.failing[Failure(stage, code, source, lang)] += many
    return made


def found(made: Tally, **settings) -> list[tuple]:
    return [
        (one.stage, one.code, one.kind, one.group, one.removed, one.of)
        for one in losses(Guard(**settings), made, STAGES)
    ]


def test_a_rule_that_removes_a_source_and_its_language():
    made = tally(
        ("filter", "tidend", "nno_Latn", 5, {"gopher.stop_word_count": 95}),
        ("filter", "web", "dan_Latn", 900, {"a.b": 100}),
    )
    assert found(made) == [
        ("filter", "gopher.stop_word_count", "language", "nno_Latn", 95, 100),
        ("filter", "gopher.stop_word_count", "source", "tidend", 95, 100),
    ]


def test_the_limit_is_a_share_that_may_be_reached_but_not_passed():
    for removed, over in ((90, False), (91, True)):
        made = tally(("filter", "s", "", 100 - removed, {"a.b": removed}))
        assert bool(found(made)) is over
        assert found(made, max_share=0.95) == []


def test_few_documents_are_not_judged():
    made = tally(("filter", "s", "dan_Latn", 0, {"a.b": 99}))
    assert found(made) == []
    assert len(found(made, min_documents=99)) == 2


def test_a_rule_is_judged_by_what_fails_it_though_another_counts_first():
    made = tally(("filter", "s", "", 50, {"a.first": 50}, {"a.second": 95}))
    assert found(made) == [("filter", "a.second", "source", "s", 95, 100)]


def test_many_rules_that_remove_all_together():
    made = tally(("filter", "s", "", 5, {"a.c": 25, "a.a": 40, "a.b": 20, "a.d": 10}))
    [one] = losses(Guard(), made, STAGES)
    assert (one.code, one.removed, one.most) == ("", 95, (("a.a", 40), ("a.c", 25), ("a.b", 20)))
    assert str(one) == "filter rejects 95 of 100 documents (95.0%) of source s, by a.a (40), a.c (25), a.b (20)"


def test_a_share_that_is_nearly_all_is_not_called_all():
    assert "(99.9%)" in str(Loss("filter", "a.b", "source", "s", 99_999, 100_000))
    assert "(100.0%)" in str(Loss("filter", "a.b", "source", "s", 100, 100))


def test_reading_is_judged_too():
    made = tally((READ, "s", "", 3, {"read.no_text": 997}))
    assert found(made) == [(READ, "read.no_text", "source", "s", 997, 1000)]


def test_stages_that_are_not_asked_about_are_not_judged():
    made = tally(("filter", "s", "", 0, {"a.b": 100}))
    assert losses(Guard(), made, [READ]) == []


@pytest.mark.parametrize(
    ("stage", "code"), [("identify", "identify.language"), ("exact", "dedup.exact"), ("exact", "dedup.url")]
)
def test_what_is_meant_to_remove_everything_may(stage, code):
    assert found(tally((stage, "s", "eng_Latn", 0, {code: 500}))) == []


def test_codes_that_are_meant_to_remove_everything_are_there():
    known = {code for _, _, cls in classes() for code in cls.codes}
    assert set(INTENDED) <= known


def test_documents_of_which_too_little_is_left_are_a_loss():
    made = tally(("exact", "s", "", 0, {"dedup.lines_words_left": 100}))
    assert found(made) == [("exact", "dedup.lines_words_left", "source", "s", 100, 100)]


def test_a_language_without_profile_is_meant_to_go_but_not_a_whole_source():
    lost = ("filter", "s", "pol_Latn", 0, {"filter.no_profile": 200})
    assert found(tally(lost, ("filter", "s", "dan_Latn", 200, {}))) == []
    assert found(tally(lost)) == [("filter", "filter.no_profile", "source", "s", 200, 200)]


def test_low_scores_may_not_remove_a_wanted_language():
    made = tally(("identify", "s", "nno_Latn", 1, {"identify.score": 199}), ("identify", "s", "dan_Latn", 900, {}))
    assert found(made) == [("identify", "identify.score", "language", "nno_Latn", 199, 200)]


def test_no_language_is_not_a_language():
    made = tally(
        *(("filter", "s", lang, 0, {"a.b": 100}) for lang in ("", "und", "zxx")), ("filter", "s", "dan_Latn", 300, {})
    )
    assert found(made) == []


@pytest.mark.parametrize(
    "pattern", ["filter", "filter/a.b", "filter/a.*", "*/*/nno_Latn", "filter/a.b/nno_Latn", "f*/*/n*"]
)
def test_the_recipe_may_allow_it(pattern):
    made = tally(("filter", "s", "nno_Latn", 0, {"a.b": 100}), ("filter", "s", "dan_Latn", 900, {}))
    assert len(found(made)) == 1
    assert found(made, allow=(pattern,)) == []


@pytest.mark.parametrize("pattern", ["filter/a.c", "exact", "*/*/dan_Latn"])
def test_what_is_allowed_elsewhere_is_not_allowed_here(pattern):
    made = tally(("filter", "s", "nno_Latn", 0, {"a.b": 100}), ("filter", "s", "dan_Latn", 900, {}))
    assert len(found(made, allow=(pattern,))) == 1


def test_off_objects_to_nothing():
    assert found(tally(("filter", "s", "", 0, {"a.b": 100})), action="off") == []


CODES = st.sampled_from(["a.b", "a.c", "identify.language"])
LINES = st.lists(
    st.tuples(
        st.sampled_from(STAGES),
        st.sampled_from(["s", "t"]),
        st.sampled_from(["dan_Latn", "nno_Latn", ""]),
        st.integers(0, 300),
        st.dictionaries(CODES, st.integers(0, 300)),
    ),
    max_size=8,
)


@given(LINES)
def test_every_loss_is_over_the_limit_and_a_higher_limit_finds_no_more(lines):
    made = tally(*lines)
    low, high = found(made, max_share=0.5), found(made, max_share=0.9)
    assert all(removed > 0.5 * of and removed <= of and of >= 100 for *_, removed, of in low)
    kinds = {(stage, kind, group) for stage, _, kind, group, _, _ in low}
    assert {(stage, kind, group) for stage, _, kind, group, _, _ in high} <= kinds


def test_long_lists_are_cut():
    many = [Loss("filter", f"a.{i}", "source", "s", 100, 100) for i in range(SHOWN + 3)]
    assert loss_lines(many)[-1] == "  and 3 more"
    assert len(loss_lines(many)) == SHOWN + 1
    assert warning_lines([]) == []


def test_the_message_of_a_stage_that_cannot_be_tuned_does_not_offer_it():
    text = stop_text([Loss(READ, "read.no_text", "source", "s", 100, 100)], Guard(), "RUN", ["filter"])
    assert "corpus-kit inspect RUN --stage read --code read.no_text --source s" in text
    assert "tune" not in text


@pytest.mark.parametrize("pattern", ["a/b/c/d", "", "/x", "filter//x"])
def test_a_pattern_has_a_form(pattern):
    with pytest.raises(RecipeError, match=r"r:2: guard\.allow: .* is not STAGE/CODE/GROUP"):
        parse_recipe(f"recipe: 1\nguard: {{allow: ['{pattern}']}}\nstages: [normalize]\n", name="r")


def test_a_pattern_must_be_able_to_mean_something():
    known = {READ: ["read.no_text"], "filter": ["gopher.word_count"], "near": ["dedup.minhash"]}
    check_allowed(Guard(allow=("*", "filter", "filter/gopher.*/x", "read/read.no_text", "*/dedup.minhash")), known)
    with pytest.raises(RecipeError, match=r"guard: allow: no stage 'filtr' in this recipe; did you mean 'filter'\?"):
        check_allowed(Guard(allow=("filtr/x",)), known)
    with pytest.raises(
        RecipeError, match=r"stage 'filter' has no reason 'gopher\.wordcount'; did you mean 'gopher\.word_"
    ):
        check_allowed(Guard(allow=("filter/gopher.wordcount",)), known)
    with pytest.raises(RecipeError, match="has no reason 'dedup"):
        check_allowed(Guard(allow=("filter/dedup.minhash",)), known)


def test_a_recipe_without_a_guard_has_the_usual_one():
    assert guard_of({}) == Guard()
    assert (Guard().action, Guard().max_share, Guard().min_documents) == ("stop", 0.9, 100)


NYNORSK = "Ein gamal mann gjekk ned til hamna og såg på skipa som kom heim frå det store havet nummer {}."
ENGLISH = "An old man went down to the harbor and looked at the ships that came home from the great sea, number {}."

RECIPE = """\
recipe: 1
stages:
  - filter: {{rulesets: [{rules}]}}
  - dedup: {{method: exact}}
{guard}"""


@pytest.fixture
def sources(tmp_path) -> list[Path]:
    """A Nynorsk source, by mistake labelled English, and an English one."""
    made = []
    for name, text in (("tidend", NYNORSK), ("post", ENGLISH)):
        documents = [{"text": text.format(i), "lang": "eng_Latn"} for i in range(120)]
        folder = tmp_path / name
        made.append(toy.write_source(folder, name, files={"a.jsonl": documents}, more="fields: {lang: lang}\n"))
    return made


def recipe(folder: Path, guard: str = "") -> corpus_kit.Recipe:
    rules = folder / "words.yaml"
    rules.write_text("cites: Toy 2024\nrules:\n  stop_word_count: {keep: [2, null]}\n  word_count: {keep: [3, null]}\n")
    return parse_recipe(RECIPE.format(rules=rules, guard=guard and f"guard: {guard}\n"))


def run(folder: Path, sources: list[Path], guard: str = "", to: str = "run") -> corpus_kit.Run:
    inputs = corpus_kit.resolve_inputs([str(one) for one in sources])
    return corpus_kit.run(recipe(folder, guard), inputs, folder / to, workers=1)


def test_an_english_stop_word_rule_over_nynorsk_stops_the_run(tmp_path, sources):
    with pytest.raises(RunFailed) as caught:
        run(tmp_path, sources)
    path = tmp_path / "run"
    assert str(caught.value).splitlines() == [
        "the guard stops the run: more than 0.9 of a source or language is removed",
        "  filter: words.stop_word_count rejects 120 of 120 documents (100.0%) of source tidend",
        "what is done is kept; look at it, and try out other bounds, before you decide",
        f"  corpus-kit inspect {path} --stage filter --code words.stop_word_count --source tidend",
        f"  corpus-kit tune {path} --stage filter --source tidend",
        "if it is meant, say so in the recipe and run the same command again, which goes on from here:",
        '  guard: {allow: ["filter/words.stop_word_count/tidend"]}',
        "  or raise `max_share`, or `action: warn`, or `action: off` (`corpus-kit explain guard`)",
        "if it is not, change the stage and run with --overwrite, or into another --output",
    ]
    assert caught.value.exit_code == 1
    assert not (path / "manifest.json").exists()
    opened = corpus_kit.Run(path)
    told = status(opened)
    assert told["state"] == "stopped by the guard"
    assert status_lines(opened, told)[-2:] == [
        "the guard found a source or language that is nearly gone:",
        "  filter: words.stop_word_count rejects 120 of 120 documents (100.0%) of source tidend",
    ]


def test_a_stopped_run_can_be_looked_at(tmp_path, sources):
    with pytest.raises(RunFailed):
        run(tmp_path, sources)
    opened = corpus_kit.Run(tmp_path / "run")
    assert set(opened.kept(["source"])["source"].to_pylist()) == {"post"}
    rejects = opened.rejects(["source", "text"])
    assert (rejects.num_rows, set(rejects["source"].to_pylist())) == (120, {"tidend"})
    assert 0 < rejects["text"].drop_null().length() < 120
    assert opened.metrics("filter").num_rows == 240


@pytest.mark.parametrize(
    "guard",
    ['{allow: ["filter/words.stop_word_count/tidend"]}', "{action: warn}", "{action: off}", "{min_documents: 121}"],
)
def test_a_changed_guard_goes_on_with_what_is_done(tmp_path, sources, guard):
    with pytest.raises(RunFailed):
        run(tmp_path, sources)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "run" / "receipts").rglob("*.json")}
    done = run(tmp_path, sources, guard)
    assert done.finished
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert len(before) == 2
    fresh = run(tmp_path, sources, guard, to="fresh")
    assert laws.tree(done.path) == laws.tree(fresh.path)
    assert done.kept().num_rows == 120


def test_the_guard_is_no_part_of_the_identity(tmp_path, sources):
    prints = {
        toy.plan_of(recipe(tmp_path, guard).to_yaml(), sources).fingerprint
        for guard in ("", "{action: off}", "{max_share: 0.5}", "{allow: [filter]}")
    }
    assert len(prints) == 1


def test_warnings_stand_in_summary_status_and_datasheet(tmp_path, sources):
    done = run(tmp_path, sources, "{action: warn}")
    line = "filter: words.stop_word_count rejects 120 of 120 documents (100.0%) of source tidend"
    told = summary(done, None)
    assert [one["group"] for one in told["guard"]] == ["tidend"]
    assert f"  {line}" in summary_lines(done, told)
    assert f"  {line}" in status_lines(done, status(done))
    findings = json.loads((done.path / "datasheet" / "stats.json").read_text())["findings"]
    assert {"level": "caution", "text": f"{line} (the guard of the recipe warns of it)."} in findings
    silent = run(tmp_path, sources, "{action: off}", to="silent")
    assert summary(silent, None)["guard"] == []
    assert not any("guard" in text for text in summary_lines(silent, summary(silent, None)))


def test_a_mistake_in_the_guard_is_found_before_the_first_document(tmp_path, sources):
    with pytest.raises(RecipeError, match=r"no stage 'filtr' in this recipe; did you mean 'filter'\?"):
        run(tmp_path, sources, "{allow: [filtr]}")
    with pytest.raises(RecipeError, match="unknown key 'max_shre'; did you mean 'max_share'"):
        recipe(tmp_path, "{max_shre: 0.5}")
    assert not (tmp_path / "run").exists()


def test_the_command_ends_with_1(tmp_path, sources):
    (tmp_path / "r.yaml").write_text(recipe(tmp_path).to_yaml())
    line = ["run", tmp_path / "r.yaml", "--output", tmp_path / "run", "--workers", 1]
    for one in sources:
        line += ["--input", one]
    result = laws.command(*line)
    assert result.returncode == 1
    assert "error: the guard stops the run" in result.stderr
    assert "number 7" not in result.stderr  # no text of a document


def test_what_was_meant_to_go_makes_no_loss_look_small():
    counts = Tally()
    counts.add(Cell("identify", "rejected", "s", "eng_Latn", "identify.language"), 9500, 0)
    counts.add(Cell("identify", "rejected", "s", "dan_Latn", "identify.score"), 500, 0)
    found = {(one.kind, one.group, one.removed, one.of) for one in losses(Guard(), counts, ["identify"])}
    assert found == {("source", "s", 500, 500), ("language", "dan_Latn", 500, 500)}


def test_what_a_stage_did_not_look_at_is_not_of_its_documents():
    counts = Tally()
    counts.add(Cell("filter", "rejected", "s", "nno_Latn", "a.b"), 1000, 0)
    counts.add(Cell("filter", "kept", "s", "dan_Latn", "untouched"), 9000, 0)
    found = losses(Guard(), counts, ["filter"])
    assert {(one.kind, one.group, one.removed, one.of) for one in found} == {
        ("source", "s", 1000, 1000),
        ("language", "nno_Latn", 1000, 1000),
    }
