"""Files of a run hold documents of one split, in order, whatever the batches and workers, and however often cut off."""

import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any, cast

import laws
import pyarrow as pa
import pytest
import wordy

import corpus_kit
from corpus_kit import closing, commit, driver
from corpus_kit.bridge.hf import export_hf
from corpus_kit.job import Job
from corpus_kit.ledger import read_manifest
from corpus_kit.split_parts import SplitWriter, parted
from corpus_kit.tables import file_digest, read_table
from corpus_kit.tasks import Settings
from corpus_kit.vocabulary.count_run import count_run
from corpus_kit.why import why

RECIPE = """\
recipe: 1
name: parts
stages:
  - split: {shares: {validation: 0.2, test: 0.2}}
split_bytes: 20000
shard_bytes: 25000
"""
SCHEMA = pa.schema([("id", pa.string()), ("text", pa.large_string()), ("split", pa.string())])


def corpus(folder: Path) -> Path:
    for source, first in (("books", 0), ("web", 100)):
        (folder / source).mkdir(parents=True)
        (folder / source / "source.yaml").write_text(
            f"id: {source}\ntitle: t\nsummary: s\ncategory: web\nrights: {{spdx: CC0-1.0}}\n"
        )
        rows = [json.dumps({"text": laws.text(first + i)}) for i in range(60)]
        (folder / source / "a.jsonl").write_text("\n".join(rows))
    return folder


def run(folder: Path, output: Path, *, batch_rows: int = 64) -> corpus_kit.Run:
    inputs = corpus_kit.resolve_inputs([str(folder / name) for name in ("books", "web")])
    settings = Settings(batch_rows=batch_rows, held_bytes=0)
    return corpus_kit.run(corpus_kit.parse_recipe(RECIPE), inputs, output, workers=1, settings=settings)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return corpus(tmp_path_factory.mktemp("corpus"))


@pytest.fixture(scope="module")
def made(folder, tmp_path_factory):
    return run(folder, tmp_path_factory.mktemp("runs") / "run")


def data_files(made: corpus_kit.Run) -> list[dict]:
    manifest = read_manifest(made.path)
    assert manifest is not None
    return [file for file in manifest["files"] if file["kind"] == "data"]


def test_each_file_has_documents_of_one_split_in_the_order_of_the_input(made):
    numbers: dict[str, list[int]] = {}
    origins: dict[str, list[tuple[str, int]]] = {}
    for file in data_files(made):
        data, split, name = Path(file["path"]).parts
        assert data == "data"
        numbers.setdefault(split, []).append(int(name.removesuffix(".parquet")))
        table = read_table(made.path / file["path"], columns=["split", "source", "origin"])
        assert set(table["split"].to_pylist()) == {split}
        assert table.num_rows == file["rows"]
        offsets = [int(one.rpartition("#")[2]) for one in table["origin"].to_pylist()]
        origins.setdefault(split, []).extend(zip(table["source"].to_pylist(), offsets, strict=True))
    assert set(numbers) == {"train", "validation", "test"}
    for split, found in numbers.items():
        assert found == list(range(len(found)))
        assert origins[split] == sorted(origins[split])
    assert sum(map(len, origins.values())) == 120
    assert len(numbers["train"]) > 1
    assert [step.kept for step in made.waterfall()] == [120, 120]


def test_nothing_else_lies_beside_the_data_but_their_card(made):
    found = {str(path.relative_to(made.path)) for path in (made.path / "data").rglob("*") if path.is_file()}
    assert found == {file["path"] for file in data_files(made)} | {"data/.huggingface.yaml"}
    manifest = read_manifest(made.path)
    assert manifest is not None
    assert manifest["datasheet"]["../data/.huggingface.yaml"] == file_digest(made.path / "data/.huggingface.yaml")


def test_the_bytes_do_not_depend_on_batches(made, folder, tmp_path):
    run(folder, tmp_path / "run", batch_rows=7)
    assert laws.tree(tmp_path / "run") == laws.tree(made.path)


class Killed(BaseException):
    """What no one catches."""


@pytest.mark.parametrize(
    ("point", "times"), [("after_rename", 31), ("after_rename", 40), ("before_receipt", 24), ("before_manifest", 1)]
)
def test_a_run_cut_off_goes_on_to_the_same_bytes(made, folder, tmp_path, monkeypatch, point, times):
    passed = Counter[str]()

    def crash(name: str) -> None:
        passed[name] += 1
        if name == point and passed[name] == times:
            raise Killed

    for module in (commit, driver, closing):
        monkeypatch.setattr(module, "crash_point", crash)
    with pytest.raises(Killed):
        run(folder, tmp_path / "run")
    assert read_manifest(tmp_path / "run") is None
    run(folder, tmp_path / "run", batch_rows=5)
    assert passed[point] > times
    assert laws.tree(tmp_path / "run") == laws.tree(made.path)


