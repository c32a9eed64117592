"""The compiled kernels equal their plain Python definitions, for any bytes; and do what they are for."""

import itertools
import struct
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus_kit import kernels
from corpus_kit.kernels import _kernels, definition, hashes

WIDE_SPACES = "\x85\xa0\u1680\u2000\u2005\u200a\u2028\u2029\u202f\u205f\u3000"
ALMOST_SPACES = "\u180e\u200b\u200c\u2060\ufeff\u2027\u202a\u1681\u3001¢ÀⅠ"
SHINGLINGS = [(1, "word"), (2, "word"), (5, "word"), (1, "char"), (3, "char"), (10, "char")]

HAND_MADE = [
    None,
    b"",
    b" \t\n\x0b\x0c\r\x1c\x1d\x1e\x1f ",
    WIDE_SPACES.encode(),
    b"word",
    b"a b c d",
    b"a b c d e",
    b" to be or not to be, that is the question ",
    "rødgrød med fløde på".encode(),
    "Þetta er ekki allt, – sagði hún: «já».".encode(),
    "a".join(WIDE_SPACES + ALMOST_SPACES).encode(),
    "日本語　の　文章、そして続き".encode(),
    "👩‍👩‍👧 🇫🇴 e\u0301".encode(),
    b"\xff\xfe \x80\x80 \xe2\x80 \xe2 \xc2",
    b"\xe2\x80",
    b"a\xe2\x80\xe2\x80\x80b \xf0\xe3\x80\x80\x80",
    b"x" * 64,
    b"x" * 63 + b" ",
    (b"y" * 127 + b" ") * 40,
    b"ab " * 3000,
]

PIECES = st.sampled_from(
    [
        b" ",
        b"\n",
        b"\x1c",
        b"a",
        b"bc",
        b"word",
        b"\x80",
        b"\xe2",
        b"\xe2\x80",
        b"\xc2",
        b"\xe3\x80",
        b"\xff",
        b"x" * 17,
    ]
    + [character.encode() for character in WIDE_SPACES + ALMOST_SPACES + "åø日👩"]
)
TEXTS = st.none() | st.binary(max_size=150) | st.lists(PIECES, max_size=90).map(b"".join)


def make_array(texts, *, large=True):
    """A string array of any bytes: pyarrow itself would refuse those that are not UTF-8."""
    binary = pa.array(texts, pa.large_binary() if large else pa.binary())
    kind = pa.large_string() if large else pa.string()
    return pa.Array.from_buffers(kind, len(binary), binary.buffers(), offset=binary.offset)


def as_hex(digest):
    return f"{int(digest[0]):016x}{int(digest[1]):016x}"


def assert_equal_to_definition(array, texts, *, ngram, unit):
    shingles = [definition.shingle_set(text, ngram=ngram, unit=unit) for text in texts]
    assert kernels.shingle_sets(array, ngram=ngram, unit=unit).to_pylist() == shingles
    made = kernels.signatures(array, ngram=ngram, unit=unit, permutations=19, seed=7)
    assert made.tolist() == [definition.signature(each, permutations=19, seed=7) for each in shingles]
    assert kernels.digests(array).tolist() == [list(hashes.digest(text)) for text in texts]
    keys = kernels.band_keys(made, bands=3, rows=6)
    assert keys.tolist() == [definition.band_keys(row, bands=3, rows=6) for row in made.tolist()]


@pytest.mark.parametrize(("ngram", "unit"), SHINGLINGS)
def test_hand_made_texts(ngram, unit):
    assert_equal_to_definition(make_array(HAND_MADE), HAND_MADE, ngram=ngram, unit=unit)


@settings(max_examples=150, deadline=None)
@given(texts=st.lists(TEXTS, max_size=6), shingling=st.sampled_from(SHINGLINGS), data=st.data())
def test_any_texts_sliced_and_chunked(texts, shingling, data):
    begin = data.draw(st.integers(0, len(texts)))
    cut = data.draw(st.integers(begin, len(texts)))
    array = make_array(texts, large=data.draw(st.booleans()))
    chunked = pa.chunked_array([array[begin:cut], array[cut:]], array.type)
    assert_equal_to_definition(chunked, texts[begin:], ngram=shingling[0], unit=shingling[1])
    assert_equal_to_definition(array[begin:cut], texts[begin:cut], ngram=shingling[0], unit=shingling[1])


