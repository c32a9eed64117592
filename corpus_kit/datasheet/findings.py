"""What a user should know before using the corpus: undocumented sources, damage, limits, and contradictions.

Nothing here judges; each finding says what was declared or measured, and the reader decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from corpus_kit.card import Rights, SourceCard, Use
from corpus_kit.datasheet import languages
from corpus_kit.datasheet.display import count, listed, one_line, percent, plural, strictest
from corpus_kit.datasheet.licenses import UNKNOWN, duties
from corpus_kit.datasheet.structure import Damage, Finding, Limits, Pair, SkippedFiles, Source, Stats, Step, Totals
from corpus_kit.guard import Loss
from corpus_kit.plan import Plan

UNDECLARED_SHARE = 0.05
"""A language the card does not name is reported above this share of a source's kept bytes."""

DECLARED_SHARE = 0.20
"""A language the card names is reported as missing below this share, if it is the only one named."""

HEAVY_SHARE = 0.5
"""A stage that rejects more than this part of what it gets is worth a look."""

_USES = {
    "train": "training",
    "release_model": "releasing a model",
    "release_statistics": "releasing statistics",
    "release_samples": "releasing samples",
    "release_data": "releasing the data",
}


def permissions(cards: Sequence[SourceCard]) -> dict[str, str]:
    """Use -> the strictest decision of all cards, in the order of the card format."""
    return {
        words: strictest([getattr(card.use, field) for card in cards]) or "not stated" for field, words in _USES.items()
    }


def findings(stats: Stats, plan: Plan, lost: Sequence[Loss] = ()) -> list[Finding]:
    """Everything to report, the gravest first. `lost` is what the guard objects to."""
    pairs = stats["source_languages"]
    found = [*_whole(stats["totals"], stats["limits"]), *_unlabelled(pairs)]
    found += _inputs(stats["damage"], stats["skipped_files"])
    for source in stats["sources"]:
        card = plan.sources[source["name"]].card
        found += _source(source, card)
        found += _language_contradictions(source, card, pairs)
    found += [_finding("caution", f"{one} (the guard of the recipe warns of it).") for one in lost]
    found += _stages(plan, stats["waterfall"])
    order = {"stop": 0, "caution": 1, "note": 2}
    return sorted(found, key=lambda one: order[one["level"]])


def _finding(level: str, text: str) -> Finding:
    return Finding(level=level, text=text)


def _whole(totals: Totals, limits: Limits) -> Iterator[Finding]:
    if not totals["documents_kept"]:
        yield _finding("stop", "The corpus is empty: no document was kept.")
    if limits["limit"] is not None:
        yield _finding("caution", f"This is a trial: at most {plural(limits['limit'], 'record')} were read (--limit).")
    if limits["sample"] is not None:
        share = f"{100 * limits['sample']:g}%"
        yield _finding(
            "caution", f"This is a sample: {share} of the documents were taken (--sample), by hash of the id."
        )


def _unlabelled(pairs: Sequence[Pair]) -> Iterator[Finding]:
    whole = sum(pair["bytes"] for pair in pairs)
    size = sum(pair["bytes"] for pair in pairs if languages.base(pair["language"]) is None)
    if size > UNDECLARED_SHARE * whole:
        yield _finding("caution", f"{percent(size, whole)} of the text has no language label.")


def _inputs(damage: Sequence[Damage], skipped: Sequence[SkippedFiles]) -> Iterator[Finding]:
    for one in damage:
        level = "caution" if one["code"] == "read.damaged" else "note"
        what = f"{plural(one['documents'], 'record')} of source {one['source']} could not be read"
        yield _finding(level, f"{what}: {one['meaning'] or one['code']} ({one['code']}).")
    if skipped:
        told = [f"{count(one['files'])} {one_line(one['ending'], 20)} of source {one['source']}" for one in skipped]
        yield _finding("caution", f"Files that no reader knows were not read: {listed(told)}.")


