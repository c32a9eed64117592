"""Training a classifier: which examples count, what is measured, and that the same texts give the same file."""

import json
import random
from pathlib import Path

import laws
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

pytest.importorskip("fasttext")

from corpus_kit.classifier import train
from corpus_kit.classifier.card import lines
from corpus_kit.classifier.examples import HELD_OUT, Scratch, Side, read_side, refuse_conflicts
from corpus_kit.classifier.measure import at_bound, measure
from corpus_kit.classifier.train import MAX_EPOCHS, MIN_EPOCHS, epochs
from corpus_kit.cli import main
from corpus_kit.errors import PlanError
from corpus_kit.resources import digest
from corpus_kit.scorer import load, prepare

GOOD = [laws.text(i) for i in range(120)]


def junk(number: int) -> str:
    """A made-up page of offers."""
    chance = random.Random(number)
    words = ["køb", "nu", "tilbud", "kr", "kurv", "log", "ind", "menu", "fri", "fragt", "%", "!!!", "side", "næste"]
    return "\n".join(" ".join(chance.choice(words) for _ in range(5)) + f" {number * 7919 + i}" for i in range(20))


BAD = [f"{junk(i)}\n{'abcdefghij'[i % 10]}{'klmnopqrst'[i // 10]}" for i in range(100)]


def jsonl(path: Path, texts: list[str], field: str = "text") -> Path:
    path.write_text("".join(json.dumps({field: text}) + "\n" for text in texts), "utf-8")
    return path


@pytest.fixture
def files(tmp_path) -> tuple[Path, Path]:
    return jsonl(tmp_path / "good.jsonl", GOOD), jsonl(tmp_path / "bad.jsonl", BAD)


def side(tmp_path, paths, **options) -> Side:
    with (tmp_path / "scratch").open("w+b") as file:
        return read_side("good", [str(path) for path in paths], Scratch(file), **options)


def test_a_classifier_learns_and_says_how_well(tmp_path, files):
    trained = train([str(files[0])], [str(files[1])], tmp_path / "model.bin")
    found = trained.measures
    assert (found.good, found.bad) == (12, 10)
    assert found.accuracy == 1.0
    assert found.auc == 1.0
    assert found.majority == pytest.approx(12 / 22)
    scorer = load(trained.path)
    assert min(scorer.scores([laws.text(i) for i in range(500, 520)])) > 0.9
    assert max(scorer.scores([junk(i) for i in range(500, 520)])) < 0.1
    assert trained.digest == digest(trained.path)


def test_the_card_says_what_it_was_made_of(tmp_path, files):
    trained = train([str(files[0])], [str(files[1])], tmp_path / "edu.bin")
    card = (tmp_path / "edu.md").read_text("utf-8")
    assert "# Classifier edu.bin" in card
    assert trained.digest in card
    for name, sha in (trained.good.files[0], trained.bad.files[0]):
        assert f"| `{name}` | {sha} |" in card
        assert sha.startswith("sha256:")
    assert "| accuracy at 0.5 | 100.0% (always the larger side: 54.5%) |" in card
    assert str(tmp_path) not in card
    assert not any(text[:40] in card for text in GOOD + BAD)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.jsonl", "edu.bin", "edu.md", "good.jsonl"]


def test_the_same_texts_give_the_same_file(tmp_path, files):
    once = train([str(files[0])], [str(files[1])], tmp_path / "a.bin")
    (tmp_path / "parts").mkdir()
    shuffled = random.Random(5).sample(GOOD, len(GOOD))
    jsonl(tmp_path / "parts" / "2.jsonl", shuffled[:70])
    pq.write_table(pa.table({"text": shuffled[70:] + shuffled[:3]}), tmp_path / "parts" / "1.parquet")
    again = train([str(tmp_path / "parts")], [str(files[1])], tmp_path / "b.bin")
    assert again.path.read_bytes() == once.path.read_bytes()
    assert again.measures == once.measures
    assert again.good.left_out == {"seen before": 3}


def test_equal_texts_count_once_and_stand_on_one_side_of_the_cut(tmp_path):
    texts = [*GOOD[:60], *(text.upper() for text in GOOD[:30]), *(f"{text}  \n" for text in GOOD[:60]), " ", ""]
    found = side(tmp_path, [jsonl(tmp_path / "a.jsonl", [*texts, "{"])])
    assert len(found.examples) == 61
    assert found.left_out == {"seen before": 90, "without a word": 2}
    kept, held_out = found.split()
    assert not {one.digest for one in kept} & {one.digest for one in held_out}
    assert len(held_out) == round(61 * HELD_OUT)
    assert max(one.digest for one in held_out) < min(one.digest for one in kept)


