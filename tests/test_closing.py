"""The end of a run: what was counted is in the files, and the manifest comes last."""

from __future__ import annotations

import json
import shutil

import pytest

from corpus_kit import closing
from corpus_kit.closing import check_conservation, close_run, document_again
from corpus_kit.errors import StageError
from corpus_kit.ledger import Cell, FileEntry, Tally, read_manifest
from corpus_kit.opened import Run
from corpus_kit.totals import Totals


def files(run: Run) -> list[FileEntry]:
    manifest = read_manifest(run.path)
    assert manifest is not None
    return [FileEntry.model_validate(file) for file in manifest["files"]]


def test_a_finished_run_is_conserved(toy_run):
    check_conservation(toy_run.plan, toy_run.tally, files(toy_run))


@pytest.mark.parametrize(("kind", "counted"), [("data", 3), ("rejects", 4)])
def test_a_document_too_few_in_the_files_is_an_error(toy_run, kind, counted):
    short = [file.model_copy(update={"rows": file.rows - (file.kind == kind)}) for file in files(toy_run)]
    with pytest.raises(StageError, match=f"counts {counted} documents in {kind}, the files hold {counted - 1}"):
        check_conservation(toy_run.plan, toy_run.tally, short)


def test_a_document_lost_between_two_stages_is_an_error(toy_run):
    tally = Tally.from_json(toy_run.tally.to_json())
    for flow in ("in", "kept"):
        tally.add(Cell("filter", flow, "toy", "dan_Latn", ""), 1, 10)
    with pytest.raises(StageError, match="'normalize' kept 6 documents, 'filter' got 7"):
        check_conservation(toy_run.plan, tally, files(toy_run))


def test_the_manifest_is_written_last(toy_run, tmp_path, monkeypatch):
    (tmp_path / "datasheet").mkdir()
    (tmp_path / "datasheet" / "README.md").write_text("x")

    def render(path, *_):
        assert not (path / "manifest.json").exists()

    monkeypatch.setattr(closing, "render_datasheet", render)
    totals = Totals()
    totals.tally.merge(toy_run.tally)
    close_run(tmp_path, toy_run.plan, totals, files(toy_run))
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert [file["path"] for file in manifest["files"]] == sorted(file.path for file in files(toy_run))
    assert list(manifest["datasheet"]) == ["README.md"]
    assert manifest["tally"] == toy_run.tally.to_json()


def test_a_run_documented_again_has_the_same_counts(toy_run, tmp_path, monkeypatch):
    monkeypatch.setattr(closing, "render_datasheet", lambda run, *_: None)
    shutil.copytree(toy_run.path, tmp_path / "run")
    before = read_manifest(tmp_path / "run")
    assert before is not None
    document_again(tmp_path / "run", toy_run.plan, before)
    assert read_manifest(tmp_path / "run") == before
