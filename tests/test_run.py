"""The laws of a run: row law, conservation, determinism, all or nothing; and what `run` refuses."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import laws
import pyarrow as pa
import pytest

import corpus_kit
from corpus_kit.errors import LedgerError, PlanError, RunFailed, StageError
from corpus_kit.job import NO_FILE
from corpus_kit.ledger import Tally, read_manifest


@pytest.fixture(scope="module")
def corpus(tmp_path_factory) -> Path:
    return laws.make_corpus(tmp_path_factory.mktemp("corpus"))


@pytest.fixture(scope="module")
def clean(corpus, tmp_path_factory) -> corpus_kit.Run:
    return laws.run(corpus, tmp_path_factory.mktemp("runs") / "clean")


@pytest.fixture(scope="module")
def recipe_file(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("recipe") / "laws.yaml"
    path.write_text(laws.RECIPE)
    return path


def arguments(recipe_file: Path, corpus: Path, output: Path, workers: int = 1) -> list[object]:
    named = [x for name in ("posts", "rows", "pages") for x in ("--input", corpus / name)]
    return ["run", recipe_file, *named, "--output", output, "--workers", workers]


def test_every_document_is_accounted_for(clean):
    read = sum(count for cell, count in clean.tally.documents.items() if cell.flow == "made")
    assert read == 282 + 110 + 13
    kept, rejects = clean.kept(["id"]), clean.rejects(["id", "stage", "reasons"])
    ids = Counter(kept["id"].to_pylist() + rejects["id"].to_pylist())
    assert len(ids) == read
    assert set(ids.values()) == {1}
    counted = Counter((row["stage"], row["reasons"][0]["code"]) for row in rejects.to_pylist())
    by_stage: Counter[tuple[str, str]] = Counter()
    for cell, count in clean.tally.documents.items():
        if cell.flow == "rejected":
            by_stage[cell.stage, cell.code] += count
    assert counted == by_stage
    assert clean.tally.skipped["posts", "read.not_a_document"] == 1


def test_planted_records_meet_the_reason_planted_for_them(clean):
    found = Counter(row["reasons"][0]["code"] for row in clean.rejects().to_pylist())
    assert found["read.no_text"] == 1
    assert found["read.bad_record"] == 1
    assert found["extract.empty"] == 1
    assert found["gopher.word_count"] == 1
    # 20 copies (two of unreadable records), and 90 documents that stand in posts and rows.
    assert found["dedup.exact"] == 18 + 90
    assert found["dedup.minhash"] == 20


def test_all_failing_rules_are_recorded_with_value_and_bounds(clean):
    row = next(r for r in clean.rejects().to_pylist() if r["text"] == ("a " * 300).strip())
    codes = [reason["code"] for reason in row["reasons"]]
    assert len(codes) > 3
    word_length = next(reason for reason in row["reasons"] if reason["code"] == "gopher.mean_word_length")
    assert (word_length["value"], word_length["low"]) == (1.0, 3.0)


def test_metrics_of_kept_and_rejected_documents_are_stored(clean):
    table = clean.metrics("filter")
    judged = sum(n for c, n in clean.tally.documents.items() if c.stage == "filter" and c.flow == "in")
    assert table.num_rows == judged
    rejected = sum(n for c, n in clean.tally.documents.items() if c.stage == "filter" and c.flow == "rejected")
    assert table["kept"].to_pylist().count(False) == rejected > 0


def test_the_manifest_lists_every_file_with_its_digest(clean):
    from corpus_kit.tables import file_digest

    manifest = read_manifest(clean.path)
    assert manifest is not None
    listed = {file["path"]: file["sha256"] for file in manifest["files"]}
    on_disk = {str(p.relative_to(clean.path)) for p in clean.path.rglob("*.parquet")}
    assert set(listed) == on_disk
    assert all(file_digest(clean.path / path) == digest for path, digest in listed.items())


def test_shards_are_bounded(clean):
    sizes = [file["text_bytes"] for file in read_manifest(clean.path)["files"] if file["kind"] == "data"]
    assert len(sizes) > 1
    assert max(sizes) <= 60_000
    assert not (clean.path / "work").exists()


@pytest.mark.parametrize("batch_rows", [1, 7, 4096])
def test_batch_size_does_not_show(corpus, clean, tmp_path, batch_rows):
    other = laws.run(corpus, tmp_path / "run", batch_rows=batch_rows)
    assert laws.tree(other.path) == laws.tree(clean.path)


def test_input_order_and_place_do_not_show(corpus, clean, tmp_path):
    moved = tmp_path / "elsewhere"
    shutil.copytree(corpus, moved)
    bound = corpus_kit.resolve_inputs([str(moved / name) for name in ("pages", "posts", "rows")])
    random.Random(1).shuffle(bound)
    other = corpus_kit.run(corpus_kit.parse_recipe(laws.RECIPE), bound, tmp_path / "run", workers=1)
    ours, theirs = laws.tree(other.path), laws.tree(clean.path)
    ours.pop("plan.json"), theirs.pop("plan.json")  # says where the input was
    assert ours == theirs


@pytest.mark.ray
@pytest.mark.parametrize("workers", [2, 4])
def test_workers_do_not_show(corpus, clean, tmp_path, workers):
    other = laws.run(corpus, tmp_path / "run", workers=workers)
    assert laws.tree(other.path) == laws.tree(clean.path)


CRASHES = [
    "before_plan",
    "after_plan",
    *(f"before_fsync:{n}" for n in (1, 8, 30)),
    *(f"before_commit:{n}" for n in (1, 14)),
    *(f"after_rename:{n}" for n in (1, 2, 40)),
    *(f"before_receipt:{n}" for n in (1, 20)),
    *(f"after_receipt:{n}" for n in (1, 25)),
    "before_manifest",
    "after_manifest",
]


@pytest.mark.parametrize("crash", CRASHES)
def test_killed_at_a_commit_step_and_run_again_gives_the_same_bytes(corpus, clean, recipe_file, tmp_path, crash):
    line = arguments(recipe_file, corpus, tmp_path / "run")
    killed = laws.command(*line, crash=crash, holds=False)
    assert killed.returncode == -signal.SIGKILL
    before = {p: p.stat().st_mtime_ns for p in (tmp_path / "run").glob("receipts/**/*.json")}
    again = laws.command(*line, holds=False)
    assert again.returncode == 0, again.stderr
    assert all(p.stat().st_mtime_ns == when for p, when in before.items())  # what was done is not done again
    assert laws.tree(tmp_path / "run") == laws.tree(clean.path)


@pytest.mark.parametrize("holds", [True, False])
@pytest.mark.parametrize("crash", ["before_fsync:6", "after_rename:14", "before_receipt:9", "after_receipt:9"])
def test_killed_with_rows_in_memory_and_run_again_gives_the_same_bytes(
    corpus, clean, recipe_file, tmp_path, crash, holds
):
    line = arguments(recipe_file, corpus, tmp_path / "run")
    assert laws.command(*line, crash=crash).returncode == -signal.SIGKILL
    receipts = [json.loads(path.read_bytes()) for path in (tmp_path / "run").glob("receipts/**/*.json")]
    entries = [file for receipt in receipts for file in receipt["files"]]
    assert any(file["bytes"] == NO_FILE for file in entries)
    assert all((file["bytes"] == NO_FILE) != (tmp_path / "run" / file["path"]).exists() for file in entries)
    again = laws.command(*line, holds=holds)
    assert again.returncode == 0, again.stderr
    assert laws.tree(tmp_path / "run") == laws.tree(clean.path)


@pytest.mark.parametrize("held_bytes", [0, 20_000])
def test_what_is_held_does_not_show(corpus, clean, tmp_path, held_bytes):
    files = []

    def look(progress):
        files.append(len(list((tmp_path / "run" / "work").rglob("*.arrow"))))

    other = laws.run(corpus, tmp_path / "run", held_bytes=held_bytes, progress=look)
    assert laws.tree(other.path) == laws.tree(clean.path)
    loads = len(other.plan.loads)
    assert max(files) == loads if held_bytes == 0 else 0 < max(files) < loads


def test_rows_that_were_held_can_be_seen_after_a_failure(corpus, tmp_path):
    def fail(progress):
        if progress.phase == "decide-near":
            raise OSError("no luck")

    with pytest.raises(OSError, match="no luck"):
        laws.run(corpus, tmp_path / "run", progress=fail)
    kept = {step.stage: step.kept for step in corpus_kit.open(tmp_path / "run").waterfall()}
    assert corpus_kit.open(tmp_path / "run").table("data").num_rows == min(count for count in kept.values() if count)


@pytest.mark.ray
@pytest.mark.parametrize("commits", [1, 6])
def test_kill_9_of_the_driver_on_ray_loses_and_doubles_nothing(corpus, clean, recipe_file, tmp_path, commits):
    line = arguments(recipe_file, corpus, tmp_path / "run", 2)
    killed = laws.command(*line, crash=f"after_receipt:{commits}")  # workers are left in the middle of their tasks
    assert killed.returncode == -signal.SIGKILL
    done = laws.command(*line)
    assert done.returncode == 0, done.stderr
    assert laws.tree(tmp_path / "run") == laws.tree(clean.path)


@pytest.mark.ray
def test_kill_9_of_workers_loses_and_doubles_nothing(corpus, clean, recipe_file, tmp_path):
    line = [sys.executable, "-m", "corpus_kit.cli", *map(str, arguments(recipe_file, corpus, tmp_path / "run", 2))]
    process = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    killed: list[int] = []
    while not killed and process.poll() is None:
        time.sleep(0.005)
        killed = _kill_workers_of(process.pid)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    assert killed
    assert laws.tree(tmp_path / "run") == laws.tree(clean.path)


def _kill_workers_of(driver: int) -> list[int]:
    """Kills the Ray workers that are busy with our tasks and descend from the driver."""
    parents, names = {}, {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
                names[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            parents[int(entry.name)] = int(fields[1])

    def descends(pid: int) -> bool:
        while pid in parents:
            if pid == driver:
                return True
            pid = parents[pid]
        return False

    victims = [pid for pid, name in names.items() if name.startswith("ray::") and "perform" in name and descends(pid)]
    for pid in victims:
        os.kill(pid, signal.SIGKILL)
    return victims


def test_a_finished_run_is_opened_not_done_again(corpus, clean):
    before = (clean.path / "manifest.json").stat().st_mtime_ns
    again = laws.run(corpus, clean.path)
    assert again.finished
    assert (clean.path / "manifest.json").stat().st_mtime_ns == before


def test_another_recipe_in_the_same_place_is_refused_naming_the_key(corpus, clean):
    with pytest.raises(LedgerError) as caught:
        laws.run(corpus, clean.path, recipe=laws.RECIPE.replace("alpha: 0.5", "alpha: 0.6"))
    assert "stages.weight.config.alpha: was 0.5, now 0.6" in str(caught.value)
    assert "--overwrite" in str(caught.value)


def test_overwrite_discards_the_other_run(corpus, tmp_path):
    laws.run(
        corpus,
        tmp_path / "run",
        recipe="recipe: 1\nstages: [normalize]\n".replace("[", "[{extract: {engine: resiliparse}}, "),
    )
    other = laws.run(corpus, tmp_path / "run", overwrite=True)
    assert other.plan.recipe["name"] == "laws"
    assert not (other.path / "work").exists()


@pytest.mark.parametrize("crash", ["before_discard", "in_discard:1", "in_discard:4", "after_discard"])
def test_killed_while_discarding_and_run_again_gives_the_same_bytes(corpus, clean, recipe_file, tmp_path, crash):
    laws.run(corpus, tmp_path / "run", recipe=laws.RECIPE.replace("alpha: 0.5", "alpha: 0.7"))
    line = [*arguments(recipe_file, corpus, tmp_path / "run"), "--overwrite"]
    assert laws.command(*line, crash=crash).returncode == -signal.SIGKILL
    again = laws.command(*line)
    assert again.returncode == 0, again.stderr
    assert laws.tree(tmp_path / "run") == laws.tree(clean.path)


def test_a_work_file_that_vanishes_is_an_error_not_an_empty_shard(corpus, tmp_path):
    def vanish(progress):
        if progress.phase == "decide-near" and progress.done:
            (tmp_path / "run" / "work" / "map-0" / "000000.arrow").unlink()

    with pytest.raises(RunFailed, match=r"work/map-0/000000\.arrow is missing"):
        laws.run(corpus, tmp_path / "run", progress=vanish, held_bytes=0)
    again = laws.run(corpus, tmp_path / "run")  # its receipt no longer counts, so it is made again
    assert again.finished


def test_a_bit_flipped_between_two_passes_is_an_error_and_the_rows_are_made_again(corpus, tmp_path):
    def flip(progress):
        if progress.phase == "decide-near" and progress.done:
            path = tmp_path / "run" / "work" / "map-0" / "000000.arrow"
            content = bytearray(path.read_bytes())
            content[len(content) // 2] ^= 1
            path.write_bytes(content)

    with pytest.raises(RunFailed, match=r"work/map-0/000000\.arrow was damaged on the disk"):
        laws.run(corpus, tmp_path / "run", progress=flip, held_bytes=0)
    again = laws.run(corpus, tmp_path / "run")
    assert laws.tree(again.path) == laws.tree(laws.run(corpus, tmp_path / "whole").path)


def test_an_input_changed_during_the_run_is_named(corpus, tmp_path):
    copy = tmp_path / "corpus"
    shutil.copytree(corpus, copy)

    def change(progress):
        if progress.phase == "map-0" and progress.done == 0:
            (copy / "posts" / "b.jsonl").write_text('{"text": "kort"}\n')

    with pytest.raises(RunFailed, match=r"input 'b\.jsonl' of posts was changed during the run"):
        laws.run(copy, tmp_path / "run", progress=change)


def test_overlapping_inputs_are_refused(corpus, tmp_path):
    bound = corpus_kit.resolve_inputs([str(corpus / "posts"), str(corpus / "posts" / "a.jsonl")])
    with pytest.raises(PlanError, match=r"a\.jsonl' would be read twice"):
        corpus_kit.run(corpus_kit.parse_recipe(laws.RECIPE), bound, tmp_path / "run", workers=1)


def test_a_finished_run_with_a_missing_shard_is_not_called_finished(corpus, clean, tmp_path):
    shutil.copytree(clean.path, tmp_path / "run")
    (tmp_path / "run" / "data" / "00001.parquet").unlink()
    with pytest.raises(LedgerError, match=r"its data/00001\.parquet is missing"):
        laws.run(corpus, tmp_path / "run")


def test_a_card_edited_after_the_run_is_documented_without_computing(corpus, clean, tmp_path):
    copy = tmp_path / "corpus"
    shutil.copytree(corpus, copy)
    done = laws.run(copy, tmp_path / "run")
    card = copy / "posts" / "source.yaml"
    card.write_text(card.read_text().replace("made for a test", "another summary"))
    before = {path: content for path, content in laws.tree(done.path).items() if path.startswith(("data/", "rejects/"))}
    again = laws.run(copy, tmp_path / "run")
    assert again.plan.sources["posts"].card.summary == "another summary"
    after = laws.tree(again.path)
    assert {path: after[path] for path in before} == before
    assert b"another summary" in after["datasheet/datasheet.html"]


def test_a_folder_with_other_files_is_never_touched(corpus, tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    for overwrite in (False, True):
        with pytest.raises(LedgerError, match="holds files that are no run"):
            laws.run(corpus, tmp_path, overwrite=overwrite)
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_a_changed_input_file_is_named(corpus, clean, tmp_path):
    changed = tmp_path / "corpus"
    shutil.copytree(corpus, changed)
    with (changed / "posts" / "b.jsonl").open("a") as file:
        file.write('\n{"text": "en linje mere"}')
    with pytest.raises(LedgerError, match=r"inputs\.posts\.b\.jsonl: was .*, now "):
        laws.run(changed, clean.path)


PLUGIN = """
from corpus_kit.stage import BatchStage, register

