"""The text that is measured on: real documents of the data folder, sampled to a size, the same for all."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

ROOT = Path(__file__).resolve().parents[1]
LANGUAGES = {
    "da": "dan_Latn",
    "nb": "nob_Latn",
    "nn": "nno_Latn",
    "sv": "swe_Latn",
    "is": "isl_Latn",
    "fo": "fao_Latn",
    "fi": "fin_Latn",
    "de": "deu_Latn",
    "en": "eng_Latn",
    "az": "azj_Latn",
}


class NoData(Exception):
    """There is nothing to measure on."""


def data_folder() -> Path:
    """`$CORPUS_KIT_DATA`, or the folder `shared/data` beside the checkout."""
    named = os.environ.get("CORPUS_KIT_DATA")
    folder = Path(named) if named else ROOT.parent / "shared" / "data"
    if not (folder / "text").is_dir():
        raise NoData("no real text to measure on: set CORPUS_KIT_DATA to a folder with text/LANGUAGE.jsonl.zst")
    return folder


def documents() -> pa.Table:
    """Every document of the folder: id, text, lang."""
    ids, texts, langs = [], [], []
    for short, label in LANGUAGES.items():
        for record in records(data_folder() / "text" / f"{short}.jsonl.zst"):
            ids.append(f"{short}-{len(ids)}")
            texts.append(record["text"])
            langs.append(label)
    return pa.table({"id": ids, "text": pa.array(texts, pa.large_string()), "lang": langs})


def records(path: Path) -> Iterator[dict]:
    """The lines of a compressed JSONL file."""
    with pa.input_stream(str(path), compression="zstd") as stream:
        yield from map(orjson.loads, stream.read().splitlines())


def sample(size: int, *, seed: int = 1) -> pa.Table:
    """Documents drawn at random, in rounds without replacement, until there are `size` bytes of text."""
    every = documents()
    lengths = [len(text.as_buffer()) for text in every["text"]]
    source = random.Random(seed)
    chosen: list[int] = []
    total = 0
    while total < size:
        order = list(range(every.num_rows))
        source.shuffle(order)
        for row in order:
            chosen.append(row)
            total += lengths[row]
            if total >= size:
                break
    drawn = every.take(pa.array(chosen)).combine_chunks()
    numbered = pa.array([f"{one}-{i}" for i, one in enumerate(drawn["id"].to_pylist())])
    return drawn.set_column(0, "id", numbered)


def text_bytes(table: pa.Table) -> int:
    """Bytes of text in UTF-8."""
    return sum(chunk.nbytes - 8 * (len(chunk) + 1) for chunk in table["text"].chunks)


def write_files(table: pa.Table, folder: Path, files: int) -> Path:
    """The rows as Parquet files of equal size."""
    folder.mkdir(parents=True, exist_ok=True)
    step = -(-table.num_rows // files)
    for i in range(files):
        part = table.slice(i * step, step)
        pq.write_table(part, folder / f"{i:04d}.parquet", compression="zstd", row_group_size=2000)
    return folder
