"""The compiled units of texts: cuts every text of an Arrow array into lines, paragraphs or sentences, and removes some.

What units are, and how what remains is joined, is specified in `corpus_kit.stages.repeated_units`; the results are the
same for any bytes. The GIL is released. No Python string is made. Scratch memory is bounded by the longest text, beside
32 bytes for each unit. A text of 4 GiB or more has no units. Running out of memory raises MemoryError.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from corpus_kit.kernels import Texts, _buffers, _chunks
from corpus_kit.kernels.lines import _bytes_of, _validity, _writable

try:
    from corpus_kit.kernels import _spans
except ImportError as error:
    raise ImportError(
        "the compiled units of corpus_kit are missing or were built for another platform\n"
        "  install the package with a C compiler at hand: pip install .\n"
        "  or build them in a checkout: python setup.py build_ext --inplace"
    ) from error

Kind: TypeAlias = Literal["line", "paragraph", "sentence"]

KINDS = ("line", "paragraph", "sentence")

CODE_POINTS = 0x110000

MARK, OPENING, CLOSING, LETTER, DIGIT, LOWERCASE = 1, 2, 4, 8, 16, 32
"""What a character is to sentences: an end mark, a sign before or behind, ..., as bits of a table."""

DELETED, SEPARATOR, FIRST_SEQUENCE = -1, -2, -3
"""What a table of a form can say of a character, beside the one it becomes. Lower numbers are sequences."""

UNIT = np.dtype(
    [
        ("first", np.uint64),
        ("second", np.uint64),
        ("begin", np.uint32),
        ("end", np.uint32),
        ("words", np.uint32),
        ("characters", np.uint32),
    ]
)
"""One unit: digest of its form, its bytes (the whitespace at its ends in the line included), words, characters."""

COUNTS = ("removed_units", "units_left", "words_left")


class FormTable(NamedTuple):
    """How units are brought into the form that is compared: what becomes of each character.

    `table` has a number for each code point: a code point; DELETED; SEPARATOR (a run of them is one `separator`, none
    at the ends); or FIRST_SEQUENCE - i for the i-th sequence of such numbers, `sequences[ends[i - 1] : ends[i]]`.
    """

    table: NDArray[np.int32]
    sequences: NDArray[np.int32]
    ends: NDArray[np.int64]
    separator: str


class Cut(NamedTuple):
    """The units of all texts, one after the other; those of text i are `units[offsets[i] : offsets[i + 1]]`."""

    offsets: NDArray[np.int64]
    units: NDArray[np.void]


class Removed(NamedTuple):
    """Texts without some units; and for each text removed units, and, if there are any, units and words left."""

    texts: pa.Array
    counts: NDArray[np.int64]


def cut(texts: Texts, *, kind: Kind, form: FormTable | None, signs: NDArray[np.uint8]) -> Cut:
    """The units of each text with the digests of their forms; without a form, of their bytes.

    The digest of a unit of which the form leaves nothing is two zeros. `signs` says what each character is to
    sentences.

    >>> found = cut(pa.array(["a\\n\\nb c", None]), kind="line", form=None, signs=np.zeros(CODE_POINTS, np.uint8))
    >>> found.offsets.tolist(), found.units["begin"].tolist(), found.units["words"].tolist()
    ([0, 2, 2], [0, 3], [1, 2])
    """
    number = KINDS.index(kind)
    tables = (None, None, None, 0) if form is None else (*form[:3], ord(form.separator))
    cuts = []
    for chunk in _chunks(texts):
        offsets = np.empty(len(chunk) + 1, np.int64)
        made = _spans.cut(*_buffers(chunk), signs, number, *tables, offsets)
        cuts.append(Cut(offsets, np.frombuffer(made, UNIT)))
    if len(cuts) == 1:
        return cuts[0]
    sizes = [np.diff(each.offsets) for each in cuts]
    offsets = np.concatenate([[0], *sizes]).cumsum().astype(np.int64)
    return Cut(offsets, np.concatenate([np.empty(0, UNIT), *(each.units for each in cuts)]))


def without(
    texts: pa.Array, *, kind: Kind, signs: NDArray[np.uint8], offsets: NDArray[np.int64], ranges: NDArray[np.uint32]
) -> Removed:
    """The texts without the units that begin in one of their ranges, as large_string, nulls where they were.

    `ranges` are pairs of bytes, begin and end, those of text i at `offsets[i]` to `offsets[i + 1]`, in order of begin;
    they may overlap. Texts without ranges stay as they are. Raises IndexError for offsets outside them.

    >>> signs, ranges = np.zeros(CODE_POINTS, np.uint8), np.array([[2, 3]], np.uint32)
    >>> texts = pa.array(["a\\nb\\n\\nc"], pa.large_string())
    >>> removed = without(texts, kind="line", signs=signs, offsets=np.array([0, 1]), ranges=ranges)
    >>> removed.texts.to_pylist(), removed.counts.tolist()
    (['a\\n\\nc'], [[1, 0, 2]])
    """
    [chunk] = _chunks(texts)
    out = pa.allocate_buffer(_bytes_of(chunk), resizable=True)
    out_offsets = np.empty(len(chunk) + 1, np.int64)
    counts = np.zeros((len(chunk), len(COUNTS)), np.int64)
    own, pairs = np.ascontiguousarray(offsets, np.int64), np.ascontiguousarray(ranges, np.uint32)
    _spans.without(
        *_buffers(chunk), signs, KINDS.index(kind), own, pairs.reshape(-1), _writable(out), out_offsets, counts
    )
    out.resize(int(out_offsets[-1]), shrink_to_fit=True)
    buffers = [_validity(chunk), pa.py_buffer(out_offsets), out]
    made = pa.Array.from_buffers(pa.large_string(), len(chunk), buffers, null_count=chunk.null_count)
    return Removed(made, counts)
