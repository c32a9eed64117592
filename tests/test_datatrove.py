"""datatrove's filters: which can be used, what their constructors take, what they say, and that all stay offline."""

import ast
import importlib.util
import inspect
import re

import pytest

pytest.importorskip("datatrove")

from corpus_kit.datatrove import filters, offline, reasons
from corpus_kit.datatrove.judge import KEPT, Judge, Verdict, judge_of, lines_changed
from corpus_kit.errors import PlanError
from corpus_kit.language import labels

USABLE = sorted(filters.filter_classes().keys() - filters.REFUSED.keys())

needs_spacy = pytest.mark.skipif(importlib.util.find_spec("spacy") is None, reason="spaCy cuts datatrove's words")
needs_url_filter = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in filters.MODULES["URLFilter"]), reason="for URLFilter"
)
needs_bad_words = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in filters.MODULES["C4BadWordsFilter"]), reason="for its cache"
)


def test_every_filter_of_datatrove_is_known_here():
    assert set(USABLE) == set(reasons.BY_FILTER)
    assert filters.REFUSED.keys() < filters.filter_classes().keys()


def test_names_are_class_names_and_nothing_else():
    for name in USABLE:
        filters.check_name(name)
    for name in ("os.system", "BaseFilter", "DiskWriter", "datatrove.pipeline.filters.RegexFilter", ""):
        with pytest.raises(ValueError, match="datatrove has no filter"):
            filters.check_name(name)
    with pytest.raises(ValueError, match="did you mean 'C4QualityFilter'"):
        filters.check_name("C4QualtyFilter")


@pytest.mark.parametrize("name", sorted(filters.REFUSED))
def test_filters_that_break_a_law_are_refused_with_what_to_use_instead(name):
    with pytest.raises(ValueError, match=f"{name} cannot be used here: .*(use|write|name)"):
        filters.check_name(name)


@pytest.mark.parametrize("name", USABLE)
def test_the_defaults_of_a_constructor_fit_what_is_read_from_it(name):
    given = {
        key: list(one.default) if isinstance(one.default, tuple) else one.default
        for key, one in filters.parameters(name).items()
        if one.default is not inspect.Parameter.empty
    }
    assert filters.mistakes(name, {"regex_exp": "x", **given} if name == "RegexFilter" else given) == {}


@pytest.mark.parametrize(
    ("name", "args", "wrong"),
    [
        (
            "GopherQualityFilter",
            {"min_doc_wrds": 1},
            "no argument of GopherQualityFilter; did you mean 'min_doc_words'?",
        ),
        ("GopherQualityFilter", {"min_doc_words": "50"}, "expected a number or null, not text"),
        ("GopherQualityFilter", {"min_doc_words": True}, "expected a number or null, not true or false"),
        ("GopherQualityFilter", {"min_doc_words": {"a": 1}}, "expected a number or null, not keys and values"),
        ("GopherQualityFilter", {"stop_words": "og"}, "expected a list or null, not text"),
        ("GopherQualityFilter", {"max_symbol_word_ratio": float("inf")}, "numbers must be finite"),
        ("GopherQualityFilter", {"exclusion_writer": "x"}, "not an argument here: rejected documents go to rejects/"),
        ("C4QualityFilter", {"remove_citations": 1}, "expected true or false, not a number"),
        ("C4BadWordsFilter", {"keep_fraction": 0.5}, "must be 0: datatrove draws what to keep in the order"),
        ("RegexFilter", {}, "missing; RegexFilter needs it"),
    ],
)
def test_arguments_that_do_not_fit(name, args, wrong):
    (found,) = filters.mistakes(name, args).values()
    assert found.startswith(wrong)


def test_a_number_may_have_decimals_where_datatrove_wrote_int():
    assert filters.mistakes("GopherQualityFilter", {"min_avg_word_length": 2.5, "max_doc_words": None}) == {}
    assert filters.mistakes("FineWebQualityFilter", {"stop_chars": [".", "!"]}) == {}


