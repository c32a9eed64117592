import json
import re
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from lxml import etree, html

from corpus_kit.card import SourceCard
from corpus_kit.datasheet import render_datasheet
from corpus_kit.datasheet.card import check, size_category
from corpus_kit.datasheet.charts import histogram_chart, waterfall_chart
from corpus_kit.datasheet.questions import QUESTIONS
from corpus_kit.inputs import Input
from corpus_kit.ledger import READ, Cell, Failure, FileEntry, Tally
from corpus_kit.plan import Plan
from corpus_kit.planner import plan
from corpus_kit.recipe import parse_recipe
from corpus_kit.strict_yaml import parse, validate

HOSTILE = "<img src=x onerror=alert(1)>"

RECIPE = """
recipe: 1
name: nordic-trial
description: A trial corpus of Danish and Swedish.
stages:
  - filter: {rulesets: [gopher], languages: [dan_Latn, swe_Latn], override: {gopher.word_count: [20, 100000]}}
  - dedup: {method: exact}
  - weight: {alpha: 0.5}
"""

CARDS = [
    {
        "id": "adl",
        "title": "Archive of Danish | Literature",
        "summary": "Editions of Danish classics.",
        "homepage": "https://example.org/adl",
        "category": "books",
        "fields": {"lang": "lang"},
        "contributor": {"name": "A Library", "country": "DK", "contact_role_email": "texts@example.org"},
        "content": {"languages": ["da"], "transcription": "ocr", "period": {"from": "1700", "to": "1930"}},
        "acquisition": {"method": "transfer", "obtained_at": "2026-01-10"},
        "rights": {"spdx": "CC0-1.0", "basis": "public-domain", "third_party_works": "none"},
        "use": {"train": "yes", "release_model": "yes", "release_data": "yes"},
        "privacy": {"personal_data": "none"},
        "quality": {"known_issues": ["long s read as f"]},
    },
    {
        "id": "press",
        "title": HOSTILE,
        "summary": f"News {HOSTILE} and more.",
        "homepage": "javascript:alert(1)",
        "category": "news",
        "fields": {"lang": "lang"},
        "content": {"languages": ["swe"]},
        "rights": {"spdx": "NLOD-2.0", "attribution_text": "The Press", "embargo": "rolling:P1Y"},
        "use": {"train": "yes", "release_model": "conditional", "release_data": "no", "conditions": "Ask first."},
    },
]

UNDOCUMENTED = {
    "id": "found",
    "title": "found",
    "summary": "No source card was given.",
    "category": "undocumented",
    "fields": {"lang": "lang"},
    "rights": {"spdx": "LicenseRef-unknown"},
}

# stage, flow, source, language, code, documents, bytes
CELLS = [
    (READ, "made", "adl", "dan_Latn", "", 1000, 900_000),
    (READ, "made", "press", "swe_Latn", "", 500, 400_000),
    (READ, "made", "press", "dan_Latn", "", 100, 100_000),
    (READ, "made", "found", "", "", 50, 10_000),
    (READ, "rejected", "press", "swe_Latn", "read.damaged", 2, 0),
    (READ, "rejected", "found", "", "read.bad_record", 5, 100),
    (READ, "kept", "adl", "dan_Latn", "", 1000, 900_000),
    (READ, "kept", "press", "swe_Latn", "", 498, 400_000),
    (READ, "kept", "press", "dan_Latn", "", 100, 100_000),
    (READ, "kept", "found", "", "", 45, 9_900),
    ("filter", "in", "adl", "dan_Latn", "", 1000, 900_000),
    ("filter", "in", "press", "swe_Latn", "", 498, 400_000),
    ("filter", "in", "press", "dan_Latn", "", 100, 100_000),
    ("filter", "in", "found", "", "", 45, 9_900),
    ("filter", "rejected", "adl", "dan_Latn", "gopher.word_count", 200, 20_000),
    ("filter", "rejected", "press", "swe_Latn", "gopher.word_count", 98, 9_000),
    ("filter", "rejected", "press", "swe_Latn", "gopher.alpha_word_fraction", 10, 1_000),
    ("filter", "rejected", "found", "", "filter.no_profile", 45, 9_900),
    ("filter", "kept", "adl", "dan_Latn", "", 800, 880_000),
    ("filter", "kept", "press", "swe_Latn", "", 390, 390_000),
    ("filter", "kept", "press", "dan_Latn", "", 100, 100_000),
    ("dedup", "in", "adl", "dan_Latn", "", 800, 880_000),
    ("dedup", "in", "press", "swe_Latn", "", 390, 390_000),
    ("dedup", "in", "press", "dan_Latn", "", 100, 100_000),
    ("dedup", "rejected", "press", "swe_Latn", "dedup.exact", 3, 3_000),
    ("dedup", "kept", "adl", "dan_Latn", "", 800, 880_000),
    ("dedup", "kept", "press", "swe_Latn", "", 387, 387_000),
    ("dedup", "kept", "press", "dan_Latn", "", 100, 100_000),
    ("weight", "in", "adl", "dan_Latn", "", 800, 880_000),
    ("weight", "in", "press", "swe_Latn", "", 387, 387_000),
    ("weight", "in", "press", "dan_Latn", "", 100, 100_000),
    ("weight", "kept", "adl", "dan_Latn", "", 800, 880_000),
    ("weight", "kept", "press", "swe_Latn", "", 387, 387_000),
    ("weight", "kept", "press", "dan_Latn", "", 100, 100_000),
]

