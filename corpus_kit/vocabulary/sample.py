"""The sample a tokenizer is trained on: weighted by a mix, measured in bytes, the same every time."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

import corpus_kit.opened
from corpus_kit.errors import PlanError
from corpus_kit.identity import canonical_digest
from corpus_kit.ledger import read_manifest
from corpus_kit.vocabulary.texts import Lowest, is_run, read_files

BYTES = 1 << 30
"""Default size. GPT-SW3 drew 1% of its weighted corpus."""


class Sample(NamedTuple):
    """Texts, in the order they are trained on, and an account of them."""

    texts: list[str]
    account: dict[str, Any]


def draw(
    data: Sequence[str], *, mix: str | None, bytes: int, seed: int, max_bytes: int, max_run: int, text_field: str | None
) -> Sample:
    """A sample of a run by its mix, or of files by hash. Raises PlanError if there is no text.

    Documents above `max_bytes`, or with more than `max_run` characters between spaces, are left out and counted.
    """
    runs = [one for one in data if is_run(one)]
    if runs and len(data) > 1:
        raise PlanError("give one run, or files; to sample several runs make one of them")
    if mix is not None and not runs:
        raise PlanError("a mix weighs the groups of a run; files are sampled as they are")
    drawn, account = _of_run(runs[0], mix, bytes, seed) if runs else _of_files(data, bytes, seed, text_field)
    texts: list[str] = []
    left_out = {"empty": 0, "too long": 0, "long run": 0}
    for text in drawn:
        reason = _reason(text, max_bytes, max_run)
        if reason is None:
            texts.append(text)
        else:
            left_out[reason] += 1
    if not texts:
        raise PlanError(f"there is no text to train on in {', '.join(data)}")
    digest = hashlib.sha256()
    for text in texts:
        digest.update(text.encode() + b"\0")
    size = sum(len(text.encode()) for text in texts)
    asked = {"bytes_asked": bytes, "seed": seed, "documents": len(texts), "bytes": size, "left_out": left_out}
    return Sample(texts, {**account, **asked, "sha256": digest.hexdigest()})


def _reason(text: str, max_bytes: int, max_run: int) -> str | None:
    """Why a text is not trained on."""
    if not text.strip():
        return "empty"
    if len(text.encode()) > max_bytes:
        return "too long"
    if len(text) > max_run and max(map(len, text.split())) > max_run:
        return "long run"
    return None


def _of_run(path: str, mix: str | None, bytes: int, seed: int) -> tuple[Iterator[str], dict[str, Any]]:
    """At most the whole mix once: what is seen twice teaches a tokenizer nothing new."""
    pulled = corpus_kit.opened.open(path).pull(
        mix=mix, seed=seed, bytes=bytes, rounds=1, columns=["text"], format="arrow"
    )
    account: dict[str, Any] = {"run": _run_account(path), "mix": {"name": mix or "weights of the run"}}
    if mix not in (None, "once"):
        account["mix"] = {"sha256": hashlib.sha256(Path(str(mix)).read_bytes()).hexdigest()}
    return (text for batch in pulled for text in _texts(batch)), account


def _run_account(path: str) -> dict[str, Any]:
    opened = corpus_kit.opened.open(path)
    if not isinstance(opened, corpus_kit.opened.Run):
        manifest = read_manifest(Path(path)) or {}
        return {"fingerprint": manifest.get("fingerprint")}
    plan = opened.plan
    return {
        "name": str(plan.recipe.get("name", "")),
        "fingerprint": plan.fingerprint,
        "recipe": canonical_digest(plan.recipe),
    }


def _of_files(
    paths: Sequence[str], bytes: int, seed: int, text_field: str | None
) -> tuple[Iterator[str], dict[str, Any]]:
    files = read_files(paths, text_field=text_field)
    lowest = Lowest(bytes, seed=seed)
    for batch in files.batches:
        for id, text in zip(batch["id"].to_pylist(), batch["text"].to_pylist(), strict=True):
            if text:
                lowest.add(id, text)
    return iter(lowest.texts()), {"files": len(files.digests), "files_sha256": canonical_digest(sorted(files.digests))}


def _texts(batch: pa.RecordBatch) -> list[str]:
    return [text for text in batch["text"].to_pylist() if text is not None]
