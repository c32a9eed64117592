"""Recipes: YAML and Python are two spellings of one thing, and every mistake is named with its line."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from corpus_kit.errors import RecipeError
from corpus_kit.recipe import Recipe, load_recipe, parse_recipe
from corpus_kit.stage import Scope
from corpus_kit.stages import ExactDedup, Extract, Filter, Identify, MinHashDedup, Normalize, Weight

LANGS = st.sampled_from(["dan_Latn", "no", "nob_Latn", "on", "y", "null", "1e3", "0o17", "~", "1_0", "å: b", "#x"])
SCOPES = st.none() | st.builds(Scope, lang=st.none() | st.lists(LANGS, max_size=2).map(tuple))
STAGES = st.one_of(
    st.builds(
        Extract,
        engine=st.sampled_from(["trafilatura", "resiliparse"]),
        fast=st.booleans(),
        max_seconds=st.none() | st.floats(1e-9, 1e9),
        max_bytes=st.integers(1, 1 << 40),
    ),
    st.builds(Normalize, unicode=st.sampled_from(["NFC", "NFKC", None]), only=SCOPES),
    st.builds(Identify, keep=st.none() | st.lists(LANGS, min_size=1, max_size=3).map(tuple), min_score=st.floats(0, 1)),
    st.builds(
        Filter,
        rulesets=st.lists(st.sampled_from(["gopher", "a/b.yaml"]), min_size=1, max_size=2).map(tuple),
        override=st.dictionaries(
            st.sampled_from(["gopher.word_count", "a.b"]), st.sampled_from([None, "5:", (1.0, 2.5)])
        ),
    ),
    st.builds(
        ExactDedup,
        form=st.sampled_from(["as_is", "folded"]),
        within=st.sampled_from([(), ("lang",), ("source", "host")]),
        prefer=st.sampled_from(["longest", ["license", {"source": ["no", "b"]}], [{"highest": "lang_score"}]]),
        except_=SCOPES,
    ),
    st.builds(MinHashDedup, threshold=st.floats(0.01, 1), seed=st.integers(0, (1 << 64) - 1), ngram=st.integers(1, 64)),
    st.builds(Weight, alpha=st.none() | st.floats(0, 1), max_epochs=st.none() | st.floats(1e-3, 1e3)),
)
RECIPES = st.builds(
    Recipe,
    name=st.from_regex(r"[a-z][a-z0-9_-]{0,10}", fullmatch=True),
    description=st.none() | st.text(st.characters(codec="utf-8"), max_size=40),
    sources=st.none() | st.lists(LANGS, max_size=2).map(tuple),
    stages=st.lists(STAGES, min_size=1, max_size=4).map(tuple),
    shard_bytes=st.integers(1 << 12, 1 << 40),
    reject_text=st.sampled_from(["sample", "all", "none"]),
)


@given(RECIPES)
@settings(deadline=None, max_examples=200)
def test_yaml_reads_back_to_an_equal_recipe(recipe):
    assert parse_recipe(recipe.to_yaml()) == recipe


@pytest.mark.parametrize(
    "word", ["no", "on", "null", "2024-01-01", "12:30:00", "0x1f", "012", "~", ".5", "1e3", "0o17", "1.e5", ".inf"]
)
def test_words_that_look_like_values_stay_words(word):
    recipe = Recipe(stages=(Identify(keep=(word,)),), sources=(word,))
    assert parse_recipe(recipe.to_yaml()) == recipe


def test_yaml_leaves_defaults_out():
    recipe = Recipe(
        name="demo",
        stages=(
            Extract(),
            Normalize(unicode=None),
            MinHashDedup.model_validate({"as": "near"}),
            Weight(by=("lang", "source")),
        ),
    )
    assert recipe.to_yaml() == (
        "recipe: 1\n"
        "name: demo\n"
        "stages:\n"
        "- extract\n"
        "- normalize:\n"
        "    unicode: null\n"
        "- dedup:\n"
        "    method: minhash\n"
        "    as: near\n"
        "- weight:\n"
        "    by:\n"
        "    - lang\n"
        "    - source\n"
    )


def test_a_recipe_in_yaml_is_the_recipe_in_python():
    parsed = parse_recipe(
        "recipe: 1\nname: web\nsources: [b, a]\nstages:\n"
        "  - extract: {engine: resiliparse, max_seconds: null}\n"
        "  - normalize\n"
        "  - identify: {keep: [no, nn], only: {source: [a]}}\n"
        "  - dedup: {method: exact, as: same}\n"
        "  - dedup: {method: minhash}\n"
        "  - weight:\n"
        "shard_bytes: 8192\n"
    )
    assert parsed == Recipe(
        name="web",
        sources=("b", "a"),
        stages=(
            Extract(engine="resiliparse", max_seconds=None),
            Normalize(),
            Identify(keep=("no", "nn"), only=Scope(source=("a",))),
            ExactDedup.model_validate({"as": "same"}),
            MinHashDedup(),
            Weight(),
        ),
        shard_bytes=8192,
    )


def test_ids_are_names_numbered_from_the_second_on():
    stages = (Normalize(), ExactDedup(), MinHashDedup(), Normalize.model_validate({"as": "again"}), Normalize())
    ids = [stage_id for stage_id, _ in Recipe(stages=stages).named_stages()]
    assert ids == ["normalize", "dedup", "dedup.2", "again", "normalize.2"]


def test_two_stages_of_one_id_are_refused_in_python_too():
    with pytest.raises(ValidationError, match=r"two stages have the id 'dedup\.2'; give one another 'as'"):
        Recipe(stages=(ExactDedup.model_validate({"as": "dedup.2"}), ExactDedup(), ExactDedup()))


def test_a_file_is_read_like_its_text(tmp_path):
    path = tmp_path / "r.yaml"
    path.write_text("recipe: 1\nstages: [normalize]\n")
    assert load_recipe(path) == Recipe(stages=(Normalize(),))
    path.write_text("recipe: 1\nstages: [normalise]\n")
    with pytest.raises(RecipeError) as caught:
        load_recipe(str(path))
    assert str(caught.value) == f"{path}:2: unknown stage 'normalise'; did you mean 'normalize'?"
    with pytest.raises(RecipeError, match=r"gone\.yaml: cannot be read: No such file or directory$"):
        load_recipe(tmp_path / "gone.yaml")


HEAD = "recipe: 1\nstages:\n"

MISTAKES = {
    "empty": ("", "1: this is no recipe: the first key must be 'recipe: 1'"),
    "only a comment": ("# nothing\n", "1: this is no recipe: the first key must be 'recipe: 1'"),
    "a list": ("- normalize\n", "1: this is no recipe: the first key must be 'recipe: 1'"),
    "no version": ("stages: [normalize]\n", "1: this is no recipe: the first key must be 'recipe: 1'"),
    "another version": ("recipe: 2\nstages: [normalize]\n", "1: recipe: input should be 1"),
    "no stages": ("recipe: 1\nname: a\n", "1: key 'stages' must be a list of stages"),
    "empty stages": ("recipe: 1\nstages: []\n", "2: key 'stages' must be a list of stages"),
    "a map of stages": ("recipe: 1\nstages:\n  normalize:\n", "2: key 'stages' must be a list of stages"),
    "unknown stage": (HEAD + "  - normalise\n", "3: unknown stage 'normalise'; did you mean 'normalize'?"),
    "unknown stage with settings": (
        HEAD + "  - normalize\n  - filtr: {rulesets: [gopher]}\n",
        "4: unknown stage 'filtr'; did you mean 'filter'?",
    ),
    "unknown key of a stage": (
        HEAD + "  - extract:\n      engine: trafilatura\n      max_second: 3\n",
        "5: unknown key 'max_second'; did you mean 'max_seconds'?",
    ),
    "unknown key of the recipe": (
        "recipe: 1\nstages: [normalize]\nshard_byte: 5000\n",
        "3: unknown key 'shard_byte'; did you mean 'shard_bytes'?",
    ),
    "unknown key of a scope": (
        HEAD + "  - normalize:\n      only:\n        language: [da]\n",
        "5: unknown key 'language'; did you mean 'lang'?",
    ),
    "wrong type": (
        HEAD + "  - dedup:\n      method: minhash\n      threshold: high\n",
        "5: threshold: input should be a valid number, unable to parse string as a number",
    ),
    "out of range": (
        HEAD + "  - dedup: {method: minhash, threshold: 1.5}\n",
        "3: threshold: input should be less than or equal to 1",
    ),
    "not one of the words": (
        HEAD + "  - extract:\n      engine: lynx\n",
        "4: engine: input should be 'trafilatura' or 'resiliparse'",
    ),
    "a list where a map belongs": (
        HEAD + "  - normalize: [NFC]\n",
        "3: settings of stage 'normalize' must be keys and values",
    ),
    "a word where a map belongs": (
        HEAD + "  - normalize: NFC\n",
        "3: settings of stage 'normalize' must be keys and values",
    ),
    "two names in an item": (
        HEAD + "  - normalize:\n    identify:\n",
        "3: a stage is a name, or one name with its settings",
    ),
    "a number as a stage": (HEAD + "  - 3\n", "3: a stage is a name, or one name with its settings"),
    "no method": (
        HEAD + "  - dedup\n",
        "3: stage 'dedup' needs a method: exact, lines, minhash, paragraphs, sentences, substring",
    ),
    "unknown method": (
        HEAD + "  - dedup: {method: minhsh}\n",
        "3: stage 'dedup' has no method 'minhsh'; did you mean 'minhash'?",
    ),
    "a method that is no word": (HEAD + "  - dedup: {method: [exact]}\n", "3: method must be a word"),
    "two equal ids": (
        HEAD + "  - normalize\n  - normalize: {as: normalize}\n",
        "2: stages: two stages have the id 'normalize'; give one another 'as'",
    ),
    "missing key": (HEAD + "  - normalize\n  - filter\n", "4: key 'rulesets' is missing"),
    "duplicate key": (
        "recipe: 1\nname: a\nstages: [normalize]\nname: b\n",
        "4: key 'name' is given twice (first on line 2)",
    ),
    "tab": (HEAD + "\t- normalize\n", "3: indented with a tab; YAML wants spaces"),
    "alias": (
        "recipe: 1\nname: &a x\ndescription: *a\nstages: [normalize]\n",
        "2: anchors and aliases (& and *) are not allowed; write the value out",
    ),
    "tag": (
        "recipe: 1\nstages: !!python/object [normalize]\n",
        "2: tags (tag:yaml.org,2002:python/object) are not allowed",
    ),
    "misspelt criterion": (
        HEAD + "  - dedup: {method: exact, prefer: [licence]}\n",
        "3: prefer: 'licence' is no criterion; did you mean 'license'?",
    ),
    "unclosed bracket": ("recipe: 1\nstages: [normalize\n", "3: not YAML: expected ',' or ']', but got '<stream end>'"),
    "bad name": (
        "recipe: 1\nname: My Recipe\nstages: [normalize]\n",
        "2: name: write a-z or 0-9, then a-z, 0-9, _ or -",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes_are_named_with_their_line(mistake):
    text, complaint = MISTAKES[mistake]
    with pytest.raises(RecipeError) as caught:
        parse_recipe(text, name="r.yaml")
    assert str(caught.value) == f"r.yaml:{complaint}"


@pytest.mark.parametrize("stage_id", ["a/b", "../x", "read", "", "two words", ".hidden", "a|b"])
def test_an_id_that_cannot_name_a_file_is_refused(stage_id):
    with pytest.raises(RecipeError, match=r"r\.yaml:3"):
        parse_recipe(f"recipe: 1\nstages:\n  - normalize: {{as: '{stage_id}'}}\n", name="r.yaml")
