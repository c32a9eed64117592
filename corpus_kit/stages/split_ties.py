"""What belongs together whatever its text: the pages of a host, the posts of a thread, the parts of one document."""

from __future__ import annotations

from collections.abc import Sequence

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from corpus_kit.kernels import digests
from corpus_kit.sampling import hash64
from corpus_kit.stages.sameness import hosts

Values = Sequence[Sequence[str | None]]
"""For each way to belong together, the value of each row; None where it has none."""


def together_columns(together: Sequence[str]) -> tuple[str, ...]:
    """Columns that are looked at; `host` is of the address, and `meta.NAME` a field of the record."""
    return tuple(
        dict.fromkeys("url" if name == "host" else "meta" if name.startswith("meta.") else name for name in together)
    )


def values_together(batch: pa.RecordBatch, together: Sequence[str]) -> list[list[str | None]]:
    """The values. The first are the parents of what `segment` made, which are named in the ids."""
    parents = [one.partition("#")[0] if "#" in one else None for one in batch["id"].to_pylist()]
    return [parents, *(_values(batch, name) for name in together)]


def _values(batch: pa.RecordBatch, name: str) -> list[str | None]:
    if name == "host":
        return [one or None for one in hosts(batch["url"]).to_pylist()]
    if name.startswith("meta."):
        return [_field(one, name.removeprefix("meta.").split(".")) for one in batch["meta"].to_pylist()]
    if name == "source_id":
        return pc.binary_join_element_wise(batch["source"], batch["source_id"], "\t").to_pylist()
    return [None if one is None else str(one) for one in batch[name].to_pylist()]


def _field(meta: str | None, parts: Sequence[str]) -> str | None:
    value = None if meta is None else orjson.loads(meta)
    for part in parts:
        value = value.get(part) if isinstance(value, dict) else None
    return None if value is None else str(value)


def together_keys(values: Values, texts: pa.Array, forms: pa.Array) -> pa.ListArray:
    """For each row the keys it shares with those it belongs together with: by value, or by a text without a word."""
    keyed = [
        [None if one is None else hash64("together", f"{i}\t{one}") for one in each] for i, each in enumerate(values)
    ]
    wordless = pc.and_(pc.equal(pc.binary_length(forms), 0), pc.greater(pc.binary_length(texts), 0))
    same = digests(texts)[:, 0].tolist()
    keyed.append([same[i] if one else None for i, one in enumerate(wordless.to_pylist())])
    rows = [[key for key in row if key is not None] for row in zip(*keyed, strict=True)]
    return pa.array(rows, pa.list_(pa.uint64()))


def unit_names(ids: Sequence[str], values: Values) -> list[str]:
    """What each document is drawn by: the last value it belongs together by, or its own id.

    >>> unit_names(["a-1#2", "a-2", "a-3"], [["a-1", None, None], ["x.dk", "x.dk", None]])
    ['1\\tx.dk', '1\\tx.dk', 'a-3']
    """
    names = list(ids)
    for i, each in enumerate(values):
        names = [name if one is None else f"{i}\t{one}" if i else one for name, one in zip(names, each, strict=True)]
    return names
