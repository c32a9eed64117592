import json
import struct

import exported
import pulled
import pytest

from corpus_kit.bridge.manifest import open_manifest, read_manifest, read_request
from corpus_kit.bridge.megatron import Choices, export_megatron
from corpus_kit.bridge.verify import check_export
from corpus_kit.commit import RunLock
from corpus_kit.errors import LedgerError, PlanError


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    return exported.train(folder / "one.model"), exported.train(folder / "two.model", vocab_size=340)


@pytest.fixture
def run(tmp_path):
    return pulled.write(tmp_path / "run", exported.documents(6))


@pytest.fixture
def out(tmp_path, run, models):
    export_megatron(run, tmp_path / "out", tokenizer=models[0], workers=1)
    return tmp_path / "out"


def test_another_tokenizer_is_refused(run, out, models):
    before = exported.tree(out)
    with pytest.raises(LedgerError, match=r"(?s)holds another export:\n.*tokenizer.digest: was .*, now .*--overwrite"):
        export_megatron(run, out, tokenizer=models[1], workers=1)
    assert exported.tree(out) == before


def test_another_run_is_refused(out, models, tmp_path):
    other = pulled.write(tmp_path / "other", exported.documents(7), fingerprint="f2")
    with pytest.raises(LedgerError, match=r"run\.fingerprint: was f1, now f2"):
        export_megatron(other, out, tokenizer=models[0], workers=1)


def test_other_settings_are_refused(run, out, models):
    with pytest.raises(LedgerError, match=r"settings\.sentences: was False, now True"):
        export_megatron(run, out, tokenizer=models[0], choices=Choices(sentences=True), workers=1)


def test_it_can_be_discarded_on_purpose(run, out, models, tmp_path):
    (out / "tokens" / "cache").mkdir()
    (out / "mine.txt").write_text("mine")
    export_megatron(run, out, tokenizer=models[1], workers=1, overwrite=True)
    export_megatron(run, tmp_path / "fresh", tokenizer=models[1], workers=1)
    assert (out / "mine.txt").read_text() == "mine"
    (out / "mine.txt").unlink()
    assert exported.tree(out) == exported.tree(tmp_path / "fresh")


def test_the_same_run_elsewhere_is_the_same(run, out, models, tmp_path):
    other = pulled.write(tmp_path / "copy", exported.documents(6))
    before = exported.manifest(out)
    export_megatron(other, out, tokenizer=models[0], workers=1)
    assert exported.manifest(out) == before


def test_a_finished_export_whose_files_changed_is_refused(run, out, models):
    path = out / "tokens/web.dan_Latn.bin"
    path.write_bytes(path.read_bytes()[:-2])
    with pytest.raises(LedgerError, match=r"its tokens/web\.dan_Latn\.bin is not as it was"):
        export_megatron(run, out, tokenizer=models[0], workers=1)


def test_a_folder_of_something_else_is_refused(run, models, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.txt").write_text("mine")
    with pytest.raises(LedgerError, match=r"holds notes\.txt, which is of no export"):
        export_megatron(run, tmp_path / "full", tokenizer=models[0], workers=1, overwrite=True)
    with pytest.raises(LedgerError, match="lies inside the run"):
        export_megatron(run, tmp_path / "run" / "out", tokenizer=models[0], workers=1)
    (tmp_path / "file").write_text("")
    with pytest.raises(LedgerError, match="is a file"):
        export_megatron(run, tmp_path / "file", tokenizer=models[0], workers=1)
    assert sorted(path.name for path in (tmp_path / "full").iterdir()) == ["notes.txt"]


def test_two_at_a_time_are_refused(run, models, tmp_path):
    lock = RunLock(tmp_path / "out")
    lock.acquire()
    with pytest.raises(LedgerError, match="is being written by process"):
        export_megatron(run, tmp_path / "out", tokenizer=models[0], workers=1)
    lock.release()
    export_megatron(run, tmp_path / "out", tokenizer=models[0], workers=1)


def test_what_was_asked_can_be_read_again(run, out):
    request, manifest = read_request(out), open_manifest(out)
    assert request is not None
    assert request.fingerprint == manifest.fingerprint
    assert request.where == run
    assert read_manifest(out) == manifest
    assert json.loads((out / "export.json").read_text())["export"] == "megatron"


def test_an_unfinished_or_foreign_folder_has_no_manifest(out, tmp_path):
    (out / "manifest.json").unlink()
    with pytest.raises(PlanError, match="is not finished: run the same command again"):
        check_export(out)
    with pytest.raises(PlanError, match="is no export"):
        check_export(tmp_path)
    (out / "manifest.json").write_text("{}")
    with pytest.raises(LedgerError, match="damaged, or of another version"):
        check_export(out)


def flipped(at, value):
    """Other bytes at a place, which counts from the end if it is negative."""
    return lambda data: data[: at % len(data)] + value + data[at % len(data) + len(value) :]


def emptied(data):
    """The tokens of the first sequence given to the second."""
    first, second = struct.unpack_from("<2i", data, 34)
    return data[:34] + struct.pack("<2i", 0, first + second) + data[42:]


@pytest.mark.parametrize(
    ("name", "change", "says"),
    [
        ("tokens/web.dan_Latn.bin", lambda data: data[:-2], "tokens/web.dan_Latn.bin has"),
        ("tokens/web.dan_Latn.bin", flipped(0, b"\xff\xff"), "an id is outside the vocabulary of 330"),
        ("tokens/web.dan_Latn.bin", flipped(0, b"\2\0"), "stands inside one"),
        ("tokens/web.dan_Latn.bin", flipped(-2, b"\4\0"), "tokens/web.dan_Latn.bin: a document does not end with 2"),
        ("tokens/web.dan_Latn.bin", flipped(0, b"\5\0"), "tokens/web.dan_Latn.bin is not what was written"),
        ("tokens/web.dan_Latn.idx", flipped(34, b"\1\0"), "tokens/web.dan_Latn.bin has"),
        ("tokens/web.dan_Latn.idx", flipped(34 + 6 * 4 + 8, b"\1\0"), "idx: a sequence does not begin where"),
        ("tokens/web.dan_Latn.idx", emptied, "tokens/web.dan_Latn.idx: a sequence is empty"),
        ("tokens/web.dan_Latn.idx", flipped(34 + 6 * 12, b"\1"), "the documents do not begin with the first"),
        ("tokens/web.dan_Latn.idx", flipped(34 + 6 * 12 + 8, b"\0"), "a document has no sequence"),
        ("tokens/web.dan_Latn.idx", lambda data: data[:-1], "which is not what its header says"),
        ("blend.txt", lambda data: b"1" + data, "blend.txt has"),
        ("sequences.json", lambda data: data.replace(b"6", b"9"), "sequences.json is not what was written"),
    ],
)
def test_every_kind_of_damage_is_found(out, name, change, says):
    assert check_export(out).problems == ()
    path = out / name
    path.write_bytes(change(path.read_bytes()))
    [problem] = check_export(out).problems
    assert says in problem


def test_a_missing_file_and_wrong_counts_are_found(out):
    (out / "tokens/web.dan_Latn.bin").unlink()
    assert check_export(out).problems == ("tokens/web.dan_Latn.bin is missing",)
    told = exported.manifest(out)
    told["datasets"][0]["tokens"] += 1
    (out / "manifest.json").write_text(json.dumps(told))
    assert "the datasets do not add up to the tokens of the manifest" in check_export(out).problems
