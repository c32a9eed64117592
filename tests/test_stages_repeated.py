"""Repeated lines, paragraphs and sentences: every option, published recipes, and whole runs."""

import itertools
import re
import sys
import types
from pathlib import Path

import laws
import pyarrow as pa
import pytest
import toy
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

import corpus_kit
from corpus_kit.stage import stage_class
from corpus_kit.stages.repeated import RepeatedLines, RepeatedParagraphs, RepeatedSentences
from corpus_kit.stages.repeated_verdict import DECISION
from corpus_kit.why import story_lines, why

FOOT = "Alle rettigheder til denne side forbeholdes."
CLASSES = {"lines": RepeatedLines, "paragraphs": RepeatedParagraphs, "sentences": RepeatedSentences}


def applied(batch: pa.RecordBatch, method: str = "lines", **settings) -> pa.RecordBatch:
    """The batch after the stage, which saw nothing else; ids are `s-ROW`."""
    stage = CLASSES[method].model_validate(settings)
    rows = stage.collect(batch, 0, None).sort_by([("key", "ascending"), ("row", "ascending")])
    return stage.apply(
        batch, published(stage.decide(stage.group(rows, 0)) if rows.num_rows else stage.empty_decision())
    )


def published(decision: pa.Table) -> pa.Table:
    """A decision as the runner hands it back."""
    ids = [
        pa.array([None if row is None else f"s-{row}" for row in decision[name].to_pylist()], pa.string())
        for name in ("row", "kept_in_row")
    ]
    assert decision.schema == DECISION
    return pa.table({"id": ids[0], "begin": decision["begin"], "end": decision["end"], "kept_in_id": ids[1]})


def left(texts, method: str = "lines", *, columns=None, **settings):
    """The texts after the stage."""
    made = applied(toy.batch(texts, **(columns or {})), method, **settings)
    assert made["text"].type == pa.large_string()
    return made["text"].to_pylist()


def counts(made: pa.RecordBatch) -> list[int]:
    [field] = made["edits"].type
    return [one[field.name] for one in made["edits"].to_pylist()]


def test_the_first_document_keeps_what_repeats():
    texts = [f"Side et.\n{FOOT}", None, f"{FOOT}\nSide to.", "Side tre."]
    made = applied(toy.batch(texts))
    assert made["text"].to_pylist() == [texts[0], None, "Side to.", "Side tre."]
    assert counts(made) == [0, 0, 1, 0]
    assert toy.codes(made) == [[], [], [], []]


def test_no_document_keeps_boilerplate():
    texts = [f"Side {one}.\n{FOOT}\n" for one in "abc"]
    assert left(texts, keep="none") == ["Side a.\n", "Side b.\n", "Side c.\n"]
    assert left(texts, keep="none", at_least=3) == ["Side a.\n", "Side b.\n", "Side c.\n"]
    assert left(texts, keep="none", at_least=4) == texts


def test_documents_are_counted_not_copies():
    texts = [f"{FOOT}\n{FOOT}\n{FOOT}", "Noget helt andet på denne side."]
    assert left(texts) == left(texts, keep="none") == texts
    texts = [*texts, f"{FOOT}\nx\n{FOOT}"]
    assert left(texts) == [texts[0], texts[1], "x"]
    assert left(texts, at_least=3) == texts


def test_inside_copies_count_and_go():
    texts = [f"{FOOT}\na\n{FOOT}", f"b\n{FOOT}"]
    assert left(texts, inside=True) == [f"{FOOT}\na", "b"]
    assert left(texts[:1], inside=True) == [f"{FOOT}\na"]
    assert left(texts[:1], inside=True, at_least=3) == texts[:1]
    assert left(texts, inside=True, at_least=3, keep="none") == ["a", "b"]


def test_who_keeps_it_is_who_is_preferred():
    texts = [f"{FOOT}\nkort", f"{FOOT}\nnoget længere", f"{FOOT}\nx"]
    assert left(texts, prefer="longest") == ["kort", texts[1], "x"]
    licenses = {"license": ["CC-BY-NC-4.0", None, "CC0-1.0"]}
    assert left(texts, prefer=["license"], columns=licenses) == ["kort", "noget længere", texts[2]]


