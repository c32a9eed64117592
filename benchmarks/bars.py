"""Bars: figures to reach, and what came out; and the table that goes before them."""

from __future__ import annotations

import json
import operator
from dataclasses import dataclass, field
from statistics import median
from typing import Any

OPERATORS = {">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt}


@dataclass(frozen=True)
class Bar:
    """A figure that was asked for."""

    name: str
    value: float
    op: str
    target: float

    def as_json(self) -> dict[str, Any]:
        """The bar with its verdict."""
        ok = bool(OPERATORS[self.op](self.value, self.target))
        value, target = round(self.value, 4), self.target
        return {"name": self.name, "value": value, "op": self.op, "target": target, "ok": ok}


@dataclass
class Report:
    """Rows for people (tool, what it did, figures), and the bars."""

    header: tuple[str, ...]
    rows: list[tuple[str, ...]] = field(default_factory=list)
    bars: list[Bar] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def ratio(ours: list[float], theirs: list[float]) -> float:
    """How many times faster, by the medians of rounds taken in turn.

    >>> ratio([100.0, 90.0, 110.0], [2.0, 1.0, 2.0])
    50.0
    """
    return median(ours) / median(theirs)


def table(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """A Markdown table: it goes into the README as it is."""
    rule = ("---", *("--:" for _ in header[1:]))
    return "\n".join("| " + " | ".join(row) + " |" for row in [header, rule, *rows])


def conclude(name: str, report: Report, *, as_json: bool) -> int:
    """Prints the table and the bars, the JSON line last; 1 if a bar is not reached."""
    bars = [bar.as_json() for bar in report.bars]
    if not as_json:
        print("\n" + table(report.header, report.rows) + "\n")
        for note in report.notes:
            print(note)
        for bar in bars:
            verdict = "reached" if bar["ok"] else "NOT reached"
            print(f"{bar['name']}: {bar['value']:.4g} ({bar['op']} {bar['target']:g}: {verdict})")
        print()
    print(json.dumps({"bench": name, "bars": bars}))
    return 0 if all(bar["ok"] for bar in bars) else 1
