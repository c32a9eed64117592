"""Loading, encoding, counting; and that no text ever gives a special identifier."""

import json

import pyarrow as pa
import pytest
import wordy

from corpus_kit.errors import MissingExtra, PlanError
from corpus_kit.tokenizers import load_tokenizer, tokenizer_file
from corpus_kit.tokenizers.boundaries import PATTERNS
from corpus_kit.vocabulary.convert import as_tokenizer_json
from corpus_kit.vocabulary.presets import settings_of
from corpus_kit.vocabulary.wordpiece import train_wordpiece

sentencepiece = pytest.importorskip("sentencepiece")
tokenizers = pytest.importorskip("tokenizers")

TEXTS = wordy.texts()
TRAINED_ON = TEXTS[:120]
SOME = 250
"""Texts that are tried for each tokenizer."""

SENTENCEPIECE = {
    "bytes": {"byte_fallback": True},
    "unknown": {"byte_fallback": False, "character_coverage": 0.99},
    "no prefix": {"byte_fallback": True, "add_dummy_prefix": False},
    "unigram": {"model_type": "unigram"},
    "normalized": {"normalization_rule_name": "nmt_nfkc"},
    "spaces squeezed": {"remove_extra_whitespaces": True},
    "suffix": {"treat_whitespace_as_suffix": True},
    "across words": {"split_by_whitespace": False, "byte_fallback": True},
}
CUT = {"bytes", "unknown", "no prefix", "across words"}
HUGGINGFACE = {"gpt2": None, **{f"pattern {i}": pattern for i, pattern in enumerate(sorted(PATTERNS))}}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("tokenizers")


