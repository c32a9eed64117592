"""SentencePiece vocabularies made WordPiece: what becomes of each kind of piece, and that `tokenizers` reads it so."""

import json
import subprocess
import sys

import pyarrow as pa
import pytest
import wordy

from corpus_kit.errors import PlanError
from corpus_kit.tokenizers import load_tokenizer
from corpus_kit.vocabulary import train
from corpus_kit.vocabulary.word_differences import differences, sample_words
from corpus_kit.vocabulary.wordpiece_convert import Pieces, as_tokenizer, convert_pieces, read_pieces
from corpus_kit.vocabulary.wordpiece_files import convert_to_wordpiece, converted_lines

pytest.importorskip("sentencepiece")
tokenizers = pytest.importorskip("tokenizers")

UDHR = str(wordy.EXAMPLES / "udhr")

PIECES = Pieces(
    ["▁hav", "n", "▁", "▁▁", "a▁b", "▁kl.", "▁Hav", ".", "en", "▁en", "日", "日本", "▁å", "e\u0301", "\u00adn"],
    ["<unk>", "<s>", "<|python|>"],
    2,
)
ADDED = [".", "H", "a", "e", "h", "k", "l", "n", "v", "å", "\u0301", "日", "本"]


@pytest.fixture(scope="module")
def bpe(tmp_path_factory):
    output = tmp_path_factory.mktemp("bpe") / "sw3"
    train([UDHR], output, preset="gpt_sw3", settings={"vocab_size": 1280})
    return output


@pytest.fixture(scope="module")
def unigram(tmp_path_factory):
    path = tmp_path_factory.mktemp("uni") / "t.model"
    return wordy.sentencepiece_model(
        path, wordy.texts("udhr"), model_type="unigram", vocab_size=900, normalization_rule_name="nmt_nfkc"
    )


@pytest.fixture(scope="module")
def converted(bpe, tmp_path_factory):
    output = tmp_path_factory.mktemp("wp") / "bert"
    return convert_to_wordpiece(bpe, output, unused=7, keep=["<|endoftext|>"], data=[UDHR])


def test_each_kind_of_piece():
    made = convert_pieces(PIECES, unused=2, keep=["<|python|>"])
    assert made.entries[:7] == ["[PAD]", "[unused0]", "[unused1]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    assert made.entries[7] == "<|python|>"
    assert made.entries[8:17] == ["hav", "##n", "Hav", ".", "##en", "en", "日", "å", "##e\u0301"]
    assert made.special == ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "<|python|>"]
    assert made.changes == {
        "pieces": 20,
        "converted": 9,
        "left_out": {"special": 2, "bytes": 2, "spaces": 3, "cut": 2, "same": 1},
        "moved": 2,
        "in_both_forms": 1,
        "doubled": len(made.entries) - 17,
        "unused": 2,
    }


def test_every_character_begins_and_goes_on_unless_it_is_a_word_of_its_own():
    made = convert_pieces(PIECES)
    entries, added = set(made.entries), made.entries[-made.changes["doubled"] :]
    expected = [form for one in ADDED for form in ([one] if one in ".日本" else [one, f"##{one}"])]
    assert added == [form for form in expected if form not in (".", "日", "å", "##n")]
    for letter in ADDED:
        assert letter in entries
        assert (f"##{letter}" in entries) == (letter not in ".日本")


def test_lower_case_makes_pieces_the_same():
    cased, lower = convert_pieces(PIECES), convert_pieces(PIECES, lower=True)
    assert {"Hav", "H"} <= set(cased.entries)
    assert {"Hav", "H"}.isdisjoint(lower.entries)
    assert lower.changes["left_out"]["same"] == cased.changes["left_out"]["same"] + 1


