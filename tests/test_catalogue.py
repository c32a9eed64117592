"""Every name there is can be explained, and a misspelt one gets a suggestion."""

from __future__ import annotations

import pytest
import toy
from click.testing import CliRunner

from corpus_kit import resources
from corpus_kit.catalogue import entries, explain, nearest
from corpus_kit.catalogue.entry import Entry, attribute_docstrings, said
from corpus_kit.catalogue.stages import classes, options
from corpus_kit.cli import main
from corpus_kit.errors import RecipeError
from corpus_kit.language import labels
from corpus_kit.lines.registry import DEFINITIONS
from corpus_kit.lines.rulesets import load_line_ruleset
from corpus_kit.metrics import METRICS
from corpus_kit.recipe import Recipe, parse_recipe
from corpus_kit.rulesets import load_ruleset
from corpus_kit.schema import COLUMNS, GIVEN_COLUMNS, RAW_COLUMNS
from corpus_kit.sources import REJECT_CODES, SKIP_CODES
from corpus_kit.stage import REGISTRY, Stage
from corpus_kit.stages.filter import Filter


@pytest.fixture(scope="module")
def known() -> dict[str, list[Entry]]:
    return entries()


def test_every_name_there_is_can_be_explained(known):
    assert set(METRICS) | set(COLUMNS) | set(GIVEN_COLUMNS) | set(RAW_COLUMNS) <= set(known)
    assert set(SKIP_CODES) | set(REJECT_CODES) | set(labels()) | set(DEFINITIONS) | set(REGISTRY) <= set(known)
    assert {code for _, _, cls in classes() for code in cls.codes} <= set(known)
    for name in resources.names("rulesets"):
        rules = load_ruleset(name).rules
        assert {name} | {code for rule in rules for code in (rule.code, *rule.condition_codes)} <= set(known)
    for name in resources.names("lines"):
        assert {name} | {rule.code for rule in load_line_ruleset(name).rules} <= set(known)
    for name, method, cls in classes():
        prefix = name if method is None else f"{name}.{method}"
        assert {f"{prefix}.{one.name}" for one in options(cls)} <= set(known)
    assert {one.name for one in options(Recipe)} <= set(known)
    for kind in ("pipelines", "wordlists", "mixes"):
        assert set(resources.names(kind)) <= set(known)


def test_every_explanation_begins_with_the_name_and_says_something(known):
    for name, meanings in known.items():
        for entry in meanings:
            head, _, rest = str(entry).partition("\n\n")
            assert head == f"{name}: {entry.what}"
            assert rest.split(), name
            assert "None" not in entry.what


def test_a_rule_is_explained_with_prose_example_bounds_citation_and_languages():
    page = explain("gopher.mean_word_length")
    assert page.startswith("gopher.mean_word_length: a rule of the ruleset gopher, and the reason of what it rejects")
    assert "Mean number of characters of a word" in page
    assert '>>> mean_word_length(Doc("one two, three"))\n4.0' in page
    assert "  keeps                    at least 3 and at most 10\n" in page
    assert "arXiv:2112.11446, appendix A1.1" in page
    assert "dan_Latn                 keeps at least 3 and at most 11 (profile dan_Latn: huggingface/fineweb-2" in page


def test_a_rule_of_several_conditions_and_its_conditions():
    ruleset = load_ruleset("nordic_pile")
    rule = next(rule for rule in ruleset.rules if len(rule.conditions) > 1)
    code, metric = next(iter(rule.condition_codes.items()))
    assert f" {rule}\n" in explain(rule.code)
    page = explain(code)
    assert page.startswith(f"{code}: a condition of the rule {rule.code}, by which an override can give it bounds")
    assert METRICS[metric].summary in page


def test_a_metric_names_the_rules_that_use_it():
    page = explain("word_count")
    assert "gopher.word_count" in page
    assert "keeps at least 50 and at most 100000" in page
    assert "corpus_kit.metrics.gopher: Quality metrics of Gopher" in page


def test_a_name_with_several_meanings_has_them_all(known):
    name = next(name for name in DEFINITIONS if name in METRICS)
    assert len(known[name]) == 2
    page = explain(name)
    assert f"{name}: a metric\n" in page
    assert f"\n\n{name}: a number about a line\n" in page


def test_a_metric_says_which_word_list_it_needs():
    assert "the stop words of the language; undefined without" in explain("stop_word_count")


