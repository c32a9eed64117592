"""Our rules against datatrove's filters, document by document, and why their verdicts differ.

A verdict is the first rule that fails, in datatrove's order, or none. Where the two differ, datatrove's filter is run
again with its own parts replaced by ours, one after the other (its word tokenizer, its joined n-grams, its lines, ...).
The part after which the verdicts are equal, and stay so, is why they differed.

    python tests/agreement.py --data FOLDER      prints the tables of docs/agreement.md
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import importlib.util
import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from agreement_families import Document, Family, families

from corpus_kit.language import profile_for
from corpus_kit.metrics import measure
from corpus_kit.rules import Rule, verdicts

EXAMPLES = Path(__file__).resolve().parents[1] / "examples" / "data"
HAS_SPACY = importlib.util.find_spec("spacy") is not None

MAX_CHARACTERS = 20_000
"""Longer documents are left out, so that a thousand take a minute."""

LABELS = {
    "da": "dan_Latn", "nb": "nob_Latn", "nn": "nno_Latn", "sv": "swe_Latn", "is": "isl_Latn", "fo": "fao_Latn",
    "fi": "fin_Latn", "de": "deu_Latn", "en": "eng_Latn", "az": "azj_Latn",
}  # fmt: skip


# --- documents ---------------------------------------------------------------------------------------------------


def real_documents(folder: Path, many: int) -> list[Document]:
    """Documents of the data folder: a tenth of each language, those whose ids have the lowest hashes."""
    pools = [_pool(folder / "text" / f"{code}.jsonl.zst", label) for code, label in LABELS.items()]
    share = many // len(pools)
    chosen = [one for pool in pools for one in pool[:share]]
    rest = sorted((one for pool in pools for one in pool[share:]), key=_rank)
    return [*chosen, *rest[: many - len(chosen)]]


def example_documents() -> list[Document]:
    """Documents of examples/data that name their language."""
    known = {label[:3]: label for label in LABELS.values()}
    rows = [
        *((row, "text") for row in _json_lines(EXAMPLES / "udhr" / "articles.jsonl")),
        *((row, "body") for row in _json_lines(EXAMPLES / "debian-handbook" / "sections.jsonl.zst")),
        *((row, "text") for row in pq.read_table(EXAMPLES / "gnome-help" / "pages.parquet").to_pylist()),
    ]
    found = []
    for number, (row, field) in enumerate(rows):
        text, language = row.get(field), row.get("language")
        if isinstance(text, str) and language in known and len(text) <= MAX_CHARACTERS:  # some records are broken
            found.append(Document(str(number), text, known[language]))
    return found


def _pool(path: Path, label: str) -> list[Document]:
    rows = (Document(row["id"], row["text"], label) for row in _json_lines(path))
    return sorted((one for one in rows if len(one.text) <= MAX_CHARACTERS), key=_rank)


def _rank(one: Document) -> bytes:
    return hashlib.sha256(one.id.encode()).digest()


def _json_lines(path: Path) -> Iterator[dict[str, Any]]:
    packing = "zstd" if path.suffix == ".zst" else None
    with pa.OSFile(str(path)) as file, pa.input_stream(file, compression=packing) as stream:
        for line in stream.read().splitlines():
            with contextlib.suppress(json.JSONDecodeError):
                yield json.loads(line)


# --- ours --------------------------------------------------------------------------------------------------------


def our_verdicts(rules: Sequence[Rule], documents: Sequence[Document]) -> list[str | None]:
    """The first failing rule of each document."""
    labels = sorted({one.lang for one in documents})
    which = np.array([labels.index(one.lang) for one in documents], np.int64)
    names = dict.fromkeys(name for rule in rules for name in rule.metrics)
    lists = [profile_for(label).lists for label in labels]
    measured = measure(names, pa.array([one.text for one in documents], pa.large_string()), lists, which)
    first: dict[int, str] = {}
    for reason in verdicts(rules, measured):
        first.setdefault(reason.row, reason.code)
    return [first.get(row) for row in range(len(documents))]


# --- comparing ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Outcome:
    """How one family fared on some documents."""

    family: Family
    ours: tuple[str | None, ...]
    first: tuple[str | None, ...]
    """datatrove's verdicts out of the box; where there is no spaCy to ask, with our words or sentences."""
    last: tuple[str | None, ...]
    """datatrove's verdicts when all steps are done."""
    why: Mapping[int, str]
    """Document whose verdicts differ at first -> the step after which they are equal for good, or `unexplained`."""

    @property
    def classes(self) -> Counter[str]:
        """How many documents differ at first, by step."""
        return Counter(self.why.values())

    def decided_alike(self) -> int:
        """Documents that both keep, or both reject, at first."""
        return sum((a is None) == (b is None) for a, b in zip(self.ours, self.first, strict=True))

    def moves(self) -> Counter[tuple[str | None, str | None]]:
        """(their verdict, ours) -> documents, where they differ at first."""
        return Counter((self.first[row], self.ours[row]) for row in self.why)


