"""Which documents of a finished run are like a text: found by the index of a dedup stage, verified in their texts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from corpus_kit.errors import PlanError
from corpus_kit.index.files import Index, finished_manifest, indexed_stages, local_run, signature_table
from corpus_kit.index.query import Query, estimates, query, query_of, similarities
from corpus_kit.index.texts import Texts
from corpus_kit.stage import stage_class
from corpus_kit.stages.banding import proposed
from corpus_kit.stages.exact import ExactDedup
from corpus_kit.stages.minhash import MinHashDedup
from corpus_kit.tables import open_table

READ_AT_MOST = 1000
"""Candidates whose texts are read, the most promising first; the others keep their estimate."""

EXCERPT = 200
"""Characters of a text that are shown."""

_SHOWN = ("id", "source", "url", "lang", "license")
_ERRORS = 4
"""Standard errors by which an estimate may be too low: the chance of more is 1 in 30,000."""

Hit = dict[str, Any]


def lookup(
    run: str | Path,
    text: str,
    *,
    stage: str | None = None,
    least: float | None = None,
    limit: int = 10,
    excerpts: bool = False,
) -> dict[str, Any]:
    """What is like a text in a finished run, most like first, and how it was looked for.

    With an index only the texts of candidates are read. Without one every kept text is. `least` is the threshold of the
    stage unless it is given. Raises PlanError if the run is not finished, or has no index of that stage, or if the text
    is empty.
    """
    if not text.strip():  # nothing is like it, and that would read as an answer
        raise PlanError("the text is empty; there is nothing to look up")
    path = local_run(run)
    manifest = finished_manifest(path)
    name = stage or _best_stage(path, indexed_stages(manifest))
    if name is None:
        return _scan(path, manifest, text, least=least, limit=limit, excerpts=excerpts)
    index = Index(path, name, manifest)
    asked = query_of(text, index.settings)
    least = _least(asked, least)
    documents = _candidates(index, asked)
    estimated = _estimated(asked, documents)
    slack = _ERRORS * 0.5 / max(1, len(asked.signature)) ** 0.5 if len(asked.signature) else 0.0
    order = np.argsort(-estimated, kind="stable")
    order = order[estimated[order] >= least - slack]
    documents, estimated = documents.take(pa.array(order)), estimated[order]
    texts = Texts(path)
    found = _found(
        texts, documents.slice(0, READ_AT_MOST), asked, text, changed=index.settings.changed_later is not None
    )
    hits = [
        _hit(row, value, found.get(row["id"]), asked)
        for row, value in zip(documents.to_pylist(), estimated, strict=True)
    ]
    hits = [hit for hit in hits if hit["similarity"] >= least]
    return _answer(path, name, asked, least, _sorted(hits)[:limit], len(hits), excerpts) | {
        "candidates": len(order),
        "text_bytes_read": texts.text_bytes_read,
    }


def _best_stage(path: Path, stages: list[str]) -> str | None:
    """The last indexed stage that finds near-duplicates, else the last that compares texts."""
    methods = {name: Index(path, name).settings for name in stages}
    near = [name for name, one in methods.items() if one.method == "minhash"]
    same = [name for name, one in methods.items() if one.config.get("by") == "text"]
    return (near or same or [None])[-1]


def _least(asked: Query, least: float | None) -> float:
    if least is None:
        return asked.stage.threshold if isinstance(asked.stage, MinHashDedup) else 1.0
    if not 0 < least <= 1:
        raise PlanError(f"--min is a similarity above 0 and at most 1, not {least:g}")
    return least


def _candidates(index: Index, asked: Query) -> pa.Table:
    """Documents that share a key with the text, of whatever group they are."""
    groups = np.zeros(1, np.uint64)
    if asked.stage.within:
        found = [pc.unique(batch["group"]).to_numpy() for batch in index.scan(["group"])]
        groups = np.unique(np.concatenate([groups[:0], *found]))
    keys = (asked.keys[:, None] ^ groups).reshape(-1)
    table = index.rows_of(keys, ["row"])
    rows = np.zeros(0, np.uint64) if table is None else np.unique(table["row"].to_numpy())
    told = ("digest", "digest_too", "removed", "duplicate_of", "similarity")
    more = ("shingles", "signature") if len(asked.signature) else ()
    return index.documents(rows, [*_SHOWN, *told, *more])


def _estimated(asked: Query, documents: pa.Table) -> NDArray[np.float64]:
    if not documents.num_rows:
        return np.zeros(0)
    same = _same(documents, asked)
    if not len(asked.signature):
        return same.astype(float)
    sizes = documents["shingles"].to_numpy()
    return np.where(same, 1.0, estimates(asked, signature_table(documents["signature"]), sizes))


def _same(documents: pa.Table, asked: Query) -> NDArray[np.bool_]:
    one, other = asked.digest
    return (documents["digest"].to_numpy() == np.uint64(one)) & (documents["digest_too"].to_numpy() == np.uint64(other))


def _found(texts: Texts, documents: pa.Table, asked: Query, text: str, *, changed: bool) -> dict[str, Hit]:
    """Where each document went, and how like it truly is, if its text is there as it was compared."""
    found: dict[str, Hit] = {}
    for table in texts.find(documents["row"].to_numpy(), documents["id"].to_pylist()):
        own = table["text"].combine_chunks()
        alike = similarities(asked.stage, text, pc.fill_null(own, ""))
        for i, row in enumerate(table.to_pylist()):
            measured = None if changed or row["text"] is None else float(alike[i])
            excerpt = None if row["text"] is None else row["text"][:EXCERPT]
            found[row["id"]] = {**row, "text": excerpt, "measured": measured}
    return found


def _hit(row: Hit, estimated: float, found: Hit | None, asked: Query) -> Hit:
    same = (row["digest"], row["digest_too"]) == asked.digest
    measured = 1.0 if same else None if found is None else found["measured"]
    return {
        **{name: row[name] for name in _SHOWN},
        "similarity": float(estimated) if measured is None else measured,
        "verified": measured is not None,
        "same_text": same,
        "kept": found is not None and found["kept"],
        "rejected_by": None if found is None else found["stage"],
        "code": None if found is None else found["code"],
        "duplicate_of": row["duplicate_of"] if row["removed"] else None,
        "duplicate_similarity": row["similarity"] if row["removed"] else None,
        "text": None if found is None else found["text"],
    }


def _sorted(hits: list[Hit]) -> list[Hit]:
    return sorted(hits, key=lambda hit: (-hit["similarity"], not hit["kept"], hit["id"]))


def _answer(
    path: Path, name: str | None, asked: Query, least: float, hits: list[Hit], found: int, excerpts: bool
) -> dict[str, Any]:
    recall = 1.0
    if name is not None and isinstance(asked.stage, MinHashDedup):
        recall = float(proposed(least, *asked.stage.banding))
    shown = hits if excerpts else [{key: value for key, value in hit.items() if key != "text"} for hit in hits]
    return {"run": str(path), "stage": name, "least": least, "recall": round(recall, 6), "found": found, "hits": shown}


def _scan(
    path: Path, manifest: dict[str, Any], text: str, *, least: float | None, limit: int, excerpts: bool
) -> dict[str, Any]:
    """The same without an index: every kept text is read and compared."""
    asked = query(text, _stage_of_run(path))
    least = _least(asked, least)
    hits: list[Hit] = []
    read = 0
    for file in (file for file in manifest["files"] if file["kind"] == "data"):
        opened = open_table(path / file["path"])
        for batch in opened.iter_batches(batch_size=1024, columns=[*_SHOWN, "text"], use_threads=False):
            read += pc.sum(pc.binary_length(batch["text"])).as_py() or 0
            alike = similarities(asked.stage, text, pc.fill_null(batch["text"], ""))
            near = np.flatnonzero(alike >= least)
            rows = batch.take(pa.array(near)).to_pylist()
            hits += [_kept(row, float(alike[at])) for row, at in zip(rows, near, strict=True)]
    answer = _answer(path, None, asked, least, _sorted(hits)[:limit], len(hits), excerpts)
    return answer | {
        "candidates": sum(f["rows"] for f in manifest["files"] if f["kind"] == "data"),
        "text_bytes_read": read,
    }


def _kept(row: Hit, similarity: float) -> Hit:
    nothing = dict.fromkeys(("rejected_by", "code", "duplicate_of", "duplicate_similarity"))
    facts = {name: row[name] for name in _SHOWN}
    return {
        **facts,
        "similarity": similarity,
        "verified": True,
        "same_text": similarity == 1.0,
        "kept": True,
        **nothing,
        "text": (row["text"] or "")[:EXCERPT],
    }


def _stage_of_run(path: Path) -> MinHashDedup | ExactDedup:
    """How the run itself compared documents: its last MinHash stage, else what such a stage does by default."""
    plan = path / "plan.json"
    planned = json.loads(plan.read_bytes())["stages"] if plan.is_file() else []
    for one in reversed(planned):
        if (one["name"], one["method"]) == ("dedup", "minhash"):
            stage = stage_class("dedup", "minhash").model_validate(one["config"])
            assert isinstance(stage, MinHashDedup)
            return stage
    return MinHashDedup()


def lookup_lines(answer: dict[str, Any]) -> list[str]:
    """The answer for people: a document a line, what became of it below."""
    hits = answer["hits"]
    how = f"stage {answer['stage']}" if answer["stage"] else f"no index, all {answer['candidates']:,} kept texts read"
    head = f"{answer['found']:,} of {answer['run']} reach similarity {answer['least']:g} ({how})"
    lines = [head if hits else f"nothing in {answer['run']} reaches similarity {answer['least']:g} ({how})"]
    for hit in hits:
        mark = "" if hit["verified"] else " estimated"
        same = ", the same text" if hit["same_text"] else ""
        lines += ["", f"{hit['similarity']:.3f}{mark}  {hit['id']}  {_state(hit)}{same}"]
        told = [f"{key} {hit[key]}" for key in ("source", "lang", "license", "url") if hit[key]]
        lines.append("  " + "  ".join(told))
        if hit["duplicate_of"]:
            alike = hit["duplicate_similarity"]
            lines.append(f"  duplicate of {hit['duplicate_of']}" + (f", similarity {alike:.3f}" if alike else ""))
        if hit.get("text"):
            lines.append("  " + " ".join(hit["text"].split()))
    if answer["found"] > len(hits):
        lines += ["", f"{answer['found'] - len(hits):,} more; see them with --limit"]
    if answer["recall"] < 0.99:
        lines += ["", f"a document of similarity {answer['least']:g} is found with probability {answer['recall']:.2f}"]
    return lines


def _state(hit: Hit) -> str:
    if hit["kept"]:
        return "kept"
    return f"rejected by {hit['rejected_by']} ({hit['code']})" if hit["rejected_by"] else "rejected"
