"""Conversations from files: one document each, its roles remembered, what is damaged a reason."""

import gzip
import json
from collections import Counter

import pytest
import toy

from corpus_kit.chat.turns import read_turns
from corpus_kit.errors import PlanError
from corpus_kit.sources import Binding, Unit, document_id, reader_for

HEJ = {"messages": [{"role": "user", "content": "Hej"}, {"role": "assistant", "content": "Goddag"}], "id": 3, "b": 1}
TREE = {
    "prompt": {
        "role": "prompter",
        "text": "Hej",
        "message_id": "q",
        "replies": [
            {"role": "assistant", "text": "Goddag", "message_id": "a", "replies": []},
            {"role": "assistant", "text": "Dav", "message_id": "b", "replies": []},
        ],
    }
}


def read(tmp_path, shape: str, *lines: object) -> list[dict]:
    path = tmp_path / "x.jsonl.gz"
    rows = [one if isinstance(one, bytes) else json.dumps(one).encode() for one in lines]
    path.write_bytes(gzip.compress(b"\n".join(rows)))
    unit = Unit(ordinal=0, source="s", format=shape, path=str(path), relative="x.jsonl.gz", size=1)
    batches = reader_for(shape).read(unit, Binding(source="s"), Counter(), batch_rows=10, batch_bytes=1 << 20)
    return [row for batch in batches for row in batch.to_pylist()]


def test_a_conversation_is_one_document(tmp_path):
    [row] = read(tmp_path, "chat", HEJ)
    assert [turn.content for turn in read_turns(row["text"])] == ["Hej", "Goddag"]
    assert json.loads(row["meta"]) == {"b": 1, "roles": ["user", "assistant"]}
    assert (row["source_id"], row["id"], row["reasons"]) == ("3", document_id("s", "x.jsonl.gz", 0), None)


def test_several_conversations_of_a_record_have_ids_of_their_own(tmp_path):
    first, second = read(tmp_path, "oasst", TREE)
    assert [read_turns(row["text"])[1].content for row in (first, second)] == ["Goddag", "Dav"]
    assert [row["origin"] for row in (first, second)] == ["x.jsonl.gz#0.0", "x.jsonl.gz#0.1"]
    assert json.loads(second["meta"])["part"] == "b"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{", "read.bad_record"),
        (b"[1]", "read.bad_record"),
        ({"messages": [{"role": "nobody", "content": "x"}]}, "read.bad_record"),
        ({"text": "no turns"}, "read.no_text"),
        ({"messages": [{"role": "user", "content": " "}]}, "read.no_text"),
    ],
)
def test_what_is_no_conversation_is_a_reason(tmp_path, line, reason):
    bad, good = read(tmp_path, "chat", line, HEJ)
    assert [one["code"] for one in bad["reasons"]] == [reason]
    assert bad["text"] is None
    assert good["reasons"] is None


def test_broken_characters_are_repaired_and_it_is_said(tmp_path):
    [row] = read(tmp_path, "chat", b'{"prompt": "Hej \\ud800", "completion": "x"}')
    assert read_turns(row["text"])[0].content == "Hej \ufffd"
    assert json.loads(row["meta"])["repaired"] is True


def test_the_wrong_format_is_found_before_the_first_document(tmp_path):
    files = {"x.jsonl": [{"text": "Hej", "n": i} for i in range(30)]}
    source = toy.write_source(tmp_path / "s", "talk", files=files, more="format: oig\n")
    with pytest.raises(
        PlanError, match=r"none of the first 30 records of .* holds a conversation of format 'oig'; their"
    ):
        toy.plan_of("recipe: 1\nstages: [normalize]\n", [source])