HISTOGRAMS = {
    "filter word_count dan_Latn": {"0": 5, "11.3137": 150, "45.2548": 200, "128": 400, "724.077": 345},
    "filter word_count swe_Latn": {"11.3137": 98, "128": 400},
    "filter mean_word_length dan_Latn": {"4": 900, "5.65685": 199, "11.3137": 1},
    "filter mean_word_length swe_Latn": {"4": 498},
    "filter alpha_word_fraction dan_Latn": {"0.98": 1000, "0.8": 90, "0.62": 10},
    "filter stop_word_count dan_Latn": {"1": 4, "8": 1000, "22.6274": 3, "nan": 45, "inf": 1},
}


def make_plan(folder: Path, **changes) -> Plan:
    inputs = []
    for card in [*CARDS, UNDOCUMENTED]:
        path = folder / "inputs" / card["id"]
        path.mkdir(parents=True, exist_ok=True)
        (path / "a.jsonl").write_text('{"text": "secret words", "lang": "dan_Latn"}\n')
        (path / "notes.xyz").write_text("?")
        inputs.append(
            Input(path=str(path), card=SourceCard.model_validate(card), documented=card["id"] != UNDOCUMENTED["id"])
        )
    return plan(parse_recipe(RECIPE), inputs).model_copy(update=changes)


def make_tally() -> Tally:
    tally = Tally()
    for *cell, documents, size in CELLS:
        tally.add(Cell._make(cell), documents, size)
    tally.check("test")
    for code, many in {"word_count": 298, "alpha_word_fraction": 60, "stop_word_count": 4}.items():
        tally.failing[Failure("filter", f"gopher.{code}", "adl", "dan_Latn")] += many
    tally.skipped["adl", "read.not_a_document"] = 7
    return tally


def write(run: Path, kind: str, name: str, table: pa.Table) -> FileEntry:
    path = run / name
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path)
    return FileEntry(path=name, kind=kind, rows=table.num_rows, bytes=1234, sha256="0" * 64)


def make_files(run: Path) -> list[FileEntry]:
    data = pa.table(
        {
            "id": ["adl-1", "press-1", "press-2"],
            "source": ["adl", "press", "press"],
            "license": ["CC0-1.0", "NLOD-2.0", "NLOD-2.0"],
            "url": [None, "https://example.org/1", None],
            "created": ["1850", "2020-02-03", "2021-05"],
            "text": ["secret words"] * 3,
        }
    )
    dedup = pa.table(
        {
            "id": ["adl-1", "press-7", "press-8", "press-2", "press-9"],
            "row": pa.array([0, 7, 8, 2, 9], pa.uint64()),
            "removed": [False, True, True, False, True],
            "duplicate_of_id": [None, "adl-1", "adl-1", None, "press-2"],
            "similarity": [None, 1.0, 1.0, None, 1.0],
        }
    )
    weight = pa.table(
        {
            "group": ["swe_Latn", "dan_Latn"],
            "documents": [387, 900],
            "size": [387_000, 980_000],
            "natural_share": [0.283, 0.717],
            "share": [0.386, 0.614],
            "weight": [1.364, 0.856],
            "capped": [False, False],
        }
    )
    return [
        write(run, "data", "data/00000.parquet", data),
        write(run, "decisions/dedup", "decisions/dedup.parquet", dedup),
        write(run, "decisions/weight", "decisions/weight.parquet", weight),
    ]