def test_free_slots_fill_a_vocabulary_up():
    least = len(convert_pieces(PIECES, unused=0).entries)
    assert len(convert_pieces(PIECES).entries) == least + 100
    filled = convert_pieces(PIECES, vocab_size=128)
    assert (len(filled.entries), filled.changes["unused"]) == (128, 128 - least)
    with pytest.raises(PlanError, match=f"{least} is the least"):
        convert_pieces(PIECES, vocab_size=least - 1)
    with pytest.raises(PlanError, match="not both"):
        convert_pieces(PIECES, vocab_size=128, unused=3)
    with pytest.raises(PlanError, match="no special token '<pyton>' to keep; did you mean"):
        convert_pieces(PIECES, keep=["<pyton>"])


def test_nothing_is_lost_uncounted(bpe, unigram):
    for path in (bpe / "tokenizer.json", unigram):
        pieces = read_pieces(path)
        changes = convert_pieces(pieces).changes
        assert changes["pieces"] == load_tokenizer(path).vocab_size
        assert changes["converted"] + sum(changes["left_out"].values()) == changes["pieces"]


def test_both_files_of_a_model_give_the_same(bpe):
    assert read_pieces(bpe / "tokenizer.json") == read_pieces(bpe / "tokenizer.model")


def test_the_folder_is_read_by_tokenizers_and_by_us(converted):
    theirs = tokenizers.Tokenizer.from_file(str(converted.path / "tokenizer.json"))
    lines = (converted.path / "vocab.txt").read_text().split("\n")[:-1]
    assert [theirs.token_to_id(line) for line in lines] == list(range(theirs.get_vocab_size()))
    text = "Alle mennesker er født frie, lige i værdighed og rettigheder (1948)."
    plain = theirs.encode(text, add_special_tokens=False)
    assert load_tokenizer(converted.path).encode(pa.array([text])).to_pylist() == [plain.ids]
    assert "[UNK]" not in plain.tokens
    assert [theirs.encode(one).tokens[1:-1] for one in ("å", "a", "D")] == [["å"], ["a"], ["D"]]
    pair = theirs.encode("å", "ö")
    assert (pair.tokens, pair.type_ids) == (["[CLS]", "å", "[SEP]", "ö", "[SEP]"], [0, 0, 0, 1, 1])
    assert theirs.decode(plain.ids).startswith("Alle mennesker er født frie")


def test_vocab_txt_alone_makes_the_same_tokenizer(converted):
    theirs = tokenizers.Tokenizer.from_file(str(converted.path / "tokenizer.json"))
    own = tokenizers.BertWordPieceTokenizer(
        str(converted.path / "vocab.txt"), strip_accents=False, lowercase=False, handle_chinese_chars=True
    )
    for text in wordy.texts("udhr")[:40]:
        assert own.encode(text).ids == theirs.encode(text).ids


def test_no_word_of_known_characters_is_unknown(converted, unigram, tmp_path):
    tokenizer = load_tokenizer(converted.path)
    words = sample_words([UDHR])["word"].combine_chunks()
    known = {entry for entry in tokenizer.engine.pieces() if len(entry) == 1}
    ids = tokenizer.encode(words).to_pylist()
    unknown = [word for word, one in zip(words.to_pylist(), ids, strict=True) if tokenizer.unk_id in one]
    assert [word for word in unknown if known.issuperset(word)] == []
    assert len(unknown) < len(ids) / 10


def test_roles_follow_what_is_kept(converted, bpe, tmp_path):
    assert converted.tokenizer.eos_id == converted.tokenizer.special_tokens["<|endoftext|>"]
    without = convert_to_wordpiece(bpe, tmp_path / "plain").tokenizer
    assert (without.eos_id, without.pad_id, without.vocab_size) == (None, 0, 92 + converted.tokenizer.vocab_size)
    named = json.loads((tmp_path / "plain" / "special_tokens_map.json").read_text())
    assert named == {
        "unk_token": "[UNK]", "pad_token": "[PAD]", "cls_token": "[CLS]", "sep_token": "[SEP]", "mask_token": "[MASK]"
    }  # fmt: skip


