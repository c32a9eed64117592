"""What workers run to leave an index behind: keys by partition, documents by load, settings, places of texts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from corpus_kit.index.files import DOCUMENT_ROWS, collected
from corpus_kit.index.settings import IndexSettings
from corpus_kit.job import Job
from corpus_kit.kernels import digests, shingle_sets
from corpus_kit.keyed import between, without_rows
from corpus_kit.ledger import FileEntry, Receipt
from corpus_kit.load_batches import joined
from corpus_kit.scope import touched_rows
from corpus_kit.stages.against import Incremental, decided_by, signed_by
from corpus_kit.stages.exact import ExactDedup
from corpus_kit.stages.minhash import MinHashDedup
from corpus_kit.stages.sameness import compared, groups
from corpus_kit.stages.signing import sign
from corpus_kit.stages.survival import as_columns, penalties
from corpus_kit.tables import FileInfo, file_digest, open_table, read_table, write_table
from corpus_kit.work import found_rows

TOLD = ("id", "source", "source_id", "url", "license", "lang", "category")
"""What an index repeats of a document, so that nobody has to look for it."""

PLACES = pa.schema(
    [
        ("kind", pa.string()),
        ("path", pa.string()),
        ("load", pa.int64()),
        ("first", pa.int64()),
        ("rows", pa.int64()),
    ]
)


def run_index(job: Job) -> Receipt:
    """Makes one part of an index."""
    parts = {"keys": _keys, "documents": _documents, "settings": _settings, "places": _places}
    made = parts[job.args["part"]](job)
    return Receipt(task=job.task, fingerprint=job.fingerprint, files=() if made is None else (made,))


def _keys(job: Job) -> FileEntry | None:
    """Everything that was collected in one key partition, less what an earlier stage removed; with the verdict."""
    stage_id, partition = job.args["stage"], job.args["partition"]
    tables = collected(job.run, stage_id, partition, job.plan.partitions)
    if not tables:
        return None
    rows = without_rows(pa.concat_tables(tables), removed_rows(job, job.args["before"]))
    if not rows.num_rows:
        return None
    rows = rows.sort_by([("key", "ascending"), ("row", "ascending")])
    names = ["key", *(name for name in rows.schema.names if name != "key")]
    gone = np.isin(rows["row"].to_numpy(), removed_rows(job, [job.args["decision"]]))
    table = rows.select(names).append_column("removed", pa.array(gone))
    info = write_table(job.staged / "keys.parquet", table)
    place = f"index/{stage_id}/keys/{partition:04d}.parquet"
    return job.made("keys.parquet", place, f"index/{stage_id}/keys", info)


def _documents(job: Job) -> FileEntry | None:
    """Every document of one load that the stage met, in order of row."""
    tables = list(_described(job))
    if not tables:
        return None
    table = pa.concat_tables(tables)
    cuts = [min(DOCUMENT_ROWS, table.num_rows - start) for start in range(0, table.num_rows, DOCUMENT_ROWS)]
    info = write_table(job.staged / "documents.parquet", table, groups=cuts)
    place = f"index/{job.args['stage']}/documents/{job.args['load']:06d}.parquet"
    return job.made("documents.parquet", place, f"index/{job.args['stage']}/documents", info)


def _described(job: Job) -> Iterator[pa.Table]:
    stage = job.plan.build(job.args["stage"])
    assert isinstance(stage, Incremental)
    dead = _removed_of(job, job.args["load"])
    verdicts, clusters = _verdicts(job), _clusters(job)
    wanted = sorted({"row", *TOLD, *stage.columns_collected(), *stage.scope_columns()})
    left = found_rows(job.run, job.args["segment"], job.args["load"])
    if left is None:  # nothing of the load came so far
        return
    for batch in joined(left.batches(wanted), job.batch_rows, job.batch_bytes):
        mask = touched_rows(stage, batch)
        rows = without_rows(pa.Table.from_batches([batch if mask is None else batch.filter(mask)]), dead)
        if rows.num_rows:
            yield from (_described_batch(stage, one, verdicts, clusters) for one in rows.combine_chunks().to_batches())


def _described_batch(stage: Incremental, batch: pa.RecordBatch, verdicts: pa.Table, clusters: pa.Table) -> pa.Table:
    found: dict[str, Any] = {"row": batch["row"], **{name: batch[name] for name in TOLD}}
    signature: dict[str, Any] = {}
    if isinstance(stage, MinHashDedup):
        texts = compared(batch, "text", stage.form)
        signed = sign(stage, texts)
        flat = pa.array(signed.reshape(-1))
        signature = {"signature": pa.FixedSizeListArray.from_arrays(flat, signed.shape[1])}
        lengths = shingle_sets(texts, ngram=stage.ngram, unit=stage.unit).value_lengths()
        found["shingles"] = lengths.cast(pa.int32())
    else:
        assert isinstance(stage, ExactDedup)
        texts = compared(batch, stage.by, stage.form)
    digest = digests(texts)
    found |= {"digest": digest[:, 0], "digest_too": digest[:, 1], "group": groups(batch, stage.within)}
    found |= as_columns(penalties(stage.prefer, batch))
    verdict = verdicts.take(pc.index_in(batch["row"], value_set=verdicts["row"].combine_chunks()))
    found["removed"] = pc.fill_null(verdict["removed"], False)
    found |= {"duplicate_of": verdict["duplicate_of_id"], "similarity": verdict["similarity"]}
    found["cluster"] = clusters["cluster"].take(pc.index_in(batch["row"], value_set=clusters["row"].combine_chunks()))
    return pa.table(found | signature)


def _verdicts(job: Job) -> pa.Table:
    """What the stage decided of this load."""
    place = job.args["verdicts"]
    file, group = open_table(job.run / place["path"]), place["group"]
    columns = ["row", "removed", "duplicate_of_id", "similarity"]
    if group is None:
        return file.schema_arrow.empty_table().select(columns)
    return file.read_row_group(group, columns=columns, use_threads=False)


def _clusters(job: Job) -> pa.Table:
    """Which documents hang together by candidate pairs, of this load; none of a stage without such."""
    empty = pa.table({"row": pa.array([], pa.uint64()), "cluster": pa.array([], pa.uint64())})
    names = ("link-{}-0.parquet", "link-{}-0/*.parquet", "compare-{}-link-0.parquet")
    folder, load = job.run / "work", job.args["load"]
    paths = [path for name in names for path in sorted(folder.glob(name.format(job.args["stage"])))]
    found = between(paths, load << 32, (load + 1) << 32, columns=["cluster"])
    return pa.concat_tables([empty, *(one.cast(empty.schema) for one in found)])


def _removed_of(job: Job, load: int) -> NDArray[np.uint64]:
    """Rows of one load that earlier decisions of the same pass removed, sorted."""
    paths = [job.run / path for path in job.args["before"]]
    found = between(paths, load << 32, (load + 1) << 32, columns=["removed"])
    rows = [one.filter(one["removed"])["row"].to_numpy() for one in found]
    return np.unique(np.concatenate([np.zeros(0, np.uint64), *rows]))


def removed_rows(job: Job, paths: list[str]) -> NDArray[np.uint64]:
    """Rows that decisions removed, sorted."""
    removed = [np.zeros(0, np.uint64)]
    for path in paths:
        table = read_table(job.run / path, columns=["row", "removed"])
        removed.append(table.filter(table["removed"])["row"].to_numpy())
    return np.unique(np.concatenate(removed))


def _settings(job: Job) -> FileEntry:
    """How the documents were made comparable."""
    stage_id = job.args["stage"]
    planned, stage = job.plan.stage(stage_id), job.plan.build(stage_id)
    assert isinstance(stage, Incremental)
    after = job.plan.stages[[one.id for one in job.plan.stages].index(stage_id) + 1 :]
    settings = IndexSettings(
        stage=stage_id,
        name=planned.name,
        method=planned.method or "",
        config=planned.config,
        signing=signed_by(stage),
        deciding=decided_by(stage),
        libraries=planned.libraries,
        partitions=job.plan.partitions,
        sources=tuple(job.plan.sources),
        reject_text=job.plan.recipe["reject_text"],
        changed_later=next((one.id for one in after if "text" in job.plan.build(one.id).columns_given()), None),
        against=tuple(one.fingerprint for one in job.plan.against),
        policy=stage.against if job.plan.against else None,
    )
    path = job.staged / "settings.json"
    path.write_bytes(orjson.dumps(settings.model_dump(mode="json"), option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS))
    info = FileInfo(0, path.stat().st_size, file_digest(path))
    return job.made("settings.json", f"index/{stage_id}/settings.json", f"index-settings/{stage_id}", info)


def _places(job: Job) -> FileEntry:
    """Which rows of which file came from which load."""
    columns = list(zip(*job.args["places"], strict=True)) or [[] for _ in PLACES]
    table = pa.table([pa.array(one, field.type) for one, field in zip(columns, PLACES, strict=True)], schema=PLACES)
    info = write_table(job.staged / "places.parquet", table)
    return job.made("places.parquet", "index/places.parquet", "index/places", info)
