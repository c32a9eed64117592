"""Histograms with the bounds in force: which part of what was measured the rules let through."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence

from corpus_kit.datasheet.display import one_line
from corpus_kit.datasheet.structure import Bound, Histogram
from corpus_kit.errors import RecipeError
from corpus_kit.metrics import METRICS
from corpus_kit.plan import StagePlan
from corpus_kit.rulesets import load_ruleset
from corpus_kit.scores import SCORES

_NAME = re.compile(r"(?P<code>[^ ]+?)(?:\.(?P<side>low|high))?(?: \((?P<where>.+)\))?")
"""How `filter` names the numbers it decides by: rule, side, and where it holds. A rule that is off has no side."""


def histograms_of(stages: Sequence[StagePlan], counted: Mapping[str, Mapping[str, int]]) -> list[Histogram]:
    """One entry a stage and metric, in the order of stages. `counted` is keyed `stage metric language`."""
    found: dict[tuple[str, str], dict[str, dict[str, int]]] = defaultdict(dict)
    ids = sorted((stage.id for stage in stages), key=len, reverse=True)
    for key, bins in counted.items():
        # an id may hold blanks, and so may a label that comes from the data; a metric is one word
        stage = next((id for id in ids if key.startswith(f"{id} ")), key.partition(" ")[0])
        metric, _, lang = key.removeprefix(f"{stage} ").partition(" ")
        into = found[stage, metric].setdefault(one_line(lang, 40), {})
        for edge, many in bins.items():
            into[edge] = into.get(edge, 0) + many
    order = {stage.id: place for place, stage in enumerate(stages)}
    bounds = {stage.id: _bounds(stage) for stage in stages}
    known = {name: place for place, name in enumerate(METRICS)}
    keys = sorted(found, key=lambda key: (order.get(key[0], len(order)), known.get(key[1], len(known)), key))
    return [_histogram(stage, metric, found[stage, metric], bounds.get(stage, {})) for stage, metric in keys]


def _histogram(
    stage: str, metric: str, languages: Mapping[str, dict[str, int]], bounds: Mapping[str, list[Bound]]
) -> Histogram:
    definition = METRICS.get(metric) or SCORES.get(metric)
    return Histogram(
        stage=stage,
        metric=metric,
        meaning=definition.summary if definition else "",
        kind=definition.kind if definition else "number",
        bounds=bounds.get(metric, []),
        languages={
            lang: dict(sorted(bins.items(), key=lambda item: edge_order(item[0])))
            for lang, bins in sorted(languages.items(), key=lambda item: (-sum(item[1].values()), item[0]))
        },
    )


def edge_order(edge: str) -> tuple[bool, float]:
    """Sorts bins by their lower edge, `nan` last."""
    return edge == "nan", 0.0 if edge == "nan" else float(edge)


def _bounds(stage: StagePlan) -> dict[str, list[Bound]]:
    """Metric -> bounds of every rule that looks at it, from the numbers the stage declared."""
    metric_of = _metrics_of_rules(stage)
    sides: dict[tuple[str, str], dict[str, float]] = {}
    for number in stage.numbers:
        match = _NAME.fullmatch(number.name)
        if match is None or (match["side"] is None) != (number.value is None):
            continue
        sides.setdefault((match["code"], match["where"] or ""), {})
        if match["side"]:
            sides[match["code"], match["where"] or ""][match["side"]] = float(number.value)
    found: dict[str, list[Bound]] = defaultdict(list)
    for (code, where), bound in sides.items():
        metric = metric_of.get(code, code.rpartition(".")[2])
        found[metric].append(Bound(code=code, where=where, low=bound.get("low"), high=bound.get("high")))
    return found


def _metrics_of_rules(stage: StagePlan) -> dict[str, str]:
    """Rule -> metric, where the rule has a name of its own. A ruleset that is gone leaves names to speak."""
    found: dict[str, str] = {}
    for name in stage.config.get("rulesets") or ():
        try:
            rules = load_ruleset(name).rules
        except RecipeError:
            continue
        found |= {rule.code: rule.metrics[0] for rule in rules if len(rule.conditions) == 1}
    return found
