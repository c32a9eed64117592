"""What a worker runs between two rounds: what to collect next, in bounded memory.

A large graph of candidates is linked outside of memory (`corpus_kit.edges`). What is about single rows is put in order
of row through files on disk (`corpus_kit.scattered`), and linked part by part. Neither shows in the output.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from corpus_kit.corpus import receipt_of, stage_of
from corpus_kit.edges import Edges, edges_of_files
from corpus_kit.job import Job
from corpus_kit.keyed import KeyedWriter, by_load, per_load
from corpus_kit.ledger import FileEntry, Receipt
from corpus_kit.scattered import in_order
from corpus_kit.stage import CorpusStage
from corpus_kit.tables import open_table, read_table
from corpus_kit.work import found_rows

LINK_EDGES = 1 << 22
"""A graph of more edges is linked outside of memory: numpy takes some 150 bytes an edge."""

PARENT_BYTES = 4 << 30
"""Parents of more bytes, those of 10^9 linked documents, lie in a mapped file."""

LINK_ROWS = 1 << 22
"""Rows linked at once where each is linked by itself: those of `substring` take 530 MB with sorting (measured)."""

FILE_LOADS = 1024
"""Loads whose wanted rows share a file: every worker that collects again reads its footer."""


def run_link(job: Job) -> Receipt:
    """Between rounds: what to collect next, cut by load."""
    stage = stage_of(job)
    paths = [job.run / path for path in job.args["grouped"]]
    edges = sum(open_table(path).metadata.num_rows for path in paths)
    if not edges:
        return receipt_of(job)
    return receipt_of(job, *_written(job, _linked(job, stage, paths, edges)))


def _linked(job: Job, stage: CorpusStage, paths: list[Path], count: int) -> Iterator[pa.Table]:
    """What to collect next, in order of row."""
    round, scratch = job.args["round"], job.staged / "scratch"
    if stage.links_components and count > LINK_EDGES:
        return stage.link_large(Edges(edges_of_files(paths), bases_of(job), scratch, memory=PARENT_BYTES), round)
    if stage.links_rows and count > LINK_ROWS:
        return (stage.link(part, round) for part in in_order(paths, scratch, most=LINK_ROWS))
    grouped = pa.concat_tables([read_table(path) for path in paths]).combine_chunks()
    return iter([by_load(stage.link(grouped, round))[0]])


def bases_of(job: Job) -> np.ndarray:
    """For each load how many rows come before it, as its row numbers go; and how many there are in all."""
    found = (found_rows(job.run, job.args["segment"], load) for load in range(len(job.plan.loads)))
    lasts = (None if left is None else left.last_row() for left in found)
    sizes = [0 if last is None else (last & 0xFFFFFFFF) + 1 for last in lasts]
    return np.concatenate([[0], np.cumsum(sizes)]).astype(np.uint64)


def _written(job: Job, tables: Iterator[pa.Table]) -> list[FileEntry]:
    """Rows in order, as files of FILE_LOADS loads, a row group for each load."""
    stage_id, round = job.args["stage"], job.args["round"]
    entries: list[FileEntry] = []
    writer: KeyedWriter | None = None
    groups: dict[str, int] = {}
    number = -1

    def close() -> None:
        if writer is not None:
            name, place = f"wanted-{number}.parquet", f"work/link-{stage_id}-{round}/{number:04d}.parquet"
            entries.append(job.made(name, place, f"wanted/{stage_id}", writer.close(), groups=groups))

    for load, table in each_load(tables):
        if load // FILE_LOADS != number or writer is None:
            close()
            number, groups = load // FILE_LOADS, {}
            writer = KeyedWriter(job.staged / f"wanted-{number}.parquet", table.schema, cut=False)
        groups[str(load)] = len(groups)
        writer.write(table)
    close()
    return entries


def each_load(tables: Iterator[pa.Table]) -> Iterator[tuple[int, pa.Table]]:
    """The rows of each load together, whatever the tables they came in."""
    last, held = -1, []
    for table in tables:
        begin = 0
        for load, count in per_load(table).items():
            if load != last and held:
                yield last, pa.concat_tables(held)
                held = []
            last = load
            held.append(table.slice(begin, count))
            begin += count
    if held:
        yield last, pa.concat_tables(held)
