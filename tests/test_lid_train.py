import hashlib
import json
import os
import random
import shutil
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pytest

from corpus_kit.errors import PlanError
from corpus_kit.lid import augment, calibrate, corpus, load, markers, norwegian
from corpus_kit.lid.evaluate import gold_scores, length_name
from corpus_kit.lid.identify import EMBEDDED
from corpus_kit.lid.messages import allot
from corpus_kit.lid.packages import Package
from corpus_kit.lid.prepare import _balance, _cuts, prepare
from corpus_kit.lid.robustness import Score
from corpus_kit.lid.text import fold
from corpus_kit.lid.train import train
from corpus_kit.lid.translations import fetch

# Real function words, so that a model trained on made-up sentences of them learns something true.
WORDS = {
    "da": "og jeg ikke hvad af nogle meget efter blev være også uden måske ud op",
    "sv": "och jag inte vad några mycket efter blev vara också utan kanske ut upp är",
    "nb": "og jeg ikke hva av noen mye etter ble være også uten kanskje ut opp",
    "nn": "og eg ikkje kva av nokre mykje etter vart vere også utan kanskje ut opp",
    "is": "og ég ekki hvað af nokkur mjög eftir varð vera líka án kannski út upp",
    "fo": "og eg ikki hvat av nakrar nógv eftir varð vera eisini uttan kanska út upp",
    "en": "and not what some much after became also without perhaps out up there would",
    "fi": "ja minä ei mitä jotkut paljon jälkeen tuli olla myös ilman ehkä ulos ylös",
    "de": "und ich nicht was einige viel nach wurde sein auch ohne vielleicht aus auf",
    "az": "və mən deyil nə bəzi çox sonra oldu olmaq də onsuz bəlkə çölə yuxarı",
}
FRENCH = ["le", "chat", "noir", "mange", "une", "souris", "grise", "dans", "notre", "jardin", "avec", "vous", "demain"]
UDHR = '<udhr xmlns="http://www.unhchr.ch/udhr"><article><title>{0}</title><para>{1}</para></article></udhr>'


def sentence(lang: str, rng: random.Random) -> str:
    return " ".join(rng.choices(WORDS[lang].split(), k=rng.randint(4, 10))).capitalize() + "."


def document(lang: str, number: int, rng: random.Random, **fields: str) -> dict[str, str]:
    text = "\n".join(sentence(lang, rng) for _ in range(6))
    if number == 0:
        text += "\nif (x == y) { return z[0]; }"
    record = {"id": f"made/{lang}/{number}", "text": text, "lang": lang, "source": "made", "license": "CC0"}
    return record | fields


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    rng = random.Random(0)
    (folder / "text").mkdir()
    for lang in WORDS:
        records = [document(lang, number, rng) for number in range(40)]
        lines = "".join(json.dumps(record) + "\n" for record in records)
        with pa.output_stream(str(folder / "text" / f"{lang}.jsonl.zst"), compression="zstd") as stream:
            stream.write(lines.encode())
        for kind in ("sentences", "word-pairs", "single-words"):
            (folder / "lid" / "lingua_testdata" / kind).mkdir(parents=True, exist_ok=True)
            path = folder / "lid" / "lingua_testdata" / kind / f"{lang}.txt"
            path.write_text(sentence(lang, rng) + "\n", "utf-8")
    (folder / "lid" / "udhr").mkdir()
    (folder / "lid" / "udhr" / "udhr_dan.xml").write_text(UDHR.format("Artikel 1", "Ikke jeg. Måske."), "utf-8")
    gold = [{"text": sentence(lang, rng), "languages": [lang]} for lang in ("da", "sv", "nb", "nn")]
    both = [{"text": "Og", "languages": ["da", "nb"]}, {"text": "Bonjour tout le monde", "languages": ["other"]}]
    for name in ("gold_dev.jsonl", "gold_dev_short.jsonl", "gold_train_short.jsonl"):
        text = "".join(json.dumps(record) + "\n" for record in gold + both)
        (folder / "lid" / name).write_text(text, "utf-8")
    english = json.dumps({"text": sentence("en", rng), "declared": "da"}) + "\n"
    with pa.output_stream(str(folder / "text" / "declared_but_other.jsonl.zst"), compression="zstd") as stream:
        stream.write(english.encode())
    (folder / "wordlists" / "stopwords_iso").mkdir(parents=True)
    lists = {"fr": ["le", "la", "et", "est", "vous"], "da": ["og"]}
    (folder / "wordlists" / "stopwords_iso" / "stopwords-iso.json").write_text(json.dumps(lists), "utf-8")
    return folder


