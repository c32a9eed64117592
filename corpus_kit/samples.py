"""Samples of a run to look at: kept documents by source and language, rejected ones by stage and reason."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from corpus_kit.ledger import READ
from corpus_kit.opened import Run
from corpus_kit.sampling import hash64
from corpus_kit.why import reason_line

SNIPPET = 300
"""Characters of text shown."""


def sample(
    run: Run,
    *,
    size: int = 2,
    stage: str | None = None,
    code: str | None = None,
    source: str | None = None,
    language: str | None = None,
) -> list[dict[str, Any]]:
    """Documents of each group, chosen by hash, so the same each time. A group is (verdict, stage, reason, language)."""
    groups: dict[tuple[str, ...], list[tuple[int, str, dict[str, Any]]]] = defaultdict(list)
    for key, row in _rows(run, kept=stage is None and code is None):
        if (stage and key[1] != stage) or (code and key[2] != code):
            continue
        if (source and row["source"] != source) or (language and row["lang"] != language):
            continue
        heap = groups[key]
        entry = (-hash64("inspect", row["id"]), row["id"], row)
        if len(heap) < size:
            heapq.heappush(heap, entry)
        elif entry[:2] > heap[0][:2]:
            heapq.heapreplace(heap, entry)
    order = {one.id: i for i, one in enumerate(run.plan.stages)}
    keys = sorted(groups, key=lambda key: (key[0] != "kept", order.get(key[1], -1), key))
    return [
        {"verdict": key[0], "stage": key[1], "code": key[2], **row}
        for key in keys
        for _, _, row in sorted(groups[key], reverse=True)
    ]


def _rows(run: Run, *, kept: bool) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    shown = ["id", "source", "origin", "lang", "text"]
    if kept:
        for batch in run.dataset("data").to_batches(columns=shown):
            for row in batch.to_pylist():
                yield ("kept", "", "", row["lang"] or ""), row | {"reasons": []}
    textless = {READ, *(stage.id for stage in run.plan.stages if stage.name == "extract")}
    for batch in run.dataset("rejects").to_batches(columns=[*shown, "stage", "reasons"]):
        for row in batch.to_pylist():
            if row["text"] is None and run.plan.recipe["reject_text"] != "none" and row["stage"] not in textless:
                continue  # not in the sample whose text was kept
            yield ("rejected", row.pop("stage"), row["reasons"][0]["code"], row["lang"] or ""), row


def excerpt(text: str) -> str:
    """The beginning of a text on one line, without what would steer a terminal.

    >>> excerpt("to\\n  linjer\\x1b[2J")
    'to linjer�[2J'
    """
    line = " ".join(text[: 2 * SNIPPET].split())[:SNIPPET]
    return "".join(c if c.isprintable() else "�" for c in line)


def sample_lines(rows: list[dict[str, Any]]) -> list[str]:
    """The samples for people."""
    lines: list[str] = []
    heading = None
    for row in rows:
        key = f"{row['verdict']}  {row['stage']}  {row['code']}".rstrip()
        if key != heading:
            lines += ["", f"== {key}"]
            heading = key
        lines.append(f"-- {row['id']}  {row['lang'] or 'no language'}  {row['origin']}")
        lines += [f"   {reason_line(reason)}" for reason in row["reasons"]]
        if row["text"]:
            lines.append(f"   {excerpt(row['text'])}")
    return lines[1:] if lines else ["no documents"]