def same(tokenizer, encode):
    """Encodes real and odd texts, and compares them with what the library itself says."""
    tried = [*TEXTS[:: len(TEXTS) // SOME], *wordy.ODD]
    found = tokenizer.encode(wordy.array(tried))
    assert found.type == pa.large_list(pa.int32())
    assert found.null_count == 0
    expected = [list(encode(text)) if text else [] for text in tried]
    different = [text for text, ids, wanted in zip(tried, found.to_pylist(), expected, strict=True) if ids != wanted]
    assert different == []
    assert tokenizer.count(wordy.array(tried)).to_pylist() == [len(ids) for ids in expected]
    assert tokenizer.encode(wordy.array(tried)[5:9]).to_pylist() == expected[5:9]


@pytest.mark.parametrize("kind", SENTENCEPIECE)
def test_a_sentencepiece_model_encodes_as_its_library(kind, folder):
    path = wordy.sentencepiece_model(folder / f"{kind}.model", TRAINED_ON, **SENTENCEPIECE[kind])
    tokenizer = load_tokenizer(path)
    assert (tokenizer.kind, tokenizer.name, tokenizer.vocab_size) == ("sentencepiece", kind, 1200)
    assert (tokenizer.unk_id, tokenizer.bos_id, tokenizer.eos_id, tokenizer.pad_id) == (0, 1, 2, None)
    assert tokenizer.special_tokens == {"<unk>": 0, "<s>": 1, "</s>": 2, "<|python|>": 3}
    assert (tokenizer.engine.cuts is not None) == (kind in CUT)
    original = sentencepiece.SentencePieceProcessor(model_file=str(path))
    same(tokenizer, original.encode)
    ids = original.encode("det er en prøve")
    assert tokenizer.decode(ids) == original.decode(ids)
    assert tokenizer.decode([1, *ids, 2]) == f"<s>{original.decode(ids)}</s>"


@pytest.mark.parametrize("kind", HUGGINGFACE)
def test_a_byte_level_tokenizer_encodes_as_its_library(kind, folder):
    path = wordy.bpe_json(folder / f"{kind}.json", TRAINED_ON, HUGGINGFACE[kind])
    tokenizer = load_tokenizer(path)
    assert (tokenizer.kind, tokenizer.special_tokens, tokenizer.eos_id) == ("huggingface", {"<|endoftext|>": 0}, 0)
    assert tokenizer.engine.cuts is not None
    original = tokenizers.Tokenizer.from_file(str(path))
    same(tokenizer, lambda text: original.encode(text).ids)
    assert tokenizer.decode([*original.encode("det er prøvet").ids, 0]) == "det er prøvet<|endoftext|>"


@pytest.mark.parametrize("normalizer", ["NFC", "NFD", "NFKC", "NFKD", "Lowercase", "Strip"])
def test_normalizations_change_nothing_about_it(normalizer, folder):
    path = wordy.bpe_json(folder / f"{normalizer}.json", TRAINED_ON, None, normalizer=normalizer)
    tokenizer = load_tokenizer(path)
    assert (tokenizer.engine.cuts is None) == (normalizer == "Strip")
    original = tokenizers.Tokenizer.from_file(str(path))
    same(tokenizer, lambda text: original.encode(text).ids)


@pytest.mark.parametrize(
    ("splitter", "lowercase"), [("BertPreTokenizer", False), ("Whitespace", True), ("WhitespaceSplit", False)]
)
def test_a_wordpiece_tokenizer_encodes_as_its_library(splitter, lowercase, folder):
    original = train_wordpiece(TRAINED_ON, settings_of("norbert", {"vocab_size": 1500, "lowercase": lowercase})[0])
    original.pre_tokenizer = getattr(tokenizers.pre_tokenizers, splitter)()
    original.save(str(folder / f"{splitter}.json"))
    tokenizer = load_tokenizer(folder / f"{splitter}.json")
    assert tokenizer.engine.cuts is not None
    assert tokenizer.unk_id == tokenizer.special_tokens["[UNK]"] == 100
    same(tokenizer, lambda text: original.encode(text, add_special_tokens=False).ids)


def test_a_converted_model_is_the_same_as_the_original(folder):
    path = wordy.sentencepiece_model(
        folder / "c.model", TRAINED_ON, byte_fallback=True, user_defined_symbols=["<|py|>"]
    )
    (folder / "converted").mkdir()
    (folder / "converted/tokenizer.json").write_text(json.dumps(as_tokenizer_json(path.read_bytes())), "utf-8")
    same(load_tokenizer(folder / "converted"), sentencepiece.SentencePieceProcessor(model_file=str(path)).encode)
    assert load_tokenizer(folder / "converted").name == "converted"


@pytest.mark.parametrize("added", [["<|end|>", " a b"], ["<mask>"]])
def test_added_tokens_that_reach_over_a_cut_are_respected(added, folder):
    path = wordy.bpe_json(folder / f"added{len(added)}.json", TRAINED_ON, None, added=added)
    tokenizer = load_tokenizer(path)
    original = tokenizers.Tokenizer.from_file(str(path))
    for text in ["x a b", "x a bc <mask> ja<mask>nej", "<|end|> a b"]:
        assert tokenizer.encode(wordy.array([text])).to_pylist() == [original.encode(text).ids]


def test_what_is_in_the_file_for_batches_is_left_out(folder):
    path = wordy.bpe_json(folder / "plain.json", TRAINED_ON, None)
    cutting = {
        "truncation": {"direction": "Right", "max_length": 4, "strategy": "LongestFirst", "stride": 0},
        "padding": {
            "strategy": {"Fixed": 8},
            "direction": "Right",
            "pad_to_multiple_of": None,
            "pad_id": 0,
            "pad_type_id": 0,
            "pad_token": "x",
        },
    }
    other = load_tokenizer(wordy.changed(path, folder / "cutting.json", **cutting))
    some = wordy.array(TEXTS[:20])
    assert other.encode(some).equals(load_tokenizer(path).encode(some))
    assert min(other.count(some).to_pylist()) < 8 or max(other.count(some).to_pylist()) > 8


def injected(tokenizer):
    """Identifiers of literal special strings, all of them, and that real texts around are as ever."""
    tried = [*tokenizer.special_tokens, *(f"ord {one} ord" for one in tokenizer.special_tokens), *wordy.INJECTED]
    special = set(tokenizer.special_tokens.values()) - {tokenizer.unk_id}
    ids = tokenizer.encode(wordy.array(tried))
    assert special.isdisjoint(ids.values.to_pylist())
    return ids


def test_no_text_gives_a_special_identifier(folder):
    model = wordy.sentencepiece_model(
        folder / "i.model",
        TRAINED_ON,
        byte_fallback=True,
        pad_id=3,
        user_defined_symbols=["<|python|>", "[MASK]", "\n\n"],
    )
    tokenizer = load_tokenizer(model)
    assert tokenizer.special_tokens.keys() == {"<unk>", "<s>", "</s>", "<pad>", "<|python|>", "[MASK]"}
    ids = injected(tokenizer)
    assert tokenizer.decode(ids[0].as_py()) == "<unk>"
    converted = folder / "i.json"
    converted.write_text(json.dumps(as_tokenizer_json(model.read_bytes())), "utf-8")
    injected(load_tokenizer(converted))
    injected(load_tokenizer(wordy.bpe_json(folder / "i2.json", TRAINED_ON, None)))


@pytest.mark.parametrize("kind", ["Unigram", "WordLevel", "BPE"])
def test_special_strings_that_stand_in_the_vocabulary_are_hidden(kind, folder):
    special = ["[UNK]", "[CLS]", "<s>"]
    letters = [*"[]<>/ACKLNSUabs", "[C", "LS]"]
    vocab = {name: i for i, name in enumerate([*special, *letters])}
    model = {
        "Unigram": {
            "type": "Unigram",
            "unk_id": 0,
            "vocab": [[name, 0.0 if name in special else -9.0] for name in vocab],
        },
        "WordLevel": {"type": "WordLevel", "unk_token": "[UNK]", "vocab": vocab},
        "BPE": {
            "type": "BPE",
            "unk_token": "[UNK]",
            "ignore_merges": True,
            "vocab": vocab,
            "merges": [["[", "C"], ["L", "S"], ["[C", "LS]"]][:1],
        },
    }[kind]
    added = [
        {"id": i, "content": name, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
        for i, name in enumerate(special)
    ]
    said = {
        "version": "1.0",
        "added_tokens": [one | {"special": True} for one in added],
        "pre_tokenizer": {"type": "WhitespaceSplit"},
        "model": model,
    }
    path = folder / f"{kind}.json"
    path.write_text(json.dumps(said), "utf-8")
    tokenizer = load_tokenizer(path)
    assert tokenizer.special_tokens == {"[UNK]": 0, "[CLS]": 1, "<s>": 2}
    assert (tokenizer.unk_id, tokenizer.bos_id, tokenizer.vocab_size) == (0, 2, len(vocab))
    assert {1, 2}.isdisjoint(tokenizer.encode(wordy.array(["[CLS] a <s> [UNK]", "<s>"])).values.to_pylist())
    assert tokenizer.decode([1, 2]).replace(" ", "") == "[CLS]<s>"


def test_strings_can_be_allowed(folder):
    path = wordy.sentencepiece_model(folder / "allow.model", TRAINED_ON, byte_fallback=True)
    allowing = load_tokenizer(path, allow=["<|python|>"])
    text = wordy.array(["<|python|>print(1)<s>"])
    assert 3 in allowing.encode(text).values.to_pylist()
    assert 3 not in load_tokenizer(path).encode(text).values.to_pylist()
    assert "<|python|>" not in allowing.special_tokens
    converted = folder / "allow.json"
    converted.write_text(json.dumps(as_tokenizer_json(path.read_bytes())), "utf-8")
    assert 3 in load_tokenizer(converted, allow=["<|python|>"]).encode(text).values.to_pylist()
    with pytest.raises(PlanError, match=r"no token '<\|phyton\|>' to allow"):
        load_tokenizer(path, allow=["<|phyton|>"])


def test_files_beside_a_tokenizer_say_what_ends_a_text(folder):
    path = wordy.bpe_json(folder / "named.json", TRAINED_ON, None)
    home = folder / "named"
    wordy.changed(path, home / "tokenizer.json")
    (home / "special_tokens_map.json").write_text('{"eos_token": "e", "pad_token": {"content": "<|endoftext|>"}}')
    tokenizer = load_tokenizer(home)
    assert tokenizer.eos_id == tokenizer.engine.pieces().index("e")
    assert tokenizer.pad_id == 0
    (home / "tokenizer_config.json").write_text('{"eos_token": null, "pad_token": "nowhere"}')
    assert (load_tokenizer(home).eos_id, load_tokenizer(home).pad_id) == (tokenizer.eos_id, None)
    assert load_tokenizer(home / "tokenizer.json").eos_id == tokenizer.eos_id
    (home / "tokenizer_config.json").write_text("{")
    with pytest.raises(PlanError, match="is no JSON"):
        load_tokenizer(home)


def test_it_is_loaded_once_and_again_if_it_changes(folder):
    path = wordy.sentencepiece_model(folder / "once.model", TRAINED_ON)
    first = load_tokenizer(path)
    assert load_tokenizer(str(path)) is first
    wordy.sentencepiece_model(path, TRAINED_ON, vocab_size=1100)
    assert (load_tokenizer(path).vocab_size, load_tokenizer(path).digest == first.digest) == (1100, False)


def test_what_is_no_tokenizer_is_told(folder, tmp_path):
    with pytest.raises(PlanError, match="there is no tokenizer at"):
        load_tokenizer(tmp_path / "none")
    with pytest.raises(PlanError, match=r"neither tokenizer\.json nor a \.model"):
        load_tokenizer(tmp_path)
    for name in ("a.model", "b.model"):
        (tmp_path / name).write_bytes(b"\x0a\x00junk")
    with pytest.raises(PlanError, match=r"holds 2 tokenizers: a\.model, b\.model; name one"):
        tokenizer_file(tmp_path)
    with pytest.raises(PlanError, match="is no SentencePiece model, or is damaged"):
        load_tokenizer(tmp_path / "a.model")
    for wrong in ("{", '{"model": 1}', '{"model": {"vocab": {}, "type": "Magic"}}'):
        (tmp_path / "tokenizer.json").write_text(wrong)
        with pytest.raises(PlanError, match="the tokenizer"):
            load_tokenizer(tmp_path)
    cut_off = wordy.sentencepiece_model(folder / "whole.model", TRAINED_ON).read_bytes()[:-7]
    (tmp_path / "a.model").write_bytes(cut_off)
    with pytest.raises(PlanError, match="damaged"):
        load_tokenizer(tmp_path / "a.model")


def test_a_library_that_is_absent_is_a_missing_extra(folder, monkeypatch):
    path = wordy.bpe_json(folder / "absent.json", TRAINED_ON, None)
    monkeypatch.setitem(__import__("sys").modules, "tokenizers", None)
    with pytest.raises(MissingExtra, match=r"pip install 'corpus-kit\[tokenizers\]'"):
        load_tokenizer(path)


def test_any_text_type_will_do(folder):
    tokenizer = load_tokenizer(wordy.sentencepiece_model(folder / "types.model", TRAINED_ON))
    expected = tokenizer.encode(wordy.array(["en tekst", None])).to_pylist()
    for kind in (pa.string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())):
        assert tokenizer.encode(pa.array(["en tekst", None], kind)).to_pylist() == expected
    assert tokenizer.encode(wordy.array([])).to_pylist() == []
    assert tokenizer.count(wordy.array([None, ""])).to_pylist() == [0, 0]


@pytest.mark.parametrize("name", ["llama3", "nordic_pile_gptneox/tokenizer_gptneox", "azerbaijani/aztc_tokenizer_hf"])
@pytest.mark.data
def test_published_tokenizers_encode_as_their_library(name, data):
    path = data / "tokenizers" / name / "tokenizer.json"
    tokenizer = load_tokenizer(path)
    original = tokenizers.Tokenizer.from_file(str(path))
    assert tokenizer.engine.cuts is not None
    same(tokenizer, lambda text: original.encode(text, add_special_tokens=False).ids)
    injected(tokenizer)
