"""The compiled search for near-duplicates equals its plain Python definition, for any bytes; and survives whatever it
is given."""

import itertools
import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_kernels_lines import make_array, raw

from corpus_kit import kernels
from corpus_kit.kernels import _near, definition, folded_characters, generate_folded, near, near_definition

PIECES_LIST = [
    *(b" ", b" ", b"  ", b"\n", b"\x1c", b"\xc2\xa0", b"\xe3\x80\x80", b".", b"!?", b"-", b"\0"),
    *(b"a", b"B", b"Ord", b"ord", b"3", b"\x80", b"\xc2", b"\xe2\x80", b"\xf0\x9f\x91", b"\xed\xa0\x80", b"\xff"),
    *(one.encode() for one in "åÅøØðÐİßẞ²½Ⅷ١ǅȺȾKΣ日アÆe\u0301\u0308Ⓐ👍\U00010400\U000e0100\U0001e900"),
    b"x" * 17,
    "Å".encode() * 33,
    b"A" * 63,
]
TEXT = st.none() | st.binary(max_size=80) | st.lists(st.sampled_from(PIECES_LIST), max_size=40).map(b"".join)
UNIT = st.sampled_from(["word", "char"])

HAND_MADE = [
    *(None, b"", b" ", b"!", b"...", b"a", b"A b", b" a  B\n", b"a.b", b"a" * 64 + b" " + b"b" * 64, b"\xff\xfe"),
    *(one.encode() for one in ("Året 2024: «det GÅR»", "ȺȺȺ ȾȾ", "İstanbul", "日本。日本", "K is Kelvin", "— – ·")),
    ("a" * 63 + "Å" + "b" * 63 + "Ⱥ" + "C. " * 40).encode(),
    b"word " * 400,
]


def assert_as_defined(array, texts, *, ngram, unit, folds):
    """Signatures, sets, and folded texts of an array, against their definitions."""
    sets = [near_definition.document_set(text, ngram=ngram, unit=unit, folds=folds) for text in texts]
    shingling = {"ngram": ngram, "unit": unit, "folds": folds}
    signed = near.signatures(array, permutations=5, seed=9, **shingling)
    assert signed.tolist() == [definition.signature(one, permutations=5, seed=9) for one in sets]
    assert raw(near.folded(array)) == [None if text is None else near_definition.folded(text) for text in texts]
    if isinstance(array, pa.ChunkedArray):
        return
    made = near.shingle_sets(array, **shingling)
    assert [np.frombuffer(one, np.uint32).tolist() for one in made.sets.to_pylist()] == sets
    assert (near.set_signatures(made.sets, permutations=5, seed=9) == signed).all()
    same = {tuple(one): tuple(digest) for one, digest in zip(sets, made.digests.tolist(), strict=True)}
    assert len(set(same.values())) == len(same)
    assert [tuple(digest) for digest in made.digests.tolist()] == [same[tuple(one)] for one in sets]


@pytest.mark.parametrize("unit", ["word", "char"])
@pytest.mark.parametrize("folds", [True, False])
@pytest.mark.parametrize("ngram", [1, 5])
def test_hand_made_texts(unit, folds, ngram):
    assert_as_defined(make_array(HAND_MADE), HAND_MADE, ngram=ngram, unit=unit, folds=folds)


@settings(max_examples=500, deadline=None)
@given(
    texts=st.lists(TEXT, max_size=5), ngram=st.sampled_from([1, 2, 5]), unit=UNIT, folds=st.booleans(), data=st.data()
)
def test_any_texts_sliced_and_chunked(texts, ngram, unit, folds, data):
    begin = data.draw(st.integers(0, len(texts)))
    cut = data.draw(st.integers(begin, len(texts)))
    array = make_array(texts, large=data.draw(st.booleans()))
    how = {"ngram": ngram, "unit": unit, "folds": folds}
    assert_as_defined(array[begin:cut], texts[begin:cut], **how)
    assert_as_defined(pa.chunked_array([array[begin:cut], array[cut:]], array.type), texts[begin:], **how)


