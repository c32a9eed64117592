"""The index of a dedup stage: what it holds, how little of it is read, and texts that are found by it."""

import json
import shutil

import datasketch
import grown
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import toy

from corpus_kit.errors import PlanError
from corpus_kit.index.files import Index, finished_manifest, in_partition, indexed_stages, signature_table
from corpus_kit.index.lookup import lookup, lookup_lines
from corpus_kit.index.query import contained, query, query_of, similarities
from corpus_kit.index.settings import FORMAT, read_settings
from corpus_kit.index.sketches import datasketch_index, sketch
from corpus_kit.index.texts import Texts
from corpus_kit.kernels import band_keys
from corpus_kit.stages.exact import ExactDedup
from corpus_kit.stages.minhash import MinHashDedup


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return grown.base(tmp_path_factory)


def every(index: Index, columns: list[str]) -> pa.Table:
    return pa.Table.from_batches(list(index.scan(columns)))


def test_documents_are_those_the_stage_met(base):
    exact, near = (Index(base.path, stage) for stage in ("exact", "near"))
    [_, _, step_exact, step_near] = base.waterfall()
    told = every(exact, ["id", "removed", "duplicate_of"])
    assert told.num_rows == step_exact.documents_in == 85
    assert every(near, ["id"]).num_rows == step_near.documents_in == 80
    of = {row["id"]: row["duplicate_of"] for row in told.to_pylist() if row["removed"]}
    assert of == grown.duplicates(base, "exact")
    assert not told.filter(pa.compute.invert(told["removed"]))["duplicate_of"].drop_null()


def test_keys_are_those_of_the_signatures(base):
    near = Index(base.path, "near")
    signed = signature_table(every(near, ["signature"])["signature"])
    assert signed.shape == (80, 125)
    keys = band_keys(signed, bands=25, rows=5)
    rows = every(near, ["row"])["row"].to_numpy()
    for at in (0, 41, 79):
        found = near.rows_of(keys[at][:1])
        assert found is not None
        assert rows[at] in found["row"].to_pylist()
    assert near.rows_of(np.array([1, 2], np.uint64)) is None


def test_documents_are_found_by_row(base):
    near = Index(base.path, "near")
    everything = every(near, ["row", "id"]).to_pylist()
    rows = np.array([everything[70]["row"], everything[3]["row"], 1 << 40], np.uint64)
    assert near.documents(rows, ["id"]).to_pylist() == [everything[3], everything[70]]
    assert near.documents(rows[2:], ["id"]).num_rows == 0


def test_clusters_hold_everything_that_hangs_together(base):
    table = every(Index(base.path, "near"), ["id", "cluster", "duplicate_of"]).to_pylist()
    cluster = {row["id"]: row["cluster"] for row in table}
    removed = [row for row in table if row["duplicate_of"]]
    assert len(removed) >= 20
    assert all(cluster[row["id"]] == cluster[row["duplicate_of"]] is not None for row in removed)


def test_partitions_are_cut_from_files_of_any_cut(tmp_path):
    keys = pa.array([1, 5, 1 << 62, 3 << 62], pa.uint64())
    pq.write_table(pa.table({"key": keys, "row": pa.array(range(4), pa.uint64())}), tmp_path / "a", row_group_size=2)
    found = [pa.concat_tables(in_partition([tmp_path / "a"], i, 4)).num_rows for i in (0, 1, 3)]
    assert found == [2, 1, 1]
    assert in_partition([tmp_path / "a"], 2, 4) == []
    assert pa.concat_tables(in_partition([tmp_path / "a"], 0, 1)).num_rows == 4


def test_an_index_of_another_version_is_refused(base, tmp_path):
    path = tmp_path / "settings.json"
    held = json.loads((base.path / "index/near/settings.json").read_text())
    path.write_text(json.dumps(held | {"format": FORMAT + 1}))
    with pytest.raises(PlanError, match=f"layout of version {FORMAT + 1}, this corpus-kit reads version {FORMAT}"):
        read_settings(path)
    path.write_text("{")
    with pytest.raises(PlanError, match="cannot be read"):
        read_settings(path)
    path.write_text(json.dumps({"format": FORMAT}))
    with pytest.raises(PlanError, match="is damaged"):
        read_settings(path)
    old = read_settings(base.path / "index/near/settings.json")
    with pytest.raises(PlanError, match="was made by version 1 of it"):
        query_of("a", old.model_copy(update={"signing": old.signing | {"version": 1}}))