@settings(max_examples=300, deadline=None)
@given(text=st.text(st.sampled_from(WIDE_SPACES + ALMOST_SPACES + " \t\x1f\x00aå日👩") | st.characters(codec="utf-8")))
def test_words_and_characters_are_pythons(text):
    assert [word.decode() for word in definition.words(text.encode())] == text.split()
    assert [character.decode() for character in definition.characters(text.encode())] == list(text)


def test_whitespace_is_pythons():
    code_points = [chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code < 0xE000]
    found = {each for each in code_points if definition.WHITESPACE.fullmatch(each.encode())}
    assert found == {each for each in code_points if each.isspace()}


@pytest.mark.parametrize("space", [" ", "\xa0", "\u2003", "\u3000"])
def test_whitespace_and_word_ends_at_every_place_of_a_block(space):
    texts = [b"x" * before + space.encode() + b"y" * after for before in range(56, 72) for after in (0, 1, 7, 60, 64)]
    texts += [b"z" * size for size in range(1, 70)]
    assert_equal_to_definition(make_array(texts), texts, ngram=2, unit="word")


def test_edges_at_every_byte_across_many_blocks():
    texts = [b" " * before + b"a " * 6000 + b"b" * after for before in (0, 1) for after in (0, 1, 64)]
    texts += [b"c" * 4096 + b" " + b"d" * 4096, b"e" * 8191 + b" f", b"g" * 12288, b" a" * 4096]
    assert_equal_to_definition(make_array(texts), texts, ngram=3, unit="word")


def test_ten_megabytes():
    random = np.random.default_rng(3)
    words = [random.integers(33, 127, size, np.uint8).tobytes() for size in random.integers(1, 300, 66_000)]
    text = b"\n".join(words)
    assert len(text) > 9_500_000
    sets = kernels.shingle_sets(make_array([b"x", text]), ngram=1, unit="word")
    assert sets[1].as_py() == definition.shingle_set(text, ngram=1, unit="word")
    signature = kernels.signatures(make_array([text]), ngram=1, unit="word", permutations=4, seed=0)
    assert signature[0].tolist() == definition.signature(sets[1].as_py(), permutations=4, seed=0)
    assert tuple(kernels.digests(make_array([text]))[0].tolist()) == hashes.digest(text)


def test_results_never_change():
    """Signatures made on one machine are compared with those of another, years later."""
    texts = pa.array(["Alle mennesker er født frie og lige i værdighed og rettigheder.", "Kort.", "", None])
    made = kernels.signatures(texts, ngram=5, unit="word", permutations=112, seed=1)
    assert made[0, :3].tolist() == [277620965, 91921071, 282427898]
    assert kernels.band_keys(made, bands=14, rows=8)[1, :2].tolist() == [2176855751081837749, 4998461396544397225]
    assert kernels.shingle_sets(texts, ngram=5, unit="word")[1].as_py() == [14783567075319338265]
    assert kernels.shingle_sets(texts, ngram=10, unit="char")[1].as_py() == [12849153466726701142]
    digests = [as_hex(row) for row in kernels.digests(texts)]
    assert digests == ["df59bed00162195288b7f187066c7b1b", "d4fecc9cb9c0b46e86c689c2ebd0d46b", "0" * 32, "0" * 32]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"", "0" * 32),
        (b"hello", "cbd8a7b341bd9b025b1e906a48ae1d19"),
        (b"hello, world", "342fac623a5ebc8e4cdcbc079642414d"),
        (b"19 Jan 2038 at 3:14:07 AM", "b89e5988b737affc664fc2950231b2cb"),
        (b"The quick brown fox jumps over the lazy dog.", "cd99481f9ee902c9695da1a38987b6e7"),
    ],
)
def test_digests_are_the_published_ones(text, expected):
    """Test vectors of spaolacci/murmur3."""
    assert as_hex(kernels.digests(make_array([text]))[0]) == expected


