"""Samples to look at: the same each time, a few of each group."""

import toy

from corpus_kit.samples import sample, sample_lines
from corpus_kit.sampling import hash64


def test_kept_first_then_the_stages_in_order(toy_run):
    found = [(one["verdict"], one["stage"], one["code"], one["lang"]) for one in sample(toy_run)]
    assert found == [
        ("kept", "", "", "dan_Latn"),
        ("kept", "", "", "eng_Latn"),
        ("kept", "", "", "swe_Latn"),
        ("rejected", "read", "read.no_text", None),
        ("rejected", "filter", "toy_rules.word_count", "dan_Latn"),
        ("rejected", "dedup", "dedup.exact", "dan_Latn"),
        ("rejected", "dedup.2", "dedup.minhash", "swe_Latn"),
    ]


def test_one_stage_one_code_or_one_source(toy_run):
    assert [one["code"] for one in sample(toy_run, stage="dedup")] == ["dedup.exact"]
    assert [one["stage"] for one in sample(toy_run, code="dedup.minhash")] == ["dedup.2"]
    assert len(sample(toy_run, source="toy")) == 7
    assert sample(toy_run, source="other") == []
    assert sample_lines([]) == ["no documents"]


class Rows:
    """A dataset of plain rows."""

    def __init__(self, rows):
        self.rows = rows

    def to_batches(self, columns):
        return [self]

    def to_pylist(self):
        return [dict(row) for row in self.rows]


def test_a_group_is_sampled_by_the_lowest_hashes(toy_run, monkeypatch):
    rows = [{"id": f"t-{i}", "source": "toy", "origin": "o", "lang": "dan_Latn", "text": "x"} for i in range(50)]
    monkeypatch.setattr(type(toy_run), "dataset", lambda self, kind="data": Rows(rows if kind == "data" else []))
    wanted = sorted((row["id"] for row in rows), key=lambda one: hash64("inspect", one))
    assert [one["id"] for one in sample(toy_run, size=3)] == wanted[:3]
    rows.reverse()
    assert [one["id"] for one in sample(toy_run, size=3)] == wanted[:3]
    assert len(sample(toy_run, size=100)) == 50


def test_lines(toy_run):
    ids = {one["origin"]: one["id"] for one in sample(toy_run)}
    assert sample_lines(sample(toy_run, stage="filter") + sample(toy_run, code="read.no_text")) == [
        "== rejected  filter  toy_rules.word_count",
        f"-- {ids['b.jsonl#141']}  dan_Latn  b.jsonl#141",
        "   toy_rules.word_count = 2, kept from 5 to 1000",
        "   For kort.",
        "",
        "== rejected  read  read.no_text",
        f"-- {ids['b.jsonl#183']}  no language  b.jsonl#183",
        "   read.no_text",
    ]
    assert sample_lines(sample(toy_run))[:3] == [
        "== kept",
        f"-- {ids['a.jsonl#0']}  dan_Latn  a.jsonl#0",
        f"   {toy.DANISH}",
    ]


def test_text_is_shown_short_on_one_line_and_without_control_characters():
    row = {"verdict": "kept", "stage": "", "code": "", "id": "a", "lang": None, "origin": "o", "reasons": []}
    lines = sample_lines([row | {"text": "en\n\n  to\x1b[31m \u202etre " + "x" * 1000}])
    assert lines[2] == "   en to�[31m �tre " + "x" * (300 - len("en to.[31m .tre "))
