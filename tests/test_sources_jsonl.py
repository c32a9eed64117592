import bz2
import gzip
import json
import tracemalloc
from collections import Counter

import orjson
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus_kit.errors import PlanError
from corpus_kit.schema import READ_SCHEMA
from corpus_kit.sources import Binding, Unit, document_id
from corpus_kit.sources.jsonl import Jsonl, parse_record, split_lines

READER = Jsonl()
BINDING = Binding(source="adl", category="books", license="CC0-1.0")


def unit(path, start=0, end=None, limit=None) -> Unit:
    relative = path.name
    return Unit(
        ordinal=0,
        source="adl",
        format="jsonl",
        path=str(path),
        relative=relative,
        start=start,
        end=end,
        size=1,
        limit=limit,
    )


def read(path, ranges=((0, None),), binding=BINDING, batch_rows=1000, batch_bytes=1 << 20, reader=READER, limit=None):
    """Rows as dicts, and what was skipped."""
    skipped: Counter[str] = Counter()
    rows = []
    for start, end in ranges:
        one = unit(path, start, end, limit)
        for batch in reader.read(one, binding, skipped, batch_rows=batch_rows, batch_bytes=batch_bytes):
            assert batch.schema.equals(READ_SCHEMA)
            batch.validate(full=True)
            assert 0 < batch.num_rows <= batch_rows
            rows += batch.to_pylist()
    return rows, dict(skipped)


def reasons(rows):
    return [row["reasons"][0]["code"] if row["reasons"] else None for row in rows]


def one(data: bytes, tmp_path):
    (tmp_path / "one.jsonl").write_bytes(data)
    (row,), _ = read(tmp_path / "one.jsonl")
    return row


def test_columns_of_a_record(tmp_path):
    record = {
        "id": 17,
        "text": "Det var så.",
        "url": "https://example.dk/",
        "title": None,
        "created": 1898,
        "b": {"y": 1, "x": [None]},
        "a": 1.5,
        "license": "",
        "source": "theirs",
    }
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + orjson.dumps(record) + b"\r\n" + orjson.dumps({"text": "", "license": "MIT"}))
    (first, second), skipped = read(path)
    assert skipped == {}
    assert first == dict.fromkeys(READ_SCHEMA.names) | {
        "id": document_id("adl", "a.jsonl", 0),
        "origin": "a.jsonl#0",
        "source": "adl",
        "category": "books",
        "license": "CC0-1.0",
        "source_id": "17",
        "url": "https://example.dk/",
        "created": "1898",
        "text": "Det var så.",
        "meta": '{"a":1.5,"b":{"x":[null],"y":1},"source":"theirs","title":null}',
    }
    assert (second["text"], second["license"], second["meta"]) == ("", "MIT", None)


def test_fields_are_mapped(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"content": "a", "text": "b", "sprog": "dan_Latn", "cat": "law", "published": "1999"}\n')
    fields = {"text": "content", "lang": "sprog", "category": "cat", "created": "published"}
    (row,), _ = read(path, binding=BINDING.model_copy(update={"fields": fields}))
    assert [row[name] for name in ("text", "lang", "category", "created")] == ["a", "dan_Latn", "law", "1999"]
    assert row["meta"] == '{"text":"b"}'
    with pytest.raises(PlanError, match="did you mean 'title'"):
        READER.check(str(path), BINDING.model_copy(update={"fields": {"titel": "t"}}))


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"text": "a"}', None),
        (b'{"text": null}', "read.no_text"),
        (b'{"text": 5}', "read.no_text"),
        (b'{"text": ["a"]}', "read.no_text"),
        (b"{}", "read.no_text"),
        (b"[1]", "read.bad_record"),
        (b'"text"', "read.bad_record"),
        (b"null", "read.bad_record"),
        (b"NaN", "read.bad_record"),
        (b'{"text": "a"', "read.bad_record"),
        (b'{"text": "a"} {"text": "b"}', "read.bad_record"),
        (b"\x00\x00\x00", "read.bad_record"),
        ('{"text": "a"}'.encode("utf-16-le"), "read.bad_record"),
        (b'{"text": "a", "x": ' + b"[" * 200_000 + b"]" * 200_000 + b"}", "read.bad_record"),
        (b'{"text": "a", "x": ' + b"[" * 200_000, "read.bad_record"),
        (b'{"text": "a", "x": ' + b"[" * 300 + b"]" * 300 + b"}", "read.bad_record"),
        (b'{"text": "a", "y": NaN, "x": ' + b"[" * 300 + b"]" * 300 + b"}", "read.bad_record"),
        (b'{"text": "a", "x": ' + b"[" * 250 + b"]" * 250 + b"}", None),
        (b'{"text": "a", "x": ' + b"9" * 100_000 + b"}", "read.bad_record"),
    ],
)
def test_good_and_bad_records(tmp_path, line, reason):
    row = one(line, tmp_path)
    assert reasons([row]) == [reason]
    assert row["text"] == ("a" if reason is None else None)