def test_a_stage_is_explained_with_settings_and_reasons():
    page = explain("filter")
    assert "needs  text, lang" in page
    assert "  rulesets (required)\n      Names of shipped rulesets, or paths of your own." in page
    assert '  unknown_language = "reject"\n' in page
    assert "  as = null\n      Id of the stage in the run" in page
    assert "filter.no_profile  the language has no profile" in page
    both = explain("dedup")
    count = len(REGISTRY["dedup"])  # pyright: ignore[reportArgumentType]
    assert both.startswith(f"dedup: {count} stages, told apart by `method`\n\ndedup (method: exact)\n\n")
    assert "\n\ndedup (method: minhash)\n\n" in both


def test_options_by_their_stage_or_alone():
    page = explain("dedup.minhash.threshold")
    assert page.startswith("dedup.minhash.threshold: an option of stage dedup (method: minhash)\n\nLowest similarity")
    assert "default  0.8" in page
    assert page in explain("threshold")
    assert explain("verify") == explain("dedup.minhash.verify")
    assert "none: it must be given" in explain("filter.rulesets")
    together = explain("only")
    assert together.count("Which rows a stage touches") == 1
    assert "\nfilter.only: an option of stage filter\n" in together
    assert explain("filter.only.lang").startswith("filter.only.lang: an option of stage filter")


def test_keys_of_a_recipe():
    page = explain("guard")
    assert page.startswith("guard: a key of a recipe\n\nStops a run that loses nearly all of a source")
    assert 'guard.action         "stop"' in page
    assert "default  0.9" in explain("guard.max_share")
    assert explain("split_bytes").startswith("split_bytes: a key of a recipe\n\nInput files larger than this")


def test_line_rules_and_line_functions():
    page = explain("clean.c4_javascript")
    assert page.startswith("clean.c4_javascript: a rule of the line ruleset c4, and the code under which")
    assert "does           removes the line\n" in page
    assert "category code  off" in page
    assert "clean.c4_javascript" in explain("contains")
    assert "c4: a line ruleset of 6 rules, for stage clean" in explain("c4")


def test_reader_codes_columns_languages_and_data():
    assert explain("read.no_text").startswith("read.no_text: a reason readers give\n\nThe record has no text field")
    assert explain("read.not_sampled").startswith("read.not_sampled: counted by readers; no document is made")
    assert explain("text") == "text: a column (large_string)\n\nThe text."
    assert "gopher.mean_word_length" in explain("fin_Latn")
    assert "flagged words" in explain("dan_Latn")
    assert explain("demo").startswith("demo: a recipe that ships\n\nThe whole pipeline over the sample")
    offensive = (resources.find("wordlists", "ldnoobw_da").read_text().splitlines())[-1]
    assert offensive not in explain("ldnoobw_da")


def test_a_language_lists_its_bounds_and_counts_its_offensive_words():
    page = explain("dan_Latn")
    assert "stop words                         af at blev de den" in page
    assert "gopher.mean_word_length            keeps at least 3 and at most 11 (profile dan_Latn: " in page
    assert "flagged words                      20, profile dan_Latn: LDNOOBW" in page


def test_the_id_of_a_stage_in_a_shipped_recipe():
    page = explain("near")
    assert page.startswith('near: stage dedup (method: minhash) of the recipe demo\n\n  as  "near"')
    assert "threshold                   0.8 (recipe)" in page
    assert "dedup.minhash  a near-duplicate of it is kept" in page


@pytest.fixture
def own(tmp_path) -> Recipe:
    (tmp_path / "own_rules.yaml").write_text(f"# Rules of our own.\n{toy.RULES}")
    text = f"- filter: {{as: ours, rulesets: [{tmp_path}/own_rules.yaml], override: {{own_rules.word_count: '7:'}}}}"
    return parse_recipe(f"recipe: 1\nname: mine\nstages:\n  {text}\n")


