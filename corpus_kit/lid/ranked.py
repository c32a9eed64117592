"""More than the best two labels of a text, for people who look at single texts. The hot path has no use for it."""

from __future__ import annotations

import pyarrow as pa

from corpus_kit.lid.labels import UNDETERMINED
from corpus_kit.lid.models import Auto, Labeler, OneModel, chances, coded
from corpus_kit.lid.scripts import CYRILLIC_AZERBAIJANI

Ranking = dict[str, float]


def ranked(asked: Labeler, texts: pa.Array, count: int) -> list[list[tuple[str, float]]]:
    """The `count` best labels of each text with their scores; the first is that which `identify` gives.

    >>> from corpus_kit.lid.models import Choice, labeler
    >>> [best] = ranked(labeler(Choice()), pa.array(["Alle mennesker er født frie og lige i værdighed."]), 3)
    >>> len(best), best[0][0]
    (3, 'dan_Latn')
    """
    rankings = _rankings(asked, texts, count)
    ordered = [sorted(one.items(), key=lambda pair: -pair[1]) for one in rankings]
    return [[(name, score) for name, score in one if score > 0][:count] for one in ordered]


def _rankings(asked: Labeler, texts: pa.Array, count: int) -> list[Ranking]:
    if isinstance(asked, Auto):
        return _together(asked, texts, count)
    assert isinstance(asked, OneModel)
    return _of_one(asked, texts, count)


def _of_one(asked: OneModel, texts: pa.Array, count: int) -> list[Ranking]:
    found = asked.identify(texts)
    codes, scores = asked.identifier.best(texts, max(count, 2), sample=asked.sample)
    names = [asked.calls.get(name, name) for name in asked.identifier.identify(texts[:0]).names]
    rankings: list[Ranking] = []
    for row, (labels, values) in enumerate(zip(codes.tolist(), scores.tolist(), strict=True)):
        ranking: Ranking = {}
        for i, (code, score) in enumerate(zip(labels, values, strict=True)):
            cyrillic = i == 0 and found.names[found.label[row]] == CYRILLIC_AZERBAIJANI
            name = CYRILLIC_AZERBAIJANI if cyrillic else names[code]
            ranking[name] = min(ranking.get(name, 0.0) + score, 1.0)
        rankings.append(ranking)
    return rankings


def _together(asked: Auto, texts: pa.Array, count: int) -> list[Ranking]:
    wide, inner = (coded(one.identify(texts), asked.labels) for one in (asked.wide, asked.inner))
    columns = zip(*chances(wide, inner, asked.group, width=len(asked.inner.labels)), strict=True)
    group = {name for name, inside in zip(asked.labels, asked.group, strict=True) if inside}
    rankings: list[Ranking] = []
    both = zip(_rankings(asked.wide, texts, count), _rankings(asked.inner, texts, count), columns, strict=True)
    for row, (outside, inside, (chance, in_inner, in_wide)) in enumerate(both):
        if in_wide <= 0:
            rankings.append(outside)
            continue
        ranking = {n: chance * s / in_inner for n, s in inside.items() if n in group}
        named = [wide.names[code[row]] for code in (wide.label, wide.runner_up) if code[row] >= 0]
        if group.issuperset(named):
            ranking[UNDETERMINED] = 1 - chance
        else:
            ranking |= {n: (1 - chance) * s / (1 - in_wide) for n, s in outside.items() if n not in group}
        rankings.append(ranking)
    return rankings
