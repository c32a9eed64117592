from corpus_kit.schema import READ_SCHEMA
from corpus_kit.sources import MAX_RECORD_BYTES, Binding, Unit, document_id
from corpus_kit.sources.rows import Row, to_batches

BINDING = Binding(source="adl", category="books", license="CC0-1.0")


def batches(rows, limit=None, batch_rows=100, batch_bytes=100):
    unit = Unit(ordinal=0, source="adl", format="text", path="x", relative="å/b.txt", size=1, limit=limit)
    return list(to_batches(rows, unit, BINDING, batch_rows=batch_rows, batch_bytes=batch_bytes))


def test_columns():
    (batch,) = batches(
        [
            Row(5, 1, {"text": "a", "license": "MIT", "category": "law", "raw": b"\xff"}),
            Row("5+1", 2, {"license": ""}, "read.bad_record"),
            Row(9, 3, {}, "read.too_large"),
        ]
    )
    assert batch.schema.equals(READ_SCHEMA)
    assert batch["id"].to_pylist() == [document_id("adl", "å/b.txt", locator) for locator in (5, "5+1", 9)]
    assert batch["origin"].to_pylist() == ["å/b.txt#5", "å/b.txt#5+1", "å/b.txt#9"]
    assert batch["license"].to_pylist() == ["MIT", "CC0-1.0", "CC0-1.0"]
    assert batch["category"].to_pylist() == ["law", "books", "books"]
    assert batch["raw"].to_pylist() == [b"\xff", None, None]
    nothing = {"value": None, "low": None, "high": None}
    assert batch["reasons"].to_pylist() == [
        None,
        [{"code": "read.bad_record"} | nothing],
        [{"code": "read.too_large"} | nothing | {"value": 3.0, "high": float(MAX_RECORD_BYTES)}],
    ]


def test_batches_are_capped_by_rows_and_bytes():
    sizes = [len(batch) for batch in batches([Row(i, 40, {}) for i in range(7)])]
    assert sizes == [3, 3, 1]
    assert [len(batch) for batch in batches([Row(i, 40, {}) for i in range(7)], batch_rows=2)] == [2, 2, 2, 1]
    assert [len(batch) for batch in batches([Row(i, 500, {}) for i in range(2)])] == [1, 1]
    assert batches([]) == []


def test_a_limit_reads_no_further():
    seen = []

    def rows():
        for i in range(9):
            seen.append(i)
            yield Row(i, 1, {})

    assert sum(len(batch) for batch in batches(rows(), limit=4)) == 4
    assert seen == [0, 1, 2, 3]
