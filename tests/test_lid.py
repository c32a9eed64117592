import hashlib
import os
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import fasttext
import fasttext_models
import numpy as np
import pyarrow as pa
import pytest

from corpus_kit.errors import PlanError
from corpus_kit.kernels.lid import Answers, Model
from corpus_kit.lid import Identifier, Prediction, calibrate, load, modelfile
from corpus_kit.lid.identify import EMBEDDED
from corpus_kit.lid.labels import LABELS, uniform
from corpus_kit.lid.modelfile import damage
from corpus_kit.lid.text import SAMPLE_CHARS, fold, latin_share, one_line, sample

DATA = os.environ.get("CORPUS_KIT_DATA", "")

SENTENCES = {
    "dan_Latn": [
        "Alle mennesker er født frie og lige i værdighed og rettigheder.",
        "Jeg kan ikke huske, hvad hun hedder, men hun bor lige rundt om hjørnet.",
        "Vi skal nok nå det, selv om toget er forsinket igen i dag.",
        "Hvad synes du, vi skal spise til aften, når børnene kommer hjem?",
    ],
    "swe_Latn": [
        "Alla människor är födda fria och lika i värde och rättigheter.",
        "Jag kommer inte ihåg vad hon heter, men hon bor här runt hörnet.",
        "Vi hinner nog, även om tåget är försenat igen i dag.",
    ],
    "nob_Latn": [
        "Alle mennesker er født frie og med samme menneskeverd og menneskerettigheter.",
        "Jeg husker ikke hva hun heter, men hun bor like rundt hjørnet.",
        "Vi rekker det nok, selv om toget er forsinket igjen i dag, sa han etterpå.",
    ],
    "nno_Latn": [
        "Alle menneske er fødde til fridom og med same menneskeverd og menneskerettar.",
        "Eg hugsar ikkje kva ho heiter, men ho bur like rundt hjørnet.",
        "Kvifor vil de ikkje vere med oss heim i kveld?",
    ],
    "isl_Latn": [
        "Hver maður er borinn frjáls og jafn öðrum að virðingu og réttindum.",
        "Ég man ekki hvað hún heitir, en hún býr hérna handan við hornið.",
        "Veðrið var gott í gær en nú er farið að rigna.",
    ],
    "fao_Latn": [
        "Øll menniskju eru fødd fræls og jøvn til virðingar og mannarættindi.",
        "Eg minnist ikki hvat hon eitur, men hon býr beint her um hornið.",
        "Veðrið var gott í gjár, men nú er farið at regna.",
    ],
    "eng_Latn": [
        "All human beings are born free and equal in dignity and rights.",
        "I cannot remember what her name is, but she lives just around the corner.",
        "The weather was nice yesterday, but now it has started to rain.",
    ],
    "fin_Latn": ["Kaikki ihmiset syntyvät vapaina ja tasavertaisina arvoltaan ja oikeuksiltaan."],
    "deu_Latn": ["Alle Menschen sind frei und gleich an Würde und Rechten geboren."],
    "azj_Latn": ["Bütün insanlar ləyaqət və hüquqlarına görə azad və bərabər doğulurlar."],
    "und": [
        "Tous les êtres humains naissent libres et égaux en dignité et en droits.",
        "Все люди рождаются свободными и равными в своем достоинстве и правах.",
        "人人生而自由,在尊严和权利上一律平等。",
    ],
}
EACH = [(label, text) for label, texts in SENTENCES.items() for text in texts]

OTHERS = {
    "es": "Todos los seres humanos nacen libres e iguales en dignidad y derechos y, dotados como están de razón",
    "pt": "Todos os seres humanos nascem livres e iguais em dignidade e em direitos. Dotados de razão",
    "it": "Tutti gli esseri umani nascono liberi ed eguali in dignità e diritti. Essi sono dotati di ragione",
    "nl": "Alle mensen worden vrij en gelijk in waardigheid en rechten geboren. Zij zijn begiftigd met verstand",
    "pl": "Wszyscy ludzie rodzą się wolni i równi pod względem swej godności i swych praw.",
    "cs": "Všichni lidé rodí se svobodní a sobě rovní co do důstojnosti a práv.",
    "hu": "Minden emberi lény szabadon születik és egyenlő méltósága és joga van.",
    "et": "Kõik inimesed sünnivad vabadena ja võrdsetena oma väärikuselt ja õigustelt.",
    "ro": "Toate ființele umane se nasc libere și egale în demnitate și în drepturi.",
    "id": "Semua orang dilahirkan merdeka dan mempunyai martabat dan hak-hak yang sama.",
    "sw": "Watu wote wamezaliwa huru, hadhi na haki zao ni sawa. Wote wamejaliwa akili na dhamiri.",
    "hr": "Sva ljudska bića rađaju se slobodna i jednaka u dostojanstvu i pravima.",
    "vi": "Tất cả mọi người sinh ra đều được tự do và bình đẳng về nhân phẩm và quyền.",
    "eo": "Ĉiuj homoj estas denaske liberaj kaj egalaj laŭ digno kaj rajtoj.",
    "lt": "Visi žmonės gimsta laisvi ir lygūs savo orumu ir teisėmis.",
    "ga": "Saolaítear na daoine uile saor agus comhionann ina ndínit agus ina gcearta.",
    "short es": "Todos los seres humanos nacen libres e iguales en dignidad y derechos.",
    "tr": "Bütün insanlar hür, haysiyet ve haklar bakımından eşit doğarlar. Akıl ve vicdana sahiptirler.",
}


