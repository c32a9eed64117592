import pytest

from corpus_kit.catalogue import attribute_docstrings, entries, explain, stages
from corpus_kit.errors import RecipeError
from corpus_kit.metrics import METRICS
from corpus_kit.rulesets import load_ruleset
from corpus_kit.schema import COLUMNS
from corpus_kit.sources import REJECT_CODES, SKIP_CODES
from corpus_kit.stages.filter import Filter


def test_every_name_there_is_can_be_explained():
    known = entries()
    assert set(METRICS) | set(COLUMNS) | set(SKIP_CODES) | set(REJECT_CODES) <= set(known)
    assert {rule.code for rule in load_ruleset("gopher").rules} <= set(known)
    assert {code for _, cls in stages() for code in cls.codes} <= set(known)
    assert {"gopher", "dan_Latn", "filter", "filter.no_profile"} <= set(known)


@pytest.mark.parametrize("name", sorted(entries()))
def test_an_explanation_begins_with_the_name_and_says_something(name):
    head, _, rest = explain(name).partition("\n\n")
    assert head.startswith(f"{name}: ")
    assert rest.split()


def test_a_rule_is_explained_with_prose_example_bounds_citation_and_languages():
    page = explain("gopher.mean_word_length")
    assert page.startswith("gopher.mean_word_length: a rule of the ruleset gopher")
    assert "Mean number of characters of a word" in page
    assert '>>> mean_word_length(Doc("one two, three"))\n4.0' in page
    assert "keeps                    at least 3 and at most 10" in page
    assert "arXiv:2112.11446, appendix A1.1" in page
    assert "dan_Latn                 keeps at least 3 and at most 11 (profile dan_Latn: huggingface/fineweb-2" in page


def test_a_metric_names_the_rules_that_use_it():
    page = explain("word_count")
    assert "gopher.word_count  keeps at least 50 and at most 100000" in page
    assert "defined in         corpus_kit.metrics.gopher: Quality metrics of Gopher" in page


def test_a_stage_is_explained_with_settings_and_reasons():
    page = explain("filter")
    assert "needs  text, lang" in page
    assert "  rulesets (required)\n      Names of shipped rulesets, or paths of your own." in page
    assert '  unknown_language = "reject"\n' in page
    assert "  as = null\n      Id of the stage in the run" in page
    assert "filter.no_profile  the language has no profile" in page


def test_reader_codes_columns_and_languages():
    assert explain("read.no_text").startswith("read.no_text: a reason readers give\n\nThe record has no text field")
    assert explain("read.not_sampled").startswith("read.not_sampled: counted by readers; no document is made")
    assert explain("text") == "text: a column (large_string)\n\nThe text."
    assert "gopher.mean_word_length  keeps at least 3 and at most 14" in explain("fin_Latn")


def test_a_misspelling_is_corrected():
    with pytest.raises(RecipeError, match=r"nothing is called 'gopher\.wordcount'; did you mean 'gopher\.word_count'"):
        explain("gopher.wordcount")
    with pytest.raises(RecipeError, match=r"'zzz'; a name is a reason code \(gopher\.word_count\)"):
        explain("zzz")


def test_attribute_docstrings_are_inherited():
    written = attribute_docstrings(Filter)
    assert written["override"].startswith("Rule -> bounds")
    assert written["as_"].startswith("Id of the stage")
