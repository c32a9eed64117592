"""A conversation as one text: every turn begins with a mark that says whose it is; blank lines part them.

So whatever judges or changes texts (identification, filters, deduplication, redaction) sees the whole conversation,
and what it changes is changed in the turns. A mark is one private-use character that no writing system has: no word
is split or joined by it, and no stage takes it for a control character.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal, NamedTuple

Role = Literal["system", "user", "assistant", "tool"]

ROLES: tuple[Role, ...] = ("system", "user", "assistant", "tool")

MARKS: dict[Role, str] = dict(zip(ROLES, "\ue0f0\ue0f1\ue0f2\ue0f3", strict=True))
"""Role -> the character its turns begin with."""

_ROLE_OF: dict[str, Role] = {mark: role for role, mark in MARKS.items()}
_MARK = re.compile("[\ue0f0-\ue0f3]")


class Turn(NamedTuple):
    """What one participant says at a time."""

    role: Role
    content: str


def write_turns(turns: Iterable[Turn]) -> str:
    """The text of a conversation. White space around a turn is dropped; a mark inside one becomes U+FFFD.

    >>> write_turns([Turn("user", "Hej! "), Turn("assistant", "Goddag.")])
    '\\ue0f1Hej!\\n\\n\\ue0f2Goddag.'
    """
    return "\n\n".join(MARKS[role] + _MARK.sub("�", content.strip()) for role, content in turns)


def read_turns(text: str) -> list[Turn]:
    """The turns of a text that `write_turns` made, as they are by now; none if it is no conversation.

    A text is no conversation (any more) if something stands before its first turn.

    >>> read_turns("\\ue0f1Hej!\\n\\n\\ue0f2Goddag.")
    [Turn(role='user', content='Hej!'), Turn(role='assistant', content='Goddag.')]
    >>> read_turns("Hej!")
    []
    """
    before, *contents = _MARK.split(text)
    if before.strip():
        return []
    marks = _MARK.findall(text)
    return [Turn(_ROLE_OF[mark], content.strip()) for mark, content in zip(marks, contents, strict=True)]
