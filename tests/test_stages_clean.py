import json
import pickle
import re
from collections import Counter

import pyarrow as pa
import pytest
import toy
from pydantic import ValidationError

import corpus_kit
from corpus_kit.errors import PlanError, RecipeError
from corpus_kit.lines.rulesets import load_line_ruleset
from corpus_kit.schema import COLUMNS
from corpus_kit.stage import stage_class
from corpus_kit.stages.clean import Clean

AVAILABLE = {name: kind for name, (kind, _) in COLUMNS.items()}


def stage(*rules, **settings) -> Clean:
    """A clean stage from settings as a recipe writes them."""
    return Clean.model_validate({"rules": rules or ["c4"], **settings})


def edits(result: pa.RecordBatch) -> list[dict[str, int]]:
    """What was removed in each row, by code, without what was not."""
    rows = result["edits"].to_pylist()
    return [{code.removeprefix("clean."): count for code, count in row.items() if count} for row in rows]


def test_it_is_registered():
    assert stage_class("clean") is Clean
    assert Clean.needs == ("text",)


def test_lines_go_and_are_counted_and_documents_stay():
    rows = toy.batch(["Home\nThis is a sentence.[1]\nLog in", None, "", "Menu\nHome", "Nothing is wrong here."])
    result = stage().apply(rows)
    assert result["text"].to_pylist() == ["This is a sentence.", None, "", "", "Nothing is wrong here."]
    assert edits(result) == [
        {"c4_citations": 1, "c4_terminal_punctuation": 2},
        {},
        {},
        {"c4_terminal_punctuation": 2},
        {},
    ]
    assert result.schema.field("text").type == pa.large_string()
    assert [field.name for field in result["edits"].type] == [rule.code for rule in load_line_ruleset("c4").rules]
    assert {field.type for field in result["edits"].type} == {pa.int64()}
    assert result["edits"].null_count == 0
    assert result["id"].equals(rows["id"])
    assert toy.codes(result) == [[]] * 5


def test_an_empty_batch():
    result = stage("c4", "ncc_ocr").apply(toy.batch([]))
    assert (result.num_rows, len(result["edits"].type)) == (0, 12)


def test_rulesets_run_in_the_order_they_are_given():
    text = "A line with  a note.[1]\nMenu:"
    first, second = stage("c4", "ncc").apply(toy.batch([text])), stage("ncc", "c4").apply(toy.batch([text]))
    assert first["text"].to_pylist() == second["text"].to_pylist() == ["A line with a note."]
    assert edits(first) == [{"c4_citations": 1, "c4_terminal_punctuation": 1, "ncc_whitespace": 1}]
    assert edits(second) == [
        {"ncc_whitespace": 1, "ncc_sentence_end": 1, "c4_terminal_punctuation": 1},
    ]


def test_the_unit_of_all_rulesets_can_be_set():
    text = "One line of text\nends here.\n\nMenu"
    assert stage("c4").apply(toy.batch([text]))["text"].to_pylist() == [""]
    assert stage("c4", unit="paragraph").apply(toy.batch([text]))["text"].to_pylist() == [
        "One line of text\nends here."
    ]


def test_the_recipe_has_the_last_word():
    text = "One two three.\nOne two three four five.\nMenu"
    own = stage(override={"clean.c4_word_count": "5:", "clean.c4_terminal_punctuation": None})
    result = own.apply(toy.batch([text]))
    assert result["text"].to_pylist() == ["One two three four five."]
    assert edits(result) == [{"c4_word_count": 2}]


def test_a_category_beats_the_ruleset_and_the_recipe_beats_the_category():
    rows = toy.batch(["x = 1"] * 4, category=["code", "tables", "web", None])
    assert stage().apply(rows)["text"].to_pylist() == ["x = 1", "x = 1", "", ""]
    own = stage(categories={"web": {"clean.c4_terminal_punctuation": None, "clean.c4_word_count": None}})
    assert own.apply(rows)["text"].to_pylist() == ["x = 1", "x = 1", "x = 1", ""]
    strict = stage(categories={"code": {"clean.c4_word_count": "4:"}}, override={"clean.c4_word_length": ":2"})
    result = strict.apply(toy.batch(["x = 1", "x = 1 + y", "words = 1 + y"], category=["code"] * 3))
    assert edits(result) == [{"c4_word_count": 1}, {}, {"c4_word_length": 1}]


def test_a_batch_without_categories():
    rows = toy.batch(["Menu", "A line of words."]).drop_columns(["category"])
    assert stage().apply(rows)["text"].to_pylist() == ["", "A line of words."]


def test_every_code_has_a_line_of_its_own():
    codes = stage("c4", "fineweb2", "refinedweb").all_codes()
    assert codes["clean.c4_word_count"] == "keeps lines with at least 3: number of whitespace-separated words"
    assert codes["clean.refinedweb_sign_in"].endswith(", in lines of at most 10 words")
    assert codes["clean.fineweb2_table_bars"].startswith("removes the line if there is nothing but some characters")
    off = stage(override={"clean.c4_javascript": None}).all_codes()
    assert off["clean.c4_javascript"].startswith("off (")