def test_short_documents_have_one_shingle():
    sets = kernels.shingle_sets(pa.array(["a", "a b", "a b c", "a b c d", "c b a"]), ngram=3, unit="word").to_pylist()
    assert [len(each) for each in sets] == [1, 1, 1, 2, 1]
    assert len({each for hashes in sets for each in hashes}) == 5
    assert sets[2][0] in sets[3]


def test_texts_without_shingles():
    texts = pa.array(["", " \u2003\n", None, "x"])
    lengths = kernels.shingle_sets(texts, ngram=5, unit="word").value_lengths().to_pylist()
    assert lengths == [0, 0, 0, 1]
    made = kernels.signatures(texts, ngram=5, unit="word", permutations=20, seed=1)
    assert (made == kernels.NO_SHINGLES).all(axis=1).tolist() == [True, True, True, False]


@pytest.mark.parametrize("chunks", [[], [[]], [[], []], [[None]], [["a", None], [], ["b"]]])
def test_empty_and_null_chunks(chunks):
    texts = pa.chunked_array([pa.array(chunk, pa.string()) for chunk in chunks], pa.string())
    rows = len(texts)
    assert kernels.digests(texts).shape == (rows, 2)
    assert kernels.signatures(texts, ngram=2, unit="char", permutations=3, seed=0).shape == (rows, 3)
    sets = kernels.shingle_sets(texts, ngram=2, unit="char")
    assert sets.type == pa.large_list(pa.uint64())
    assert sets.value_lengths().to_pylist() == [int(text is not None) for text in texts.to_pylist()]
    assert kernels.digests(pa.nulls(2)).tolist() == [[0, 0], [0, 0]]


def test_seed_and_permutations():
    texts = pa.array(["one two three four five six"])
    some, more = (kernels.signatures(texts, ngram=2, unit="word", permutations=n, seed=9) for n in (30, 130))
    assert (some[0] == more[0, :30]).all()
    other = kernels.signatures(texts, ngram=2, unit="word", permutations=130, seed=10)
    assert (more == other).sum() == 0


@pytest.mark.parametrize("similarity", [0.2, 0.5, 0.8, 0.95])
def test_estimate_has_the_error_theory_gives(similarity):
    """Agreement of two signatures minus true Jaccard: mean 0, standard deviation sqrt(J * (1 - J) / permutations)."""
    pairs, union, permutations = 400, 200, 112
    shared = round(similarity * union)
    half = (shared + union) // 2
    words = [[f"{pair}.{word}" for word in range(union)] for pair in range(pairs)]
    left = pa.array([" ".join(each[:half]) for each in words])
    right = pa.array([" ".join(each[:shared] + each[half:]) for each in words])
    both = pa.concat_arrays([left, right])
    true = kernels.pair_jaccard(
        kernels.shingle_sets(both, ngram=1, unit="word"), np.arange(pairs), np.arange(pairs) + pairs
    )
    assert true.tolist() == [similarity] * pairs
    made = kernels.signatures(both, ngram=1, unit="word", permutations=permutations, seed=1)
    errors = (made[:pairs] == made[pairs:]).mean(axis=1) - true
    theory = np.sqrt(similarity * (1 - similarity) / permutations)
    assert abs(errors.mean()) < 3 * theory / np.sqrt(pairs)
    assert 0.88 < errors.std() / theory < 1.12


def test_shingles_do_not_collide():
    letters = "abcdefghijklmnopq"
    quadruples = itertools.product(letters, repeat=4)
    texts = pa.array([f"{a}{b} {c} {d}" for a, b, c, d in quadruples])
    values = kernels.shingle_sets(texts, ngram=3, unit="word").values.to_numpy()
    assert len(np.unique(values)) == len(values) == len(letters) ** 4
    numbers = kernels.shingle_sets(pa.array([str(n) for n in range(300_000)]), ngram=1, unit="word").values.to_numpy()
    assert len(np.unique(numbers)) == 300_000
    assert abs(len(np.unique(numbers.astype(np.uint32))) - (300_000 - 300_000**2 / 2**33)) < 15