def test_the_share_of_words_cut_differently():
    source = Pieces(["▁hav", "n", "▁h", "a", "v", "e", "▁", "h"], ["<unk>"], 0)
    tokenizer = as_tokenizer(convert_pieces(source, unused=0), lower=False)
    assert tokenizer.encode("havn have hx", add_special_tokens=False).tokens == ["hav", "##n", "hav", "##e", "[UNK]"]


def test_differences_count_words_as_often_as_they_occur(bpe, converted):
    words = sample_words([UDHR])
    before, after = load_tokenizer(bpe), load_tokenizer(converted.path)
    found = differences(words, before, after, lower=False)
    assert {key: converted.manifest["sample"][key] for key in found} == found
    once = words.set_column(1, "count", pa.array([1] * len(words)))
    flat = differences(once, before, after, lower=False)
    assert flat["differ"] == flat["distinct_differ"] == found["distinct_differ"]
    assert found["words"] == sum(words["count"].to_pylist())
    assert 0 < found["differ"] < found["distinct_differ"] < 1
    same = differences(words, after, after, lower=False)
    assert same["tokens_per_word"] == same["tokens_per_word_before"] == found["tokens_per_word"]


def test_differences_are_those_of_the_libraries(bpe, converted):
    from sentencepiece import SentencePieceProcessor

    model = SentencePieceProcessor(model_file=str(bpe / "tokenizer.model"))
    theirs = tokenizers.Tokenizer.from_file(str(converted.path / "tokenizer.json"))
    words = sample_words([UDHR], bytes=20_000)
    differ = []
    for word in words["word"].to_pylist():
        old = [piece.replace("▁", "") for piece in model.encode(word, out_type=str)]
        new = [token.removeprefix("##") for token in theirs.encode(word, add_special_tokens=False).tokens]
        differ.append([one for one in old if one] != new)
    found = differences(words, load_tokenizer(bpe), load_tokenizer(converted.path), lower=False)
    assert found["distinct_differ"] == pytest.approx(sum(differ) / len(differ), abs=1e-6)


def test_the_same_bytes_in_another_process(converted, bpe, tmp_path):
    code = (
        "import sys; from pathlib import Path; from corpus_kit.vocabulary.wordpiece_files import *;"
        "convert_to_wordpiece(sys.argv[1], Path(sys.argv[2]), unused=7, keep=['<|endoftext|>'], data=[sys.argv[3]])"
    )
    subprocess.run([sys.executable, "-c", code, str(bpe), str(tmp_path / "again"), UDHR], check=True, timeout=120)
    for path in sorted(converted.path.iterdir()):
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes(), path.name


def test_other_models_are_refused(tmp_path, converted):
    with pytest.raises(PlanError, match="does not mark the beginning of words"):
        convert_to_wordpiece(converted.path, tmp_path / "x")
    (tmp_path / "t.model").write_bytes(b"\x0a\xff")
    with pytest.raises(PlanError, match="is damaged"):
        convert_to_wordpiece(tmp_path / "t.model", tmp_path / "x")
    (tmp_path / "t.json").write_text('{"model": {}}')
    with pytest.raises(PlanError, match="no model with a vocabulary"):
        convert_to_wordpiece(tmp_path / "t.json", tmp_path / "x")
    suffix = wordy.sentencepiece_model(tmp_path / "s.model", wordy.texts("udhr"), treat_whitespace_as_suffix=True)
    with pytest.raises(PlanError, match="marks the ends of words"):
        convert_to_wordpiece(suffix, tmp_path / "x")
    assert not (tmp_path / "x").exists()


def test_a_folder_is_only_replaced_when_asked(bpe, tmp_path):
    first = convert_to_wordpiece(bpe, tmp_path / "wp")
    with pytest.raises(PlanError, match="exists already"):
        convert_to_wordpiece(bpe, tmp_path / "wp")
    again = convert_to_wordpiece(bpe, tmp_path / "wp", lower=True, overwrite=True)
    assert again.tokenizer.digest != first.tokenizer.digest
    assert converted_lines(again)[-1] == "  give --data to see how many words are cut differently"