def render(folder: Path, tally: Tally | None = None, **changes) -> Path:
    run = folder / "run"
    made = make_plan(folder, **changes)
    files = make_files(run)
    (run / "recipe.yaml").write_text(RECIPE + "plugin: /home/somebody/plugins/mine.py\n")
    render_datasheet(run, made, make_tally() if tally is None else tally, files, HISTOGRAMS)
    return run / "datasheet"


@pytest.fixture(scope="module")
def sheet(tmp_path_factory) -> Path:
    return render(tmp_path_factory.mktemp("sheet"))


@pytest.fixture(scope="module")
def stats(sheet) -> dict:
    return json.loads((sheet / "stats.json").read_text())


@pytest.fixture(scope="module")
def readme(sheet) -> str:
    return (sheet / "README.md").read_text()


@pytest.fixture(scope="module")
def page(sheet) -> str:
    return (sheet / "datasheet.html").read_text()


def one(rows: list[Any], **wanted) -> Any:
    [found] = [row for row in rows if all(row[key] == value for key, value in wanted.items())]
    return found


def test_totals(stats):
    assert stats["totals"] == {
        "documents_read": 1650,
        "bytes_read": 1_410_000,
        "documents_made": 0,
        "documents_segmented": 0,
        "documents_kept": 1287,
        "bytes_kept": 1_367_000,
        "documents_rejected": 363,
        "bytes_rejected": 43_000,
        "share_kept": 0.78,
        "share_bytes_kept": 0.969504,
        "input_files": 3,
        "input_bytes": 3 * 45,
    }


def test_waterfall_balances_and_counts_reasons(stats):
    assert [step["stage"] for step in stats["waterfall"]] == ["read", "filter", "dedup", "weight"]
    for step in stats["waterfall"]:
        assert step["documents_in"] == step["documents_kept"] + step["documents_rejected"]
        assert step["bytes_in"] == step["bytes_kept"] + step["bytes_rejected"]
    step = one(stats["waterfall"], stage="filter")
    assert [(r["code"], r["documents"], r["failing"]) for r in step["reasons"]] == [
        ("gopher.word_count", 298, 298),
        ("filter.no_profile", 45, 45),
        ("gopher.alpha_word_fraction", 10, 60),
        ("gopher.stop_word_count", 0, 4),
    ]
    assert step["reasons"][0]["meaning"].startswith("Number of whitespace-separated words; keeps at least 20")


def test_sources_and_languages(stats):
    press = one(stats["sources"], name="press")
    assert (press["documents_read"], press["documents_kept"], press["documents_rejected"]) == (600, 487, 113)
    assert (press["bytes_kept"], press["share"], press["license"]) == (487_000, 0.356255, "NLOD-2.0")
    assert [(part["name"], part["documents_kept"]) for part in stats["languages"]] == [
        ("dan_Latn", 900),
        ("swe_Latn", 387),
        ("", 0),
    ]
    assert sum(part["documents_rejected"] for part in stats["languages"]) == 363
    assert one(stats["source_languages"], source="press", language="dan_Latn")["documents"] == 100
    assert stats["license"] == "CC0-1.0 AND NLOD-2.0"


def test_what_was_passed_over(stats):
    assert [(s["source"], s["code"], s["records"]) for s in stats["skipped_records"]] == [
        ("adl", "read.not_a_document", 7)
    ]
    assert stats["skipped_files"] == [{"source": s, "ending": ".xyz", "files": 1} for s in ("adl", "found", "press")]
    assert [(d["source"], d["code"], d["documents"]) for d in stats["damage"]] == [
        ("found", "read.bad_record", 5),
        ("press", "read.damaged", 2),
    ]


