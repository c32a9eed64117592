"""What a loaded tokenizer is to the rest of the package, whatever library is behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from corpus_kit.tokenizers.segments import Cuts, Segments

Kind = Literal["sentencepiece", "huggingface"]
Ids = NDArray[np.int32]
Lengths = NDArray[np.int64]


class Engine(Protocol):
    """The library behind a tokenizer."""

    cuts: Cuts | None
    """Between which characters text may be cut, so that each word is encoded once; None: nowhere. See `segments`."""
    prefix: str
    """What must stand before a text that is cut, because the library then does not put it there itself."""

    def encode(self, texts: Sequence[str]) -> tuple[Ids, Lengths]:
        """Identifiers of all texts, one after the other, and how many each text has."""
        ...

    def encode_parts(self, parts: Sequence[bytes]) -> tuple[Ids, Lengths]:
        """The same of texts that were cut."""
        ...

    def decode(self, ids: Sequence[int]) -> str:
        """The text of identifiers, special ones as they are written."""
        ...

    def pieces(self) -> list[str]:
        """What each identifier is called, in order."""
        ...


@dataclass(frozen=True, eq=False)
class Tokenizer:
    """A tokenizer, loaded. It remembers words, so threads must not share it; processes load their own."""

    name: str
    kind: Kind
    path: Path
    """The file that decides identifiers."""
    digest: str
    """SHA-256 of that file."""
    vocab_size: int
    """One more than the highest identifier."""
    eos_id: int | None
    """Ends a document."""
    bos_id: int | None
    pad_id: int | None
    unk_id: int | None
    special_tokens: Mapping[str, int]
    """Strings with a meaning of their own. None of them is recognized in text."""
    engine: Engine = field(repr=False)
    _segments: Segments = field(default_factory=Segments, repr=False)

    def encode(self, texts: pa.Array) -> pa.LargeListArray:
        """Identifiers (int32) of each text; a null has none. Nothing is added, and no text gives a special identifier.

        The one exception is the identifier for what is unknown, in a tokenizer that needs it.
        """
        ids, lengths = self._encoded(texts)
        return pa.LargeListArray.from_arrays(pa.array(_offsets(lengths)), pa.array(ids))

    def count(self, texts: pa.Array) -> pa.Array:
        """Tokens of each text (int64): the length of what `encode` gives."""
        return pa.array(self._encoded(texts)[1])

    def decode(self, ids: Sequence[int]) -> str:
        """The text of identifiers, special ones as they are written."""
        return self.engine.decode([int(one) for one in ids])

    def _encoded(self, texts: pa.Array) -> tuple[Ids, Lengths]:
        plain = pc.fill_null(texts.cast(pa.large_string()), "")
        if not len(plain):
            return np.empty(0, np.int32), np.empty(0, np.int64)
        if self.engine.cuts is None:
            return self.engine.encode(plain.to_pylist())
        return self._segments.encode(plain, self.engine.encode_parts, self.engine.cuts, prefix=self.engine.prefix)


def _offsets(lengths: Lengths) -> Lengths:
    offsets = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return offsets
