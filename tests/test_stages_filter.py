import json
import math

import pyarrow as pa
import pytest
from pydantic import ValidationError

from corpus_kit import resources
from corpus_kit.errors import PlanError, RecipeError
from corpus_kit.language import profile_for
from corpus_kit.rulesets import load_ruleset
from corpus_kit.schema import COLUMNS
from corpus_kit.stage import stage_class
from corpus_kit.stages.filter import Filter

AVAILABLE = {name: kind for name, (kind, _) in COLUMNS.items()}


def stage(**settings) -> Filter:
    """A filter stage from settings as a recipe writes them."""
    return Filter.model_validate({"rulesets": ["gopher"], **settings})


GOPHER = stage()
WORDS = ("whitespace", "unicode")
GOOD = """\
Om morgenen gik de to søskende ned til havnen for at se, om bådene var kommet hjem.
Vinden havde lagt sig i løbet af natten, og vandet lå blankt mellem molerne.
En gammel fisker sad på en kasse og rensede garn, mens mågerne kredsede over hans hoved.
Han fortalte, at der endnu manglede tre skibe, men at ingen behøvede at være bange.
Ved middagstid dukkede de første master op i horisonten."""


def batch(*rows: tuple) -> pa.RecordBatch:
    """Rows of (text, lang) or (text, lang, category)."""
    texts, langs, categories = zip(*[(*row, "web")[:3] for row in rows], strict=True)
    columns = {"text": pa.array(texts, pa.large_string()), "lang": pa.array(langs, pa.string())}
    columns["id"] = pa.array([f"d-{i}" for i in range(len(rows))])
    columns["category"] = pa.array(categories, pa.string())
    columns["reasons"] = pa.nulls(len(rows), COLUMNS["reasons"][0])
    return pa.RecordBatch.from_pydict(columns)


def codes(result: pa.RecordBatch) -> list[list[str]]:
    return [[reason["code"] for reason in row or []] for row in result["reasons"].to_pylist()]


def test_it_is_registered():
    assert stage_class("filter") is Filter
    assert Filter.needs == ("text", "lang")


def test_a_good_text_is_kept_and_measured():
    result = GOPHER.apply(batch((GOOD, "dan_Latn")))
    assert codes(result) == [[]]
    assert result["reasons"].null_count == 1
    (measured,) = result["metrics"].to_pylist()
    assert list(measured) == [rule.metrics[0] for rule in load_ruleset("gopher").rules]
    assert measured["word_count"] == 71
    assert all(field.type == pa.float64() for field in result["metrics"].type)


def test_all_failing_rules_are_reasons_in_the_rulesets_order():
    result = GOPHER.apply(batch(("# " * 20, "dan_Latn"), (GOOD, "dan_Latn")))
    (first, second) = codes(result)
    assert second == []
    assert first == [
        "gopher.word_count",
        "gopher.mean_word_length",
        "gopher.hash_to_word_ratio",
        "gopher.alpha_word_fraction",
        "gopher.stop_word_count",
        *(f"gopher.top_{n}gram_char_fraction" for n in (2, 3, 4)),
        *(f"gopher.dup_{n}gram_char_fraction" for n in range(5, 11)),
    ]
    reasons = result["reasons"][0].as_py()
    assert reasons[0] == {"code": "gopher.word_count", "value": 20.0, "low": 50.0, "high": 100000.0}
    assert reasons[2] == {"code": "gopher.hash_to_word_ratio", "value": 1.0, "low": None, "high": 0.1}
    assert reasons[1]["value"] == result["metrics"][0]["mean_word_length"].as_py()


def test_each_language_has_its_own_bounds_and_stop_words():
    text = " ".join(f"{'x' * 26}{i} og som" for i in range(10, 30))
    result = GOPHER.apply(batch((text, "dan_Latn"), (text, "eng_Latn"), (text, "fin_Latn"), (text, "dan_Latn")))
    measured = result["metrics"].to_pylist()
    assert [row["stop_word_count"] for row in measured] == [2, 0, 0, 2]
    assert {row["mean_word_length"] for row in measured} == {11.0}
    wanted = {"gopher.mean_word_length", "gopher.stop_word_count"}
    assert [wanted & set(found) for found in codes(result)] == [set(), wanted, {"gopher.stop_word_count"}, set()]