def test_broken_records_are_counted(tmp_path):
    path = jsonl(tmp_path / "a.jsonl", GOOD)
    path.write_text(path.read_text("utf-8") + "{broken\n" + json.dumps({"title": "x"}) + "\n", "utf-8")
    assert side(tmp_path, [path]).left_out == {"not readable": 2}


def test_texts_on_both_sides_are_refused_by_place(tmp_path, files):
    jsonl(files[1], [*BAD, *(text.lower() for text in GOOD[:5])])
    with pytest.raises(PlanError) as caught:
        train([str(files[0])], [str(files[1])], tmp_path / "m.bin")
    message = str(caught.value)
    assert message.startswith("5 texts are both good and bad")
    assert message.count(" is bad.jsonl#") == 3
    assert message.endswith("and 2 more")
    assert not any(text[:20].lower() in message.lower() for text in GOOD)
    assert not (tmp_path / "m.bin").exists()
    refuse_conflicts(Side("good"), Side("bad"))


@pytest.mark.parametrize(
    ("good", "bad", "message"),
    [
        (GOOD[:49], BAD, "at least 50 different texts of either side, and there are 49 different good texts"),
        (GOOD, GOOD[:1] * 80, "there are 1 different bad texts (left out: 79 seen before)"),
    ],
)
def test_too_few_examples_are_refused(tmp_path, good, bad, message):
    paths = [str(jsonl(tmp_path / f"{name}.jsonl", texts)) for name, texts in (("good", good), ("bad", bad))]
    with pytest.raises(PlanError) as caught:
        train(paths[:1], paths[1:], tmp_path / "m.bin")
    assert message in str(caught.value)


def test_inputs_that_cannot_be_examples(tmp_path, files):
    with pytest.raises(PlanError, match=r"input '.*none\.jsonl' does not exist"):
        train([str(tmp_path / "none.jsonl")], [str(files[1])], tmp_path / "m.bin")
    (tmp_path / "page.html").write_text("<p>x</p>")
    with pytest.raises(PlanError, match="has html pages, not texts; run a recipe with 'extract'"):
        train([str(tmp_path / "page.html")], [str(files[1])], tmp_path / "m.bin")
    with pytest.raises(PlanError, match="that is the name of its card"):
        train([str(files[0])], [str(files[1])], tmp_path / "m.md")
    with pytest.raises(PlanError, match="would be read twice"):
        train([str(files[0]), str(files[0])], [str(files[1])], tmp_path / "m.bin")


def test_what_fasttext_cannot_learn_from_is_no_trace(tmp_path, files, monkeypatch):
    def overflow(*_, **__):
        raise RuntimeError("Encountered NaN.")

    monkeypatch.setattr("fasttext.train_supervised", overflow)
    with pytest.raises(PlanError, match="fastText cannot learn from these texts: Encountered NaN"):
        train([str(files[0])], [str(files[1])], tmp_path / "m.bin")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.jsonl", "good.jsonl"]


def test_the_field_of_the_text_can_be_named(tmp_path):
    path = jsonl(tmp_path / "a.jsonl", GOOD, field="content")
    assert len(side(tmp_path, [path], text_field="content").examples) == 120
    (tmp_path / "source.yaml").write_text(
        "id: mine\ntitle: t\nsummary: s\ncategory: web\nrights: {spdx: CC0-1.0}\nfields: {text: content}\n"
    )
    assert len(side(tmp_path, [path]).examples) == 120


def test_files_of_one_name_do_not_clash(tmp_path):
    paths = []
    for i in range(2):
        (tmp_path / f"{i}").mkdir()
        paths.append(jsonl(tmp_path / f"{i}" / "a.jsonl", GOOD[i * 60 : i * 60 + 60]))
    assert len(side(tmp_path, paths).examples) == 120


