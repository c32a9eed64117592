"""Source cards: what a source is, whose it is, and what may be done with it.

The card is `source.yaml`, beside the data or above it. Besides rights it holds what a reader must know: format, field
mapping and category. The fields follow what institutions ask before they contribute; blocks that a later release or
report needs are typed here already, so that a card written today stays valid.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from corpus_kit.errors import PlanError
from corpus_kit.sources import Binding
from corpus_kit.strict_yaml import load, validate

CARD_FILE = "source.yaml"

Decision = Literal["yes", "no", "conditional"]

_SPDX_TOKEN = re.compile(r"[A-Za-z0-9.+-]+(:[A-Za-z0-9.+-]+)?")


def _spdx(text: str) -> str:
    """Checks the shape of an SPDX expression (annex D), not the list of ids, which grows.

    >>> _spdx("CC-BY-SA-4.0 OR (MIT AND LicenseRef-x)")
    'CC-BY-SA-4.0 OR (MIT AND LicenseRef-x)'
    """
    tokens = text.replace("(", " ( ").replace(")", " ) ").split()
    operands = [t for t in tokens if t not in ("AND", "OR", "WITH", "(", ")")]
    if not operands or any(not _SPDX_TOKEN.fullmatch(t) for t in operands):
        raise ValueError(f"{text!r} is no SPDX expression, such as CC-BY-4.0 or LicenseRef-agreement")
    if len(operands) != sum(t in ("AND", "OR", "WITH") for t in tokens) + 1 or text.count("(") != text.count(")"):
        raise ValueError(f"{text!r} is no SPDX expression: terms are joined by AND, OR or WITH")
    return text


def _language(code: str) -> str:
    """Checks the shape of a language tag: two or three letters, perhaps a script (BCP 47 or `dan_Latn`)."""
    if not re.fullmatch(r"[a-z]{2,3}([-_][A-Z][a-z]{3})?([-_][A-Z]{2})?", code):
        raise ValueError(f"{code!r} is no language tag, such as da, dan or dan_Latn")
    return code


class _Block(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Contributor(_Block):
    """Who hands the source over."""

    name: str
    type: str | None = None
    country: str | None = None
    ror: str | None = None
    contact_role_email: str | None = None


class Ocr(_Block):
    """How printed text became characters."""

    engine: str | None = None
    version: str | None = None
    mean_confidence: float | None = None


class Content(_Block):
    """What the texts are."""

    kind: str | None = None
    languages: tuple[Annotated[str, AfterValidator(_language)], ...] = ()
    period: dict[Literal["from", "to"], str] | None = None
    geography: str | None = None
    orthography: str | None = None
    transcription: Literal["born-digital", "ocr", "htr", "asr"] = "born-digital"
    ocr: Ocr | None = None
    synthetic: dict[str, str | float] | None = None


class Acquisition(_Block):
    """How and when the source was obtained."""

    method: Literal["transfer", "api", "dump", "crawl", "digitisation", "purchase"] | None = None
    obtained_at: str | None = None
    url: str | None = None
    doi: str | None = None
    crawler: dict[str, str] | None = None
    derived_from: tuple[str, ...] = ()
    upstream_processing: str | None = None


class Rights(_Block):
    """Under which terms, and on what evidence."""

    spdx: Annotated[str, AfterValidator(_spdx)]
    applies_to: Literal["content", "metadata", "packaging"] = "content"
    basis: (
        Literal[
            "public-domain",
            "licence",
            "agreement",
            "tdm-art3",
            "tdm-art4",
            "legal-deposit",
            "statutory-exemption",
            "own-work",
        ]
        | None
    ) = None
    rights_statement: str | None = None
    per_document: bool = False
    jurisdiction: str | None = None
    third_party_works: Literal["none", "some", "many", "unknown"] = "unknown"
    attribution_text: str | None = None
    evidence: str | tuple[str, ...] = ()
    valid_to: str | None = None
    embargo: str | None = None


class Use(_Block):
    """What the rights holder allows."""

    train: Decision | None = None
    release_model: Decision | None = None
    release_data: Decision | None = None
    release_samples: Decision | None = None
    release_statistics: Decision | None = None
    conditions: str | None = None


class Privacy(_Block):
    """What is known of persons in the texts."""

    personal_data: Literal["none", "incidental", "substantial", "unknown"] = "unknown"
    categories: tuple[str, ...] = ()
    gdpr_basis: str | None = None
    notice_url: str | None = None


class Quality(_Block):
    """What users should know before they use it."""

    known_issues: tuple[str, ...] = ()
    biases: tuple[str, ...] = ()


class SourceCard(_Block):
    """One source: identity, content, rights, and how to read it."""

    card_version: Literal[1] = 1
    id: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{1,39}$")
    title: str
    summary: str = Field(max_length=300)
    homepage: str | None = None
    category: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")
    format: str | None = None
    """Reader of every file; by file extension if absent."""
    fields: dict[str, str] = {}
    """Document column -> field of the record."""
    contributor: Contributor | None = None
    content: Content = Content()
    acquisition: Acquisition = Acquisition()
    rights: Rights
    use: Use = Use()
    privacy: Privacy = Privacy()
    quality: Quality = Quality()

    def binding(self) -> Binding:
        """What a reader needs of the card."""
        return Binding(
            source=self.id, category=self.category, license=self.rights.spdx, format=self.format, fields=self.fields
        )


def load_card(path: str | Path) -> SourceCard:
    """Reads and checks a card. Raises RecipeError with file and line."""
    return validate(load(path), SourceCard)


def find_card(path: str | Path) -> Path | None:
    """The nearest `source.yaml`: in the folder itself, else upward."""
    start = Path(path).resolve()
    for folder in [start, *start.parents]:
        card = folder / CARD_FILE
        if card.is_file():
            return card
    return None


def card_for(path: str, source: str | None) -> SourceCard:
    """The card of an input. Raises PlanError if there is none, or it is another source's."""
    found = None if "://" in path else find_card(path)
    if found is None:
        raise PlanError(
            f"input {path!r} has no source card: no {CARD_FILE} in it or above it\n"
            "  write one (id, title, summary, category, rights: {spdx: ...}), name one in a sources file,\n"
            "  or try without: --input NAME=PATH --no-card NAME"
        )
    card = load_card(found)
    if source is not None and source != card.id:
        raise PlanError(f"input {path!r} is bound to source {source!r}, but its card {found} says {card.id!r}")
    return card
