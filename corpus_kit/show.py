"""Plain-text tables for the terminal: waterfall, plan, status. Numbers in, lines out; nothing is printed here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from corpus_kit.ledger import Step, Tally
from corpus_kit.plan import Plan


def size(count: float) -> str:
    """Bytes for people, in powers of ten.

    >>> size(999), size(12_345_678)
    ('999 B', '12.3 MB')
    """
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if abs(round(count, 0 if unit == "B" else 1)) < 1000 or unit == "TB":
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    raise AssertionError


def counted(count: int, noun: str) -> str:
    """A number with its noun.

    >>> counted(1, "file"), counted(1234, "file")
    ('1 file', '1,234 files')
    """
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def table(header: Sequence[str], rows: Iterable[Sequence[Any]], *, left: int = 1) -> list[str]:
    """Aligned lines; the first `left` columns are flush left, the others right.

    >>> table(["stage", "in"], [["read", "1,234"]])
    ['stage     in', 'read   1,234']
    """
    cells = [[str(cell) for cell in row] for row in [header, *rows]]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    lines = []
    for row in cells:
        parts = [
            cell.ljust(width) if i < left else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(parts).rstrip())
    return lines


def waterfall_lines(steps: Iterable[Step]) -> list[str]:
    """Documents and bytes in, kept and rejected by stage, and the reasons below each."""
    rows: list[list[str]] = []
    for step in steps:
        lost = sum(step.rejected.values())
        share = f"{lost / step.documents_in:.1%}" if step.documents_in else "-"
        rows.append([step.stage, f"{step.documents_in:,}", f"{step.kept:,}", f"{lost:,}", share, size(step.bytes_kept)])
        rows += [["  " + code, "", "", f"{count:,}", "", ""] for code, count in step.rejected.items()]
    return table(["stage", "in", "kept", "rejected", "share", "kept text"], rows)


def skipped_lines(plan: Plan, tally: Tally) -> list[str]:
    """Records and files that made no document, if there are any."""
    lines = [
        f"  {source}: {counted(count, 'record')}  {code}" for (source, code), count in sorted(tally.skipped.items())
    ]
    lines += [f"  {one.source}: {counted(one.files, 'file')}  no reader for {one.ending}" for one in plan.skipped_files]
    return ["not documents:", *lines] if lines else []


def edit_lines(tally: Tally, stages: Iterable[str]) -> list[str]:
    """What stages changed inside texts, in their order, if there is anything."""
    places: Counter[tuple[str, str]] = Counter()
    documents: Counter[tuple[str, str]] = Counter()
    for edit, many in tally.edited.items():
        documents[edit.stage, edit.code] += many
        places[edit.stage, edit.code] += tally.edits[edit]
    order = {stage: i for i, stage in enumerate(stages)}
    found = sorted(places, key=lambda key: (order.get(key[0], len(order)), -places[key], key[1]))
    rows = [[f"  {stage}", code, f"{places[stage, code]:,}", f"{documents[stage, code]:,}"] for stage, code in found]
    return table(["changed inside texts", "", "places", "documents"], rows, left=2) if rows else []


def plan_lines(plan: Plan) -> list[str]:
    """The plan for people: inputs, phases, columns, fingerprint, and the origin of every number."""
    lines = [f"recipe {plan.recipe['name']}", "", "inputs"]
    rows = [
        [name, source.card.category, source.card.rights.spdx, f"{source.files:,}", size(source.bytes)]
        for name, source in plan.sources.items()
    ]
    lines += ["  " + line for line in table(["source", "category", "license", "files", "size"], rows, left=3)]
    lines += [
        f"  {one.source}: {counted(one.files, 'file')} skipped, no reader for {one.ending}"
        for one in plan.skipped_files
    ]
    lines += _against_lines(plan)
    lines += ["", f"phases ({counted(len(plan.loads), 'shard')}, {counted(plan.partitions, 'key partition')})"]
    for segment in plan.segments:
        steps = [
            *(f"apply {one}" for one in segment.apply),
            *segment.batch,
            *(f"collect {one}" for one in segment.collect),
        ]
        start = "read" if segment.index == 0 else "resume"
        lines.append(f"  map-{segment.index}  {' -> '.join([start, *steps])}  [{segment.fingerprint[:12]}]")
        lines += [f"         group and decide {one}" for one in segment.collect]
    lines += ["  pack   shards of at most " + size(plan.recipe["shard_bytes"]), "", "stages"]
    for stage in plan.stages:
        gives = f"  gives {', '.join(stage.gives)}" if stage.gives else ""
        libraries = "".join(f"  {name} {version}" for name, version in stage.libraries.items())
        method = f" ({stage.method})" if stage.method else ""
        lines.append(f"  {stage.id}{method} v{stage.version}{gives}{libraries}")
        rows = [[number.name, _short(number.value), number.origin] for number in stage.numbers]
        lines += ["    " + line for line in table(["number", "value", "origin"], rows, left=3)] if rows else []
    lines += ["", "columns  " + ", ".join(plan.data_schema().names), f"fingerprint  {plan.fingerprint}"]
    return lines


def _against_lines(plan: Plan) -> list[str]:
    """The runs that this one is compared with, if any."""
    if not plan.against:
        return []
    rows = [[one.path, ", ".join(one.indexes), one.fingerprint[:12]] for one in plan.against]
    return ["", "compared with", *("  " + line for line in table(["run", "by stages", "fingerprint"], rows, left=3))]


def _short(value: Any) -> str:
    return "off" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
