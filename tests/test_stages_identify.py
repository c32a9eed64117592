"""Labels become columns, what is not wanted gets a reason, foreign paragraphs are cut. test_lid* test the models."""

import numpy as np
import pyarrow as pa
import pytest
import toy

import corpus_kit
from corpus_kit.catalogue import explain
from corpus_kit.errors import PlanError, RecipeError
from corpus_kit.ledger import Edit
from corpus_kit.lid import Predictions
from corpus_kit.lid.identify import EMBEDDED
from corpus_kit.lid.models import Choice
from corpus_kit.recipe import parse_recipe
from corpus_kit.scope import merge, touched_rows
from corpus_kit.stages import identify as module
from corpus_kit.stages.identify import Identify
from corpus_kit.tasks import Settings

NAMES = ("dan_Latn", "deu_Latn", "nob_Latn", "und")
ANSWERS = {
    "dansk": ("dan_Latn", 0.91234567, "nob_Latn", 0.05),
    "kode": ("und", 0.95, "dan_Latn", 0.01),
    "norsk": ("nob_Latn", 0.61, "dan_Latn", 0.3),
    "tysk": ("deu_Latn", 0.99, "und", 0.0),
    "næsten": ("dan_Latn", 0.69996, "nob_Latn", 0.2),
}


class Model:
    """Knows a text by its first word, once it is long enough to have letters."""

    labels = NAMES

    def __init__(self):
        self.asked = []

    def identify(self, texts):
        self.asked += texts.to_pylist()
        firsts = [(text or " ").split(" ")[0] for text in texts.to_pylist()]
        found = [ANSWERS.get(first, ("und", 0.0, "und", 0.0)) for first in firsts]
        codes = [np.array([NAMES.index(one[i]) for one in found], np.int32) for i in (0, 2)]
        scores = [np.array([one[i] for one in found], np.float64) for i in (1, 3)]
        return Predictions(NAMES, codes[0], scores[0], codes[1], scores[1])


@pytest.fixture
def model(monkeypatch):
    one = Model()
    monkeypatch.setattr(module, "labeler", lambda choice: one)
    return one


def long(word):
    return word + " abcde" * 12


@pytest.mark.usefixtures("model")
class TestLabels:
    def test_every_row_gets_label_score_runner_up_and_margin(self):
        batch = toy.batch(["dansk", None, "tysk"], lang=["old", None, None])
        result = Identify().apply(batch)
        assert result["lang"].to_pylist() == ["dan_Latn", "und", "deu_Latn"]
        assert result["lang_score"].to_pylist() == [0.9123, 0.0, 0.99]
        assert result["lang_runner_up"].to_pylist() == ["nob_Latn", None, None]
        assert result["lang_margin"].to_pylist() == [0.8623, 0.0, 0.99]
        assert toy.codes(result) == [[], [], []]

    def test_the_columns_are_those_it_says_it_gives(self):
        for stage in (Identify(), Identify(paragraphs=True), Identify(paragraphs=True, foreign="cut")):
            before = toy.batch(["dansk", None])
            after = stage.apply(before)
            given = {name: after.schema.field(name).type for name in stage.columns_given()}
            assert given == dict(stage.columns_given())
            assert set(after.schema.names) - set(before.schema.names) - {"edits"} <= set(given)
        assert list(Identify().columns_given()) == ["lang", "lang_score", "lang_runner_up", "lang_margin"]

    def test_languages_not_kept_and_low_scores_have_reasons_with_numbers(self):
        result = Identify(keep=("dan_Latn", "nob_Latn"), min_score=0.7).apply(toy.batch(["dansk", "norsk", "tysk", ""]))
        assert result["reasons"].to_pylist() == [
            None,
            [{"code": "identify.score", "value": 0.61, "low": 0.7, "high": None}],
            [{"code": "identify.language", "value": 0.99, "low": None, "high": None}],
            [{"code": "identify.language", "value": 0.0, "low": None, "high": None}],
        ]
        assert result["lang"].to_pylist() == ["dan_Latn", "nob_Latn", "deu_Latn", "und"]

    def test_a_score_may_be_asked_of_some_languages_only(self):
        stage = Identify(min_score={"nob_Latn": 0.62, "dan_Latn": 0.91})
        result = stage.apply(toy.batch(["dansk", "norsk", "tysk"]))
        assert result["reasons"].to_pylist() == [
            None,
            [{"code": "identify.score", "value": 0.61, "low": 0.62, "high": None}],
            None,
        ]

    def test_the_lowest_score_is_kept_and_stored_scores_are_those_that_were_judged(self):
        assert toy.codes(Identify(min_score=0.61).apply(toy.batch(["norsk"]))) == [[]]
        result = Identify(min_score=0.7).apply(toy.batch(["næsten"]))
        assert result["lang_score"].to_pylist() == [0.7]
        assert toy.codes(result) == [[]]

    def test_a_second_pass_replaces_the_first(self):
        first = Identify(paragraphs=True).apply(toy.batch([long("norsk"), "dansk"]))
        changed = first.set_column(
            first.schema.get_field_index("text"), "text", pa.array(["dansk", None], pa.large_string())
        )
        second = Identify().apply(changed)
        assert second.schema.names == first.schema.names
        assert second["lang"].to_pylist() == ["dan_Latn", "und"]
        assert second["lang_runner_up"].to_pylist() == ["nob_Latn", None]
        assert second["lang_shares"].equals(first["lang_shares"])


