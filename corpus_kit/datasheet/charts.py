"""Geometry of the charts: where bars, lines and labels stand. The template draws them as SVG."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from corpus_kit.datasheet.bounds import edge_order
from corpus_kit.datasheet.display import count, number, one_line, percent
from corpus_kit.datasheet.structure import Bound, Histogram, Step
from corpus_kit.histogram import FRACTION_BINS

LABEL_WIDTH, BAR_WIDTH, ROW_HEIGHT = 150, 540, 32
HISTOGRAM_WIDTH, HISTOGRAM_HEIGHT = 320, 96
LETTER_WIDTH = 6.5
"""Of a digit under the axis, at 11 units of height, with some room."""


class WaterfallRow(NamedTuple):
    """One stage: widths in units of the drawing."""

    y: int
    label: str
    title: str
    kept: float
    rejected: float
    told: str
    share: str


class Waterfall(NamedTuple):
    """The whole chart."""

    width: int
    height: int
    rows: tuple[WaterfallRow, ...]


class Bar(NamedTuple):
    """One bin of a histogram."""

    x: float
    y: float
    width: float
    height: float
    outside: bool
    title: str


class Line(NamedTuple):
    """A bound in force."""

    x: float
    title: str
    usual: bool
    """Whether it holds where no language or category has its own."""


class Tick(NamedTuple):
    """A label under the axis."""

    x: float
    text: str
    anchor: str


class HistogramChart(NamedTuple):
    """One drawn histogram."""

    bars: tuple[Bar, ...]
    lines: tuple[Line, ...]
    ticks: tuple[Tick, ...]


def waterfall_chart(steps: Sequence[Step]) -> Waterfall:
    """A bar for each stage: what it kept, and beside it what it rejected."""
    most = max((step["documents_in"] for step in steps), default=0) or 1
    rows = []
    for place, step in enumerate(steps):
        kept, gone = step["documents_kept"], step["documents_rejected"]
        rows.append(
            WaterfallRow(
                y=place * ROW_HEIGHT,
                label=one_line(step["stage"], 20),
                title=f"{step['stage']}: {count(step['documents_in'])} in, {count(kept)} kept, {count(gone)} rejected",
                kept=_width(kept, most),
                rejected=_width(gone, most),
                told=f"{count(kept)} kept",
                share=f"−{count(gone)} ({percent(gone, step['documents_in'])})" if gone else "",
            )
        )
    return Waterfall(LABEL_WIDTH + BAR_WIDTH + 220, max(1, len(rows)) * ROW_HEIGHT, tuple(rows))


def _width(part: int, most: int) -> float:
    # never invisible: a thin line for what is there at all
    return max(round(BAR_WIDTH * part / most, 1), 1.5) if part else 0.0


def histogram_chart(histogram: Histogram) -> HistogramChart:
    """Documents of all languages by value; heights go with the square root, so that tails can be seen.

    Fractions stand on an even scale, other numbers on a logarithmic one with zero in a place of its own at the left.
    """
    bins = merged(histogram["languages"])
    bins = {edge: many for edge, many in bins.items() if math.isfinite(float(edge))}
    edges = [float(edge) for edge in bins]
    scale = _Scale(histogram["kind"] == "fraction", edges, histogram["bounds"])
    most = math.sqrt(max(bins.values(), default=0) or 1)
    usual = [one for one in histogram["bounds"] if not one["where"]]
    bars = []
    for edge, many in bins.items():
        height = round(max(HISTOGRAM_HEIGHT * math.sqrt(many) / most, 1.0), 1)
        left, right = scale.slot(float(edge))
        bars.append(
            Bar(
                x=left,
                y=round(HISTOGRAM_HEIGHT - height, 1),
                width=round(max(right - left - 0.6, 0.6), 1),
                height=height,
                outside=_outside(scale, float(edge), usual),
                title=f"{scale.name(float(edge))}: {count(many)}",
            )
        )
    return HistogramChart(tuple(bars), _lines(scale, histogram["bounds"]), scale.ticks())


def merged(languages: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    """Bins of all languages together, in order."""
    total: Counter[str] = Counter()
    for bins in languages.values():
        total.update(bins)
    return {edge: total[edge] for edge in sorted(total, key=edge_order)}


class _Scale:
    """Values -> places. A bin fills one slot; slots are fiftieths, or half powers of two."""

    def __init__(self, even: bool, edges: Sequence[float], bounds: Sequence[Bound]):
        self.even = even
        shown = [*edges, *(value for one in bounds for value in (one["low"], one["high"]) if value is not None)]
        slots = [self._slot(value) for value in shown if even or value > 0] or [0.0]
        self.zero = not even and any(value <= 0 for value in shown)
        self.first = 0.0 if even else math.floor(min(slots)) - (2 if self.zero else 0)
        self.last = float(FRACTION_BINS) if even else math.floor(max(slots)) + 1.0
        if even:  # fractions can pass 1 only by rounding; a whole scale is easier to compare
            self.last = max(self.last + 1, math.floor(max(slots)) + 1.0)

    def _slot(self, value: float) -> float:
        # edges are written with six digits, so a slot may miss its whole number by a hair
        return value * FRACTION_BINS if self.even else round(2 * math.log2(value), 4)

    def place(self, value: float) -> float:
        """Horizontal place of a value."""
        slot = self.first if not self.even and value <= 0 else self._slot(value)
        share = (slot - self.first) / (self.last - self.first)
        return round(HISTOGRAM_WIDTH * min(max(share, 0.0), 1.0), 1)

    def slot(self, edge: float) -> tuple[float, float]:
        """Left and right of the bin with that lower edge."""
        width = HISTOGRAM_WIDTH / (self.last - self.first)
        left = self.place(edge)
        return left, round(left + width, 1)

    def upper(self, edge: float) -> float:
        """Upper edge of a bin."""
        if self.even:
            return edge + 1 / FRACTION_BINS
        return edge * math.sqrt(2) if edge > 0 else 0.0

    def name(self, edge: float) -> str:
        """A bin in words."""
        if self.upper(edge) == edge:
            return number(edge)
        return f"{number(_rounded(edge))} to {number(_rounded(self.upper(edge)))}"

    def ticks(self) -> tuple[Tick, ...]:
        """Three to five labels."""
        if self.even:
            marks = [(value, number(value)) for value in (0.0, 0.25, 0.5, 0.75, 1.0)]
        else:
            low, high = self.first / 2 + (1 if self.zero else 0), self.last / 2
            step = max(1, math.ceil((high - low) / 4))
            powers = range(math.ceil(low), math.floor(high) + 1, step)
            marks = [(2.0**power, number(2.0**power if power >= 0 else _rounded(2.0**power))) for power in powers]
            marks = [(0.0, "0"), *marks] if self.zero else marks
        ticks = [Tick(x, text, _anchor(x)) for x, text in ((self.place(value), text) for value, text in marks)]
        return tuple(_apart(ticks))


def _apart(ticks: Sequence[Tick]) -> Iterator[Tick]:
    """The ticks less those that would touch the one before."""
    free = -math.inf
    for tick in ticks:
        width = LETTER_WIDTH * len(tick.text)
        left = tick.x - {"start": 0.0, "middle": width / 2, "end": width}[tick.anchor]
        if left >= free:
            yield tick
            free = left + width + LETTER_WIDTH


def _anchor(x: float) -> str:
    if x < 12:
        return "start"
    return "end" if x > HISTOGRAM_WIDTH - 16 else "middle"


def _rounded(value: float) -> float:
    return float(f"{value:.2g}")


def _outside(scale: _Scale, edge: float, usual: Sequence[Bound]) -> bool:
    """Whether no value of the bin is kept by the usual bounds."""
    return any(
        (one["high"] is not None and edge > one["high"])
        or (one["low"] is not None and scale.upper(edge) <= one["low"] and edge < one["low"])
        for one in usual
    )


def _lines(scale: _Scale, bounds: Sequence[Bound]) -> tuple[Line, ...]:
    found = []
    for one in bounds:
        for words, value in (("at least", one["low"]), ("at most", one["high"])):
            if value is not None:
                where = f" for {one['where']}" if one["where"] else ""
                found.append(
                    Line(scale.place(value), f"{one['code']}: {words} {number(value)}{where}", not one["where"])
                )
    return tuple(found)
