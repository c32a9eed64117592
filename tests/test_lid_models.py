"""Which model labels texts, what its labels are called, and how a wide model and ours are put together."""

import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from corpus_kit.errors import PlanError
from corpus_kit.lid import Predictions, load
from corpus_kit.lid.calibrate import beside
from corpus_kit.lid.identify import EMBEDDED
from corpus_kit.lid.models import (
    Auto,
    Choice,
    OneModel,
    combined,
    labeler,
    put,
    remarks,
    taken,
)
from corpus_kit.lid.ranked import ranked
from corpus_kit.lid.scripts import is_cyrillic_azerbaijani

DATA = os.environ.get("CORPUS_KIT_DATA", "")
WIDE = Path(DATA) / "lid" / "lid.176.ftz"

DANISH = "Alle mennesker er født frie og lige i værdighed og rettigheder."
FRENCH = "Tous les êtres humains naissent libres et égaux en dignité et en droits."
RUSSIAN = "Все люди рождаются свободными и равными в своем достоинстве и правах."
LATIN = "Bütün insanlar ləyaqət və hüquqlarına görə azad və bərabər doğulurlar."
CYRILLIC = "Бүтүн инсанлар ләјагәт вә һүгугларына ҝөрә азад вә бәрабәр доғулурлар."
TATAR = "Барлык кешеләр дә азат һәм үз абруйлары һәм хокуклары ягыннан тиң булып туалар."


def column(*texts):
    return pa.array(texts, pa.large_string())


def predictions(names, *answers):
    """From (label, score, runner-up, score) by name."""
    codes = [np.array([names.index(answer[i]) for answer in answers], np.int32) for i in (0, 2)]
    scores = [np.array([answer[i] for answer in answers], np.float64) for i in (1, 3)]
    return Predictions(tuple(names), codes[0], scores[0], codes[1], scores[1])


def told(found):
    """Answers by name, rounded."""
    return [
        (found.names[a], round(float(s), 4), found.names[b], round(float(t), 4))
        for a, s, b, t in zip(found.label, found.score, found.runner_up, found.runner_up_score, strict=True)
    ]


