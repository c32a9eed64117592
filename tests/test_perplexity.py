"""Perplexity: CCNet's normalization and formula, and files that are no models."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus_kit import perplexity
from corpus_kit.errors import PlanError
from corpus_kit.perplexity import LanguageModel, ccnet, distribution, load

ARPA = """\
\\data\\
ngram 1=5
ngram 2=4

\\1-grams:
-1.0\t<unk>
0\t<s>\t-0.3
-0.7\t</s>
-0.6\tdet\t-0.2
-0.9\tregner\t-0.1

\\2-grams:
-0.2\t<s> det
-0.4\tdet regner
-0.1\tregner </s>
-0.5\tdet </s>

\\end\\
"""


class Fixed:
    """A model that gives every token, and the end of the sentence, the same probability."""

    def __init__(self, log10: float):
        self.log10 = log10
        self.seen: list[str] = []

    def score(self, line: str) -> float:
        self.seen.append(line)
        return self.log10 * (len(line.split()) + 1)


@pytest.fixture
def arpa(tmp_path):
    path = tmp_path / "m.arpa"
    path.write_text(ARPA)
    return path


def test_the_perplexity_of_an_even_model_is_its_number_of_choices():
    for text in ("one", "one two three", "a\nb\n\nc d"):
        for normalized in (True, False):
            assert LanguageModel(Fixed(-2.0), None, normalized=normalized).perplexity(text) == 100.0


def test_a_text_without_a_token_has_none():
    for text in ("", " \n\t ", "\u0301", "\0"):
        assert math.isnan(LanguageModel(Fixed(-2.0), None, normalized=True).perplexity(text))
    assert math.isnan(LanguageModel(Fixed(-2.0), None, normalized=False).perplexity(" \n\n "))


def test_a_very_improbable_text_is_still_a_number():
    assert LanguageModel(Fixed(-1e9), None, normalized=True).perplexity("x") == 1e300


def test_a_normalized_text_is_one_sentence_and_another_has_its_lines():
    one, many = Fixed(-1.0), Fixed(-1.0)
    LanguageModel(one, None, normalized=True).perplexity("Første linje\n\nAnden  linje ")
    LanguageModel(many, None, normalized=False).perplexity("Første linje\n\nAnden  linje ")
    assert one.seen == ["første linjeanden linje".replace("ø", "ø")]
    assert many.seen == ["Første linje", "Anden linje"]


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("ÅÄÖ é", "aao e"),
        ("ø æ ð þ ß", "ø æ ð þ ß"),  # no accents to strip
        ("2024 ٣ １", "0000 0 0"),
        ("„a” «b» ’c´ – — …", '"a" "b" \'c\' -  -  ...'),
        ("tab\there\x85\x7f", "tabhere"),
        ("（全角）：？！％", "(全角):?!%"),
    ],
)
def test_normalization(text, normal):
    assert ccnet(text) == normal


@given(st.text())
def test_normalized_text_stays_as_it_is_but_for_blanks_at_its_ends(text):
    once = ccnet(text)
    assert "\n" not in once
    assert ccnet(once).strip() == ccnet(once.strip())


def test_the_marks_are_those_of_datatroves_copy():
    module = pytest.importorskip("datatrove.utils.perplexity")
    theirs = dict(module.KenlmModel.unicode_punct)
    assert theirs.pop("１") == '"'  # never reached: a digit becomes 0 before
    assert perplexity._PUNCTUATION == theirs


def test_a_model_file(arpa, capfd):
    pytest.importorskip("kenlm")
    model = load(arpa, None, normalized=True)
    assert model.perplexity("Det regner") == round(10 ** ((0.2 + 0.4 + 0.1) / 3), 1)
    assert model.perplexity("ukendt ukendt") > 5
    lines = load(arpa, None, normalized=False)
    assert lines.perplexity("det regner\n\ndet") == round(10 ** ((0.2 + 0.4 + 0.1 + 0.2 + 0.5) / 5), 1)
    assert capfd.readouterr().err == ""


def test_a_tokenizer_cuts_words_into_pieces(arpa, tmp_path):
    pytest.importorskip("kenlm")
    sentencepiece = pytest.importorskip("sentencepiece")
    path = tmp_path / "t.model"
    with path.open("wb") as file:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(["det regner i dag", "det regner ikke", "det sner"] * 30),
            model_writer=file,
            vocab_size=18,
            minloglevel=2,
        )
    model = load(arpa, path, normalized=True)
    seen = Fixed(-1.0)
    LanguageModel(seen, model._tokenizer, normalized=True).perplexity("Det regner")
    assert "".join(seen.seen[0].split()) == "▁det▁regner"
    assert len(seen.seen[0].split()) >= 2


@pytest.mark.parametrize("content", [b"", b"junk", ARPA.encode()[:120], ARPA.encode()[:-8], b"\x1f\x8b\x08\0"])
def test_files_that_are_no_models(tmp_path, arpa, content):
    pytest.importorskip("kenlm")
    (tmp_path / "bad").write_bytes(content)
    with pytest.raises(PlanError, match="is no ARPA file and no KenLM binary, or is damaged"):
        load(tmp_path / "bad", None, normalized=True)


def test_files_that_are_no_tokenizers(tmp_path, arpa):
    pytest.importorskip("sentencepiece")
    (tmp_path / "bad").write_bytes(b"junk")
    with pytest.raises(PlanError, match="is no SentencePiece model, or is damaged"):
        load(arpa, tmp_path / "bad", normalized=True)


def test_absent_files(tmp_path, arpa):
    with pytest.raises(PlanError, match="cannot be read: No such file"):
        load(tmp_path / "none", None, normalized=True)
    with pytest.raises(PlanError, match="cannot be read: No such file"):
        load(arpa, tmp_path / "none", normalized=True)


def test_any_build_of_the_library_will_do(monkeypatch):
    monkeypatch.setattr(perplexity, "_is_installed", lambda name: name == "kenlm")
    assert distribution() == "kenlm"
    monkeypatch.setattr(perplexity, "_is_installed", lambda name: False)
    assert distribution() == "ufal.kenlm"
