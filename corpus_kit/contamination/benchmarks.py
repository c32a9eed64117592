"""Reads benchmark files: which of their texts are looked for in a corpus, and how each is called in reports."""

from __future__ import annotations

import csv
import io
import json
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from corpus_kit.compression import DamagedInput
from corpus_kit.errors import RecipeError, suggest
from corpus_kit.storage import decompressed

_COMPRESSED = (".gz", ".zst", ".bz2", ".xz")


class Benchmark(BaseModel):
    """Files of one benchmark, and which of their fields are looked for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    files: str | Annotated[dict[str, str], Field(min_length=1)]
    """A file, or a file for each split of the benchmark, as in `{dev: dev.jsonl, test: test.jsonl}`. JSON, JSON lines,
    CSV, TSV, Parquet, or plain text with one example a line; `.gz`, `.zst`, `.bz2` and `.xz` are read too."""
    fields: tuple[str, ...] | None = Field(default=None, min_length=1)
    """Fields whose texts are looked for, each text for itself; dots lead into objects, and lists are gone through, as
    in `qas.question`. By default every string."""
    records: str | None = None
    """Where the examples of a JSON document are, as in `data.paragraphs`. By default the document is the list."""
    id: str | None = None
    """Field that names an example in reports, beside its number."""

    def paths(self) -> dict[str, Path]:
        """Split of the benchmark -> file; the split of a single file is empty."""
        given = {"": self.files} if isinstance(self.files, str) else self.files
        return {split: Path(path) for split, path in given.items()}


def _short(value: Any) -> Any:
    return {name: {"files": one} if isinstance(one, str) else one for name, one in value.items()}


Benchmarks = Annotated[
    dict[Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")], Benchmark],
    Field(min_length=1),
    BeforeValidator(lambda value: _short(value) if isinstance(value, dict) else value),
]
"""Benchmarks by name; a string is a file of which every string is looked for."""


class Text(NamedTuple):
    """One text that is looked for."""

    benchmark: str
    split: str
    example: int
    """Number of the example in its file, from 0 on."""
    id: str
    field: str
    text: str


def files_of(benchmarks: Mapping[str, Benchmark]) -> list[Path]:
    """Every file. Raises RecipeError for one that is not there, and for two that a plan could not tell apart."""
    found: dict[tuple[str, str], Path] = {}
    for name, benchmark in benchmarks.items():
        for path in benchmark.paths().values():
            if not path.is_file():
                near = suggest(path.name, [one.name for one in path.parent.iterdir()]) if path.parent.is_dir() else ""
                raise RecipeError(f"benchmark {name!r}: no file at {path}" + (f"; {near}" if near else ""))
            other = found.setdefault((path.parent.name, path.name), path)
            if other.resolve() != path.resolve():
                raise RecipeError(f"{other} and {path} have the same name and folder name; rename one of them")
    return list(found.values())


def read_texts(benchmarks: Mapping[str, Benchmark]) -> list[Text]:
    """Every text that is looked for, in Unicode's composed form (NFC), as documents are after `normalize`.

    Raises RecipeError with file and field for what cannot be read or is not there.
    """
    return [
        text
        for name, benchmark in benchmarks.items()
        for split, path in benchmark.paths().items()
        for text in _texts(name, split, path, benchmark)
    ]


def _texts(name: str, split: str, path: Path, benchmark: Benchmark) -> Iterator[Text]:
    seen: set[str] = set()
    known: set[str] = set()
    for number, record in enumerate(_records(path, benchmark)):
        named = [] if benchmark.id is None else [str(value) for value in _values(record, benchmark.id.split("."))]
        if benchmark.id is not None and not named:
            raise RecipeError(f"{path}: example {number} has no field {benchmark.id!r}")
        for field, text in strings(record):
            known.add(field)
            if benchmark.fields is None or field in benchmark.fields:
                seen.add(field)
                yield Text(name, split, number, ", ".join(named), field, unicodedata.normalize("NFC", text))
    for field in benchmark.fields or ():
        if field not in seen:
            raise RecipeError(f"{path}: no example has a text in field {field!r}; {suggest(field, known)}")
    if not seen:
        raise RecipeError(f"{path}: no example has a text")


def strings(record: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Every string in a record with the field it stands in.

    >>> list(strings({"q": "Ja?", "a": [{"text": "Nej"}, {"text": "Jo"}], "n": 3}))
    [('q', 'Ja?'), ('a.text', 'Nej'), ('a.text', 'Jo')]
    """
    if isinstance(record, str):
        yield prefix, record
    elif isinstance(record, dict):
        for name, value in record.items():
            yield from strings(value, f"{prefix}.{name}" if prefix else str(name))
    elif isinstance(record, list):
        for value in record:
            yield from strings(value, prefix)


