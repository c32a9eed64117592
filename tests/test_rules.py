import itertools
import math
from typing import Literal

import numpy as np
import pytest

from corpus_kit import resources
from corpus_kit.errors import RecipeError
from corpus_kit.kernels.measure import WordLists
from corpus_kit.language import labels, profile_for
from corpus_kit.metrics import METRICS
from corpus_kit.rules import Condition, Override, Rule, Ruleset, overrides, resolve, verdicts, without_lists
from corpus_kit.rulesets import load_ruleset

NAN = float("nan")


def rule(code: str = "r.word_count", low=None, high=None, **extra) -> Rule:
    condition = Condition(code.partition(".")[2], low, high, extra.get("open"), "ruleset r")
    return Rule(code, (condition,), "all", "somebody")


def either(combine: Literal["any", "all"] = "any") -> Rule:
    few = Condition("word_count", None, 2, None, "ruleset r")
    mild = Condition("bullet_line_fraction", None, 0.9, "high", "ruleset r")
    return Rule("r.bullets", (few, mild), combine, "somebody")


def ruleset(*rules: Rule) -> Ruleset:
    return Ruleset("r", "somebody", rules, {})


def failing(one: Rule, *values: float) -> list[bool]:
    found = verdicts([one], {one.metrics[0]: np.array(values, float)})
    return [row in {reason.row for reason in found} for row in range(len(values))]


SHIPPED = [load_ruleset(name) for name in resources.names("rulesets")]


def shipped_rules() -> dict[str, Rule]:
    """Every rule of every shipped ruleset, as it stands and as each language and category changes it."""
    found = {one.code: one for ruleset in SHIPPED for one in ruleset.rules}
    for ruleset in SHIPPED:
        layers = {label: profile_for(label).overrides for label in labels()} | dict(ruleset.categories)
        for name, layer in layers.items():
            found |= {f"{one.code} {name}": one for one in resolve([ruleset], layer) if one.code in layer}
    return {name: one for name, one in found.items() if one.is_on}


BOUNDS = [
    pytest.param(condition, side, id=f"{name} {condition.metric} {side}")
    for name, one in shipped_rules().items()
    for condition in one.conditions
    for side in ("low", "high")
    if getattr(condition, side) is not None
]


def at_the_edge(condition: Condition, side: str) -> tuple[float, float]:
    """The last value a bound keeps, and the first it rejects."""
    bound = getattr(condition, side)
    inward, outward = (math.inf, -math.inf) if side == "low" else (-math.inf, math.inf)
    if condition.open == side:
        return float(np.nextafter(bound, inward)), bound
    return bound, float(np.nextafter(bound, outward))


@pytest.mark.parametrize(("condition", "side"), BOUNDS)
def test_just_inside_a_shipped_bound_is_kept_and_just_outside_is_not(condition: Condition, side: str):
    alone = Rule("r.one", (condition,), "all", "somebody")
    assert failing(alone, *at_the_edge(condition, side)) == [False, True]


@pytest.mark.parametrize("one", [one for one in shipped_rules().values() if len(one.conditions) > 1], ids=str)
def test_a_shipped_rule_of_several_conditions_needs_one_of_them_or_all(one: Rule):
    sides = ["low" if condition.low is not None else "high" for condition in one.conditions]
    edges = [at_the_edge(condition, side) for condition, side in zip(one.conditions, sides, strict=True)]
    for chosen in itertools.product((0, 1), repeat=len(edges)):  # 1: outside
        measured = {
            condition.metric: np.array([edge[outside]])
            for condition, edge, outside in zip(one.conditions, edges, chosen, strict=True)
        }
        rejected = all(chosen) if one.combine == "any" else any(chosen)
        assert [reason.code for reason in verdicts([one], measured)] == [one.code] * rejected


def test_the_shipped_bounds_are_many_and_some_are_strict():
    assert len(BOUNDS) > 250
    strict = {rule.code for ruleset in SHIPPED for rule in ruleset.rules if rule.conditions[0].open}
    assert strict == {
        "dfm.hashtag", "dfm.ellipsis", "dfm.dup_line_char_fraction", "dfm.dup_paragraph_char_fraction",
    }  # fmt: skip


def test_bounds_are_inclusive_unless_open():
    assert failing(rule(low=1, high=3), 1, 2, 3, 0, 4) == [False, False, False, True, True]
    assert failing(rule(low=1, high=3, open="low"), 1, 3) == [True, False]
    assert failing(rule(low=1, high=3, open="high"), 1, 3) == [False, True]


def test_nan_fails_whatever_is_on_and_nothing_fails_what_is_off():
    assert failing(rule(low=1), NAN) == [True]
    assert failing(rule(high=1), NAN) == [True]
    assert failing(rule(), NAN, -math.inf, math.inf) == [False, False, False]


def test_reasons_come_by_row_and_then_in_the_order_of_the_rules():
    rules = [rule("r.word_count", 2, 9), rule("r.mean_word_length", None, 5)]
    measured = {"word_count": np.array([1.0, 3, 10]), "mean_word_length": np.array([6.0, NAN, 5])}
    found = verdicts(rules, measured)
    assert [(one.row, one.code) for one in found] == [
        (0, "r.word_count"),
        (0, "r.mean_word_length"),
        (1, "r.mean_word_length"),
        (2, "r.word_count"),
    ]
    assert found[0][2:] == (1.0, 2.0, 9.0)
    assert found[1].value == 6.0
    assert math.isnan(found[1].low)
    assert found[1].high == 5.0
    assert math.isnan(found[2].value)


def test_only_the_asked_for_rows_are_judged():
    measured = {"word_count": np.zeros(5)}
    assert [one.row for one in verdicts([rule(low=1)], measured, np.array([1, 4]))] == [1, 4]
    assert verdicts([rule(low=1)], {"word_count": np.zeros(0)}) == []


