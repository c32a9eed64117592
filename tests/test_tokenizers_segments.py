"""Cutting texts between words, and remembering what the pieces were encoded to."""

import numpy as np
import pyarrow as pa
import pytest
import wordy
from hypothesis import given
from hypothesis import strategies as st

from corpus_kit.tokenizers import segments
from corpus_kit.tokenizers.segments import Segments, cut, cuts_between, cuts_outside

LETTERS = "abcdefghijklmnopqrstuvwxyz"
WORDS = cuts_between(LETTERS, " ,\n", other=True)


def pieces(text: str, cuts=WORDS) -> list[str]:
    return [piece.decode() for piece in cut(wordy.array([text]), cuts)[0].to_pylist()]


def spelled(parts):
    """An encoder: the code points."""
    ids = [[ord(char) for char in part.decode()] for part in parts]
    return np.array([one for part in ids for one in part], np.int32), np.array(list(map(len, ids)), np.int64)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("en to  tre,fire", ["en", " to", "  tre", ",fire"]),
        ("på ×÷ ß×, ÿ,", ["på", " ×÷", " ß×, ÿ", ","]),  # × and ÷ are no letters
        ("да, да нет", ["да, да", " нет"]),  # other letters: only before a space
        ("日本 語", ["日本 語"]),
        ("e\u00a0 a", ["e\u00a0 a"]),  # white space of two bytes is no letter
        ("a\u2003 b", ["a\u2003 b"]),
        (" a", [" a"]),
        (" ", [" "]),
    ],
)
def test_where_text_is_cut(text, expected):
    assert pieces(text) == expected


@given(st.lists(st.text("aå ,\n\u2581é語9"), max_size=5), st.integers(0, 2))
def test_pieces_are_the_text_and_each_text_has_its_own(texts, skipped):
    texts = wordy.array(["x", "y", *texts])[skipped:]
    found, of_text = cut(texts, WORDS)
    assert len(of_text) == len(texts)
    parts = iter(found.to_pylist())
    rebuilt = [b"".join(next(parts) for _ in range(many)).decode() for many in of_text]
    assert rebuilt == texts.to_pylist()
    assert next(parts, None) is None


@given(st.lists(st.text("aå ,\n"), max_size=5), st.sampled_from(["", " "]))
def test_identifiers_are_those_of_the_whole(texts, prefix):
    held = Segments()
    for _ in range(2):
        ids, lengths = held.encode(wordy.array(texts), spelled, WORDS, prefix=prefix)
        expected = [[ord(char) for char in prefix + text] if text else [] for text in texts]
        assert ids.tolist() == [one for part in expected for one in part]
        assert lengths.tolist() == list(map(len, expected))


def test_a_piece_is_encoded_once_until_there_are_too_many(monkeypatch):
    asked: list[bytes] = []

    def encode(parts):
        asked.extend(parts)
        return spelled(parts)

    held = Segments()
    held.encode(wordy.array(["en to en", "en to"]), encode, WORDS)
    held.encode(wordy.array(["en to tre"]), encode, WORDS)
    assert asked == [b"en", b" to", b" en", b" tre"]
    monkeypatch.setattr(segments, "MOST", 5)
    asked.clear()
    ids, lengths = held.encode(wordy.array(["en to fire"]), encode, WORDS)
    assert asked == [b"en", b" to", b" fire"]
    assert "".join(map(chr, ids)) == "en to fire"
    monkeypatch.setattr(segments, "MOST", 1 << 20)
    monkeypatch.setattr(segments, "MOST_BYTES", 3)
    asked.clear()
    held.encode(wordy.array(["en"]), encode, WORDS)
    assert (asked, lengths.tolist()) == ([b"en"], [10])


def test_memory_grows_with_the_pieces():
    texts = [f"{i}x" for i in range(9000)]
    ids, lengths = Segments().encode(wordy.array(texts), spelled, WORDS)
    assert "".join(map(chr, ids)) == "".join(texts)
    assert int(lengths.sum()) == len(ids)


def test_cuts_are_outside_of_every_piece():
    cuts = cuts_outside(["▁", "▁at", "s.", "\n\n", "▁▁", "å"], known=None).reshape(256, 256)

    def may(left: str, right: str) -> bool:
        return bool(cuts[left.encode()[-1], right.encode()[0]])

    assert may("t", " ")
    assert may("s", ",")
    assert may("\n", "a")
    assert not may(" ", "a")
    assert not may("s", ".")
    assert not may("\n", "\n")
    assert not any(may(left, right) for left in (" ", "▁") for right in (" ", "▁"))
    assert not cuts[0xC3, 0xA5]


def test_runs_of_what_is_not_known_are_not_cut():
    cuts = cuts_outside(["▁", "a"], known=" a").reshape(256, 256)
    assert cuts[ord("a"), ord("#")]
    assert cuts[ord("#"), ord("a")]
    assert not cuts[ord("#"), ord("?")]
    assert cuts_outside(["▁", "a"], known=None).reshape(256, 256)[ord("#"), ord("?")]


def test_nothing_to_cut():
    found, of_text = cut(wordy.array(["", ""]), WORDS)
    assert (found.to_pylist(), of_text.tolist()) == ([], [0, 0])
    ids, lengths = Segments().encode(pa.array([""], pa.large_string()), spelled, WORDS)
    assert (ids.dtype, ids.tolist(), lengths.tolist()) == (np.int32, [], [0])
