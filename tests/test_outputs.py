"""Parts, rejects and metrics of one unit: the same whatever the batches."""

import itertools

import pyarrow as pa
import pytest
import toy
from hypothesis import example, given, settings
from hypothesis import strategies as st

from corpus_kit import outputs
from corpus_kit.outputs import REJECTS, MetricsWriter, PartWriter, RejectWriter
from corpus_kit.sampling import hash64
from corpus_kit.schema import Reason, set_columns, set_reasons
from corpus_kit.tables import read_table


def pieces(rows: pa.RecordBatch, cuts: list[int]) -> list[pa.RecordBatch]:
    borders = sorted({0, *(cut for cut in cuts if cut <= rows.num_rows), rows.num_rows})
    return [rows.slice(a, b - a) for a, b in itertools.pairwise(borders)]


def parts(folder, sizes: list[int], part_bytes: int | None, cuts: list[int] = []):  # noqa: B006
    """The rows of each part, and what the writer says of them."""
    folder.mkdir(exist_ok=True)
    batch = toy.batch(["x" * size for size in sizes])
    writer = PartWriter(folder, batch.schema, part_bytes)
    for one in pieces(batch, cuts):
        writer.write(one)
    made = writer.finish()
    rows = [read_table(folder / f"data-{i:03d}.parquet")["row"].to_pylist() for i in range(len(made))]
    return rows, made


def test_a_part_is_full_before_the_row_that_would_overfill_it(tmp_path):
    rows, made = parts(tmp_path, [4, 6, 1, 25, 3, 3, 3, 3], 10)
    assert rows == [[0, 1], [2], [3], [4, 5, 6], [7]]
    assert [text_bytes for _, text_bytes in made] == [10, 1, 25, 9, 3]
    assert [info.rows for info, _ in made] == [2, 1, 1, 3, 1]


def test_without_a_limit_there_is_one_part_and_without_rows_none(tmp_path):
    assert parts(tmp_path, [100, 200, 300], None)[0] == [[0, 1, 2]]
    assert PartWriter(tmp_path, None, 10).finish() == []


@given(sizes=st.lists(st.integers(1, 14), max_size=20), cuts=st.lists(st.integers(0, 20), max_size=6))
@example(sizes=[5, 5, 1], cuts=[2])
@settings(deadline=None, max_examples=60)
def test_borders_of_parts_do_not_depend_on_batches(tmp_path_factory, sizes, cuts):
    folder = tmp_path_factory.mktemp("parts")
    assert parts(folder / "cut", sizes, 10, cuts) == parts(folder / "whole", sizes, 10)


@pytest.mark.parametrize(
    ("sizes", "cut"),
    [([11, 0], 1), ([0, 11], 1), ([10, 0, 1], 1), ([10, 0, 1], 2)],
)
def test_rows_without_text_do_not_make_borders_depend_on_batches(tmp_path, sizes, cut):
    assert parts(tmp_path / "cut", sizes, 10, [cut])[0] == parts(tmp_path / "whole", sizes, 10)[0]


def test_rows_take_the_columns_of_the_schema(tmp_path):
    schema = pa.schema([("id", pa.string()), ("text", pa.large_string()), ("weight", pa.float64())])
    writer = PartWriter(tmp_path, schema, 100)
    writer.write(pa.record_batch({"text": ["a"], "scratch": [1], "id": ["s-0"]}))
    writer.finish()
    assert read_table(tmp_path / "data-000.parquet").to_pylist() == [{"id": "s-0", "text": "a", "weight": None}]


def rejects(count: int, code: str = "a.b", **columns) -> pa.RecordBatch:
    batch = toy.batch([f"text {i}" for i in range(count)], **columns)
    return set_reasons(batch, [Reason(i, code, i) for i in range(count)])


def write_rejects(path, policy: str, batches: list[tuple[str, pa.RecordBatch]]):
    writer = RejectWriter(policy)
    for stage_id, batch in batches:
        writer.write(stage_id, batch)
    info, samples = writer.finish(path)
    return (None if info is None else read_table(path)), samples


def test_rejects_are_written_in_row_order_with_stage_and_size(tmp_path):
    late, early = rejects(2, row=[5, 9]), rejects(2, "c.d", row=[7, 1], id=["s-7", "s-1"], lang=["dan_Latn", None])
    table, _ = write_rejects(tmp_path / "r.parquet", "all", [("first", late), ("second", early)])
    assert table is not None
    assert table.schema.names == REJECTS.names
    rows = table.select(["id", "stage", "lang", "text_bytes", "text"]).to_pylist()
    assert rows == [
        {"id": "s-1", "stage": "second", "lang": None, "text_bytes": 6, "text": "text 1"},
        {"id": "s-0", "stage": "first", "lang": None, "text_bytes": 6, "text": "text 0"},
        {"id": "s-7", "stage": "second", "lang": "dan_Latn", "text_bytes": 6, "text": "text 0"},
        {"id": "s-1", "stage": "first", "lang": None, "text_bytes": 6, "text": "text 1"},
    ]
    assert [one[0]["code"] for one in table["reasons"].to_pylist()] == ["c.d", "a.b", "c.d", "a.b"]