def test_a_language_without_a_profile_is_rejected_or_judged_by_the_rulesets_own_numbers():
    rows = batch((GOOD, "sme_Latn"), ("kort", "sme_Latn"), (GOOD, None), (GOOD, "dan_Latn"))
    assert codes(GOPHER.apply(rows)) == [["filter.no_profile"]] * 3 + [[]]
    lenient = stage(unknown_language="default")
    result = lenient.apply(rows)
    found = codes(result)
    assert (found[0], found[2], found[3]) == ([], [], [])
    assert found[1][0] == "gopher.word_count"
    assert "gopher.stop_word_count" not in found[1]
    assert [row["stop_word_count"] is None for row in result["metrics"].to_pylist()] == [True, True, True, False]


def test_only_listed_languages_have_profiles():
    judge = stage(languages=("swe_Latn",))
    assert codes(judge.apply(batch((GOOD, "dan_Latn")))) == [["filter.no_profile"]]
    assert [path.name for path in judge.files()] == ["gopher.yaml", "swe.yaml"]


def test_the_recipe_has_the_last_word():
    rows = batch(("Den korte tekst om en kat på vej til skoven.", "dan_Latn"))
    short = stage(
        override={"gopher.word_count": "5:", **{f"gopher.top_{n}gram_char_fraction": None for n in (2, 3, 4)}},
    )
    assert codes(short.apply(rows)) == [[]]
    assert codes(stage(override={"gopher.mean_word_length": (9, 11)}).apply(rows))[0][:2] == [
        "gopher.word_count",
        "gopher.mean_word_length",
    ]


def test_a_category_beats_the_language_and_the_recipe_beats_the_category():
    rows = batch(("x = 1 + 2", "dan_Latn", "code"), ("x = 1 + 2", "dan_Latn", "web"), ("x = 1 + 2", "dan_Latn", None))
    relaxed = {"gopher.alpha_word_fraction": None, "gopher.mean_word_length": "1:"}
    result = codes(stage(categories={"code": relaxed}).apply(rows))
    assert {"gopher.alpha_word_fraction", "gopher.mean_word_length"} & set(result[0]) == set()
    assert {"gopher.alpha_word_fraction", "gopher.mean_word_length"} <= set(result[1])
    assert result[1] == result[2]
    strict = stage(categories={"code": relaxed}, override={"gopher.alpha_word_fraction": (0.9, None)})
    assert "gopher.alpha_word_fraction" in codes(strict.apply(rows))[0]


def test_a_null_text_is_an_empty_one():
    (found,) = codes(GOPHER.apply(batch((None, "dan_Latn"))))
    assert found == [
        "gopher.word_count",
        "gopher.mean_word_length",
        "gopher.alpha_word_fraction",
        "gopher.stop_word_count",
    ]


def test_rows_order_and_batch_borders_do_not_matter():
    rows = [
        (GOOD, "dan_Latn"),
        ("# " * 9, "swe_Latn"),
        ("ja", "fin_Latn", "books"),
        (GOOD[:300], "dan_Latn"),
        ("x", "kal_Latn"),
    ]
    together = GOPHER.apply(batch(*rows))
    apart = [GOPHER.apply(batch(row)) for row in rows]
    for column in ("reasons", "metrics", "text"):
        assert together[column].to_pylist() == [one[column][0].as_py() for one in apart]
    backwards = GOPHER.apply(batch(*rows[::-1]))
    assert backwards["reasons"].to_pylist() == together["reasons"].to_pylist()[::-1]