def test_stages_with_an_index_are_named(base):
    assert indexed_stages(finished_manifest(base.path)) == ["exact", "near"]
    with pytest.raises(PlanError, match="has no index of a stage 'nera'; did you mean 'near'"):
        Index(base.path, "nera")


def test_a_near_duplicate_is_found_with_its_true_similarity(base):
    text = grown.varied(3, 1) + " og så lidt til"
    found = lookup(base.path, text)
    stage = Index(base.path, "near").settings.build()
    assert isinstance(stage, MinHashDedup)
    everything = [*base.kept(["id", "text"]).to_pylist(), *base.rejects(["id", "text"]).to_pylist()]
    alike = similarities(stage, text, pa.array([one["text"] for one in everything]))
    truth = {one["id"]: value for one, value in zip(everything, alike, strict=True) if value >= 0.75}
    met = set(every(Index(base.path, "near"), ["id"])["id"].to_pylist())
    assert {hit["id"]: hit["similarity"] for hit in found["hits"]} == {
        id: pytest.approx(value) for id, value in truth.items() if id in met
    }
    assert all(hit["verified"] for hit in found["hits"])
    assert (found["stage"], found["least"]) == ("near", 0.75)
    assert [hit["similarity"] for hit in found["hits"]] == sorted(
        (h["similarity"] for h in found["hits"]), reverse=True
    )


def test_what_was_removed_says_what_it_duplicates(base):
    of = grown.duplicates(base, "near")
    hits = {hit["id"]: hit for hit in lookup(base.path, grown.varied(3, 1), least=0.5, limit=50)["hits"]}
    gone = {id: hit for id, hit in hits.items() if not hit["kept"]}
    assert gone
    for id, hit in gone.items():
        assert (hit["duplicate_of"], hit["rejected_by"], hit["code"]) == (of[id], "near", "dedup.minhash")
    assert all(hit["duplicate_of"] is None for hit in hits.values() if hit["kept"])


def test_texts_that_are_not_there_are_estimated(tmp_path):
    source = grown.write(tmp_path, "src", grown.documents(range(4), [0, 1]))
    recipe = grown.text_of().replace("reject_text: all", "reject_text: none")
    run = grown.run(recipe, [source], tmp_path / "run", against=())
    found = lookup(run.path, grown.varied(2, 2), least=0.5)
    assert {hit["kept"]: hit["verified"] for hit in found["hits"]} == {True: True, False: False}
    [gone] = [hit for hit in found["hits"] if not hit["kept"]]
    stage = Index(run.path, "near").settings.build()
    assert isinstance(stage, MinHashDedup)
    [true] = similarities(stage, grown.varied(2, 2), pa.array([grown.varied(2, 1)]))
    assert gone["similarity"] == pytest.approx(true, abs=4 * 0.5 / 125**0.5)
    assert (gone["rejected_by"], gone["same_text"]) == ("near", False)
    assert "estimated" in "\n".join(lookup_lines(found))


def test_the_same_is_found_without_an_index_among_what_was_kept(base, tmp_path):
    text = grown.varied(7, 2)
    by_index = [hit for hit in lookup(base.path, text, least=0.6, limit=50)["hits"] if hit["kept"]]
    bare = tmp_path / "bare"
    shutil.copytree(base.path, bare)
    manifest = json.loads((bare / "manifest.json").read_text())
    manifest["files"] = [file for file in manifest["files"] if not file["kind"].startswith("index")]
    (bare / "manifest.json").write_text(json.dumps(manifest))
    found = lookup(bare, text, least=0.6, limit=50)
    assert [(hit["id"], hit["similarity"]) for hit in found["hits"]] == [
        (hit["id"], pytest.approx(hit["similarity"])) for hit in by_index
    ]
    assert (found["stage"], found["recall"]) == (None, 1.0)
    assert "no index, all" in lookup_lines(found)[0]


