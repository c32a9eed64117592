"""The files that tell Megatron which datasets to read, and how much of each.

A weight is a share of samples, not a number of epochs: a dataset of T tokens that is to be seen e times weighs T times
e. Paths and weights stand between white space, and a path that reads as a number would be taken for a weight.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

from corpus_kit.bridge.manifest import Exported
from corpus_kit.errors import PlanError

BLEND, PER_SPLIT, SEQUENCES = "blend.txt", "blend_per_split.json", "sequences.json"

KEYS = {"train": "train", "validation": "valid", "test": "test"}
"""Split -> its key for `--per-split-data-args-path`, which asks for all three."""

MOST_DATASETS = 32_766
"""Of a blend: megatron-core numbers them in int16."""


def check_root(root: str) -> None:
    """Raises PlanError for a path that Megatron would not read back as it is."""
    if re.search(r"\s", root):
        raise PlanError(
            f"the path {root!r} has white space, at which Megatron cuts its lists of datasets\n"
            "  choose another --output, or say with --root where the trainer will find it"
        )


def counts_help(dtype: str, vocabulary: int) -> bool:
    """Whether Megatron can be told the counts of datasets (`--per-dataset-sequences-path`).

    It then guesses the kind of number without looking, by a bound that is not the one it writes by: see megatron-core's
    GPTDatasetConfig.token_dtype_code. Wrong guesses would be read as other tokens.

    >>> counts_help("uint16", 65_499), counts_help("int32", 65_500), counts_help("int32", 65_537)
    (True, False, True)
    """
    return dtype == ("int32" if vocabulary > 65_536 else "uint16")


def blend_files(datasets: Sequence[Exported], root: str, *, counts: bool) -> dict[str, str]:
    """Name -> content of the files, for an export that lies at `root`."""
    each = {_path(root, one): [one.sequences, one.documents + 1] for one in datasets}
    files = {SEQUENCES: _json(each)} if counts else {}
    used = [one for one in datasets if one.weight > 0]
    for split in {one.split for one in used}:
        if sum(one.split == split for one in used) > MOST_DATASETS:
            raise PlanError(f"a blend has at most {MOST_DATASETS:,} datasets; group by fewer columns")
    if any(one.split is not None for one in datasets):
        per_split = {
            key: [word for one in used if one.split == split for word in (_number(one.weight), _path(root, one))]
            for split, key in KEYS.items()
        }
        return files | {PER_SPLIT: _json({key: words or None for key, words in per_split.items()})}
    return files | {BLEND: "".join(f"{_number(one.weight)} {_path(root, one)}\n" for one in used)}


def _path(root: str, one: Exported) -> str:
    return f"{root.rstrip('/')}/{one.name}"


def _number(weight: float) -> str:
    """The shortest decimal that is read back as the same number.

    >>> _number(120.0), _number(0.1), _number(1e22)
    ('120', '0.1', '1e+22')
    """
    return str(int(weight)) if weight == int(weight) and weight < 2**53 else repr(weight)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"


def stale(folder: Path, files: dict[str, str]) -> bool:
    """Whether a file is not what it should be."""
    return any(
        not (folder / name).is_file() or (folder / name).read_text("utf-8") != text for name, text in files.items()
    )