def test_band_keys_keep_bands_apart():
    same = np.full((2, 112), 5, np.uint32)
    same[1, 0] = 6
    keys = kernels.band_keys(same, bands=14, rows=8)
    assert len(set(keys[0].tolist())) == 14
    assert (keys[0] == keys[1]).tolist() == [False] + [True] * 13
    every_second = np.repeat(same, 2, axis=1)[:, ::2]
    assert (kernels.band_keys(every_second, bands=14, rows=8) == keys).all()
    assert kernels.band_keys(same[:0], bands=14, rows=8).shape == (0, 14)


SETS = st.lists(st.integers(0, 2**64 - 1) | st.integers(0, 9), max_size=12).map(lambda each: sorted(set(each)))


@settings(max_examples=150, deadline=None)
@given(sets=st.lists(st.none() | SETS, min_size=1, max_size=6), data=st.data())
def test_jaccard(sets, data):
    begin = data.draw(st.integers(0, len(sets) - 1))
    array = pa.array(sets, pa.large_list(pa.uint64()))[begin:]
    pairs = [(i, j) for i in range(len(array)) for j in range(len(array))]
    left, right = (list(index) for index in zip(*pairs, strict=True))
    expected = [definition.jaccard(sets[begin + i] or [], sets[begin + j] or []) for i, j in pairs]
    assert kernels.pair_jaccard(array, left, right).tolist() == expected
    assert kernels.pair_jaccard(pa.chunked_array([array]), left, right).tolist() == expected
    sliced_values = pa.LargeListArray.from_arrays([0, 2], pa.array([1, 5, 6], pa.uint64())[1:])
    assert kernels.pair_jaccard(sliced_values, [0], [0]).tolist() == [1.0]
    assert kernels.jaccard(sets[begin] or [], sets[-1] or []) == definition.jaccard(sets[begin] or [], sets[-1] or [])


def test_threads_do_not_disturb_each_other():
    texts = make_array([text for text in HAND_MADE if text is not None] * 50)
    expected = kernels.signatures(texts, ngram=3, unit="word", permutations=64, seed=1)
    with ThreadPoolExecutor(4) as pool:
        runs = [pool.submit(kernels.signatures, texts, ngram=3, unit="word", permutations=64, seed=1) for _ in range(8)]
        assert all((run.result() == expected).all() for run in runs)


def test_wrong_arguments_are_refused():
    texts, minima = pa.array(["a"]), np.zeros((2, 12), np.uint32)
    with pytest.raises(TypeError, match="not int64"):
        kernels.digests(pa.array([1]))
    with pytest.raises(ValueError, match="ngram must be at least 1"):
        kernels.shingle_sets(texts, ngram=0, unit="word")
    with pytest.raises(ValueError, match="unit must be 'word' or 'char'"):
        kernels.shingle_sets(texts, ngram=1, unit="line")  # pyright: ignore[reportArgumentType]
    with pytest.raises(ValueError, match="permutations must be at least 1"):
        kernels.signatures(texts, ngram=1, unit="word", permutations=0, seed=1)
    with pytest.raises(ValueError, match="seed must be"):
        kernels.signatures(texts, ngram=1, unit="word", permutations=1, seed=-1)
    with pytest.raises(ValueError, match="but there are 12"):
        kernels.band_keys(minima, bands=5, rows=3)
    with pytest.raises(ValueError, match="table of uint32"):
        kernels.band_keys(minima.astype(np.uint64), bands=1, rows=1)  # pyright: ignore[reportArgumentType]
    sets = kernels.shingle_sets(texts, ngram=1, unit="word")
    for index in (-1, 1, 2**62):
        with pytest.raises(IndexError, match="outside the array"):
            kernels.pair_jaccard(sets, [0], [index])
    with pytest.raises(ValueError, match="1 left row numbers but 2 right"):
        kernels.pair_jaccard(sets, [0], [0, 0])
    with pytest.raises(ValueError, match="null element"):
        kernels.pair_jaccard(pa.array([[None]], pa.large_list(pa.uint64())), [0], [0])


@pytest.mark.parametrize("offsets", [(0, 4), (-1, 2), (2, 1), (2**62, 2**63 - 1)])
def test_damaged_offsets_are_an_error(offsets):
    with pytest.raises(ValueError, match="offsets do not fit"):
        _kernels.digests(None, struct.pack("<2q", *offsets), b"abc", 0, 1, np.empty((1, 2), np.uint64))


