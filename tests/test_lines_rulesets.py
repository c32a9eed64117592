"""Line ruleset files: the shipped ones, and what is wrong with others."""

import re

import pytest

from corpus_kit import resources
from corpus_kit.errors import RecipeError
from corpus_kit.lines.line import lower
from corpus_kit.lines.rules import Pass, resolve
from corpus_kit.lines.rulesets import IN_LOWER_CASE, load_line_ruleset, shipped_line_rulesets
from corpus_kit.rules import Override, overrides

SHIPPED = list(shipped_line_rulesets())
RULES = [rule for ruleset in SHIPPED for rule in ruleset.rules]


def write(tmp_path, text, name="own.yaml") -> str:
    path = tmp_path / name
    path.write_text(text, "utf-8")
    return str(path)


def test_the_shipped_rulesets():
    names = ["boilerplate", "c4", "dfm", "fineweb", "fineweb2", "ncc", "ncc_ocr", "refinedweb", "wikipedia"]
    assert resources.names("lines") == names == [ruleset.name for ruleset in SHIPPED]
    assert {ruleset.name for ruleset in SHIPPED if ruleset.unit == "paragraph"} == {"ncc_ocr"}


def test_codes_are_unique_and_plain():
    codes = [rule.code for rule in RULES]
    assert len(set(codes)) == len(codes)
    assert all(re.fullmatch(r"clean\.[a-z0-9]+(_[a-z0-9]+)*", code) for code in codes)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_every_rule_says_where_it_is_from(rule):
    assert len(rule.cites) > 10
    assert rule.origin.endswith(rule.cites)
    assert rule.is_on
    phrases = rule.parameters.get("phrases", ())
    assert len(set(phrases)) == len(phrases)
    if rule.definition.name in IN_LOWER_CASE:
        assert all(lower(phrase) == phrase == phrase.strip() for phrase in phrases)


@pytest.mark.parametrize("name", ["javascript", "cookies", "policy_links", "counter", "read_more"])
def test_boilerplate_knows_the_ten_languages(name):
    text = resources.find("lines", "boilerplate").read_text("utf-8")
    part = text.partition(f"\n  {name}:")[2].partition("\n\n")[0]
    found = set(re.findall(r"^      ([a-z]{3}): \[", re.split(r"\n  [a-z]", part)[0], re.M))
    assert found == {"dan", "swe", "nob", "nno", "isl", "fao", "fin", "deu", "eng", "azj"}


def test_a_rule_of_c4():
    rule = {one.code: one for one in RULES}["clean.c4_word_count"]
    assert (rule.definition.name, rule.bounds, str(rule)) == ("word_count", (3, None), "keeps lines with at least 3")
    assert rule.cites == "Raffel et al. 2020, JMLR 21(140), section 2.2"
    assert [rule.is_within(number) for number in (2, 3, 1000)] == [False, True, True]


def test_bounds_are_replaced_or_switched_off():
    rules = {one.code: one for one in RULES}
    changed = rules["clean.c4_word_count"].replaced((5, 10), "recipe")
    assert (changed.bounds, changed.origin) == ((5, 10), "recipe")
    assert str(changed) == "keeps lines with at least 5 and at most 10"
    assert str(rules["clean.c4_javascript"].replaced(None, "recipe")) == "off"
    assert str(rules["clean.refinedweb_read_more"]) == "edits the line if it has at most 10 words"
    assert str(rules["clean.refinedweb_digits"]) == "keeps lines with less than 1"
    assert rules["clean.refinedweb_read_more"].replaced((None, 20), "recipe").bounds == (None, 20)
    with pytest.raises(RecipeError, match="c4_javascript has no bounds; it can only be switched off, with null"):
        rules["clean.c4_javascript"].replaced((1, 2), "recipe")


def test_the_last_layer_wins():
    c4 = load_line_ruleset("c4")
    code = "clean.c4_word_count"
    layers = [overrides({code: (4, None)}, "one"), overrides({code: None, "clean.other_x": (1, None)}, "two")]
    (first,) = resolve([c4], layers[0])
    (second,) = resolve([c4], *layers)
    found = [rule for one in (first, second) for rule in one.rules if rule.code == code]
    assert [(rule.bounds, rule.is_on, rule.origin) for rule in found] == [
        ((4, None), True, "one"),
        ((3, None), False, "two"),
    ]
    assert c4.categories["code"][code] == Override(None, "line ruleset c4, category code")


OWN = """\
cites: Somebody 2024
unit: paragraph
rules:
  short: {measure: word_count, keep: [2, null]}
  end: {remove_if: no_end_mark, marks: ["."], ranges: [1F300-1FAFF, FE0F], of_words: [3, null]}
  links: {edit: cut_phrases, where: end, phrases: {dan: [læs mere], nob: [les mer], eng: [læs mere]}, cites: Other 2023}
categories:
  verse: {short: ":5", end: null}
"""


