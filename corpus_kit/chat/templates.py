"""The forms in which conversations are trained on: turns -> pieces of text and special tokens, each learned or not.

A special token is a piece of its own, never characters of a text: so what a document says cannot open or close a turn,
and what closes an answer is there whatever the answer says. Every form closes its answers with a token that is learned,
also where the published one did not; a model that never saw an end does not stop.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from corpus_kit.chat.turns import Role, Turn
from corpus_kit.errors import PlanError, suggest

BOS, EOS = "bos", "eos"
"""Roles of tokens, whatever they are called in a vocabulary."""

T = TypeVar("T")


class Piece(NamedTuple):
    """A part of a rendered conversation: text, or a special token by its role or its string."""

    text: str | None = None
    token: str | None = None
    is_answer: bool = False
    """Whether it is what the assistant says, its end included: what a model is to learn."""


@dataclass(frozen=True, slots=True)
class Template:
    """A form of conversations."""

    name: str
    summary: str
    cites: str
    tokens: tuple[str, ...]
    """Special tokens it needs: `bos` and `eos` are those of the tokenizer, others are strings of its vocabulary."""
    render: Callable[[Sequence[Turn]], Iterator[Piece]]
    roles: tuple[Role, ...] = ("system", "user", "assistant", "tool")
    """Roles it has a place for."""


def _answer(content: str, end: str = EOS) -> Iterator[Piece]:
    yield Piece(content, is_answer=True)
    yield Piece(token=end, is_answer=True)


def _unrolled(turns: Sequence[Turn]) -> Iterator[Piece]:
    for i, turn in enumerate(turns):
        yield Piece(("\n\n" if i else "") + turn.content, is_answer=turn.role == "assistant")
    yield Piece(token=EOS, is_answer=turns[-1].role == "assistant")


def _gpt_sw3(turns: Sequence[Turn]) -> Iterator[Piece]:
    yield Piece(token=EOS)
    yield Piece(token=BOS)
    for turn in turns:
        is_answer = turn.role == "assistant"
        yield Piece(f"{turn.role.capitalize()}: ")
        yield Piece(turn.content, is_answer=is_answer)
        yield Piece(token=BOS, is_answer=is_answer)


def _inst(turns: Sequence[Turn]) -> Iterator[Piece]:
    for asked, answer in exchanges(turns):
        yield Piece(token=BOS)
        yield Piece(f"[INST] {_asked(asked)} [/INST] ")
        yield from _answer(answer)


def _concat(turns: Sequence[Turn]) -> Iterator[Piece]:
    for asked, answer in exchanges(turns):
        yield Piece(f"{_asked(asked)} ")
        yield from _answer(answer)


_ALPACA = (
    "### Instruktion:\nNedenfor er en kombination af instruktioner, der beskriver opgaven og input med kontekst. "
    "Skriv et svar, der på passende vis opfylder kravene.\n\n### Input:\n{asked}\n\n### Svar:\n"
)


def _alpaca(turns: Sequence[Turn]) -> Iterator[Piece]:
    for asked, answer in exchanges(turns):
        yield Piece(_ALPACA.replace("{asked}", _asked(asked)))
        yield from _answer(answer)


def _chatml(turns: Sequence[Turn]) -> Iterator[Piece]:
    for turn in turns:
        is_answer = turn.role == "assistant"
        yield Piece(token="<|im_start|>")
        yield Piece(f"{turn.role}\n")
        yield Piece(turn.content, is_answer=is_answer)
        yield Piece(token="<|im_end|>", is_answer=is_answer)
        yield Piece("\n")
    yield Piece(token=EOS)


def _asked(turns: Sequence[Turn]) -> str:
    """What stands before an answer, in one: the published forms join a system prompt and a question by a space."""
    return " ".join(turn.content for turn in turns)


def exchanges(turns: Iterable[Turn]) -> Iterator[tuple[list[Turn], str]]:
    """Each answer with all that was said since the one before.

    >>> list(exchanges([Turn("user", "a"), Turn("user", "b"), Turn("assistant", "c"), Turn("user", "d")]))
    [([Turn(role='user', content='a'), Turn(role='user', content='b')], 'c')]
    """
    before: list[Turn] = []
    for turn in turns:
        if turn.role == "assistant":
            yield before, turn.content
            before = []
        else:
            before.append(turn)


_GPT_SW3 = "GPT-SW3, Ekgren et al. 2024, arXiv:2305.12987, section 6"
_SNAKMODEL = "SnakModel, Zhang et al. 2025, arXiv:2412.12956, finetune/instructions.py"
_NO_END = "published without an end token, which is added here"

TEMPLATES: dict[str, Template] = {
    one.name: one
    for one in (
        Template("gpt_sw3_unrolled", "turns parted by an empty line", _GPT_SW3, (EOS,), _unrolled),
        Template(
            "gpt_sw3_chat",
            "<eos><bos>User: ...<bos>Assistant: ...<bos>; the begin token closes each turn",
            _GPT_SW3,
            (EOS, BOS),
            _gpt_sw3,
        ),
        Template("snakmodel_chat", f"[INST] ... [/INST] ...; {_NO_END}", _SNAKMODEL, (BOS, EOS), _inst),
        Template("snakmodel_concat", f"question, a space, answer; {_NO_END}", _SNAKMODEL, (EOS,), _concat),
        Template(
            "snakmodel_alpaca",
            f"### Instruktion, Input, Svar; published with question and answer exchanged, here put right; {_NO_END}",
            _SNAKMODEL,
            (EOS,),
            _alpaca,
        ),
        Template(
            "chatml",
            "<|im_start|>role, a line for each turn, <|im_end|>",
            "ChatML, OpenAI 2023",
            ("<|im_start|>", "<|im_end|>", EOS),
            _chatml,
        ),
    )
}


def template_of(name: str) -> Template:
    """The template of a name. Raises PlanError naming the nearest valid one.

    >>> template_of("chatml").tokens
    ('<|im_start|>', '<|im_end|>', 'eos')
    """
    if name not in TEMPLATES:
        raise PlanError(f"no chat template {name!r}; {suggest(name, TEMPLATES)}")
    return TEMPLATES[name]


def token_ids(template: Template, *, eos: int | None, bos: int | None, special: Mapping[str, int]) -> dict[str, int]:
    """Identifiers of the special tokens a template needs. Raises PlanError for those a tokenizer has not.

    >>> token_ids(template_of("gpt_sw3_chat"), eos=3, bos=2, special={})
    {'eos': 3, 'bos': 2}
    """
    known = dict(special) | {name: one for name, one in ((EOS, eos), (BOS, bos)) if one is not None}
    missing = [name for name in template.tokens if name not in known]
    if missing:
        raise PlanError(
            f"template {template.name!r} needs the special token {missing[0]!r}, which the tokenizer has not; "
            "without it nothing says where a turn ends"
        )
    return {name: known[name] for name in template.tokens}


def shown(pieces: Iterable[Piece], names: Mapping[str, str] | None = None) -> str:
    """A rendered conversation for people, special tokens as they are called.

    >>> turns = [Turn("user", "Hej"), Turn("assistant", "Goddag")]
    >>> shown(template_of("gpt_sw3_chat").render(turns))
    '<eos><bos>User: Hej<bos>Assistant: Goddag<bos>'
    """
    called = names or {}
    return "".join(
        piece.text if piece.text is not None else called.get(str(piece.token), _bracketed(str(piece.token)))
        for piece in pieces
    )


def _bracketed(token: str) -> str:
    return f"<{token}>" if token in (BOS, EOS) else token


def trainable(turns: Sequence[Turn]) -> str | None:
    """Why nothing can be learned from a conversation; None if something can.

    >>> trainable([Turn("assistant", "Hej")]), trainable([Turn("user", "Hej"), Turn("assistant", "Goddag")])
    ('nobody asks', None)
    """
    if not any(turn.role == "assistant" and turn.content for turn in turns):
        return "nobody answers"
    if any(turn.role == "assistant" and not turn.content for turn in turns):
        return "an answer is empty"
    if not any(turn.role != "assistant" and turn.content for turn in turns):
        return "nobody asks"
    return None


def merged(conversations: Iterable[T], *, p: float, seed: int) -> Iterator[list[T]]:
    """Conversations in groups of random size: N is drawn from the geometric distribution on 1, 2, ... with mean 1/p.

    GPT-SW3 concatenates independent conversations so that a model learns to begin anew; its p is not published.

    >>> [len(group) for group in merged(range(10), p=0.5, seed=1)]
    [1, 3, 1, 1, 3, 1]
    """
    if not 0 < p <= 1:
        raise PlanError(f"the parameter of the geometric distribution is above 0 and at most 1, not {p:g}")
    draws = random.Random(seed)
    held: list[T] = []
    for one in conversations:
        held.append(one)
        if draws.random() < p:
            yield held
            held = []
    if held:
        yield held
