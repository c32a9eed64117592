"""The compiled line rules: removes and edits lines of every text of an Arrow array, and counts.

What each operation computes is specified in `corpus_kit.lines`, and how lines are cut and joined in
`corpus_kit.lines.apply`; the results are the same for any bytes. If no text changes, the array itself comes back. The
GIL is released. Scratch memory is reused from text to text: at most 24 bytes for each byte of the longest line that is
edited, and, for rules that remember lines, 3 for each byte of the longest text and 128 for each of its lines.
Running out of memory raises MemoryError.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from corpus_kit.kernels import Texts, _buffers, _chunks

try:
    from corpus_kit.kernels import _lines
except ImportError as error:
    raise ImportError(
        "the compiled line rules of corpus_kit are missing or were built for another platform\n"
        "  install the package with a C compiler at hand: pip install .\n"
        "  or build them in a checkout: python setup.py build_ext --inplace"
    ) from error

Unit: TypeAlias = Literal["line", "paragraph"]

OPERATIONS = (
    "word_count",
    "longest_word",
    "alphabetic_token_count",
    "long_token_count",
    "uppercase_fraction",
    "digit_fraction",
    "title_word_fraction",
    "character_count",
    "no_end_mark",
    "contains",
    "only_symbols",
    "counter",
    "repeated",
    "cut_citations",
    "cut_phrases",
    "cut_after_last_mark",
    "collapse_spaces",
)
"""What the kernel can do, by the names of the definitions, in the order of lines_rules.h."""

PLACES = ("start", "end", "anywhere")


class CompiledRule(NamedTuple):
    """One rule as the kernel takes it: an operation, its bounds, and its strings."""

    operation: str
    is_on: bool = True
    low: float = -np.inf
    high: float = np.inf
    open: Literal["low", "high"] | None = None
    strings: Sequence[str] = ()
    others: Sequence[str] = ()
    ranges: Sequence[tuple[int, int]] = ()
    where: Literal["start", "end", "anywhere"] = "anywhere"
    leaves_blank_line: bool = False


class Programs(NamedTuple):
    """Lists of rules, all of the same length, as tables."""

    table: NDArray[np.int64]
    bounds: NDArray[np.float64]
    ends: NDArray[np.int64]
    strings: bytes
    ranges: NDArray[np.int64]
    rule_count: int


class Cleaned(NamedTuple):
    """Texts after the rules, and how many lines or pieces each rule removed in each: one row a rule."""

    texts: pa.Array
    places: NDArray[np.int64]


def compile_programs(programs: Sequence[Sequence[CompiledRule]]) -> Programs:
    """Tables for `clean_texts`; each program is a list of rules for some of the texts.

    Raises ValueError for no rules, lists of different lengths, operations unknown, and empty strings.
    """
    counts = {len(rules) for rules in programs}
    if len(counts) != 1 or 0 in counts:
        raise ValueError("there must be at least one program, and all of the same number of rules")
    table: list[list[int]] = []
    ends: list[int] = []
    strings: list[bytes] = []
    ranges: list[tuple[int, int]] = []

    def listed(given: Sequence[str]) -> list[int]:
        first = len(ends)
        for string in given:
            strings.append(string.encode())
            ends.append((ends[-1] if ends else 0) + len(strings[-1]))
        return [first, len(given)]

    for rule in (rule for rules in programs for rule in rules):
        flags = [rule.is_on, rule.open == "low", rule.open == "high", PLACES.index(rule.where), rule.leaves_blank_line]
        lists = [*listed(rule.strings), *listed(rule.others), len(ranges), len(rule.ranges)]
        table.append([OPERATIONS.index(rule.operation), *flags, *lists])
        ranges += rule.ranges
    bounds = [(rule.low, rule.high) for rules in programs for rule in rules]
    return Programs(
        np.array(table, np.int64),
        np.array(bounds, np.float64),
        np.array(ends, np.int64),
        b"".join(strings),
        np.array(ranges, np.int64).reshape(-1, 2),
        counts.pop(),
    )


def clean_texts(texts: Texts, programs: Programs, *, which: NDArray[np.integer], unit: Unit) -> Cleaned:
    """The texts after the rules, as large_string, nulls where they were; and what the rules removed.

    `which` says for each text by which of the programs it is cleaned. Raises IndexError for a number outside them.

    >>> rules = compile_programs([[CompiledRule("word_count", low=2)]])
    >>> cleaned = clean_texts(pa.array(["Menu\\nOne sentence.", None]), rules, which=np.zeros(2, int), unit="line")
    >>> cleaned.texts.to_pylist(), cleaned.places.tolist()
    (['One sentence.', None], [[1, 0]])
    """
    chunks = _chunks(texts)
    rows = sum(map(len, chunks))
    if np.shape(which) != (rows,):
        raise ValueError(f"{rows} texts, but `which` has shape {np.shape(which)}")
    if unit not in ("line", "paragraph"):
        raise ValueError(f"unit must be 'line' or 'paragraph', not {unit!r}")
    cleaned, begin = [], 0
    for chunk in chunks:
        own = np.ascontiguousarray(which[begin : begin + len(chunk)], np.int64)
        cleaned.append(_clean_chunk(chunk, programs, own, unit == "paragraph"))
        begin += len(chunk)
    if len(cleaned) == 1:
        return cleaned[0]
    places = np.concatenate([np.empty((programs.rule_count, 0), np.int64), *(each.places for each in cleaned)], axis=1)
    arrays = [each.texts for each in cleaned]
    return Cleaned(pa.concat_arrays(arrays) if arrays else pa.array([], pa.large_string()), places)


def _clean_chunk(chunk: pa.Array, programs: Programs, which: NDArray[np.int64], by_paragraph: bool) -> Cleaned:
    places = np.zeros((programs.rule_count, len(chunk)), np.int64)
    out = pa.allocate_buffer(_bytes_of(chunk), resizable=True)
    offsets = np.empty(len(chunk) + 1, np.int64)
    changed = _lines.clean(*_buffers(chunk), *programs, by_paragraph, which, _writable(out), offsets, places)
    if not changed:
        return Cleaned(chunk, places)
    out.resize(int(offsets[-1]), shrink_to_fit=True)
    buffers = [_validity(chunk), pa.py_buffer(offsets), out]
    return Cleaned(pa.Array.from_buffers(pa.large_string(), len(chunk), buffers, null_count=chunk.null_count), places)


def _bytes_of(chunk: pa.Array) -> int:
    """Bytes of all texts of an array, which may be a slice."""
    if len(chunk) == 0:
        return 0
    begin, end = (np.frombuffer(chunk.buffers()[1], np.int64, 1, 8 * (chunk.offset + at))[0] for at in (0, len(chunk)))
    return max(0, int(end) - int(begin))


def _writable(buffer: Any) -> Any:
    return memoryview(buffer) if buffer.size else bytearray()


def _validity(chunk: pa.Array) -> pa.Buffer | None:
    """The validity of the rows, beginning with the first."""
    if chunk.null_count == 0:
        return None
    valid = np.asarray(chunk.is_valid().to_numpy(zero_copy_only=False), np.bool_)
    return pa.py_buffer(np.packbits(valid, bitorder="little"))
