"""Small finished runs for the tests of pulling: a manifest and data files, with row groups as given."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from corpus_kit.tables import write_table


def documents(count: int, *, source: str = "s", lang: str = "dan_Latn", **columns: Any) -> pa.Table:
    """Documents `s-0`, `s-1`, ... whose texts have different lengths."""
    return pa.table(
        {
            "id": [f"{source}-{i}" for i in range(count)],
            "source": [source] * count,
            "text": pa.array([f"æ{source} {i} " + "x" * (i * 7 % 23) for i in range(count)], pa.large_string()),
            "lang": [lang] * count,
            **{name: values if isinstance(values, list) else [values] * count for name, values in columns.items()},
        }
    )


def write(run: Path, *files: pa.Table, rows: int = 5, fingerprint: str = "f1") -> str:
    """A folder with nothing but data files, row groups of so many rows, and the manifest."""
    (run / "data").mkdir(parents=True)
    entries = []
    for number, table in enumerate(files):
        path = f"data/{number:05d}.parquet"
        groups = [min(rows, table.num_rows - start) for start in range(0, table.num_rows, rows)]
        info = write_table(run / path, table, groups=groups)
        entries.append({"path": path, "kind": "data", "text_bytes": 0, **info._asdict()})
    manifest = {"format": "1", "fingerprint": fingerprint, "files": entries}
    (run / "manifest.json").write_text(json.dumps(manifest))
    return str(run)


def ids(pull: Any) -> list[str]:
    """The ids of what is left of a pull."""
    return [one["id"] for one in pull]


def mix_file(path: Path, by: Sequence[str], epochs: dict[str, float], *, run: str | None = None, seed: int = 0) -> Path:
    """The parts of a mix.json that a pull needs."""
    groups = [{"group": group.split("/"), "epochs": many} for group, many in epochs.items()]
    ref = None if run is None else {"name": "other", "fingerprint": run, "recipe": "r"}
    path.write_text(json.dumps({"mix": 1, "run": ref, "by": list(by), "seed": seed, "groups": groups}))
    return path
