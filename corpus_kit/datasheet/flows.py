"""The tally added up: waterfall, sources, languages and reasons."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from corpus_kit.datasheet.display import one_line
from corpus_kit.datasheet.structure import Damage, EditCount, Pair, Part, Reason, SkippedRecords, Step, Totals
from corpus_kit.ledger import READ, Cell, Tally
from corpus_kit.sources import REJECT_CODES, SKIP_CODES

LABEL_LENGTH = 40
"""Labels may come from the data; a longer one is cut when shown."""


def steps(tally: Tally, stages: Sequence[str], meanings: Mapping[str, Mapping[str, str]]) -> list[Step]:
    """The waterfall: reading, then every stage in order. `meanings` has the codes of each stage."""
    documents: dict[str, Counter[str]] = {stage: Counter() for stage in [READ, *stages]}
    size: dict[str, Counter[str]] = {stage: Counter() for stage in [READ, *stages]}
    untouched: Counter[str] = Counter()
    for cell, many in tally.documents.items():
        if cell.stage in documents:
            documents[cell.stage][cell.flow] += many
            size[cell.stage][cell.flow] += tally.bytes[cell]
            if cell.flow == "kept" and cell.code == "untouched":
                untouched[cell.stage] += many
    return [
        Step(
            stage=stage,
            documents_in=flow["in"] + flow["made"],
            bytes_in=size[stage]["in"] + size[stage]["made"],
            documents_kept=flow["kept"],
            bytes_kept=size[stage]["kept"],
            documents_rejected=flow["rejected"],
            bytes_rejected=size[stage]["rejected"],
            documents_segmented=flow["segmented"],
            documents_untouched=untouched[stage],
            reasons=_reasons(tally, stage, meanings.get(stage, {})),
            edits=_edits(tally, stage, meanings.get(stage, {})),
        )
        for stage, flow in documents.items()
    ]


def _reasons(tally: Tally, stage: str, meanings: Mapping[str, str]) -> list[Reason]:
    documents: Counter[str] = Counter()
    size: Counter[str] = Counter()
    failing: Counter[str] = Counter()
    for failure, many in tally.failing.items():
        if failure.stage == stage:
            failing[failure.code] += many
    for cell, many in tally.documents.items():
        if cell.stage == stage and cell.flow == "rejected":
            documents[cell.code] += many
            size[cell.code] += tally.bytes[cell]
    known = {**REJECT_CODES, **meanings}
    codes = sorted({*documents, *failing}, key=lambda code: (-documents[code], -failing[code], code))
    return [
        Reason(
            code=code,
            meaning=known.get(code, "").replace("`", ""),
            documents=documents[code],
            bytes=size[code],
            failing=max(failing[code], documents[code]),
        )
        for code in codes
    ]


def _edits(tally: Tally, stage: str, meanings: Mapping[str, str]) -> list[EditCount]:
    documents: Counter[str] = Counter()
    places: Counter[str] = Counter()
    for edit, many in tally.edited.items():
        if edit.stage == stage:
            documents[edit.code] += many
            places[edit.code] += tally.edits[edit]
    return [
        EditCount(
            code=code, meaning=meanings.get(code, "").replace("`", ""), documents=documents[code], places=places[code]
        )
        for code in sorted(documents, key=lambda code: (-places[code], code))
    ]


def totals(waterfall: Sequence[Step], input_files: int, input_bytes: int) -> Totals:
    """The whole run. What the last stage kept is the corpus."""
    read, last = waterfall[0], waterfall[-1]
    rejected = sum(step["documents_rejected"] for step in waterfall)
    segmented = sum(step["documents_segmented"] for step in waterfall)
    kept = last["documents_kept"]
    made = kept + rejected + segmented - read["documents_in"]  # conservation: what was not read was made
    settled = kept + rejected
    return Totals(
        documents_read=read["documents_in"],
        bytes_read=read["bytes_in"],
        documents_made=made,
        documents_segmented=segmented,
        documents_kept=kept,
        bytes_kept=last["bytes_kept"],
        documents_rejected=rejected,
        bytes_rejected=sum(step["bytes_rejected"] for step in waterfall),
        share_kept=_share(kept, settled),
        share_bytes_kept=_share(last["bytes_kept"], read["bytes_in"]),
        input_files=input_files,
        input_bytes=input_bytes,
    )


def parts(tally: Tally, last: str, by: Literal["source", "lang"], names: Iterable[str] = ()) -> list[Part]:
    """What became of each source or language label; `names` are listed even if nothing was read of them."""
    read: Counter[str] = Counter()
    read_bytes: Counter[str] = Counter()
    kept: Counter[str] = Counter()
    kept_bytes: Counter[str] = Counter()
    rejected: Counter[str] = Counter()
    for cell, many in tally.documents.items():
        name = getattr(cell, by)
        if cell.stage == READ and cell.flow == "made":
            read[name] += many
            read_bytes[name] += tally.bytes[cell]
        if cell.stage == last and cell.flow == "kept":
            kept[name] += many
            kept_bytes[name] += tally.bytes[cell]
        if cell.flow == "rejected":
            rejected[name] += many
    whole = sum(kept_bytes.values())
    every = {*names, *read, *kept, *rejected}
    return [
        Part(
            name=one_line(name, LABEL_LENGTH),
            documents_read=read[name],
            bytes_read=read_bytes[name],
            documents_kept=kept[name],
            bytes_kept=kept_bytes[name],
            documents_rejected=rejected[name],
            share=_share(kept_bytes[name], whole),
        )
        for name in sorted(every, key=lambda name: (-kept_bytes[name], -kept[name], name))
    ]


def pairs(tally: Tally, last: str) -> list[Pair]:
    """Kept documents by source and language."""
    kept = {cell: many for cell, many in tally.documents.items() if cell.stage == last and cell.flow == "kept"}
    documents: Counter[tuple[str, str]] = Counter()
    size: Counter[tuple[str, str]] = Counter()
    for cell, many in kept.items():
        key = (cell.source, one_line(cell.lang, LABEL_LENGTH))
        documents[key] += many
        size[key] += tally.bytes[cell]
    return [
        Pair(source=source, language=lang, documents=many, bytes=size[source, lang])
        for (source, lang), many in sorted(documents.items())
    ]


def damage(tally: Tally) -> list[Damage]:
    """Records the readers rejected, by source and code."""
    found: Counter[tuple[str, str]] = Counter()
    for cell, many in tally.documents.items():
        if _unreadable(cell):
            found[cell.source, cell.code] += many
    return [
        Damage(source=source, code=code, meaning=REJECT_CODES.get(code, ""), documents=many)
        for (source, code), many in sorted(found.items())
    ]


def _unreadable(cell: Cell) -> bool:
    return cell.stage == READ and cell.flow == "rejected"


def skipped_records(tally: Tally) -> list[SkippedRecords]:
    """Records that made no document, by source and code."""
    return [
        SkippedRecords(source=source, code=code, meaning=SKIP_CODES.get(code, ""), records=many)
        for (source, code), many in sorted(tally.skipped.items())
    ]


def _share(part: int, whole: int) -> float:
    return round(part / whole, 6) if whole else 0.0