def test_decisions_and_data_files(stats):
    [dedup] = stats["duplicates"]
    assert (dedup["removed"], dedup["clusters"], dedup["sizes"]) == (3, 2, {"2": 1, "3": 1})
    assert dedup["overlap"] == [
        {"source": "press", "duplicate_of": "adl", "documents": 2},
        {"source": "press", "duplicate_of": "press", "documents": 1},
    ]
    assert [(g["group"], g["weight"]) for g in stats["weights"]["weight"]] == [("dan_Latn", 0.856), ("swe_Latn", 1.364)]
    assert one(stats["columns"], name="url")["missing"] == 2
    assert stats["created"] == ["1850", "2021-05"]
    assert one(stats["files"], kind="decisions") == {"kind": "decisions", "files": 2, "rows": 7, "bytes": 2468}


def test_every_number_has_its_origin(stats):
    numbers = one(stats["stages"], id="filter")["numbers"]
    assert one(numbers, name="gopher.word_count.low") == {
        "name": "gopher.word_count.low",
        "value": 20.0,
        "origin": "recipe, override",
    }
    assert "fineweb-2" in one(numbers, name="gopher.mean_word_length.high (dan_Latn)")["origin"]
    assert all(number["origin"] for stage in stats["stages"] for number in stage["numbers"])


def test_bounds_stand_beside_the_histogram(stats):
    histogram = one(stats["histograms"], metric="mean_word_length")
    assert [(b["where"], b["low"], b["high"]) for b in histogram["bounds"]] == [
        ("", 3.0, 10.0),
        ("dan_Latn", 3.0, 11.0),
        ("swe_Latn", 3.0, 12.0),
    ]
    assert histogram["languages"]["swe_Latn"] == {"4": 498}
    assert [h["metric"] for h in stats["histograms"]][:2] == ["word_count", "mean_word_length"]


def test_findings(stats):
    told = {(finding["level"], finding["text"].split(",")[0].split(":")[0]) for finding in stats["findings"]}
    assert ("stop", "Source found is undocumented") in told
    assert ("caution", "2 records of source press could not be read") in told
    assert ("caution", "Source press does not allow releasing the data.") in told
    assert ("caution", "20.5% of source press is Danish") in told
    assert stats["findings"][0]["level"] == "stop"
    assert not any("sample" in text for _, text in told)


def test_a_trial_says_so(tmp_path):
    stats = json.loads((render(tmp_path, limit=100, sample=0.01) / "stats.json").read_text())
    texts = [finding["text"] for finding in stats["findings"]]
    assert "This is a trial: at most 100 records were read (--limit)." in texts
    assert "This is a sample: 1% of the documents were taken (--sample), by hash of the id." in texts
    assert "100 records" in one(stats["questions"], id="P3")["answer"]


def test_permissions_are_the_strictest(stats):
    assert stats["permissions"]["releasing the data"] == "no"
    assert stats["permissions"]["releasing a model"] == "conditional"
    assert stats["permissions"]["training"] == "yes"
    assert stats["permissions"]["releasing samples"] == "not stated"


def front_matter(readme: str) -> dict:
    before, matter, _ = readme.split("---\n", 2)
    assert before == ""
    return yaml.safe_load(matter)


def test_front_matter(readme):
    matter = front_matter(readme)
    assert check(matter) == []
    assert matter["language"] == ["da", "sv"]
    assert (matter["license"], matter["license_name"], matter["license_link"]) == (
        "other",
        "mixed-by-source",
        "LICENSE.md",
    )
    assert matter["size_categories"] == ["1K<n<10K"]
    assert matter["multilinguality"] == ["multilingual"]
    assert matter["task_categories"] == ["text-generation", "fill-mask"]
    assert matter["configs"][0]["data_files"] == [{"split": "train", "path": "data/*.parquet"}]
    assert matter["pretty_name"] == "Nordic trial"


