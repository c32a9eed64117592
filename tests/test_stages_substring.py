"""Repeated spans: what is removed is what a dictionary of all windows says; every option; and whole runs."""

import itertools
import random
import re
from pathlib import Path

import laws
import numpy as np
import pyarrow as pa
import pytest
import toy
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

import corpus_kit
from corpus_kit.kernels import substring_definition as definition
from corpus_kit.mapped import Giant
from corpus_kit.stage import stage_class
from corpus_kit.stages import substring_opened
from corpus_kit.stages.substring import RepeatedSubstrings
from corpus_kit.stages.substring_verdict import DECISION
from corpus_kit.why import story_lines, why


def decided(batches: list[pa.RecordBatch], stage: RepeatedSubstrings, dealt: str = "whole") -> pa.Table:
    """What the rounds of the stage decide on batches, their rows ascending, as the runner takes it through them."""
    collected = [stage.collect(batch, 0, None) for batch in batches]
    grouped = grouped_by(stage, collected, 0, dealt)
    if not grouped:
        return stage.empty_decision()
    wanted = stage.link(pa.concat_tables(grouped), 0).sort_by("row")
    collected = []
    for batch in batches:
        numbers = batch["row"].to_numpy()
        asked = wanted.filter(pa.array(np.isin(wanted["row"].to_numpy(), numbers)))
        if asked.num_rows:
            inside = batch.filter(pa.array(np.isin(numbers, asked["row"].to_numpy())))
            collected.append(stage.collect(inside, 1, asked))
    grouped = grouped_by(stage, collected, 1, dealt)
    return stage.decide(pa.concat_tables(grouped)) if grouped else stage.empty_decision()


def grouped_by(stage, collected, round, dealt) -> list[pa.Table]:
    """All keys at once, in three parts, or each by itself as one that is too large for memory."""
    rows = pa.concat_tables(collected).sort_by([("key", "ascending"), ("row", "ascending")]).combine_chunks()
    keys = rows["key"].to_numpy()
    if dealt == "giants":
        tables = [
            table for key in np.unique(keys) for table in of_giant(stage, rows.filter(pa.array(keys == key)), round)
        ]
    else:
        parts = [rows] if dealt == "whole" else [rows.filter(pa.array(keys % 3 == number)) for number in range(3)]
        tables = [stage.group(part.combine_chunks(), round) for part in parts if part.num_rows]
    return [table for table in tables if table.num_rows]


def of_giant(stage, rows: pa.Table, round: int):
    if round == 1 and rows["copies"][0].as_py() == 0:  # what is settled has a few rows a document
        return [stage.group(rows.combine_chunks(), round)]
    pieces = Giant(lambda: (rows.slice(at, 2) for at in range(0, rows.num_rows, 2)), Path())
    return stage.group_giant(pieces, round)


def published(decision: pa.Table) -> pa.Table:
    """A decision as the runner hands it back."""
    assert decision.schema == DECISION
    ids = {
        name: pa.array([None if row is None else f"s-{row}" for row in decision[name].to_pylist()], pa.string())
        for name in ("row", "kept_in_row")
    }
    columns = [ids["row"], decision["begin"], decision["end"], ids["kept_in_row"], decision["kept_begin"]]
    return pa.table(columns, names=["id", "begin", "end", "kept_in_id", "kept_begin"])


def applied(batch: pa.RecordBatch, **given) -> pa.RecordBatch:
    """The batch after the stage, which saw nothing else; ids are `s-ROW`."""
    stage = RepeatedSubstrings.model_validate(given)
    return stage.apply(batch, published(decided([batch], stage)))


def left(texts, *, columns=None, **given):
    """The texts after the stage."""
    made = applied(toy.batch(texts, **(columns or {})), words_left=None, **given)
    assert made["text"].type == pa.large_string()
    return made["text"].to_pylist()


