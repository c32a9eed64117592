"""Reading and editing SentencePiece models."""

import pytest
import wordy

from corpus_kit.tokenizers.wire import Damaged, Piece, Type, appended, edited, fields, read_model

sentencepiece = pytest.importorskip("sentencepiece")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    path = tmp_path_factory.mktemp("wire") / "m.model"
    return wordy.sentencepiece_model(path, wordy.texts("udhr"), byte_fallback=True).read_bytes()


def loaded(data: bytes):
    return sentencepiece.SentencePieceProcessor(model_proto=data)


def test_pieces_and_settings_are_what_the_library_says(data):
    model, library = read_model(data), loaded(data)
    assert [(one.text, one.score) for one in model.pieces] == [
        (library.id_to_piece(i), library.get_score(i)) for i in range(1200)
    ]
    assert (model.is_bpe, model.byte_fallback, model.plain, model.dummy_prefix, model.suffix) == (
        True, True, True, True, False,
    )  # fmt: skip
    kinds = {one.text: one.type for one in model.pieces}
    assert [kinds[one] for one in ("<unk>", "<s>", "<|python|>", "<0x41>", "▁")] == [
        Type.UNKNOWN, Type.CONTROL, Type.USER_DEFINED, Type.BYTE, Type.NORMAL,
    ]  # fmt: skip


def test_other_settings(tmp_path):
    options = {"normalization_rule_name": "nfkc", "model_type": "unigram", "add_dummy_prefix": False, "vocab_size": 600}
    path = wordy.sentencepiece_model(tmp_path / "m.model", wordy.texts("udhr"), **options)
    model = read_model(path.read_bytes())
    assert (model.is_bpe, model.byte_fallback, model.plain, model.dummy_prefix) == (False, False, False, False)


def test_nothing_changes_unless_it_is_asked_for(data):
    assert edited(data) == data


def test_a_symbol_is_made_a_control_symbol_and_the_prefix_left_out(data):
    text = "hej <|python|> hej"
    before, after = loaded(data), loaded(edited(data, control={3}, prefix=False))
    assert 3 in before.encode(text)
    assert 3 not in after.encode(text)
    assert after.encode(" hej") == before.encode("hej")
    assert after.id_to_piece(3) == "<|python|>"


def test_pieces_are_appended(data):
    lowest = min(one.score for one in read_model(data).pieces)
    more = [Piece("▁▁", lowest - 1, Type.NORMAL), Piece("▁▁▁", lowest - 2, Type.NORMAL)]
    model = appended(data, more, vocab_size=1202)
    assert read_model(model).pieces[-2:] == more
    library = loaded(model)
    assert (library.get_piece_size(), library.encode("a   b", out_type=str)[1:]) == (1202, ["▁▁", "▁b"])


@pytest.mark.parametrize(
    ("junk", "message"),
    [
        (b"", "no pieces"),
        (b"\x0a", "cut off"),
        (b"\x0a\x7f\x00", "over the end"),
        (b"\x0b", "unknown kind 3"),
        (b"\xff" * 12, "cut off"),
        (b"\x0a\x00", None),
        (b"\x0a\x04\x0a\x02\xff\xfe", "a piece is damaged"),
        (b"\x0a\x02\x18\x63", "a piece is damaged"),
        (b"\x0a\x02\x08\x01", "a piece has no text"),
    ],
)
def test_damage_is_told(junk, message):
    if message is None:
        assert read_model(junk).pieces == [Piece("", 0.0, Type.NORMAL)]
        return
    with pytest.raises(Damaged, match=message):
        read_model(junk)


def test_fields_of_every_kind():
    data = b"\x08\x05\x11" + bytes(8) + b"\x1d" + bytes(4) + b"\x22\x01x"
    assert list(fields(data)) == [(1, 5), (2, bytes(8)), (3, bytes(4)), (4, b"x")]