@pytest.fixture(scope="module")
def identifier() -> Identifier:
    return load()


def test_the_shipped_model_is_small_and_has_its_labels(identifier):
    assert 1_000_000 < EMBEDDED.stat().st_size < 4_000_000
    assert set(identifier.labels) == set(LABELS)


def test_the_card_describes_the_shipped_model():
    card = EMBEDDED.with_suffix(".md").read_text("utf-8")
    assert f"| sha256 | {hashlib.sha256(EMBEDDED.read_bytes()).hexdigest()} |" in card
    assert f"| bytes | {EMBEDDED.stat().st_size:,} |" in card
    assert "Faroese is nearly all administrative and news text of one collection" in card


@pytest.mark.parametrize(("label", "text"), EACH)
def test_sentences_are_labelled(identifier, label, text):
    assert identifier.predict([text])[0].label == label


@pytest.mark.parametrize("text", OTHERS.values(), ids=OTHERS)
def test_languages_without_a_label_are_undetermined(identifier, text):
    assert identifier.predict([text])[0].label == "und"


@pytest.mark.parametrize(("label", "text"), [pair for pair in EACH if pair[0] != "azj_Latn"])
def test_capitals_change_nothing(identifier, label, text):
    assert identifier.predict([text.upper()])[0].label == label


@pytest.mark.parametrize("label", ["dan_Latn", "swe_Latn", "isl_Latn", "fao_Latn", "eng_Latn"])
def test_a_few_words_are_enough(identifier, label):
    words = SENTENCES[label][1].split()
    assert identifier.predict([" ".join(words[:5])])[0].label == label


def test_missing_diacritics_are_survived(identifier):
    texts = [
        "Jag kommer inte ihag vad hon heter, men hon bor har",
        "Hvad synes du, vi skal spise til aften, naar boernene",
    ]
    assert [p.label for p in identifier.predict(texts)] == ["swe_Latn", "dan_Latn"]


def test_scores_and_margin(identifier):
    prediction = identifier.predict([SENTENCES["swe_Latn"][0]])[0]
    assert 0.9 < prediction.score <= 1.0
    assert prediction.runner_up != prediction.label
    assert prediction.margin == prediction.score - prediction.runner_up_score > 0.8


@pytest.mark.parametrize("text", ["", "   \n", "12 345,67", "!!! ... ???", "😀😀"])
def test_no_letters_is_undetermined_with_score_zero(identifier, text):
    assert identifier.predict([text]) == [Prediction("und", 0.0, "und", 0.0)]


def test_no_texts_give_no_predictions(identifier):
    assert identifier.predict([]) == []


def test_other_scripts_are_undetermined_by_their_share(identifier):
    assert identifier.predict(["Привет мир"])[0] == Prediction("und", 1.0, "und", 0.0)


def test_broken_unicode_is_no_error(identifier):
    text = "Jeg ved det ikke \ud800 men \0 hvad hedder du?\r\nDet er ikke så svært."
    assert identifier.predict([text])[0].label == "dan_Latn"


def test_order_and_company_do_not_matter(identifier):
    texts = [text for _, text in EACH] + [""]
    alone = [identifier.predict([text])[0] for text in texts]
    assert identifier.predict(texts) == alone
    assert identifier.predict(texts[::-1]) == alone[::-1]


def test_long_documents_are_sampled_at_start_middle_and_end(identifier):
    swedish, english = SENTENCES["swe_Latn"][1] + " ", SENTENCES["eng_Latn"][1] + " "
    page = english * 8 + swedish * 5000
    assert identifier.predict([page])[0].label == "swe_Latn"
    marked = "a" * 900 + " " + "b " * 4000 + "c" * 900
    assert len(sample(marked)) <= SAMPLE_CHARS
    assert {"a", "b", "c"} <= set(sample(marked))
    assert len(sample("x" * 1_000_000)) <= SAMPLE_CHARS


