"""What the tasks that leave an index write."""

import grown
import numpy as np
import pytest

from corpus_kit.index.files import Index
from corpus_kit.tables import open_table, read_table


@pytest.fixture(scope="module")
def near(tmp_path_factory) -> Index:
    return Index(grown.base(tmp_path_factory).path, "near")


def test_keys_are_sorted_and_say_who_was_removed(near):
    assert list(near.key_files) == [0]
    table = read_table(near.key_files[0])
    assert table.schema.names == ["key", "row", "removed"]
    keys, rows = table["key"].to_numpy(), table["row"].to_numpy()
    assert (np.lexsort((rows, keys)) == np.arange(len(keys))).all()
    assert 80 * 25 <= len(keys) <= 80 * 26
    gone = set(table.filter(table["removed"])["row"].to_pylist())
    decision = read_table(near.run / "decisions/near.parquet")
    assert gone == set(decision.filter(decision["removed"])["row"].to_pylist())


def test_documents_are_sorted_one_file_for_each_load(near):
    rows = []
    for load, path in sorted(near.document_files.items()):
        table = read_table(path, columns=["row"])
        assert set((table["row"].to_numpy() >> np.uint64(32)).tolist()) == {load}
        rows += table["row"].to_pylist()
    assert rows == sorted(rows)
    assert len(near.document_files) >= 2


def test_footers_hold_no_text_and_no_signatures(near):
    metadata = open_table(next(iter(near.document_files.values()))).metadata
    names = [metadata.row_group(0).column(i).path_in_schema for i in range(metadata.num_columns)]
    assert names[0] == "row"
    assert "text" not in names
    assert {"id", "source", "url", "license", "digest", "shingles", "removed", "duplicate_of", "cluster"} <= set(names)


def test_settings_say_how_documents_were_made_comparable(near):
    settings = near.settings
    assert (settings.stage, settings.method, settings.sources) == ("near", "minhash", ("a-old",))
    assert (settings.signing["ngram"], settings.signing["bands"], settings.signing["rows"]) == (3, 25, 5)
    assert (settings.reject_text, settings.changed_later, settings.against, settings.policy) == ("all", None, (), None)
    assert settings.build().config()["ngram"] == 3


def test_a_later_stage_that_changes_texts_is_noted(tmp_path):
    source = grown.write(tmp_path, "src", grown.documents(range(3), [0]))
    lines = grown.text_of().splitlines(keepends=True)
    recipe = "".join([*lines[:3], *lines[4:7], lines[3], *lines[7:]])
    run = grown.run(recipe, [source], tmp_path / "run", against=())
    assert Index(run.path, "near").settings.changed_later == "normalize"
    hits = run.lookup(grown.varied(1, 1))["hits"]
    assert [hit["verified"] for hit in hits] == [False]
