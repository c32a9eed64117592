"""A pull written to files: resumed after any kill, extended, shared by readers, and never mixed with another."""

import hashlib
import io
import itertools
import json
from collections import Counter

import laws
import orjson
import pulled
import pyarrow as pa
import pytest

from corpus_kit.errors import LedgerError, PlanError
from corpus_kit.pull import pull
from corpus_kit.pull.files import content_bytes, write_files, write_stream
from corpus_kit.tables import read_table

SMALL = {"format": "arrow", "lanes": 3, "window_bytes": 600, "batch_rows": 4}


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> str:
    tables = pulled.documents(40, source="a", weight=1.0), pulled.documents(21, source="b", weight=2.5)
    return pulled.write(tmp_path_factory.mktemp("files") / "run", *tables)


def contents(folder) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_files_hold_the_pull_in_order(run, tmp_path):
    files = write_files(pull(run, **SMALL), tmp_path / "out", file_bytes=700)
    expected = [row for batch in pull(run, **SMALL) for row in batch.to_pylist()]
    found = [row for file in files for row in read_table(tmp_path / "out" / file["path"]).to_pylist()]
    assert found == expected
    assert len(files) > 3
    assert sorted(contents(tmp_path / "out")) == [file["path"] for file in files] + ["pull.json"]
    for file in files:
        written = (tmp_path / "out" / file["path"]).read_bytes()
        assert (file["bytes"], file["sha256"]) == (len(written), hashlib.sha256(written).hexdigest())
    assert all(700 <= file["content_bytes"] < 1300 for file in files[:-1])


def test_json_lines(run, tmp_path):
    files = write_files(pull(run, **SMALL), tmp_path / "out", format="jsonl")
    assert [file["path"] for file in files] == ["00000.jsonl"]
    lines = (tmp_path / "out" / "00000.jsonl").read_bytes().splitlines()
    assert [orjson.loads(line) for line in lines] == [row for batch in pull(run, **SMALL) for row in batch.to_pylist()]


@pytest.mark.parametrize("crash", ["after_rename:1", "after_rename:3"])
def test_killed_and_run_again_gives_the_same_files(run, tmp_path, crash):
    line = ["pull", run, "--file-bytes", "1000", "--rounds", "2", "--output"]
    assert laws.command(*line, tmp_path / "killed", crash=crash).returncode == -9
    assert "pull.json" in contents(tmp_path / "killed")
    assert laws.command(*line, tmp_path / "killed").returncode == 0
    assert laws.command(*line, tmp_path / "whole").returncode == 0
    assert contents(tmp_path / "killed") == contents(tmp_path / "whole")
    assert len(contents(tmp_path / "whole")) > 4


def test_done_is_done_and_a_later_end_goes_on(run, tmp_path):
    first = write_files(pull(run, documents=30, **SMALL), tmp_path / "out")
    before = contents(tmp_path / "out")
    assert write_files(pull(run, documents=30, **SMALL), tmp_path / "out") == first
    assert contents(tmp_path / "out") == before
    every = write_files(pull(run, documents=200, **SMALL), tmp_path / "out")
    assert [file["rows"] for file in every] == [30, 170]
    found = [id for file in every for id in read_table(tmp_path / "out" / file["path"])["id"].to_pylist()]
    assert found == pulled.ids(pull(run, documents=200, lanes=3, window_bytes=600))


def test_readers_share_a_folder(run, tmp_path):
    for rank in (1, 0, 2):
        write_files(pull(run, shard=(rank, 3), **SMALL), tmp_path / "out", file_bytes=700)
    names = sorted(contents(tmp_path / "out"))
    assert {"0-of-3-00000.parquet", "2-of-3-00001.parquet", "pull-0-of-3.json", "pull-2-of-3.json"} <= set(names)
    found = [read_table(path)["id"].to_pylist() for path in (tmp_path / "out").glob("*.parquet")]
    assert Counter(itertools.chain(*found)) == Counter(pulled.ids(pull(run, lanes=3, window_bytes=600)))


def test_a_folder_of_something_else_is_refused(run, tmp_path):
    folder = tmp_path / "out"

    def refusal(one, **options):
        with pytest.raises((LedgerError, PlanError)) as caught:
            write_files(one, folder, **options)
        return str(caught.value).partition("\n")[0].replace(str(folder), "OUT")

    write_files(pull(run, **SMALL), folder)
    assert refusal(pull(run, seed=2, **SMALL)) == "the state is of another pull: its seed was 1, now it is 2"
    assert refusal(pull(run, **SMALL), format="jsonl") == (
        "OUT/pull.json is of a pull with another format: parquet, now jsonl"
    )
    assert refusal(pull(run, columns=["id"], **SMALL)).startswith("OUT/pull.json is of a pull with another columns")
    assert refusal(pull(run, shard=(0, 2), **SMALL)) == (
        "OUT holds 00000.parquet, which is not of this pull; choose another output"
    )
    folder = tmp_path / "shared"
    write_files(pull(run, shard=(0, 2), **SMALL), folder)
    assert refusal(pull(run, shard=(1, 2), seed=2, **SMALL)) == (
        "OUT/pull-0-of-2.json is of another pull; choose another output"
    )
    (tmp_path / "state").write_text("[]")
    assert refusal(pull(run, **SMALL), state_file=tmp_path / "state").endswith("is not the state of a pull")


def test_a_stream_goes_on_from_its_state(run, tmp_path):
    expected = pulled.ids(pull(run, documents=90, lanes=3, window_bytes=600))
    found = []
    for documents in (40, 90):
        stream = io.BytesIO()
        one = pull(run, documents=documents, **SMALL)
        rows = write_stream(one, stream, state_file=tmp_path / "state.json")
        lines = stream.getvalue().splitlines()
        assert rows == len(lines)
        found += [json.loads(line)["id"] for line in lines]
    assert found == expected


def test_content_bytes():
    batch = pa.record_batch({"text": pa.array(["åh", "x"], pa.large_string()), "n": [1, 2], "s": [None, "ab"]})
    assert content_bytes(batch) == 3 + 1 + 16 + 2
    assert content_bytes(batch.slice(1)) == 1 + 8 + 2