def compare(family: Family, documents: Sequence[Document], *, with_spacy: bool = HAS_SPACY) -> Outcome:
    """Runs a family's filters as they are, then with every step done, then step by step where they differed."""
    done = 0 if with_spacy else next(i + 1 for i, step in enumerate(family.steps) if step in ("words", "sentences"))
    judged = [one._replace(text=family.judged(one.text)) for one in documents]
    ours = our_verdicts(family.rules, judged)
    first = [family.verdict(one, frozenset(family.steps[:done])) for one in documents]
    last = [family.verdict(one, frozenset(family.steps)) for one in documents]
    why = {
        row: _why(family, documents[row], ours[row], done)
        for row in range(len(documents))
        if first[row] != ours[row] or last[row] != ours[row]
    }
    return Outcome(family, tuple(ours), tuple(first), tuple(last), why)


def _why(family: Family, document: Document, ours: str | None, done: int) -> str:
    """The last step that still changed the verdict to ours."""
    for count in range(len(family.steps), done - 1, -1):
        if family.verdict(document, frozenset(family.steps[:count])) != ours:
            return "unexplained" if count == len(family.steps) else family.steps[count]
    raise AssertionError("the verdicts do not differ")


def tables(outcomes: Sequence[Outcome]) -> str:
    """The table of docs/agreement.md."""
    total = len(outcomes[0].ours)
    lines = [
        f"| filter | datatrove rejects | we reject | same verdict, of {total:,} | both keep or both reject | why not |",
        "| --- | ---: | ---: | ---: | ---: | --- |",
    ]
    for one in outcomes:
        rejects = [sum(code is not None for code in side) for side in (one.first, one.ours)]
        same = sum(a == b for a, b in zip(one.ours, one.first, strict=True))
        why = ", ".join(
            f"{step} {one.classes[step]}" for step in (*one.family.steps, "unexplained") if one.classes[step]
        )
        lines.append(
            f"| {one.family.name} | {rejects[0]} | {rejects[1]} | {same} | {one.decided_alike()} | {why or '-'} |"
        )
    return "\n".join(lines)


def versions() -> str:
    """What the numbers depend on."""
    return ", ".join(f"{name} {metadata.version(name)}" for name in ("datatrove", "spacy"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="folder of real data; without it, examples/data is used")
    parser.add_argument("--documents", type=int, default=1000)
    chosen = parser.parse_args()
    if not HAS_SPACY:
        sys.exit("spaCy is not installed, and without it datatrove's filters cannot run as they are")
    documents = real_documents(chosen.data, chosen.documents) if chosen.data else example_documents()
    outcomes = [compare(family, documents) for family in families()]
    sys.stdout.write(f"{versions()}\n\n{tables(outcomes)}\n")
    for one in outcomes:
        sys.stdout.write(f"\n{one.family.name}: most frequent differences\n")
        for (theirs, ours), many in one.moves().most_common(5):
            sys.stdout.write(f"  {many:4}  datatrove: {theirs or 'keeps'}; here: {ours or 'keeps'}\n")


if __name__ == "__main__":
    main()
