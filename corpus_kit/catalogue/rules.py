"""Entries about the measuring of documents: metrics, rules, rulesets, and languages."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator

from corpus_kit import resources
from corpus_kit.catalogue.entry import Entry, facts, leading_comment, sentence
from corpus_kit.language import Profile, labels, profile_for
from corpus_kit.metrics import METRICS, Metric
from corpus_kit.rules import Interval, Override, Rule, Ruleset
from corpus_kit.rulesets import load_ruleset


def shipped() -> list[Ruleset]:
    """The rulesets that ship."""
    return [load_ruleset(name) for name in resources.names("rulesets")]


def entries(own: Iterable[Ruleset] = ()) -> Iterator[Entry]:
    """Every metric, rule, ruleset and language; `own` are rulesets of a user's recipe."""
    rulesets = [*shipped(), *own]
    for metric in METRICS.values():
        yield Entry(metric.name, "a metric", functools.partial(_metric, metric, rulesets))
    for ruleset in rulesets:
        count = len(ruleset.rules)
        yield Entry(
            ruleset.name,
            f"a ruleset of {count} {'rule' if count == 1 else 'rules'}",
            functools.partial(_ruleset, ruleset),
        )
        for rule in ruleset.rules:
            what = f"a rule of the ruleset {ruleset.name}, and the reason of what it rejects"
            yield Entry(rule.code, what, functools.partial(_rule, ruleset, rule))
            for code, name in rule.condition_codes.items():
                what = f"a condition of the rule {rule.code}, by which an override can give it bounds"
                yield Entry(code, what, functools.partial(_condition, ruleset, rule, code, name))
    for label in labels():
        profile = profile_for(label)
        yield Entry(label, f"the language profile of {profile.name}", functools.partial(_language, profile, rulesets))


def _metric(metric: Metric, rulesets: Iterable[Ruleset]) -> Iterator[str]:
    yield metric.doc
    yield facts(metric_facts(metric, rulesets))


def metric_facts(metric: Metric, rulesets: Iterable[Ruleset]) -> Iterator[tuple[str, str]]:
    """What is known of a metric besides its definition."""
    yield "kind", metric.kind
    yield "defined in", f"{metric.function.__module__}: {metric.citation}"
    if metric.needs is not None:
        yield "needs", f"the {metric.needs} words of the language; undefined without"
    if metric.keep is not None:
        yield "default", "bounds of a rule that gives none of its own: " + _interval(metric.keep)
    for ruleset in rulesets:
        for rule in ruleset.rules:
            if metric.name in rule.metrics:
                yield rule.code, f"keeps {rule}"


def _rule(ruleset: Ruleset, rule: Rule) -> Iterator[str]:
    for name in dict.fromkeys(rule.metrics):
        yield METRICS[name].doc
    metrics = [(f"metric {name}", METRICS[name].citation) for name in dict.fromkeys(rule.metrics)]
    yield facts([("keeps", str(rule)), ("cites", rule.cites), *metrics, *differences(ruleset, rule)])


def differences(ruleset: Ruleset, rule: Rule) -> Iterator[tuple[str, str]]:
    """Categories and languages that have other bounds for a rule, with those bounds and their origin."""
    for category, changes in ruleset.categories.items():
        if changed := overridden(rule, changes):
            yield f"category {category}", changed[0]
    for label in labels():
        if changed := overridden(rule, profile_for(label).overrides):
            yield label, f"{changed[0]} ({changed[1]})"


def overridden(rule: Rule, layer: dict[str, Override] | object) -> tuple[str, str] | None:
    """What a layer makes of a rule, in words, and who says so; None if it leaves it alone."""
    assert hasattr(layer, "get")
    named = [found for code in (rule.code, *rule.condition_codes) if (found := layer.get(code)) is not None]  # pyright: ignore
    if not named:
        return None
    changed = rule.overridden(layer)  # pyright: ignore
    return f"keeps {changed}" if changed.is_on else "off", named[0].origin


def _condition(ruleset: Ruleset, rule: Rule, code: str, metric: str) -> Iterator[str]:
    yield METRICS[metric].doc
    mine = next(one for one in rule.conditions if one.metric == metric)
    yield facts([("keeps", str(mine)), ("the rule", f"{rule.code} keeps {rule}"), ("cites", rule.cites)])


def _ruleset(ruleset: Ruleset) -> Iterator[str]:
    yield sentence(ruleset.cites)
    if ruleset.name in resources.names("rulesets"):
        yield leading_comment(resources.find("rulesets", ruleset.name))
    yield facts((rule.code, f"keeps {rule}") for rule in ruleset.rules)
    categories = [
        (f"category {category}", ", ".join(_change(code, override) for code, override in changes.items()))
        for category, changes in ruleset.categories.items()
    ]
    yield facts(categories)


def _change(code: str, override: Override) -> str:
    return f"{code} {_interval(override.bounds)}"


def _interval(bounds: Interval | None) -> str:
    """Bounds in words.

    >>> _interval((3, None)), _interval((None, 0.3)), _interval((1, 2)), _interval(None)
    ('at least 3', 'at most 0.3', 'from 1 to 2', 'off')
    """
    low, high = bounds or (None, None)
    if low is not None and high is not None:
        return f"from {low:.10g} to {high:.10g}"
    return f"at least {low:.10g}" if low is not None else f"at most {high:.10g}" if high is not None else "off"


def _language(profile: Profile, rulesets: Iterable[Ruleset]) -> Iterator[str]:
    known = {
        code: rule for ruleset in rulesets for rule in ruleset.rules for code in (rule.code, *rule.condition_codes)
    }
    lines = [("stop words", " ".join(sorted(profile.stop_words))), ("their source", profile.stop_words_origin)]
    if profile.flagged_words is not None:  # counted, not shown: they are meant to offend
        lines.append(("flagged words", f"{len(profile.flagged_words)}, {profile.flagged_words_origin}"))
    for code, override in profile.overrides.items():
        rule = known.get(code)
        changed = None if rule is None else overridden(rule, {code: override})
        lines.append((code, f"{changed[0] if changed else _interval(override.bounds)} ({override.origin})"))
    yield facts(lines)