DANISH, GERMAN = long("dansk"), long("tysk")
MIXED = f"{DANISH}\n\n{GERMAN}\nkort\n{GERMAN}\n\n{DANISH}\nkort\n{DANISH}"
"""Letters: 65 a Danish paragraph, 64 a German one, 4 a short one."""


class TestParagraphs:
    def test_shares_are_given_and_no_paragraph_is_asked_about_twice(self, model):
        result = Identify(paragraphs=True).apply(toy.batch([MIXED, GERMAN, "dansk", None]))
        assert result["lang"].to_pylist() == ["dan_Latn", "deu_Latn", "dan_Latn", "und"]
        assert result["lang_shares"].to_pylist() == [
            [{"lang": "dan_Latn", "share": 0.6012}, {"lang": "deu_Latn", "share": 0.3988}],
            [{"lang": "deu_Latn", "share": 1.0}],
            [{"lang": "dan_Latn", "share": 1.0}],
            None,
        ]
        assert model.asked.count(GERMAN) == 1
        assert model.asked.count(MIXED) == 1

    def test_by_paragraphs_the_score_is_the_mean_over_the_letters(self, model):
        half = f"{DANISH}\n{DANISH}\n{GERMAN}"
        result = Identify(paragraphs=True, by="paragraphs").apply(toy.batch([half, "tysk", None]))
        assert result["lang"].to_pylist() == ["dan_Latn", "deu_Latn", "und"]
        assert result["lang_score"].to_pylist() == [round(0.91234567 * 130 / 194, 4), 0.99, 0.0]
        assert result["lang_runner_up"].to_pylist() == ["deu_Latn", None, None]
        assert half not in model.asked

    @pytest.mark.usefixtures("model")
    def test_foreign_paragraphs_are_cut_from_what_is_kept_and_counted(self):
        stage = Identify(paragraphs=True, foreign="cut", keep=("dan_Latn",))
        result = stage.apply(toy.batch([MIXED, GERMAN, DANISH, f"{GERMAN}\n{GERMAN}\n{DANISH}"]))
        assert result["text"].to_pylist()[0] == f"{DANISH}\n\n{DANISH}\nkort\n{DANISH}"
        assert result["text"].to_pylist()[1:3] == [GERMAN, DANISH]
        assert result["edits"].to_pylist() == [{"identify.foreign_paragraph": count} for count in (3, 0, 0, 0)]
        assert toy.codes(result) == [[], ["identify.language"], [], ["identify.language"]]
        assert result["text"].type == pa.large_string()

    @pytest.mark.usefixtures("model")
    def test_without_a_list_foreign_is_what_the_text_is_not(self):
        result = Identify(paragraphs=True, foreign="cut").apply(toy.batch([MIXED, f"{GERMAN}\n{GERMAN}\n{DANISH}"]))
        assert result["lang"].to_pylist() == ["dan_Latn", "deu_Latn"]
        assert [text.count("tysk") for text in result["text"].to_pylist()] == [0, 2]
        assert [text.count("dansk") for text in result["text"].to_pylist()] == [3, 0]

    @pytest.mark.usefixtures("model")
    def test_what_has_no_language_may_stay(self):
        code = long("kode")
        text = f"{DANISH}\n{code}\n{GERMAN}\n{DANISH}\n{DANISH}"
        for foreign, left in (
            ("cut", f"{DANISH}\n{DANISH}\n{DANISH}"),
            ("cut_named", f"{DANISH}\n{code}\n{DANISH}\n{DANISH}"),
        ):
            result = Identify(paragraphs=True, foreign=foreign, keep=("dan_Latn",)).apply(toy.batch([text]))
            assert result["text"].to_pylist() == [left]

    @pytest.mark.usefixtures("model")
    def test_all_languages_to_keep_stay(self):
        stage = Identify(paragraphs=True, foreign="cut", keep=("dan_Latn", "deu_Latn"))
        result = stage.apply(toy.batch([MIXED]))
        assert result["text"].to_pylist() == [MIXED]
        assert result["edits"].to_pylist() == [{"identify.foreign_paragraph": 0}]

    def test_a_text_of_foreign_paragraphs_only_is_rejected_as_it_was(self, monkeypatch):
        # As a whole it is called Danish; its paragraphs are German.
        text = f"dansk {GERMAN}\n{GERMAN}\n{GERMAN}"
        monkeypatch.setitem(ANSWERS, "dansk", ("deu_Latn", 0.9, "dan_Latn", 0.1))
        one = Model()
        one.identify = lambda texts, ask=one.identify: (  # the whole text gets the other answer
            Predictions(NAMES, np.array([0], np.int32), np.array([0.9]), np.array([1], np.int32), np.array([0.1]))
            if texts.to_pylist() == [text]
            else ask(texts)
        )
        monkeypatch.setattr(module, "labeler", lambda choice: one)
        result = Identify(paragraphs=True, foreign="cut", keep=("dan_Latn",)).apply(toy.batch([text]))
        assert toy.codes(result) == [["identify.foreign"]]
        assert result["text"].to_pylist() == [text]
        assert result["edits"].to_pylist() == [{"identify.foreign_paragraph": 0}]

    @pytest.mark.usefixtures("model")
    def test_the_smallest_length_can_be_set(self):
        text = f"{DANISH}\n{DANISH}\ntysk abc"
        found = [Identify(paragraphs=True, shortest=n).apply(toy.batch([text]))["lang_shares"] for n in (8, 7)]
        assert [len(one[0]) for one in found] == [1, 2]

    @pytest.mark.parametrize("setting", [{"by": "paragraphs"}, {"foreign": "cut"}, {"foreign": "cut_named"}])
    def test_what_needs_paragraphs_says_so(self, setting):
        with pytest.raises(ValueError, match="needs 'paragraphs: true'"):
            Identify(**setting)

    @pytest.mark.usefixtures("model")
    def test_nothing_is_fine(self):
        for texts in ([], [None], ["", None]):
            for stage in (Identify(), Identify(paragraphs=True), Identify(paragraphs=True, foreign="cut")):
                result = stage.apply(toy.batch(texts))
                assert result["lang"].to_pylist() == ["und"] * len(texts)
                assert toy.codes(result) == [[]] * len(texts)


