"""The sample in examples/data: what its cards, README, provenance and list of planted documents say is true."""

import base64
import collections
import doctest
import gzip
import hashlib
import importlib
import json
import re
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fastwarc.warc import ArchiveIterator, WarcRecordType

from corpus_kit.card import load_card
from corpus_kit.inputs import resolve_inputs

EXAMPLES = Path(__file__).parents[1] / "examples"
DATA = EXAMPLES / "data"
PLANTED = json.loads((DATA / "planted.json").read_text("utf-8"))
PROVENANCE = json.loads((DATA / "provenance.json").read_text("utf-8"))
SOURCES = tuple(PROVENANCE["documents"])
FOLDER_LANGUAGES = {"da": "dan", "sv": "swe", "en-US": "eng", "nn": "nno", "nb": "nob", "en": "eng"}


class Stored(NamedTuple):
    """A document as it lies in its file: a text, or the bytes of a page with their charset."""

    content: str | bytes | None
    language: str | None
    charset: str | None = None
    url: str | None = None


def place(at):
    """Where a document lies, as a key: its file, and the position in it if there is one."""
    return at["file"], at.get("line", at.get("row", at.get("offset")))


def read_warc():
    path = DATA / "libreoffice-help/pages.warc.gz"
    with path.open("rb") as file:
        for record in ArchiveIterator(file, record_types=WarcRecordType.response, parse_http=True):
            url = record.headers["WARC-Target-URI"]
            language = FOLDER_LANGUAGES.get(url.split("/")[4]) if record.http_content_type == "text/html" else None
            stored = Stored(record.reader.read(), language, record.http_charset, url)
            yield ("libreoffice-help/pages.warc.gz", record.stream_pos), stored


def read_jsonl(name, data, text):
    for number, line in enumerate(data.splitlines()):
        try:
            record = json.loads(line)
        except json.JSONDecodeError:
            record = {}
        yield (name, number), Stored(record.get(text), record.get("language"))


def read_files(source, folder, suffix):
    for path in sorted((DATA / source / folder).rglob(f"*{suffix}")):
        relative = path.relative_to(DATA).as_posix()
        data = path.read_bytes()
        content = data if suffix == ".html" else data.decode()
        yield (relative, None), Stored(content, FOLDER_LANGUAGES.get(relative.split("/")[2]), "utf-8")


def read_all():
    """Every record of every file, by place."""
    handbook, messages = "debian-handbook/sections.jsonl.zst", "mediawiki-messages/messages.jsonl.gz"
    with pa.input_stream(str(DATA / handbook), compression="zstd") as stream:
        sections = stream.read()
    rows = pq.read_table(DATA / "gnome-help/pages.parquet").to_pylist()
    pages = (
        (("gnome-help/pages.parquet", number), Stored(row["text"], row["language"])) for number, row in enumerate(rows)
    )
    udhr = "udhr/articles.jsonl"
    return dict(
        [
            *read_warc(),
            *read_files("gimp-help", "pages", ".html"),
            *read_jsonl(handbook, sections, "body"),
            *read_files("debian-edu", "texts", ".txt"),
            *pages,
            *read_jsonl(udhr, (DATA / udhr).read_bytes(), "text"),
            *read_jsonl(messages, gzip.decompress((DATA / messages).read_bytes()), "messages"),
        ]
    )


@pytest.fixture(scope="module")
def stored():
    return read_all()


def junk(kind, stored):
    found = [stored[place(one["at"])] for one in PLANTED["junk"] if one["kind"] == kind]
    assert found
    return found