def by_dictionary(texts, stage: RepeatedSubstrings, order: list[int], groups: list[str]) -> list[set[int]]:
    """Numbers of the tokens that each text loses, by the definition: a dictionary of all windows."""
    places: dict[tuple[str, bytes], list[tuple[int, int]]] = {}
    for row in order:
        for at, window in enumerate(definition.windows(texts[row], unit=stage.unit, length=stage.length)):
            places.setdefault((groups[row], window), []).append((row, at))
    gone: list[set[int]] = [set() for _ in texts]
    for found in places.values():
        if len(found) < stage.min_occurrences:
            continue
        kept_row, kept_at = found[0]
        for row, at in found if stage.keep == "none" else found[1:]:
            own = set(range(at, at + stage.length))
            if stage.keep == "first" and row == kept_row:
                own -= set(range(kept_at, kept_at + stage.length))
            gone[row] |= own
    return gone


def assert_as_defined(texts, stage, *, order=None, groups=None, columns=None, batches=1, dealt="whole"):
    """Decisions and texts are those of the definition, and the decisions tell the truth of who keeps what."""
    raw = [None if text is None else text.encode() for text in texts]
    order = list(range(len(texts))) if order is None else order
    expected = by_dictionary(raw, stage, order, groups or [""] * len(texts))
    batch = toy.batch(texts, **(columns or {}))
    borders = np.linspace(0, len(texts), batches + 1).astype(int)
    cut = [batch.slice(a, b - a) for a, b in itertools.pairwise(borders) if b > a]
    decision = decided(cut, stage, dealt)
    removed: list[set[int]] = [set() for _ in texts]
    tokens = [definition.tokens(text or b"", stage.unit) for text in raw]
    for one in decision.to_pylist():
        row, begin, end = one["row"], one["begin"], one["end"]
        assert any(place[0] == begin for place in tokens[row])
        assert any(place[1] == end for place in tokens[row])
        removed[row] |= {i for i, (a, b) in enumerate(tokens[row]) if begin <= a and b <= end}
        if stage.keep == "none":
            assert one["kept_in_row"] is None
            assert one["kept_begin"] is None
        else:
            assert order.index(one["kept_in_row"]) <= order.index(row)
            assert any(place[0] == one["kept_begin"] for place in tokens[one["kept_in_row"]])
    assert removed == expected
    places = [(one["row"], one["begin"]) for one in decision.to_pylist()]
    assert places == sorted(places)
    made = stage.apply(batch, published(decision))
    mask = stage.mask.encode() if stage.action == "mask" else None
    for i, text in enumerate(raw):
        ranges = [tokens[i][at] for at in sorted(expected[i])]
        wanted, (spans, size, words) = definition.without(text or b"", ranges, unit=stage.unit, mask=mask)
        edits = made["edits"][i].as_py()
        if made["reasons"][i].as_py():
            assert words < (stage.words_left or 0)
            assert made["text"][i].as_py() == texts[i]
            assert set(edits.values()) == {0}
            continue
        assert not spans or words >= (stage.words_left or 0)
        assert made["text"][i].as_py() == (None if text is None else wanted.decode())
        assert edits == {"dedup.substring": spans, "dedup.substring_bytes": size}
    return decision


@st.composite
def corpora(draw) -> list[str | None]:
    """Texts of few words, with planted repeats of pieces and of pieces of pieces, and periodic stretches."""
    pieces = draw(
        st.lists(st.lists(st.sampled_from(["a", "b", "c", "dø"]), min_size=1, max_size=14), min_size=1, max_size=4)
    )
    texts: list[str | None] = []
    for _ in range(draw(st.integers(1, 6))):
        words: list[str] = []
        for _ in range(draw(st.integers(0, 4))):
            piece = draw(st.sampled_from(pieces))
            begin = draw(st.integers(0, len(piece)))
            kind = draw(st.integers(0, 3))
            if kind == 0:
                words += draw(st.lists(st.sampled_from(["a", "b", "e", "f", "æ"]), max_size=5))
            elif kind == 1:
                words += piece[begin:] * draw(st.integers(1, 8))
            else:
                words += piece[begin:] if kind == 2 else piece[:begin]
        spaces = draw(
            st.lists(st.sampled_from([" ", " ", "\n", "\n\n", "  "]), min_size=len(words), max_size=len(words))
        )
        text = "".join(word + space for word, space in zip(words, spaces, strict=True))
        texts.append(None if draw(st.integers(0, 20)) == 0 else text)
    return texts