def test_short_buffers_are_an_error():
    offsets, out = struct.pack("<3q", 0, 1, 2), np.empty((2, 2), np.uint64)
    for validity, given_offsets, offset, length, target, message in [
        (None, offsets[:-1], 0, 2, out, "offsets buffer"),
        (None, None, 0, 2, out, "offsets buffer"),
        (None, offsets, 1, 2, out, "offsets buffer"),
        (b"\xff", offsets * 4, 7, 2, out, "validity buffer"),
        (None, offsets, 0, 2, out[:1], "wrong size"),
        (None, offsets, 0, -1, out, "non-negative"),
        (None, offsets, sys.maxsize, 2, out, "non-negative"),
    ]:
        with pytest.raises(ValueError, match=message):
            _kernels.digests(validity, given_offsets, b"ab", offset, length, target)


def test_running_out_of_memory_is_an_error():
    with pytest.raises(MemoryError):
        _kernels.signatures(None, None, None, 0, 0, 5, 0, 2**59, 1, np.empty(0, np.uint32))


def test_missing_extension_says_how_to_build_it():
    code = "import sys; sys.modules['corpus_kit.kernels._kernels'] = None; import corpus_kit.kernels"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "ImportError: the compiled kernels of corpus_kit are missing" in done.stderr
    assert "python setup.py build_ext --inplace" in done.stderr


@pytest.mark.parametrize(
    "options", [["--seconds", "3", "--quick"], pytest.param(["--seconds", "120"], marks=pytest.mark.long)]
)
def test_random_bytes_under_sanitizers(options):
    script = Path(__file__).with_name("fuzz_kernels.py")
    done = subprocess.run([sys.executable, script, *options], capture_output=True, text=True, check=False)
    if done.returncode == 3:
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, done.stderr[-4000:]
    assert "no errors" in done.stdout


def binary(texts):
    return pa.array(texts, pa.large_binary())


WRONG = [
    b"\x80", b"\xbf", b"\xc0\x80", b"\xc1\xbf", b"\xc3", b"\xc3a", b"\xc3\xa5\xa5", b"\xe0\x9f\xbf", b"\xe2\x82",
    b"\xe2\x82a", b"\xed\xa0\x80", b"\xed\xbf\xbf", b"\xf0\x8f\xbf\xbf", b"\xf0\x9f\x91", b"\xf0\x9f",
    b"\xf4\x90\x80\x80", b"\xf5\x80\x80\x80", b"\xff",
]  # fmt: skip
RIGHT = ["", "a", "å", "€", "\ud7ff", "\ue000", "\uffff", "👩", "\U00010000", "\U0010ffff", "\x7f\x80߿ࠀ"]


@pytest.mark.parametrize("before", [0, 1, 2, 3, 61, 62, 63, 64, 65, 200])
def test_what_is_utf8(before):
    for text in WRONG:
        assert not kernels.are_utf8(binary([b"x" * before + text])), text
        assert not kernels.are_utf8(binary([b"x" * before + text + b"x" * 70])), text
    for text in RIGHT:
        assert kernels.are_utf8(binary(["x" * before + text, text + "x" * before, None])), text


def test_a_character_cut_in_two_values_is_none():
    assert not kernels.are_utf8(binary(["å".encode()[:1], "å".encode()[1:]]))
    assert kernels.are_utf8(binary([b"a", b"", b"", "å".encode()]))


def test_bytes_behind_null_do_not_count():
    array = binary([b"a", b"\xff\xc3", "å".encode()])
    validity = pa.py_buffer(bytes([0b101]))
    assert not kernels.are_utf8(array)
    assert kernels.are_utf8(pa.Array.from_buffers(array.type, 3, [validity, *array.buffers()[1:]]))
    assert kernels.are_utf8(array[2:])


@settings(max_examples=300, deadline=None)
@given(texts=st.lists(TEXTS, max_size=6), data=st.data())
def test_utf8_of_any_texts_sliced(texts, data):
    begin = data.draw(st.integers(0, len(texts)))
    expected = all(definition.is_utf8(text) for text in texts[begin:] if text is not None)
    assert kernels.are_utf8(binary(texts)[begin:]) == expected
