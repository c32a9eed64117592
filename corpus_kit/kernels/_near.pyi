"""The compiled module's raw doors. Buffers are Arrow's own; results go to the last arguments."""

from typing import Any

# pyarrow.Buffer, numpy arrays, bytes: collections.abc.Buffer exists only from Python 3.12 on.
Buffer = Any

def fold(
    validity: Buffer | None,
    offsets: Buffer | None,
    items: Buffer | None,
    offset: int,
    length: int,
    out_offsets: Buffer,
    /,
) -> Buffer: ...
def sign(
    validity: Buffer | None,
    offsets: Buffer | None,
    items: Buffer | None,
    offset: int,
    length: int,
    ngram: int,
    unit: int,
    folds: bool,
    permutations: int,
    seed: int,
    out: Buffer,
    /,
) -> None: ...
def sets(
    validity: Buffer | None,
    offsets: Buffer | None,
    items: Buffer | None,
    offset: int,
    length: int,
    ngram: int,
    unit: int,
    folds: bool,
    out_offsets: Buffer,
    out_digests: Buffer,
    /,
) -> Buffer: ...
def sign_sets(
    validity: Buffer | None,
    offsets: Buffer | None,
    items: Buffer | None,
    offset: int,
    length: int,
    permutations: int,
    seed: int,
    out: Buffer,
    /,
) -> None: ...
def compare(
    validity: Buffer | None,
    offsets: Buffer | None,
    items: Buffer | None,
    offset: int,
    length: int,
    left: Buffer,
    right: Buffer,
    contains: bool,
    out: Buffer,
    /,
) -> None: ...
def judge(
    validity: Buffer | None,
    offsets: Buffer | None,
    items: Buffer | None,
    offset: int,
    length: int,
    other_validity: Buffer | None,
    other_offsets: Buffer | None,
    other_items: Buffer | None,
    other_offset: int,
    other_length: int,
    keys: Buffer,
    bands: int,
    order: Buffer,
    ends: Buffer,
    holder: Buffer,
    contains: bool,
    threshold: float,
    survivor: Buffer,
    similarity: Buffer,
    /,
) -> None: ...