@settings(max_examples=80, deadline=None)
@given(texts=corpora(), data=st.data())
def test_what_is_removed_is_what_a_dictionary_says(texts, data):
    stage = RepeatedSubstrings.model_validate(
        {
            "unit": data.draw(st.sampled_from(["word", "byte"])),
            "length": data.draw(st.integers(2, 9)),
            "min_occurrences": data.draw(st.integers(2, 4)),
            "keep": data.draw(st.sampled_from(["first", "none"])),
            "action": data.draw(st.sampled_from(["remove", "mask"])),
            "words_left": data.draw(st.sampled_from([None, 1, 3])),
            "within": ["lang"],
            "prefer": {"lowest": "lang_score"},
        }
    )
    langs = [data.draw(st.sampled_from(["dan_Latn", "isl_Latn"])) for _ in texts]
    scores = [data.draw(st.sampled_from([0.1, 0.2])) for _ in texts]
    order = sorted(range(len(texts)), key=lambda row: (scores[row], row))
    columns = {"lang": langs, "lang_score": scores}
    how = {"batches": data.draw(st.integers(1, 4)), "dealt": data.draw(st.sampled_from(["whole", "parts", "giants"]))}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(substring_opened, "AT_ONCE", data.draw(st.sampled_from([30, 1 << 20])))
        assert_as_defined(texts, stage, order=order, groups=langs, columns=columns, **how)


SPAN = " ".join(f"ord{i}" for i in range(60))
OTHER = " ".join(f"andet{i}" for i in range(60))


def words(first: int, last: int) -> str:
    return " ".join(f"ord{i}" for i in range(first, last))


def test_the_first_document_keeps_a_span():
    texts = [f"Side et. {SPAN} Slut.", None, f"Side to:\n\n{SPAN}\nNoget andet.", words(0, 49)]
    made = applied(toy.batch(texts))
    assert made["text"].to_pylist() == [texts[0], None, "Side to:\n\nNoget andet.", texts[3]]
    size = len(f"{SPAN}\n")
    assert made["edits"].to_pylist()[2] == {"dedup.substring": 1, "dedup.substring_bytes": size}
    assert made["edits"].to_pylist()[0] == {"dedup.substring": 0, "dedup.substring_bytes": 0}
    assert toy.codes(made) == [[], [], [], []]


def test_no_document_keeps_a_span():
    texts = [f"a {SPAN} b", f"c {SPAN}", f"{SPAN} d", f"e {OTHER}"]
    assert left(texts, keep="none") == ["a b", "c", "d", texts[3]]
    assert left(texts, keep="none", min_occurrences=4) == texts
    assert left([*texts, f"{SPAN} {SPAN} f"], keep="none", min_occurrences=5) == ["a b", "c", "d", texts[3], "f"]


def test_copies_in_one_document_count():
    assert left([f"a {SPAN} b {SPAN} c"]) == [f"a {SPAN} b c"]
    assert left([f"a {SPAN} b {SPAN} c"], keep="none") == ["a b c"]
    assert left([f"{SPAN} {SPAN} {SPAN}"]) == [SPAN]


def test_a_mask_stands_where_a_span_stood():
    texts = [SPAN, f"a\n\n{SPAN} b {words(5, 60)}\n", f"{SPAN}"]
    made = applied(toy.batch(texts), action="mask", mask="<gentaget>")
    assert made["text"].to_pylist() == [SPAN, "a\n\n<gentaget> b <gentaget>\n", SPAN]
    assert toy.codes(made) == [[], [], ["dedup.substring_words_left"]]
    assert left(texts, action="mask") == [SPAN, "a\n\n[...] b [...]\n", "[...]"]


def test_who_keeps_it_is_who_is_preferred():
    texts = [f"{SPAN} kort", f"{SPAN} noget længere", f"{SPAN} x"]
    assert left(texts, prefer="longest") == ["kort", texts[1], "x"]
    licenses = {"license": ["CC-BY-NC-4.0", None, "CC0-1.0"]}
    assert left(texts, prefer=["license"], columns=licenses) == ["kort", "noget længere", texts[2]]