@pytest.mark.parametrize(
    ("line", "text", "meta"),
    [
        (b'{"text": "a\xffb"}', "a\ufffdb", {"repaired": True}),
        (b'{"text": "a\\ud800b", "\\udfff": 1}', "a\ufffdb", {"repaired": True, "\ufffd": 1}),
        (b'{"text": "\\ud83d\\ude00 \\udead"}', "\U0001f600 \ufffd", {"repaired": True}),
        ('{"text": "already \ufffd", "x": NaN}'.encode(), "already \ufffd", {"x": None}),
        (b'{"text": "a", "x": -Infinity, "y": 1e999, "z": 1e16}', "a", {"x": None, "y": None, "z": 1e16}),
        (b'{"text": "a", "n": 123456789012345678901234567890}', "a", {"n": 123456789012345678901234567890}),
        (b'{"text": "a", "n": [18446744073709551616], "s": "1e+5"}', "a", {"n": [18446744073709551616], "s": "1e+5"}),
    ],
)
def test_repairs(tmp_path, line, text, meta):
    row = one(line, tmp_path)
    assert (row["text"], json.loads(row["meta"]), row["reasons"]) == (text, meta, None)


def test_a_huge_number_can_be_an_identifier():
    columns, reason = parse_record(
        b'{"id": 123456789012345678901234567890, "text": "a"}', {"text": "text", "source_id": "id"}
    )
    assert (columns, reason) == ({"text": "a", "source_id": "123456789012345678901234567890"}, None)


def test_blank_lines_are_counted_not_read(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'\n{"text":"a"}\n  \r\n\n{"text":"b"}\n\n')
    rows, skipped = read(path)
    assert [row["origin"] for row in rows] == ["a.jsonl#1", "a.jsonl#19"]
    assert skipped == {"read.not_a_document": 4}


def test_an_empty_file_has_no_rows(tmp_path):
    (tmp_path / "a.jsonl").touch()
    assert read(tmp_path / "a.jsonl") == ([], {})