@pytest.fixture(scope="module")
def translations_dir(tmp_path_factory):
    folder = tmp_path_factory.mktemp("translations")
    rng = random.Random(5)
    records = [{"lang": lang, "text": sentence(lang, rng)} for lang in WORDS for _ in range(60)]
    records += [{"lang": "other:fr", "text": " ".join(rng.sample(FRENCH, 6))} for _ in range(60)]
    records += [{"lang": "other:ru", "text": "Все люди рождаются свободными"}]
    records += [{"lang": lang, "text": "Samme tekst på to sprog"} for lang in ("da", "nb")]
    with pa.output_stream(str(folder / "made.jsonl.zst"), compression="zstd") as stream:
        stream.write("".join(json.dumps(record) + "\n" for record in records).encode())
    return folder


@pytest.fixture(autouse=True)
def one_package(monkeypatch):
    monkeypatch.setattr("corpus_kit.lid.translations.PACKAGES", (Package("pip", "made", "1", "MIT"),))


def test_training_gives_the_same_working_model_twice(data_dir, translations_dir, tmp_path, monkeypatch):
    small = {"bucket": 20_000, "dim": 8, "epoch": 5, "lr": 0.5, "minn": 2, "maxn": 3, "loss": "softmax"}
    monkeypatch.setattr("corpus_kit.lid.train.SETTINGS", small)
    monkeypatch.setattr("corpus_kit.lid.train.QUANTIZING", {"cutoff": 3_000, "retrain": True, "qnorm": True})
    digests = set()
    for name in ("one.ftz", "two.ftz"):
        report = train(data_dir, tmp_path / name, translations_dir=translations_dir, seed=3)
        digests.add(hashlib.sha256((tmp_path / name).read_bytes()).hexdigest())
    assert len(digests) == 1
    maps = [calibrate.read(tmp_path / name) for name in ("one.json", "two.json")]
    assert maps[0] == maps[1] is not None
    rng = random.Random(9)
    identifier = load(tmp_path / "one.ftz")
    for lang, label in (("sv", "swe_Latn"), ("nn", "nno_Latn"), ("fi", "fin_Latn"), ("en", "eng_Latn")):
        assert identifier.predict([" ".join(sentence(lang, rng) for _ in range(3))])[0].label == label
    card = (tmp_path / "one.md").read_text("utf-8")
    assert digests.pop() in card
    assert "| `fao_Latn` | made (" in card
    assert "CC0" in card
    assert report.declared_but_other == Score(1, 1)
    assert set(report.declarations) == {"dan"}


def test_nothing_measured_is_trained_on(data_dir, translations_dir):
    prepared = prepare(data_dir, translations_dir, seed=1)
    trained = {text for _, text in prepared.lines}
    dev = [json.loads(line)["text"] for line in (data_dir / "lid" / "gold_dev.jsonl").read_text("utf-8").splitlines()]
    assert not trained & {fold(text) for text in dev}
    held_out = [d for d in corpus.documents(data_dir) if corpus.is_held_out(d)]
    assert 5 < len(held_out) < 100
    sentences = {fold(line) for d in held_out for line in d.text.splitlines()}
    lingua = {fold(text) for _, text in corpus.lingua_lines(data_dir)}
    assert not (trained & {s for s in sentences if len(s) > 30}) - lingua


def test_preparing_depends_on_the_seed_alone(data_dir, translations_dir):
    assert prepare(data_dir, translations_dir, seed=1) == prepare(data_dir, translations_dir, seed=1)
    assert prepare(data_dir, translations_dir, seed=1).lines != prepare(data_dir, translations_dir, seed=2).lines