def test_only_within_a_group():
    texts = [f"{one} {SPAN}" for one in "abcdef"]
    langs = {"lang": ["dan_Latn", "nob_Latn", "dan_Latn", None, None, "nob_Latn"]}
    assert left(texts, within=["lang"], columns=langs) == [*texts[:2], "c", texts[3], "e", "f"]
    urls = ["https://a.dk/1", None, "http://www.A.dk/2", "not an address", "https://b.dk/", "https://a.dk:80/3"]
    kept = left(texts, within=["host"], keep="none", columns={"url": urls})
    assert kept == ["a", texts[1], "c", texts[3], texts[4], "f"]
    assert RepeatedSubstrings(within=("host",)).columns_needed() == ("text", "url")


def test_whitespace_is_not_compared_but_bytes_are():
    texts = [SPAN, "a " + SPAN.replace(" ", "\n\u3000"), "b " + SPAN.upper()]
    assert left(texts) == [SPAN, "a", texts[2]]
    assert left(texts, unit="byte", length=100) == texts


def test_bytes_are_cut_inside_words_but_not_inside_characters():
    shared = "bæredygtighedsstrategi" * 2
    texts = [f"x{shared}y", f"Vor {shared}en", "Ærø"]
    assert left(texts, unit="byte", length=46) == [texts[0], "Vor en", texts[2]]
    assert left(texts, unit="byte", length=47) == texts
    # The last two characters of each share their first byte only.
    texts = ["a" * 20 + "æ", "b" + "a" * 20 + "ø"]
    assert left(texts, unit="byte", length=21) == [texts[0], "bø"]


def test_a_chain_of_three_documents_that_overlap():
    """The second shares its end with the third, and its begin with the first: so much of it goes."""
    texts = [words(0, 80), words(20, 140), words(60, 160)]
    assert left(texts, length=50) == [texts[0], words(80, 140), words(140, 160)]
    assert left(texts, length=50, keep="none") == [words(0, 20), "", words(140, 160)]
    assert left([texts[2], texts[1], texts[0]], length=50) == [texts[2], words(20, 60), words(0, 20)]


def test_parts_that_repeat_elsewhere():
    """Three documents share pieces of one another, each piece with another one of them."""
    one, two, three = words(0, 60), words(100, 160), words(200, 260)
    texts = [f"{one} a {two}", f"{two} b {three}", f"{three} c {one}"]
    assert left(texts) == [texts[0], f"b {three}", "c"]


def test_periodic_texts_keep_one_span():
    assert left(["ha " * 500]) == [" ".join(["ha"] * 50) + " "]
    assert left(["-" * 9000], unit="byte", length=80) == ["-" * 80]
    assert left(["ha " * 500, "ja " + "ha " * 50 + "ja"]) == [" ".join(["ha"] * 50) + " ", "ja ja"]
    assert left(["a b c " * 100], length=50, keep="none") == [""]
    period = words(0, 70) + " "
    assert left([period * 40]) == [period]


def test_documents_of_which_too_little_is_left_are_rejected_whole():
    texts = [SPAN, f"{SPAN} x", SPAN, f"Noget her. {SPAN} Slut"]
    made = applied(toy.batch(texts), words_left=3, max_share=0.99)
    assert toy.codes(made) == [
        *([], ["dedup.substring_share", "dedup.substring_words_left"]),
        *(["dedup.substring_share", "dedup.substring_words_left"], []),
    ]
    assert made["text"].to_pylist() == [*texts[:3], "Noget her. Slut"]
    assert [one["dedup.substring"] for one in made["edits"].to_pylist()] == [0, 0, 0, 1]
    [share, least] = made["reasons"][1].as_py()
    size = (len(SPAN) + 1) / (len(SPAN) + 2)
    assert share == {"code": "dedup.substring_share", "value": pytest.approx(size), "low": None, "high": 0.99}
    assert least == {"code": "dedup.substring_words_left", "value": 1.0, "low": 3.0, "high": None}
    assert toy.codes(applied(toy.batch(texts)))[2] == ["dedup.substring_words_left"]
    assert left([SPAN, SPAN]) == [SPAN, ""]


