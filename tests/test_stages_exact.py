"""Documents whose text is the same: clusters, survivors, and what is not the same."""

import pyarrow as pa
import toy
from hypothesis import given
from hypothesis import strategies as st

from corpus_kit.schema import ORIGINS
from corpus_kit.stages.duplicates import DECISION
from corpus_kit.stages.exact import ExactDedup

TEXTS = st.lists(st.sampled_from(["a", "A", "a!", "b", "b c", "B, c", "æ", "Æ."]), max_size=20)


def verdicts(texts: list[str], rows: list[int] | None = None, **settings) -> dict[int, int | None]:
    """Row -> the row it is a duplicate of, None for a survivor; rows in no cluster are left out."""
    stage = ExactDedup.model_validate(settings)
    batch = toy.batch(texts, row=rows or list(range(len(texts))))
    found = stage.decide(stage.group(stage.collect(batch, 0, None), 0))
    assert found.schema == DECISION
    for row in found.to_pylist():
        assert row["removed"] == (row["duplicate_of_row"] is not None)
        assert row["similarity"] == (1.0 if row["removed"] else None)
    return {row["row"]: row["duplicate_of_row"] for row in found.to_pylist()}


def test_clusters_on_a_hand_made_table():
    texts = ["Hej verden", "noget andet", "HEJ, verden!", "tredje", "hej  verden", "Tredje."]
    assert verdicts(texts) == {0: None, 2: 0, 4: 0, 3: None, 5: 3}
    assert verdicts([*texts, "tredje"], form="as_is") == {3: None, 6: 3}


def test_the_survivor_is_the_first_row_or_the_longest_text():
    texts = ["æble", "æble!!", "æble!!", "æble"]
    assert verdicts(texts, rows=[9, 5, 7, 6]) == {5: None, 6: 5, 7: 5, 9: 5}
    assert verdicts(texts, rows=[1, 5, 7, 6], prefer="longest") == {5: None, 1: 5, 6: 5, 7: 5}


def test_a_survivor_says_for_how_many_it_stands():
    stage = ExactDedup()
    found = stage.group(stage.collect(toy.batch(["x", "x", "x", "y", "y"]), 0, None), 0).to_pylist()
    assert {row["row"]: row["duplicates"] for row in found} == {0: 2, 1: 0, 2: 0, 3: 1, 4: 0}


@given(TEXTS, st.sampled_from(["as_is", "folded"]))
def test_clusters_are_those_of_a_dictionary(texts, form):
    seen: dict[str, int] = {}
    wanted: dict[int, int] = {}
    for row, text in enumerate(texts):
        key = text if form == "as_is" else text.lower().translate(dict.fromkeys(map(ord, "!,."))).strip()
        if key in seen:
            wanted[row] = seen[key]
        seen.setdefault(key, row)
    found = verdicts(texts, form=form)
    assert {row: of for row, of in found.items() if of is not None} == wanted
    assert {row for row, of in found.items() if of is None} == set(wanted.values())


def clusters(by: str, **columns) -> dict[int, int]:
    """Removed row -> survivor."""
    stage = ExactDedup.model_validate({"by": by} | columns.pop("settings", {}))
    batch = toy.batch(["x"] * len(next(iter(columns.values()))), **columns)
    found = stage.group(stage.collect(batch, 0, None), 0).to_pylist()
    assert all(row["similarity"] is None for row in found)
    return {row["row"]: row["duplicate_of_row"] for row in found if row["removed"]}


def test_by_address_whatever_the_text():
    urls = ["https://a.example/x", None, "http://www.a.example/x/", None, "https://a.example/y"]
    assert clusters("url", url=urls) == {2: 0}
    assert list(ExactDedup(by="url").all_codes()) == ["dedup.url"]


def test_by_identifier_within_a_source():
    assert clusters("source_id", source=["a", "a", "b", "a"], source_id=["1", "2", "1", "1"]) == {3: 0}


def test_only_within_a_group():
    langs = ["dan_Latn", "nob_Latn", "dan_Latn", None, None]
    stage = ExactDedup(within=("lang",))
    found = stage.group(stage.collect(toy.batch(["x"] * 5, lang=langs), 0, None), 0).to_pylist()
    assert {row["row"]: row["duplicate_of_row"] for row in found if row["removed"]} == {2: 0, 4: 3}
    assert stage.columns_needed() == ("text", "lang")


def test_the_survivor_is_who_is_preferred():
    settings = {"prefer": ["license", "longest"]}
    licenses = ["CC-BY-NC-4.0", "CC0-1.0", "MIT"]
    stage = ExactDedup.model_validate(settings)
    found = stage.group(stage.collect(toy.batch(["x!", "X", "x"], license=licenses), 0, None), 0).to_pylist()
    assert {row["row"]: row["duplicate_of_row"] for row in found if row["removed"]} == {0: 1, 2: 1}


def test_documents_without_a_letter_are_the_same_only_if_they_are():
    assert verdicts(["!!!", "🎉🎉", "—", "!!!"]) == {0: None, 3: 0}


def test_what_is_collected_is_small_and_by_row():
    batch = toy.batch(["Blåbær!", "x"], row=[7, 1 << 40])
    table = ExactDedup().collect(batch, 0, None)
    assert table.schema.names == ["row", "key", "rest"]
    assert table["row"].to_pylist() == [7, 1 << 40]
    assert table["key"].type == table["rest"].type == pa.uint64()
    again = ExactDedup().collect(toy.batch(["blåbær"]), 0, None)
    assert again["key"][0] == table["key"][0]
    assert again["rest"][0] == table["rest"][0]


def test_texts_that_share_half_a_digest_are_not_the_same():
    stage = ExactDedup()
    rows = pa.table(
        {
            "row": pa.array([0, 1, 2], pa.uint64()),
            "key": pa.array([5, 5, 5], pa.uint64()),
            "rest": pa.array([1, 2, 1], pa.uint64()),
        }
    )
    assert {row["row"]: row["duplicate_of_row"] for row in stage.group(rows, 0).to_pylist()} == {0: None, 2: 0}


def test_nothing_to_decide():
    assert ExactDedup().empty_decision().schema == DECISION
    assert ExactDedup().empty_decision().num_rows == 0


def test_the_reason_carries_the_similarity():
    batch = toy.batch(["a", "b"])
    made = pa.table(
        {
            "id": ["s-1"],
            "removed": [True],
            "duplicate_of_id": ["s-9"],
            "similarity": [1.0],
            "origins": pa.array([None], ORIGINS),
        }
    )
    assert toy.codes(ExactDedup().apply(batch, made)) == [[], ["dedup.exact"]]