@register("{name}")
class Plugged(BatchStage):
    \"\"\"A stage of a user.\"\"\"
    needs = ("text",)
    def apply(self, batch):
        {body}
"""


def _plugged(corpus: Path, tmp_path: Path, name: str, body: str) -> corpus_kit.Run:
    file = tmp_path / f"{name}.py"
    file.write_text(PLUGIN.format(name=name, body=body))
    from corpus_kit.plugin import load_plugin

    load_plugin(str(file.resolve()))
    recipe = f"recipe: 1\nstages:\n  - extract: {{engine: resiliparse}}\n  - {name}\n"
    return laws.run(corpus, tmp_path / "run", recipe=recipe, plugin=file)


def test_a_stage_that_drops_rows_breaks_the_row_law(corpus, tmp_path):
    with pytest.raises(RunFailed, match="stage 'dropper' broke the row law"):
        _plugged(corpus, tmp_path, "dropper", "return batch.slice(1)")


def test_a_stage_that_reorders_rows_breaks_the_row_law(corpus, tmp_path):
    with pytest.raises(RunFailed, match="stage 'shuffler' broke the row law"):
        _plugged(corpus, tmp_path, "shuffler", "return batch.take(list(range(batch.num_rows))[::-1])")


def test_a_stage_that_raises_fails_its_shard_without_quoting_text(corpus, tmp_path):
    with pytest.raises(RunFailed) as caught:
        _plugged(corpus, tmp_path, "raiser", "raise ValueError(batch['text'][0].as_py())")
    assert "stage 'raiser' raised ValueError at raiser.py:9" in str(caught.value)
    assert not any(line in str(caught.value) for line in laws.text(1000).split("\n"))


def test_an_unbalanced_tally_is_an_error():
    from corpus_kit.ledger import Cell

    tally = Tally()
    tally.add(Cell("filter", "in", "s", "", ""), 10, 100)
    tally.add(Cell("filter", "kept", "s", "", ""), 9, 90)
    with pytest.raises(StageError, match="10 documents came in, 9 are accounted for"):
        tally.check("0/000000")


def test_sample_and_limit(corpus, tmp_path):
    half = laws.run(corpus, tmp_path / "half", sample=0.5)
    tenth = laws.run(corpus, tmp_path / "tenth", sample=0.1)

    def read(run):
        return set(run.kept(["id"])["id"].to_pylist()) | set(run.rejects(["id"])["id"].to_pylist())

    assert read(tenth) < read(half)
    assert 150 < len(read(half)) < 260
    left_out = sum(n for (_, code), n in half.tally.skipped.items() if code == "read.not_sampled")
    assert len(read(half)) + left_out == 282 + 110 + 13
    few = laws.run(corpus, tmp_path / "few", limit=17)
    assert len(read(few)) == 17


def test_an_input_of_which_nothing_survives_gives_an_empty_corpus(tmp_path):
    folder = tmp_path / "corpus"
    laws._write(folder, "none", "web", {"a.jsonl": '{"text": ""}\n'})
    recipe = corpus_kit.parse_recipe(laws.RECIPE)
    done = corpus_kit.run(recipe, corpus_kit.resolve_inputs([str(folder)]), tmp_path / "run", workers=1)
    assert done.kept().num_rows == 0
    assert done.kept().schema.field("weight").type == pa.float64()
    assert done.rejects().num_rows == 1