@pytest.mark.usefixtures("model")
class TestPlanning:
    def test_a_language_the_model_does_not_know_is_found_before_the_run(self):
        Identify(keep=("dan_Latn",), min_score={"dan_Latn": 0.5}).check({})
        with pytest.raises(PlanError) as caught:
            Identify(keep=("dan_Latn", "dan_Lat")).check({})
        assert str(caught.value) == "identify: the model has no language 'dan_Lat'; did you mean 'dan_Latn'?"
        with pytest.raises(PlanError, match=r"no language 'swe_Latn'; it has dan_Latn, deu_Latn, nob_Latn, und$"):
            Identify(min_score={"swe_Latn": 0.5}).check({})

    def test_two_letters_are_led_to_the_label(self):
        with pytest.raises(PlanError, match=r"no language 'no'; did you mean 'nob_Latn'\?$"):
            Identify(keep=("no",)).check({})

    def test_a_score_for_a_language_that_is_not_kept_is_a_mistake(self):
        with pytest.raises(PlanError, match=r"'min_score' is for 'deu_Latn', which is not in 'keep'"):
            Identify(keep=("dan_Latn",), min_score={"deu_Latn": 0.5}).check({})

    @pytest.mark.parametrize("score", [-0.1, 1.1, {"dan_Latn": 2}, "high"])
    def test_a_score_is_a_share(self, score):
        with pytest.raises(ValueError, match="min_score"):
            Identify.model_validate({"min_score": score})

    def test_a_label_is_a_language_and_a_script(self):
        with pytest.raises(ValueError, match="labels"):
            Identify(labels={"xx": "yy"})


