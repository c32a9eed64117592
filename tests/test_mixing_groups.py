"""Names of groups: nested or with slashes, the longest counts, and a misspelt one gets a suggestion."""

import pyarrow as pa
import pytest
import toy

from corpus_kit.errors import PlanError
from corpus_kit.mixing.groups import assign, distinct_groups, flatten, group_columns, group_values, nearest, unknown

GROUPS = [("dan_Latn", "web"), ("dan_Latn", "books"), ("swe_Latn", "web")]


def test_names_may_be_nested_or_joined():
    nested = {"dan_Latn": {"web": 1, "rest": 2}, "swe_Latn": 3, "isl_Latn/web": 4, "isl_Latn/rest": 5, "rest": 6}
    assert flatten(nested, 2) == {
        ("dan_Latn", "web"): 1,
        ("dan_Latn",): 2,
        ("swe_Latn",): 3,
        ("isl_Latn", "web"): 4,
        ("isl_Latn",): 5,
        (): 6,
    }


def test_a_slash_in_a_single_column_is_part_of_the_value():
    assert flatten({"a/b": 1, "rest": 2}, 1) == {("a/b",): 1, (): 2}
    assert flatten({"x": {"a/b": 1}}, 2) == {("x", "a/b"): 1}


@pytest.mark.parametrize(
    ("nested", "complaint"),
    [
        ({"dan": {"web": 1}, "dan/web": 2}, "'dan/web' is given twice"),
        ({"dan": {"rest": 1}, "dan/rest": 2}, "'dan' is given twice"),
        ({"dan/web/adl": 1}, "'dan/web/adl' names no group of 2 columns"),
        ({"rest/web": 1}, "'rest/web' names no group"),
        ({"dan/": 1}, "'dan/' names no group"),
        ({"dan": {"web": {"adl": 1}}}, "'dan/web' is a whole group and takes a number"),
        ({"rest": {"web": 1}}, "'rest' is a whole group and takes a number"),
    ],
)
def test_what_is_no_name(nested, complaint):
    with pytest.raises(ValueError, match=complaint):
        flatten(nested, 2)


def test_the_longest_name_counts():
    assert assign([(), ("dan_Latn",), ("dan_Latn", "web")], GROUPS) == {
        ("dan_Latn", "web"): ("dan_Latn", "web"),
        ("dan_Latn", "books"): ("dan_Latn",),
        ("swe_Latn", "web"): (),
    }
    assert assign([("swe_Latn",)], GROUPS) == {("swe_Latn", "web"): ("swe_Latn",)}


def test_unknown_names_and_what_was_meant():
    names = [("dan_Latn",), (), ("dan_Latn", "wbe"), ("dan_latn", "web"), ("swe_Latn", "books")]
    assert unknown(names, GROUPS) == names[2:]
    assert nearest(("dan_Latn", "wbe"), GROUPS) == "in dan_Latn: did you mean 'web'?"
    assert nearest(("dan_latn", "web"), GROUPS) == "did you mean 'dan_Latn'?"
    assert nearest(("swe_Latn", "books"), GROUPS) == "in swe_Latn: valid names are web"


def test_columns_that_make_no_groups():
    schema = pa.schema([("lang", pa.string()), ("lang_score", pa.float64()), ("year", pa.int32())])
    group_columns(["lang", "year"], schema, "data")
    with pytest.raises(PlanError, match="data has no column 'lnag' to group by; did you mean 'lang'"):
        group_columns(["lnag"], schema, "data")
    with pytest.raises(PlanError, match="'lang_score' of data holds double and makes no groups"):
        group_columns(["lang_score"], schema, "data")


def test_values_are_strings_and_never_null():
    batch = toy.with_columns(toy.batch(["a", "b"], lang=["dan_Latn", None]), year=pa.array([1999, None], pa.int32()))
    assert group_values(batch, "lang").to_pylist() == ["dan_Latn", "none"]
    assert group_values(batch, "year").to_pylist() == ["1999", "none"]


def test_the_groups_of_a_batch_and_of_its_rows():
    langs, categories = ["da", "sv", None, "da", "sv", "da"], ["web", "web", "law", "law", "web", "web"]
    groups, at = distinct_groups(toy.batch(["x"] * 6, lang=langs, category=categories), ["lang", "category"])
    assert [groups[i] for i in at] == [
        (lang or "none", category) for lang, category in zip(langs, categories, strict=True)
    ]
    assert len(set(groups)) == len(groups) == 4
    assert distinct_groups(toy.batch([]), ["lang", "category"])[0] == []
