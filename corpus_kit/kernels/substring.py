"""The compiled search for repeated spans: runs of windows with digests of what they hold, and texts without some.

What is found, and what is left of a text, is specified in `corpus_kit.kernels.substring_definition`; the results are
the same for any bytes. The GIL is released. No Python string is made. Scratch memory is at most 8 bytes for each byte
of the longest text of words, beside the result of 40 bytes a run. A text of 4 GiB or more has no runs. Running out of
memory raises MemoryError.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from corpus_kit.kernels import Texts, _buffers, _chunks
from corpus_kit.kernels.lines import _bytes_of, _validity, _writable

try:
    from corpus_kit.kernels import _substring
except ImportError as error:
    raise ImportError(
        "the compiled search for repeated spans of corpus_kit is missing or was built for another platform\n"
        "  install the package with a C compiler at hand: pip install .\n"
        "  or build it in a checkout: python setup.py build_ext --inplace"
    ) from error

Unit: TypeAlias = Literal["word", "byte"]

UNITS = ("word", "byte")

LONGEST = 1_000_000
"""Most tokens of a window."""

RUN = np.dtype(
    [
        ("key", np.uint64),
        ("first", np.uint64),
        ("second", np.uint64),
        ("begin", np.uint32),
        ("behind", np.uint32),
        ("end", np.uint32),
        ("copies", np.uint32),
    ]
)
"""One run, or window. `key` is equal where anchors are; `first` and `second` are the digest of what is compared of it.
In bytes of the text: where its first token begins; where the token behind its first window begins, or the text ends;
where its last token ends, with that of its copies. `copies` is how often it stands there, one after the other."""

_ALL_RUNS, _SOME_RUNS, _WINDOWS_OF_SOME = range(3)

_Asked: TypeAlias = tuple[NDArray[np.int64], NDArray[np.uint32]]

COUNTS = ("removed_spans", "removed_bytes", "words_left")


class Runs(NamedTuple):
    """The runs of all texts, one after the other; those of text i are `runs[offsets[i] : offsets[i + 1]]`."""

    offsets: NDArray[np.int64]
    runs: NDArray[np.void]


class Removed(NamedTuple):
    """Texts without some stretches; and for each text what was removed, and, if there are ranges, words left."""

    texts: pa.Array
    counts: NDArray[np.int64]


def runs(texts: Texts, *, unit: Unit, length: int, gram: int) -> Runs:
    """The runs of windows of `length` words or bytes, their anchors of `gram` of them.

    >>> found = runs(pa.array(["to be or not to be or not", None]), unit="word", length=4, gram=2)
    >>> found.offsets.tolist(), found.runs["begin"].tolist(), found.runs["end"].tolist()
    ([0, 3, 3], [0, 6, 9], [15, 18, 25])
    """
    nothing = np.zeros(0, np.int64), np.zeros(0, np.uint32)
    return _found(texts, _ALL_RUNS, [nothing] * _chunk_count(texts), unit=unit, length=length, gram=gram)


def opened(
    texts: Texts, *, unit: Unit, length: int, gram: int, offsets: NDArray[np.int64], begins: NDArray[np.uint32]
) -> Runs:
    """The runs that begin where it is asked for; `behind` says where the token behind the whole run begins.

    `begins` are bytes, those of text i at `offsets[i]` to `offsets[i + 1]`, ascending. Of a run without copies, what
    lies between `begin` and `behind` is a text with the windows of the run, and no others. Raises IndexError for
    offsets outside `begins`.

    >>> asked = {"offsets": np.array([0, 1]), "begins": np.array([9], np.uint32)}
    >>> found = opened(pa.array(["to be or not to be or not"]), unit="word", length=4, gram=2, **asked)
    >>> found.runs["begin"].tolist(), found.runs["behind"].tolist()
    ([9], [25])
    """
    return _found(texts, _SOME_RUNS, _asked(texts, offsets, begins), unit=unit, length=length, gram=gram)


def windows(
    texts: Texts, *, unit: Unit, length: int, gram: int, offsets: NDArray[np.int64], begins: NDArray[np.uint32]
) -> Runs:
    """The windows of the runs that `opened` would give, each as a run of its own.

    >>> asked = {"offsets": np.array([0, 1]), "begins": np.array([9], np.uint32)}
    >>> windows(pa.array(["to be or not to be or not"]), unit="word", length=4, gram=2, **asked).runs["begin"].tolist()
    [9, 13]
    """
    return _found(texts, _WINDOWS_OF_SOME, _asked(texts, offsets, begins), unit=unit, length=length, gram=gram)


def without(
    texts: pa.Array, *, unit: Unit, offsets: NDArray[np.int64], ranges: NDArray[np.uint32], mask: str | None = None
) -> Removed:
    """The texts without their ranges, or with a mask in place of each, as large_string, nulls where they were.

    `ranges` are pairs of bytes, begin and end, those of text i at `offsets[i]` to `offsets[i + 1]`, in order of begin;
    they may overlap. Texts without ranges stay as they are. Raises IndexError for offsets outside them.

    >>> ranges = np.array([[2, 5], [4, 7]], np.uint32)
    >>> removed = without(pa.array(["a b c d e"]), unit="word", offsets=np.array([0, 2]), ranges=ranges, mask="[...]")
    >>> removed.texts.to_pylist(), removed.counts.tolist()
    (['a [...] e'], [[1, 5, 2]])
    """
    [chunk] = _chunks(texts)
    own, pairs = np.ascontiguousarray(offsets, np.int64), np.ascontiguousarray(ranges, np.uint32)
    sign = None if mask is None else mask.encode()
    # Every stretch that is masked begins with a range of its own.
    out = pa.allocate_buffer(_bytes_of(chunk) + len(sign or b"") * len(pairs), resizable=True)
    out_offsets = np.empty(len(chunk) + 1, np.int64)
    counts = np.zeros((len(chunk), len(COUNTS)), np.int64)
    _substring.without(
        *_buffers(chunk), UNITS.index(unit), own, pairs.reshape(-1), sign, _writable(out), out_offsets, counts
    )
    out.resize(int(out_offsets[-1]), shrink_to_fit=True)
    buffers = [_validity(chunk), pa.py_buffer(out_offsets), out]
    made = pa.Array.from_buffers(pa.large_string(), len(chunk), buffers, null_count=chunk.null_count)
    return Removed(made, counts)


def _chunk_count(texts: Texts) -> int:
    return texts.num_chunks if isinstance(texts, pa.ChunkedArray) else 1


def _asked(texts: Texts, offsets: NDArray[np.int64], begins: NDArray[np.uint32]) -> list[_Asked]:
    """What is asked of each chunk."""
    own, chosen, begin, asked = np.ascontiguousarray(offsets, np.int64), np.ascontiguousarray(begins, np.uint32), 0, []
    for chunk in _chunks(texts):
        asked.append((own[begin : begin + len(chunk) + 1], chosen))
        begin += len(chunk)
    if len(own) != begin + 1:
        raise ValueError(f"{begin} texts, but {len(own)} offsets")
    return asked


def _found(texts: Texts, mode: int, wanted: list[_Asked], *, unit: Unit, length: int, gram: int) -> Runs:
    number = UNITS.index(unit)
    parts = []
    for chunk, asked in zip(_chunks(texts), wanted, strict=True):
        offsets = np.empty(len(chunk) + 1, np.int64)
        made = _substring.runs(*_buffers(chunk), number, length, gram, mode, *asked, offsets)
        parts.append(Runs(offsets, np.frombuffer(made, RUN)))
    if len(parts) == 1:
        return parts[0]
    sizes = [np.diff(each.offsets) for each in parts]
    offsets = np.concatenate([[0], *sizes]).cumsum().astype(np.int64)
    return Runs(offsets, np.concatenate([np.empty(0, RUN), *(each.runs for each in parts)]))
