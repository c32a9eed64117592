"""The compiled module's raw doors. Buffers are Arrow's own; results go to the last arguments."""

from typing import Any

# pyarrow.Buffer, numpy arrays, bytes, mmap: collections.abc.Buffer exists only from Python 3.12 on.
Buffer = Any

class Model:
    def __new__(cls, file: Buffer, table_bytes: int, /) -> Model: ...
    @property
    def labels(self) -> tuple[bytes, ...]: ...
    def predict(
        self,
        validity: Buffer | None,
        offsets: Buffer | None,
        items: Buffer | None,
        offset: int,
        length: int,
        best: int,
        sample_chars: int,
        folds: bool,
        least_latin: float,
        out_labels: Buffer,
        out_scores: Buffer,
        out_letters: Buffer,
        out_latin: Buffer,
        /,
    ) -> None: ...

def lines(
    validity: Buffer | None,
    offsets: Buffer | None,
    items: Buffer | None,
    offset: int,
    length: int,
    sample_chars: int,
    folds: bool,
    out_ends: Buffer,
    /,
) -> bytes: ...
