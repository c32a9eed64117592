"""Source cards: required fields, shapes, lookup."""

import pytest

from corpus_kit.card import card_for, find_card, load_card
from corpus_kit.errors import PlanError, RecipeError

CARD = """\
card_version: 1
id: adl
title: Arkiv for Dansk Litteratur
summary: Danish literature.
category: books
content: {languages: [da]}
rights: {spdx: CC0-1.0}
"""


@pytest.fixture
def card_file(tmp_path):
    path = tmp_path / "source.yaml"
    path.write_text(CARD)
    return path


def test_a_card_gives_the_binding(card_file):
    binding = load_card(card_file).binding()
    assert (binding.source, binding.category, binding.license) == ("adl", "books", "CC0-1.0")


def test_the_nearest_card_upward_is_found(card_file):
    deep = card_file.parent / "a" / "b"
    deep.mkdir(parents=True)
    assert find_card(deep / "x.jsonl") == card_file.resolve()
    assert card_for(str(deep), None).id == "adl"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("CC0-1.0", "free as in beer", "rights.spdx: 'free as in beer' is no SPDX expression"),
        ("[da]", "[Danish]", "content.languages.0: 'Danish' is no language tag"),
        ("category: books\n", "", "key 'category' is missing"),
        ("title:", "titel:", "unknown key 'titel'; did you mean 'title'?"),
        ("id: adl", "id: A DL", "id: write a-z or 0-9, then a-z, 0-9, _ or -, 2 to 40 characters in all"),
        ("card_version: 1", "card_version: 2", "card_version: input should be 1"),
    ],
)
def test_a_wrong_card_is_refused_with_its_line(card_file, old, new, message):
    card_file.write_text(CARD.replace(old, new))
    with pytest.raises(RecipeError) as caught:
        load_card(card_file)
    assert message in str(caught.value)
    assert str(caught.value).startswith(f"{card_file}:")


def test_an_input_without_card_or_with_anothers_is_a_plan_error(tmp_path, card_file):
    with pytest.raises(PlanError, match=r"its card .* says 'adl'"):
        card_for(str(card_file.parent), "other")
    with pytest.raises(PlanError, match="has no source card"):
        card_for("s3://bucket/prefix", None)
