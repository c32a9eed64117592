"""Conversations, one record a line: turn lists, OpenAssistant trees, OIG. A document is one whole conversation.

These formats are named in the source card (`format: oasst`); no ending of a file name tells them from other JSON lines.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import orjson

from corpus_kit.chat.shapes import SHAPES, Conversation
from corpus_kit.chat.turns import write_turns
from corpus_kit.errors import PlanError
from corpus_kit.sources.jsonl import Jsonl, Line, dump, load_slowly
from corpus_kit.sources.rows import Row

_ENOUGH_RECORDS = 20
"""Records without a conversation, and none with one, that make it a wrong format and not bad records."""


class Chat(Jsonl):
    """Reads the conversations of one shape. The roles of the turns are in `meta`, so that a lost turn is noticed."""

    extensions: ClassVar[tuple[str, ...]] = ()
    version: ClassVar[int] = 1

    def __init__(self, shape: str):
        self.shape = shape

    def require_documents(self, path: str, begin: bytes, names: Mapping[str, str]) -> None:
        """Raises PlanError if the file begins with many records of which none holds a conversation."""
        read = [_load(line) for line in begin.split(b"\n")[:-1] if line.strip()]
        records = [record for record, _ in read if record is not None]
        if len(records) >= _ENOUGH_RECORDS and not any(self._conversations(one) for one in records):
            found = ", ".join(sorted({str(key) for one in records for key in one})[:12])
            raise PlanError(
                f"none of the first {len(records)} records of {path!r} holds a conversation of format {self.shape!r}; "
                f"their fields are {found}"
            )

    def documents(self, line: Line, data: bytes, names: Mapping[str, str]) -> Iterator[Row]:
        """A row for each conversation of the record."""
        record, repaired = _load(data)
        found = None if record is None else self._conversations(record)
        if record is None or not found:
            reason = "read.bad_record" if found is None else "read.no_text"
            yield Row(line.offset, line.size, {}, reason)
            return
        for number, one in enumerate(found):
            yield self._row(line, one, names, number if len(found) > 1 else None, repaired=repaired)

    def _conversations(self, record: Mapping[str, Any]) -> list[Conversation] | None:
        """Conversations in which something is said; None if the record is damaged."""
        try:
            found = list(SHAPES[self.shape](record))
        except ValueError:
            return None
        return [one for one in found if any(turn.content.strip() for turn in one.turns)]

    def _row(
        self, line: Line, one: Conversation, names: Mapping[str, str], number: int | None, *, repaired: bool
    ) -> Row:
        columns: dict[str, Any] = {"text": write_turns(one.turns)}
        used = set()
        for column, name in names.items():
            value = one.meta.get(name)
            if column != "text" and isinstance(value, str | int) and not isinstance(value, bool):
                columns[column] = str(value)
                used.add(name)
        rest = {key: value for key, value in one.meta.items() if key not in used}
        rest |= {"roles": [turn.role for turn in one.turns]} | ({"part": one.part} if one.part else {})
        columns["meta"] = dump(rest | ({"repaired": True} if repaired else {}))
        locator = line.offset if number is None else f"{line.offset}.{number}"
        size = line.size if not number else len(columns["text"])
        return Row(locator, size, columns)


def _load(data: bytes) -> tuple[dict[str, Any] | None, bool]:
    """The object of a line, and whether it had to be repaired."""
    try:
        record = orjson.loads(data)
    except orjson.JSONDecodeError:
        return load_slowly(data)
    return (record if isinstance(record, dict) else None), False
