"""One page or text through the batch stages, every metric with its bound and verdict. No run, no Ray."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa

from corpus_kit.errors import PlanError
from corpus_kit.language import profile_for
from corpus_kit.metrics import METRICS
from corpus_kit.schema import READ_SCHEMA, rejected
from corpus_kit.show import table
from corpus_kit.sources.text import decode_text
from corpus_kit.stage import BatchStage, require_modules
from corpus_kit.stages import Extract, Filter, Identify, Normalize
from corpus_kit.why import reason_line

MAX_BYTES = 100 << 20
HTML_STARTS = (b"<!doctype html", b"<html", b"<?xml")


def check(path: Path, *, rulesets: tuple[str, ...] = ("gopher",), lang: str | None = None) -> dict[str, Any]:
    """What the stages find in one file: language, every metric, its bounds and verdict.

    `lang` names the language instead of identifying it. Raises PlanError for a file that cannot be read.
    """
    try:
        raw = path.read_bytes()[:MAX_BYTES]
    except OSError as error:
        raise PlanError(f"{path} cannot be read: {error.strerror}") from error
    if lang is not None:
        profile_for(lang)  # raises with the nearest name
    is_page = raw[:512].lstrip().lower().startswith(HTML_STARTS) or path.suffix.lower() in (".html", ".htm", ".xhtml")
    judge = Filter(rulesets=rulesets, unknown_language="default")
    judge.check({"category": pa.string()})
    stages: list[BatchStage] = [*([Extract()] if is_page else []), Normalize(), *([] if lang else [Identify()])]
    batch = _one_row(raw, is_page=is_page, lang=lang)
    for stage in stages:
        require_modules(stage, stage.name)
        batch = stage.apply(batch)
        if rejected(batch)[0].as_py():
            return {"file": path.name, "stage": stage.name, "reasons": batch["reasons"][0].as_py(), "rows": []}
    return _judged(path, judge, judge.apply(batch))


def _one_row(raw: bytes, *, is_page: bool, lang: str | None) -> pa.RecordBatch:
    row: dict[str, Any] = dict.fromkeys(READ_SCHEMA.names)
    row |= {"id": "check-0", "source": "check", "lang": lang}
    row |= {"raw": raw, "media_type": "text/html"} if is_page else {"text": decode_text(raw)[0]}
    batch = pa.RecordBatch.from_pylist([row], schema=READ_SCHEMA)
    return batch if is_page else batch.drop_columns(["raw", "media_type", "headers"])


def _judged(path: Path, judge: Filter, batch: pa.RecordBatch) -> dict[str, Any]:
    lang = batch["lang"][0].as_py()
    measured = batch["metrics"][0].as_py()
    failing = {reason["code"] for reason in batch["reasons"][0].as_py() or ()}
    rows = [
        {
            "rule": rule.code,
            "metric": condition.metric,
            "value": measured[condition.metric],
            "low": condition.low,
            "high": condition.high,
            "origin": condition.origin,
            "verdict": "off" if not rule.is_on else "fails" if rule.code in failing else "passes",
            "about": METRICS[condition.metric].summary,
        }
        for rule in judge.rules_for(lang)
        for condition in rule.conditions
    ]
    text = batch["text"][0].as_py()
    return {
        "file": path.name,
        "lang": lang,
        "lang_score": batch["lang_score"][0].as_py(),
        "characters": len(text),
        "kept": not failing,
        "rows": rows,
    }


def check_lines(found: dict[str, Any]) -> list[str]:
    """The findings for people."""
    if "stage" in found:
        return [f"{found['file']}: rejected by {found['stage']}", *(f"  {reason_line(r)}" for r in found["reasons"])]
    score = "" if found["lang_score"] is None else f" ({found['lang_score']:.2f})"
    lines = [f"{found['file']}: {found['lang']}{score}, {found['characters']:,} characters", ""]
    rows = [
        [row["rule"], _number(row["value"]), _number(row["low"]), _number(row["high"]), row["verdict"]]
        for row in found["rows"]
    ]
    lines += table(["rule", "value", "at least", "at most", "verdict"], rows)
    failing = sum(row["verdict"] == "fails" for row in found["rows"])
    verdict = f"rejected: {failing} {'rule fails' if failing == 1 else 'rules fail'}"
    return [*lines, "", "kept: every rule passes" if found["kept"] else verdict]


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}" if value != int(value) else f"{value:.0f}"