def test_only_within_a_group():
    texts = [f"{one}\n{FOOT}" for one in "abcdef"]
    langs = {"lang": ["dan_Latn", "nob_Latn", "dan_Latn", None, None, "nob_Latn"]}
    assert left(texts, within=["lang"], columns=langs) == [*texts[:2], "c", texts[3], "e", "f"]


def test_pages_without_a_host_are_of_no_site():
    texts = [f"{one}\n{FOOT}" for one in "abcdef"]
    urls = ["https://a.dk/1", None, "http://www.A.dk/2", "not an address", "https://b.dk/", "https://a.dk:80/3"]
    assert left(texts, within=["host"], keep="none", columns={"url": urls}) == [
        "a",
        texts[1],
        "c",
        texts[3],
        texts[4],
        "f",
    ]
    assert RepeatedLines(within=("host",)).columns_needed() == ("text", "url")


@pytest.mark.parametrize(
    ("form", "same"),
    [
        ("as_is", [FOOT, f"\t{FOOT} \r"]),
        ("folded", [FOOT, FOOT.upper(), FOOT.replace(" ", ", ")]),
        ("ccnet", ["Den 1. maj 2024 er fri…", "den 2. MAJ 1999 er fri", "Den ١. maj 2024 er fri»"]),
        ("slug", ["På gensyn, Åse og Ørn her", "pa gensyn ase og rn her", "PÅ-GENSYN: ÅSE OG RN HER"]),
    ],
)
def test_forms_that_are_the_same(form, same):
    assert left(same, form=form) == [same[0], *[""] * (len(same) - 1)]


def test_forms_that_are_not_the_same():
    assert left([FOOT, FOOT.upper()], form="as_is") == [FOOT, FOOT.upper()]
    dates = ["Den 1. maj 2024 er fri", "Den 2. maj 2024 er fri"]
    assert left(dates) == dates
    assert left(["x y z v w!"] * 2 + ["x y z v w?"], form="ccnet") == ["x y z v w!", "", "x y z v w?"]


def test_short_units_are_left_alone():
    texts = ["Indledning\nEt to tre fire\nEn to tre fire fem\nx"] * 2
    assert left(texts) == [texts[0], "Indledning\nEt to tre fire\nx"]
    assert left(texts, min_words=2) == [texts[0], "Indledning\nx"]
    assert left(texts, min_words=0) == [texts[0], ""]
    assert left(texts, min_words=0, min_characters=14) == [texts[0], "Indledning\nx"]
    assert left(["æøå\na"] * 2, min_words=0, min_characters=3) == ["æøå\na", "a"]


def test_lines_of_signs_are_passed_over_unless_bytes_are_compared():
    texts = ["* * * * *\na", "* * * * *\nb"]
    assert left(texts) == texts
    assert left(texts, form="as_is") == [texts[0], "b"]


def test_paragraphs():
    one = "Første linje i afsnittet her\nog så den anden linje."
    texts = [f"Titel\n\n{one}\n\nSlut", f"{one}\n\n\nAndet\n{one}\n\n", one.split("\n")[0]]
    assert left(texts, "paragraphs") == [texts[0], "Andet\n" + one + "\n\n", texts[2]]


def test_runs_of_sentences():
    shared = "Vi ses i morgen. Det bliver godt. Tag en jakke med."
    texts = [
        f"Hej. {shared} Farvel.",
        f"Kære du. {shared}\n\nP.S. Husk den. Ja.",
        "Vi ses i morgen. Det bliver godt. Ja.",
    ]
    assert left(texts, "sentences") == [texts[0], "Kære du.\n\nP.S. Husk den. Ja.", texts[2]]
    assert left(texts, "sentences", span=2)[2] == "Ja."
    assert left(texts, "sentences", span=4) == texts
    assert left(texts, "sentences", span=1, min_words=3)[2] == "Ja."