def test_a_recipe_of_ones_own_brings_its_ids_and_rulesets(own):
    page = explain("ours", own)
    assert page.startswith("ours: stage filter of the recipe mine\n")
    assert "own_rules.word_count.low  7.0 (recipe, override)" in page
    assert "own_rules.word_count" in explain("own_rules", own)
    assert explain("own_rules.word_count", own).startswith("own_rules.word_count: a rule of the ruleset own_rules")
    assert "a reason that stage" not in explain("own_rules.word_count", own)
    with pytest.raises(RecipeError):
        explain("ours")


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("gopher.wordcount", "gopher.word_count"),
        ("wordcount", "word_count"),
        ("Gopher.Word_Count", "gopher.word_count"),
        ("filtr", "filter"),
        ("dan_Lat", "dan_Latn"),
        ("guard.maxshare", "guard.max_share"),
        ("treshold", "dedup.minhash.threshold"),
        ("dedup.minhash.tresh", "dedup.minhash.threshold"),
        ("normalise", "normalize"),
        ("boilerplat", "boilerplate"),
    ],
)
def test_a_misspelling_is_corrected(wrong, right):
    with pytest.raises(RecipeError) as caught:
        explain(wrong)
    message = str(caught.value)
    assert message.startswith(f"nothing is called {wrong!r}; did you mean ")
    assert repr(right) in message


def test_what_is_like_nothing_gets_examples():
    with pytest.raises(RecipeError, match=r"'qqqqqq'; a name is a reason code \(gopher\.word_count\)"):
        explain("qqqqqq")


def test_the_nearest_names_come_first_and_are_few():
    names = ["gopher.word_count", "word_count", "mean_word_length", "lang"]
    assert nearest("word_cout", names) == ["word_count", "gopher.word_count"]
    assert nearest("mean_word", names)[0] == "mean_word_length"
    assert nearest("zz", names) == []


def test_an_entry_is_its_first_line_and_its_paragraphs():
    assert str(Entry("a", "a letter", said("First.", "", "Second."))) == "a: a letter\n\nFirst.\n\nSecond."


def test_attribute_docstrings_are_inherited():
    written = attribute_docstrings(Filter)
    assert written["override"].startswith("Rule -> bounds")
    assert written["as_"] == attribute_docstrings(Stage)["as_"]
    assert written["as_"].startswith("Id of the stage")


PLUGIN = '''\
"""Metrics of ours."""

from typing import ClassVar

from corpus_kit.metrics import metric
from corpus_kit.stage import BatchStage, register


@metric("explained_share", kind="fraction")
def explained_share(doc):
    """Share of what is explained."""
    return 1.0


@register("explaining")
class Explaining(BatchStage):
    """Explains texts."""

    codes: ClassVar = {"explaining.badly": "it is not clear"}
    clarity: float = 0.5
    """How clear it must be."""

    def all_codes(self):
        """Also one that its settings make."""
        return {**self.codes, "explaining.below_7": "clarity below 7 tenths"}
'''


def call(*arguments: object, code: int = 0) -> str:
    result = CliRunner().invoke(main, ["explain", *map(str, arguments)])
    assert result.exit_code == code, result.output
    return result.output


def test_what_a_plugin_adds_is_explained(tmp_path):
    (tmp_path / "mine.py").write_text(PLUGIN)
    try:
        option = ["--plugin", tmp_path / "mine.py"]
        assert "Metrics of ours" in call("explained_share", *option)
        assert "explaining: a stage\n\nExplains texts." in call("explaining", *option)
        assert "How clear it must be." in call("clarity", *option)
        assert "It is not clear." in call("explaining.badly", *option)
        (tmp_path / "r.yaml").write_text("recipe: 1\nname: r\nstages: [{explaining: {as: how, clarity: 0.7}}]\n")
        recipe = ["--recipe", tmp_path / "r.yaml"]
        assert "clarity  0.7 (recipe)" in call("how", *option, *recipe)
        made = call("explaining.below_7", *option, *recipe)
        assert made == (
            "explaining.below_7: a reason that stage how of the recipe r can give\n\nClarity below 7 tenths.\n"
        )
    finally:
        METRICS.pop("explained_share", None)
        REGISTRY.pop("explaining", None)


def test_mistakes_are_user_errors(tmp_path):
    assert "did you mean 'gopher.word_count'" in call("gopher.wordcount", code=2)
    assert "unknown recipe 'deno'; did you mean 'demo'?" in call("near", "--recipe", "deno", code=2)
    assert "give a NAME, or --all" in call(code=2)
    assert "give a NAME, or --all" in call("lang", "--all", code=2)
    assert "plug-in" in call("lang", "--plugin", tmp_path / "gone.py", code=2)
