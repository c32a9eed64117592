"""The files of an index are in the manifest, and in no run that was not asked for one."""

import grown

from corpus_kit.ledger import read_manifest
from corpus_kit.tables import file_digest


def kinds(run) -> set[str]:
    manifest = read_manifest(run.path)
    assert manifest is not None
    return {file["kind"] for file in manifest["files"]}


def test_an_index_is_in_the_manifest(tmp_path_factory):
    run = grown.base(tmp_path_factory)
    of_a_stage = {f"index/{stage}/{part}" for stage in ("exact", "near") for part in ("keys", "documents")}
    settings = {"index-settings/exact", "index-settings/near"}
    assert kinds(run) == {
        "data",
        "rejects",
        "decisions/exact",
        "decisions/near",
        "index/places",
        *settings,
        *of_a_stage,
    }
    manifest = read_manifest(run.path)
    assert manifest is not None
    for file in manifest["files"]:
        assert file_digest(run.path / file["path"]) == file["sha256"]


def test_places_cover_data_and_rejects(tmp_path_factory):
    run = grown.base(tmp_path_factory)
    places = run.table("index/places").to_pylist()
    assert sum(one["rows"] for one in places if one["kind"] == "data") == len(grown.kept(run))
    assert sum(one["rows"] for one in places if one["kind"] == "rejects") == run.rejects(["id"]).num_rows
    for one in places:
        table = run.table("data" if one["kind"] == "data" else "rejects", ["id"])
        assert 0 <= one["first"] < table.num_rows
    loads = {one["load"] for one in places}
    assert loads == set(range(len(run.plan.loads)))


def test_no_index_unless_it_is_asked_for(tmp_path):
    source = grown.write(tmp_path, "src", grown.documents(range(3), [0]))
    run = grown.run(grown.text_of().replace("index: true, ", ""), [source], tmp_path / "run", against=())
    assert not any(kind.startswith("index") for kind in kinds(run))
    assert not (run.path / "index").exists()