def test_any_keeps_if_one_condition_holds_and_reports_the_first():
    measured = {"word_count": np.array([1.0, 5, 5, 5]), "bullet_line_fraction": np.array([1, 0.5, 0.9, NAN])}
    found = verdicts([either()], measured)
    assert [one.row for one in found] == [2, 3]
    assert found[0][1:3] == ("r.bullets", 5.0)
    assert found[0].high == 2


def test_all_reports_the_first_condition_that_does_not_hold():
    measured = {"word_count": np.array([1.0, 1, 5]), "bullet_line_fraction": np.array([0.9, 0.5, 1])}
    found = verdicts([either("all")], measured)
    assert [(one.row, one.value, one.high) for one in found] == [(0, 0.9, 0.9), (2, 5.0, 2.0)]


def test_the_last_layer_that_names_a_rule_wins_and_says_where_it_comes_from():
    base = ruleset(rule(low=50, high=100), rule("r.mean_word_length", 3, 10), rule("r.dup_line_fraction", None, 0.3))
    profile = {"r.word_count": Override((40, None), "profile"), "other.word_count": Override((1, None), "profile")}
    recipe = {"r.dup_line_fraction": Override(None, "recipe")} | overrides({"r.word_count": (30, 60)}, "recipe")
    words, length, lines = resolve([base], profile, recipe)
    assert (words.conditions[0].low, words.conditions[0].high, words.conditions[0].origin) == (30, 60, "recipe")
    assert (length.conditions[0].high, length.conditions[0].origin) == (10, "ruleset r")
    assert (lines.is_on, lines.conditions[0].origin, str(lines)) == (False, "recipe", "off")
    (words, *_) = resolve([base], profile)
    assert (words.conditions[0].low, words.conditions[0].high) == (40, None)
    assert base.rules[0].conditions[0].low == 50


def test_a_rule_of_several_conditions_as_a_whole_can_only_be_switched_off():
    (off,) = resolve([ruleset(either())], overrides({"r.bullets": None}, "recipe"))
    assert not off.is_on
    assert verdicts([off], {"word_count": np.array([9.0]), "bullet_line_fraction": np.array([1.0])}) == []
    with pytest.raises(RecipeError, match=r"recipe: r\.bullets joins several conditions .* with null, or .*word_count"):
        resolve([ruleset(either())], overrides({"r.bullets": (1, 2)}, "recipe"))


def test_one_of_several_conditions_can_be_given_bounds_by_its_metric():
    layers = (
        {"r.bullets.word_count": (None, 5)},
        {"r.bullets.bullet_line_fraction": (None, 0.5), "r.word_count": (1, 2)},
    )
    (changed,) = resolve([ruleset(either())], *(overrides(layer, f"layer {i}") for i, layer in enumerate(layers)))
    words, bullets = changed.conditions
    assert (words.high, words.origin) == (5, "layer 0")
    assert (bullets.high, bullets.open, bullets.origin) == (0.5, "high", "layer 1")
    measured = {"word_count": np.array([5.0, 6, 6]), "bullet_line_fraction": np.array([1, 0.4, 0.5])}
    assert [one.row for one in verdicts([changed], measured)] == [2]
    (off,) = resolve([ruleset(either())], overrides({"r.bullets.word_count": None}, "recipe"))
    assert not off.is_on  # a condition without bounds always holds
    assert either().condition_codes.keys() == {"r.bullets.word_count", "r.bullets.bullet_line_fraction"}
    assert rule().condition_codes == {}


def test_rules_read_like_sentences():
    assert str(rule(low=50, high=100000)) == "at least 50 and at most 100000"
    assert str(rule(low=1, high=0.1 * 3, open="low")) == "more than 1 and at most 0.3"
    assert str(either()) == "word_count at most 2 or bullet_line_fraction less than 0.9"


def test_rules_are_off_only_where_the_word_list_they_need_is_not_known():
    rulesets = [load_ruleset("gopher"), load_ruleset("roots"), load_ruleset("nordic_pile")]
    stop = {"gopher.stop_word_count", "roots.stop_word_fraction", "nordic_pile.stop_word_count"}
    stop |= {"nordic_pile.stop_word_fraction"}
    flagged = {"roots.flagged_word_fraction", "nordic_pile.smut"}
    nothing = without_lists(rulesets, WordLists(), "nobody")
    assert set(nothing) == stop | flagged
    assert nothing["gopher.stop_word_count"] == Override(None, "nobody: no stop words known")
    assert nothing["nordic_pile.smut"] == Override(None, "nobody: no flagged words known")
    assert set(without_lists(rulesets, WordLists(stop=frozenset(["og"])), "nobody")) == flagged
    assert without_lists(rulesets, WordLists(frozenset(), frozenset()), "nobody") == {}


def test_gopher_is_the_papers_table():
    rules = {one.code: (one.conditions[0].low, one.conditions[0].high) for one in load_ruleset("gopher").rules}
    assert len(rules) == 21
    assert [code.partition(".")[2] for code in rules] == [
        name for one in load_ruleset("gopher").rules for name in one.metrics
    ]
    assert rules["gopher.word_count"] == (50, 100_000)
    assert rules["gopher.alpha_word_fraction"] == (0.8, None)
    assert rules["gopher.stop_word_count"] == (2, None)
    assert [rules[f"gopher.top_{n}gram_char_fraction"][1] for n in (2, 3, 4)] == [0.20, 0.18, 0.16]
    assert [rules[f"gopher.dup_{n}gram_char_fraction"][1] for n in range(5, 11)] == [0.15, 0.14, 0.13, 0.12, 0.11, 0.10]
    assert set(METRICS) >= {code.partition(".")[2] for code in rules}
