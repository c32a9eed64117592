"""The shapes in which conversations are published, and the turns of a record in each.

A shape is a function from a JSON object to conversations: lists of turns, each with what is to be remembered of it. One
that finds no conversation gives none; what is damaged raises ValueError.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from corpus_kit.chat.turns import Role, Turn


class Conversation(NamedTuple):
    """Turns, what else the record says, and how it is told apart from others of the same record."""

    turns: list[Turn]
    meta: dict[str, Any]
    part: str = ""


Shape = Callable[[Mapping[str, Any]], Iterator[Conversation]]

_NAMES: dict[Role, tuple[str, ...]] = {
    "system": ("system", "developer", "context", "background"),
    "user": ("user", "human", "prompter", "customer", "instruction", "question"),
    "assistant": ("assistant", "gpt", "bot", "model", "chatgpt", "ai", "response", "answer"),
    "tool": ("tool", "function", "ipython", "observation", "function_response", "tool_response"),
}
ROLE_OF: dict[str, Role] = {name: role for role, names in _NAMES.items() for name in names}
"""What data sets call a participant -> the role."""

_LISTS = ("messages", "conversations", "conversation", "turns", "dialog", "dialogue")
_ROLES = ("role", "from", "speaker")
_CONTENTS = ("content", "value", "text", "utterance")
_PAIRS = (
    ("instruction", "input", "output"),  # Alpaca
    ("instruction", "context", "response"),  # Dolly
    ("inputs", None, "targets"),  # Aya, FLAN
    ("prompt", None, "completion"),
    ("prompt", None, "response"),
    ("question", None, "answer"),
)
"""Fields of a question, of what belongs to it, and of its answer."""


def turn_list(record: Mapping[str, Any]) -> Iterator[Conversation]:
    """A list of turns under one of the usual names (OpenAI, ShareGPT), or a question and its answer.

    >>> [found.turns for found in turn_list({"conversations": [{"from": "human", "value": "Hej"}]})]
    [[Turn(role='user', content='Hej')]]
    >>> [found.turns[0].content for found in turn_list({"instruction": "Oversæt", "input": "hej", "output": "hello"})]
    ['Oversæt\\n\\nhej']
    """
    name = next((name for name in _LISTS if isinstance(record.get(name), list)), None)
    if name is not None:
        rest = {key: value for key, value in record.items() if key != name}
        system = rest.pop("system", None)
        turns = [Turn("system", system)] if isinstance(system, str) and system.strip() else []
        yield Conversation([*turns, *(_turn(one) for one in record[name])], rest)
        return
    for asks, adds, answers in _PAIRS:
        if isinstance(record.get(asks), str) and isinstance(record.get(answers), str):
            more = record.get(adds) if adds else None
            asked = "\n\n".join(part for part in (record[asks], more) if isinstance(part, str) and part.strip())
            rest = {key: value for key, value in record.items() if key not in (asks, adds, answers)}
            yield Conversation([Turn("user", asked), Turn("assistant", record[answers])], rest)
            return


def _turn(one: Any) -> Turn:
    if not isinstance(one, Mapping):
        raise ValueError("a turn is an object")
    said = next((one[name] for name in _ROLES if isinstance(one.get(name), str)), "")
    role = ROLE_OF.get(said.lower())
    content = next((one[name] for name in _CONTENTS if one.get(name) is not None), None)
    if isinstance(content, list):  # parts, of which those that are text are taken; a picture makes it no text
        parts = [part.get("text") if isinstance(part, Mapping) else part for part in content]
        strings = [part for part in parts if isinstance(part, str)]
        content = "\n".join(strings) if len(strings) == len(parts) else None
    if role is None or not isinstance(content, str):
        raise ValueError("a turn has a known role and a text")
    return Turn(role, content)


def tree_threads(record: Mapping[str, Any]) -> Iterator[Conversation]:
    """Every way through an OpenAssistant tree that ends with an answer; deleted messages end a way.

    Köpf et al. 2023, arXiv:2304.07327. Prompts are in as many conversations as they have answers.
    """
    yield from _threads(record, best=False)


def best_thread(record: Mapping[str, Any]) -> Iterator[Conversation]:
    """The way through an OpenAssistant tree that takes the reply of the best rank each time."""
    yield from _threads(record, best=True)


def _threads(record: Mapping[str, Any], *, best: bool) -> Iterator[Conversation]:
    root = record.get("prompt")
    if not isinstance(root, Mapping):
        return
    rest = {key: value for key, value in record.items() if key != "prompt"}
    stack: list[tuple[Mapping[str, Any], list[Turn], list[str]]] = [(root, [], [])]
    while stack:
        message, above, path = stack.pop()
        thread = [*above, _message(message)]
        here = [*path, str(message.get("message_id") or len(path))]
        below = [one for one in message.get("replies") or () if isinstance(one, Mapping) and not one.get("deleted")]
        if best:
            below = sorted(below, key=_rank)[:1]
        if thread[-1].role == "assistant" and not any(one.get("replies") for one in below):
            kept = {key: message[key] for key in ("lang", "rank") if message.get(key) is not None}
            yield Conversation(thread, rest | kept, here[-1])  # replies to it are questions nobody answered
            continue
        stack += [(one, thread, here) for one in reversed(below)]


def _message(one: Mapping[str, Any]) -> Turn:
    role, text = ROLE_OF.get(str(one.get("role")).lower()), one.get("text")
    if role is None or not isinstance(text, str):
        raise ValueError("a message has a known role and a text")
    return Turn(role, text)


def _rank(one: Mapping[str, Any]) -> float:
    rank = one.get("rank")
    return float(rank) if isinstance(rank, int | float) else float("inf")


_TAG = re.compile(r"^[ \t]*<(human|bot)>:[ \t]*", re.MULTILINE)


def tagged_text(record: Mapping[str, Any]) -> Iterator[Conversation]:
    """A text with `<human>:` and `<bot>:` before each turn (OIG, LAION 2023); what stands before the first is context.

    >>> [found.turns for found in tagged_text({"text": "Background: Oslo.\\n<human>: Hvor?\\n<bot>: I Oslo."})][0][1:]
    [Turn(role='user', content='Hvor?'), Turn(role='assistant', content='I Oslo.')]
    """
    text = record.get("text")
    if not isinstance(text, str):
        return
    before, *parts = _TAG.split(text)
    turns = [Turn("system", before.strip())] if before.strip() and parts else []
    turns += [Turn(ROLE_OF[who], said.strip()) for who, said in zip(parts[::2], parts[1::2], strict=True)]
    if turns:
        yield Conversation(turns, {key: value for key, value in record.items() if key != "text"})


SHAPES: dict[str, Shape] = {
    "chat": turn_list,
    "oasst": tree_threads,
    "oasst_best": best_thread,
    "oig": tagged_text,
}
"""Name of a format -> the shape of its records."""