class Stub:
    """A model that gives each text its answer."""

    def __init__(self, labels, answers):
        self.labels, self.answers, self.asked = tuple(labels), answers, []

    def identify(self, texts):
        self.asked += texts.to_pylist()
        return predictions(self.labels, *(self.answers[text] for text in texts.to_pylist()))


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Trains a tiny model on one sentence a label."""
    import fasttext

    def train(**sentences):
        folder = tmp_path_factory.mktemp("model")
        lines = [f"__label__{label} {text}\n" for label, text in sentences.items()]
        (folder / "lines.txt").write_text("".join(lines * 25), "utf-8")
        model = fasttext.train_supervised(
            str(folder / "lines.txt"),
            dim=8,
            lr=1.0,
            epoch=40,
            minCount=1,
            minn=1,
            maxn=3,
            bucket=2000,
            thread=1,
            verbose=0,
        )
        model.save_model(str(folder / "tiny.bin"))
        return folder / "tiny.bin"

    return train


def test_the_model_that_ships_is_the_default():
    assert Choice().files() == [EMBEDDED, *([beside(EMBEDDED)] if beside(EMBEDDED).is_file() else [])]
    chosen = labeler(Choice())
    assert chosen.labels == tuple(sorted({*load().labels, "und"}))
    assert told(chosen.identify(column(DANISH, None, "", "12")))[1:] == [("und", 0.0, "und", 0.0)] * 3
    assert remarks(Choice()) == [("labels", 11, "lid_nordic.ftz")]


def test_the_embedded_model_cannot_name_other_scripts():
    assert [one[0] for one in told(labeler(Choice()).identify(column(CYRILLIC, RUSSIAN)))] == ["und", "und"]


def test_a_model_of_ones_own_is_read_with_uniform_labels(trained):
    path = trained(da=DANISH, fra_Latn=FRENCH, xx=RUSSIAN)
    choice = Choice(model=str(path))
    assert choice.files() == [path]
    chosen = labeler(choice)
    assert chosen.labels == ("azj_Cyrl", "dan_Latn", "fra_Latn", "und", "xx")
    assert [one[0] for one in told(chosen.identify(column(DANISH, FRENCH, RUSSIAN, None)))] == [
        *("dan_Latn", "fra_Latn", "xx", "und")
    ]
    assert remarks(choice) == [("labels", 3, "tiny.bin"), ("labels without script", 1, "tiny.bin: xx")]


def test_a_file_beside_the_model_is_no_matter(trained):
    path = trained(da=DANISH, fr=FRENCH)
    before = told(labeler(Choice(model=str(path))).identify(column(DANISH)))
    path.with_suffix(".json").write_text('{"license": "MIT"}')
    assert told(labeler(Choice(model=str(path))).identify(column(DANISH))) == before


def test_unknown_labels_can_be_called_something_and_known_ones_something_else(trained):
    path = trained(da=DANISH, fra_Latn=FRENCH, xx=RUSSIAN)
    choice = Choice(model=str(path), labels=(("xx", "rus_Cyrl"), ("da", "dan_Test")))
    assert labeler(choice).labels == ("azj_Cyrl", "dan_Test", "fra_Latn", "rus_Cyrl", "und")
    assert [one[0] for one in told(labeler(choice).identify(column(DANISH, RUSSIAN)))] == ["dan_Test", "rus_Cyrl"]
    assert remarks(choice) == [("labels", 3, "tiny.bin")]
    with pytest.raises(
        PlanError, match=r"labels: the model tiny.bin has no label 'yy'; valid names are da, fra_Latn, xx$"
    ):
        labeler(choice._replace(labels=(("yy", "rus_Cyrl"),)))


def test_two_labels_of_one_language_are_one_and_their_scores_add_up(trained):
    path = trained(no=DANISH, nob_Latn=DANISH, fr=FRENCH)
    found = told(labeler(Choice(model=str(path))).identify(column(DANISH, FRENCH)))
    assert found[0][0] == "nob_Latn"
    assert found[0][1] > 0.9  # each label alone has half
    assert found[0][2:] == ("und", 0.0)
    assert found[1][0] == "fra_Latn"
    assert remarks(Choice(model=str(path))) == [
        ("labels", 3, "tiny.bin"),
        ("labels called nob_Latn", 2, "tiny.bin: no nob_Latn"),
    ]


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        (Choice(model="auto"), "model 'auto' needs the path of a wide model"),
        (Choice(wide="x.bin"), "a wide model is used with model 'auto' only"),
        (Choice(model="absent.bin"), "absent.bin cannot be read: No such file"),
        (Choice(model="auto", wide="absent.bin"), "absent.bin cannot be read: No such file"),
    ],
)
def test_choices_that_cannot_be_are_told(choice, message):
    with pytest.raises(PlanError, match=message):
        labeler(choice)


def test_a_damaged_model_is_told(tmp_path):
    (tmp_path / "broken.bin").write_bytes(EMBEDDED.read_bytes()[:100_000])
    with pytest.raises(PlanError, match=r"broken.bin is damaged"):
        labeler(Choice(model=str(tmp_path / "broken.bin")))


NORDIC = ("dan_Latn", "isl_Latn", "nob_Latn", "und")
WIDE_LABELS = ("dan_Latn", "fra_Latn", "hun_Latn", "isl_Latn", "nob_Latn", "und")


def both(wide, inner):
    """The combined answer about one text."""
    return told(
        combined(
            predictions(WIDE_LABELS, wide),
            predictions(WIDE_LABELS, inner),
            np.isin(WIDE_LABELS, NORDIC[:3]),
            width=len(NORDIC),
        )
    )[0]


def test_inside_the_group_the_shipped_model_decides():
    # The wide model is sure of the group (0.6 + 0.4) and wrong inside it; the shipped model has it right.
    assert both(("nob_Latn", 0.6, "dan_Latn", 0.4), ("dan_Latn", 0.8, "nob_Latn", 0.2)) == (
        *("dan_Latn", 0.8, "nob_Latn", 0.2),
    )


def test_the_score_is_the_chance_of_the_group_times_the_score_in_it():
    # Odds 3 of the wide model, 4 of the shipped one: 12 together, a chance of 12/13.
    answer = both(("isl_Latn", 0.75, "hun_Latn", 0.25), ("isl_Latn", 0.6, "und", 0.2))
    assert answer == ("isl_Latn", round(12 / 13 * 0.6 / 0.8, 4), "hun_Latn", round(1 / 13, 4))


def test_an_even_part_of_what_is_left_is_taken_for_und():
    # 0.2 are left for two labels, one of them und: the odds of the shipped model are 9.
    answer = both(("isl_Latn", 0.5, "hun_Latn", 0.5), ("isl_Latn", 0.5, "dan_Latn", 0.3))
    assert answer == ("isl_Latn", round(0.9 * 0.5 / 0.9, 4), "dan_Latn", round(0.9 * 0.3 / 0.9, 4))


def test_outside_the_group_the_wide_model_decides():
    assert both(("fra_Latn", 0.7, "dan_Latn", 0.1), ("und", 0.9, "dan_Latn", 0.1)) == (
        "fra_Latn",
        round((1 - 1 / 82) * 0.7 / 0.9, 4),
        "dan_Latn",
        round(1 / 82, 4),
    )


def test_what_both_leave_unnamed_is_und():
    assert both(("dan_Latn", 0.3, "nob_Latn", 0.2), ("und", 0.9, "dan_Latn", 0.1))[0:2] == ("und", 0.9)


def test_odds_are_never_infinite():
    answer = both(("fra_Latn", 1.0, "dan_Latn", 0.0), ("dan_Latn", 1.0, "und", 0.0))
    assert {answer[0], answer[2]} == {"dan_Latn", "fra_Latn"}
    assert (answer[1], answer[3]) == (0.5, 0.5)


def test_the_shipped_model_is_asked_only_about_what_may_be_its_matter():
    wide = Stub(
        WIDE_LABELS,
        {
            "a": ("fra_Latn", 0.9, "hun_Latn", 0.1),
            "b": ("nob_Latn", 0.9, "fra_Latn", 0.1),
            "c": ("hun_Latn", 0.6, "isl_Latn", 0.4),
            None: ("und", 0.0, "und", 0.0),
        },
    )
    inner = Stub(NORDIC, {"b": ("dan_Latn", 0.9, "nob_Latn", 0.1), "c": ("isl_Latn", 0.9, "und", 0.1)})
    auto = Auto(wide, inner)
    found = told(auto.identify(column("a", "b", None, "c", "b")))
    assert inner.asked == ["b", "c", "b"]
    assert auto.labels == WIDE_LABELS
    assert [one[0] for one in found] == ["fra_Latn", "dan_Latn", "und", "isl_Latn", "dan_Latn"]
    assert found[0] == ("fra_Latn", 0.9, "hun_Latn", 0.1)
    assert found[2] == ("und", 0.0, "und", 0.0)
    assert told(auto.identify(column("a")))[0] == found[0]


def test_answers_of_rows_are_taken_and_put():
    one = predictions(NORDIC, ("dan_Latn", 0.9, "und", 0.1), ("isl_Latn", 0.8, "und", 0.2))
    other = predictions(NORDIC, ("nob_Latn", 0.7, "dan_Latn", 0.3))
    assert told(taken(one, np.array([1]))) == [("isl_Latn", 0.8, "und", 0.2)]
    assert told(put(one, np.array([0]), other)) == [("nob_Latn", 0.7, "dan_Latn", 0.3), ("isl_Latn", 0.8, "und", 0.2)]
    assert told(one)[0] == ("dan_Latn", 0.9, "und", 0.1)


def test_cyrillic_azerbaijani_is_known_by_its_letters():
    texts = column(CYRILLIC, TATAR, RUSSIAN, LATIN, None, "", f"{RUSSIAN * 20} ә ҹ")
    never, always = np.zeros(7, bool), np.ones(7, bool)
    assert is_cyrillic_azerbaijani(texts, called_so=never).tolist() == [True] + [False] * 6
    assert is_cyrillic_azerbaijani(texts, called_so=always).tolist() == [True, True, True, False, False, False, True]


def test_scripts_of_azerbaijani_are_told_apart(trained):
    path = trained(az=LATIN, tt=TATAR, ru=RUSSIAN, fr=FRENCH)
    found = told(labeler(Choice(model=str(path))).identify(column(LATIN, CYRILLIC, RUSSIAN, FRENCH, TATAR)))
    assert [one[0] for one in found][:4] == ["azj_Latn", "azj_Cyrl", "rus_Cyrl", "fra_Latn"]
    assert found[4][0] != "azj_Cyrl"


def test_a_model_that_knows_the_scripts_is_left_alone(trained):
    path = trained(azj_Latn=LATIN, azj_Cyrl=CYRILLIC, rus_Cyrl=RUSSIAN)
    assert labeler(Choice(model=str(path))).labels == ("azj_Cyrl", "azj_Latn", "rus_Cyrl", "und")
    assert OneModel(path, Choice()).identify(column(CYRILLIC)).label.tolist() == [0]


def test_auto_with_a_small_wide_model(trained):
    path = trained(da=DANISH, fr=FRENCH, ru=RUSSIAN)
    choice = Choice(model="auto", wide=str(path))
    assert choice.files() == [*Choice().files(), path]
    texts = column(DANISH, FRENCH, RUSSIAN, None, "Alle mennesker er født frie og med samme menneskeverd.")
    assert [one[0] for one in told(labeler(choice).identify(texts))] == [
        *("dan_Latn", "fra_Latn", "rus_Cyrl", "und", "nob_Latn")
    ]
    assert [one[0] for one in remarks(choice)] == ["labels", "labels"]


@pytest.mark.data
@pytest.mark.skipif(not WIDE.is_file(), reason="CORPUS_KIT_DATA is not set")
def test_auto_is_right_where_either_alone_is_not():
    texts = {
        "dan_Latn": DANISH,
        "nno_Latn": "Alle menneske er fødde til fridom og med same menneskeverd og menneskerettar.",
        "fao_Latn": "Øll menniskju eru fødd fræls og jøvn til virðingar og mannarættindi.",
        "azj_Latn": LATIN,
        "azj_Cyrl": CYRILLIC,
        "fra_Latn": FRENCH,
        "rus_Cyrl": RUSSIAN,
        "tur_Latn": "Bütün insanlar hür, haysiyet ve haklar bakımından eşit doğarlar.",
        "nld_Latn": "Alle mensen worden vrij en gelijk in waardigheid en rechten geboren.",
    }
    found = told(labeler(Choice(model="auto", wide=str(WIDE))).identify(column(*texts.values())))
    assert [one[0] for one in found] == list(texts)
    assert all(one[1] > 0.7 for one in found)
    alone = told(labeler(Choice(model=str(WIDE))).identify(column(*texts.values())))
    assert [one[0] for one in alone][3:] == list(texts)[3:]
    assert "fao_Latn" not in [one[0] for one in alone]


def test_the_best_labels_begin_with_the_answer(trained):
    path = trained(az=LATIN, tt=TATAR, ru=RUSSIAN, fr=FRENCH, da=DANISH)
    texts = column(DANISH, FRENCH, CYRILLIC, None, "Alle mennesker er født frie og med samme menneskeverd.")
    for choice in (Choice(), Choice(model=str(path)), Choice(model="auto", wide=str(path))):
        asked = labeler(choice)
        answers = told(asked.identify(texts))
        for count in (1, 2, 4):
            best = ranked(asked, texts, count)
            assert [len(one) <= count for one in best] == [True] * 5
            assert [[(name, round(score, 4)) for name, score in one[:1]] for one in best if one] == [
                [answer[:2]] for answer, one in zip(answers, best, strict=True) if one
            ]
        for answer, one in zip(answers, ranked(asked, texts, 4), strict=True):
            assert answer[3] == 0 or round(one[1][1], 4) == answer[3]
            assert sum(score for _, score in one) < 1.05
        assert ranked(asked, texts, 4)[3] == []


@pytest.mark.data
@pytest.mark.skipif(not WIDE.is_file(), reason="CORPUS_KIT_DATA is not set")
def test_every_label_of_lid176_is_known_and_none_is_another():
    assert remarks(Choice(model=str(WIDE))) == [("labels", 176, "lid.176.ftz")]
