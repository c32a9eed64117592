"""Writes the card of a language model: what it is, what it was trained on, how good it is and where it fails."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from corpus_kit.lid.evaluate import LENGTHS, Report, length_name
from corpus_kit.lid.labels import LABELS, UNDETERMINED
from corpus_kit.lid.packages import PACKAGES
from corpus_kit.lid.prepare import Prepared

_INTRODUCTION = """\
A fastText model that tells Danish, Swedish, Norwegian Bokmål, Norwegian Nynorsk, Icelandic, Faroese and English
apart, with German, Finnish and Azerbaijani (Latin script) as neighbors. Anything else is `und`: other languages,
program code, junk. It is read by `corpus_kit.lid`, which gives it a sample of the text in lower-case letters only
(`corpus_kit/lid/text.py`), calls text that is mostly in another script than Latin `und` without asking the model, reads
on in long texts that the sample leaves in doubt, where it also counts the words that only one Norwegian has, and
calibrates its scores with the maps in the `.json` file of the same name.

It is made by `corpus-kit lid fetch --output TRANSLATIONS` and
`corpus-kit lid train --data DIR --translations TRANSLATIONS --output FILE`; the same data, versions and processor
family give the same bytes. It is meant for sorting documents and paragraphs of corpora of these languages; for single
words and names it is not reliable, and it is no judge of dialects, of Danish written in Norway before 1900, or of the
languages of persons.
"""

_SOURCES = """\
Text was cut into fragments, sentences, paragraphs and windows of at most 800 characters; some copies have their
diacritics removed or scanning errors added, and some lines have a smaller part in another language. Sources of a
language give by the square root of their size; Nynorsk documents are cut up twice, and no collection has more than
twice as much of one Norwegian to give as of the other. Lines that occur under two labels, English sentences in
documents of another language, lines and documents of one Norwegian whose words are of the other, and lines whose label
a first quick model is sure is wrong are left out. Sámi sentences, of which there are many in pages in two languages,
are `und`. Treebanks, Tatoeba, FLORES, WiLI and the Universal Declaration, which benchmarks are made of, were not
trained on.