def test_an_exact_index_finds_the_same_text_in_any_case(base):
    found = lookup(base.path, grown.varied(3, 0).upper(), stage="exact")
    assert [(hit["similarity"], hit["same_text"]) for hit in found["hits"]] == [(1.0, True)] * 2
    assert [hit["duplicate_of"] for hit in found["hits"] if not hit["kept"]] == [found["hits"][0]["id"]]
    assert lookup(base.path, grown.varied(3, 0) + " x", stage="exact")["hits"] == []


def test_nothing_like_it_is_said(base):
    assert lookup_lines(lookup(base.path, "noget helt andet")) == [
        f"nothing in {base.path} reaches similarity 0.75 (stage near)"
    ]
    for text in ("!!!", "🎉"):
        assert lookup(base.path, text)["hits"] == []


def test_excerpts_only_if_asked(base):
    text = grown.varied(3, 1)
    assert all("text" not in hit for hit in lookup(base.path, text)["hits"])
    shown = lookup(base.path, text, excerpts=True)["hits"]
    assert all(len(hit["text"]) == 200 for hit in shown)


def test_the_chance_of_finding_is_told_where_it_is_low(base):
    found = lookup(base.path, grown.varied(3, 1), least=0.4)
    assert found["recall"] == pytest.approx(1 - (1 - 0.4**5) ** 25, abs=1e-6)
    assert "is found with probability 0.23" in lookup_lines(found)[-1]
    with pytest.raises(PlanError, match="at most 1, not 2"):
        lookup(base.path, "a", least=2)


def test_documents_of_every_group_are_found(tmp_path):
    source = grown.write(tmp_path, "src", [{"text": grown.varied(1, 0)}, {"text": grown.varied(1, 0)}])
    recipe = (
        grown.text_of()
        .replace("ngram: 3", "ngram: 3, within: [source]")
        .replace("as: exact", "as: exact, by: source_id")
    )
    run = grown.run(recipe, [source], tmp_path / "run", against=())
    assert len(lookup(run.path, grown.varied(1, 0))["hits"]) == 2


def test_a_stage_that_compares_addresses_takes_no_text():
    with pytest.raises(PlanError, match="compares documents by url, not by text"):
        query("a", ExactDedup(by="url"))


def test_containment():
    stage = MinHashDedup(ngram=1, measure="containment")
    assert similarities(stage, "a b c d", pa.array(["a b", "c d e f"])).tolist() == [1.0, 0.5]
    assert contained(np.array([0.0, 1.0]), np.array([3]), np.array([3, 3])).tolist() == [0.0, 1.0]


def broken_but_for(run, groups: dict[str, set[int]]) -> None:
    """Destroys the text of every row group of the data that is not listed."""
    for path in sorted((run / "data").iterdir()):
        file = pq.ParquetFile(path)
        content = bytearray(path.read_bytes())
        for number in range(file.num_row_groups):
            if number in groups.get(path.name, ()):
                continue
            metadata = file.metadata.row_group(number)
            [text] = [
                metadata.column(i) for i in range(metadata.num_columns) if metadata.column(i).path_in_schema == "text"
            ]
            begin = text.data_page_offset
            content[begin : begin + text.total_compressed_size] = b"\xff" * text.total_compressed_size
        path.write_bytes(content)


