"""Texts of files, records and lines, and what is printed of their languages."""

import gzip
import json

import pytest
import toy

from corpus_kit import labeling
from corpus_kit.errors import PlanError

SWEDISH = toy.SWEDISH


@pytest.fixture(scope="module")
def stage():
    return labeling.stage_for(model=None, wide=None, paragraphs=False)


def texts(stage, path, **options):
    return [one for group in labeling.told(stage, str(path), **options) for one in group]


def lines(stage, path):
    return [one for group in labeling.told_lines(stage, str(path)) for one in group]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_a_text_file_is_one_text_in_any_usual_encoding(stage, tmp_path, encoding):
    path = tmp_path / "a.txt"
    path.write_bytes(SWEDISH.encode(encoding))
    [answer] = texts(stage, path)
    assert answer["text"] == str(path)
    assert answer["lang"] == "swe_Latn"
    assert answer["lang_score"] > 0.7
    assert answer["lang_margin"] <= answer["lang_score"]


def test_records_are_told_one_by_one_with_their_line(stage, tmp_path):
    path = tmp_path / "b.jsonl.gz"
    records = [
        json.dumps({"text": toy.DANISH, "id": 1}),
        "",
        '{"title": 1}',
        "no record",
        json.dumps({"text": SWEDISH}),
    ]
    path.write_bytes(gzip.compress("\n".join(records).encode()))
    found = texts(stage, path)
    assert [one["text"].rpartition(":")[2] for one in found] == ["1", "3", "4", "5"]
    assert [one["lang"] for one in found] == ["dan_Latn", "und", "und", "swe_Latn"]


def test_a_record_with_half_a_letter_is_told_too(stage, tmp_path):
    (tmp_path / "c.jsonl").write_text('{"text": "' + SWEDISH + ' \\ud800"}\n', "utf-8")
    assert [one["lang"] for one in texts(stage, tmp_path / "c.jsonl")] == ["swe_Latn"]


def test_many_records_come_in_groups(stage, tmp_path, monkeypatch):
    monkeypatch.setattr(labeling, "_RECORDS", 2)
    (tmp_path / "d.jsonl").write_text((json.dumps({"text": SWEDISH}) + "\n") * 5)
    assert [len(group) for group in labeling.told(stage, str(tmp_path / "d.jsonl"))] == [2, 2, 1]


def test_every_line_is_told_blank_ones_too(stage, tmp_path, monkeypatch):
    path = tmp_path / "e.txt"
    path.write_bytes(f"{toy.DANISH}\r\n\r\n{SWEDISH}\n{toy.ENGLISH}".encode())
    expected = [(1, "dan_Latn"), (2, "und"), (3, "swe_Latn"), (4, "eng_Latn")]
    assert [(one["line"], one["lang"]) for one in lines(stage, path)] == expected
    monkeypatch.setattr(labeling, "_PIECE", 7)
    assert [(one["line"], one["lang"]) for one in lines(stage, path)] == expected


def test_empty_files_are_fine(stage, tmp_path):
    for name in ("a.txt", "a.jsonl"):
        (tmp_path / name).write_bytes(b"")
    assert [one["lang"] for one in texts(stage, tmp_path / "a.txt")] == ["und"]
    assert texts(stage, tmp_path / "a.jsonl") == []
    assert lines(stage, tmp_path / "a.txt") == []


def test_shares_are_told_with_paragraphs(tmp_path):
    (tmp_path / "f.txt").write_text(f"{toy.DANISH}\n{toy.ENGLISH}\n{toy.DANISH}", "utf-8")
    stage = labeling.stage_for(model=None, wide=None, paragraphs=True)
    [answer] = texts(stage, tmp_path / "f.txt")
    assert [one["lang"] for one in answer["lang_shares"]] == ["dan_Latn", "eng_Latn"]
    assert labeling.text_lines(answer)[1] == "  share dan_Latn 65.5%, eng_Latn 34.5%"


def test_lines_of_records_make_no_sense(stage, tmp_path):
    (tmp_path / "a.jsonl").write_text("{}\n")
    with pytest.raises(PlanError, match=r"a.jsonl holds records, which are labeled one by one"):
        lines(stage, tmp_path / "a.jsonl")


def test_a_file_too_large_for_a_text_is_told(stage, tmp_path, monkeypatch):
    monkeypatch.setattr(labeling, "MAX_RECORD_BYTES", 10)
    (tmp_path / "a.txt").write_text("eleven char")
    with pytest.raises(PlanError, match=r"a.txt is larger than 0 MB; label its lines with --lines"):
        texts(stage, tmp_path / "a.txt")


def test_the_best_labels_are_told_in_order(stage, tmp_path):
    (tmp_path / "a.txt").write_text(toy.DANISH, "utf-8")
    [answer] = texts(stage, tmp_path / "a.txt", top=3)
    best = answer["best"]
    assert [one["lang"] for one in best][:2] == [answer["lang"], answer["lang_runner_up"]]
    assert len(best) == 3
    assert best[0]["score"] == answer["lang_score"]
    assert best[0]["score"] >= best[1]["score"] >= best[2]["score"] >= 0
    assert labeling.line_line(answer).count(":") == 3
    assert len(labeling.text_lines(answer)) == 4