def test_an_empty_batch_and_a_slice():
    empty = GOPHER.apply(batch((GOOD, "dan_Latn")).slice(0, 0))
    assert (empty.num_rows, empty.schema.field("reasons").type) == (0, COLUMNS["reasons"][0])
    assert empty.schema.field("metrics").type.num_fields == 21
    sliced = GOPHER.apply(batch(("#", "swe_Latn"), (GOOD, "dan_Latn"), (GOOD, "dan_Latn")).slice(1, 1))
    assert codes(sliced) == [[]]


def test_several_rulesets_measure_a_shared_metric_once(tmp_path):
    own = tmp_path / "own.yaml"
    own.write_text("cites: me\nrules:\n  word_count: {keep: [10, null]}\ncategories:\n  tables: {word_count: null}\n")
    judge = stage(rulesets=[str(own), "gopher"], override={"gopher.word_count": None})
    judge.check(AVAILABLE)
    result = judge.apply(batch(("a b", "dan_Latn"), ("a b", "dan_Latn", "tables")))
    assert [field.name for field in result["metrics"].type].count("word_count") == 1
    first, second = codes(result)
    assert first[0] == "own.word_count"
    assert first[1:] == second
    assert "gopher.word_count" not in first


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"rulesets": ["gophr"]}, r"unknown ruleset 'gophr'; did you mean 'gopher'"),
        ({"languages": ["nor_Latn"]}, r"no language profile for 'nor_Latn'; did you mean"),
        ({"override": {"gopher.wordcount": None}}, r"override: no rule 'gopher\.wordcount' .* 'gopher\.word_count'"),
        ({"categories": {"web": {"c4.x": None}}}, r"categories: web: no rule 'c4\.x' in these rulesets"),
        ({"rulesets": ["gopher", "gopher"]}, r"rulesets gopher, gopher have the same name"),
    ],
)
def test_mistakes_are_found_before_the_first_document(settings, message):
    wrong = stage(**settings)
    with pytest.raises(RecipeError, match=message):
        wrong.check(AVAILABLE)


def test_bounds_by_category_need_the_column():
    judge = stage(categories={"web": {"gopher.word_count": "1:"}})
    with pytest.raises(PlanError, match="no column 'category'"):
        judge.check({"text": pa.large_string(), "lang": pa.string()})
    judge.check(AVAILABLE)


def test_a_rule_of_several_conditions_cannot_be_given_bounds(tmp_path):
    own = tmp_path / "own.yaml"
    own.write_text(
        "cites: me\nrules:\n  few: {any: [{word_count: {keep: [3, null]}}, {dup_line_fraction: {keep: [0, 0]}}]}\n"
    )
    stage(rulesets=[str(own)], override={"own.few": None}).check(AVAILABLE)
    with pytest.raises(RecipeError, match=r"recipe, override: own\.few joins several conditions"):
        stage(rulesets=[str(own)], override={"own.few": "1:2"}).check(AVAILABLE)
    (first, second) = codes(stage(rulesets=[str(own)]).apply(batch(("a\na", "dan_Latn"), ("a\nb", "dan_Latn"))))
    assert (first, second) == (["own.few"], [])


@pytest.mark.parametrize("wrong", ["5", [3, 1], ":", 7, [None, None]])
def test_wrong_bounds_are_refused_with_the_stage(wrong):
    with pytest.raises(ValidationError):
        stage(override={"gopher.word_count": wrong})


def test_the_configuration_survives_json():
    judge = stage(override={"gopher.word_count": "20:", "gopher.dup_line_fraction": None})
    config = json.loads(json.dumps(judge.config()))
    assert config["override"] == {"gopher.word_count": [20.0, None], "gopher.dup_line_fraction": None}
    assert Filter.model_validate(config) == judge


