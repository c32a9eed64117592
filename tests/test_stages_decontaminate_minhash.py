"""Documents and paragraphs that are nearly a benchmark text are rejected or marked."""

import json

import pytest
import toy

import corpus_kit
from corpus_kit.errors import RecipeError
from corpus_kit.recipe import parse_recipe
from corpus_kit.stages.decontaminate_minhash import MinHashDecontaminate
from corpus_kit.why import story_lines, why

CONTEXT = " ".join(f"kontekst{i}" for i in range(90))
EDITED = " ".join("nyt" if i % 12 == 11 else word for i, word in enumerate(CONTEXT.split()))
"""No 13 words in a row are left; 86 - 34 = 47 of 125 shingles of 5 words are."""


def run(folder, settings: str):
    path = folder / "bench.txt"
    path.write_text(f"{CONTEXT}\nja tak\n")
    other = " ".join(f"ren{i}" for i in range(120))
    documents = {"clean": other, "edited": EDITED, "paragraph": f"{other}\n\n{EDITED}"}
    rows = [{"text": content, "title": name} for name, content in documents.items()]
    if not (folder / "src").exists():
        toy.write_source(folder / "src", "docs", files={"a.jsonl": rows})
    stages = f"  - decontaminate: {{method: ngram, benchmarks: {{b: {path}}}, action: mark}}\n"
    stages += f"  - decontaminate: {{method: minhash, benchmarks: {{b: {path}}}, {settings}, as: near}}\n"
    inputs = corpus_kit.resolve_inputs([str(folder / "src")])
    return corpus_kit.run(parse_recipe(f"recipe: 1\nstages:\n{stages}"), inputs, folder / "out", workers=1)


def test_edited_texts_and_paragraphs_are_rejected(tmp_path):
    found = run(tmp_path, "threshold: 0.3, action: reject")
    assert found.kept()["title"].to_pylist() == ["clean"]
    rejects = found.rejects().to_pylist()
    assert {(one["stage"], one["reasons"][0]["code"], one["reasons"][0]["high"]) for one in rejects} == {
        ("near", "decontaminate.minhash", 0.3)
    }
    decision = found.decisions("near").to_pylist()
    assert [(one["benchmark"], one["example"], one["kind"]) for one in decision] == [("b", 0, "minhash")] * 2
    assert len({one["share"] for one in decision}) == 1
    story = "\n".join(story_lines(why(found, rejects[0]["id"])))
    assert "b example 0, text: similarity 0." in story
    assert "kept below 0.3" in story
    stats = json.loads((tmp_path / "out" / "datasheet" / "stats.json").read_text())
    [counts] = stats["contamination"]["near"]
    assert (counts["examples"], counts["contaminated"], counts["documents"]) == (1, 1, 2)


def test_marks_of_two_stages_are_joined(tmp_path):
    found = run(tmp_path, "threshold: 0.3, action: mark")
    marked = {row["title"]: row["contaminated"] for row in found.kept().to_pylist()}
    assert marked == {"clean": None, "edited": ["b"], "paragraph": ["b"]}


def test_what_is_not_like_enough_stays(tmp_path):
    assert run(tmp_path, "threshold: 0.6, action: reject").kept().num_rows == 3


def test_a_benchmark_of_short_texts_is_refused(tmp_path):
    path = tmp_path / "b.txt"
    path.write_text("ja\n")
    with pytest.raises(RecipeError, match="lower `min_words`"):
        MinHashDecontaminate(benchmarks={"b": str(path)}).check({})