def _literal_reasons(name: str) -> set[str]:
    """Reasons that the source of a filter gives in plain text."""
    tree = ast.parse(inspect.getsource(inspect.getmodule(filters.filter_classes()[name])))
    classes = [one for one in tree.body if isinstance(one, ast.ClassDef) and one.name == name]
    returned = [node.value for node in ast.walk(classes[0]) if isinstance(node, ast.Return)]
    pairs = [one.elts for one in returned if isinstance(one, ast.Tuple) and len(one.elts) == 2]
    return {str(pair[1].value) for pair in pairs if isinstance(pair[1], ast.Constant) and pair[0].value is False}


@pytest.mark.parametrize("name", USABLE)
def test_every_reason_in_datatroves_source_has_a_meaning(name):
    codes = reasons.codes_of(name, {})
    for reason in _literal_reasons(name):
        assert reasons.code(name, reason) in codes, reason


def test_the_source_is_read_right():
    assert len(_literal_reasons("GopherQualityFilter")) == 10
    assert "dup_line_frac" in _literal_reasons("GopherRepetitionFilter")
    assert _literal_reasons("RegexFilter") == set()


def test_codes_are_lower_snake_case():
    for code in reasons.every_code():
        assert re.fullmatch(r"datatrove\.[a-z0-9]+(_[a-z0-9]+)*", code)
    assert reasons.code("X", "Too many: 99% …") == "datatrove.too_many_99"
    assert reasons.code("SomeNewFilter", "…") == "datatrove.some_new_filter"


def test_codes_of_ngrams_follow_the_arguments():
    codes = reasons.codes_of("GopherRepetitionFilter", {"top_n_grams": [[12, 0.1]], "dup_n_grams": [[11, 0.2]]})
    assert {"datatrove.top_12_gram", "datatrove.duplicated_11_n_grams"} < codes.keys()
    assert reasons.every_code()["datatrove.empty"] == "the text is empty"


def test_a_filter_that_returns_no_reason_gives_its_name():
    judge = Judge("RegexFilter", {"regex_exp": "(?i)cookie"})
    assert judge.verdict("Accept COOKIES") == Verdict("datatrove.regex_filter")
    assert judge.verdict("biscuits") == KEPT
    assert not judge.by_document


def test_a_filter_that_edits_gives_the_text_back():
    judge = Judge("C4QualityFilter", {"min_num_sentences": -1, "language": "eng_Latn"})
    text = "A line with enough words [3].\nMenu\nAnother line with enough words.\n"
    assert judge.verdict(text) == Verdict(text="A line with enough words .\nAnother line with enough words.")
    assert judge.verdict("A line with { in it.") == Verdict("datatrove.curly_bracket")
    assert lines_changed(text, "A line with enough words .\nAnother line with enough words.") == 2


def test_a_filter_that_raises_is_a_reason():
    judge = Judge("FineWebQualityFilter", {"language": "no such language"})
    assert judge.verdict("\n".join(["Line that ends well, and is long enough."])) == Verdict(reasons.ERROR)


def test_a_whole_corpus_shares_one_judge():
    assert judge_of("RegexFilter", {"regex_exp": "a"}) is judge_of("RegexFilter", {"regex_exp": "a"})
    assert judge_of("RegexFilter", {"regex_exp": "b"}) is not judge_of("RegexFilter", {"regex_exp": "a"})


@needs_spacy
def test_each_document_is_judged_in_its_own_language():
    judge = Judge("GopherQualityFilter", {"min_stop_words": None, "min_doc_words": 5, "max_doc_words": 5})
    assert judge.by_document
    text = "Det er f.eks. godt."  # spaCy's Danish keeps f.eks. whole, its English does not; the full stop is no word
    assert Judge("GopherQualityFilter", {**judge.args, "min_doc_words": 4}).verdict(text, lang="dan_Latn") == KEPT
    assert judge.verdict(text, lang="dan_Latn").code == "datatrove.gopher_short_doc"
    for unknown in (None, "xxx_Xxxx", "jpn_Jpan", "zho_Hani", "kor_Hang", "tha_Thai"):
        assert judge.verdict(text, lang=unknown) == Verdict(reasons.NO_LANGUAGE)


