"""Software translations as training lines: each a line of its own, balanced over programs and languages."""

from __future__ import annotations

import random
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple, TypeVar

from corpus_kit.lid import corpus, translations
from corpus_kit.lid.labels import TWO_LETTER, UNDETERMINED
from corpus_kit.lid.text import fold, latin_share

Key = TypeVar("Key")

SHORTEST = 2
"""Letters of a message that can be in a language."""

_HELD_OUT_ONE_IN = 50
_TRIED = 1.5  # of the other languages a third is in other scripts, which the model is never asked about


class Drawn(NamedTuple):
    """Folded messages by (label, package or language, licence): to train on, and held out to calibrate with."""

    trained: dict[tuple[str, str, str], list[str]]
    held_out: list[tuple[str, str]]


def read(folder: Path, owner: corpus.Owner, rng: random.Random, *, undetermined: int) -> Drawn:
    """The messages of `folder`; of the languages without a label, about `undetermined` in all.

    Takes part in `owner`, so that what is the same in two languages is left out of both.
    """
    own: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    others: dict[str, list[str]] = defaultdict(list)
    for package, message in translations.read(folder):
        label = TWO_LETTER.get(message.lang, UNDETERMINED)
        if label == UNDETERMINED:
            others[message.lang].append(message.text)
        else:
            own[label, package.name, package.license].append(message.text)
    by_key = {key: _folded(texts) for key, texts in own.items()}
    wanted = allot({name: len(texts) for name, texts in others.items()}, round(undetermined * _TRIED))
    for name, count in wanted.items():
        key = (UNDETERMINED, name, "")
        by_key[key] = _folded(rng.sample(others[name], count))
    for (label, *_), lines in by_key.items():
        for line in lines:
            owner.take(line, label)
    return _cut(by_key)


def _cut(by_key: dict[tuple[str, str, str], list[str]]) -> Drawn:
    trained: dict[tuple[str, str, str], list[str]] = {}
    held_out: list[tuple[str, str]] = []
    for key, lines in by_key.items():
        kept = [(line, corpus.digest("held out" + line) % _HELD_OUT_ONE_IN == 0) for line in lines]
        trained[key] = [line for line, out in kept if not out]
        held_out += [(key[0], line) for line, out in kept if out]
    return Drawn(trained, sorted(set(held_out)))


def _folded(texts: list[str]) -> list[str]:
    """Folded texts in Latin letters, each once."""
    folded = dict.fromkeys(fold(text) for text in texts)
    return [line for line in folded if len(line) >= SHORTEST and latin_share(line) >= 0.5]


def allot(available: dict[Key, int], wanted: int) -> dict[Key, int]:
    """How many of each to take: by the square root of its size; what a small one lacks, the others give.

    >>> list(allot({"a": 100, "b": 900}, 400).values())
    [100, 300]
    >>> list(allot({"a": 10, "b": 20}, 400).values())
    [10, 20]
    """
    taken: dict[Key, int] = {}
    rest = dict(available)
    while rest:
        total = sum(size**0.5 for size in rest.values())
        scale = (wanted - sum(taken.values())) / total if total else 0.0
        small = [key for key, size in rest.items() if size <= scale * size**0.5]
        if not small:
            taken |= {key: round(scale * size**0.5) for key, size in rest.items()}
            break
        taken |= {key: rest.pop(key) for key in small}
    return {key: taken[key] for key in available}