def test_code_and_other_languages_are_undetermined(data_dir, translations_dir):
    lines = Counter(prepare(data_dir, translations_dir, seed=1).lines)
    assert lines["und", "if x y return z"] >= 5
    assert not any(label == "und" and text == "og" for label, text in lines)
    french = [text for label, text in lines if label == "und" and "vous" in text.split()]
    assert len(french) > 100


def test_an_incomplete_data_folder_is_refused(tmp_path):
    (tmp_path / "text").mkdir()
    with pytest.raises(PlanError, match=r"has no lid/gold_train_short\.jsonl"):
        train(tmp_path, tmp_path / "model.ftz", translations_dir=tmp_path)


def test_what_is_held_out():
    def held(label: str, source: str, id: str) -> bool:
        return corpus.is_held_out(markers.Document(label, source, id, "", ""))

    assert held("dan_Latn", "udhr", "udhr/dan")
    assert held("isl_Latn", "icepahc-texts", "icepahc-texts/13th/a")
    assert not held("dan_Latn", "icepahc-texts", "icepahc-texts/13th/b")
    share = sum(held("swe_Latn", "law:sfs", f"law:sfs/{n}") for n in range(5000)) / 5000
    assert 0.03 < share < 0.05


def test_documents_of_the_other_norwegian_and_mixed_ones_are_found():
    def made(label: str, text: str) -> markers.Document:
        return markers.Document(label, "s", "s/1", "", text)

    assert markers.is_mislabelled(made("nob_Latn", "Eg veit ikkje kva ho seier. " * 3))
    assert not markers.is_mislabelled(made("nno_Latn", "Eg veit ikkje kva ho seier. " * 3))
    assert not markers.is_mislabelled(made("dan_Latn", "Jeg ikke hvad hun. " * 3))
    assert markers.is_mislabelled(made("nob_Latn", "Daate lea gærja åarjelsaemien gïelesne " * 20))
    assert not markers.is_mislabelled(made("fin_Latn", "Daate lea gærja åarjelsaemien gïelesne " * 20))
    assert not markers.is_of_two(made("nno_Latn", "Eg veit ikkje kva ho seier. " * 9))
    assert markers.is_of_two(made("nno_Latn", "Eg veit ikkje kva ho seier. Jeg vet ikke hva. " * 9))
    assert not markers.is_mixed(made("eng_Latn", "the name of the file"))
    assert markers.is_mixed(made("swe_Latn", "the name of the file är inte här"))


def test_missing_diacritics_are_made_two_ways():
    assert augment.without_diacritics("þið ætlið á öðrum", doubled=False) == "thid aetlid a odrum"
    assert augment.without_diacritics("höra på över", doubled=True) == "hoera paa oever"


def test_pieces_use_each_sentence_once_and_stay_short():
    sentences = [f"s{n}" for n in range(500)]
    words = [w for piece in augment.pieces(sentences, random.Random(1)) for w in piece.split()]
    assert words == sentences
    assert max(map(len, augment.pieces(["ord " * 1000] * 20, random.Random(1)))) <= 800


def test_scanning_errors_are_few():
    text = "dette er en helt almindelig sætning " * 100
    damaged = augment.scanned(text, random.Random(1))
    assert damaged != text
    assert abs(len(damaged) - len(text)) < 0.03 * len(text)
    assert damaged.count(" ") == text.count(" ")


def test_allotment_never_takes_more_than_there_is():
    keys = [("x", str(n), "") for n in range(4)]
    available: dict[tuple[str, str, str], int] = dict(zip(keys, (5, 100, 10_000, 1_000_000), strict=True))
    taken = allot(available, 20_000)
    assert list(taken) == keys
    assert all(taken[key] <= available[key] for key in keys)
    assert sum(taken.values()) == 20_000
    assert allot({}, 10) == {}


def test_gold_scores_accept_any_valid_language(tmp_path):
    records = [
        {"text": "Alla människor är födda fria", "languages": ["sv"]},
        {"text": "Jeg kommer fra Norge og vet ikke hva han heter.", "languages": ["da", "nb"]},
        {"text": "All human beings are born free", "languages": ["other"]},
        {"text": "All human beings are born free", "languages": ["nn"]},
    ]
    path = tmp_path / "gold.jsonl"
    path.write_text("".join(json.dumps(r) + "\n" for r in records), "utf-8")
    scores = gold_scores(load(), path)
    assert scores["all"] == Score(4, 3)
    assert scores["und"] == Score(1, 1)
    assert scores["nno_Latn"] == Score(1, 0)
    assert scores["all"].percent == 75