def test_check_finds_what_published_cards_get_wrong():
    assert check({"size_categories": ["2G<n<1B"]}) == ["size_categories: the Hub knows no '2G<n<1B'"]
    assert check({"license": "other"}) == ["license: 'other' needs license_name and license_link"]
    assert check({"licence": "mit"}) == ["licence: no such key"]
    assert [size_category(n) for n in (0, 999, 1000, 10**9)] == ["n<1K", "n<1K", "1K<n<10K", "1B<n<10B"]


def test_all_57_questions_are_there(stats, readme, page):
    assert len(QUESTIONS) == len({question.id for question in QUESTIONS}) == 57
    letters = [question.id[0] for question in QUESTIONS]
    assert {letter: letters.count(letter) for letter in "MCPRUDN"} == {
        "M": 4,
        "C": 16,
        "P": 12,
        "R": 4,
        "U": 6,
        "D": 7,
        "N": 8,
    }
    for question in QUESTIONS:
        assert f"**{question.id}. " in readme
        assert f'<span class="code">{question.id}</span>' in page
    answered = [answer for answer in stats["questions"] if answer["origins"]]
    assert f"**{len(answered)} of 57 are answered**" in readme
    assert all(answer["answer"] == "Not answered." for answer in stats["questions"] if not answer["origins"])


def test_answers_say_how_they_are_known(stats):
    answers = {answer["id"]: answer for answer in stats["questions"]}
    assert answers["C2"]["origins"] == ["measured"]
    assert answers["C2"]["answer"] == "1,287 documents, 1.4 MB of text. By language: Danish 900, Swedish 387."
    assert answers["M1"]["origins"] == ["configured"]
    assert answers["N2"]["answer"] == "Contacts of the sources: texts@example.org (adl)."
    assert answers["C14"]["origins"] == ["declared", "configured"]
    assert answers["C14"]["partial"]
    assert answers["P6"]["origins"] == []


def test_readme_tables(readme):
    assert "| `filter` | 1,643 | 1,290 | 353 | 21.5% | 1.4 MB |" in readme
    assert "| Danish | `dan_Latn` | 900 | 980.0 kB | 71.7% | 200 |" in readme
    assert r"Archive of Danish \| Literature" in readme
    assert r"\<img src=x onerror=alert(1)\>" in readme
    assert HOSTILE not in readme
    assert "| `gopher.word_count.low` | 20 | recipe, override |" in readme


def test_license_file(sheet):
    text = (sheet / "LICENSE.md").read_text()
    assert "| `press` | `NLOD-2.0` <https://spdx.org/licenses/NLOD-2.0.html> | attribution | 487 |" in text
    assert "- `press`: The Press" in text
    assert "found" not in text


def test_page_is_well_formed_and_stands_alone(page):
    parser = etree.HTMLParser(recover=False)
    root = etree.fromstring(page.encode(), parser)
    unknown = ("svg", "nav", "main", "section", "header", "footer", "figure", "article", "details", "summary")
    wrong = [e for e in parser.error_log if not any(f"Tag {t}" in e.message for t in (*unknown, *SVG, "figcaption"))]
    assert wrong == []
    assert root.tag == "html"
    tree = html.document_fromstring(page)
    assert not tree.xpath("//script | //link | //img | //iframe | //object | //form | //*[@style] | //@src")
    assert not [name for name in tree.xpath("//@*/..") for attribute in name.attrib if attribute.startswith("on")]
    assert [href for href in tree.xpath("//a/@href") if not href.startswith("#")] == ["https://example.org/adl"]
    assert "url(" not in page
    assert "@import" not in page


SVG = ("rect", "text", "tspan", "line", "g", "title")


def test_hostile_text_is_escaped(page):
    assert "<script" not in page
    assert HOSTILE not in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page
    assert "javascript:" not in page


def test_every_chart_has_a_name_and_a_table(page):
    tree = html.document_fromstring(page)
    for chart in tree.xpath("//svg[@role='img']"):
        assert chart.get("aria-label") or chart.get("aria-labelledby")
    assert len(tree.xpath("//figure")) == len(tree.xpath("//figure//table")) == 4
    assert len(tree.xpath("//svg[not(@role='img') and not(@aria-hidden='true')]")) == 0
    assert len(set(tree.xpath("//@id"))) == len(tree.xpath("//@id"))


