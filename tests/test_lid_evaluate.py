import json
import os
import random
from pathlib import Path

import pyarrow as pa
import pytest
from click.testing import CliRunner

from corpus_kit.commands.lid import lid
from corpus_kit.errors import PlanError
from corpus_kit.lid import load
from corpus_kit.lid.compare import Labelled, compare, examine, lines, read
from corpus_kit.lid.evaluate import measure
from corpus_kit.lid.robustness import PERTURBATIONS, letters, perturbed, reliability

DATA = os.environ.get("CORPUS_KIT_DATA", "")

RECORDS = [
    {"text": "Jag vet inte vad hon heter men hon bor här.", "lang": "sv"},
    {"text": "Jeg kommer fra Norge og vet ikke hva han heter.", "languages": ["nb", "da"]},
    {"text": "Eg veit ikkje kva ho heiter, sa dei.", "labels": ["nno_Latn"]},
    {"text": "Tous les êtres humains naissent libres et égaux.", "lang": "other"},
    {"text": "All human beings are born free and equal.", "languages": ["other"]},
    {"text": "Det går bra, jag kommer snart hem till er.", "lang": "nn"},
    {"text": "no language is given"},
]


@pytest.fixture
def data(tmp_path):
    path = tmp_path / "texts.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in RECORDS), "utf-8")
    return path


def test_labels_in_every_form_are_read(data):
    found = read(data)
    assert [sorted(one.labels) for one in found] == [
        ["swe_Latn"],
        ["dan_Latn", "nob_Latn"],
        ["nno_Latn"],
        ["und"],
        ["und"],
        ["nno_Latn"],
    ]


def test_folders_and_compressed_files_are_read(data, tmp_path):
    folder = tmp_path / "more" / "deep"
    folder.mkdir(parents=True)
    for name, compression in (("a.jsonl.zst", "zstd"), ("b.jsonl.gz", "gzip")):
        with pa.output_stream(str(folder / name), compression=compression) as stream:
            stream.write(data.read_bytes())
    assert len(read(tmp_path)) == 18


def test_what_cannot_be_read_is_named(tmp_path):
    path = tmp_path / "texts.jsonl"
    path.write_text('{"text": "a"}\n', "utf-8")
    with pytest.raises(PlanError, match="has no records with 'text' and 'lang'"):
        read(path)
    path.write_text('{"text": "a", "lang": "da"}\nnot json\n', "utf-8")
    with pytest.raises(PlanError, match=r"texts\.jsonl:2 is not a JSON record"):
        read(path)


def test_a_label_outside_the_data_counts_as_other(data):
    found = examine("m", load(), read(data))
    assert found.classes["all"] == (6, 5)
    assert found.classes["und"] == (2, 2)
    assert found.classes["nno_Latn"] == (2, 1)
    assert found.classes["dan_Latn"] == (1, 1)
    assert found.confusions == [("nno_Latn", "swe_Latn", 1)]
    assert sum(score.texts for score in found.lengths.values()) == 6
    assert found.mb_per_second > 0


def test_the_command_compares_models(data):
    run = CliRunner().invoke(lid, ["eval", "--model", "embedded", "--model", "embedded", "--data", str(data)])
    assert run.exit_code == 0
    assert run.output.splitlines()[0].split() == ["percent", "right", "texts", "embedded", "embedded"]
    assert "all                        6       83.33       83.33" in run.output
    assert "  nno_Latn             called swe_Latn" in run.output
    plain = json.loads(CliRunner().invoke(lid, ["eval", "--data", str(data), "--json"]).stdout)
    assert plain[0]["model"] == "embedded"
    assert plain[0]["classes"]["all"] == {"texts": 6, "right": 5, "percent": 83.33}
    assert set(plain[0]) == {
        *("model", "classes", "lengths", "confusions"),
        *("calibration_error", "mb_per_s"),
    }


def test_a_model_that_is_not_there_is_a_user_error(data, tmp_path):
    run = CliRunner().invoke(lid, ["eval", "--model", str(tmp_path / "none.ftz"), "--data", str(data)])
    assert run.exit_code == 2
    assert "cannot be read" in run.stderr


def test_training_without_its_data_is_a_user_error(tmp_path):
    run = CliRunner().invoke(lid, ["train", "--data", str(tmp_path), "--output", str(tmp_path / "m.ftz")])
    assert run.exit_code == 2
    assert "a model cannot be trained from it" in run.stderr


def test_lines_need_one_comparison(data):
    table = lines(compare(["embedded"], data))
    assert table[0].startswith("percent right")
    assert len([line for line in table if line.startswith("letters ")]) >= 2


def test_letters_are_those_the_model_is_shown():
    assert letters("Året 2024: så bra!") == 9
    assert letters("Привет мир") == 0
    assert letters("") == 0
    assert letters("ord " * 5000) <= 3000


def test_perturbations_change_what_they_say():
    rng = random.Random(1)
    text = "Hun så blåbær og røde æbler på bakken ved åen"
    made = {name: perturb(text, rng) for name, perturb in PERTURBATIONS.items()}
    assert made["as it stands"] == text
    assert made["CAPITALS"] == text.upper()
    assert made["å as a"].startswith("hun sa blabaer")
    assert made["å as aa"].startswith("hun saa blaabaer og roede")
    assert made["first five words"] == "Hun så blåbær og røde"
    assert made["joined with code"].endswith(text)
    assert len(made["joined with code"]) > len(text)


def test_perturbed_scores_are_of_sentences_of_middle_length():
    texts = {"swe_Latn": ["Jag vet inte vad hon heter men hon bor nog här runt hörnet någonstans.", "Kort."]}
    found = perturbed(load(), texts, random.Random(1))
    assert set(found) == {("swe_Latn", name) for name in PERTURBATIONS}
    assert found["swe_Latn", "as it stands"] == (1, 1)
    assert found["swe_Latn", "CAPITALS"] == (1, 1)


def test_reliability_is_by_letters():
    texts = ["hej", "hej hej på dig du", "Привет мир", "word " * 30]
    found = reliability("t", load(), texts, [True, False, True, True])
    assert found["t", "all"].texts == 3
    assert {size: one.texts for (_, size), one in found.items() if size != "all"} == {"1-9": 1, "10-19": 1, "80-199": 1}
    assert found["t", "1-9"].right == 1
    assert found["t", "10-19"].error == pytest.approx(found["t", "10-19"].score)
    assert Labelled("a", frozenset({"dan_Latn"})).text == "a"


@pytest.mark.data
@pytest.mark.skipif(not DATA, reason="CORPUS_KIT_DATA is not set")
def test_the_shipped_model_on_everything_held_out():
    found = measure(load(), Path(DATA))
    assert found.gold["all"].percent >= 94
    assert min(score.percent for score in found.gold.values()) >= 90
    short = {label: score for label, score in found.documents.items() if score.percent < 99.5}
    assert short == {}
    assert found.declared_but_other.percent >= 98
    assert found.shown_english.percent >= 98
    assert found.reliability["gold", "all"].error < 0.035
    assert found.reliability["documents", "all"].error < 0.05
    for label in ("dan_Latn", "swe_Latn", "isl_Latn", "eng_Latn"):
        assert found.perturbed[label, "CAPITALS"].percent == found.perturbed[label, "as it stands"].percent
        assert found.perturbed[label, "å as a"].percent > 80
        assert found.perturbed[label, "scanned"].percent > 90
