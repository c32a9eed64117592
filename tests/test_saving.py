"""What a process holds is written when a run fails."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from corpus_kit.held import holding, shelf
from corpus_kit.job import NO_FILE
from corpus_kit.keyed import between, key_range
from corpus_kit.ledger import FileEntry, Receipt, read_receipt, write_receipt
from corpus_kit.saving import save_held
from corpus_kit.work import WorkRows, digest

ROWS, KEYS = "work/map-0/000000.arrow", "work/collect-x-0/000000.parquet"
KEPT = pa.table({"row": pa.array([0, 2], pa.uint64()), "text": pa.array(["æ", None], pa.large_string())})
KEYED = pa.table({"row": np.arange(4, dtype=np.uint64), "key": np.arange(4, dtype=np.uint64) << np.uint64(62)})


def entry(path: str, table: pa.Table) -> FileEntry:
    return FileEntry(path=path, kind="data", rows=table.num_rows, bytes=NO_FILE, sha256="", text_bytes=7)


@pytest.fixture
def run(tmp_path) -> Path:
    write_receipt(
        tmp_path, Receipt(task="map-0/000000", fingerprint="f", files=(entry(ROWS, KEPT), entry(KEYS, KEYED)))
    )
    write_receipt(tmp_path, Receipt(task="map-0/000001", fingerprint="f"))
    return tmp_path


def test_a_receipt_counts_once_its_files_are_there(run):
    assert read_receipt(run, "map-0/000000", "f") is None
    with holding(1 << 20):
        shelf().put(run / ROWS, KEPT)
        shelf().put(run / KEYS, KEYED)
        save_held(run, 4)
    receipt = read_receipt(run, "map-0/000000", "f")
    assert receipt is not None
    rows, keys = receipt.files
    assert (rows.rows, rows.text_bytes, rows.sha256) == (2, 7, digest(run / ROWS))
    assert WorkRows.of_file(run / ROWS).table().equals(KEPT)
    assert keys.rows == 4
    assert pa.concat_tables(between([run / KEYS], *key_range(2, 4), by="key"))["row"].to_pylist() == [2]
    assert not [path for path in run.rglob(".*") if path.is_file()]


def test_what_is_not_held_any_more_stays_to_be_done(run):
    with holding(1 << 20):
        shelf().put(run / ROWS, KEPT)
        save_held(run, 4)
    assert read_receipt(run, "map-0/000000", "f") is None
    assert WorkRows.of_file(run / ROWS).rows == 2


def test_a_disk_that_takes_no_more_is_not_the_trouble_that_is_told(run, monkeypatch):
    (run / "work").write_text("in the way")
    with holding(1 << 20):
        shelf().put(run / ROWS, KEPT)
        save_held(run, 4)
    assert read_receipt(run, "map-0/000000", "f") is None
