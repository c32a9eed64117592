import importlib.util
import json
import pickle
import socket

import pyarrow as pa
import pytest
import toy

pytest.importorskip("datatrove")

import corpus_kit
from corpus_kit.errors import MissingExtra, RecipeError
from corpus_kit.recipe import parse_recipe
from corpus_kit.schema import COLUMNS
from corpus_kit.stage import require_modules, stage_class
from corpus_kit.stages.datatrove import Datatrove

AVAILABLE = {name: kind for name, (kind, _) in COLUMNS.items()}
HAS_SPACY = importlib.util.find_spec("spacy") is not None
needs_spacy = pytest.mark.skipif(not HAS_SPACY, reason="spaCy cuts datatrove's words")

LINES = "This line stays as it is.\nMenu\nThis one loses its citation [12]."


@pytest.fixture(autouse=True)
def _no_network(monkeypatch):
    """Whatever a filter does here, it does without the network."""

    def refuse(*_, **__):
        raise AssertionError("it reached for the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def recipe(settings: str) -> str:
    return f"recipe: 1\nstages:\n  - datatrove:\n      {settings}"


def stage(settings: str) -> Datatrove:
    (one,) = parse_recipe(recipe(settings)).stages
    assert isinstance(one, Datatrove)
    return one


C4 = "filter: C4QualityFilter\n      args: {min_num_sentences: -1, language: eng_Latn}"
REGEX = 'filter: RegexFilter\n      args: {regex_exp: "cookie"}'


def test_it_is_registered():
    assert stage_class("datatrove") is Datatrove


def test_verdicts_are_reasons_without_values():
    batch = toy.batch(["a cookie", "a biscuit", None])
    result = stage(REGEX).apply(batch)
    assert toy.codes(result) == [["datatrove.regex_filter"], [], []]
    assert result["reasons"][0][0] == toy.reason("datatrove.regex_filter")
    assert result.drop_columns(["reasons"]).equals(batch.drop_columns(["reasons"]))


def test_changed_texts_go_back_into_the_batch_and_are_counted():
    result = stage(C4).apply(toy.batch([LINES, "Nothing to change here.", "Has a { in it.", None]))
    assert toy.codes(result) == [[], [], ["datatrove.curly_bracket"], []]
    assert result["text"].to_pylist() == [
        "This line stays as it is.\nThis one loses its citation .",
        "Nothing to change here.",
        "Has a { in it.",
        None,
    ]
    assert result["text"].type == pa.large_string()
    assert result["edits"].to_pylist() == [{"datatrove.rewritten": n} for n in (2, 0, 0, 0)]


def test_an_exception_is_a_reason_and_says_nothing_of_the_text(capfd):
    failing = Datatrove.model_construct(filter="FineWebQualityFilter", args={"language": "no such language"})
    result = failing.apply(toy.batch(["A secret line that ends well and is not short."]))
    assert toy.codes(result) == [["datatrove.error"]]
    assert "secret" not in "".join(capfd.readouterr())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("filter: RegxFilter", "recipe:4: filter: datatrove has no filter 'RegxFilter'; did you mean 'RegexFilter'?"),
        (
            "filter: os.system",
            "recipe:4: filter: datatrove has no filter 'os.system'; valid names are C4BadWordsFilter",
        ),
        ("filter: LambdaFilter", "recipe:4: filter: datatrove's LambdaFilter cannot be used here: its argument is a"),
        (
            "filter: GopherQualityFilter\n      args:\n        max_doc_words: 9\n        min_doc_wrds: 3",
            "recipe:7: args.min_doc_wrds: no argument of GopherQualityFilter; did you mean 'min_doc_words'?",
        ),
        (
            "filter: GopherQualityFilter\n      args:\n        max_doc_words: [3]",
            "recipe:6: args.max_doc_words: expected a number or null, not a list",
        ),
        ("filter: RegexFilter", "recipe:3: args.regex_exp: missing; RegexFilter needs it"),
    ],
)
def test_what_is_wrong_is_found_when_the_recipe_is_read(settings, message):
    with pytest.raises(RecipeError) as caught:
        stage(settings)
    assert str(caught.value).startswith(message)


def test_arguments_the_constructor_refuses_are_found_at_plan_time():
    with pytest.raises(RecipeError, match="RegexFilter does not take these args: missing \\)"):
        stage('filter: RegexFilter\n      args: {regex_exp: "("}').check(AVAILABLE)
    stage(REGEX).check(AVAILABLE)


@needs_spacy
@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("filter: GopherRepetitionFilter\n      args: {top_n_grams: [2, 3]}", "fails on an ordinary text"),
        ("filter: GopherQualityFilter", "counts English stop words"),
        ("filter: GopherQualityFilter\n      args: {language: dan_Latn}", "counts English stop words"),
        ("filter: C4QualityFilter\n      args: {language: dan_Ltn}", "did you mean 'dan_Latn'"),
        ("filter: C4QualityFilter\n      args: {language: kor_Hang}", "is no language whose words spaCy can cut"),
    ],
)
def test_arguments_that_cannot_work_are_found_at_plan_time(settings, message):
    with pytest.raises(RecipeError, match=message):
        stage(settings).check(AVAILABLE)