def test_what_stands_between_repeated_units_goes_with_them():
    shared = "Vi ses i morgen. Det bliver godt.\n***\nTag en jakke med."
    assert left([f"Før det. {shared}", f"Og så. {shared}\nSlut."], "sentences")[1] == "Og så.\nSlut."
    assert left([f"Før det. {shared}", "Vi ses i morgen. Det bliver godt. Tag en jakke med."], "sentences")[1] == ""


def test_short_runs_of_sentences_are_left_alone():
    texts = ["Ja. Nej. Ja da. Han gik.", "Ja. Nej. Ja da. Hun kom."]
    assert left(texts, "sentences") == [texts[0], "Hun kom."]
    assert left(texts, "sentences", min_words=5) == texts


def test_documents_of_which_too_little_is_left_are_rejected_whole():
    texts = [FOOT, f"{FOOT}\nDer er lidt her", f"{FOOT}\nx", FOOT, "y"]
    made = applied(toy.batch(texts), words_left=2, max_share=0.9, units_left=1)
    assert toy.codes(made) == [
        *([], [], ["dedup.lines_share", "dedup.lines_words_left"]),
        *(["dedup.lines_share", "dedup.lines_words_left", "dedup.lines_units_left"], []),
    ]
    assert made["text"].to_pylist() == [FOOT, "Der er lidt her", texts[2], FOOT, "y"]
    assert counts(made) == [0, 1, 0, 0, 0]
    [share, words] = made["reasons"][2].as_py()
    assert share == {"code": "dedup.lines_share", "value": pytest.approx(1 - 1 / 46), "low": None, "high": 0.9}
    assert words == {"code": "dedup.lines_words_left", "value": 1.0, "low": 2.0, "high": None}


def test_bounds_are_inclusive_and_off_by_default():
    texts = [FOOT, f"{FOOT}\n{'x' * 43} "]
    assert len(texts[1]) == 2 * len(FOOT) + 1
    assert toy.codes(applied(toy.batch(texts)))[1] == []
    gone = (len(FOOT) + 1) / len(texts[1])
    assert toy.codes(applied(toy.batch(texts), max_share=gone, words_left=1, units_left=1))[1] == []
    assert toy.codes(applied(toy.batch(texts), max_share=gone - 0.001))[1] == ["dedup.lines_share"]


def test_the_codes_are_those_configured():
    assert list(RepeatedLines().all_codes()) == ["dedup.lines"]
    assert list(RepeatedSentences(units_left=3).all_codes()) == ["dedup.sentences", "dedup.sentences_units_left"]
    told = {one.name: (one.value, one.origin) for one in RepeatedSentences(at_least=4).numbers()}
    assert told["at_least"] == (4, "recipe")
    assert told["span"] == (3, "stage default: three-sentence spans, Raffel et al. 2020, arXiv:1910.10683")


def test_wrong_settings_are_refused():
    for wrong in ({"at_least": 1}, {"span": 0}, {"keep": "all"}, {"form": "md5"}, {"max_share": 1.5}, {"by": "url"}):
        with pytest.raises(ValidationError):
            RepeatedLines.model_validate(wrong)
    assert stage_class("dedup", "paragraphs") is RepeatedParagraphs


def test_strange_texts():
    nul, long = "a\0b c d e f", "ord " * 300_000
    texts = [f"{nul}\r\n{long}\r\nx\u2028y\r\n", f"{nul}\r\n\r\n{long}\r\ny\u2028x\r\n"]
    assert left(texts) == [texts[0], "y\u2028x\r\n"]
    many = "\n".join([FOOT] * 100_000)
    made = applied(toy.batch([FOOT, f"Først.\n{many}\nSidst."]))
    assert made["text"][1].as_py() == "Først.\nSidst."
    assert counts(made) == [0, 100_000]
    assert left([many], inside=True) == [FOOT]


