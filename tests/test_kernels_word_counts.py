"""Words counted by the kernel, against Python's counter of what the definitions find."""

from collections import Counter

import pyarrow as pa
import pytest
import wordy
from hypothesis import given
from hypothesis import strategies as st

from corpus_kit.kernels import _word_counts
from corpus_kit.kernels.word_counts import count_words
from corpus_kit.segmentation import unicode_words

FIND = {"whitespace": str.split, "unicode": unicode_words}

ALPHABET = "aå1_'.:,-\n\r\t \u00a0\u202f\u3000\u0085\u2028\u0301\u200d\u00ad\u2139🙂日ア\u05d0\"\U0001f1e9\x1c\x00"
TEXTS = st.lists(st.one_of(st.none(), st.text(ALPHABET, max_size=40)), max_size=6)


def counted(texts, words):
    found = count_words(pa.array(texts, pa.large_string()), words=words)
    assert found.schema == pa.schema([("word", pa.large_string()), ("count", pa.int64())])
    return list(zip(found["word"].to_pylist(), found["count"].to_pylist(), strict=True))


def expected(texts, words):
    return list(Counter(word for text in texts if text for word in FIND[words](text)).items())


@pytest.mark.parametrize("words", ["whitespace", "unicode"])
@given(TEXTS)
def test_like_a_counter_of_the_definition_in_order_of_first_occurrence(words, texts):
    assert counted(texts, words) == expected(texts, words)


@pytest.mark.parametrize("words", ["whitespace", "unicode"])
def test_on_real_texts_in_many_languages(words):
    texts = wordy.texts("udhr", "debian-handbook")
    texts = texts[:: 1 + len(texts) // 120]
    found = counted(texts, words)
    assert found == expected(texts, words)
    assert len(found) > 5000


@pytest.mark.parametrize("size", [15, 16, 17, 63, 64, 65, 5000])
def test_long_words_are_told_apart_by_all_their_bytes(size):
    texts = ["a" * size + tail for tail in "bcbb"] + ["æ" * size] * 2
    assert counted(texts, "whitespace") == [("a" * size + "b", 3), ("a" * size + "c", 1), ("æ" * size, 2)]


@pytest.mark.parametrize("words", ["whitespace", "unicode"])
def test_nothing_has_no_words(words):
    for texts in ([], [None], [""], [" \n\u3000"]):
        assert counted(texts, words) == []


@pytest.mark.parametrize("words", ["whitespace", "unicode"])
def test_slices_chunks_and_small_strings_are_alike(words):
    texts = ["en to", None, "to tre", "æ ø å", ""]
    sliced = pa.array(["fire", *texts, "fem"]).slice(1, 5)
    chunked = pa.chunked_array([pa.array(texts[:2]), pa.array(texts[2:])])
    plain = count_words(pa.array(texts, pa.large_string()), words=words)
    assert count_words(sliced, words=words).equals(plain)
    assert count_words(chunked, words=words).equals(plain)


@pytest.mark.parametrize("damaged", [b"\xff", b"abc\xc3", b"\xed\xa0\x80 x", b"\xf4\x90\x80\x80"])
@pytest.mark.parametrize("is_unicode", [False, True])
def test_what_is_not_utf8_is_refused(damaged, is_unicode):
    with pytest.raises(ValueError, match="not UTF-8"):
        _word_counts.count_words(damaged, is_unicode)
