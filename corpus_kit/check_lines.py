"""What `check` found, for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from corpus_kit.show import counted, table
from corpus_kit.why import reason_line


def check_lines(found: dict[str, Any]) -> list[str]:
    """Language and size, a table for each stage that judged, what was edited, and the verdict."""
    lines = [_head(found)] if "characters" in found and (found["rows"] or "stage" not in found) else []
    stages = list(dict.fromkeys(row["stage"] for row in found["rows"]))
    for stage in stages:
        rows = [row for row in found["rows"] if row["stage"] == stage]
        lines += ["", *([f"{stage}:"] if len(stages) > 1 else []), *_rules(rows)]
    if found["metrics"]:
        rows = [[one["metric"], _number(one["value"]), one["about"]] for one in found["metrics"]]
        lines += ["", "metrics of no rule:", *_left_value(rows)]
    if found["edits"]:
        rows = [[one["stage"], one["code"], f"{one['places']:,}"] for one in found["edits"]]
        lines += ["", *table(["edited by", "rule", "places"], rows, left=2)]
    if found["passed_over"]:
        lines += ["", f"passed over: {', '.join(found['passed_over'])}"]
    if "stage" in found:
        reasons = [f"  {reason_line(reason)}" for reason in found["reasons"]]
        return [*lines, *([""] if lines else []), f"{found['file']}: rejected by {found['stage']}", *reasons]
    return [*lines, "", _verdict(found, stages)]


def _head(found: dict[str, Any]) -> str:
    score = "" if found["lang_score"] is None else f" ({found['lang_score']:.2f})"
    return f"{found['file']}: {found['lang'] or 'no language'}{score}, {counted(found['characters'], 'character')}"


def _rules(rows: Sequence[dict[str, Any]]) -> list[str]:
    cells = []
    for row in rows:
        many = sum(one["rule"] == row["rule"] for one in rows) > 1
        name = f"{row['rule']} ({row['metric']})" if many else row["rule"]
        cells.append([name, _number(row["value"]), _number(row["low"]), _number(row["high"]), row["verdict"]])
    return table(["rule", "value", "at least", "at most", "verdict"], cells)


def _left_value(rows: Sequence[Sequence[str]]) -> list[str]:
    names, values = max(len(row[0]) for row in rows), max(len(row[1]) for row in rows)
    return [f"{name:<{names}}  {value:>{values}}  {about}" for name, value, about in rows]


def _verdict(found: dict[str, Any], stages: Sequence[str]) -> str:
    failing = {(row["stage"], row["rule"]) for row in found["rows"] if row["verdict"] == "fails"}
    if found["every"]:  # no corpus was made by all rulesets together, so there is no verdict
        rules = counted(len({row["rule"] for row in found["rows"]}), "rule")
        return f"{len(failing)} of {rules} {'fails' if len(failing) == 1 else 'fail'}"
    if not failing:
        return "kept: every rule passes" if found["rows"] else "kept: no stage has rules"
    by = f" by {', '.join(s for s in stages if any(s == at for at, _ in failing))}" if len(stages) > 1 else ""
    return f"rejected{by}: {len(failing)} {'rule fails' if len(failing) == 1 else 'rules fail'}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}" if value != int(value) else f"{value:.0f}"