class Doubting:
    """A model that is in doubt about what holds an x, unless it reads more than a sample."""

    labels = ("__label__und", "__label__dan_Latn", "__label__swe_Latn")

    def __init__(self, labels=labels):
        self.labels, self.asked = labels, []

    def predict(self, texts, *, best, sample_chars, **_):
        rows = texts.to_pylist()
        self.asked.append(([len(text or "") for text in rows], sample_chars))
        label, score = np.full((len(rows), best), -1, np.int32), np.zeros((len(rows), best), np.float32)
        for row, text in enumerate(rows):
            if text:
                doubted = "x" in text and sample_chars <= 3000
                label[row, :2], score[row, :2] = ((2, 1), (0.5, 0.25)) if doubted else ((1, 2), (0.75, 0.125))
                score[row, 0] += 0.25 * ("x" not in text)
        letters = np.array([len(text or "") for text in rows])
        return Answers(label, score, letters, letters)


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.string_view()])
def test_long_texts_in_doubt_are_read_again(kind):
    model = Doubting()
    texts = pa.chunked_array([["d" * 9000, "x" * 9000, None], ["x" * 3000, "x" * 3001]], kind)
    found = identifier_of(model).identify(texts)
    assert model.asked == [([9000, 9000, 0, 3000, 3001], 3000), ([9000, 3001], 90_000)]
    assert [found.names[code] for code in found.label] == ["dan_Latn", "dan_Latn", "und", "swe_Latn", "dan_Latn"]
    assert found.score.tolist() == [1.0, 0.75, 0.0, 0.5, 0.75]
    assert [found.names[code] for code in found.runner_up] == ["swe_Latn", "swe_Latn", "und", "dan_Latn", "swe_Latn"]


def test_a_second_look_is_for_samples_by_models_of_ours():
    ours, other = Doubting(), Doubting(("__label__nb", "__label__da", "__label__sv"))
    identifier_of(ours).identify(pa.array(["x" * 9000]), sample=None)
    identifier_of(ours).identify(pa.array([], pa.string()))
    identifier_of(other).identify(pa.array(["x" * 9000]))
    assert ours.asked == [([9000], 0), ([], 3000)]
    assert other.asked == [([9000], 3000)]


def identifier_of(model: Any) -> Identifier:
    return Identifier(model)


class Wavering:
    """A model of ours that gives every text these labels and scores, best first."""

    labels = ("__label__nob_Latn", "__label__und", "__label__nno_Latn", "__label__dan_Latn")

    def __init__(self, *scores):
        self.scores = sorted(scores, reverse=True)
        self.order = [scores.index(score) for score in self.scores]

    def predict(self, texts, *, best, **_):
        label = np.tile(np.array(self.order[:best], np.int32), (len(texts), 1))
        score = np.tile(np.array(self.scores[:best], np.float32), (len(texts), 1))
        letters = np.full(len(texts), 500)
        return Answers(label, score, letters, letters)


def told(model, *texts):
    """Label, score, runner-up of each text, with numbers and names in between that make it long."""
    found = identifier_of(model).identify(pa.array([text + " 12 Oslo" * 500 for text in texts]))
    return [
        (found.names[a][:3], round(float(score), 2), found.names[b][:3])
        for a, score, b in zip(found.label, found.score, found.runner_up, strict=True)
    ]


def test_words_of_one_norwegian_decide_long_texts_in_doubt():
    assert told(Wavering(0.5, 0.04, 0.4, 0.06), "mjølk, føresegn " * 8, "Hvem?", "noko noe", "melk " * 9) == [
        ("nno", 0.86, "dan"),
        ("nob", 0.54, "nno"),
        ("nob", 0.5, "nno"),
        ("nob", 0.79, "nno"),
    ]
    assert told(Wavering(0.4, 0.04, 0.5, 0.06), "melk " * 2, "melk og mjølk") == [
        ("nob", 0.49, "nno"),
        ("nno", 0.5, "nob"),
    ]


def test_words_decide_between_the_norwegians_only():
    assert told(Wavering(0.5, 0.3, 0.2, 0.0), "mjølk " * 99) == [("nob", 0.5, "und")]
    assert told(Wavering(0.92, 0.0, 0.08, 0.0), "mjølk " * 99) == [("nob", 0.92, "nno")]
    found = identifier_of(Wavering(0.5, 0.04, 0.4, 0.06)).identify(pa.array(["mjølk " * 99]))
    assert found.names[found.label[0]] == "nob_Latn", "a short text is what the model says"