def test_a_decision_says_what_goes_and_where_it_is_kept():
    batch = toy.batch([f"æ {SPAN}", f"ø  {SPAN}\n"], row=[4, 1 << 33])
    found = decided([batch], RepeatedSubstrings())
    assert found.to_pylist() == [
        {"row": 1 << 33, "begin": 4, "end": 4 + len(SPAN), "kept_in_row": 4, "kept_begin": 3},
    ]
    assert RepeatedSubstrings().empty_decision().schema == found.schema == DECISION


def test_the_codes_and_numbers_are_those_configured():
    assert list(RepeatedSubstrings(words_left=None).all_codes()) == ["dedup.substring", "dedup.substring_bytes"]
    assert list(RepeatedSubstrings(max_share=0.5).all_codes()) == list(RepeatedSubstrings.codes)
    told = {one.name: (one.value, one.origin) for one in RepeatedSubstrings(min_occurrences=4).numbers()}
    assert told["length"] == (50, "stage default: 50 tokens, Lee et al. 2022, arXiv:2107.06499")
    assert told["min_occurrences"] == (4, "recipe")


def test_wrong_settings_are_refused():
    for wrong in (
        *({"min_occurrences": 1}, {"length": 1}, {"keep": "all"}, {"unit": "char"}, {"max_share": 1.5}),
        *({"unit": "byte"}, {"mask": ""}, {"action": "drop"}, {"span": 3}),
    ):
        with pytest.raises(ValidationError):
            RepeatedSubstrings.model_validate(wrong)
    assert stage_class("dedup", "substring") is RepeatedSubstrings


def test_a_page_repeated_very_often_costs_no_more_than_its_copies():
    """20,000 copies, each between words of its own; and none is compared with another."""
    texts = [f"{i} {SPAN} {-i}" for i in range(20_000)]
    made = applied(toy.batch(texts))
    assert made["text"].to_pylist() == [texts[0], *(f"{i} {-i}" for i in range(1, 20_000))]


def test_many_spans_of_many_sizes_in_long_texts():
    """Like real text: spans of 20 to 200 words copied between documents of 500 words, at the default length."""
    chance = random.Random(5)
    vocabulary = [f"w{i}" for i in range(300)]
    documents = [chance.choices(vocabulary, k=500) for _ in range(25)]
    for _ in range(40):
        source, target = chance.choice(documents), chance.choice(documents)
        size, begin, at = chance.randint(20, 200), chance.randrange(300), chance.randrange(300)
        target[at : at + size] = source[begin : begin + size]
    texts = [" ".join(one) for one in documents]
    for chosen in ({"keep": "first"}, {"keep": "none", "min_occurrences": 3}, {"unit": "byte", "length": 210}):
        decision = assert_as_defined(texts, RepeatedSubstrings.model_validate(chosen), batches=3, dealt="parts")
        assert decision.num_rows > 5


def test_the_documentation_tells_the_settings():
    page = (laws.ROOT / "docs" / "substring.md").read_text("utf-8")
    [block] = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    stages = corpus_kit.parse_recipe(f"recipe: 1\nname: page\n{block}").stages
    assert isinstance(stages[-1], RepeatedSubstrings)
    told = dict(re.findall(r"^\| `(\w+)` \| ([^|]*) \|", page, re.MULTILINE))
    fields = set(RepeatedSubstrings.model_fields) - {"method", "as_", "only", "except_", "mask"}
    assert set(told) - {"exact", "substring"} == fields
    plain = RepeatedSubstrings()
    for name in ("unit", "length", "min_occurrences", "keep", "action", "words_left"):
        assert told[name].strip("` ") == str(getattr(plain, name))


# Whole runs

RECIPE = """\
recipe: 1
name: spans
stages:
  - dedup: {method: exact, as: exact}
  - dedup: {method: substring, as: spans, length: 30, prefer: longest, except: {category: [books]}}
  - dedup: {method: substring, as: masked, unit: byte, length: 200, keep: none, action: mask}
split_bytes: 4096
shard_bytes: 4096
"""


def corpus(folder: Path) -> Path:
    pages = [{"text": f"Side {i}\n{laws.text(i)}", "url": f"https://a.dk/{i}"} for i in range(12)]
    pages += [{"text": f"Kopi af side 3 og mere.\n{laws.text(3)}\n\n{laws.text(90)}", "url": "https://a.dk/kopi"}]
    pages += [{"text": laws.text(5), "url": "https://a.dk/kort"}]
    toy.write_source(folder / "web", "web", files={"a.jsonl": pages[:5], "b.jsonl": pages[5:], "c.jsonl": pages[:2]})
    books = [{"text": f"En bog. {laws.text(40)} {laws.text(7)}", "url": "https://a.dk/bog"}]
    toy.write_source(folder / "books", "books", files={"a.jsonl": books}, category="books")
    return folder