def test_every_number_has_an_origin():
    judge = stage(
        override={"gopher.word_count": "20:100000"},
        unknown_language="default",
        categories={"books": {"gopher.dup_line_fraction": ":0.5", "gopher.stop_word_count": None}},
    )
    numbers = {number.name: (number.value, number.origin) for number in judge.numbers()}
    assert numbers["gopher.word_count.low"] == (20.0, "recipe, override")
    assert numbers["gopher.top_2gram_char_fraction.high"] == (
        0.2,
        "ruleset gopher: Rae et al. 2021, arXiv:2112.11446, table A1",
    )
    assert numbers["gopher.mean_word_length.high"][0] == 10.0
    assert numbers["gopher.mean_word_length.high (isl_Latn)"][0] == 13.0
    assert numbers["gopher.mean_word_length.high (isl_Latn)"][1].startswith("profile isl_Latn: huggingface/fineweb-2")
    assert numbers["gopher.dup_line_fraction.high (category books)"] == (0.5, "recipe, category books")
    assert numbers["gopher.stop_word_count (category books)"] == (None, "recipe, category books")
    assert numbers["gopher.stop_word_count (no profile)"][0] is None
    assert numbers["stop words (dan_Latn)"][0] == 20
    assert not [name for name in numbers if name.startswith("flagged words")]  # no rule of Gopher's needs them
    assert not [name for name in numbers if name.startswith("gopher.word_count") and "(" in name]
    assert all(origin for _, origin in numbers.values())


def test_every_code_has_a_line():
    lines = GOPHER.all_codes()
    assert list(lines)[:2] == ["filter.no_profile", "gopher.word_count"]
    assert len(lines) == 22
    assert lines["gopher.word_count"] == "Number of whitespace-separated words; keeps at least 50 and at most 100000"


def test_the_files_are_the_ruleset_and_all_profiles():
    names = [path.name for path in GOPHER.files()]
    assert names[0] == "gopher.yaml"
    assert len(names) == 11


def test_undefined_is_null_and_not_nan():
    result = stage(unknown_language="default").apply(batch(("a", None)))
    assert result["metrics"].field("stop_word_count").to_pylist() == [None]
    assert not any(math.isnan(v) for v in result["metrics"][0].as_py().values() if v is not None)


def test_one_condition_of_a_rule_can_be_overridden_by_its_metric():
    text = "ab cd ab cd"
    rows = batch((text, "dan_Latn"))
    strict = {"nordic_pile.top_2gram.top_2gram_char_fraction": ":0.95"}
    assert "nordic_pile.top_2gram" not in codes(stage(rulesets=["nordic_pile"], override=strict).apply(rows))[0]
    assert "nordic_pile.top_2gram" in codes(stage(rulesets=["nordic_pile"]).apply(rows))[0]
    numbers = {one.name: one.origin for one in stage(rulesets=["nordic_pile"], override=strict).numbers()}
    assert numbers["nordic_pile.top_2gram.top_2gram_char_fraction.high"] == "recipe, override"
    with pytest.raises(RecipeError, match=r"no rule 'nordic_pile\.top_2gram\.top_3gram_count' .* did you mean"):
        stage(rulesets=["nordic_pile"], override={"nordic_pile.top_2gram.top_3gram_count": None}).check(AVAILABLE)


# --- word lists -------------------------------------------------------------------------------------------------------


def test_rules_that_need_a_list_the_language_has_not_are_off_and_the_plan_says_so():
    judge = stage(rulesets=["roots", "c4"], override={"roots.flagged_word_fraction": ":0.5"})
    text = f"{GOOD} sex"
    result = judge.apply(batch((text, "dan_Latn"), (text, "isl_Latn")))
    danish, icelandic = (set(found) for found in codes(result))
    assert "c4.flagged_word_count" not in danish | icelandic  # the word is on the English list only
    assert [row["flagged_word_count"] for row in result["metrics"].to_pylist()] == [0, None]
    numbers = {number.name: (number.value, number.origin) for number in judge.numbers()}
    off = (None, "profile isl_Latn: no flagged words known")
    assert numbers["c4.flagged_word_count (isl_Latn)"] == off
    assert numbers["roots.flagged_word_fraction (isl_Latn)"] == off
    assert numbers["roots.flagged_word_fraction.high"] == (0.5, "recipe, override")
    assert numbers["flagged words (isl_Latn)"] == (None, "profile isl_Latn: none")
    assert numbers["flagged words (dan_Latn)"] == (20, "profile dan_Latn: LDNOOBW 5faf2ba (CC BY 4.0), single words")
    assert "c4.flagged_word_count (dan_Latn)" not in numbers


