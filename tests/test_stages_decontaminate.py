"""Benchmark texts planted in documents are found, cut out, rejected or marked; what only looks like them is not."""

import io
import json
from pathlib import Path

import pytest
import toy

import corpus_kit
from corpus_kit.errors import RecipeError
from corpus_kit.recipe import parse_recipe
from corpus_kit.stages.decontaminate import NgramDecontaminate
from corpus_kit.storage import decompressed
from corpus_kit.tasks import Settings
from corpus_kit.why import story_lines, why

CONTEXT = " ".join(f"kontekst{i}" for i in range(60))
QUESTION = "Hvor mange år bodde den gamle mannen ved havet?"
SHORT = "Ja, det er riktig."


def filler(name: str, words: int = 120) -> str:
    return " ".join(f"{name}{i}" for i in range(words))


def benchmark(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "bench.jsonl"
    rows = [{"q": QUESTION, "c": CONTEXT, "id": "q7"}, {"q": SHORT, "c": filler("andet", 20), "id": "q8"}]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


DOCUMENTS = {
    "clean": filler("ren"),
    "verbatim": f"{filler('a')}\n{CONTEXT}\n{filler('b')}",
    "shouted": f"{filler('c')} ({CONTEXT.upper().replace(' ', ',  ')}) {filler('d')}",
    "part": f"{filler('e')} {' '.join(CONTEXT.split()[10:30])} {filler('f')}",
    "little": f"{filler('g')} {' '.join(CONTEXT.split()[10:22])} {filler('h')}",
    "question": f"{filler('i')} hvor mange år bodde den gamle mannen ved havet {filler('j')}",
    "inside": f"{filler('k')} hvor mange år bodde den gamle mannen ved havets {filler('l')}",
    "short": f"{filler('m')} {SHORT} {filler('n')}",
}
HELD = ["part", "question", "shouted", "verbatim"]


def run(folder: Path, settings: str, documents=DOCUMENTS, *, workers: int = 1, batch_rows: int = 1024, out="out"):
    source = folder / "src"
    if not source.exists():
        rows = [{"text": content, "title": name} for name, content in documents.items()]
        toy.write_source(source, "docs", files={"a.jsonl": rows[: len(rows) // 2], "b.jsonl": rows[len(rows) // 2 :]})
    where = f"{{bench: {{files: {{test: {benchmark(folder / 'bench')}}}, fields: [q, c], id: id}}}}"
    recipe = parse_recipe(f"recipe: 1\nstages:\n  - decontaminate: {{benchmarks: {where}, {settings}}}\n")
    inputs = corpus_kit.resolve_inputs([str(source)])
    return corpus_kit.run(recipe, inputs, folder / out, workers=workers, settings=Settings(batch_rows=batch_rows))


def titles(table) -> list[str]:
    return sorted(table["title"].to_pylist())


def test_planted_texts_are_found_whatever_their_case_and_punctuation(tmp_path):
    found = run(tmp_path, "method: ngram, action: reject")
    assert titles(found.kept()) == sorted(set(DOCUMENTS) - set(HELD))
    by_title = {row["id"]: row for row in found.rejects().to_pylist()}
    assert {reason["code"] for row in by_title.values() for reason in row["reasons"]} == {"decontaminate.ngram"}
    decision = found.decisions("decontaminate").to_pylist()
    told = sorted((one["found"], one["of"], one["kind"], one["example_id"], one["field"]) for one in decision)
    assert told == [
        (1, 1, "whole", "q7", "q"),
        (8, 48, "ngram", "q7", "c"),
        (48, 48, "ngram", "q7", "c"),
        (48, 48, "ngram", "q7", "c"),
    ]


def test_places_are_the_bytes_of_the_document(tmp_path):
    found = run(tmp_path, "method: ngram, action: mark")
    texts = {row["id"]: row for row in found.kept().to_pylist()}
    for one in found.decisions("decontaminate").to_pylist():
        [span] = one["spans"]
        part = texts[one["id"]]["text"].encode()[span["begin"] : span["end"]].decode()
        if texts[one["id"]]["title"] == "verbatim":
            assert part == CONTEXT
        if texts[one["id"]]["title"] == "question":
            assert part == QUESTION.lower().rstrip("?")
    marked = {row["title"]: row["contaminated"] for row in texts.values()}
    assert {name: value for name, value in marked.items() if value} == {name: ["bench/test"] for name in HELD}


def test_a_share_of_a_text(tmp_path):
    found = run(tmp_path, "method: ngram, n: 8, at_least: null, min_share: 0.7, action: reject")
    gone = {row["origin"] for row in found.rejects().to_pylist()}
    assert titles(found.kept()) == sorted({*DOCUMENTS} - {"question", "shouted", "verbatim"})
    assert len(gone) == 3
    reasons = [reason for row in found.rejects().to_pylist() for reason in row["reasons"]]
    assert {(one["code"], one["value"], one["high"]) for one in reasons} == {("decontaminate.ngram_share", 1.0, 0.7)}


def test_cutting_as_published(tmp_path):
    found = run(tmp_path, "method: ngram, margin: 20, min_piece: 100")
    texts = {row["title"]: row["text"] for row in found.kept().to_pylist()}
    assert texts["clean"] == DOCUMENTS["clean"]
    assert texts["little"] == DOCUMENTS["little"]
    assert "kontekst" not in texts["verbatim"] + texts["shouted"] + texts["part"]
    assert texts["verbatim"].startswith("a0 a1 ")
    assert texts["verbatim"].endswith(" b118 b119")
    assert "\n\n" in texts["verbatim"]
    assert [one[4:] for one in found.tally.to_json()["edits"]] == [[4, 4]]


def test_too_many_pieces_and_nothing_left(tmp_path):
    parts = " ".join(f"{filler(f'p{i}x', 40)} {CONTEXT}" for i in range(4))
    documents = {"pieces": parts, "whole": CONTEXT, "clean": filler("ren")}
    found = run(tmp_path, "method: ngram, margin: 0, max_pieces: 3", documents)
    reasons = sorted((one["code"], one["value"]) for row in found.rejects().to_pylist() for one in row["reasons"])
    assert reasons == [("decontaminate.ngram_left", 0.0), ("decontaminate.ngram_pieces", 4.0)]
    assert titles(found.kept()) == ["clean"]


def test_phrases_of_many_documents_do_not_count_and_are_told_of(tmp_path):
    documents = {f"copy{i}": f"{filler(f'x{i}x')} {CONTEXT}" for i in range(4)}
    found = run(tmp_path, "method: ngram, action: reject, max_documents: 3", documents)
    assert found.kept().num_rows == 4
    [one] = found.decisions("decontaminate").to_pylist()
    assert (one["kind"], one["found"], one["of"], one["documents"]) == ("frequent", 48, 48, 4)
    assert run(tmp_path, "method: ngram, action: reject, max_documents: 4", out="two").kept().num_rows == 0


def test_the_same_for_any_batches(tmp_path):
    one = run(tmp_path, "method: ngram")
    other = run(tmp_path, "method: ngram", batch_rows=1, out="two")
    for kind in ("data", "decisions/decontaminate"):
        assert one.table(kind).equals(other.table(kind))
    assert one.plan.fingerprint == other.plan.fingerprint


def test_a_changed_benchmark_is_another_run(tmp_path):
    one = run(tmp_path, "method: ngram")
    path = benchmark(tmp_path / "bench")
    before = path.read_text()
    stage = NgramDecontaminate(benchmarks={"b": str(path)})
    assert stage.files() == [path]
    numbers = {number.name: number.value for number in stage.numbers()}
    assert numbers["examples.b"] == 2
    assert {number.origin for number in stage.numbers() if number.name == "n"} == {
        "stage default: Brown et al. 2020, arXiv:2005.14165, appendix C"
    }
    assert list(one.plan.stage("decontaminate").files) == ["bench/bench.jsonl"]
    assert before == path.read_text()


def test_why_and_the_datasheet_tell_of_benchmarks_and_no_text(tmp_path):
    found = run(tmp_path, "method: ngram, action: reject")
    rejected = {row["id"] for row in found.rejects().to_pylist()}
    story = "\n".join(line for id in sorted(rejected) for line in story_lines(why(found, id)))
    assert "bench/test example 0 (q7), c: 48 of 48 n-grams, contaminated, bytes " in story
    assert "decontaminate.ngram = 48, kept up to 0" in story
    assert "kontekst" not in story
    stats = json.loads((tmp_path / "out" / "datasheet" / "stats.json").read_text())
    assert stats["contamination"] == {
        "decontaminate": [
            {"benchmark": "bench/test", "examples": 2, "contaminated": 1, "partly": 0, "frequent": 0, "documents": 4}
        ]
    }
    assert "| bench/test | 2 | 1 | 0 | 0 | 4 |" in (tmp_path / "out" / "datasheet" / "README.md").read_text()
    assert "kontekst" not in json.dumps(stats)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"at_least": None}, "give `at_least` or `min_share`"),
        ({"benchmarks": {}}, "at least 1"),
        ({"benchmarks": {"b": {"file": "x"}}}, "files"),
    ],
)
def test_wrong_settings(tmp_path, settings, message):
    given = {"benchmarks": {"b": str(benchmark(tmp_path))}} | settings
    with pytest.raises(ValueError, match=message):
        NgramDecontaminate.model_validate(given)