def test_length_names_cover_everything():
    assert [length_name(n) for n in (1, 19, 20, 999, 1000)] == ["1-19", "1-19", "20-49", "250-999", "1000+"]


@pytest.mark.long
@pytest.mark.data
@pytest.mark.skipif(not os.environ.get("CORPUS_KIT_DATA"), reason="CORPUS_KIT_DATA is not set")
def test_the_shipped_model_can_be_made_again(tmp_path, monkeypatch):
    monkeypatch.undo()
    translated = tmp_path / "translations"
    fetch(translated)
    report = train(Path(os.environ["CORPUS_KIT_DATA"]), tmp_path / "model.ftz", translations_dir=translated)
    assert (tmp_path / "model.ftz").read_bytes() == EMBEDDED.read_bytes()
    assert report.gold["all"].percent > 93


def test_messages_are_trained_on_and_some_are_held_out(data_dir, translations_dir):
    prepared = prepare(data_dir, translations_dir, seed=1)
    trained = {text for _, text in prepared.lines}
    messages = [text for _, text in prepared.held_out["messages"]]
    assert 0 < len(messages) < 60
    assert not trained & {text for text in messages if len(text) > 30}
    assert "samme tekst på to sprog" not in trained
    assert prepared.sources["swe_Latn", "made", "MIT"] > 40
    assert prepared.sources["und", "other:fr", ""] > 40
    assert not any("рождаются" in text for text in trained)


def test_mixed_lines_keep_the_label_of_the_larger_part():
    lines = [("eng_Latn", "english words " * 20), ("swe_Latn", "svenska ord " * 20), ("nno_Latn", "norske ord " * 3)]
    for label, text in augment.mixed(lines, random.Random(1), count=50):
        words = text.split()
        assert label in ("eng_Latn", "swe_Latn")
        own = words.count("english") if label == "eng_Latn" else words.count("svenska")
        assert own >= 20
        assert own * 2 > len(words) / 2
    assert list(augment.mixed(lines[:1], random.Random(1), count=5)) == []


def test_lines_and_documents_in_the_other_norwegian_are_found():
    assert norwegian.is_line_of_the_other("vi kommer senere", "nno_Latn")
    assert not norwegian.is_line_of_the_other("vi kommer senere", "nob_Latn")
    assert norwegian.is_line_of_the_other("ho kjem seinare", "nob_Latn")
    assert not norwegian.is_line_of_the_other("vi kommer senere", "dan_Latn")
    assert not norwegian.is_line_of_the_other("dei kommer", "nno_Latn"), "one word of each"
    own = ["reglar om mjølk", "dei gjev noko"]
    assert not norwegian.is_of_the_other([*own, "regler"], "nno_Latn"), "one word can be a name"
    assert not norwegian.is_of_the_other([*own, "regler om melk"], "nno_Latn"), "two of seven"
    assert norwegian.is_of_the_other([*own, "regler om melk til elever"], "nno_Latn"), "three of eight"
    assert not norwegian.is_of_the_other([], "nno_Latn")


def test_sentences_in_sami_are_found():
    assert markers.is_sami("dat lea buorre ja mii leat dás")
    assert not markers.is_sami("ja dan mat är go"), "words of other languages too"
    assert not markers.is_sami("lea")
    assert markers.is_partly_sami(["dat lea buorre ja mii leat dás"] * 2 + ["det går bra"] * 17)
    assert not markers.is_partly_sami(["dat lea buorre ja mii leat dás"] * 2 + ["det går bra"] * 18)
    assert not markers.is_partly_sami([])
    assert not markers.is_sami("vi bor i en by som heter lea och ja det är " + "svenska ord " * 9)


