"""Everything that does not fit is found before the first document is read."""

import importlib.metadata
import importlib.util
from pathlib import Path

import pytest
import toy

from corpus_kit.errors import MissingExtra, PlanError, RecipeError
from corpus_kit.inputs import Input, resolve_inputs
from corpus_kit.planner import _partitions, plan
from corpus_kit.recipe import Recipe, parse_recipe
from corpus_kit.stages import ExactDedup, Extract, MinHashDedup, Normalize, Weight

NORMALIZE = "recipe: 1\nstages: [normalize]\n"


@pytest.fixture
def two(tmp_path) -> list[Path]:
    """Sources `aa` and `bb`."""
    return [
        toy.write_source(tmp_path / "in" / name, name, files={"x.jsonl": [{"text": name}]}, category=category)
        for name, category in (("aa", "web"), ("bb", "books"))
    ]


def refused(recipe: str, inputs, kind: type[Exception] = PlanError, **options) -> str:
    with pytest.raises(kind) as caught:
        toy.plan_of(recipe, inputs, **options)
    return str(caught.value)


def test_a_column_that_nothing_gives_is_named_with_the_stage_that_would(two):
    recipe = "recipe: 1\nstages:\n  - normalize\n  - filter: {rulesets: [gopher]}\n"
    assert refused(recipe, two) == (
        "recipe:4: stage 'filter' needs column 'lang', which nothing before it gives; put stage 'identify' before it"
    )
    assert refused("recipe: 1\nstages: [weight]\n", two) == (
        "recipe:2: stage 'weight' needs column 'lang', which nothing before it gives; put stage 'identify' before it"
    )


def test_a_column_that_a_stage_took_away_is_not_there_any_more(two):
    message = refused("recipe: 1\nstages:\n  - extract\n  - extract\n", two)
    assert message.startswith(
        "recipe:4: stage 'extract.2' needs column 'raw', which nothing before it gives; available are added, "
    )


def test_a_card_may_say_where_the_language_stands(tmp_path):
    mapped = toy.write_source(tmp_path / "a", "aa", files={"x.jsonl": [{"text": "x"}]}, more="fields: {lang: sprog}\n")
    other = toy.write_source(tmp_path / "b", "bb", files={"x.jsonl": [{"text": "x"}]})
    assert toy.plan_of("recipe: 1\nstages: [weight]\n", [mapped]).stages[0].id == "weight"
    assert "needs column 'lang'" in refused("recipe: 1\nstages: [weight]\n", [mapped, other])


def test_a_scope_over_a_column_that_nothing_gives_is_refused(two):
    message = refused("recipe: 1\nstages:\n  - normalize: {only: {lang: [dan_Latn]}}\n", two)
    assert message.startswith("recipe:3: stage 'normalize' needs column 'lang', which nothing before it gives")


