"""NorQuAD and SuperLim, planted in real text, word for word and edited: what is found is what is there, and no more."""

import io
import json
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest
import toy

import corpus_kit
from corpus_kit.contamination.benchmarks import Benchmark, Text, read_texts
from corpus_kit.stages.decontaminate import NgramDecontaminate
from corpus_kit.storage import decompressed

FILES = {
    "norquad": "norquad/data/evaluation/all/test_dataset_flattened.json",
    "swefaq": "swefaq/swefaq_test.jsonl",
    "sweparaphrase": "sweparaphrase/sweparaphrase_test.jsonl",
    "swewic": "swewic/swewic_test.jsonl",
    "dalaj": "dalaj-ged-superlim/dalaj-ged-superlim_test.jsonl",
}
FIELDS = {
    "norquad": ["context", "qas.question"],
    "swefaq": ["question", "candidate_answers"],
    "sweparaphrase": ["sentence_1", "sentence_2"],
    "swewic": ["first.context", "second.context"],
    "dalaj": ["sentence"],
}
CLEAN = 600
"""Documents in which nothing is planted; half in Bokmål, half in Swedish."""

PLANTED = 20
"""Texts of each benchmark that are planted as they are, and as many, if there are, edited."""

N, WHOLE = 13, 8


def words(text: str) -> list[str]:
    """A definition of its own: runs of letters, digits and marks in lower case."""
    spaced = "".join(one if unicodedata.category(one)[0] in "LNM" else " " for one in text.lower())
    return spaced.split()


def grams(text: list[str], n: int) -> set[tuple[str, ...]]:
    return {tuple(text[i : i + n]) for i in range(len(text) - n + 1)}


def looked_for(text: str) -> set[tuple[str, ...]]:
    """What of a benchmark text is looked for."""
    own = words(text)
    return grams(own, N) if len(own) >= N else {tuple(own)} if len(own) >= WHOLE else set()


def edited(text: str, every: int) -> str:
    return " ".join("ZETA" if i % every == every - 1 else word for i, word in enumerate(text.split()))