def test_every_number_has_its_origin():
    own = stage("c4", "refinedweb", override={"clean.c4_word_count": "5:", "clean.refinedweb_sign_in": None})
    numbers = {one.name: (one.value, one.origin) for one in own.numbers()}
    paper, code = "Raffel et al. 2020, JMLR 21(140), section 2.2", "tensorflow_datasets/text/c4_utils.py (Apache-2.0)"
    assert numbers["c4.unit"] == ("line", "line ruleset c4")
    assert numbers["clean.c4_word_length.high"] == (1000, f"line ruleset c4: {code}")
    assert numbers["clean.c4_word_count.low"] == (5, "recipe, override")
    assert numbers["clean.c4_terminal_punctuation.marks"] == (5, paper)
    assert numbers["clean.c4_policy.phrases"] == (6, code)
    assert numbers["clean.refinedweb_sign_in"] == (None, "recipe, override")
    assert numbers["clean.c4_javascript (category code)"] == (None, "line ruleset c4, category code")
    assert "clean.c4_word_count (category code)" not in numbers
    assert {one.name: one.origin for one in stage("c4", unit="paragraph").numbers()}["c4.unit"] == "recipe"


def test_its_files_are_the_rulesets(tmp_path):
    own = tmp_path / "own.yaml"
    own.write_text("cites: Somebody 2024\nrules:\n  short: {measure: word_count, keep: [2, null]}\n")
    both = stage("c4", str(own))
    assert [path.name for path in both.files()] == ["c4.yaml", "own.yaml"]
    assert "clean.own_short" in both.all_codes()
    own.write_text("cites: Somebody 2024\nrules:\n  brief: {measure: word_count, keep: [3, null]}\n")
    assert "clean.own_brief" in both.all_codes()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"rules": ["finewebb"]}, "unknown line ruleset 'finewebb'; did you mean 'fineweb'"),
        ({"rules": ["c4", "c4"]}, "two of the rulesets c4, c4 have a rule clean.c4_word_length"),
        ({"override": {"clean.c4_words": None}}, "override: no rule 'clean.c4_words' in these rulesets; did you mean"),
        ({"override": {"c4.word_count": "5:"}}, "did you mean 'clean.c4_word_count'?"),
        ({"override": {"clean.c4_javascript": "5:"}}, "clean.c4_javascript has no bounds"),
        ({"categories": {"web": {"clean.ncc_repeated": None}}}, "categories: web: no rule 'clean.ncc_repeated'"),
    ],
)
def test_mistakes_are_found_before_the_first_document(settings, message):
    with pytest.raises(RecipeError, match=re.escape(message)):
        stage(**settings).check(AVAILABLE)


def test_settings_are_checked():
    for settings in ({"rules": []}, {"rules": ["c4"], "unit": "page"}, {"rules": ["c4"], "override": {"a": "5"}}):
        with pytest.raises(ValidationError):
            Clean.model_validate(settings)
    stage("c4", "boilerplate").check(AVAILABLE)
    with pytest.raises(PlanError, match="no column 'category'"):
        stage(categories={"web": {"clean.c4_word_count": None}}).check({"text": pa.large_string()})


def test_it_survives_the_way_to_a_worker():
    own = stage(override={"clean.c4_word_count": "5:"}, categories={"web": {"clean.c4_javascript": None}})
    assert pickle.loads(pickle.dumps(own)) == own
    assert Clean.model_validate_json(own.model_dump_json()) == own
    assert own.config()["override"] == {"clean.c4_word_count": [5.0, None]}


RECIPE = """\
recipe: 1
name: cleaned
stages:
  - clean: {rules: [c4, boilerplate], only: {category: [web]}}
"""


def test_a_run_counts_what_was_removed(tmp_path):
    documents = [
        {"text": "Menu\nThe sentence stays here.[1]\nWe use cookies to see you.", "lang": "eng_Latn"},
        {"text": "Menu\nHome", "lang": "eng_Latn"},
        {"text": "Sætningen bliver her.\nMenu", "lang": "dan_Latn"},
    ]
    web = toy.write_source(tmp_path / "web", "web", files={"a.jsonl": documents}, more="fields: {lang: lang}\n")
    books = toy.write_source(tmp_path / "books", "books", files={"a.jsonl": documents[:1]}, category="books")
    inputs = corpus_kit.resolve_inputs([str(web), str(books)])
    run = corpus_kit.run(corpus_kit.parse_recipe(RECIPE), inputs, tmp_path / "run", workers=1)
    kept = run.kept(["source", "text"]).to_pylist()
    assert sorted((row["source"], row["text"]) for row in kept) == [
        ("books", documents[0]["text"]),
        ("web", ""),
        ("web", "Sætningen bliver her."),
        ("web", "The sentence stays here."),
    ]
    found = Counter({(edit.code, edit.lang): places for edit, places in run.tally.edits.items()})
    assert found == {
        ("clean.c4_terminal_punctuation", "eng_Latn"): 3,
        ("clean.c4_terminal_punctuation", "dan_Latn"): 1,
        ("clean.c4_citations", "eng_Latn"): 1,
        ("clean.c4_policy", "eng_Latn"): 1,
    }