def test_a_giant_line_is_one_row_and_not_held_beyond_the_cap(tmp_path):
    path = tmp_path / "a.jsonl"
    with path.open("wb") as file:
        file.write(b'{"text":"a"}\n')
        file.seek(200 << 20, 1)
        file.write(b'\n{"text":"b"}\n')
    tracemalloc.start()
    rows, _ = read(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert reasons(rows) == [None, "read.too_large", None]
    assert rows[1]["reasons"][0]["value"] == 200 << 20
    assert rows[1]["reasons"][0]["high"] == 100 << 20
    assert rows[2]["text"] == "b"
    assert peak < 110 << 20


def test_split_covers_the_file(tmp_path):
    assert READER.split("a.jsonl", 1000, 300) == [(0, 250), (250, 500), (500, 750), (750, None)]
    assert READER.split("a.jsonl", 0, 300) == [(0, None)]
    assert READER.split("a.jsonl.gz", 1000, 300) == [(0, None)]


def test_limit(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"text":"a"}\n' * 10)
    assert len(read(path, limit=3)[0]) == 3
    assert len(read(path, limit=3, batch_rows=2)[0]) == 3


@pytest.mark.parametrize("ending", [".gz", ".bz2", ".zst"])
def test_compressed_files_give_the_same_rows(tmp_path, ending):
    data = b"".join(orjson.dumps({"text": f"linje {i}", "i": i}) + b"\n" for i in range(3000))
    pack = {".gz": gzip.compress, ".bz2": bz2.compress, ".zst": lambda d: pa.Codec("zstd").compress(d, asbytes=True)}[
        ending
    ]
    (tmp_path / "plain").mkdir()
    (tmp_path / "plain/a").write_bytes(data)
    (tmp_path / ("a" + ending)).write_bytes(pack(data))
    plain, _ = read(tmp_path / "plain/a")
    packed, _ = read(tmp_path / ("a" + ending))
    assert len(plain) == 3000
    for a, b in zip(plain, packed, strict=True):
        assert (a["text"], a["meta"], a["origin"].partition("#")[2]) == (
            b["text"],
            b["meta"],
            b["origin"].partition("#")[2],
        )

    (tmp_path / ("cut" + ending)).write_bytes(pack(data[:70_000]) + pack(data[70_000:])[:-20])
    cut, _ = read(tmp_path / ("cut" + ending))
    complete = data[:70_000].count(b"\n")
    assert complete < len(cut) <= 3001
    assert reasons(cut) == [None] * (len(cut) - 1) + ["read.damaged"]
    assert [row["text"] for row in cut[:-1]] == [row["text"] for row in plain[: len(cut) - 1]]


def test_a_json_document_is_user_trouble(tmp_path):
    path = tmp_path / "a.json"
    for document in (b'[\n{"text": "a"}]', b'{\n"text": "a"}', b'[{"text": "a"}, {"text": "b"}]'):
        path.write_bytes(document)
        with pytest.raises(PlanError, match="not one object a line"):
            READER.check(str(path), BINDING)
    path.write_bytes(b'{"text": "a"}\n{"text": "b"}')
    READER.check(str(path), BINDING)


LINES = st.lists(
    st.one_of(
        st.dictionaries(st.sampled_from(["text", "id", "x"]), st.text(max_size=8) | st.integers(-(2**63), 2**63)).map(
            orjson.dumps
        ),
        st.sampled_from([b"", b" ", b"\r", b"{", b'{"text":"\xff"}', b'{"text":"\\ud800"}', b"x" * 100]),
        st.binary(max_size=6),
    ),
    max_size=12,
)


class Small(Jsonl):
    max_record_bytes = 50


@settings(max_examples=150, deadline=None)
@given(
    lines=LINES,
    cuts=st.lists(st.integers(0, 300), max_size=4),
    batch_rows=st.integers(1, 5),
    batch_bytes=st.integers(1, 200),
)
def test_rows_do_not_depend_on_splits_and_batches(tmp_path_factory, lines, cuts, batch_rows, batch_bytes):
    path = tmp_path_factory.mktemp("split") / "a.jsonl"
    path.write_bytes(b"\n".join(lines))
    whole = read(path, reader=Small())
    borders = sorted({0, *cuts})
    ranges = list(zip(borders, [*borders[1:], None], strict=True))
    assert read(path, ranges, reader=Small(), batch_rows=batch_rows, batch_bytes=batch_bytes) == whole


@given(st.binary(max_size=60), st.integers(1, 9), st.integers(1, 20))
def test_lines_are_those_of_split(data, step, cap):
    pieces = iter([data[i : i + step] for i in range(0, len(data), step)])
    expected, offset = [], 0
    for part in data.split(b"\n"):
        expected.append((offset, part) if len(part) <= cap else (offset, len(part)))
        offset += len(part) + 1
    if data.endswith(b"\n") or not data:
        expected.pop()
    found = list(split_lines(lambda _: next(pieces, b""), 0, float("inf"), cap))
    assert [(line.offset, line.size if line.reason else line.data) for line in found] == expected


def test_a_wrong_text_field_is_found_before_the_run(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text("".join(f'{{"broedtekst": "t {i}", "id": {i}}}\n' for i in range(30)))
    binding = Binding(source="s1", fields={"text": "brodtekst"})
    with pytest.raises(PlanError, match=r"none of the first 30 records .* did you mean 'broedtekst'\?"):
        Jsonl().check(str(path), binding)
    Jsonl().check(str(path), Binding(source="s1", fields={"text": "broedtekst"}))
