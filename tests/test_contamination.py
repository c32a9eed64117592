"""Benchmarks are read as they come, their runs of words found, and places cut out as published."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from corpus_kit.contamination.benchmarks import Benchmark, Text, files_of, read_texts
from corpus_kit.contamination.cutting import cut
from corpus_kit.contamination.found import FREQUENT, counted, decided, sizes_of
from corpus_kit.contamination.runs import make_index
from corpus_kit.contamination.sketches import Sketching, alike, make_sketches
from corpus_kit.errors import RecipeError

SQUAD = {"data": [{"paragraphs": [{"context": "En tekst.", "qas": [{"question": "Hva?", "id": 7}]}]}]}


def texts_of(path, **given) -> list[tuple[int, str, str, str]]:
    found = read_texts({"b": Benchmark(files=str(path), **given)})
    return [(one.example, one.id, one.field, one.text) for one in found]


def test_formats(tmp_path):
    rows = [{"q": "Hvem?", "n": 1, "a": ["ja", "nej"]}, {"q": "Hvad e\u030ar det?", "n": 2, "a": []}]
    expected = [(0, "1", "q", "Hvem?"), (1, "2", "q", "Hvad e\u030ar det?")]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "a.json").write_text(json.dumps(rows))
    (tmp_path / "a.csv").write_text("q,n\nHvem?,1\nHvad e\u030ar det?,2\n", "utf-8")
    (tmp_path / "a.tsv").write_text("q\tn\nHvem?\t1\nHvad e\u030ar det?\t2\n", "utf-8")
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    for ending in ("jsonl", "json", "csv", "tsv", "parquet"):
        assert texts_of(tmp_path / f"a.{ending}", fields=["q"], id="n") == expected
    (tmp_path / "a.txt").write_text("en\n\nto\n")
    assert texts_of(tmp_path / "a.txt") == [(0, "", "text", "en"), (1, "", "text", "to")]
    assert [one[2:] for one in texts_of(tmp_path / "a.jsonl")][:3] == [("q", "Hvem?"), ("a", "ja"), ("a", "nej")]


def test_texts_are_composed(tmp_path):
    (tmp_path / "a.txt").write_text("bla\u030abær", "utf-8")
    assert texts_of(tmp_path / "a.txt")[0][3] == "blåbær"


def test_nested_records(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps(SQUAD))
    found = texts_of(tmp_path / "a.json", records="data.paragraphs", fields=["context", "qas.question"], id="qas.id")
    assert found == [(0, "7", "context", "En tekst."), (0, "7", "qas.question", "Hva?")]


@pytest.mark.parametrize(
    ("name", "content", "given", "message"),
    [
        ("a.jsonl", '{"question": "x"}', {"fields": ["qestion"]}, "did you mean 'question'"),
        ("a.jsonl", "{broken", {}, "cannot be read as .jsonl"),
        ("a.json", json.dumps(SQUAD), {}, "as in `records: data`"),
        ("a.json", json.dumps(SQUAD), {"records": "dta"}, "did you mean 'data'"),
        ("a.jsonl", '{"n": 1}', {}, "no example has a text"),
        ("a.jsonl", '{"q": "x"}', {"id": "n"}, "example 0 has no field 'n'"),
        ("a.pdf", "", {}, "not .pdf"),
        ("a.parquet", "nothing", {}, "is no Parquet"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path, name, content, given, message):
    (tmp_path / name).write_text(content)
    with pytest.raises(RecipeError, match=message):
        texts_of(tmp_path / name, **given)


def test_missing_files_and_files_of_one_name(tmp_path):
    (tmp_path / "test.jsonl").write_text("{}")
    with pytest.raises(RecipeError, match=r"did you mean 'test.jsonl'"):
        files_of({"b": Benchmark(files=str(tmp_path / "tst.jsonl"))})
    for folder in ("x/d", "y/d"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "a.txt").write_text(folder)
    with pytest.raises(RecipeError, match="same name"):
        files_of({"b": Benchmark(files={"x": str(tmp_path / "x/d/a.txt"), "y": str(tmp_path / "y/d/a.txt")})})


def text(content: str, example: int = 0) -> Text:
    return Text("b", "test", example, "", "q", content)


def index():
    return make_index([text("a b c d e"), text("c d e f", 1), text("x y", 2), text("z", 3)], n=3, min_words=2)


def test_runs_of_texts():
    found = index()
    pool = found.runs.pool
    runs = {pool[a:b].decode() for a, b in zip(found.runs.begins, found.runs.ends, strict=True)}
    assert runs == {"a b c", "b c d", "c d e", "d e f", "x y"}
    assert found.sizes.tolist() == [3, 2, 1, 0]
    assert [tuple(one) for one in sizes_of(found.texts, found.sizes)] == [("b", "test", 3, 3, 1)]
    assert make_index([], n=3, min_words=2).sizes.tolist() == []


def numbers(found) -> dict[str, int]:
    pool = found.runs.pool
    return {pool[a:b].decode(): i for i, (a, b) in enumerate(zip(found.runs.begins, found.runs.ends, strict=True))}


def places(*rows: tuple[int, str, int, int]) -> pa.Table:
    number = numbers(index())
    row, run, begin, end = zip(*((r, number[name], b, e) for r, name, b, e in rows), strict=True)
    kinds = (pa.uint64(), pa.uint32(), pa.uint32(), pa.uint32())
    columns = [pa.array(one, kind) for one, kind in zip((row, run, begin, end), kinds, strict=True)]
    return pa.table(columns, names=["row", "run", "begin", "end"])


def test_frequent_runs_leave_one_place_with_the_number_of_documents():
    rows = places((5, "a b c", 0, 5), (5, "a b c", 9, 14), (2, "a b c", 1, 6), (7, "x y", 0, 3), (1, "a b c", 3, 8))
    kept = counted(rows, 2)
    one = {name: column.to_pylist() for name, column in zip(kept.schema.names, kept.columns, strict=True)}
    assert sorted(zip(one["row"], one["begin"], one["end"], strict=True)) == [(1, 3, FREQUENT), (7, 0, 3)]
    assert counted(rows, 3).num_rows == 5
    assert counted(rows, None).num_rows == 5
    assert counted(rows.slice(0, 0), 2).num_rows == 0


def test_shares_of_texts_and_joined_places():
    rows = places((1, "a b c", 0, 5), (1, "b c d", 2, 7), (1, "c d e", 20, 25), (3, "x y", 0, 3))
    found = decided(rows, index(), n=3, at_least=None, min_share=0.6, removes=True).to_pylist()
    told = [(one["row"], one["example"], one["kind"], one["found"], one["of"], one["removed"]) for one in found]
    assert told == [(1, 0, "ngram", 3, 3, True), (1, 1, "ngram", 1, 2, False), (3, 2, "whole", 1, 1, True)]
    assert found[0]["spans"] == [{"begin": 0, "end": 7}, {"begin": 20, "end": 25}]
    lenient = decided(rows, index(), n=3, at_least=2, min_share=None, removes=False).to_pylist()
    assert [one["contaminated"] for one in lenient] == [True, False, False]


def test_too_frequent_ngrams_are_told_of_and_do_not_count():
    rows = counted(places(*((row, "a b c", 0, 5) for row in range(3, 9))), 5)
    [one] = decided(rows, index(), n=3, at_least=1, min_share=None, removes=True).to_pylist()
    assert (one["row"], one["kind"], one["documents"], one["contaminated"]) == (3, "frequent", 6, False)


WORDS = " ".join(f"ord{i}" for i in range(200))


def test_a_cut_takes_the_margin_and_ends_at_words():
    at = WORDS.index("ord100")
    left = cut(WORDS, [(at, at + 6)], margin=20, min_piece=5)
    assert left.text == WORDS[: WORDS.index("ord96") - 1] + "\n\n" + WORDS[WORDS.index("ord104") :]
    assert (left.cuts, left.pieces) == (1, 2)


def test_near_places_are_cut_as_one_and_short_pieces_go():
    at, then = WORDS.index("ord100"), WORDS.index("ord110")
    assert cut(WORDS, [(at, at + 6), (then, then + 6)], margin=40, min_piece=1).cuts == 1
    apart = cut(WORDS, [(at, at + 6), (then, then + 6)], margin=7, min_piece=60)
    assert (apart.cuts, apart.pieces, apart.text.count("\n\n")) == (2, 3, 1)
    assert cut(WORDS, [(0, len(WORDS))], margin=0, min_piece=1).text == ""


def test_places_are_bytes_and_margins_characters():
    long = "åå " * 100 + "målet" + " øø" * 100
    begin = len(long[:300].encode())
    left = cut(long, [(begin, begin + 6)], margin=30, min_piece=1)
    assert left.text == ("åå " * 90).strip() + "\n\n" + ("øø " * 90).strip()


def test_what_has_no_spaces_is_cut_by_the_margin_alone():
    left = cut("x" * 1000, [(500, 510)], margin=100, min_piece=1)
    assert [len(piece) for piece in left.text.split("\n\n")] == [400, 390]


def test_edited_texts_and_paragraphs_are_alike():
    how = Sketching(ngram=2, bands=48, rows=3, seed=1)
    sketches = make_sketches([text(WORDS), text("for kort", 1)], how, min_words=5)
    edited = WORDS.replace("ord50", "andet").replace("ord150", "andet")
    other = " ".join(f"anden{i}" for i in range(400))
    documents = pa.array([other, edited, f"{other}\n\n{edited}\n \n{other}", None, ""], pa.large_string())
    found = alike(documents, sketches, how, measure="jaccard", threshold=0.8)
    assert (found.document.tolist(), found.text.tolist()) == ([1, 2], [0, 0])
    assert np.allclose(found.similarity, 195 / 203)
    inside = alike(documents, sketches, how, measure="containment", threshold=0.9)
    assert np.allclose(inside.similarity, 195 / 199)