**Faroese is nearly all administrative and news text of one collection (GiellaLT) with no stated licence**: expect
worse results on fiction, speech and social media. The Bokmål and Nynorsk labels of some law texts come from
marker words.
"""

_OTHER_SOURCES = """\
| all | sentences, word pairs and single words of the lingua identifier (7 in 8, 4 copies) | Apache-2.0 |
| da, sv, nb, nn, `und` | short SLIDE sentences, none a development sentence (7 in 8, 7 to 16 copies) | not stated |
| `und` | sentences made of the stop words of other languages (stopwords-iso) | MIT |
| `und` | lines of code and markup met in the documents above; random letters | as above |
"""

_MEASURED = """\
The gold sentences were not trained on; a dozen settings were compared on them beside held-out short sentences. Whole
documents are of held-out sources and files (`HELD_OUT` in `corpus_kit/lid/corpus.py`); lines that they share with
other documents of their language may have been trained on. Faroese and Azerbaijani have no second source, so their
figures flatter them. Icelandic is mostly historical text, of the 12th to the 20th century. Shorter texts are sentences,
fragments and paragraphs cut from the same documents; their labels are those of the document, so names, headings and
quotations in another language count as mistakes.
"""

_PERTURBED = """\
Held-out sentences of 40 to 119 letters after each kind of damage, percent right. Capitals and digits are folded away.
Missing letters are `blabaer` for `blåbær` and `blaabaer`; scanned text has one letter in 25 wrong.
"""

_CALIBRATED = """\
Of texts with score 0.9, about nine in ten are labelled right. The maps from fastText's scores to these were fitted, for
each class of length, on lines kept out of training and on half of the held-out documents; below are the gold sentences
and the other half. The error is the expected calibration error (ten bins). Of the documents' short pieces many are
names, whose label is the document's.
"""

_CONFUSIONS = """\
Bokmål and Nynorsk sentences of a few words are often both, and Danish and Bokmål share many. A short text of another
language can get any label. A page half of which is English can be called either, and one half of which is Sámi can be
`und`. Kven is called Finnish. The Faroese
collection holds Danish: of its held-out pieces of 250 characters and more that are called Danish, all 60 have more
Danish function words than Faroese ones. The most frequent wrong labels of the short texts above:
"""


def render(facts: Mapping[str, str], prepared: Prepared, report: Report) -> str:
    """The card as Markdown."""
    parts = [
        "# Language model " + facts["file"],
        _INTRODUCTION,
        _table(("property", "value"), [*facts.items(), ("labels", ", ".join(LABELS))]),
        "## Training sources and licences",
        _SOURCES,
        _source_table(prepared) + "\n" + _OTHER_SOURCES,
        "## Accuracy",
        _MEASURED,
        _accuracy(report),
        "## Damaged text",
        _PERTURBED,
        _perturbed(report),
        "## Calibration",
        _CALIBRATED,
        _reliability(report),
        "## Known confusions",
        _CONFUSIONS,
        _table(
            ("language", "called", "times"),
            [(a, b, f"{times}") for (a, b), times in report.confusions.most_common(20)],
        ),
    ]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _table(heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [heads, ("---",) * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _source_table(prepared: Prepared) -> str:
    """Sources by label; the many languages of `und` in one row, since they come from the same packages."""
    other = {source: count for (_, source, _), count in prepared.sources.items() if source.startswith("other:")}
    rows = [
        (f"`{label}`", f"{source} ({count:,} pieces)", license)
        for (label, source, license), count in sorted(prepared.sources.items())
        if source not in other and count
    ]
    if other:
        text = f"messages of the packages above in {len(other)} other languages ({sum(other.values()):,} pieces)"
        rows.append((f"`{UNDETERMINED}`", text, "as above"))
    packages = ", ".join(f"{package.name} {package.version} ({package.license})" for package in PACKAGES)
    return (
        f"Software messages are from these packages: {packages}. Many are under the GPL, as "
        "are manuals below: the model holds weights of letter groups and words learned from them, and no sentences.\n\n"
        + _table(("label", "source", "licence, as the record has it"), rows)
    )


def _accuracy(report: Report) -> str:
    gold = [
        (name, f"{score.texts}", f"{score.percent:.1f}", f"{report.gold_short[name].percent:.1f}")
        for name, score in report.gold.items()
    ]
    documents = [(name, f"{s.texts}", f"{s.percent:.2f}") for name, s in sorted(report.documents.items())]
    lines = ", ".join(f"{key} {label}" for key, label in report.declarations.items())
    english, shown = report.declared_but_other, report.shown_english
    return "\n\n".join(
        [
            "Scandinavian gold sentences (SLIDE, development part; `und` there is any label but the other four), "
            "percent right:",
            _table(("class", "sentences", "right %", "short ones right %"), gold),
            f"Documents, percent right ({report.left_out} held-out documents are left out, since their function words "
            "say that they are of the other Norwegian, or that a third of them is English, Sámi or of a close "
            "language):",
            _table(("language", "documents", "right %"), documents),
            "By length in characters, percent right (number of texts):",
            _by_length(report),
            f"Translations of the Universal Declaration of Human Rights, each as one document: {lines}.",
            f"Of {english.texts:,} pages declared to be in another language whose text is nearly all English, "
            f"{english.percent:.1f}% are called English. Not all of them are: of the {shown.texts:,} whose function "
            "words show that at least a third is English, as most are, "
            f"{shown.percent:.1f}% are called English (other pages of the same manuals were trained on).",
        ]
    )


def _by_length(report: Report) -> str:
    names = [length_name(size) for size in (1, *LENGTHS)]
    cells: dict[str, dict[str, str]] = defaultdict(dict)
    for (label, name), score in report.lengths.items():
        cells[label][name] = f"{score.percent:.1f} ({score.texts})"
    rows = [(label, *(found.get(name, "") for name in names)) for label, found in sorted(cells.items())]
    return _table(("language", *names), rows)


def _perturbed(report: Report) -> str:
    names = list(dict.fromkeys(name for _, name in report.perturbed))
    labels = sorted({label for label, _ in report.perturbed})
    rows = [(label, *(f"{report.perturbed[label, name].percent:.1f}" for name in names)) for label in labels]
    texts = [report.perturbed[label, names[0]].texts for label in labels]
    return _table(("language", "sentences", *names), [(r[0], f"{n}", *r[1:]) for r, n in zip(rows, texts, strict=True)])


def _reliability(report: Report) -> str:
    rows = [
        (kind, name, f"{one.texts}", f"{one.score:.3f}", f"{one.right:.3f}", f"{one.error:.3f}")
        for (kind, name), one in report.reliability.items()
    ]
    return _table(("texts", "letters", "number", "mean score", "share right", "calibration error"), rows)
