"""The language of the texts of files, without recipe or run: whole texts, JSONL records, or single lines."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import pyarrow as pa

from corpus_kit.check_file import text_of
from corpus_kit.errors import PlanError
from corpus_kit.sources import MAX_RECORD_BYTES
from corpus_kit.sources.jsonl import Jsonl, parse_record, split_lines
from corpus_kit.sources.text import decode_text
from corpus_kit.stage import require_modules
from corpus_kit.stages.identify import DIGITS, Identify
from corpus_kit.storage import decompressed

STDIN = "-"
_PIECE = 1 << 20
_RECORDS = 1024


class Named(NamedTuple):
    """A text and where it is from; None where a record has none."""

    where: str
    text: str | None


def stage_for(*, model: str | None, wide: str | None, paragraphs: bool) -> Identify:
    """The stage that labels, its models found and whole. Raises PlanError or MissingExtra."""
    stage = Identify(model=model, wide=wide, paragraphs=paragraphs)
    require_modules(stage, stage.name)
    stage.check({})
    return stage


def told(stage: Identify, file: str, *, top: int | None = None, field: str = "text") -> Iterator[list[dict[str, Any]]]:
    """What the stage says of each text of a file, in groups; `file` may be `-`.

    `top`: that many best labels too. `field`: that of JSONL records which holds the text.
    """
    for group in _grouped(_texts(file, field), _RECORDS):
        answers = _answers(stage, [one.text for one in group], top)
        yield [{"text": one.where, **answer} for one, answer in zip(group, answers, strict=True)]


def told_lines(stage: Identify, file: str, *, top: int | None = None) -> Iterator[list[dict[str, Any]]]:
    """What the stage says of each line, in groups, as soon as they can be read."""
    if _is_records(file):
        raise PlanError(f"{file} holds records, which are labeled one by one; --lines is for plain text")
    number = 0
    for lines in _lines(file):
        answers = _answers(stage, lines, top)
        yield [{"line": number + i, **answer} for i, answer in enumerate(answers, 1)]
        number += len(lines)


def _answers(stage: Identify, texts: list[str | None] | list[str], top: int | None) -> list[dict[str, Any]]:
    column = _column(texts)
    answers = pa.table(stage.labeled(column)).to_pylist()
    if top is not None:
        for answer, best in zip(answers, stage.best(column, top), strict=True):
            answer["best"] = [{"lang": name, "score": round(score, DIGITS)} for name, score in best]
    return answers


def _column(texts: list[str | None] | list[str]) -> pa.Array:
    try:
        return pa.array(texts, pa.large_string())
    except UnicodeEncodeError:  # half a letter, as JSON may have it, has no UTF-8: it becomes a question mark
        sound = [None if text is None else text.encode("utf-8", "replace").decode() for text in texts]
        return pa.array(sound, pa.large_string())


def _texts(file: str, field: str) -> Iterator[Named]:
    name = "stdin" if file == STDIN else file
    if file == STDIN:
        data = _stdin().read()
        if not data.lstrip().startswith(b'{"'):
            yield Named(name, text_of(name, data))
            return
        pieces = iter([data])
        yield from _records(lambda _: next(pieces, b""), name, field)
        return
    with _opened(file) as stream:
        if _is_records(file):
            yield from _records(stream.read, name, field)
            return
        data = b"".join(iter(lambda: stream.read(_PIECE), b""))
        if len(data) > MAX_RECORD_BYTES:
            raise PlanError(f"{file} is larger than {MAX_RECORD_BYTES >> 20} MB; label its lines with --lines")
        yield Named(name, text_of(name, data))


def _records(read: Callable[[int], bytes], name: str, field: str) -> Iterator[Named]:
    """Texts of JSONL records; a line that is no record has none."""
    seen = found = 0
    for number, line in enumerate(split_lines(read, 0, float("inf"), MAX_RECORD_BYTES), 1):
        if line.data.strip() or line.reason:
            columns = {} if line.reason else parse_record(line.data.removeprefix(b"\xef\xbb\xbf"), {"text": field})[0]
            seen, found = seen + 1, found + (columns.get("text") is not None)
            if seen == _RECORDS:
                _check_field(found, name, field)
            yield Named(f"{name}:{number}", columns.get("text"))
    if 0 < seen < _RECORDS:
        _check_field(found, name, field)


def _check_field(found: int, name: str, field: str) -> None:
    if not found:
        raise PlanError(f"{name}: no record has a text in its field {field!r}; say which holds it with --text-field")


def _lines(file: str) -> Iterator[list[str]]:
    """Lines in groups of about a megabyte, or of what there is to read."""
    with _opened(file) as stream:
        read = getattr(stream, "read1", stream.read)
        rest = b""
        while data := read(_PIECE):
            whole, end, rest = (rest + data).rpartition(b"\n")
            if end:
                yield _split(whole)
        if rest:
            yield _split(rest)


def _split(data: bytes) -> list[str]:
    return [line.removesuffix("\r") for line in decode_text(data)[0].split("\n")]


def _is_records(file: str) -> bool:
    return file.lower().endswith(Jsonl.extensions)


def _opened(file: str) -> AbstractContextManager[BinaryIO]:
    if file == STDIN:
        return nullcontext(_stdin())
    with Path(file).open("rb"):  # says what is wrong with the file in the usual words
        return decompressed(file)  # pyright: ignore[reportReturnType]


def _stdin() -> BinaryIO:
    return sys.stdin.buffer


def _grouped(texts: Iterable[Named], size: int) -> Iterator[list[Named]]:
    group: list[Named] = []
    for one in texts:
        group.append(one)
        if len(group) == size:
            yield group
            group = []
    if group:
        yield group


HEADER = f"{'language':<9}  {'score':>6}  {'runner-up':<9}  {'margin':>6}  text"


def text_lines(answer: dict[str, Any]) -> list[str]:
    """An answer about a text for people.

    >>> text_lines({"text": "a.txt", "lang": "dan_Latn", "lang_score": 0.9, "lang_runner_up": None, "lang_margin": 0.9})
    ['dan_Latn   0.9000  -          0.9000  a.txt']
    """
    lines = [
        f"{answer['lang']:<9}  {answer['lang_score']:6.4f}  {answer['lang_runner_up'] or '-':<9}  "
        f"{answer['lang_margin']:6.4f}  {answer['text']}"
    ]
    if answer.get("lang_shares"):
        lines.append("  share " + ", ".join(f"{one['lang']} {one['share']:.1%}" for one in answer["lang_shares"]))
    if "best" in answer:
        lines += [f"  {one['lang']:<9}  {one['score']:.4f}" for one in answer["best"]]
    return lines


def line_line(answer: dict[str, Any]) -> str:
    """An answer about a line for programs: label, score, runner-up, margin, and the best labels if they were asked for.

    >>> line_line({"lang": "dan_Latn", "lang_score": 0.9, "lang_runner_up": None, "lang_margin": 0.9})
    'dan_Latn\\t0.9000\\t\\t0.9000'
    """
    line = (
        f"{answer['lang']}\t{answer['lang_score']:.4f}\t{answer['lang_runner_up'] or ''}\t{answer['lang_margin']:.4f}"
    )
    best = [f"{one['lang']}:{one['score']:.4f}" for one in answer.get("best", ())]
    return f"{line}\t{' '.join(best)}" if "best" in answer else line


def json_line(answer: dict[str, Any]) -> str:
    """An answer as one line of JSON."""
    return json.dumps(answer, ensure_ascii=False)