def _source(source: Source, card: SourceCard) -> Iterator[Finding]:
    name = source["name"]
    if not source["documented"]:
        yield _finding(
            "stop",
            f"Source {name} is undocumented: it was read without a source card, so nobody has said whose it is, under "
            "which licence it stands or whether it may be used. Do not release anything made from it.",
        )
        return
    if not source["documents_kept"]:
        yield _finding("caution", f"Nothing of source {name} is in the corpus.")
        return
    yield from _use(name, card.use)
    yield from _rights(name, card.rights)
    if card.privacy.personal_data == "substantial":
        yield _finding("caution", f"Source {name} holds substantial personal data, by its card.")


def _use(name: str, use: Use) -> Iterator[Finding]:
    refused = [words for field, words in _USES.items() if getattr(use, field) == "no"]
    bound = [words for field, words in _USES.items() if getattr(use, field) == "conditional"]
    if refused:
        level = "stop" if use.train == "no" else "caution"
        yield _finding(level, f"Source {name} does not allow {listed(refused)}.")
    if bound or use.conditions:
        what = f" for {listed(bound)}" if bound else ""
        said = f": {one_line(use.conditions, 300)}" if use.conditions else ", which its card does not spell out."
        yield _finding("caution", f"Source {name} sets conditions{what}{said}")


def _rights(name: str, rights: Rights) -> Iterator[Finding]:
    if rights.spdx == UNKNOWN:
        yield _finding("stop", f"The licence of source {name} is unknown.")
    if rights.applies_to != "content":
        yield _finding(
            "caution", f"The licence of source {name} covers its {rights.applies_to}, not the texts themselves."
        )
    limits = [duty for duty in duties(rights.spdx) if duty.startswith("no ")]
    if limits:
        yield _finding("caution", f"The licence of source {name} ({rights.spdx}) means {listed(limits)}.")
    for label, value in (("valid to", rights.valid_to), ("under embargo", rights.embargo)):
        if value:
            yield _finding("caution", f"The rights in source {name} are {label} {one_line(value)}.")
    if rights.third_party_works in ("some", "many"):
        yield _finding("note", f"Source {name} holds {rights.third_party_works} works of third parties, by its card.")


def _language_contradictions(source: Source, card: SourceCard, pairs: Sequence[Pair]) -> Iterator[Finding]:
    declared = {code for tag in card.content.languages if (code := languages.base(tag))}
    measured: dict[str, int] = {}
    for pair in pairs:
        code = languages.base(pair["language"])
        if pair["source"] == source["name"] and code:
            measured[code] = measured.get(code, 0) + pair["bytes"]
    whole = sum(measured.values())
    if not declared or not whole:
        return
    for code, size in sorted(measured.items(), key=lambda item: (-item[1], item[0])):
        if code not in declared and size > UNDECLARED_SHARE * whole and not _related(code, declared):
            label, share = languages.name(code), percent(size, whole)
            yield _finding(
                "caution", f"{share} of source {source['name']} is {label}, which its card does not declare."
            )
    [only] = declared if len(declared) == 1 else [None]
    if (
        only
        and sum(size for code, size in measured.items() if code == only or _related(code, {only}))
        < DECLARED_SHARE * whole
    ):
        text = f"The card of source {source['name']} declares {languages.name(only)}, but little of it was found."
        yield _finding("caution", text)


def _related(code: str, declared: set[str]) -> bool:
    """Whether the card names the same language by its macrolanguage, or the other way round."""
    return any(languages.hub_code(code) == languages.hub_code(other) for other in declared) or (
        code in {"nob", "nno"} and "nor" in declared
    )


def _stages(plan: Plan, waterfall: Sequence[Step]) -> Iterator[Finding]:
    names = {stage.name for stage in plan.stages}
    for step in waterfall[1:]:
        came, gone = step["documents_in"], step["documents_rejected"]
        if came and gone > HEAVY_SHARE * came:
            share = percent(gone, came)
            yield _finding("note", f"Stage {step['stage']} rejected {share} of the {count(came)} documents it saw.")
    absent = [words for name, words in _PRECAUTIONS.items() if name not in names]
    if absent:
        yield _finding("note", f"The recipe has no stage that {'; none that '.join(absent)}.")


_PRECAUTIONS = {
    "dedup": "removes duplicates",
    "redact": "masks personal data",
    "decontaminate": "removes texts of benchmarks",
}