def test_texts_of_unrelated_row_groups_are_not_read(base, tmp_path, tmp_path_factory):
    """Neither by a lookup nor by a run against it: all other texts may be destroyed."""
    text = grown.varied(3, 1) + " Slut."  # in no document as it stands
    best = next(hit["id"] for hit in lookup(base.path, text)["hits"] if hit["kept"])
    rows = base.kept(["id", "url"]).to_pylist()
    kept = {row["id"] for row in rows if row["url"].startswith("https://3.example/")}  # all that is somewhat like it
    assert best in kept
    copy = tmp_path / "copy"
    shutil.copytree(base.path, copy)
    place: dict[str, set[int]] = {}
    size = 0
    for path in sorted((copy / "data").iterdir()):
        file = pq.ParquetFile(path)
        for number in range(file.num_row_groups):
            if kept & set(file.read_row_group(number, columns=["id"])["id"].to_pylist()):
                place.setdefault(path.name, set()).add(number)
                at = file.schema_arrow.get_field_index("text")
                size += file.metadata.row_group(number).column(at).total_compressed_size
    assert len(place) < len(list((copy / "data").iterdir()))
    broken_but_for(copy, place)
    destroyed = next(path for path in sorted((copy / "data").iterdir()) if path.name not in place)
    with pytest.raises(OSError, match=r"deserialize|CRC"):
        pq.read_table(destroyed, columns=["text"])
    hits = lookup(copy, text)["hits"]
    assert best in {hit["id"] for hit in hits}
    assert {hit["id"] for hit in hits if hit["kept"]} <= kept
    new = grown.write(tmp_path, "new", [{"text": text}, {"text": grown.varied(99, 0)}])
    done = grown.run(grown.text_of(), [new], tmp_path / "done", against=[copy])
    assert list(grown.duplicates(done, "near").values()) == [best]
    assert len(grown.kept(done)) == 1
    receipts = [json.loads(one.read_text()) for one in (done.path / "receipts/compare-near-collect-1").iterdir()]
    read = [file["text_bytes"] for one in receipts for file in one["files"]]
    assert 0 < sum(read) <= size


def test_texts_are_found_by_load_and_id(base):
    rows = every(Index(base.path, "near"), ["row", "id", "removed"]).to_pylist()[:9]
    texts = Texts(base.path)
    found = pa.concat_tables(texts.find(np.array([r["row"] for r in rows], np.uint64), [r["id"] for r in rows]))
    assert sorted(found["id"].to_pylist()) == sorted(row["id"] for row in rows)
    assert set(found.filter(found["kept"])["id"].to_pylist()) == {row["id"] for row in rows if not row["removed"]}
    assert texts.text_bytes_read > 0


@pytest.mark.parametrize("engine", ["kernel", "datasketch"])
def test_datasketch_finds_the_same(engine, tmp_path):
    """What shares a band for datasketch's LSH, and its estimate, are those of the index."""
    source = grown.write(tmp_path, "src", [*grown.documents(range(6), [0, 3, 9]), {"text": "!!!"}])
    recipe = grown.text_of().replace("ngram: 3", f"ngram: 3, engine: {engine}")
    run = grown.run(recipe, [source], tmp_path / "run", against=())
    lsh = datasketch_index(run.path, "near", removed=True)
    index = Index(run.path, "near")
    rows = {row["row"]: row["id"] for row in every(index, ["row", "id"]).to_pylist()}
    for text in (grown.varied(2, 1), grown.varied(4, 6), "noget andet"):
        asked = sketch(run.path, "near", text)
        keys = band_keys(asked.hashvalues.astype(np.uint32)[None, :], bands=25, rows=5)[0]
        found = index.rows_of(keys, ["row"])
        mine = set() if found is None else {rows[row] for row in found["row"].to_pylist()}
        assert set(lsh.query(asked)) == mine
    kept = set(datasketch_index(run.path, "near").keys.keys())
    texts = {row["id"]: row["text"] for row in run.kept(["id", "text"]).to_pylist()}
    assert kept == set(texts)
    if engine == "datasketch":
        own = datasketch.MinHash(num_perm=125, seed=1)
        words = ["en", "to", "tre", "fire"]
        own.update_batch([" ".join(words[i : i + 3]).encode() for i in (0, 1)])
        assert own.jaccard(sketch(run.path, "near", "En to, tre fire!")) == 1.0


def test_datasketch_needs_signatures(base):
    with pytest.raises(PlanError, match="compares by exact; it makes no signatures"):
        sketch(base.path, "exact", "a")


def test_a_run_in_which_no_document_reached_the_stage_has_an_empty_index(tmp_path):
    source = toy.write_source(tmp_path / "src", "src", files={"a.jsonl": [{"title": "no text"}]})
    run = grown.run(grown.text_of(), [source], tmp_path / "run", against=())
    assert lookup(run.path, "noget")["hits"] == []