def test_a_decision_says_what_goes_and_where_it_is_kept():
    stage = RepeatedLines()
    batch = toy.batch([f"æ\n{FOOT}", f"ø\n  {FOOT}\n"], row=[4, 1 << 33])
    found = stage.decide(stage.group(stage.collect(batch, 0, None), 0))
    begin = len("ø\n".encode())
    assert found.to_pylist() == [{"row": 1 << 33, "begin": begin, "end": begin + 2 + len(FOOT), "kept_in_row": 4}]
    assert stage.empty_decision().schema == found.schema == DECISION


UNITS = st.sampled_from(["a b", "c", "d e", "C", "--", ""])


@given(
    st.lists(st.lists(UNITS, max_size=6).map("\n".join), max_size=6),
    st.integers(2, 3),
    st.integers(1, 3),
    st.sampled_from(["first", "none"]),
    st.booleans(),
)
def test_texts_are_those_of_a_dictionary(texts, at_least, span, keep, inside):
    """Lines without blank ones, so that lines joined by newlines are what is left."""
    seen: dict[tuple[str, ...], list[tuple[int, int]]] = {}
    runs: dict[int, list[list[int]]] = {}
    lines = [text.split("\n") if text else [] for text in texts]
    for row, own in enumerate(lines):
        some = [i for i, line in enumerate(own) if line not in ("", "--")]
        runs[row] = [some[i : i + span] for i in range(len(some) - span + 1)]
        for number, run in enumerate(runs[row]):
            seen.setdefault(tuple(own[i].lower() for i in run), []).append((row, number))
    gone: dict[int, set[int]] = {row: set() for row in runs}
    for places in seen.values():
        if len(places if inside else {row for row, _ in places}) >= at_least:
            for row, number in places:
                first = places[0] == (row, number) if inside else places[0][0] == row
                if keep == "none" or not first:
                    gone[row] |= set(range(runs[row][number][0], runs[row][number][-1] + 1))
    wanted = [[line for i, line in enumerate(own) if line and i not in gone[row]] for row, own in enumerate(lines)]
    settings = {"at_least": at_least, "span": span, "keep": keep, "inside": inside, "min_words": 0}
    found = left(texts, **settings)
    assert [[line for line in text.split("\n") if line] for text in found] == wanted
    assert all(text == found[row] for row, text in enumerate(texts) if not gone[row])


# Published recipes


def ccnet(documents: list[str]) -> list[str]:
    """facebookresearch/cc_net, dedup.py, deduplicate_two_pass: lines that occur once in all documents."""
    from test_stages_repeated_forms import normalize_for_dedup

    lines = [[normalize_for_dedup(line) for line in text.split("\n")] for text in documents]
    flat = list(itertools.chain(*lines))
    once = {line for line in flat if flat.count(line) == 1}
    texts = [text.split("\n") for text in documents]
    return ["\n".join(a for a, b in zip(*pair, strict=True) if b in once) for pair in zip(texts, lines, strict=True)]


def test_ccnet():
    documents = [
        "Forside\nLog ind\nNyheden fra 3. juni om havnen\nDel dette!\nDel dette!\nKun her 12",
        "FORSIDE\nLog ind\n\nEn anden nyhed\nKun der",
        "Nyheden fra 4. juni om havnen…\n\nSidste ord  ",
    ]
    made = left(documents, form="ccnet", keep="none", inside=True, min_words=0)
    assert made == ccnet(documents) == ["Kun her 12", "En anden nyhed\nKun der", "Sidste ord  "]


def ncc(documents: list[str]) -> list[str]:
    """NbAiLab/notram, corpus_files_builder.py: each paragraph once over all, in the longest document that has it."""
    longest: dict[str, int] = {}
    for text in documents:
        for one in text.split("\n\n"):
            longest[one] = max(longest.get(one, 0), len(text.encode()))
    made, used = [], set()
    for text in documents:
        kept = []
        for one in text.split("\n\n"):
            if longest[one] == len(text.encode()) and one not in used:
                used.add(one)
                kept.append(one)
        made.append("\n\n".join(kept))
    return made