@needs_spacy
def test_our_languages_can_be_cut():
    for label in labels():
        assert offline.can_cut(label)
    assert offline.can_cut("und")
    assert {"dan_Latn", "rus_Cyrl"} < set(offline.cuttable_labels())


def test_only_spacy_cuts_words():
    for label in ("kor_Hang", "tha_Thai", "bod_Tibt", "vie_Latn", "jpn_Jpan", "no such language"):
        assert not offline.can_cut(label)


def test_files_that_datatrove_would_download_must_be_here(monkeypatch, tmp_path):
    monkeypatch.setattr(offline, "_assets", lambda folder: tmp_path / folder)
    for name in ("C4BadWordsFilter", "UnigramLogProbFilter"):
        with pytest.raises(PlanError, match=f"{name} downloads .*\n.*\n  python -c .*import {name}; {name}"):
            offline.needed_files(name)
    assert offline.needed_files("GopherQualityFilter") == []
    path = tmp_path / "unigram_logprob_filter" / "unigram_freq.csv"
    path.parent.mkdir()
    path.write_text("word,count\nthe,3\n")
    assert offline.needed_files("UnigramLogProbFilter") == [path]


def _plant(folder, monkeypatch, code: str, words: str) -> None:
    """A list of bad words where datatrove looks for it."""
    monkeypatch.setattr("huggingface_hub.cached_assets_path", lambda **_: folder)
    monkeypatch.setattr("datatrove.io.cached_assets_path", lambda **_: folder)
    path = offline.bad_word_list(code)
    path.write_text(words)
    path.with_name(f"{path.name}.completed").touch()


@needs_bad_words
def test_bad_words_by_language(monkeypatch, tmp_path):
    _plant(tmp_path, monkeypatch, "da", "fandens\n")
    assert offline.needed_files("C4BadWordsFilter") == [offline.bad_word_list("da")]
    judge = Judge("C4BadWordsFilter", {"default_language": "da"})
    bad = Verdict("datatrove.document_removed_with_badwords")
    assert judge.verdict("Det var fandens.", lang="dan_Latn") == bad
    assert judge.verdict("Det var fandens.", lang=None) == bad
    assert judge.verdict("Det var godt.", lang="dan_Latn") == KEPT
    assert judge.verdict("Det var fandens.", lang="swe_Latn") == Verdict(reasons.NO_LANGUAGE)  # not fetched
    assert judge.verdict("Det var fandens.", lang="fao_Latn") == Verdict(reasons.NO_LANGUAGE)  # there is none
    lenient = Judge("C4BadWordsFilter", {"fail_on_missing_language": False})
    assert lenient.verdict("Det var fandens.", lang="fao_Latn") == KEPT


def test_the_codes_of_bad_words_are_datatroves():
    from datatrove.pipeline.filters.c4_filters import _BADWORDS_LANGS

    assert set(offline.BAD_WORDS_CODES.values()) == set(_BADWORDS_LANGS) - {"fr-CA-u-sd-caqc"}
    assert offline.BAD_WORDS_CODES["nob"] == "no"


@needs_url_filter
def test_addresses_are_judged_without_the_network(monkeypatch):
    import socket

    def refuse(*_, **__):
        raise AssertionError("it reached for the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    judge = Judge("URLFilter", {"use_integrated_lists": False, "extra_domains": ["bad.co.uk"]})
    assert judge.verdict("", url="https://www.bad.co.uk/page") == Verdict("datatrove.domain")
    assert judge.verdict("", url="https://www.good.co.uk/page") == KEPT
    assert judge.verdict("", url=None) == Verdict(reasons.NO_URL)