def test_nothing_rejected_makes_no_file(tmp_path):
    assert write_rejects(tmp_path / "r.parquet", "sample", []) == (None, {})
    assert not (tmp_path / "r.parquet").exists()


def test_no_text_is_kept_if_none_is_asked_for(tmp_path):
    table, samples = write_rejects(tmp_path / "r.parquet", "none", [("s", rejects(3))])
    assert table is not None
    assert table["text"].to_pylist() == [None, None, None]
    assert table["text_bytes"].to_pylist() == [6, 6, 6]
    assert samples == {}


@given(cuts=st.lists(st.integers(0, 70), max_size=8))
@settings(deadline=None, max_examples=30)
def test_the_sample_is_of_the_lowest_hashes_whatever_the_batches(tmp_path_factory, cuts):
    folder = tmp_path_factory.mktemp("rejects")
    langs = ["dan_Latn" if i % 10 else None for i in range(70)]
    batch = rejects(70, lang=langs)
    table, samples = write_rejects(folder / "r.parquet", "sample", [("s", one) for one in pieces(batch, cuts)])
    assert table is not None
    ids = {lang: [f"s-{i}" for i in range(70) if langs[i] == lang] for lang in ("dan_Latn", None)}
    ranked = {lang: sorted(found, key=lambda one: hash64("reject-sample", one)) for lang, found in ids.items()}
    lowest = {lang: found[: outputs.SAMPLE_SIZE] for lang, found in ranked.items()}
    with_text = {row["id"]: row["text"] for row in table.to_pylist() if row["text"] is not None}
    assert set(with_text) == {*lowest["dan_Latn"], *lowest[None]}
    assert with_text[lowest[None][0]] == f"text {lowest[None][0][2:]}"
    assert samples == {
        f"s|a.b|s|{lang or ''}": tuple(f"{hash64('reject-sample', one):016x}" for one in found)
        for lang, found in lowest.items()
    }


def test_samples_are_apart_by_stage_first_reason_source_and_language(tmp_path):
    batch = rejects(3, source=["s", "t", "s"])
    batch = set_reasons(batch, [Reason(0, "x"), Reason(0, "y"), Reason(1, "x"), Reason(2, "y")])
    _, samples = write_rejects(tmp_path / "r.parquet", "sample", [("one", batch), ("two", batch.slice(0, 1))])
    assert list(samples) == ["one|x|s|", "one|x|t|", "one|y|s|", "two|x|s|"]


def metrics_batch(count: int = 5) -> pa.RecordBatch:
    batch = toy.batch(["x"] * count, lang=["dan_Latn", "swe_Latn", "dan_Latn", None, "dan_Latn"][:count])
    words = pa.array([1.0, 3.0, 50.0, 2.0, None][:count])
    return set_columns(batch, {"metrics": pa.StructArray.from_arrays([words], names=["word_count"])})


@pytest.mark.parametrize("cuts", [[], [1, 3]])
def test_metrics_are_stored_and_counted_by_language(tmp_path, cuts):
    writer = MetricsWriter(tmp_path, "000000")
    batch, kept = metrics_batch(), pa.array([True, False, True, True, False])
    at = 0
    for one in pieces(batch, cuts):
        writer.write("filter", one, kept.slice(at, one.num_rows))
        at += one.num_rows
    assert writer.histograms() == {
        "filter word_count ": {"2": 1},
        "filter word_count dan_Latn": {"1": 1, "45.2548": 1, "nan": 1},
        "filter word_count swe_Latn": {"2.82843": 1},
    }
    assert {stage_id: info.rows for stage_id, info in writer.finish().items()} == {"filter": 5}
    table = read_table(tmp_path / "metrics.filter.parquet")
    assert table.schema.names == ["id", "source", "category", "lang", "kept", "text_bytes", "word_count"]
    assert table["text_bytes"].to_pylist() == [1] * 5
    assert table["word_count"].to_pylist() == [1.0, 3.0, 50.0, 2.0, None]
    assert table["kept"].to_pylist() == [True, False, True, True, False]


def test_each_stage_has_a_metrics_file_of_its_own(tmp_path):
    writer = MetricsWriter(tmp_path, "000000")
    for stage_id in ("filter", "filter.2"):
        writer.write(stage_id, metrics_batch(2), pa.array([True, True]))
    assert sorted(writer.finish()) == ["filter", "filter.2"]
    assert sorted(one.name for one in tmp_path.iterdir()) == ["metrics.filter.2.parquet", "metrics.filter.parquet"]