def test_every_absent_library_is_named(two, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    recipe = "recipe: 1\nstages:\n  - extract\n  - dedup: {method: minhash, engine: datasketch}\n"
    message = refused(recipe, two, MissingExtra)
    assert message == (
        "stage 'extract' needs the library 'resiliparse', which is not installed\n"
        "  install it with: pip install 'corpus-kit[web]'\n"
        "stage 'dedup' needs the library 'datasketch', which is not installed\n"
        "  install it with: pip install 'corpus-kit[dedup]'"
    )


def test_a_library_that_is_there_under_another_distribution_is_user_trouble(two, monkeypatch):
    def absent(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", absent)
    assert "ftfy" in refused(NORMALIZE, two, MissingExtra)


def test_raw_pages_need_extract(tmp_path):
    folder = toy.write_card(tmp_path / "pages", "pages")
    (folder / "a.html").write_text("<p>x")
    assert refused(NORMALIZE, [folder]) == (
        "source 'pages' has html files, which hold pages, not text; begin the recipe with 'extract'"
    )
    assert toy.plan_of("recipe: 1\nstages: [extract, normalize]\n", [folder]).units[0].format == "html"


@pytest.mark.parametrize(
    ("stages", "complaint"),
    [
        ("[normalize, extract]", "put 'extract' before stage 'normalize'"),
        ("[{extract: {only: {source: [web]}}}, normalize]", "it takes no 'only' and no 'except'"),
    ],
)
def test_extract_sees_all_pages_before_anything_needs_text(tmp_path, stages, complaint):
    folder = toy.write_card(tmp_path / "pages", "pages")
    (folder / "a.html").write_text("<p>x")
    assert complaint in refused(f"recipe: 1\nstages: {stages}\n", [folder])


def test_an_input_that_the_recipe_does_not_list(two):
    recipe = "recipe: 1\nsources: [aa, b]\nstages: [normalize]\n"
    assert refused(recipe, two) == "the recipe has no source 'bb'; did you mean 'b'?"


def test_a_source_of_the_recipe_without_input(two):
    recipe = "recipe: 1\nsources: [aa, bb, cc]\nstages: [normalize]\n"
    assert refused(recipe, two) == "source 'cc' of the recipe has no input; give --input cc=PATH"


def test_sources_stand_in_the_order_of_the_recipe_or_of_their_names(two):
    assert list(toy.plan_of(NORMALIZE, two[::-1]).sources) == ["aa", "bb"]
    assert list(toy.plan_of("recipe: 1\nsources: [bb, aa]\nstages: [normalize]\n", two).sources) == ["bb", "aa"]


def test_units_stand_in_the_order_of_priority(two):
    """Survivors of deduplication are the first rows, so the order of units is the priority of sources."""
    planned = toy.plan_of("recipe: 1\nsources: [bb, aa]\nstages: [normalize]\n", two)
    assert [unit.source for unit in planned.units] == ["bb", "aa"]


@pytest.mark.parametrize("sample", [0, -1, 1.5, float("nan")])
def test_a_sample_is_a_share(two, sample):
    assert refused(NORMALIZE, two, sample=sample) == f"--sample is a share above 0 and at most 1, not {sample:g}"


def test_a_limit_is_positive(two):
    assert refused(NORMALIZE, two, limit=0) == "--limit is at least 1"


def test_sources_are_counted_in_files_and_bytes(two):
    source = toy.plan_of(NORMALIZE, two).sources["aa"]
    path = two[0] / "x.jsonl"
    assert (source.files, source.bytes, source.paths) == (1, path.stat().st_size, (str(two[0]),))
    assert source.card.category == "web"


@pytest.fixture
def segments(tmp_path):
    """What each segment of a recipe applies, runs and collects, and whether it is the last."""
    inputs = resolve_inputs([str(toy.write_source(tmp_path / "seg", "seg", files={"x.jsonl": [{"text": "x"}]}))])

    def cut(*stages) -> list[tuple[list[str], list[str], list[str], bool]]:
        planned = plan(Recipe(stages=stages), inputs).segments
        assert [one.index for one in planned] == list(range(len(planned)))
        return [(list(one.apply), list(one.batch), list(one.collect), one.final) for one in planned]

    return cut


EXACT, NEAR = ExactDedup.model_validate({"as": "exact"}), MinHashDedup.model_validate({"as": "near"})


BY_SOURCE = Weight(by=("source",))


def test_batch_stages_alone_make_one_segment(segments):
    assert segments(Extract(), Normalize()) == [([], ["extract", "normalize"], [], True)]


def test_a_corpus_stage_at_the_end_is_applied_in_a_segment_of_its_own(segments):
    assert segments(Normalize(), EXACT) == [([], ["normalize"], ["exact"], False), (["exact"], [], [], True)]


def test_consecutive_corpus_stages_collect_in_one_pass(segments):
    assert segments(Normalize(), EXACT, NEAR, BY_SOURCE) == [
        ([], ["normalize"], ["exact", "near", "weight"], False),
        (["exact", "near", "weight"], [], [], True),
    ]


def test_batch_stages_between_corpus_stages_cut(segments):
    assert segments(EXACT, Normalize(), NEAR, Normalize(), Normalize()) == [
        ([], [], ["exact"], False),
        (["exact"], ["normalize"], ["near"], False),
        (["near"], ["normalize.2", "normalize.3"], [], True),
    ]


def test_a_later_stage_leaves_earlier_segments_as_they_are(two):
    def prints(recipe: str) -> list[str]:
        return [one.fingerprint for one in toy.plan_of(recipe, two).segments]

    dedup = "recipe: 1\nstages:\n  - normalize\n  - dedup: {method: exact}\n"
    first = prints(dedup + "  - normalize\n")
    other = prints(dedup + "  - normalize: {unicode: NFKC}\n")
    assert first[0] == other[0]
    assert first[1] != other[1]
    changed = prints("recipe: 1\nstages:\n  - normalize\n  - dedup: {method: exact, form: as_is}\n  - normalize\n")
    assert not set(first) & set(changed)


CHANGES = {
    "a stage's setting": "stages:\n  - normalize: {blank_lines: false}\n  - dedup: {method: exact}\n",
    "a stage more": "stages:\n  - normalize\n  - dedup: {method: exact}\n  - normalize\n",
    "the order": "stages:\n  - dedup: {method: exact}\n  - normalize\n",
    "a method": "stages:\n  - normalize\n  - dedup: {method: minhash}\n",
    "a stage's id": "stages:\n  - normalize\n  - dedup: {method: exact, as: same}\n",
    "a scope": "stages:\n  - normalize: {only: {source: [aa]}}\n  - dedup: {method: exact}\n",
    "shard_bytes": "stages:\n  - normalize\n  - dedup: {method: exact}\nshard_bytes: 4096\n",
    "split_bytes": "stages:\n  - normalize\n  - dedup: {method: exact}\nsplit_bytes: 4096\n",
    "reject_text": "stages:\n  - normalize\n  - dedup: {method: exact}\nreject_text: none\n",
    "metrics": "stages:\n  - normalize\n  - dedup: {method: exact}\nmetrics: none\n",
    "the order of sources": "sources: [bb, aa]\nstages:\n  - normalize\n  - dedup: {method: exact}\n",
}


USUAL = "recipe: 1\nstages:\n  - normalize\n  - dedup: {method: exact}\n"


@pytest.mark.parametrize(
    ("total", "partitions"),
    [(0, 1), (64 << 20, 1), (128 << 20, 2), (200 << 20, 4), (1 << 30, 16), (150 << 30, 256), (1 << 50, 4096)],
)
def test_key_partitions_are_a_power_of_two_that_grows_with_the_input(total, partitions):
    assert _partitions(total) == partitions


def test_two_inputs_of_one_source(two, tmp_path):
    toy.write_source(tmp_path / "more", "aa", files={"y.jsonl": [{"text": "1"}]})
    inputs: list[Input] = resolve_inputs([str(two[0]), str(tmp_path / "more")])
    planned = plan(parse_recipe(NORMALIZE), inputs)
    assert planned.sources["aa"].files == 2
    assert [unit.relative for unit in planned.units] == ["x.jsonl", "y.jsonl"]


def test_the_order_of_a_listing_does_not_show(two, tmp_path, monkeypatch):
    import corpus_kit.units

    for i in range(9):
        (two[0] / f"more{i}.jsonl").write_text(f'{{"text": "nummer {i}"}}\n')
    listed = corpus_kit.units.list_files
    usual = toy.plan_of(NORMALIZE, two)
    monkeypatch.setattr(corpus_kit.units, "list_files", lambda path: listed(path)[::-1])
    assert toy.plan_of(NORMALIZE, two) == usual


def test_what_a_stage_finds_wrong_is_named_with_its_line(two):
    recipe = "recipe: 1\nstages:\n  - normalize\n  - clean: {rules: [c44]}\n"
    assert refused(recipe, two, RecipeError) == "recipe:4: unknown line ruleset 'c44'; did you mean 'c4'?"