@needs_spacy
@pytest.mark.parametrize(
    "settings",
    [
        "filter: GopherQualityFilter\n      args: {language: eng_Latn}",
        "filter: GopherQualityFilter\n      only: {lang: [eng_Latn]}",
        "filter: GopherQualityFilter\n      args: {min_stop_words: null}",
        "filter: GopherQualityFilter\n      args: {stop_words: [og, i, at]}",
        "filter: GopherRepetitionFilter",
        "filter: FineWebQualityFilter\n      args: {stop_chars: [., '!'], line_punct_thr: 0.1}",
        "filter: C4ParagraphFilter",
    ],
)
def test_arguments_that_work(settings):
    one = stage(settings)
    require_modules(one, "datatrove")
    one.check(AVAILABLE)
    assert not any(code == ["datatrove.error"] for code in toy.codes(one.apply(toy.batch([LINES], lang=["eng_Latn"]))))


@pytest.mark.skipif(HAS_SPACY, reason="spaCy is installed")
def test_a_missing_word_tokenizer_is_a_missing_extra():
    with pytest.raises(MissingExtra, match="needs the library 'spacy'"):
        require_modules(stage("filter: GopherRepetitionFilter"), "datatrove")


def test_without_datatrove_a_recipe_loads_and_the_plan_names_the_extra(monkeypatch):
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "datatrove" else real(name))
    one = stage("filter: GopherQualityFilter\n      args: {anything: 1}")
    assert one.columns_needed() == ("text",)
    with pytest.raises(MissingExtra, match="needs the library 'datatrove'"):
        require_modules(one, "datatrove")


def test_the_language_is_needed_only_where_documents_are_judged_in_their_own():
    assert stage("filter: GopherRepetitionFilter").columns_needed() == ("text", "lang")
    assert stage("filter: GopherRepetitionFilter\n      args: {language: dan_Latn}").columns_needed() == ("text",)
    assert stage(REGEX).columns_needed() == ("text",)
    assert stage("filter: URLFilter").columns_needed() == ("text", "url")


def test_numbers_have_an_origin():
    numbers = {
        one.name: one for one in stage("filter: GopherRepetitionFilter\n      args: {dup_line_frac: 0.4}").numbers()
    }
    assert (numbers["dup_line_frac"].value, numbers["dup_line_frac"].origin) == (0.4, "recipe")
    assert numbers["top_n_grams"].value == ((2, 0.2), (3, 0.18), (4, 0.16))
    assert numbers["dup_para_frac"].origin.endswith("default of GopherRepetitionFilter")
    assert "language" not in numbers


def test_versions_that_decide_enter_identity():
    assert stage(REGEX).libraries_used() == ("datatrove",)
    assert stage("filter: GopherRepetitionFilter").libraries_used() == ("datatrove", "spacy", "regex")


def test_a_stage_is_its_config():
    one = stage(C4)
    assert stage_class("datatrove").model_validate(json.loads(json.dumps(one.config()))) == one
    one.apply(toy.batch([LINES]))
    assert len(pickle.dumps(one)) < 1000  # instances stay in the process
    assert parse_recipe(parse_recipe(recipe(C4)).to_yaml()).stages == (one,)


@needs_spacy
@pytest.mark.parametrize("batch_rows", [1, 7, 1000])
def test_a_run_keeps_the_laws(tmp_path, batch_rows):
    from corpus_kit.tasks import Settings

    documents = [
        {"text": text, "lang": lang} for text in (LINES, toy.DANISH, "x") for lang in ("eng_Latn", "und", None)
    ]
    source = toy.write_source(tmp_path / "in", files={"a.jsonl": documents}, more="fields: {lang: lang}\n")
    text = recipe("filter: C4QualityFilter\n      args: {min_num_sentences: 1}\n      except: {lang: [und]}")
    done = corpus_kit.run(
        parse_recipe(text),
        corpus_kit.resolve_inputs([str(source)]),
        tmp_path / "run",
        workers=1,
        settings=Settings(batch_rows=batch_rows),
    )
    kept = sorted((one["lang"], one["text"]) for one in done.kept(["lang", "text"]).to_pylist())
    rewritten = "This line stays as it is.\nThis one loses its citation ."
    assert kept == [
        ("eng_Latn", toy.DANISH),
        ("eng_Latn", rewritten),
        ("und", toy.DANISH),
        ("und", LINES),
        ("und", "x"),
    ]
    codes = [one["reasons"][0]["code"] for one in done.rejects(["reasons"]).to_pylist()]
    assert sorted(codes) == ["datatrove.no_language"] * 3 + ["datatrove.too_few_sentences"]
    assert sum(done.tally.edits.values()) == 2