def test_ncc():
    one, two, three = "Et avsnitt om saken.", "Et annet avsnitt,\npå to linjer.", "Kort."
    documents = [f"{one}\n\n{two}", f"{two}\n\n{three}\n\n{one}\n\nMer til slutt.\n\n{three}", f"{one}\n\nNoe nytt."]
    settings = {"form": "as_is", "prefer": "longest", "inside": True, "min_words": 0}
    made = left(documents, "paragraphs", **settings)
    assert made == ncc(documents) == ["", f"{two}\n\n{three}\n\n{one}\n\nMer til slutt.", "Noe nytt."]
    by_slug = left(["Et  avsnitt: OM saken", documents[0]], "paragraphs", **settings | {"form": "slug"})
    assert by_slug == ["", documents[0]]


def datatrove_left(folder: Path, documents: list[str]) -> list[str | None]:
    """What datatrove's own sentence deduplication leaves; None for documents it drops."""
    from datatrove.data import Document
    from datatrove.pipeline.dedup.sentence_dedup import (
        SentDedupConfig,
        SentenceDedupFilter,
        SentenceDedupSignature,
        SentenceFindDedups,
    )
    from datatrove.utils.hashing import HashConfig

    config = SentDedupConfig(min_doc_words=12, hash_config=HashConfig(hash_fc="sha1"))
    given = [Document(text=text, id=str(i)) for i, text in enumerate(documents)]
    SentenceDedupSignature(str(folder / "a"), config=config).run(given)
    SentenceFindDedups(str(folder / "a"), str(folder / "b"), config=config).run()
    kept = {one.id: one.text for one in SentenceDedupFilter(str(folder / "b"), config=config).run(given)}
    return [kept.get(str(i)) for i in range(len(documents))]


def test_datatrove(tmp_path, monkeypatch):
    datatrove = pytest.importorskip("datatrove.pipeline")
    package = types.ModuleType("datatrove.pipeline.dedup")  # whose other modules need a tokenizer library
    package.__path__ = [str(Path(datatrove.__file__).parent / "dedup")]
    monkeypatch.setitem(sys.modules, package.__name__, package)
    sentences = [
        f"The {a} {b} by the {c}."
        for a, b, c in itertools.product(("old", "new"), ("man sat", "dog ran"), ("sea", "hill", "town"))
    ]
    text = " ".join
    documents = [
        text(sentences[:6]),
        text(["An opening line here.", *sentences[1:5], *sentences[8:11]]),
        text(sentences[2:5]),
        text([*sentences[6:8], *sentences[1:3]]),
        text([*sentences[8:12], *sentences[8:12], "Then comes the end of it."]),
        text(["It is all new.", *sentences[0:4], "Two more words here."]),
    ]
    made = applied(toy.batch(documents), "sentences", inside=True, words_left=10, units_left=3)
    ours = [None if codes else one for one, codes in zip(made["text"].to_pylist(), toy.codes(made), strict=True)]
    theirs = datatrove_left(tmp_path, documents)
    assert ours == theirs
    assert theirs == [documents[0], text(["An opening line here.", *sentences[8:11]]), None, documents[3], None, None]


# Whole runs

RECIPE = """\
recipe: 1
name: boilerplate
stages:
  - dedup: {method: exact, as: exact}
  - dedup: {method: lines, as: site, within: [host], at_least: 3, keep: none, min_words: 0, except: {category: [books]}}
  - dedup: {method: sentences, span: 1, as: spans, words_left: 6, prefer: longest}
  - dedup: {method: minhash, as: near, ngram: 2}
split_bytes: 4096
shard_bytes: 4096
"""


