"""Other bounds on a finished run: the counts are those that another run gives."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tuned
from click.testing import CliRunner

from corpus_kit.cli import main
from corpus_kit.errors import PlanError, RecipeError
from corpus_kit.opened import Run
from corpus_kit.rulesets import parse_bounds
from corpus_kit.tune import parse_changes, tune

NOTHING = {"documents": 0, "bytes": 0}


@pytest.mark.parametrize("stage", ["filter", "strict"])
def test_at_the_bounds_of_the_run_nothing_flips(tuned_run, stage):
    found = tune(tuned_run, {}, stage=stage)
    came, kept = tuned.waterfall(tuned_run)[stage]
    documents = found["documents"]
    untouched = sum(
        n for cell, n in tuned_run.tally.documents.items() if cell.stage == stage and cell.code == "untouched"
    )
    assert (documents["judged"], documents["kept"]) == (came - untouched, kept - untouched)
    assert (documents["kept_now"], documents["kept_bytes_now"]) == (documents["kept"], documents["kept_bytes"])
    assert found["to_kept"] == found["to_rejected"] == NOTHING
    assert found["held"]["documents"] == 0
    assert found["after"] == []
    assert found["examples"] == {"to_kept": [], "to_rejected": []}


def test_counts_by_rule_are_those_of_the_ledger(tuned_run):
    found = {one["rule"]: one["failing"] for one in tune(tuned_run, {}, stage="filter")["by_rule"]}
    counted = dict.fromkeys(found, 0)
    for failure, many in tuned_run.tally.failing.items():
        if failure.stage == "filter":
            counted[failure.code] += many
    assert found == counted
    assert min(found.values()) > 0


@pytest.mark.parametrize("code", ["word_count", "stop_word_count", "mean_word_length", "digit_share"])
def test_the_bounds_of_a_rule_given_again_flip_only_where_a_layer_had_others(tuned_run, code):
    own = {"word_count": (6, 40), "stop_word_count": (2, None), "mean_word_length": (3, 6), "digit_share": (None, 0.2)}
    found = tune(tuned_run, {f"own.{code}": own[code]}, stage="filter")
    flips = {
        one["source"] for one in found["by_source"] if one["to_kept"]["documents"] + one["to_rejected"]["documents"]
    }
    # `override` is the strongest layer: it also replaces what categories say
    assert flips == {"word_count": {"books"}, "digit_share": {"code"}}.get(code, set())


CHANGES = [
    {"own.word_count": "9:"},
    {"own.word_count": "3:", "own.stop_word_count": "1:"},
    {"own.short_or_plain": None, "own.mean_word_length": ":9"},
    {"own.digit_share": ":0.01"},
    {"own.short_or_plain.word_count": ":12", "own.digit_share": ":0.5"},
    {"own.digit_share": None, "own.mean_word_length": None, "own.word_count": "2:"},
    {"own.word_count": "0:", "own.stop_word_count": "0:", "own.mean_word_length": "0:", "own.digit_share": ":0.9"},
]


@pytest.mark.parametrize("changes", CHANGES, ids=lambda one: ",".join(f"{k[4:]}={v}" for k, v in one.items()))
def test_what_flips_is_what_another_run_decides(tuned_run, changes):
    bounds = {code: parse_bounds(text) for code, text in changes.items()}
    found = tune(tuned_run, bounds, stage="filter", examples=1000)
    override = tuned.dump({"own.stop_word_count": "2:"} | changes)
    folder = tuned_run.path.parent
    name = f"again-{CHANGES.index(changes)}"
    again = tuned.run(folder, name, changes={'override: {own.stop_word_count: "2:"}': f"override: {override}"})
    before, after = tuned.judged(tuned_run, "filter"), tuned.judged(again, "filter")
    assert before.keys() == after.keys()
    flips = {
        "to_kept": {id for id in before if after[id] and not before[id]},
        "to_rejected": {id for id in before if before[id] and not after[id]},
    }
    assert flips["to_kept"] or flips["to_rejected"]
    for name, ids in flips.items():
        assert {one["id"] for one in found["examples"][name]} == ids
        assert found[name]["documents"] == len(ids)
        assert sum(one[name]["documents"] for one in found["by_language"]) == len(ids)
        assert {one["source"]: one[name]["documents"] for one in found["by_source"]} == {
            source: sum(id.startswith(source) for id in ids) for source in ("web", "books", "code")
        }
    assert found["documents"]["kept_now"] == sum(after.values())
    steps = {step.stage: step for step in again.waterfall()}
    assert found["documents"]["kept_bytes_now"] == steps["filter"].bytes_kept
    failing = {one["rule"]: one["failing_now"] for one in found["by_rule"]}
    assert failing == {
        code: sum(n for f, n in again.tally.failing.items() if (f.stage, f.code) == ("filter", code))
        for code in failing
    }


def test_documents_that_stay_rejected_are_told_with_how_many_rules_they_fail(tuned_run):
    found = tune(tuned_run, {"own.mean_word_length": None}, stage="filter")
    rows = tuned_run.rejects(["stage", "reasons", "text_bytes"]).to_pylist()
    codes = [[r["code"] for r in row["reasons"]] for row in rows if row["stage"] == "filter"]
    failed = [one for one in codes if "own.mean_word_length" in one]
    held = [len(one) - 1 for one in failed if len(one) > 1]
    assert found["held"]["documents"] == len(held) > 0
    assert found["held"]["by_number"] == {str(n): held.count(n) for n in sorted(set(held))}
    others = [code for one in failed if len(one) > 1 for code in one if code != "own.mean_word_length"]
    assert found["held"]["by_rule"] == {code: others.count(code) for code in set(others)}
    assert found["to_kept"]["documents"] == failed.count(["own.mean_word_length"])


def test_a_document_refused_for_its_language_is_not_freed_by_any_bound(tuned_run):
    found = tune(tuned_run, {"more.word_count": None}, stage="strict")
    by_language = {one["lang"]: (one["judged"], one["kept_now"]) for one in found["by_language"]}
    assert by_language["nno_Latn"] == (by_language["nno_Latn"][0], 0)
    assert by_language["dan_Latn"] == (by_language["dan_Latn"][0], by_language["dan_Latn"][0])
    assert found["to_kept"]["documents"] == 2


def test_a_part_of_the_documents(tuned_run):
    changes = {"own.word_count": (9.0, None)}
    whole = tune(tuned_run, changes, stage="filter")
    by_source = {one["source"]: one for one in whole["by_source"]}
    part = tune(tuned_run, changes, stage="filter", source="books", language="dan_Latn")
    assert {row["source"] for row in part["by_source"]} == {"books"}
    assert {row["lang"] for row in part["by_language"]} == {"dan_Latn"}
    assert 0 < part["to_rejected"]["documents"] < by_source["books"]["to_rejected"]["documents"]


def test_overrides_are_put_over_those_of_the_recipe(tuned_run):
    found = tune(tuned_run, {"own.word_count": (9.0, None), "own.digit_share": None}, stage="filter")
    assert found["settings"] == {
        "override": {"own.stop_word_count": (2, None), "own.word_count": (9, None), "own.digit_share": None}
    }


def test_rules_of_several_conditions_get_no_bounds_as_a_whole(tuned_run):
    with pytest.raises(RecipeError, match=r"own\.short_or_plain joins several conditions"):
        tune(tuned_run, {"own.short_or_plain": (1, None)}, stage="filter")


def test_verdicts_that_do_not_follow_from_the_metrics_are_noticed(tuned_run, tmp_path):
    shutil.copytree(tuned_run.path, tmp_path / "run")
    path = tmp_path / "run" / "metrics" / "filter" / "00000.parquet"
    table = pq.read_table(path)
    wrong = pa.array([1e6] * table.num_rows)
    pq.write_table(table.set_column(table.schema.names.index("word_count"), "word_count", wrong), path)
    astray = sum(table["kept"].to_pylist())
    assert astray > 0
    with pytest.raises(PlanError, match=f"^{astray} verdicts of stage 'filter' in .* do not follow from its metrics"):
        tune(Run(tmp_path / "run"), {}, stage="filter")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("own.word_count", r"--rule 'own\.word_count': write CODE=BOUNDS"),
        ("own.word_count=30", 'bounds are .* "low:high"'),
        ("own.word_count=9:3", "the lower bound 9 is above the upper bound 3"),
        ("own.word_count=:", "^--rule 'own.word_count=:': no bound is left; to switch a rule off, write null"),
        ("own.word_count=a:", "a bound is a number, not 'a'"),
    ],
)
def test_bounds_must_be_bounds(text, message):
    with pytest.raises(RecipeError, match=message):
        parse_changes([text])


def test_a_rule_is_given_once():
    with pytest.raises(RecipeError, match=r"own\.word_count is given twice"):
        parse_changes(["own.word_count=3:", "own.word_count=4:"])
    assert parse_changes(["a.b=off", "a.c=:3"]) == {"a.b": None, "a.c": (None, 3.0)}


def call(*arguments: object, code: int = 0) -> str:
    result = CliRunner().invoke(main, ["tune", *map(str, arguments)])
    assert result.exit_code == code, result.output
    return result.output


def test_the_command(tuned_run):
    text = call(tuned_run.path, "--rule", "own.word_count=9:")
    assert text.startswith(f"{tuned_run.path}, stage filter: 465 documents judged\n")
    assert text.endswith('    override:\n      own.stop_word_count: "2:"\n      own.word_count: "9:"\n')
    assert "== kept -> rejected" in text
    data = json.loads(call(tuned_run.path, "--rule", "own.word_count=9:", "--json", "--examples", 0))
    assert data["documents"]["judged"] == 465
    assert data["examples"] == {}
    assert json.loads(call(tuned_run.path, "--stage", "strict", "--json"))["judged"] == 127


def test_mistakes_of_the_command_are_user_errors(tuned_run, toy_run, tmp_path):
    rule = ["--rule", "own.wordcount=9:"]
    assert "has no rule 'own.wordcount' in any stage; did you mean 'own.word_count'?" in call(
        tuned_run.path, *rule, code=2
    )
    rule = ["--rule", "own.word_count=9:"]
    assert "has no source 'bocks'; did you mean 'books'?" in call(tuned_run.path, *rule, "--source", "bocks", code=2)
    assert "has no language 'dan_Lat'" in call(tuned_run.path, *rule, "--language", "dan_Lat", code=2)
    assert "has several stages with bounds (filter, strict)" in call(tuned_run.path, code=2)
    assert "is no run of corpus-kit" in call(tmp_path, *rule, code=2)
    assert "toy_rules.word_count" in call(toy_run.path)


MEASURE = """
import resource, sys, time
from corpus_kit.opened import Run
from corpus_kit.tune import tune
from corpus_kit.tune.sweep import sweep
run = Run(sys.argv[1])
changes = {"gopher.word_count": (30.0, None), "gopher.alpha_word_fraction": (0.85, None)}
took = []
for ask in (lambda: tune(run, changes), lambda: sweep(run)):
    started = time.process_time(), time.monotonic()
    found = ask()
    took += [time.process_time() - started[0], time.monotonic() - started[1]]
print(found["judged"], resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10, *took)
"""


@pytest.mark.long
@pytest.mark.timeout(900)
def test_millions_of_documents_take_seconds_and_bounded_memory(tmp_path):
    """Measured with 2 shared cores: 5 million documents, 21 rules: tune 5 to 9 s, sweep 7 to 10 s, 0.85 GB."""
    peak = {}
    for millions in (1, 5):
        path = tuned.made_up_run(tmp_path / str(millions), millions * 1_000_000)
        line = [sys.executable, "-c", MEASURE, str(path)]
        done = subprocess.run(line, capture_output=True, text=True, check=True, timeout=600)
        judged, megabytes, *seconds = map(float, done.stdout.split())
        print(f"{judged:,.0f} documents: {megabytes:.0f} MB;", *(f"{one:.1f} s" for one in seconds))
        assert judged == millions * 1_000_000
        peak[millions] = megabytes
        assert seconds[0] < 6 * millions
        assert seconds[2] < 20 * millions
    assert peak[5] < 2 * peak[1]  # five times the documents