@pytest.mark.data
def test_c4_agrees_with_datatrove(data):
    """On 300 real documents, but for what is explained here.

    Left out of both: what datatrove does to documents (sentences, lorem ipsum, curly brackets). Compared without
    spacing, for datatrove strips lines, and leaves double spaces where it cuts citations. Another difference is that it
    counts words before it cuts citations. Of those that real lines show, there is one: datatrove looks for the end of
    a sentence before it strips the space left by a citation at the end, and so drops the line.
    """
    datatrove = pytest.importorskip("datatrove.pipeline.filters")
    document = pytest.importorskip("datatrove.data").Document
    texts = []
    for lang in ("da", "sv", "nb", "nn", "is", "fo", "fi", "de", "en", "az"):
        with pa.CompressedInputStream(pa.OSFile(str(data / f"text/{lang}.jsonl.zst")), "zstd") as file:
            records = file.read(20_000_000).splitlines()[:-1]
        chosen = records[:: max(1, len(records) // 20)][:20] + [one for one in records if b"[" in one][:10]
        texts += [json.loads(record)["text"] for record in chosen]
    assert len(texts) == 300
    theirs, lines = [], 0
    for text in texts:
        c4 = datatrove.C4QualityFilter(min_num_sentences=-1, filter_lorem_ipsum=False, filter_curly_bracket=False)
        one = document(text=text, id="x")
        assert c4.filter(one) is True
        theirs.append(one.text)
        lines += len(text.splitlines())
    ours = stage().apply(toy.batch(texts))["text"].to_pylist()

    def plain(text: str) -> list[str]:
        return [" ".join(line.split()) for line in text.split("\n") if line.strip()]

    differing = []
    for text, own, other in zip(texts, ours, theirs, strict=True):
        extra = Counter(plain(own))
        extra.subtract(plain(other))
        assert min(extra.values(), default=0) >= 0
        sources = {" ".join(re.sub(r"\[\d*]|\[edit]", "", line).split()): line.strip() for line in text.split("\n")}
        differing += [sources[line] for line in (+extra).elements()]
    assert lines > 20_000
    assert len(differing) < 10
    assert all(re.search(r"\s\[\d*]$", line) for line in differing)


@pytest.mark.parametrize(
    ("text", "ours", "theirs"),
    [
        ("A sentence of words. [1]", "A sentence of words.", ""),  # the space left at the end
        ("See [1] there.", "", "See  there."),  # words counted before the cut
        ("It is [[1]] so.", "It is so.", "It is [] so."),  # cut until nothing is left to cut
        ("A note[١] here is.", "A note[١] here is.", "A note here is."),  # digits of other scripts
        ("A sentence of.\x85Menu", "", "A sentence of."),  # what ends a line
    ],
)
def test_where_c4_differs_from_datatrove(text, ours, theirs):
    datatrove = pytest.importorskip("datatrove.pipeline.filters")
    document = pytest.importorskip("datatrove.data").Document(text=text, id="x")
    assert datatrove.C4QualityFilter(min_num_sentences=-1).filter(document) is True
    assert (stage().apply(toy.batch([text]))["text"].to_pylist(), document.text) == ([ours], theirs)


@pytest.mark.data
def test_table_bars_agree_with_datatrove(data):
    formatters = pytest.importorskip("datatrove.pipeline.formatters")
    with pa.CompressedInputStream(pa.OSFile(str(data / "text/da.jsonl.zst")), "zstd") as file:
        records = file.read(20_000_000).splitlines()[:-1]
    texts = [json.loads(record)["text"] for record in records if b"|" in record][:60]
    texts += [text.replace("\n\n", "\n| |\n|\n") for text in texts[:20]]
    theirs = formatters.SymbolLinesFormatter(symbols_to_remove=["|"], replace_char="\n")
    result = stage("fineweb2").apply(toy.batch(texts))
    assert sum(row.get("fineweb2_table_bars", 0) for row in edits(result)) > 100

    def paragraphs(text: str) -> list[list[str]]:
        return [piece.split("\n") for piece in re.split(r"\n\s*\n", text.strip())]

    for text, cleaned in zip(texts, result["text"].to_pylist(), strict=True):
        assert paragraphs(cleaned) == paragraphs(theirs.format(text.replace("\r", "")))