def test_samples_are_of_whole_words():
    assert set(sample("ord " * 5000).split()) == {"ord"}


def test_folding():
    assert fold("İSTANBUL, Å!") == "istanbul å"
    assert fold("a\u030a") == "å"
    assert fold("don't 1a2") == "don t a"
    assert latin_share(fold("Əli да")) == 0.6
    assert one_line("a\nb\0c\r") == "a b\0c\r"


@pytest.mark.parametrize(
    ("raw", "label"),
    [
        ("__label__sv", "swe_Latn"),
        ("__label__no", "nob_Latn"),
        ("__label__nn", "nno_Latn"),
        ("__label__nor_Latn", "nob_Latn"),
        ("__label__dan_Latn", "dan_Latn"),
        ("__label__az", "azj_Latn"),
        ("__label__qqq", "qqq"),
    ],
)
def test_labels_of_other_models_are_mapped(raw, label):
    assert uniform(raw) == label


def test_a_model_is_loaded_once_and_again_when_it_changes(tmp_path):
    copy = tmp_path / "model.ftz"
    copy.write_bytes(EMBEDDED.read_bytes())
    first = load(copy)
    assert load(copy) is first
    os.utime(copy, ns=(1, 1))
    assert load(copy) is not first
    assert load() is load(EMBEDDED)


def test_loading_and_predicting_print_nothing(tmp_path, capfd):
    copy = tmp_path / "model.ftz"
    copy.write_bytes(EMBEDDED.read_bytes())
    load(copy).predict(["Alle mennesker er født frie"])
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("size", [0, 3, 50, 5_000, 500_000, 2_000_000, -100, -1])
def test_a_truncated_model_is_refused(tmp_path, size):
    broken = tmp_path / "broken.ftz"
    broken.write_bytes(EMBEDDED.read_bytes()[:size])
    with pytest.raises(PlanError, match=r"broken\.ftz is damaged: "):
        load(broken)


def test_other_damage_is_named(tmp_path):
    path = tmp_path / "model.ftz"
    whole = EMBEDDED.read_bytes()
    cases = {
        b"PK\3\4" + whole[4:]: "it is not a fastText model",
        whole + b"\0": "it goes on after its end",
        whole[:64] + struct.pack("<i", -5) + whole[68:]: "its dictionary is damaged",
    }
    assert damage(EMBEDDED) is None
    for content, reason in cases.items():
        path.write_bytes(content)
        assert damage(path) == reason


def test_an_absent_model_is_refused(tmp_path):
    with pytest.raises(PlanError, match="cannot be read: No such file"):
        load(tmp_path / "none.ftz")


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(PlanError, match="is damaged: "):
        load(tmp_path)


def test_a_large_model_is_mapped(tmp_path, monkeypatch):
    copy = tmp_path / "model.ftz"
    copy.write_bytes(EMBEDDED.read_bytes())
    text = SENTENCES["dan_Latn"][0]
    small = load(copy).predict([text])
    monkeypatch.setattr(modelfile, "MAPPED_BYTES", 0)
    os.utime(copy, ns=(2, 2))
    mapped = load(copy)
    copy.unlink()
    assert mapped.predict([text]) == small


def test_weights_that_are_no_numbers_are_refused(tmp_path):
    broken = tmp_path / "broken.bin"
    broken.write_bytes(fasttext_models.handmade("softmax", weight=float("nan")))
    with pytest.raises(PlanError, match="is damaged: its weights are not numbers"):
        load(broken).predict(["en to"])


