"""Row groups as manifest and footers tell them, and files that are not what the manifest says."""

import json
from pathlib import Path

import pulled
import pytest

from corpus_kit.errors import PlanError
from corpus_kit.pull import pull
from corpus_kit.pull.corpus import Lane, find_corpus


@pytest.fixture
def run(tmp_path) -> str:
    return pulled.write(tmp_path / "run", pulled.documents(12), pulled.documents(4, source="t"))


def test_row_groups_in_order_with_bounds(run):
    corpus = find_corpus(run)
    found = corpus.blocks(["source"])
    assert [(one.file, one.group, one.rows, one.bounds) for one in found] == [
        (0, 0, 5, {"source": ("s", "s", False)}),
        (0, 1, 5, {"source": ("s", "s", False)}),
        (0, 2, 2, {"source": ("s", "s", False)}),
        (1, 0, 4, {"source": ("t", "t", False)}),
    ]
    assert corpus.fingerprint == "f1"
    assert corpus.schema.names == ["id", "source", "text", "lang"]


def test_the_digest_is_of_what_was_written_not_of_the_place(run, tmp_path):
    other = pulled.write(tmp_path / "other", pulled.documents(12), pulled.documents(4, source="t"), fingerprint="f2")
    assert find_corpus(run).digest == find_corpus(other).digest
    third = pulled.write(tmp_path / "third", pulled.documents(12), pulled.documents(4, source="u"))
    assert find_corpus(run).digest != find_corpus(third).digest


def test_a_lane_gives_rows_in_pieces_of_any_size(run):
    corpus = find_corpus(run)
    lane = Lane(corpus, corpus.blocks([])[1], ["id"], parts=3)
    assert [batch["id"].to_pylist() for batch in lane.take(1)] == [["s-5"]]
    lane.skip(2)
    assert [one for batch in lane.take(2) for one in batch["id"].to_pylist()] == ["s-8", "s-9"]
    lane.close()


def test_a_file_that_was_replaced_or_is_gone(run):
    path = Path(run) / "data" / "00001.parquet"
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(PlanError) as caught:
        pull(run)
    assert str(caught.value).startswith(f"{path} has ")
    path.unlink()
    with pytest.raises(PlanError) as caught:
        pull(run)
    assert str(caught.value) == f"{path} is in the manifest, but not there"


def test_a_flipped_bit_is_an_error_that_names_the_place(tmp_path):
    run = pulled.write(tmp_path / "run", pulled.documents(400), rows=400)
    path = Path(run) / "data" / "00000.parquet"
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 4
    path.write_bytes(content)
    with pytest.raises(OSError, match="row group 0 cannot be read"):
        list(pull(run))


def test_a_damaged_manifest(run):
    manifest = Path(run) / "manifest.json"
    for text in ("{", json.dumps({"format": "1"})):
        manifest.write_text(text)
        with pytest.raises(PlanError, match=r"manifest\.json of"):
            find_corpus(run)