def test_a_benchmark_of_which_nothing_can_be_looked_for(tmp_path):
    path = tmp_path / "b.txt"
    path.write_text("ja\nnej\n")
    with pytest.raises(RecipeError, match="has no text of 8 words"):
        NgramDecontaminate(benchmarks={"b": str(path)}).check({})


@pytest.mark.data
def test_real_benchmarks_planted_in_real_text(tmp_path, data):
    """Every NorQuAD context planted in Bokmål text is found, and nothing in text without."""
    path = data / "benchmarks/norquad/data/evaluation/all/test_dataset_flattened.json"
    paragraphs = [one for entry in json.loads(path.read_text())["data"] for one in entry["paragraphs"]]
    contexts = sorted({one["context"] for one in paragraphs})
    with decompressed(str(data / "text/nb.jsonl.zst")) as file:
        texts = [
            json.loads(line)["text"] for _, line in zip(range(2 * len(contexts)), io.BufferedReader(file), strict=False)
        ]
    documents = {f"plain{i}": one for i, one in enumerate(texts[: len(contexts)])}
    documents |= {f"planted{i}": f"{texts[-1 - i]}\n\n{one.upper()}" for i, one in enumerate(contexts)}
    rows = [{"text": content, "title": name} for name, content in documents.items()]
    toy.write_source(tmp_path / "src", "docs", files={"a.jsonl": rows})
    settings = f"{{files: {{test: {path}}}, records: data.paragraphs, fields: [context], id: qas.id}}"
    stage = (
        f"decontaminate: {{method: ngram, action: reject, max_documents: null, benchmarks: {{norquad: {settings}}}}}"
    )
    recipe = parse_recipe(f"recipe: 1\nstages:\n  - {stage}\nguard: {{action: 'off'}}\n")
    found = corpus_kit.run(recipe, corpus_kit.resolve_inputs([str(tmp_path / "src")]), tmp_path / "out", workers=1)
    assert [one for one in titles(found.kept()) if one.startswith("planted")] == []
    assert found.rejects().num_rows == len(contexts)