def test_fasttext_is_not_needed():
    code = (
        "import sys; sys.modules['fasttext'] = None; from corpus_kit.lid import load; print(load().predict(['og'])[0])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "Prediction(label='" in done.stdout


def definition(model, texts, *, chars=SAMPLE_CHARS):
    """What the embedded model says of each text, step by step, by fastText itself."""
    found = []
    for text in texts:
        folded = fold(sample(text, chars=chars))
        if not folded:
            found.append(("und", 0.0, "und", 0.0))
        elif (share := latin_share(folded)) < 0.5:
            found.append(("und", 1 - share, "und", 0.0))
        else:
            labels, scores = model.predict(folded, k=2)
            bounded = [min(float(score), 1.0) for score in scores]
            made = (uniform(labels[0]), bounded[0], uniform(labels[1]), bounded[1])
            again = bounded[0] < 0.9 and SAMPLE_CHARS == chars < len(text)
            found += definition(model, [text], chars=30 * chars) if again else [made]
    return found


TEXTS = [
    *(text for _, text in EACH),
    *OTHERS.values(),
    "Привет og да",
    "ÅÄÖ 12 ½",
    *(" ".join(text for _, text in EACH[begin:]) * 9 for begin in range(5)),
]


def test_predictions_are_as_defined():
    model = fasttext.load_model(str(EMBEDDED))
    found = Identifier(Model(EMBEDDED.read_bytes())).predict(TEXTS)
    for made, expected in zip(found, definition(model, TEXTS), strict=True):
        assert (made.label, made.runner_up) == (expected[0], expected[2])
        assert made[1::2] == pytest.approx(expected[1::2], abs=1e-6)


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.string_view()])
def test_arrow_columns_get_the_same_predictions_as_lists(identifier, kind):
    texts = [*TEXTS[:9], None, "", *TEXTS[9:]]
    found = identifier.identify(pa.chunked_array([texts[:4], texts[4:]], kind))
    assert found.names == tuple(sorted(found.names))
    assert set(found.names) == set(LABELS)
    assert [column.dtype for column in found[1:]] == [np.int32, np.float64, np.int32, np.float64]
    named = zip(found.label, found.score, found.runner_up, found.runner_up_score, strict=True)
    assert [(found.names[a], score, found.names[b], other) for a, score, b, other in named] == [
        tuple(one) for one in identifier.predict([text or "" for text in texts])
    ]


def test_no_rows_give_no_predictions(identifier):
    assert [len(column) for column in identifier.identify(pa.array([], pa.string()))[1:]] == [0] * 4


def test_the_whole_text_is_read_on_demand(identifier):
    swedish, danish = SENTENCES["swe_Latn"][1] + " ", SENTENCES["dan_Latn"][1] + " "
    text = pa.array([swedish * 15 + danish * 100 + swedish * 15 + danish * 100 + swedish * 15])
    sampled, whole = identifier.identify(text), identifier.identify(text, sample=None)
    assert sampled.names[sampled.label[0]] == "swe_Latn"
    assert whole.names[whole.label[0]] == "dan_Latn"


def test_scores_are_calibrated_if_there_is_a_calibration(tmp_path):
    copy = tmp_path / "model.ftz"
    copy.write_bytes(EMBEDDED.read_bytes())
    texts = [SENTENCES["dan_Latn"][0], "og", "Привет мир", "12"]
    plain = load(copy).predict(texts)
    half = calibrate.Curve((0.0, 1.0), (0.0, 0.5))
    calibrate.write(calibrate.Calibration((10,), (half, half)), calibrate.beside(copy), facts={})
    halved = load(copy).predict(texts)
    assert [one.label for one in halved] == [one.label for one in plain]
    assert [one.score for one in halved[:2]] == pytest.approx([one.score / 2 for one in plain[:2]])
    assert halved[2:] == plain[2:]
    calibrate.beside(copy).write_text("{}")
    os.utime(calibrate.beside(copy), ns=(1, 1))
    with pytest.raises(PlanError, match="calibration"):
        load(copy)


@pytest.mark.data
@pytest.mark.skipif(not DATA, reason="CORPUS_KIT_DATA is not set")
def test_gold_sentences(identifier):
    from corpus_kit.lid.evaluate import gold_scores

    scores = gold_scores(identifier, Path(DATA) / "lid" / "gold_dev.jsonl")
    assert scores["all"].texts == 6433
    assert scores["all"].percent >= 94.53 - 0.3
    assert min(score.percent for score in scores.values()) >= 90


@pytest.mark.data
@pytest.mark.skipif(not DATA, reason="CORPUS_KIT_DATA is not set")
def test_declarations_of_human_rights(identifier):
    from corpus_kit.lid.evaluate import declaration_labels

    found = declaration_labels(identifier, Path(DATA))
    expected = {"dan": "dan_Latn", "swe": "swe_Latn", "nob": "nob_Latn", "nno": "nno_Latn", "isl": "isl_Latn"}
    expected |= {"fao": "fao_Latn", "eng": "eng_Latn", "fin": "fin_Latn", "deu_1996": "deu_Latn"}
    expected |= {"deu_1901": "deu_Latn", "azj_latn": "azj_Latn", "azj_cyrl": "und"}
    assert found == expected


@pytest.mark.data
@pytest.mark.skipif(not DATA, reason="CORPUS_KIT_DATA is not set")
def test_labels_of_lid176_are_mapped():
    wide = load(Path(DATA) / "lid" / "lid.176.ftz")
    assert [p.label for p in wide.predict([SENTENCES["dan_Latn"][0], SENTENCES["swe_Latn"][0]])] == [
        "dan_Latn",
        "swe_Latn",
    ]