def test_every_character_is_folded_as_defined():
    text = "x".join(chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code < 0xE000).encode()
    assert raw(near.folded(make_array([text]))) == [near_definition.folded(text)]


def assert_folded_as_defined(texts):
    assert raw(near.folded(make_array(texts))) == [near_definition.folded(text) for text in texts]


def test_every_two_bytes_are_folded_as_defined():
    pairs = [bytes(pair) for pair in itertools.product(range(256), range(0x20, 256))]
    assert_folded_as_defined(pairs)
    assert_folded_as_defined([b"A" + pair + b"B" for pair in pairs])


@pytest.mark.parametrize("before", [b"A", "Å".encode(), b"\xc3", b"\x80"], ids=["letter", "wide", "first", "second"])
def test_characters_are_folded_wherever_they_stand(before):
    """Around the borders of the blocks that are folded at once, whole and cut short, at the end and within."""
    pieces = [
        *(one.encode() for one in ("Å", "×", "÷", "ß", "ÿ", "À", "Þ", "»", "µ", "Ž", "Ⱥ", "İ", "ẞ", "—", "日", "𐐀")),
        *(b"\xc3", b"\xc3\xc3\x85", b"\xc3.", b"\x85\x85", b"\xe2\x80", b"\xe2\xc3\x85\x80", b"\xf0\x9f\x91", b"\xff"),
    ]
    texts = [
        (before * offset)[-offset:] * bool(offset) + piece[:size] + after
        for offset in range(131)
        for piece in pieces
        for size in {1, len(piece) - 1, len(piece)} - {0}
        for after in (b"", b"Z", b"\xc3\x9e. " * 30)
    ]
    assert_folded_as_defined(texts)


def test_texts_of_which_many_characters_change_their_size_are_folded_as_defined():
    pieces = ["İstanbul", "ȺȾ", "K", "ẞ", "x" * 62, "Ÿ", " ", "Å" * 31, ". "]
    assert_folded_as_defined(["".join(each).encode() for each in itertools.product(pieces, repeat=4)])


@pytest.mark.parametrize("chunk", [64, 2048, 4096])
@pytest.mark.parametrize("fill", [b"a", b" ", b"ab "], ids=["word", "space", "words"])
def test_words_are_cut_as_defined_around_the_borders_of_blocks_and_chunks(chunk, fill):
    pieces = [
        b" ",
        b"b",
        "\u00a0".encode(),
        "\u3000".encode(),
        b"\xe3\x80",
        b"\xc2",
        b" " + b"c" * 16 + b" ",
        b" d" * 40,
    ]
    texts = [
        (fill * (chunk + 3))[: chunk + offset] + piece + after
        for offset in range(-20 if fill == b"a" else -3, 4)
        for piece in pieces
        for after in (b"", b"e", b"e" * 15, b" " + b"f" * 17)
    ]
    found = near.shingle_sets(make_array(texts), ngram=1, unit="word", folds=False).sets.to_pylist()
    for one, text in zip(found, texts, strict=True):
        words = sorted({definition.shingle_hash([word]) & 0xFFFFFFFF for word in set(definition.words(text))})
        assert np.frombuffer(one, np.uint32).tolist() == words


@pytest.mark.parametrize("ngram", [1, 2, 7, 15, 16, 17, 30])
def test_shingles_of_any_size_are_as_defined(ngram):
    texts = [" ".join(map(str, range(words))).encode() for words in (*range(20), 29, 30, 31, 32, 45, 46, 47, 48, 200)]
    assert_as_defined(make_array(texts), texts, ngram=ngram, unit="word", folds=True)


