"""Verifies a finished export against its manifest: every file, every digest, and what the format promises."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from corpus_kit.bridge.manifest import Exported, Manifest, open_manifest
from corpus_kit.bridge.megatron_check import Rules, read_back
from corpus_kit.errors import LedgerError
from corpus_kit.ledger import FileEntry
from corpus_kit.tables import file_digest


class Verified(NamedTuple):
    """What came of it."""

    manifest: Manifest
    problems: tuple[str, ...]
    """One line each; empty if all is as it should be."""


def check_export(path: str | Path) -> Verified:
    """Reads a finished export whole. Raises PlanError if it is unfinished or none, LedgerError for a damaged manifest.

    Of every file: that it is there, its size, its digest. Of Megatron datasets: that lengths, places and documents of
    the index add up to the tokens, no document or sequence is empty, every id is in the vocabulary, and every document
    ends with the end token, which stands nowhere else.
    """
    folder = Path(path)
    manifest = open_manifest(folder)
    check = CHECKS.get(manifest.export, _files)
    return Verified(manifest, tuple(check(folder, manifest)))


def _files(folder: Path, manifest: Manifest) -> Iterator[str]:
    """What is wrong with any file."""
    for file in manifest.files:
        yield from _file(folder, file)


def _file(folder: Path, file: FileEntry, *, digest: str | None = None) -> Iterator[str]:
    try:
        size = (folder / file.path).stat().st_size
    except FileNotFoundError:
        yield f"{file.path} is missing"
        return
    if size != file.bytes:
        yield f"{file.path} has {size:,} bytes, the manifest says {file.bytes:,}"
    elif (digest or file_digest(folder / file.path)) != file.sha256:
        yield f"{file.path} is not what was written: it has another digest"


def _megatron(folder: Path, manifest: Manifest) -> Iterator[str]:
    files = {file.path: file for file in manifest.files}
    for one in manifest.datasets:
        bin_file, index_file = files.pop(f"{one.name}.bin"), files.pop(f"{one.name}.idx")
        try:
            found = read_back(folder / one.name, _rules(manifest))
        except LedgerError as error:
            yield str(error).removeprefix(f"{folder}/")
            continue
        yield from _file(folder, index_file)
        yield from _file(folder, bin_file, digest=found.bin_sha256)
        counts = (found.documents, found.sequences, found.tokens, found.dtype)
        if counts != (one.documents, one.sequences, one.tokens, manifest.settings["dtype"]):
            yield f"{one.name} has other counts than the manifest says"
    for file in files.values():
        yield from _file(folder, file)
    yield from _sums(manifest.datasets, manifest)


def _sums(datasets: tuple[Exported, ...], manifest: Manifest) -> Iterator[str]:
    if sum(one.tokens for one in datasets) != manifest.tokens:
        yield "the datasets do not add up to the tokens of the manifest"


def _rules(manifest: Manifest) -> Rules:
    tokenizer = manifest.tokenizer
    if tokenizer is None:
        raise LedgerError("the manifest names no tokenizer")
    return Rules(tokenizer.vocab_size, begin=tokenizer.begin, end=tokenizer.end)


CHECKS: dict[str, Callable[[Path, Manifest], Iterator[str]]] = {"megatron": _megatron}
"""Kind of export -> what reads it whole. Of others, the files are compared with the manifest."""
