"""Writes the card of a language model: what it is, what it was trained on, how good it is and where it fails."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from corpus_kit.lid.evaluate import LENGTHS, Report, length_name
from corpus_kit.lid.labels import LABELS
from corpus_kit.lid.prepare import Prepared

_INTRODUCTION = """\
A fastText model that tells Danish, Swedish, Norwegian Bokmål, Norwegian Nynorsk, Icelandic, Faroese and English
apart, with German, Finnish and Azerbaijani (Latin script) as neighbors. Anything else is `und`: other languages,
program code, junk. It is made by `python -m corpus_kit.lid.train` and read by `corpus_kit.lid`, which gives it a
sample of the text in lower-case letters only (`corpus_kit/lid/text.py`) and calls text that is mostly in another
script than Latin `und` without asking the model. Scores are fastText's own and not calibrated.
"""

_SOURCES = """\
Text was cut into fragments, sentences, paragraphs and windows of at most 800 characters; some copies have their
diacritics removed or scanning errors added. Sources of a language give by the square root of their size.
Lines that occur under two labels, English sentences in documents of another language, documents of one Norwegian
whose marker words are of the other, and lines whose label a first quick model is sure is wrong are left out.

**Faroese is nearly all administrative and news text of one collection (GiellaLT) with no stated licence**: expect
worse results on fiction, speech and social media. The Bokmål and Nynorsk labels of some law texts come from
marker words.
"""

_OTHER_SOURCES = """\
| all | sentences, word pairs and single words of the lingua identifier (4 copies) | Apache-2.0 |
| da, sv, nb, nn, `und` | short SLIDE sentences, none a development sentence (4 copies) | not stated in the records |
| `und` | sentences made of the stop words of other languages (stopwords-iso) | MIT |
| `und` | lines of code and markup met in the documents above; random letters | as above |
"""

_MEASURED = """\
The gold sentences were not trained on, but the settings were chosen on them. Documents are whole documents of
held-out sources and files (`HELD_OUT` in `corpus_kit/lid/corpus.py`); lines that they share with other documents of
their language may have been trained on. Faroese and Azerbaijani have no second source, so their figures flatter them.
Icelandic is mostly historical text, of the 12th to the 20th century. Shorter texts are sentences, fragments and
paragraphs cut from the same documents; their labels are those of the document, so names, headings and quotations in
another language count as mistakes.
"""

_CONFUSIONS = """\
Turkish is often called Azerbaijani, and a short sentence of another language can get any label, since `und` knows
other languages by a few thousand short texts and lists of stop words. A page half of which is English can be called
either. The most frequent wrong labels of the short texts above:
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
    rows = [
        (f"`{label}`", f"{source} ({count:,} pieces)", license)
        for (label, source, license), count in sorted(prepared.sources.items())
    ]
    return _table(("label", "source", "licence, as the record has it"), rows)


def _accuracy(report: Report) -> str:
    gold = [
        (name, f"{score.texts}", f"{score.percent:.1f}", f"{report.gold_short[name].percent:.1f}")
        for name, score in report.gold.items()
    ]
    documents = [(name, f"{s.texts}", f"{s.percent:.2f}") for name, s in sorted(report.documents.items())]
    lines = ", ".join(f"{key} {label}" for key, label in report.declarations.items())
    english = report.declared_but_other
    return "\n\n".join(
        [
            "Scandinavian gold sentences (SLIDE, development part; `und` there is any label but the other four), "
            "percent right:",
            _table(("class", "sentences", "right %", "short ones right %"), gold),
            f"Documents, percent right ({report.left_out} held-out documents are left out, since their function words "
            "say that they are of the other Norwegian or that a third of them is English):",
            _table(("language", "documents", "right %"), documents),
            "By length in characters, percent right (number of texts):",
            _by_length(report),
            f"Translations of the Universal Declaration of Human Rights, each as one document: {lines}.",
            f"Of {english.texts:,} pages declared to be in another language whose text is nearly all English, "
            f"{english.percent:.1f}% are called English (other pages of the same manuals were trained on).",
        ]
    )


def _by_length(report: Report) -> str:
    names = [length_name(size) for size in (1, *LENGTHS)]
    cells: dict[str, dict[str, str]] = defaultdict(dict)
    for (label, name), score in report.lengths.items():
        cells[label][name] = f"{score.percent:.1f} ({score.texts})"
    rows = [(label, *(found.get(name, "") for name in names)) for label, found in sorted(cells.items())]
    return _table(("language", *names), rows)