def test_page_shows_the_numbers(page):
    text = " ".join(html.document_fromstring(page).text_content().split())
    for shown in ("1,287", "of 1,650 read", "78.0%", "363 rejected", "does not allow releasing the data", "Ask first."):
        assert shown in text


def test_same_run_gives_the_same_bytes(sheet, tmp_path):
    again = render(tmp_path)
    assert sorted(path.name for path in again.iterdir()) == ["LICENSE.md", "README.md", "datasheet.html", "stats.json"]
    for path in again.iterdir():
        assert path.read_bytes() == (sheet / path.name).read_bytes()


def test_nothing_of_the_machine_or_the_texts(sheet):
    for path in sheet.iterdir():
        text = path.read_text()
        assert "secret words" not in text
        assert "/tmp" not in text
        assert "/home" not in text
        assert not re.search(r"None|Undefined|nan%", text.replace("undefined", ""))


def test_documents_may_have_licenses_of_their_own(tmp_path):
    press = make_plan(tmp_path).sources["press"]
    card = press.card.model_copy(update={"rights": press.card.rights.model_copy(update={"per_document": True})})
    sources = make_plan(tmp_path).sources | {"press": press.model_copy(update={"card": card})}
    stats = json.loads((render(tmp_path, sources=sources) / "stats.json").read_text())
    assert one(stats["sources"], name="press")["licenses_found"] == {"NLOD-2.0": 2}
    assert one(stats["sources"], name="adl")["licenses_found"] == {}


def test_an_empty_run_can_be_shown(tmp_path):
    folder = render(tmp_path, Tally())
    stats = json.loads((folder / "stats.json").read_text())
    assert stats["totals"]["share_kept"] == 0
    assert {"level": "stop", "text": "The corpus is empty: no document was kept."} in stats["findings"]
    assert check(front_matter((folder / "README.md").read_text())) == []


def test_waterfall_geometry(stats):
    chart = waterfall_chart(stats["waterfall"])
    read, judged = chart.rows[:2]
    assert (read.kept, read.rejected) == (537.7, 2.3)
    assert (judged.kept, judged.rejected) == (422.2, 115.5)
    assert judged.share == "−353 (21.5%)"


def test_histogram_geometry(stats):
    chart = histogram_chart(one(stats["histograms"], metric="word_count"))
    assert [bar.outside for bar in chart.bars] == [True, True, False, False, False]
    heights = [bar.height for bar in chart.bars]
    assert max(heights) == 96.0
    assert heights[3] / heights[2] == pytest.approx(2, abs=0.01)  # 800 documents against 200
    assert chart.bars[0].x == 0
    assert all(a.x + a.width <= b.x + 0.1 for a, b in zip(chart.bars, chart.bars[1:], strict=False))
    assert chart.bars[-1].x + chart.bars[-1].width <= 320
    usual = [line.x for line in chart.lines if line.usual]
    assert chart.bars[1].x < usual[0] < chart.bars[2].x


def test_labels_under_the_axis_do_not_touch(stats):
    bins = {"0": 9, "0.000976562": 1, "0.0625": 2, "0.5": 1}
    histogram = one(stats["histograms"], metric="word_count") | {"kind": "ratio", "languages": {"": bins}}
    ticks = histogram_chart(histogram | {"bounds": []}).ticks
    assert [tick.text for tick in ticks] == ["0", "0.0078", "0.062", "0.5"]


def test_values_off_the_scale_are_not_drawn_but_listed(stats, page):
    histogram = one(stats["histograms"], metric="stop_word_count")
    assert [bar.title for bar in histogram_chart(histogram).bars] == ["1 to 1.4: 4", "8 to 11: 1,000", "23 to 32: 3"]
    assert histogram_chart(histogram).bars[-1].x + histogram_chart(histogram).bars[-1].width <= 320
    assert "undefined for 45" in page


def test_example_card_in_the_readme_is_valid():
    text = (Path(__file__).parents[1] / "datasheets" / "sources" / "README.md").read_text()
    [example] = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    card = validate(parse(example, name="README.md"), SourceCard)
    assert (card.id, card.use.train, card.rights.spdx) == ("adl", "yes", "CC0-1.0")
