"""Where corpus inputs are listed and opened: local files, S3, and anything fsspec knows.

Nothing else opens an input. A path is a local path or a URI. S3 goes through Arrow, which reads the usual AWS_*
variables (AWS_ENDPOINT_URL among them) and options in the URI (`s3://bucket/key?region=eu-north-1`); a key with `%` or
`?` in it is percent-encoded, as `list_files` gives it. Any other scheme is fsspec's, in its own spelling.

Errors of the medium (a file that vanished, a network that fails) are plain OSErrors: trying again may help. Errors of
the content are `DamagedInput`: trying again will not.
"""

from __future__ import annotations

import functools
import hashlib
import importlib
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, unquote, urlsplit

import pyarrow as pa
import pyarrow.fs as pafs

from corpus_kit.compression import DamagedInput, Decompressed, compression_of
from corpus_kit.errors import PlanError, missing_extra

__all__ = [
    "DamagedInput",
    "FileEntry",
    "address",
    "compression_of",
    "decompressed",
    "fingerprint",
    "is_remote",
    "list_files",
    "local_path",
    "open_random",
    "open_stream",
]

CARD = "source.yaml"
HASHED_BYTES = 256 << 20
"""Files up to this size are hashed whole: about a second a file. Bigger ones by their ends and their time."""
PIECE_BYTES = 1 << 18
"""Hashed at once: it stays in a fast cache."""

EDGE_BYTES = 1 << 20
REMOTE_BUFFER = 8 << 20
"""Sequential reads of remote files ask for this much: one request costs some 50 ms, 8 MB about as much again."""

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)
_ENCODED = ("s3://", "file://")
"""Schemes whose addresses are percent-encoded."""


class FileEntry(NamedTuple):
    """One input file."""

    path: str
    """Local path or URI, for opening."""
    relative: str
    """Posix path relative to what was listed; the file's own name if it was listed itself."""
    size: int
    modified: int | None
    """Nanoseconds since 1970, if the storage knows."""


def list_files(path: str) -> list[FileEntry]:
    """The file, or every file below the folder, sorted by relative path.

    Names that begin with a dot or an underscore (staging folders, lock files) and source cards are left out, unless
    `path` itself is one. Raises PlanError if there is no such path, or a name cannot be used.
    """
    entries = list(_list_local(path) if _SCHEME.match(path) is None else _list_remote(path))
    for entry in entries:
        _require_utf8(entry.relative)
    return sorted(entries, key=lambda entry: entry.relative)


def is_remote(path: str) -> bool:
    """Whether each read of the file is a request to another machine.

    >>> is_remote("s3://bucket/key"), is_remote("file:///data/a.jsonl"), is_remote("a.jsonl")
    (True, False, False)
    """
    return _SCHEME.match(path) is not None and not path.lower().startswith("file://")


def local_path(path: str) -> str:
    """A local path without the scheme it may be written with; other addresses as they are.

    >>> local_path("file:///data/a%20b"), local_path("data/a%20b"), local_path("s3://bucket/run")
    ('/data/a b', 'data/a%20b', 's3://bucket/run')
    """
    return unquote(urlsplit(path).path) if path.lower().startswith("file://") else path


def address(folder: str, relative: str) -> str:
    """Path or URI of a file below a folder.

    >>> address("run", "data/00000.parquet"), address("s3://bucket/run/", "data/00000.parquet")
    ('run/data/00000.parquet', 's3://bucket/run/data/00000.parquet')
    """
    return os.path.join(folder, relative) if _SCHEME.match(folder) is None else _join(folder, relative)


def open_random(path: str) -> pa.NativeFile:
    """The file, seekable. Reads of a remote file are requests of exactly the size asked for."""
    filesystem, inner = _locate(path)
    return filesystem.open_input_file(inner)


def open_stream(path: str, start: int = 0) -> pa.NativeFile:
    """The file from byte `start` on, for reading in sequence."""
    file = open_random(path)
    file.seek(min(start, file.size()))
    return pa.BufferedInputStream(file, REMOTE_BUFFER) if is_remote(path) else file


def decompressed(path: str) -> Decompressed:
    """The content behind a compressed file (.gz, .zst, .bz2, .xz), or of a plain one, as a binary stream.

    Where the file is damaged or ends early, the stream gives every byte before that place, then raises DamagedInput.
    """
    return Decompressed(lambda: open_stream(path), compression_of(path))


def fingerprint(path: str, size: int) -> str:
    """Digest by which a later run notices that the file is another one.

    Whole content up to 256 MB; beyond, size, both ends and the time of the last change.
    """
    if size <= HASHED_BYTES:
        digest = hashlib.sha256()
        piece = memoryview(bytearray(PIECE_BYTES))
        with open_stream(path) as stream:
            while count := stream.readinto(piece):
                digest.update(piece[:count])
        return f"sha256:{digest.hexdigest()}"
    filesystem, inner = _locate(path)
    modified = filesystem.get_file_info(inner).mtime_ns
    with filesystem.open_input_file(inner) as file:
        edges = file.read_at(EDGE_BYTES, 0) + file.read_at(EDGE_BYTES, size - EDGE_BYTES)
    return f"edges:{size}:{hashlib.sha256(edges).hexdigest()}:{modified}"


