"""Answers to the 57 questions, as far as ledger, recipe and source cards can give them; each with its origin."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from corpus_kit.card import SourceCard
from corpus_kit.datasheet.questions import QUESTIONS
from corpus_kit.datasheet.structure import Answer, Stats
from corpus_kit.plan import Plan

ORIGINS = {
    "measured": "measured by the run",
    "declared": "declared in source cards",
    "configured": "configured in the recipe or the command",
}
"""Where an answer can come from. One without an origin is not answered."""

NOT_ANSWERED = "Not answered."


class Facts(NamedTuple):
    """What answers are made from."""

    stats: Stats
    plan: Plan
    cards: dict[str, SourceCard]
    """Source -> card, of the documented sources with documents in the corpus."""

    def stage_names(self) -> set[str]:
        """Kinds of stage in the recipe."""
        return {stage.name for stage in self.plan.stages}


class Part(NamedTuple):
    """Something that can be said in answer to a question, and how it is known."""

    origin: str
    text: str


class Reply(NamedTuple):
    """All that can be said in answer to a question; `partial` if part of the question stays open."""

    parts: tuple[Part, ...]
    partial: bool = False


Answerer = Callable[[Facts], Reply | None]

ANSWERERS: dict[str, Answerer] = {}
"""Question -> function that answers it, or gives None. Questions only a person can answer have none."""


def answers_question(id: str) -> Callable[[Answerer], Answerer]:
    """Decorator: the function answers this question."""

    def add(function: Answerer) -> Answerer:
        ANSWERERS[id] = function
        return function

    return add


def answers(stats: Stats, plan: Plan) -> list[Answer]:
    """Every question with its answer. None is left out."""
    from corpus_kit.datasheet import answers_from_cards, answers_from_run  # noqa: F401  they register themselves

    kept = {one["name"] for one in stats["sources"] if one["documents_kept"] and one["documented"]}
    facts = Facts(stats, plan, {name: one.card for name, one in plan.sources.items() if name in kept})
    found = []
    for question in QUESTIONS:
        answerer = ANSWERERS.get(question.id)
        reply = answerer(facts) if answerer else None
        parts = [part for part in reply.parts if part.text] if reply else []
        found.append(
            Answer(
                id=question.id,
                section=question.section,
                question=question.text,
                answer=" ".join(part.text for part in parts) or NOT_ANSWERED,
                origins=list(dict.fromkeys(part.origin for part in parts)),
                partial=bool(reply and parts and reply.partial),
            )
        )
    return found


def measured(text: str) -> Part:
    """Something the run counted."""
    return Part("measured", text)


def declared(text: str) -> Part:
    """Something source cards say."""
    return Part("declared", text)


def configured(text: str) -> Part:
    """Something the recipe or the command says."""
    return Part("configured", text)