def some(texts: list[Text], many: int) -> Iterator[Text]:
    step = max(1, len(texts) // many)
    return (texts[i] for i in range(0, min(len(texts), step * many), step))


def real_texts(data: Path, lang: str, many: int) -> list[str]:
    """Documents, or what they begin with, from all over a file."""
    with decompressed(str(data / f"text/{lang}.jsonl.zst")) as file:
        texts = [json.loads(line)["text"][:6000] for line in io.BufferedReader(file)]
    return [one.text for one in some([Text(lang, "", i, "", "", text) for i, text in enumerate(texts)], many)]


@pytest.fixture(scope="module")
def benchmarks(data) -> dict[str, Benchmark]:
    more = {"norquad": {"records": "data.paragraphs", "id": "qas.id"}}
    return {
        name: Benchmark(files={"test": str(data / "benchmarks" / file)}, fields=FIELDS[name], **more.get(name, {}))
        for name, file in FILES.items()
    }


@pytest.fixture(scope="module")
def texts(benchmarks) -> list[Text]:
    return read_texts(benchmarks)


@pytest.fixture(scope="module")
def documents(data, texts) -> dict[str, str]:
    """Name -> text; a planted one is called by how it was planted, its benchmark and its example."""
    carriers = real_texts(data, "nb", CLEAN // 2) + real_texts(data, "sv", CLEAN // 2)
    found = {f"clean/{i}": text for i, text in enumerate(carriers)}
    for name in FILES:
        own = [one for one in texts if one.benchmark == name]
        for number, one in enumerate(some([one for one in own if looked_for(one.text)], PLANTED)):
            carrier = carriers[-1 - number]
            middle = carrier.find(" ", len(carrier) // 2)
            shouted = one.text.upper().replace(", ", " -- ")
            found[f"exact/{name}/{one.example}"] = f"{carrier[:middle]} ({shouted}) {carrier[middle:]}"
        long = [one for one in own if len(words(one.text)) >= 60]
        for number, one in enumerate(some(long, PLANTED)):
            found[f"near/{name}/{one.example}"] = f"{carriers[number]}\n\n{edited(one.text, 20)}"
            found[f"far/{name}/{one.example}"] = f"{carriers[number]}\n\n{edited(one.text, 10)}"
    return found


@pytest.fixture(scope="module")
def run(tmp_path_factory, documents, benchmarks) -> corpus_kit.Run:
    folder = tmp_path_factory.mktemp("real")
    rows = [{"text": text, "title": name} for name, text in documents.items()]
    toy.write_source(folder / "src", "docs", files={"a.jsonl": rows})
    where = json.dumps({name: one.model_dump(exclude_none=True) for name, one in benchmarks.items()})
    common = f"benchmarks: {where}, action: mark"
    recipe = f"""recipe: 1
stages:
  - decontaminate: {{method: ngram, as: ngram, max_documents: null, {common}}}
  - decontaminate: {{method: minhash, as: minhash, {common}}}
  - decontaminate: {{method: minhash, as: far, threshold: 0.25, bands: 100, {common}}}
metrics: none
"""
    inputs = corpus_kit.resolve_inputs([str(folder / "src")])
    return corpus_kit.run(corpus_kit.parse_recipe(recipe), inputs, folder / "out", workers=1)


def report(run: corpus_kit.Run, stage: str) -> list[dict]:
    """The decisions of a stage, with the names of the documents."""
    title = {row["id"]: row["title"] for row in run.kept(["id", "title"]).to_pylist()}
    return [one | {"document": title[one["id"]]} for one in run.decisions(stage).to_pylist()]


@pytest.mark.data
def test_the_report_is_what_a_plain_search_finds(run, documents, texts):
    """Every text of every example with every document: which of its n-grams are in it."""
    of_gram: dict[tuple[str, ...], list[int]] = {}
    sizes = []
    for number, one in enumerate(texts):
        own = looked_for(one.text)
        sizes.append(len(own))
        for gram in own:
            of_gram.setdefault(gram, []).append(number)
    expected = []
    for name, document in documents.items():
        found: dict[int, int] = {}
        own = words(document)
        for gram in {gram for n in range(WHOLE, N + 1) for gram in grams(own, n)} & of_gram.keys():
            for number in of_gram[gram]:
                found[number] = found.get(number, 0) + 1
        for number, many in found.items():
            one = texts[number]
            expected.append((name, one.benchmark, one.split, one.example, one.id, one.field, many, sizes[number]))
    names = ("document", "benchmark", "split", "example", "example_id", "field", "found", "of")
    told = [tuple("" if one[name] is None else one[name] for name in names) for one in report(run, "ngram")]
    assert sorted(told) == sorted(expected)
    assert len({one[0] for one in told}) > 5 * PLANTED


@pytest.mark.data
def test_every_planted_text_is_told_of_by_its_example(run, documents):
    found = {(one["document"], one["benchmark"], one["example"]) for one in report(run, "ngram")}
    for kind, least in (("exact", 5 * PLANTED), ("near", PLANTED)):
        planted = [tuple(name.split("/")) for name in documents if name.startswith(kind)]
        assert len(planted) >= least
        missed = [one for one in planted if ("/".join(one), one[1], int(one[2])) not in found]
        assert missed == []
    whole = {one["document"] for one in report(run, "ngram") if one["found"] == one["of"]}
    assert {name for name in documents if name.startswith("exact")} <= whole


@pytest.mark.data
def test_nothing_is_found_where_nothing_is_planted(run):
    """Of six hundred documents. The far ones have no thirteen words in a row of their benchmark text left."""
    for stage in ("ngram", "minhash", "far"):
        assert [one["document"] for one in report(run, stage) if one["document"].startswith("clean")] == [], stage
    marked = [row["title"] for row in run.kept(["title", "contaminated"]).to_pylist() if row["contaminated"]]
    assert [name for name in marked if name.startswith("clean")] == []
    assert {name.split("/")[0] for name in marked} == {"exact", "near", "far"}


@pytest.mark.data
def test_edited_texts_are_found_by_similarity(run, documents):
    """Of the words of `near` a twentieth, of those of `far` a tenth is another: similarities of about 0.6 and 0.33, of
    which banding proposes all and, by 100 bands of 3 rows, 97 in a hundred."""
    for stage, kind, low, high, share_found in (("minhash", "near", 0.5, 0.75, 1.0), ("far", "far", 0.25, 0.5, 0.93)):
        planted = {name for name in documents if name.startswith(kind)}
        found = {}
        for one in report(run, stage):
            if one["document"] in planted and [one["benchmark"], str(one["example"])] == one["document"].split("/")[1:]:
                found[one["document"]] = max(one["share"], found.get(one["document"], 0))
        assert found.keys() <= planted
        assert len(found) >= share_found * len(planted)
        assert all(low <= share <= high for share in found.values())


@pytest.mark.data
def test_what_is_cut_is_gone(tmp_path, documents, benchmarks):
    """By the defaults of the stage, nothing of what was planted word for word is found again."""
    rows = [{"text": text, "title": name} for name, text in documents.items() if name.startswith("exact")]
    toy.write_source(tmp_path / "src", "docs", files={"a.jsonl": rows})
    where = json.dumps({name: one.model_dump(exclude_none=True) for name, one in benchmarks.items()})
    stage = f"decontaminate: {{method: ngram, benchmarks: {where}"
    recipe = (
        f"recipe: 1\nstages:\n  - {stage}, as: cut}}\n  - {stage}, as: again, action: mark}}\nguard: {{action: warn}}\n"
    )
    inputs = corpus_kit.resolve_inputs([str(tmp_path / "src")])
    run = corpus_kit.run(corpus_kit.parse_recipe(recipe), inputs, tmp_path / "out", workers=1)
    assert run.decisions("again").num_rows == 0
    codes = {row["reasons"][0]["code"] for row in run.rejects().to_pylist()}
    assert codes <= {"decontaminate.ngram_left", "decontaminate.ngram_pieces"}
    kept = {row["title"]: row["text"] for row in run.kept(["title", "text"]).to_pylist()}
    assert len(kept) > len(rows) / 2
    assert all(len(text) < len(documents[name]) for name, text in kept.items())


@pytest.mark.data
def test_the_datasheet_counts_and_holds_no_text(run, texts):
    stats = json.loads((Path(run.path) / "datasheet" / "stats.json").read_text())
    counts = {one["benchmark"]: one for one in stats["contamination"]["ngram"]}
    assert counts.keys() == {f"{name}/test" for name in FILES}
    for name in FILES:
        looked = {one.example for one in texts if one.benchmark == name and looked_for(one.text)}
        assert counts[f"{name}/test"]["examples"] == len(looked)
        assert counts[f"{name}/test"]["documents"] >= PLANTED
    sheet = json.dumps(stats) + (Path(run.path) / "datasheet" / "README.md").read_text()
    assert not [one for one in texts if len(one.text) > 60 and one.text in sheet]


@pytest.mark.data
def test_the_recipe_of_the_page_is_planned_as_it_stands(tmp_path, data, toy_source, monkeypatch):
    page = (Path(__file__).resolve().parents[1] / "docs" / "decontamination.md").read_text("utf-8")
    stages = page.partition("```yaml\n")[2].partition("```")[0]
    folder = data / "benchmarks"
    (tmp_path / "norquad").mkdir()
    (tmp_path / "norquad" / "test_dataset_flattened.json").symlink_to(folder / FILES["norquad"])
    for name in ("swefaq_dev.jsonl", "swefaq_test.jsonl"):
        (tmp_path / name).symlink_to(folder / "swefaq" / name)
    (tmp_path / "own_questions.txt").write_text("Hvor mange år bodde den gamle mannen ved det store havet?\n")
    monkeypatch.chdir(tmp_path)
    numbers = {
        one.name: one for one in toy.plan_of(f"recipe: 1\n{stages}", [toy_source]).stage("decontaminate").numbers
    }
    told = {name.removeprefix("examples."): one.value for name, one in numbers.items() if name.startswith("examples.")}
    assert told == {"norquad/test": 472, "swefaq/dev": 110, "swefaq/test": 109, "own": 1}
    named = dict(re.findall(r"^\| `(\w+)` \| `?(\w+)`? \|", page, re.MULTILINE))
    for name, default in named.items():
        value = NgramDecontaminate.model_fields[name].default
        assert str(value) == ("None" if default == "off" else default), name