def test_a_ruleset_of_ones_own(tmp_path):
    ruleset = load_line_ruleset(write(tmp_path, OWN))
    assert (ruleset.name, ruleset.unit, ruleset.cites) == ("own", "paragraph", "Somebody 2024")
    assert [rule.code for rule in ruleset.rules] == ["clean.own_short", "clean.own_end", "clean.own_links"]
    assert ruleset.rules[1].parameters == {"marks": (".",), "ranges": ((0x1F300, 0x1FAFF), (0xFE0F, 0xFE0F))}
    assert ruleset.rules[1].bounds == (3, None)
    assert ruleset.rules[2].parameters == {"phrases": ("læs mere", "les mer"), "where": "end"}
    assert ruleset.rules[2].origin == "line ruleset own: Other 2023"
    assert ruleset.categories["verse"]["clean.own_short"].bounds == (None, 5)
    assert resolve([ruleset], unit="line") == (Pass("line", ruleset.rules),)


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("{measure: word_counts, keep: [2, null]}", "unknown measure 'word_counts'; did you mean 'word_count'?"),
        ("{remove_if: word_count}", "unknown remove_if 'word_count'; "),
        ("{measure: word_count, edit: cut_citations}", "a `measure`, a `remove_if` or an `edit`: one of them"),
        ("{keep: [2, null]}", "a `measure`, a `remove_if` or an `edit`: one of them"),
        ("{measure: word_count}", "a measure has `keep: [low, high]`"),
        ("{measure: word_count, keep: [2, null], of_words: [1, 2]}", "a measure has `keep: [low, high]`"),
        ("{measure: word_count, keep: [5, 2]}", "keep: the lower bound 5 is above the upper bound 2"),
        ("{measure: word_count, keep: [2, null], open: high}", "`open: high` needs that bound"),
        ("{remove_if: repeated, keep: [2, null]}", "only a measure has `keep`"),
        ("{remove_if: contains}", "contains needs 'phrases'"),
        ("{remove_if: contains, phrases: []}", "contains needs 'phrases'"),
        ("{remove_if: contains, phrases: [Cookie]}", "phrases are written in lower case: 'cookie'"),
        ("{remove_if: contains, phrases: ['']}", "a string is empty"),
        ("{remove_if: contains, phrases: {dan: [x: y]}}", "phrases.dan.0: input should be a valid string"),
        ("{remove_if: contains, phrase: [cookie]}", "unknown key 'phrase'; did you mean 'phrases'?"),
        ("{remove_if: contains, phrases: [a], marks: ['.']}", "contains takes phrases, not 'marks'"),
        ("{remove_if: repeated, marks: ['.']}", "repeated takes nothing, not 'marks'"),
        ("{remove_if: only_symbols, characters: ['||']}", "one character each, not '||'"),
        ("{remove_if: no_end_mark, marks: ['.'], ranges: [5-1]}", "from a lower code point to a higher one"),
        ("{remove_if: no_end_mark, marks: ['.'], ranges: [x]}", "two hexadecimal code points"),
        ("{edit: cut_citations, phrases: ['[x]']}", "phrases stand in brackets and have none themselves"),
        ("{edit: cut_phrases, phrases: [a], where: middle}", "where: "),
    ],
)
def test_what_is_wrong_is_named_with_its_line(tmp_path, rule, message):
    path = write(tmp_path, f"cites: Somebody 2024\nrules:\n  good: {{remove_if: repeated}}\n  bad: {rule}\n")
    with pytest.raises(RecipeError, match=rf"own.yaml:4: .*{re.escape(message)}"):
        load_line_ruleset(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("cites: x\nrules: {}\n", "own.yaml:2: there are no rules"),
        ("cites: x\nunit: page\nrules: {a: {remove_if: repeated}}\n", "own.yaml:2: unit: "),
        ("cites: x\nrules: {A: {remove_if: repeated}}\n", "own.yaml:2: a rule's name is lower case"),
        ("cites: x\nrules: {a: {remove_if: repeated}}\ncategories: {code: {b: null}}\n", "own.yaml:3: no rule 'b'"),
    ],
)
def test_what_is_wrong_with_a_file_is_named(tmp_path, text, message):
    with pytest.raises(RecipeError, match=re.escape(message)):
        load_line_ruleset(write(tmp_path, text))


def test_names_of_files(tmp_path):
    with pytest.raises(RecipeError, match="unknown line ruleset 'finewebb'; did you mean 'fineweb'"):
        load_line_ruleset("finewebb")
    with pytest.raises(RecipeError, match="a line ruleset's file name is lower case"):
        load_line_ruleset(write(tmp_path, OWN, "Own.yaml"))