def _list_local(path: str) -> Iterator[FileEntry]:
    try:
        status = os.stat(path)
    except OSError as error:
        raise PlanError(f"input {path!r}: {error.strerror or error}") from error
    if not stat.S_ISDIR(status.st_mode):
        yield FileEntry(path, Path(path).name, status.st_size, status.st_mtime_ns)
        return
    yield from _walk(path, "", {(status.st_dev, status.st_ino)})


def _walk(folder: str, prefix: str, above: set[tuple[int, int]]) -> Iterator[FileEntry]:
    """Files below a local folder. Links are followed, but not back into a folder above (Arrow would, for ever)."""
    try:
        with os.scandir(folder) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        raise PlanError(f"folder {folder!r}: {error.strerror or error}") from error
    for entry in found:
        if _is_no_data(entry.name):
            continue
        try:
            status = entry.stat()
        except OSError as error:
            raise PlanError(f"input {entry.path!r}: {error.strerror or error}") from error
        relative = prefix + entry.name
        if stat.S_ISREG(status.st_mode):
            yield FileEntry(entry.path, relative, status.st_size, status.st_mtime_ns)
        elif stat.S_ISDIR(status.st_mode) and (key := (status.st_dev, status.st_ino)) not in above:
            yield from _walk(entry.path, relative + "/", above | {key})


def _list_remote(uri: str) -> Iterator[FileEntry]:
    filesystem, root = _locate(uri)
    try:
        info = filesystem.get_file_info(root)
        if info.type == pafs.FileType.NotFound:
            raise PlanError(f"input {uri!r} does not exist")
        if info.type == pafs.FileType.File:
            yield FileEntry(uri, root.rpartition("/")[2], info.size, info.mtime_ns)
            return
        found = filesystem.get_file_info(pafs.FileSelector(root, recursive=True))
    except OSError as error:
        raise PlanError(f"input {uri!r} cannot be reached: {error}") from error
    for one in found:
        relative = one.path.removeprefix(root).strip("/")
        if one.type == pafs.FileType.File and not any(_is_no_data(name) for name in relative.split("/")):
            yield FileEntry(_join(uri, relative), relative, one.size, one.mtime_ns)


def _is_no_data(name: str) -> bool:
    return name.startswith((".", "_")) or name == CARD


def _require_utf8(relative: str) -> None:
    try:
        relative.encode()
    except UnicodeEncodeError as error:
        raise PlanError(f"file name {relative!r} is not valid UTF-8; rename the file") from error


def _join(uri: str, relative: str) -> str:
    """Address of a file below a folder.

    >>> _join("s3://bucket/data/?region=eu-north-1", "a b.jsonl")
    's3://bucket/data/a%20b.jsonl?region=eu-north-1'
    """
    if not uri.lower().startswith(_ENCODED):
        return f"{uri.rstrip('/')}/{relative}"
    base, mark, query = uri.partition("?")
    return f"{base.rstrip('/')}/{quote(relative)}{mark}{query}"


def _locate(path: str) -> tuple[pafs.FileSystem, str]:
    """The file system of a path, and what the path is called there."""
    if _SCHEME.match(path) is None:
        return _local(), path
    if not path.lower().startswith(_ENCODED):
        return _fsspec(path)
    parts = urlsplit(quote(path, safe="/%:?&=@!$'()*+,;~[]"))  # a literal space or letter is forgiven
    if parts.username or parts.password:
        raise PlanError(
            "an address with credentials in it would be written to the plan; use AWS_ACCESS_KEY_ID and so on"
        )
    if parts.scheme == "file":
        return _local(), unquote(parts.path)
    query = f"?{parts.query}" if parts.query else ""
    return _s3(f"s3://{parts.netloc}{query}"), (parts.netloc + unquote(parts.path)).rstrip("/")


@functools.cache
def _local() -> pafs.FileSystem:
    return pafs.LocalFileSystem()


@functools.cache
def _s3(bucket: str) -> pafs.FileSystem:
    try:
        return pafs.FileSystem.from_uri(bucket)[0]
    except (pa.ArrowInvalid, OSError) as error:
        raise PlanError(f"{bucket}: {error}") from error


def _fsspec(uri: str) -> tuple[pafs.FileSystem, str]:
    scheme = uri.partition("://")[0]
    try:
        core = importlib.import_module("fsspec.core")
    except ImportError as error:
        raise missing_extra("fsspec", "remote", f"reading {scheme}:// addresses") from error
    try:
        filesystem, inner = core.url_to_fs(uri)
    except ValueError as error:
        raise PlanError(f"no file system is known for {scheme}:// addresses") from error
    except ImportError as error:
        raise PlanError(f"reading {scheme}:// addresses needs one more library: {error}") from error
    return pafs.PyFileSystem(pafs.FSSpecHandler(filesystem)), inner.rstrip("/")