def test_models_enter_identity():
    assert Identify().files() == Choice().files()
    assert EMBEDDED in Identify().files()
    assert [path.name for path in Identify(model="/models/own.bin").files()] == ["own.bin"]
    assert [path.name for path in Identify(model="auto", wide="/models/w.bin").files()] == [
        *(path.name for path in Identify().files()),
        "w.bin",
    ]


def test_numbers_are_told_with_what_became_of_the_labels():
    stage = Identify(min_score={"nob_Latn": 0.6, "dan_Latn": 0.5}, paragraphs=True)
    assert [(one.name, one.value, one.origin) for one in stage.numbers()] == [
        ("sample", 3000, "stage default"),
        ("shortest", 40, "stage default"),
        ("min_score dan_Latn", 0.5, "recipe"),
        ("min_score nob_Latn", 0.6, "recipe"),
        ("labels", 11, EMBEDDED.name),
    ]
    assert "shortest" not in [one.name for one in Identify().numbers()]


def test_codes_and_columns_are_explained():
    for code in ("identify.foreign_paragraph", "identify.foreign"):
        assert explain(code).startswith(f"{code}: a reason given by stage identify")
    for name in ("lang_runner_up", "lang_margin", "lang_shares"):
        assert explain(name).startswith(f"{name}: a column (")


def test_the_recipe_goes_round():
    text = """\
recipe: 1
name: languages
stages:
  - identify:
      model: auto
      wide: /models/wide.bin
      labels: {xx: sme_Latn}
      sample: null
      keep: [dan_Latn]
      min_score: {dan_Latn: 0.5}
      paragraphs: true
      by: paragraphs
      foreign: cut
"""
    recipe = parse_recipe(text)
    assert recipe.stages[0] == Identify(
        model="auto",
        wide="/models/wide.bin",
        labels={"xx": "sme_Latn"},
        sample=None,
        keep=("dan_Latn",),
        min_score={"dan_Latn": 0.5},
        paragraphs=True,
        by="paragraphs",
        foreign="cut",
    )
    assert parse_recipe(recipe.to_yaml()) == recipe
    with pytest.raises(RecipeError, match=r"recipe:4.*'foreign: cut' needs 'paragraphs: true'"):
        parse_recipe("recipe: 1\nname: x\nstages:\n  - identify: {foreign: cut}\n")