def corpus(folder: Path) -> Path:
    menu = "Forside | Om os | Kontakt"
    pages = [
        {"text": f"{menu}\n\n{laws.text(i)}\n\nAlle rettigheder", "url": f"https://{'ab'[i % 2]}.dk/{i}"}
        for i in range(12)
    ]
    pages += [{"text": f"{menu}\n{laws.text(3)}\nAlle rettigheder", "url": "https://a.dk/kopi"}]
    pages += [{"text": f"{menu}\nEgne ord her. {laws.text(5).splitlines()[0]}", "url": "https://a.dk/kort"}]
    toy.write_source(folder / "web", "web", files={"a.jsonl": pages[:5], "b.jsonl": pages[5:], "c.jsonl": pages[:2]})
    books = [{"text": f"{menu}\n{laws.text(40)}", "url": "https://a.dk/bog"}]
    toy.write_source(folder / "books", "books", files={"a.jsonl": books}, category="books")
    return folder


def run(folder: Path, output: Path, **options) -> corpus_kit.Run:
    inputs = corpus_kit.resolve_inputs([str(folder / "web"), str(folder / "books")])
    settings = corpus_kit.tasks.Settings(batch_rows=options.pop("batch_rows", 1024))
    return corpus_kit.run(corpus_kit.parse_recipe(RECIPE), inputs, output, settings=settings, workers=1, **options)


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> corpus_kit.Run:
    folder = tmp_path_factory.mktemp("repeated")
    return run(corpus(folder / "corpus"), folder / "run")


def test_a_run_removes_what_was_decided(finished):
    kept = {one["url"]: one["text"] for one in finished.kept(["url", "text"]).to_pylist()}
    assert kept["https://b.dk/1"] == laws.text(1)
    assert kept["https://a.dk/bog"] == f"Forside | Om os | Kontakt\n{laws.text(40)}"
    assert [one["stage"] for one in finished.rejects().to_pylist() if one["stage"] == "exact"] == ["exact"] * 3
    codes = {one["stage"]: one["reasons"][0]["code"] for one in finished.rejects().to_pylist()}
    assert codes == {"exact": "dedup.exact", "spans": "dedup.sentences_words_left"}


def test_a_run_counts_what_was_removed(finished):
    edits = {(edit.stage, edit.code): count for edit, count in finished.tally.edits.items()}
    assert edits["site", "dedup.lines"] == 12 * 2 + 1
    decided = finished.decisions("site")
    assert decided.num_rows == 25
    assert decided["kept_in_id"].null_count == 25
    assert finished.decisions("spans")["kept_in_id"].null_count == 0


def test_near_duplicates_are_sought_in_what_was_left(finished):
    segments = [(one.apply, one.collect) for one in finished.plan.segments]
    assert segments == [
        ((), ("exact", "site")),
        (("exact", "site"), ("spans",)),
        (("spans",), ("near",)),
        (("near",), ()),
    ]


def test_why_names_the_keeper(finished):
    rejected = next(one for one in finished.rejects().to_pylist() if one["stage"] == "spans")
    lines = story_lines(why(finished, rejected["id"]))
    keeper = finished.decisions("spans").to_pylist()[0]["kept_in_id"]
    site = lines.index("  site: passed")
    assert re.fullmatch(r"    repeated: bytes 0 to 25, kept in no document", lines[site + 1])
    assert any(re.fullmatch(rf"    repeated: bytes \d+ to \d+, kept in {keeper}", line) for line in lines)
    assert any(re.fullmatch(r"    dedup\.sentences_words_left = \d, kept from 6", line) for line in lines)


def test_the_same_bytes_for_any_batch_size(finished, tmp_path):
    folder = finished.path.parent / "corpus"
    for rows in (1, 3):
        assert laws.tree(run(folder, tmp_path / str(rows), batch_rows=rows).path) == laws.tree(finished.path)


def test_nothing_repeated(tmp_path):
    toy.write_source(tmp_path / "toy", files={"a.jsonl": [{"text": "En linje med fem ord her."}]})
    recipe = "recipe: 1\nname: none\nstages:\n  - dedup: {method: lines}\n"
    inputs = corpus_kit.resolve_inputs([str(tmp_path / "toy")])
    made = corpus_kit.run(corpus_kit.parse_recipe(recipe), inputs, tmp_path / "run", workers=1)
    assert made.kept()["text"].to_pylist() == ["En linje med fem ord her."]
    assert made.decisions("dedup").num_rows == 0