def test_pull_export_count_why_and_lookup_know_every_document(made, tmp_path):
    rows = made.kept(["id", "split", "text"]).to_pylist()
    export_hf(made.path, tmp_path / "hf", workers=1)
    for split in ("train", "validation", "test"):
        wanted = sorted(row["id"] for row in rows if row["split"] == split)
        assert sorted(one["id"] for one in made.pull(split=split)) == wanted
        files = sorted((tmp_path / "hf" / "data").rglob(f"{split}-*.parquet"))
        assert sorted(one for path in files for one in read_table(path)["id"].to_pylist()) == wanted
    for row in (rows[0], rows[60], rows[-1]):
        assert why(made, row["id"])["kept"]
        assert [hit["id"] for hit in made.lookup(row["text"])["hits"]] == [row["id"]]


def test_tokens_are_counted_in_files_of_the_same_splits(made, tmp_path):
    pytest.importorskip("sentencepiece")
    model = wordy.sentencepiece_model(tmp_path / "t.model", [laws.text(i) for i in range(20)], byte_fallback=True)
    counted = count_run(made.path, str(model), tmp_path / "counted", name="t", workers=1)
    assert [(file["path"], file["rows"]) for file in data_files(counted)] == [
        (file["path"], file["rows"]) for file in data_files(made)
    ]
    assert counted.kept().drop_columns(["tokens:t"]).equals(made.kept())
    cards = [one.path / "data" / ".huggingface.yaml" for one in (counted, made)]
    assert cards[0].read_bytes() == cards[1].read_bytes()


def test_the_data_are_an_input_without_their_card(made, tmp_path):
    shutil.copytree(made.path / "data", tmp_path / "data")
    (tmp_path / "data" / "README.md").write_text("# A card\n")
    inputs = corpus_kit.resolve_inputs([f"again={tmp_path / 'data'}"], no_card=["again"])
    recipe = corpus_kit.parse_recipe("recipe: 1\nname: again\nstages: [normalize]\n")
    again = corpus_kit.run(recipe, inputs, tmp_path / "again", workers=1)
    assert again.kept().num_rows == 120
    assert [(one.ending, one.files) for one in again.plan.skipped_files] == [(".md", 1)]


def written(folder: Path, *batches: list[str | None], part_bytes: int | None = None) -> list[tuple[str, list[str]]]:
    """Where each part goes, and the ids in it; documents are numbered, of ten bytes each."""
    staged = folder / "staged"
    staged.mkdir()
    one = Job(folder, staged, cast(Any, None), "map-1/000007", "f", {}, batch_rows=1, batch_bytes=1)
    writer = SplitWriter(staged, SCHEMA, part_bytes)
    row = 0
    for splits in batches:
        ids = [f"{row + i}" for i in range(len(splits))]
        row += len(splits)
        writer.write(
            pa.record_batch(
                [ids, pa.array(["x" * 10] * len(ids), pa.large_string()), pa.array(splits, pa.string())], SCHEMA.names
            )
        )
    entries = writer.entries(one, "work/map-1", 7)
    staged_as = {place: name for name, place in one.moves.items()}
    assert [entry.rows for entry in entries] == [entry.text_bytes // 10 for entry in entries]
    return [(entry.path, read_table(staged / staged_as[entry.path])["id"].to_pylist()) for entry in entries]


def test_parts_are_of_one_split_and_full_by_its_own_documents(tmp_path):
    splits: list[str | None] = ["train", "test", "train", None, "test", "train", "test"]
    expected = [
        ("work/map-1/test/000007-000.parquet", ["1", "4"]),
        ("work/map-1/test/000007-001.parquet", ["6"]),
        ("work/map-1/train/000007-000.parquet", ["0", "2"]),
        ("work/map-1/train/000007-001.parquet", ["3", "5"]),
    ]
    for number, batches in enumerate(([splits], [splits[:1], splits[1:5], splits[5:]], [[one] for one in splits])):
        (tmp_path / str(number)).mkdir()
        assert written(tmp_path / str(number), *batches, part_bytes=25) == expected


def test_a_name_that_is_no_folder_is_none(tmp_path):
    assert written(tmp_path, ["../x", "Test", "train", "CON."]) == [
        ("work/map-1/other/000007-000.parquet", ["0", "1", "3"]),
        ("work/map-1/train/000007-000.parquet", ["2"]),
    ]


def test_documents_whose_column_was_taken_away_are_in_train(tmp_path):
    writer = SplitWriter(tmp_path, SCHEMA, None)
    writer.write(pa.record_batch([["a"], pa.array(["x"], pa.large_string())], ["id", "text"]))
    one = Job(tmp_path, tmp_path, cast(Any, None), "map-0/000000", "f", {}, batch_rows=1, batch_bytes=1)
    assert [entry.path for entry in writer.entries(one, "work/map-0", 0)] == ["work/map-0/train/000000-000.parquet"]
    assert read_table(tmp_path / "train" / "data-000.parquet")["split"].to_pylist() == [None]


def test_only_a_column_of_names_parts():
    assert parted(SCHEMA)
    assert not parted(pa.schema([("id", pa.string())]))
    assert not parted(pa.schema([("split", pa.int64())]))
