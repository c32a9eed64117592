"""What is collected is held or written, sorted either way."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pytest
from test_job import job

from corpus_kit.collected import keep_collected
from corpus_kit.held import holding
from corpus_kit.job import NO_FILE
from corpus_kit.keyed import between, key_range
from corpus_kit.streams import Stream

PLACE = "work/collect-x-0/000000.parquet"


def tables(seed: int) -> list[pa.Table]:
    random = np.random.default_rng(seed)
    keys = random.integers(0, (1 << 64) - 1, 300, np.uint64)
    keys[::3] = keys[0]
    rows = np.arange(300, dtype=np.uint64)
    return [pa.table({"row": rows[i : i + 100], "key": keys[i : i + 100]}) for i in range(0, 300, 100)]


def plan(**changes: Any) -> Any:
    given = {"against": (), "partitions": 4, "leaves_index": lambda stage_id: False}
    return cast(Any, SimpleNamespace(**(given | changes)))


def both_ways(tmp_path: Path) -> tuple[Path, Path]:
    """The same rows as a file of one run, which compares with another, and held of another run."""
    one = job(run=tmp_path / "written", staged=tmp_path, plan=plan(against=("another",)))
    keep_collected(one, "x", tables(1), name="c.parquet", place=PLACE)
    one.wait()
    written, kept = tmp_path / "written" / PLACE, tmp_path / "held" / PLACE
    written.parent.mkdir(parents=True)
    (tmp_path / "c.parquet").rename(written)
    entry = keep_collected(job(run=tmp_path / "held", plan=plan()), "x", tables(1), name="c.parquet", place=PLACE)
    assert (entry.rows, entry.bytes, entry.kind) == (300, NO_FILE, "collect/x")
    return written, kept


@pytest.mark.parametrize("partition", range(4))
def test_held_rows_are_read_like_those_of_a_file(tmp_path, partition):
    with holding(1 << 20):
        written, kept = both_ways(tmp_path)
        low, high = key_range(partition, 4)
        wanted = pa.concat_tables(between([written], low, high, by="key"))
        assert pa.concat_tables(between([kept], low, high, by="key")).equals(wanted)
        of_file = pa.concat_tables(list(Stream([written, written], low, high).pieces()))
        assert pa.concat_tables(list(Stream([kept, written], low, high).pieces())).equals(of_file)
        some = int(wanted["key"][0].as_py())
        pieces = [pa.concat_tables(list(Stream([one], low, high).pieces_of(some))) for one in (written, kept)]
        assert pieces[0].equals(pieces[1])


@pytest.mark.parametrize("changes", [{"against": ("another",)}, {"leaves_index": lambda stage_id: stage_id == "x"}])
def test_what_others_look_for_on_the_disk_is_written(tmp_path, changes):
    with holding(1 << 20):
        one = job(run=tmp_path, staged=tmp_path, plan=plan(**changes))
        entry = keep_collected(one, "x", tables(2), name="c.parquet", place=PLACE)
    assert one.moves == {"c.parquet": PLACE}
    assert entry.bytes == (tmp_path / "c.parquet").stat().st_size