def run(folder: Path, output: Path, **options) -> corpus_kit.Run:
    inputs = corpus_kit.resolve_inputs([str(folder / "web"), str(folder / "books")])
    batch_settings = corpus_kit.tasks.Settings(batch_rows=options.pop("batch_rows", 1024))
    options.setdefault("workers", 1)
    return corpus_kit.run(corpus_kit.parse_recipe(RECIPE), inputs, output, settings=batch_settings, **options)


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> corpus_kit.Run:
    folder = tmp_path_factory.mktemp("spans")
    return run(corpus(folder / "corpus"), folder / "run")


def test_a_run_removes_what_was_decided(finished):
    kept = {one["url"]: one["text"] for one in finished.kept(["url", "text"]).to_pylist()}
    assert kept["https://a.dk/3"] == "Side 3"
    assert kept["https://a.dk/kopi"] == f"Kopi af side 3 og mere.\n{laws.text(3)}\n\n{laws.text(90)}"
    assert kept["https://a.dk/bog"] == f"En bog. {laws.text(40)} [...]"
    assert kept["https://a.dk/7"] == "Side 7\n[...]"
    codes = {(one["stage"], one["reasons"][0]["code"]) for one in finished.rejects().to_pylist()}
    assert codes == {("exact", "dedup.exact"), ("spans", "dedup.substring_words_left")}


def test_a_run_counts_what_was_removed(finished):
    edits = {(edit.stage, edit.code, edit.source): count for edit, count in finished.tally.edits.items()}
    assert edits["spans", "dedup.substring", "web"] == 1
    assert edits["spans", "dedup.substring_bytes", "web"] == len(f"\n{laws.text(3)}".encode())
    assert edits["masked", "dedup.substring", "web"] == edits["masked", "dedup.substring", "books"] == 1
    assert edits["masked", "dedup.substring_bytes", "web"] == len(laws.text(7).encode())
    assert finished.decisions("spans").num_rows == 2
    assert finished.decisions("spans")["kept_in_id"].null_count == 0
    assert finished.decisions("masked")["kept_in_id"].null_count == 2


def test_why_names_the_keeper(finished):
    rejected = next(one for one in finished.rejects().to_pylist() if one["stage"] == "spans")
    lines = story_lines(why(finished, rejected["id"]))
    keepers = finished.decisions("spans")["kept_in_id"].to_pylist()
    [told] = [line for line in lines if "repeated: bytes" in line]
    assert re.fullmatch(rf"    repeated: bytes 0 to \d+, kept in ({'|'.join(keepers)})", told)
    assert any(re.fullmatch(r"    dedup\.substring_words_left = 0, kept from 1", line) for line in lines)


def test_the_same_bytes_for_any_batch_size(finished, tmp_path):
    folder = finished.path.parent / "corpus"
    for rows in (1, 3):
        assert laws.tree(run(folder, tmp_path / str(rows), batch_rows=rows).path) == laws.tree(finished.path)


@pytest.mark.ray
def test_the_same_bytes_for_two_workers(finished, tmp_path):
    folder = finished.path.parent / "corpus"
    assert laws.tree(run(folder, tmp_path / "run", workers=2).path) == laws.tree(finished.path)


def test_nothing_repeated(tmp_path):
    toy.write_source(tmp_path / "toy", files={"a.jsonl": [{"text": "En linje med fem ord her."}]})
    recipe = "recipe: 1\nname: none\nstages:\n  - dedup: {method: substring}\n"
    inputs = corpus_kit.resolve_inputs([str(tmp_path / "toy")])
    made = corpus_kit.run(corpus_kit.parse_recipe(recipe), inputs, tmp_path / "run", workers=1)
    assert made.kept()["text"].to_pylist() == ["En linje med fem ord her."]
    assert made.decisions("dedup").num_rows == 0