def _values(value: Any, parts: Sequence[str]) -> Iterator[Any]:
    if isinstance(value, list):
        for one in value:
            yield from _values(one, parts)
    elif not parts:
        yield value
    elif isinstance(value, dict) and parts[0] in value:
        yield from _values(value[parts[0]], parts[1:])


def _records(path: Path, benchmark: Benchmark) -> Iterator[Any]:
    name = path.name
    for ending in _COMPRESSED:
        name = name.removesuffix(ending)
    ending = Path(name).suffix.lower()
    if ending not in _READERS:
        raise RecipeError(f"{path}: benchmarks are {', '.join(_READERS)} files, not {ending or 'without ending'}")
    try:
        if ending == ".parquet":
            return _READERS[ending](path, benchmark)
        with decompressed(str(path)) as raw, io.TextIOWrapper(io.BufferedReader(raw), "utf-8-sig") as file:
            return iter(list(_READERS[ending](file, benchmark)))
    except RecipeError as error:
        raise RecipeError(f"{path}: {error}") from None
    except (UnicodeDecodeError, json.JSONDecodeError, csv.Error, DamagedInput) as error:
        # The position, never the message of a decoder that shows what it met.
        where = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
        raise RecipeError(f"{path} cannot be read as {ending}{where}: {type(error).__name__}") from None


def _json(file: io.TextIOWrapper, benchmark: Benchmark) -> Iterator[Any]:
    document = json.load(file)
    found = list(_values(document, (benchmark.records or "").split(".") if benchmark.records else []))
    if isinstance(document, dict) and benchmark.records is None:
        lists = [name for name, value in document.items() if isinstance(value, list)]
        near = f", as in `records: {lists[0]}`" if lists else ""
        raise RecipeError(f"the document is no list; say where its examples are{near}")
    if not found:
        keys = document if isinstance(document, dict) else ()
        raise RecipeError(f"there is nothing at {benchmark.records!r}; {suggest(str(benchmark.records), keys)}")
    return iter(found)


def _json_lines(file: io.TextIOWrapper, benchmark: Benchmark) -> Iterator[Any]:
    return (json.loads(line) for line in file if line.strip())


def _separated(delimiter: str) -> Callable[[io.TextIOWrapper, Benchmark], Iterator[Any]]:
    return lambda file, benchmark: iter(csv.DictReader(file, delimiter=delimiter))


def _lines(file: io.TextIOWrapper, benchmark: Benchmark) -> Iterator[Any]:
    return ({"text": line.rstrip("\n")} for line in file if line.strip())


def _parquet(path: Path, benchmark: Benchmark) -> Iterator[Any]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return iter(pq.read_table(path, use_threads=False).to_pylist())
    except pa.ArrowInvalid:
        raise RecipeError("it is no Parquet file") from None


_READERS: dict[str, Callable[[Any, Benchmark], Iterator[Any]]] = {
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
    ".json": _json,
    ".csv": _separated(","),
    ".tsv": _separated("\t"),
    ".parquet": _parquet,
    ".txt": _lines,
}