def test_only_the_languages_asked_for(tmp_path):
    danish = [f"Jeg ved ikke, hvornår {word} kommer hjem, men hun plejer at ringe først." for word in _words()]
    german = [f"Heute ist es {word}, und wir gehen mit dem Hund lange im Wald spazieren." for word in _words()]
    path = jsonl(tmp_path / "a.jsonl", danish + german)
    found = side(tmp_path, [path], languages=["dan_Latn"])
    assert found.left_out == {"of another language": len(german)}
    with pytest.raises(PlanError, match="no texts are ever identified as 'dan_Ltn'; did you mean 'dan_Latn'"):
        side(tmp_path, [path], languages=["dan_Ltn"])


def _words() -> list[str]:
    return [f"{a}{b}" for a in "bcdfghklmn" for b in ("al", "ein", "or", "ust", "yn", "it")]


def test_epochs_follow_the_number_of_texts():
    assert [epochs(n) for n in (1, 1000, 2000, 20_000, 10**7)] == [MAX_EPOCHS, 100, 50, MIN_EPOCHS, MIN_EPOCHS]


def test_measures_of_known_scores():
    good, bad = np.array([0.95, 0.85, 0.55, 0.25]), np.array([0.05, 0.15, 0.65, 0.25])
    found = measure(good, bad)
    assert found.accuracy == 6 / 8
    assert found.precision == 3 / 4
    assert found.recall == 3 / 4
    assert found.auc == pytest.approx(_pairs(good, bad))
    misses = [0.05, 0.15, 0.45, 0.75, 0.05, 0.15, 0.65, 0.25]
    assert found.brier == pytest.approx(np.mean(np.square(misses)))
    assert [(one.low, one.documents, one.good) for one in found.bins] == [
        (0.0, 1, 0.0),
        (0.1, 1, 0.0),
        (0.2, 2, 0.5),
        (0.5, 1, 1.0),
        (0.6, 1, 0.0),
        (0.8, 1, 1.0),
        (0.9, 1, 1.0),
    ]
    assert found.calibration_error == pytest.approx((0.05 + 0.15 + 2 * 0.25 + 0.45 + 0.65 + 0.15 + 0.05) / 8)
    assert found.quantiles["good"][4] == pytest.approx(0.7)
    assert [(one.bound, one.good_kept, one.bad_kept) for one in found.at_bounds][-1] == (0.95, 0.25, 0.0)


def _pairs(good, bad) -> float:
    return sum((g > b) + (g == b) / 2 for g in good for b in bad) / (len(good) * len(bad))


def test_nothing_kept_has_no_precision():
    kept = at_bound(np.array([0.1]), np.array([0.2]), 0.5)
    assert (kept.good_kept, kept.bad_kept) == (0, 0)
    assert np.isnan(kept.precision)


def test_scores_of_one_are_in_the_last_bin():
    assert measure(np.array([1.0, 1.0]), np.array([0.0])).bins[-1].documents == 2


def test_the_scratch_file_gives_texts_back(tmp_path):
    with (tmp_path / "s").open("w+b") as file:
        scratch = Scratch(file)
        added = [scratch.add(prepare(text), "x") for text in ("Ærø", "", "Å 1")]
        assert [scratch.text(one) for one in reversed(added)] == ["å 0", "", "ærø"]


def test_the_command_prints_the_measures(tmp_path, files):
    output = tmp_path / "m.bin"
    arguments = ["classifier", "train", "--good", files[0], "--bad", files[1], "--output", output]
    done = CliRunner().invoke(main, [*map(str, arguments)])
    assert done.exit_code == 0, done.output
    assert "held out: 12 good, 10 bad" in done.output
    assert done.output.rstrip().endswith(f"{output} and its card {output.with_suffix('.md')}")
    as_json = CliRunner().invoke(main, [*map(str, arguments), "--json"])
    found = json.loads(as_json.output)
    assert (found["good"], found["accuracy"], found["sha256"]) == (12, 1.0, digest(output))
    failed = CliRunner().invoke(main, ["classifier", "train", "--good", "x", "--bad", "y", "--output", str(output)])
    assert failed.exit_code == 2
    assert "error: input 'x' does not exist" in failed.output


def test_the_terminal_and_the_card_have_the_same_numbers(tmp_path, files):
    trained = train([str(files[0])], [str(files[1])], tmp_path / "m.bin")
    card = (tmp_path / "m.md").read_text("utf-8")
    shown = "\n".join(lines(trained))
    for number in ("100.0% (always the larger side: 54.5%)", "1.000"):
        assert number in card
        assert number in shown