def test_any_number_of_permutations_gives_the_first_of_as_many_as_one_likes():
    texts = [" ".join(map(str, range(words))).encode() for words in (0, 1, 7, 8, 9, 40)]
    sets = [near_definition.document_set(text, ngram=2, unit="word", folds=True) for text in texts]
    expected = np.array([definition.signature(one, permutations=270, seed=3) for one in sets], np.uint32)
    for permutations in range(1, 271):
        found = near.signatures(make_array(texts), ngram=2, unit="word", folds=True, permutations=permutations, seed=3)
        assert (found == expected[:, :permutations]).all()


@pytest.mark.data
@pytest.mark.parametrize("lang", ["da", "sv", "is", "fo", "az", "en"])
def test_real_texts(data, lang):
    with pa.CompressedInputStream(pa.OSFile(str(data / f"text/{lang}.jsonl.zst")), "zstd") as file:
        records = file.read(3_000_000).splitlines()[:-1]
    texts = [json.loads(record)["text"][:20_000].encode() for record in records[:: max(1, len(records) // 15)]]
    assert len(texts) >= 15
    assert_as_defined(make_array(texts), texts, ngram=5, unit="word", folds=True)


def test_without_folding_signatures_are_those_of_the_other_kernel():
    array = make_array(HAND_MADE)
    for unit in ("word", "char"):
        one = near.signatures(array, ngram=3, unit=unit, folds=False, permutations=20, seed=3)
        assert (one == kernels.signatures(array, ngram=3, unit=unit, permutations=20, seed=3)).all()


@st.composite
def cases(draw):
    """Sets, band keys, and clusters of documents in any order; some documents in no cluster."""
    count = draw(st.integers(1, 8))
    sets = [sorted(draw(st.sets(st.integers(0, 9)))) for _ in range(count)]
    keys = [[draw(st.integers(0, 3)) for _ in range(2)] for _ in range(count)]
    order = draw(st.permutations(range(count)))[: draw(st.integers(0, count))]
    borders = sorted({0, *draw(st.lists(st.integers(0, len(order)), max_size=3)), len(order)})
    clusters = [list(order[a:b]) for a, b in itertools.pairwise(borders)]
    return sets, keys, clusters


def sets_of(lists):
    return pa.array([np.array(one, np.uint32).tobytes() for one in lists], pa.large_binary())


@settings(max_examples=500, deadline=None)
@given(
    case=cases(), with_others=st.booleans(), threshold=st.sampled_from([0.01, 0.5, 0.8, 1.0]), contains=st.booleans()
)
def test_clusters_are_judged_as_defined(case, with_others, threshold, contains):
    sets, keys, clusters = case
    others = sets[::-1] if with_others else None
    expected = near_definition.judge(sets, keys, clusters, threshold=threshold, contains=contains, others=others)
    found = near.judge(
        sets_of(sets),
        np.array(keys, np.uint64),
        order=np.array([one for cluster in clusters for one in cluster], np.int64),
        ends=np.cumsum([len(cluster) for cluster in clusters], dtype=np.int64),
        holder=np.arange(len(sets)),
        threshold=threshold,
        contains=contains,
        others=sets_of(others) if others else None,
    )
    assert (found.survivor.tolist(), found.similarity.tolist()) == expected


def test_copies_are_judged_by_what_their_holder_has():
    sets = pa.array([np.arange(9, dtype=np.uint32).tobytes(), None, None], pa.large_binary())
    keys = np.array([[5], [0], [0]], np.uint64)
    order, ends, holder = np.array([2, 0, 1]), np.array([3]), np.zeros(3, np.int64)
    found = near.judge(sets, keys, order=order, ends=ends, holder=holder, threshold=0.9)
    assert found.survivor.tolist() == [2, 2, -1]
    assert found.similarity.tolist() == [1.0, 1.0, 0.0]


def test_a_large_cluster_of_unlike_documents_stays_whole():
    count = 3000
    sets = sets_of([[7 * i + k for k in range(5)] for i in range(count)])
    keys = np.column_stack([np.arange(count), np.arange(count) // 50 + 10**6]).astype(np.uint64)
    found = near.judge(
        sets, keys, order=np.arange(count), ends=np.array([count]), holder=np.arange(count), threshold=0.5
    )
    assert (found.survivor == -1).all()


@settings(max_examples=200, deadline=None)
@given(lists=st.lists(st.sets(st.integers(0, 2**32 - 1)), min_size=1, max_size=5), contains=st.booleans())
def test_pairs_are_as_alike_as_defined(lists, contains):
    sets = [sorted(one) for one in lists]
    numbers = np.arange(len(sets))
    found = near.similarities(sets_of(sets), numbers, numbers[::-1], contains=contains)
    expected = [near_definition.similarity(a, b, contains=contains) for a, b in zip(sets, sets[::-1], strict=True)]
    assert found.tolist() == expected


@pytest.mark.parametrize(
    "text", [b"a " * 500_000, b"\xc3\x85" * 400_000, "Ⱥ ".encode() * 200_000, b"ab cd ef " * 100_000, b"\x80" * 900_000]
)
def test_long_hostile_texts_take_linear_time(text):
    before = time.process_time()
    for unit in ("word", "char"):
        near.shingle_sets(make_array([text]), ngram=5, unit=unit, folds=True)
    near.folded(make_array([text]))
    assert time.process_time() - before < 3


def test_large_sets_are_sorted_whatever_they_hold():
    source = np.random.default_rng(5)
    texts = [" ".join(map(str, source.integers(0, most, size))) for most, size in ((10**9, 70_000), (3, 5000), (9, 25))]
    made = near.shingle_sets(pa.array(texts), ngram=2, unit="word", folds=False)
    for one, text in zip(made.sets.to_pylist(), texts, strict=True):
        numbers = np.frombuffer(one, np.uint32)
        assert (np.diff(numbers.astype(np.int64)) > 0).all()
        [every] = kernels.shingle_sets(pa.array([text]), ngram=2, unit="word").to_pylist()
        assert len(numbers) == len({each & 0xFFFFFFFF for each in every})


@pytest.mark.parametrize("size", [1, 2, 4, 5, 17, 63, 300, 5000, 300_000])
def test_sets_are_sorted_however_their_numbers_are_spread(size):
    """As many as given; most of them the same; few words that come back; and crowds of each size among others."""
    source = np.random.default_rng(size)
    kinds = [
        np.arange(size),
        np.where(source.integers(0, 50, size) == 0, np.arange(size), -1),
        source.integers(0, 7, size),
        np.sqrt(source.integers(0, size, size)).astype(int),
        np.repeat(np.arange(size), source.geometric(0.1, size))[:size],
    ]
    texts = [" ".join(map(str, numbers)) for numbers in kinds]
    made = near.shingle_sets(pa.array(texts), ngram=1, unit="word", folds=False)
    every = kernels.shingle_sets(pa.array(texts), ngram=1, unit="word").to_pylist()
    for one, hashes in zip(made.sets.to_pylist(), every, strict=True):
        assert np.frombuffer(one, np.uint32).tolist() == sorted({each & 0xFFFFFFFF for each in hashes})


def test_what_is_made_is_a_buffer_that_outlives_the_call():
    made = _near.fold(None, np.array([0, 3]), np.frombuffer(b"A-b", np.uint8), 0, 1, np.empty(2, np.int64))
    view = memoryview(made)
    kind = type(made)
    del made
    assert view.readonly
    assert bytes(view) == b"a b"
    with pytest.raises(TypeError, match="cannot create"):
        kind()
    assert bytes(memoryview(_near.fold(None, None, None, 0, 0, np.empty(1, np.int64)))) == b""


def test_wrong_arguments_are_refused():
    text = pa.array(["a b"], pa.large_string())
    with pytest.raises(ValueError, match="unit must be"):
        near.signatures(text, ngram=1, unit="line", folds=True, permutations=1, seed=1)  # pyright: ignore
    with pytest.raises(ValueError, match="seed must be"):
        near.signatures(text, ngram=1, unit="word", folds=True, permutations=1, seed=-1)
    with pytest.raises(ValueError, match="permutations must be"):
        near.signatures(text, ngram=1, unit="word", folds=True, permutations=0, seed=1)
    with pytest.raises(TypeError, match="not int64"):
        near.folded(pa.array([1]))
    sets = near.shingle_sets(text, ngram=1, unit="word", folds=True).sets
    with pytest.raises(IndexError, match="outside the array"):
        near.similarities(sets, np.array([0]), np.array([1]))
    keys, one, zero = np.zeros((1, 2), np.uint64), np.array([1]), np.array([0])
    for order, ends, holder in ((one, one, zero), (zero, one + 1, zero), (zero, one, -one)):
        with pytest.raises(IndexError, match="outside the array"):
            near.judge(sets, keys, order=order, ends=ends, holder=holder, threshold=0.5)
    with pytest.raises(ValueError, match="wrong size"):
        near.judge(sets, np.zeros((2, 2), np.uint64), order=zero, ends=one, holder=zero, threshold=0.5)


@pytest.mark.parametrize("numbers", [[0, 9], [5, 2], [-1, 1]])
def test_offsets_that_do_not_fit_are_refused(numbers):
    data, ends = np.frombuffer(b"ab", np.uint8), np.array(numbers, np.int64)
    with pytest.raises(ValueError, match="offsets do not fit"):
        _near.fold(None, ends, data, 0, 1, np.empty(2, np.int64))
    with pytest.raises(ValueError, match="offsets do not fit"):
        _near.sign(None, ends, data, 0, 1, 5, 0, True, 3, 1, np.empty((1, 3), np.uint32))


def test_the_tables_are_what_the_generator_gives():
    if (
        folded_characters.__doc__ is None
        or generate_folded.unicodedata.unidata_version not in folded_characters.__doc__
    ):
        pytest.skip("this Python has another version of Unicode")
    folder = Path(generate_folded.__file__).parent
    assert (folder / "folded_characters.py").read_text("utf-8") == generate_folded.python_table()
    assert (folder / "folded_characters.h").read_text("utf-8") == generate_folded.c_table()


@pytest.mark.long
def test_random_and_damaged_arrays_under_sanitizers():
    script = Path(__file__).with_name("fuzz_near.py")
    done = subprocess.run([sys.executable, str(script), "--seconds", "60"], capture_output=True, text=True, check=False)
    if done.returncode == 3:
        pytest.skip(done.stderr)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("contains", [False, True])
@pytest.mark.parametrize("threshold", [0.2, 0.5, 0.8, 1.0])
def test_long_sets_are_judged_by_their_true_similarity(threshold, contains):
    """Comparing ends early where the threshold cannot be reached: never for one that can."""
    random = np.random.default_rng(5)
    texts = []
    for _ in range(150):
        one, other, shared = random.integers(0, 400, 3)
        texts += [
            " ".join(f"w{n}" for n in [*random.integers(0, 1 << 40, own), *both])
            for both in [random.integers(0, 1 << 40, shared)]
            for own in (one, other)
        ]
    sets = near.shingle_sets(pa.array(texts, pa.large_string()), ngram=1, unit="word", folds=False).sets
    left, right = np.arange(0, 300, 2), np.arange(1, 300, 2)
    true = near.similarities(sets, left, right, contains=contains)
    edge = float(np.sort(true)[75]) if threshold == 0.5 else threshold  # one that is reached exactly
    found = near.judge(
        sets,
        np.ones((300, 1), np.uint64),
        order=np.arange(300),
        ends=np.arange(2, 301, 2),
        holder=np.arange(300),
        threshold=edge,
        contains=contains,
    )
    reached = true >= edge
    assert 0 < reached.sum() or threshold == 1.0
    assert (found.survivor[right] == np.where(reached, left, -1)).all()
    assert (found.similarity[right] == np.where(reached, true, 0)).all()