def prepared_with(data_dir, translations_dir, folder, lang, texts):
    """What is prepared of the data folder with these documents alone in one language."""
    shutil.copytree(data_dir, folder)
    records = [{"id": f"law/{n}", "text": text, "source": "law", "license": "CC0"} for n, text in texts.items()]
    label = {"nn": "nno_Latn", "sv": "swe_Latn"}[lang]
    assert not any(corpus.is_held_out(markers.Document(label, "law", record["id"], "", "")) for record in records)
    with pa.output_stream(str(folder / "text" / f"{lang}.jsonl.zst"), compression="zstd") as stream:
        stream.write("".join(json.dumps(record) + "\n" for record in records).encode())
    return prepare(folder, translations_dir, seed=1)


def test_documents_in_the_other_norwegian_are_not_trained_on(data_dir, translations_dir, tmp_path):
    texts = {3: "Regler om melk.\nOpphevet tidligere.", 4: "Reglar om mjølk frå kommunar.\nVi kommer."}
    prepared = prepared_with(data_dir, translations_dir, tmp_path / "data", "nn", texts)
    trained = {word for _, text in prepared.lines for word in text.split()}
    assert "mjølk" in trained
    assert not trained & {"melk", "opphevet", "kommer"}


def test_sami_in_documents_is_of_no_label(data_dir, translations_dir, tmp_path):
    swedish = [f"Vi flyttar renarna {word} nu." for word in ("norrut", "söderut", "hemåt", "uppåt")] * 3
    texts = {
        3: "\n".join([*swedish, "Mii leat boahtán dahje vuolgán."]),
        4: "Dat lea buorre ja mii leat dás.\nDelad sida.",
    }
    prepared = prepared_with(data_dir, translations_dir, tmp_path / "data", "sv", texts)
    sami = set(fold("Mii leat boahtán dahje vuolgán. Dat lea buorre ja mii leat dás.").split())
    alone = {label for label, text in prepared.lines if set(text.split()) <= sami and len(text) > 9}
    words = {word for label, text in prepared.lines for word in text.split() if label == "swe_Latn"}
    assert alone == {"und"}
    assert "renarna" in words
    assert "delad" not in words, "half of that document is Sámi"
    assert prepared.sources["und", "law", "CC0"] > 0


def test_no_subject_tells_the_norwegians_apart():
    assert _cuts(("nno_Latn", "law:no", "")) == 2
    assert _cuts(("nno_Latn", "bible:NorSMB", "")) == _cuts(("nob_Latn", "law:no", "")) == 1
    lines = [str(n) for n in range(90)]
    pieces = {
        ("nno_Latn", "law", "a"): lines[:10],
        ("nob_Latn", "law", "b"): lines,
        ("dan_Latn", "law", "a"): lines,
        ("nob_Latn", "manuals", "a"): lines,
        ("nno_Latn", "plays", "a"): lines,
        ("nob_Latn", "plays", "a"): lines[:60],
    }
    _balance(pieces, random.Random(1))
    assert [len(found) for found in pieces.values()] == [10, 20, 90, 90, 90, 60]
    assert set(pieces["nob_Latn", "law", "b"]) < set(lines)


def test_lines_beside_sami_keep_their_label():
    lines = [("swe_Latn", "svenska ord " * 20), ("nob_Latn", "norske ord")]
    made = list(augment.beside_sami(lines, ["dat lea " * 50, "ja"], random.Random(1), count=50))
    assert {label for label, _ in made} == {"swe_Latn"}
    assert all(text.split().count("svenska") == 20 for _, text in made)
    assert 100 < sum(text.split().count("lea") for _, text in made) < 50 * 30
    assert list(augment.beside_sami(lines[1:], ["dat lea"], random.Random(1), count=5)) == []
    assert list(augment.beside_sami(lines, [], random.Random(1), count=5)) == []


def test_words_of_each_norwegian_are_counted():
    lines = pa.array(["ikkje mjølk", "noe noko", "", "hva jeg ikke", "oslo"], pa.large_string())
    assert norwegian.lead(lines).tolist() == [2, 0, 0, -3, 0]
    assert norwegian.lead(lines.slice(1, 3)).tolist() == [0, 0, -3]
    assert norwegian.lead(lines.slice(5)).tolist() == []
