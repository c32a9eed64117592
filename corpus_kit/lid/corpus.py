"""Reads the data folder a model is trained on, and says what is held out of training to measure it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pyarrow as pa

from corpus_kit.errors import PlanError
from corpus_kit.lid.labels import TWO_LETTER, UNDETERMINED
from corpus_kit.lid.markers import Document
from corpus_kit.lid.text import fold

HELD_OUT = {
    "dan_Latn": ("debian:gnome-user-docs/", "debian:debian-edu-doc/", "giellalt/"),
    "swe_Latn": ("debian:gnome-user-docs/", "debian:cfi/", "debian:lifelines-doc/", "giellalt/facta/"),
    "nob_Latn": (
        "debian:handbook/",
        "debian:debian-edu-doc-legacy/",
        "giellalt/facta/",
        "giellalt/admin/depts/udir.no",
    ),
    "nno_Latn": (
        "giellalt/facta/",
        "giellalt/science/",
        "giellalt/admin/depts/udir.no",
        "giellalt/admin/gonagasviessu",
    ),
    # icepahc-texts are the texts of a treebank, and treebanks are what public benchmarks are made of.
    "isl_Latn": ("icepahc-texts/", "giellalt/"),
    "fao_Latn": (),  # one collection only: held out by file
    "eng_Latn": ("debian:gnome-user-docs/", "nltk:inaugural/", "nltk:state_union/"),
    "fin_Latn": ("debian:gnome-user-docs/", "debian:aptitude-doc/"),
    "deu_Latn": ("debian:gnome-user-docs/", "debian:debian-edu-doc/"),
    "azj_Latn": ("react-dev-az/",),
}
"""Beginnings of the ids of whole sources, or folders of one, that are never trained on."""

_HELD_OUT_FILES = {"fao_Latn": 8, "azj_Latn": 8}
_HELD_OUT_FILES_ELSEWHERE = 25
"""Of the files of every other source, one in this many is held out too, chosen by a hash of its id."""

_SENTENCE_END = re.compile(r"(?<=[.!?:;])\s+(?=\S)")
_CODE_SIGNS = re.compile(r"[{}()\[\]<>=;/\\|$@#*_+&^~`]")


def digest(text: str) -> int:
    """A number for a text, the same in every process."""
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).digest(), "little")


class Owner:
    """Which label each line was met under. A line met under two is under the wrong one at least once (an
    untranslated paragraph) or belongs to neither (names, numbers), and nobody owns it."""

    def __init__(self, forbidden: set[int]):
        self._measured = forbidden
        self._labels: dict[int, str | None] = dict.fromkeys(forbidden)

    def is_measured(self, line: str) -> bool:
        """Whether models are measured on this line."""
        return digest(line) in self._measured

    def take(self, line: str, label: str) -> None:
        """Says that a folded line was met under a label."""
        key = digest(line)
        if self._labels.setdefault(key, label) != label:
            self._labels[key] = None

    def owns(self, line: str, label: str) -> bool:
        """Whether a line was met under this label only, and is not measured."""
        return self._labels.get(digest(line)) == label


ONE_IN = 8


def is_held_out_line(folded: str) -> bool:
    """Whether a short gold or lingua line is kept to calibrate with: one in eight, chosen by a hash of the line."""
    return digest("held out" + folded) % ONE_IN == 0


def is_held_out(document: Document) -> bool:
    """Whether a document is kept for measuring. The Universal Declaration always is."""
    if document.source == "udhr" or document.id.startswith(HELD_OUT.get(document.label, ())):
        return True
    one_in = _HELD_OUT_FILES.get(document.label, _HELD_OUT_FILES_ELSEWHERE)
    return digest(document.id) % one_in == 0


def documents(data_dir: Path) -> Iterator[Document]:
    """The documents of `text/`, language by language."""
    for name, label in TWO_LETTER.items():
        file = data_dir / "text" / f"{name}.jsonl.zst"
        if not file.exists():
            continue
        with pa.input_stream(str(file), compression="zstd") as stream:
            for line in stream.read().decode("utf-8").split("\n"):
                if line:
                    record = json.loads(line)
                    source, license = record["source"], record.get("license", "not stated")
                    yield Document(label, source, record["id"], license, record["text"])


def lines_of_code_and_text(text: str) -> tuple[list[str], list[str]]:
    """The lines that look like program code or markup, and the sentences of the others.

    >>> lines_of_code_and_text("Det er en test. Det virker!\\nif (x == y) { return z[0]; }")
    (['if (x == y) { return z[0]; }'], ['Det er en test.', 'Det virker!'])
    """
    code: list[str] = []
    sentences: list[str] = []
    for line in text.splitlines():
        line = line.strip()
        # A tenth of code signs is far above prose with brackets and slashes, and below nearly all code.
        if len(_CODE_SIGNS.findall(line)) * 10 > len(line):
            code.append(line)
        else:
            sentences += [sentence for sentence in _SENTENCE_END.split(line) if sentence]
    return code, sentences


def labelled_lines(file: Path) -> list[tuple[str, str]]:
    """Label and text of a file of gold sentences; a sentence valid in several languages is left out."""
    pairs: list[tuple[str, str]] = []
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            record = json.loads(line)
            if len(record["languages"]) == 1:
                pairs.append((TWO_LETTER[record["languages"][0]], record["text"]))
    return pairs


def lingua_lines(data_dir: Path) -> list[tuple[str, str]]:
    """Label and text of the sentences, word pairs and single words made for the lingua identifier."""
    folder = data_dir / "lid" / "lingua_testdata"
    return [
        (TWO_LETTER[file.stem], line)
        for kind in ("sentences", "word-pairs", "single-words")
        for file in sorted((folder / kind).glob("*.txt"))
        for line in file.read_text("utf-8").splitlines()
        if line.strip()
    ]


def declarations(data_dir: Path) -> dict[str, list[str]]:
    """Paragraphs of each translation of the Universal Declaration of Human Rights, by the key of its file."""
    found: dict[str, list[str]] = {}
    for file in sorted((data_dir / "lid" / "udhr").glob("udhr_*.xml")):
        paragraphs = (
            "".join(node.itertext()).strip()
            for node in ElementTree.parse(file).iter()
            if node.tag.endswith(("}para", "}title"))
        )
        found[file.stem.removeprefix("udhr_")] = [paragraph for paragraph in paragraphs if paragraph]
    return found


def stop_words(data_dir: Path) -> dict[str, list[str]]:
    """Stop words of the languages that have no label of their own."""
    file = data_dir / "wordlists" / "stopwords_iso" / "stopwords-iso.json"
    lists: dict[str, list[str]] = json.loads(file.read_text("utf-8"))
    return {name: words for name, words in sorted(lists.items()) if TWO_LETTER.get(name, UNDETERMINED) == UNDETERMINED}


def measured_digests(data_dir: Path) -> set[int]:
    """Digests of the folded sentences that models are measured on: none of these may be trained on."""
    files = sorted((data_dir / "lid").glob("gold_dev*.jsonl"))
    texts = [json.loads(line)["text"] for file in files for line in file.read_text("utf-8").splitlines()]
    for paragraphs in declarations(data_dir).values():
        for paragraph in paragraphs:
            texts += lines_of_code_and_text(paragraph)[1]
    return {digest(fold(text)) for text in texts}


def require(data_dir: Path) -> None:
    """Raises a `PlanError` naming the first part of the data folder that is absent."""
    for part in ("text", "lid/gold_train_short.jsonl", "lid/lingua_testdata", "lid/udhr", "wordlists/stopwords_iso"):
        if not (data_dir / part).exists():
            raise PlanError(f"the data folder {data_dir} has no {part}: a model cannot be trained from it")