def test_a_flagged_word_of_the_language_is_a_reason():
    (word, *_) = sorted(profile_for("eng_Latn").flagged_words or ())
    result = stage(rulesets=["c4"]).apply(batch((f"The {word.upper()}!", "eng_Latn"), (f"The {word}!", "dan_Latn")))
    assert [("c4.flagged_word_count" in found) for found in codes(result)] == [True, False]


def test_word_lists_enter_identity_only_where_a_rule_needs_them():
    names = [path.name for path in stage(rulesets=["c4"], languages=["dan_Latn", "isl_Latn"]).files()]
    assert names == ["c4.yaml", "dan.yaml", "isl.yaml", "ldnoobw_da.txt"]


# --- what a word is ---------------------------------------------------------------------------------------------------


def test_words_are_between_whitespace_or_those_of_unicode():
    rows = batch(("Ja - nei, kanskje. EU:s e-post 日本語 :-)", "nob_Latn"))
    counts = {words: stage(words=words).apply(rows)["metrics"][0].as_py() for words in ("whitespace", "unicode")}
    assert counts["whitespace"]["word_count"] == 8
    assert counts["unicode"]["word_count"] == 9
    assert counts["unicode"]["mean_word_length"] == (2 + 3 + 7 + 4 + 1 + 4 + 3) / 9
    assert counts["unicode"]["alpha_word_fraction"] == 1.0
    assert stage().words == "whitespace"
    assert stage(words="unicode").config()["words"] == "unicode"


def test_unicode_words_meet_stop_words_with_punctuation_attached():
    rows = batch(("«Og», (som) det!", "nob_Latn"))
    counts = [stage(words=words).apply(rows)["metrics"][0].as_py()["stop_word_count"] for words in WORDS]
    assert counts == [0, 2]


@pytest.mark.parametrize("ruleset", ["roots", "ncc"])
def test_metrics_that_strip_words_themselves_do_not_care(ruleset):
    rows = batch((GOOD, "dan_Latn"), ("a-b, c d. " * 9, "dan_Latn"))
    spaced, cut = (stage(rulesets=[ruleset], words=words).apply(rows)["metrics"] for words in WORDS)
    assert spaced.equals(cut)


def test_another_word_is_refused():
    with pytest.raises(ValidationError, match="words"):
        stage(words="spacy")


# --- every shipped ruleset --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", resources.names("rulesets"))
def test_ordinary_text_is_measured_by_every_shipped_ruleset(name):
    judge = stage(rulesets=[name], unknown_language="default")
    judge.check(AVAILABLE)
    result = judge.apply(batch((GOOD, "dan_Latn"), (GOOD, "dan_Latn", "code"), ("", "dan_Latn"), (None, None)))
    for row in result["metrics"].to_pylist()[:2]:
        assert all(number is not None and math.isfinite(number) for number in row.values())
    assert set(codes(result)[0]) <= {"mc4.long_line_count"}  # which wants three lines of 200 characters
    assert codes(result)[2]
    assert codes(result)[3]
    assert all(line for line in judge.all_codes().values())
    assert all(number.origin for number in judge.numbers())


def test_code_is_not_judged_as_prose():
    code = "\n".join(f"def f{n}(x): return {{x: {n * 37 % 11}}}" for n in range(30))
    judge = stage(rulesets=["c4", "nordic_pile"])
    as_code, as_prose = codes(judge.apply(batch((code, "dan_Latn", "code"), (code, "dan_Latn", "web"))))
    assert {"c4.opening_brace_count", "nordic_pile.stop_word_fraction"} <= set(as_prose) - set(as_code)
