import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from corpus_kit.errors import StageError
from corpus_kit.held import holding, shelf
from corpus_kit.kernels import hashes
from corpus_kit.opened import Run
from corpus_kit.work import WorkRows, WorkWriter, digest, found_rows, left_rows, work_file

SCHEMA = pa.schema([("row", pa.uint64()), ("id", pa.string()), ("text", pa.large_string())])


def batch(*rows: int) -> pa.RecordBatch:
    columns = {"row": rows, "id": [f"d{row}" for row in rows], "text": [None if row % 3 else "å" * row for row in rows]}
    return pa.RecordBatch.from_pydict(columns, schema=SCHEMA)


def written(path, *batches: pa.RecordBatch):
    writer = WorkWriter(path)
    for one in batches:
        writer.write(one)
    return writer.close()


def test_rows_come_back_as_they_went_in(tmp_path):
    path = tmp_path / "a.arrow"
    told = written(path, batch(1, 3), batch(6))
    assert told == (3, path.stat().st_size, digest(path))
    file = WorkRows.of_file(path)
    assert file.rows == 3
    assert file.names == ["row", "id", "text"]
    assert file.last_row() == 6
    assert [one.num_rows for one in file.batches()] == [2, 1]
    assert pa.Table.from_batches(file.batches()).equals(pa.Table.from_batches([batch(1, 3, 6)]))
    assert file.table().equals(pa.Table.from_batches([batch(1, 3, 6)]))


def test_columns_come_in_the_order_asked_for(tmp_path):
    written(tmp_path / "a.arrow", batch(2, 9))
    file = WorkRows.of_file(tmp_path / "a.arrow")
    assert file.table(["text", "row"]).to_pydict() == {"text": [None, "å" * 9], "row": [2, 9]}
    assert [one.to_pydict() for one in file.batches(["id"])] == [{"id": ["d2", "d9"]}]


def test_columns_of_a_batch_may_stand_in_another_order(tmp_path):
    turned = batch(4).select(["text", "row", "id"])
    written(tmp_path / "a.arrow", batch(3), turned)
    assert WorkRows.of_file(tmp_path / "a.arrow").table(["row"])["row"].to_pylist() == [3, 4]


def test_without_rows_there_is_nothing_to_write(tmp_path):
    with pytest.raises(ValueError, match="there are no rows"):
        WorkWriter(tmp_path / "a.arrow").close()
    assert not (tmp_path / "a.arrow").exists()


def test_a_batch_without_rows(tmp_path):
    assert written(tmp_path / "a.arrow", batch()).rows == 0
    for left in (WorkRows.of_file(tmp_path / "a.arrow"), WorkRows.of_table(SCHEMA.empty_table())):
        assert (left.rows, left.last_row(), left.table().num_rows) == (0, None, 0)


def test_rows_are_held_while_there_is_room_and_written_when_there_is_none(tmp_path):
    with holding(2 * batch(3, 9).nbytes):
        writer = WorkWriter(tmp_path / "a.arrow")
        writer.write(batch(3, 9))
        assert writer.fits
        assert writer.table().to_batches()[0]["text"].equals(batch(3, 9)["text"])
        writer.write(batch(12, 15, 18))
        writer.write(batch(21))
        assert not writer.fits
        assert (writer.rows, writer.text_bytes) == (6, 2 * (3 + 9 + 12 + 15 + 18 + 21))
        writer.close()
    assert [one.num_rows for one in WorkRows.of_file(tmp_path / "a.arrow").batches()] == [2, 3, 1]
    assert WorkRows.of_file(tmp_path / "a.arrow").table(["row"])["row"].to_pylist() == [3, 9, 12, 15, 18, 21]


def test_what_is_held_goes_before_what_is_written_and_what_is_neither_is_missing(tmp_path):
    (tmp_path / "work" / "map-0").mkdir(parents=True)
    written(tmp_path / work_file(0, 0), batch(1))
    written(tmp_path / work_file(0, 1), batch(2))
    with holding(1 << 20):
        shelf().put(tmp_path / work_file(0, 1), pa.Table.from_batches([batch(7)]))
        assert [left_rows(tmp_path, 0, load).last_row() for load in (0, 1)] == [1, 7]
        assert found_rows(tmp_path, 0, 2) is None
        with pytest.raises(StageError, match=r"work/map-0/000002\.arrow is missing"):
            left_rows(tmp_path, 0, 2)
    assert left_rows(tmp_path, 0, 1).last_row() == 2


@pytest.mark.parametrize("kept", [0, 1, 100, -1])
def test_a_file_cut_short_is_refused(tmp_path, kept):
    path = tmp_path / "a.arrow"
    written(path, batch(*range(50)))
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises((pa.ArrowInvalid, OSError)):
        WorkRows.of_file(path)


def test_the_place_of_a_load():
    assert work_file(2, 17) == "work/map-2/000017.arrow"


def test_an_unfinished_run_shows_rows_of_both_kinds_of_files(tmp_path, monkeypatch):
    """Loads that went through the last pass have Parquet, others still lie between two passes."""
    monkeypatch.setattr(Run, "_files_so_far", lambda self, kind: [tmp_path / "a.parquet", tmp_path / "b.arrow"])
    pq.write_table(pa.Table.from_batches([batch(3)]).drop_columns(["row"]), tmp_path / "a.parquet")
    written(tmp_path / "b.arrow", batch(4, 5))
    (tmp_path / "plan.json").write_text("{}")
    found = Run(tmp_path).dataset("data").to_table(columns=["id", "text"])
    assert sorted(found["id"].to_pylist()) == ["d3", "d4", "d5"]


def test_the_digest_is_that_of_all_bytes(tmp_path):
    written(tmp_path / "a.arrow", batch(*range(40)))
    content = bytearray((tmp_path / "a.arrow").read_bytes())
    before = digest(tmp_path / "a.arrow")
    first, second = hashes.digest(bytes(content))
    assert before == f"murmur3:{first:016x}{second:016x}"
    for at in (0, len(content) // 2, len(content) - 1):
        content[at] ^= 1
        (tmp_path / "b.arrow").write_bytes(content)
        assert digest(tmp_path / "b.arrow") != before


def test_later_passes_may_have_more_columns(tmp_path, monkeypatch):
    monkeypatch.setattr(Run, "_files_so_far", lambda self, kind: [tmp_path / "a.arrow", tmp_path / "b.arrow"])
    written(tmp_path / "a.arrow", batch(1))
    more = batch(2).append_column("split", pa.array(["test"]))
    writer = WorkWriter(tmp_path / "b.arrow")
    writer.write(more)
    writer.close()
    (tmp_path / "plan.json").write_text("{}")
    assert Run(tmp_path).table("data", ["id", "split"]).sort_by("id").to_pylist() == [
        {"id": "d1", "split": None},
        {"id": "d2", "split": "test"},
    ]
