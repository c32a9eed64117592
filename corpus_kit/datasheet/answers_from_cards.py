"""Answers that source cards give, rolled up: what they say in common, and which of them say nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping

from corpus_kit.card import SourceCard
from corpus_kit.datasheet.answers import Facts, Part, Reply, answers_question, configured, declared
from corpus_kit.datasheet.display import listed, one_line
from corpus_kit.datasheet.licenses import duties

_METHODS = {
    "transfer": "handed over",
    "api": "through a programming interface",
    "dump": "as a published dump",
    "crawl": "crawled from the web",
    "digitisation": "digitized",
    "purchase": "bought",
}

_TRANSCRIPTIONS = {"ocr": "OCR", "htr": "handwriting recognition", "asr": "speech recognition"}


def rolled_up(cards: Mapping[str, SourceCard], value: Callable[[SourceCard], str | None]) -> tuple[str, bool]:
    """`value (source, source); other value (source)`, and whether a card says nothing."""
    by_value: dict[str, list[str]] = defaultdict(list)
    silent = False
    for name, card in cards.items():
        found = value(card)
        if found:
            by_value[one_line(found, 300).rstrip(".")].append(name)
        silent |= not found
    return "; ".join(f"{text} ({listed(names)})" for text, names in by_value.items()), silent


def _reply(facts: Facts, before: str, value: Callable[[SourceCard], str | None], *more: Part) -> Reply | None:
    """What the cards say, after a few words; None if no card says anything."""
    text, silent = rolled_up(facts.cards, value)
    return Reply((declared(f"{before}{text}."), *more), partial=silent) if text else None


def _unless(value: str, default: str) -> str | None:
    return None if value == default else value


@answers_question("M2")
def _makers(facts: Facts) -> Reply | None:
    text, _ = rolled_up(facts.cards, lambda card: card.contributor.name if card.contributor else None)
    if not text:
        return None
    return Reply(
        (declared(f"Sources were contributed by {text}. Who compiled the corpus is not recorded."),), partial=True
    )


@answers_question("C14")
def _persons(facts: Facts) -> Reply | None:
    masked = "redact" in facts.stage_names()
    note = "Patterns of personal data were masked by the redact stage." if masked else "No stage masked personal data."
    return _reply(
        facts, "Personal data: ", lambda card: _unless(card.privacy.personal_data, "unknown"), configured(note)
    )


@answers_question("C15")
def _sensitive(facts: Facts) -> Reply | None:
    return _reply(facts, "Kinds of personal data: ", lambda card: ", ".join(card.privacy.categories) or None)


@answers_question("P1")
def _obtained(facts: Facts) -> Reply | None:
    reply = _reply(facts, "How sources were obtained: ", lambda card: _METHODS.get(card.acquisition.method or ""))
    # born-digital is the default of the card format, so it may be nobody's statement
    text, _ = rolled_up(facts.cards, lambda card: _TRANSCRIPTIONS.get(card.content.transcription))
    made = declared(f"The text was made by {text}." if text else "")
    return Reply((*reply.parts, made), partial=True) if reply else (Reply((made,), partial=True) if text else None)


@answers_question("P2")
def _procedures(facts: Facts) -> Reply | None:
    def told(card: SourceCard) -> str | None:
        crawler = ", ".join(f"{key} {value}" for key, value in (card.acquisition.crawler or {}).items())
        ocr = card.content.ocr
        engine = " ".join(filter(None, (ocr.engine, ocr.version))) if ocr else ""
        found = [f"crawler: {crawler}" if crawler else "", f"OCR: {engine}" if engine else ""]
        found.append(one_line(card.acquisition.upstream_processing or "", 200))
        return "; ".join(filter(None, found)) or None

    return _reply(facts, "Before this run: ", told)


@answers_question("P4")
def _collectors(facts: Facts) -> Reply | None:
    def told(card: SourceCard) -> str | None:
        one = card.contributor
        return ", ".join(filter(None, (one.name, one.type, one.country))) if one else None

    text, _ = rolled_up(facts.cards, told)
    return Reply((declared(f"Contributors: {text}. Payment is not recorded."),), partial=True) if text else None


@answers_question("P5")
def _when(facts: Facts) -> Reply | None:
    def period(card: SourceCard) -> str | None:
        span = card.content.period or {}
        return f"{span.get('from', '?')} to {span.get('to', '?')}" if span else None

    collected, silent = rolled_up(facts.cards, lambda card: card.acquisition.obtained_at)
    made, unsaid = rolled_up(facts.cards, period)
    found = facts.stats["created"]
    parts = (
        declared(f"Obtained: {collected}." if collected else ""),
        declared(f"Written: {made}." if made else ""),
        Part("measured", f"Dates in the column created run from {found[0]} to {found[1]}." if found else ""),
    )
    return Reply(parts, partial=silent or unsaid)


@answers_question("P7")
def _through_others(facts: Facts) -> Reply | None:
    text, _ = rolled_up(facts.cards, lambda card: ", ".join(card.acquisition.derived_from) or None)
    return Reply((declared(f"Through others; derived from {text}."),), partial=True) if text else None


@answers_question("P8")
def _told(facts: Facts) -> Reply | None:
    return _reply(facts, "A notice is at ", lambda card: card.privacy.notice_url)


@answers_question("P9")
def _agreed(facts: Facts) -> Reply | None:
    text, _ = rolled_up(facts.cards, lambda card: card.privacy.gdpr_basis)
    return Reply((declared(f"Legal basis for personal data: {text}."),), partial=True) if text else None


@answers_question("P10")
def _take_back(facts: Facts) -> Reply | None:
    text, _ = rolled_up(facts.cards, _contact)
    return (
        Reply((declared(f"By writing to {text}. What then happens is not recorded."),), partial=True) if text else None
    )


@answers_question("U5")
def _not_for(facts: Facts) -> Reply | None:
    permissions = facts.stats["permissions"]
    refused = [use for use, decision in permissions.items() if decision == "no"]
    text, _ = rolled_up(facts.cards, lambda card: card.use.conditions)
    limits, _ = rolled_up(facts.cards, lambda card: ", ".join(d for d in duties(card.rights.spdx) if d[:3] == "no "))
    parts = (
        declared(f"At least one source does not allow {listed(refused)}." if refused else ""),
        declared(f"Conditions: {text}." if text else ""),
        declared(f"By licence: {limits}." if limits else ""),
    )
    return Reply(parts, partial=True) if any(part.text for part in parts) else None


@answers_question("D1")
def _given_out(facts: Facts) -> Reply | None:
    decision = facts.stats["permissions"].get("releasing the data", "not stated")
    return (
        None
        if decision == "not stated"
        else Reply((declared(f"Releasing the data, by the strictest of the source cards: {decision}."),))
    )


@answers_question("D4")
def _terms(facts: Facts) -> Reply | None:
    if not facts.cards:
        return None
    text, _ = rolled_up(facts.cards, lambda card: card.rights.spdx)
    undocumented = [one["name"] for one in facts.stats["sources"] if not one["documented"]]
    more = f" Nothing is known of {listed(undocumented)}." if undocumented else ""
    told = f"Each document keeps the licence of its source, which is in its row: {text}.{more}"
    return Reply((declared(told),), partial=bool(undocumented))


@answers_question("D5")
def _restricted(facts: Facts) -> Reply | None:
    def told(card: SourceCard) -> str | None:
        rights = card.rights
        works = _unless(rights.third_party_works, "unknown")
        found = (
            f"basis: {rights.basis}" if rights.basis else "",
            f"works of third parties: {works}" if works else "",
            f"valid to {rights.valid_to}" if rights.valid_to else "",
            f"embargo {rights.embargo}" if rights.embargo else "",
            rights.rights_statement or "",
            ", ".join(duties(rights.spdx)),
        )
        return "; ".join(filter(None, found)) or None

    return _reply(facts, "", told)


@answers_question("N2")
def _reached(facts: Facts) -> Reply | None:
    text, _ = rolled_up(facts.cards, _contact)
    return Reply((declared(f"Contacts of the sources: {text}."),), partial=True) if text else None


def _contact(card: SourceCard) -> str | None:
    return card.contributor.contact_role_email if card.contributor else None