def test_the_sample_is_between_3_and_6_megabytes():
    sizes = [path.stat().st_size for path in DATA.rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc")]
    assert 3_000_000 < sum(sizes) < 6_000_000


def test_files_have_the_digests_that_provenance_records():
    digests = {name: hashlib.sha256((DATA / name).read_bytes()).hexdigest() for name in PROVENANCE["files"]}
    assert digests == PROVENANCE["files"]
    there = {path.relative_to(DATA).as_posix() for source in SOURCES for path in (DATA / source).rglob("*")}
    assert {name for name in there if (DATA / name).is_file() and not name.endswith("source.yaml")} == set(digests)


@pytest.mark.parametrize("source", SOURCES)
def test_cards_name_a_license_and_the_version_of_the_packages_that_prove_it(source):
    card = load_card(DATA / source / "source.yaml")
    versions = {package["name"]: package["version"] for package in PROVENANCE["packages"]}
    evidence = [card.rights.evidence] if isinstance(card.rights.evidence, str) else card.rights.evidence
    named = [re.search(r"of (?:npm )?package (\S+) version ([^\s:]+(?::[^\s:]+)?)", line) for line in evidence]
    assert card.id == source
    assert card.rights.applies_to == "content"
    assert card.rights.basis == ("public-domain" if source == "udhr" else "licence")
    assert [(match[1], match[2]) for match in named if match] == [
        (match[1], versions[match[1]]) for match in named if match
    ]
    assert all(named)


def test_the_list_of_inputs_names_every_source_once():
    inputs = resolve_inputs([f"@{DATA / 'inputs.txt'}"])
    assert sorted(one.card.id for one in inputs) == sorted(SOURCES)


def test_counts_by_language_agree_with_the_files(stored):
    counts = {source: collections.Counter() for source in SOURCES}
    relabeled = {place(one["at"]): one["language"] for one in PLANTED["junk"]}
    copied = {place(one["copy"]): one["language"] for one in PLANTED["exact_duplicates"]}
    damaged = {place(one["at"]) for one in PLANTED["damaged"]}
    for at, document in stored.items():
        if at in {(file, position) for file, position in damaged}:
            continue
        language = relabeled.get(at) or copied.get(at) or document.language
        counts[at[0].split("/")[0]][language] += 1
    assert {source: dict(found) for source, found in counts.items()} == PROVENANCE["documents"]


def test_every_language_has_enough_documents():
    planted = collections.Counter(one["language"] for one in PLANTED["junk"])
    for kind in ("exact_duplicates", "near_duplicates"):
        planted.update(one["language"] for one in PLANTED[kind])
    totals = sum((collections.Counter(found) for found in PROVENANCE["documents"].values()), collections.Counter())
    least = {"dan": 250, "swe": 350, "nob": 200, "nno": 200, "eng": 300, "isl": 150, "fao": 90, "fin": 30, "deu": 100}
    assert {language: totals[language] - planted[language] >= few for language, few in least.items()} == dict.fromkeys(
        least, True
    )


def test_readme_has_the_counts_and_licenses():
    rows = re.findall(r"^\| `([a-z-]+)` \| .* \| (\S.*) \| (.*) \|$", (DATA / "README.md").read_text("utf-8"), re.M)
    stated = {source: (license, counts) for source, license, counts in rows}
    assert stated == {
        source: (
            load_card(DATA / source / "source.yaml").rights.spdx,
            ", ".join(f"{language} {number}" for language, number in found.items()),
        )
        for source, found in PROVENANCE["documents"].items()
    }


def test_exact_duplicates_are_the_same_and_cross_sources_and_formats(stored):
    pairs = PLANTED["exact_duplicates"]
    different = [one for one in pairs if stored[place(one["original"])].content != stored[place(one["copy"])].content]
    suffixes = {(Path(one["original"]["file"]).suffix, Path(one["copy"]["file"]).suffix) for one in pairs}
    assert len(pairs) >= 30
    assert different == []
    assert {(".zst", ".txt"), (".parquet", ".zst"), (".jsonl", ".parquet")} <= suffixes
    assert all(place(one["original"]) != place(one["copy"]) for one in pairs)


def shingles(text):
    words = text.split()
    return {tuple(words[at : at + 5]) for at in range(len(words) - 4)}


def test_near_duplicates_have_the_jaccard_that_is_recorded(stored):
    measured = []
    for one in PLANTED["near_duplicates"]:
        ours, theirs = (shingles(stored[place(one[end])].content) for end in ("original", "copy"))
        measured.append(round(len(ours & theirs) / len(ours | theirs), 6))
    assert len(measured) >= 60
    assert measured == [one["jaccard"] for one in PLANTED["near_duplicates"]]
    assert min(measured) < 0.5
    assert sum(value >= 0.8 for value in measured) >= 40


def test_junk_is_what_its_kind_says(stored):
    assert len(PLANTED["junk"]) >= 40
    assert {one["kind"] for one in PLANTED["junk"]} == set(PLANTED["junk_kinds"])
    assert {len(set(one.content.split())) for one in junk("one_word", stored)} == {1}
    assert {len(set(one.content.splitlines())) for one in junk("repeated_lines", stored)} == {1}
    assert all(len(base64.b64decode(one.content).decode()) > 100 for one in junk("base64", stored))
    assert {line[0] for one in junk("bullet_list", stored) for line in one.content.splitlines()} <= set("•-")
    assert {one.language for one in junk("english_in_translation", stored)} == {"dan"}
    assert all(b'<html lang="en-US"' in one.content for one in junk("english_in_translation", stored))
    assert sorted(b"</body>" in one.content for one in junk("empty_page", stored)) == [False, True, True]
    pages = [one.content for one in junk("mojibake", stored) if isinstance(one.content, bytes)]
    assert all("Ã".encode() in page for page in pages)


def test_damaged_records_are_damaged_as_recorded(stored):
    damaged = {one["kind"]: stored[place(one["at"])] for one in PLANTED["damaged"]}
    lines = (DATA / "udhr/articles.jsonl").read_bytes().splitlines()
    cut = next(one["at"] for one in PLANTED["damaged"] if one["kind"] == "invalid_json")
    assert damaged["no_text"].content is None
    assert damaged["text_is_no_string"].content == 1948
    assert damaged["not_html"].content.startswith(b"\x89PNG")
    with pytest.raises(json.JSONDecodeError):
        json.loads(lines[cut["line"]])
    assert b"\n".join(lines)[cut["offset"] :].startswith(lines[cut["line"]])


def test_the_warc_is_well_formed_and_its_charsets_are_true(stored):
    kinds = collections.Counter()
    with (DATA / "libreoffice-help/pages.warc.gz").open("rb") as file:
        for record in ArchiveIterator(file, parse_http=False, verify_digests=False):
            kinds[record.headers["WARC-Type"]] += 1
            assert record.headers["WARC-Date"].startswith("2026-11-01T12:")
            assert record.verify_block_digest()
    pages = [document for at, document in stored.items() if at[0].endswith(".warc.gz") and document.charset]
    latin1 = [page for page in pages if page.charset == "iso-8859-1"]
    assert kinds == {"warcinfo": 1, "request": kinds["response"], "response": len(pages) + 1}
    assert len(latin1) >= 20
    assert all(b"charset=iso-8859-1" in page.content for page in latin1)
    assert all(page.content.decode(page.charset) is not None for page in pages)


def test_no_path_of_a_machine_is_in_what_was_written_here(stored):
    written = [
        path for path in DATA.rglob("*") if path.suffix in (".json", ".yaml", ".md", ".py") or path.name == "inputs.txt"
    ]
    machine = re.compile(r"/(work|root|tmp|home|Users|mnt)/")
    assert [
        path.name for path in [*written, EXAMPLES / "build_data.py"] if machine.search(path.read_text("utf-8"))
    ] == []
    here = str(EXAMPLES.parent)
    assert not any(
        here in (c if isinstance(c, str) else repr(c)) for c in (document.content for document in stored.values())
    )


@pytest.mark.parametrize("name", ["texts", "plants"])
def test_the_examples_in_the_building_modules_hold(name, monkeypatch):
    pytest.importorskip("lxml")
    monkeypatch.syspath_prepend(str(EXAMPLES))
    tried = doctest.testmod(importlib.import_module(f"data.making.{name}"))
    assert (tried.failed, tried.attempted > 0) == (0, True)
