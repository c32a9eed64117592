"""Planted copies: exact duplicates and near duplicates of real documents, each with its truth."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from .texts import Item

SEED = 20261101

RATES = (0.005, 0.01, 0.02, 0.04, 0.08)
"""Shares of words edited. With word 5-grams they give a Jaccard similarity of about .95, .91, .82, .68 and .48."""

Truth = dict[str, Any]


def shingles(text: str, size: int = 5) -> set[tuple[str, ...]]:
    """The different word n-grams of a text; a word is what stands between white space.

    >>> sorted(shingles("a b c d e f"))
    [('a', 'b', 'c', 'd', 'e'), ('b', 'c', 'd', 'e', 'f')]
    """
    words = text.split()
    return {tuple(words[at : at + size]) for at in range(len(words) - size + 1)}


def jaccard(one: str, other: str) -> float:
    """Shared word 5-grams as a fraction of all.

    >>> jaccard("a b c d e f", "a b c d e g")
    0.3333333333333333
    """
    ours, theirs = shingles(one), shingles(other)
    return len(ours & theirs) / len(ours | theirs)


def edit_words(text: str, rate: float, rng: random.Random) -> str:
    """The text with a share of its words replaced, dropped, doubled or swapped; white space stays."""
    parts = re.split(r"(\s+)", text)
    words = parts[::2]
    positions = rng.sample(range(len(words) - 1), max(1, round(rate * len(words))))
    vocabulary = sorted(set(words))
    for at in positions:
        match rng.randrange(4):
            case 0:
                words[at] = rng.choice(vocabulary)
            case 1:
                words[at] = ""
            case 2:
                words[at] = f"{words[at]} {rng.choice(vocabulary)}"
            case _:
                words[at], words[at + 1] = words[at + 1], words[at]
    parts[::2] = words
    return "".join(parts).strip()


def cut_end(text: str, share: float) -> str:
    """The text without the last share of its words."""
    words = list(re.finditer(r"\S+", text))
    return text[: words[round((1 - share) * len(words)) - 1].end()]


def near_duplicates(items: Sequence[Item], count: int) -> tuple[list[Item], list[Truth]]:
    """`count` altered copies of different items: five in six edited word by word, the rest cut short.

    Rates take turns within every source and language, so that each meets every strength.
    """
    rng = random.Random(SEED)
    copies: list[Item] = []
    truths: list[Truth] = []
    for number, item in enumerate(_spread(items, count)):
        if number % 6 == 5:
            how: Truth = {"kind": "cut_end", "strength": (0.05, 0.15)[number // 6 % 2]}
            text = cut_end(item.text, how["strength"])
        else:
            how = {"kind": "word_edits", "strength": RATES[number % 6]}
            text = edit_words(item.text, how["strength"], rng)
        copy = replace(item, key=f"{item.key}-near", text=text)
        copies.append(copy)
        truths.append(
            {
                **how,
                "language": item.language,
                "jaccard": round(jaccard(item.text, text), 6),
                "original": (item.source, item.key),
                "copy": (copy.source, copy.key),
            }
        )
    return copies, truths


def _spread(items: Sequence[Item], count: int) -> list[Item]:
    """Items taken in turn from every (source, language)."""
    pools: dict[tuple[str, str], list[Item]] = {}
    for item in items:
        pools.setdefault((item.source, item.language), []).append(item)
    taken: list[Item] = []
    while len(taken) < count:
        taken += [pool.pop(0) for pool in pools.values() if pool]
    return taken[:count]


def exact_duplicates(items: Sequence[Item], target: str, count: int) -> tuple[list[Item], list[Truth]]:
    """The first `count` items again, unchanged, in the source `target`: under another key, and another address."""
    copies: list[Item] = []
    for item in items[:count]:
        key = f"{item.key}-copy" if item.source == target else f"{item.source}/{item.key}"
        copies.append(replace(item, source=target, key=key, url=_other_address(item.url)))
    truths = [
        {"language": copy.language, "original": (item.source, item.key), "copy": (copy.source, copy.key)}
        for item, copy in zip(items, copies, strict=False)
    ]
    return copies, truths


def _other_address(url: str) -> str:
    """The address with a parameter that makes no difference: the commonest way for a crawl to meet a page twice."""
    return f"{url}?print=1" if url else ""
