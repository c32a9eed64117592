import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus_kit import scorer
from corpus_kit.errors import PlanError
from corpus_kit.scorer import PREFIX, load, one_line, prepare, sample


@given(st.text())
def test_what_the_model_sees_is_one_line_without_labels(text):
    line = prepare(text)
    assert line == " ".join(line.split())
    assert not set(line) & {"\n", "\0", "\r", "\x1c"}
    assert not any(word.startswith(PREFIX) for word in line.split())
    assert prepare(line) == line


def test_a_long_text_is_read_in_five_places():
    text = "".join(f"{i:05d} " for i in range(20_000))
    windows = sample(text).split("\n")
    assert [len(one) for one in windows] == [1999] * 5
    assert text.startswith(windows[0])
    assert text.endswith(windows[-1])
    assert all(one in text for one in windows)
    assert sample(text[: scorer.SAMPLE_CHARS]) == text[: scorer.SAMPLE_CHARS]


def test_digits_of_any_script_are_zero():
    assert prepare("١٢ 34 ५") == "00 00 0"


def _train(path, labels, **settings):
    """A model by fastText itself."""
    fasttext = pytest.importorskip("fasttext")
    lines = path.with_suffix(".txt")
    words = {label: f"{label}a {label}b {label}c".replace("/", "") for label in labels}
    lines.write_text("".join(f"{PREFIX}{label} {words[label]}\n" for label in labels for _ in range(30)))
    chosen = {"dim": 4, "epoch": 100, "bucket": 10, "minn": 0, "maxn": 0, "lr": 0.5, **settings}
    model = fasttext.train_supervised(str(lines), thread=1, seed=1, verbose=0, **chosen)
    model.save_model(str(path))
    return path


def test_scores_of_our_own_models(tmp_path):
    path = _train(tmp_path / "m.bin", [scorer.GOOD, scorer.BAD])
    texts = ["good1a good1b", "bad1a bad1b", "", " \n ", "unknown words"]
    good, bad, empty, blank, unknown = load(path).scores(texts)
    assert math.isnan(empty)
    assert math.isnan(blank)
    assert 0 <= unknown <= 1
    assert load(path, "bad").scores(texts)[0] == pytest.approx(1 - good, abs=1e-4)
    assert load(path, "good").scores(texts)[:2] == [good, bad]
    assert load(path).scores([]) == []


def test_a_score_does_not_depend_on_its_neighbors(tmp_path):
    one = load(_train(tmp_path / "m.bin", [scorer.GOOD, scorer.BAD]))
    texts = ["good", "", "bad", "x y z"]
    assert [one.scores([text])[0] for text in texts if text] == [s for s in one.scores(texts) if not math.isnan(s)]


def test_models_of_others_need_a_label_and_see_the_text_as_it_stands(tmp_path):
    path = _train(tmp_path / "m.bin", ["hq", "cc"])
    with pytest.raises(PlanError, match="say with `label` whose probability is the score: cc, hq"):
        load(path)
    with pytest.raises(PlanError, match="has no label 'hg'; valid names are cc, hq"):
        load(path, "hg")
    high, low = load(path, "hq").scores(["hqa\nhqb hqc", "cca ccb ccc"])
    assert high > 0.9
    assert low < 0.1
    assert load(path, "hq").scores(["HQA HQB"])[0] < high  # case matters to it
    assert one_line("a\0b\n c") == "a b c"


def test_models_of_another_version_are_refused(tmp_path):
    with pytest.raises(PlanError, match="trained by another version"):
        load(_train(tmp_path / "m.bin", ["good/0", "bad/0"]))
    with pytest.raises(PlanError, match="did you mean 'good'"):
        load(_train(tmp_path / "n.bin", [scorer.GOOD, scorer.BAD]), "gods")


def test_files_that_are_no_classifier(tmp_path):
    fasttext = pytest.importorskip("fasttext")
    path = _train(tmp_path / "m.bin", [scorer.GOOD, scorer.BAD])
    with pytest.raises(PlanError, match="cannot be read: No such file"):
        load(tmp_path / "none.bin")
    content = path.read_bytes()
    for damaged, reason in (
        (b"", "cannot be used"),
        (b"\x80\x04pickle", "cannot be used"),
        (content[:-1], "ends too early"),
        (content[:20], "ends too early"),
        (content + b"x", "goes on after its end"),
    ):
        wrong = tmp_path / f"{len(damaged)}.bin"
        wrong.write_bytes(damaged)
        with pytest.raises(PlanError, match=reason):
            load(wrong)
    vectors = tmp_path / "vectors.bin"
    fasttext.train_unsupervised(str(path.with_suffix(".txt")), dim=4, minCount=1, bucket=10, verbose=0).save_model(
        str(vectors)
    )
    with pytest.raises(PlanError, match="holds word vectors, not a classifier"):
        load(vectors)


def test_the_kind_of_a_model_is_read_where_fasttext_writes_it(tmp_path):
    path = _train(tmp_path / "m.bin", [scorer.GOOD, scorer.BAD])
    arguments = struct.unpack_from("<12i", path.read_bytes(), 8)
    assert arguments[0] == 4  # dim
    assert arguments[7] == scorer._SUPERVISED
    assert arguments[9:11] == (0, 0)  # minn, maxn