def test_rows_out_of_scope_keep_their_label_and_have_no_scores():
    stage = Identify.model_validate({"except": {"source": ["declared"]}, "paragraphs": True})
    batch = toy.batch([toy.DANISH, toy.SWEDISH], source=["web", "declared"], lang=[None, "nno_Latn"])
    mask = touched_rows(stage, batch)
    assert mask is not None
    merged = merge(batch, stage.apply(batch.filter(mask)), mask, stage)
    assert merged["lang"].to_pylist() == ["dan_Latn", "nno_Latn"]
    assert [score is None for score in merged["lang_score"].to_pylist()] == [False, True]
    assert merged["lang_runner_up"].to_pylist()[1] is None
    assert merged["lang_margin"].to_pylist()[1] is None
    assert merged["lang_shares"].to_pylist() == [[{"lang": "dan_Latn", "share": 1.0}], None]
    assert merged["id"].equals(batch["id"])


RUN = """\
recipe: 1
name: languages
stages:
  - identify: {only: {source: [web]}}
  - normalize
  - identify: {only: {source: [web]}, keep: [dan_Latn, swe_Latn], min_score: 0.3, paragraphs: true, foreign: cut}
  - dedup: {method: exact}
split_bytes: 4096
"""
"""Twice, for some sources only, and rows written between phases: what the columns have to stand."""


def test_a_run_with_two_passes_over_some_sources(tmp_path):
    mixed = f"{toy.DANISH}\n{toy.ENGLISH}\n{toy.DANISH}\n{toy.DANISH}"
    web = [{"text": mixed}, {"text": toy.ENGLISH}, {"text": toy.SWEDISH}]
    books = [{"text": toy.ENGLISH + " The end."}]
    for name, documents in (("web", web), ("books", books)):
        toy.write_source(tmp_path / name, name, files={"a.jsonl": documents})
    inputs = corpus_kit.resolve_inputs([str(tmp_path / "books"), str(tmp_path / "web")])
    runs = [
        corpus_kit.run(
            parse_recipe(RUN), inputs, tmp_path / f"run-{rows}", workers=1, settings=Settings(batch_rows=rows)
        )
        for rows in (1, 64)
    ]
    run = runs[0]
    rows = sorted(run.kept().to_pylist(), key=lambda row: row["text"])
    assert [(row["source"], row["lang"]) for row in rows] == [
        *(("web", "dan_Latn"), ("web", "swe_Latn"), ("books", None))
    ]
    assert rows[0]["text"] == f"{toy.DANISH}\n{toy.DANISH}\n{toy.DANISH}"
    assert [one["lang"] for one in rows[0]["lang_shares"]] == ["dan_Latn", "eng_Latn"]
    assert [rows[2][name] for name in ("lang_score", "lang_runner_up", "lang_margin", "lang_shares")] == [None] * 4
    assert run.tally.edits == {Edit("identify.2", "identify.foreign_paragraph", "web", "dan_Latn"): 1}
    untouched = {cell.stage for cell in run.tally.documents if cell.code == "untouched"}
    assert untouched == {"identify", "identify.2"}
    [reject] = run.rejects().to_pylist()
    assert (reject["lang"], reject["stage"], reject["reasons"][0]["code"]) == (
        *("eng_Latn", "identify.2", "identify.language"),
    )
    assert run.table().equals(runs[1].table())
    assert {"lang_runner_up", "lang_margin", "lang_shares"} <= set(run.plan.data_schema().names)
    assert run.plan.stage("identify").gives == ("lang", "lang_score", "lang_runner_up", "lang_margin")
    assert run.plan.stage("identify.2").gives == (
        *("lang", "lang_score", "lang_runner_up", "lang_margin", "lang_shares", "text"),
    )
