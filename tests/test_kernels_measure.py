"""The compiled metrics equal their definitions to the last bit; the character tables are what the generator gives."""

import io
import json
import math
import sys
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus_kit.doc import LETTER, has_letter
from corpus_kit.kernels import _kernels, characters, generate_tables
from corpus_kit.kernels.measure import COLUMNS, WordLists, measure_columns
from corpus_kit.metrics import METRICS, measure, measure_by_definition, metric

LISTS = [
    WordLists(frozenset(["og", "the", "a", "er", "å", "x" * 17, "en\u00a0gang", ""])),
    WordLists(),
    WordLists(frozenset()),
    WordLists(frozenset(["\ud800"])),
]
WIDE_SPACES = "\x85\xa0\u1680\u2000\u200a\u2028\u2029\u202f\u205f\u3000"
ALMOST_SPACES = "\u180e\u200b\ufeff\u2027\u202a\u1681¢À"
HAND_MADE = [
    None,
    "",
    " ",
    "\n",
    "\n \n\t\n\n",
    "a",
    ".",
    "-",
    "•",
    "…",
    "...",
    "a  b\nc\u00a0d",
    "#one #two three c##",
    "read more... and… more ......",
    "a ... b… c....... d",
    "The king said...\nNew phone …  \nA whole sentence.\n\n... and on\n..\u2003",
    "Fruit:\n- apple\n  • pear\n\u3000-\n\n-\n•\n–\nThat is all.",
    "In 1999 - 2nd ed. ² ᚠ 語 \u0301 \U0001e921 \U00031350",
    "og The the, a a og " + "x" * 17 + " " + "x" * 16 + "y",
    "Home\nNews\nHome\n\nHome\nHome ",
    "ab\ncd\n\nxxxx\n\n\n\nab\ncd\n \nab\n\ncd\nab",
    "aa b c aa b d",
    "a a a",
    "ho " * 40,
    "x y z x y z w",
    "a b c d e a b c d e a b c d",
    "a b c d e f g h i j k " * 3,
    "ab c a bc ab c a bc ab c",
    "1 2 3 4 5 6 7 8 9\n" * 5,
    "x" * 5000 + " " + "x" * 5000 + " " + "x" * 4999 + "y",
    "y" * 127 + " ",
    "." * 191,
    ".…...." * 50,
    "\x00 a\x00 a \x00\x00 a\x1fb",
    "👩‍👩‍👧 🇩🇰 🤷🏽‍♀️ " * 30,
    "Ærø är на русском 日本語テキスト　العربية हिन्दी ελληνικά\n" * 20,
    "a".join(WIDE_SPACES + ALMOST_SPACES),
    "\n\n".join(f"{number % 7} words" for number in range(300)),
    " ".join(str(number * number % 1009) for number in range(3000)),
]
PIECES = st.sampled_from(
    [
        *" \nabå日👩.…•-#1²\x00\x1c\t\r",
        *WIDE_SPACES,
        *ALMOST_SPACES,
        *["\n\n", "ab", "og", "..", "...", "x" * 16, "x" * 17, "a b c d e "],
    ]
)
TEXT = st.lists(PIECES, max_size=150).map("".join) | st.text(max_size=100)
INVALID = rb"\xff \x80 \xc2 \xe2\x80 \xf0\x9f\x91 \xed\xa0\x80 \xc0\x80 \xe0\x80\x80 \xf4\x90\x80\x80 \xf5"
BROKEN = [bytes.fromhex(each.replace("\\x", "")) for each in INVALID.decode().split()]
BROKEN += [each.encode() for each in "…\u2003å👩\ufffda \n."]
NOT_UTF8 = st.binary(max_size=150) | st.lists(st.sampled_from(BROKEN), max_size=150).map(b"".join)


def as_array(texts, kind=None):
    """A string array of any bytes: pyarrow itself would refuse those that are not UTF-8."""
    kind = kind or pa.large_string()
    binary = pa.array(texts, pa.large_binary() if pa.types.is_large_string(kind) else pa.binary())
    return pa.Array.from_buffers(kind, len(binary), binary.buffers(), offset=binary.offset)


def assert_same(texts, which=None):
    """`texts` are strings or None, or bytes, of which the decoded form is measured by definition."""
    which = np.arange(len(texts)) % len(LISTS) if which is None else np.asarray(which)
    decoded = [text.decode(errors="replace") if isinstance(text, bytes) else text for text in texts]
    expected = measure_by_definition(COLUMNS, pa.array(decoded, pa.large_string()), LISTS, which)
    made = measure_columns(as_array(texts), lists=LISTS, which=which)
    for name in COLUMNS:
        np.testing.assert_array_equal(made[name], expected[name], err_msg=name, strict=True)


def test_every_shipped_metric_names_its_column():
    shipped = {name: one.kernel for name, one in METRICS.items() if one.function.__module__.startswith("corpus_kit.")}
    assert shipped == {name: name for name in COLUMNS}


@pytest.mark.parametrize("number", range(len(LISTS)))
def test_hand_made_texts(number):
    assert_same(HAND_MADE, [number] * len(HAND_MADE))


@settings(max_examples=200, deadline=None)
@given(texts=st.lists(st.none() | TEXT, max_size=5))
def test_any_text(texts):
    assert_same(texts)


@settings(max_examples=150, deadline=None)
@given(texts=st.lists(NOT_UTF8, min_size=1, max_size=5))
def test_what_is_not_utf8_is_measured_as_replaced(texts):
    assert_same(texts)


def test_edges_at_every_place_of_a_block():
    for middle in ["...", "…", "\u2003", "\u00a0", "\n", "\n-", "\n•", "å", "👩", " b", "..\n", "…\n", "\n \n"]:
        assert_same([("x" * before + middle + after) for before in range(57, 68) for after in ("", " c", "y" * 70)])


def test_truncated_characters_at_every_place_of_a_block():
    for character in "å…👩":
        whole = character.encode()
        texts = [b"x" * before + whole[:size] for before in range(58, 66) for size in range(1, len(whole) + 1)]
        assert_same(texts)


def test_many_different_words_lines_and_paragraphs():
    numbers = np.random.default_rng(1).integers(0, 5000, 40_000)
    words = [f"ord{number}" for number in numbers]
    assert_same([" ".join(words), "\n".join(words), "\n\n".join(words), "\n \n".join(words[:3000] * 2)])


def test_slices_chunks_and_types():
    texts = ["first", "a a\na a", None, "og og the", "last"]
    which = np.array([1, 0, 0])
    expected = measure_by_definition(COLUMNS, pa.array(texts[1:4]), LISTS, which)
    sliced = pa.array(texts, pa.large_string()).slice(1, 3)
    chunked = pa.chunked_array([sliced[:1], sliced[1:1], sliced[1:]])
    for array in (sliced, chunked, sliced.cast(pa.string()), pa.array(texts[1:4], pa.string())):
        made = measure_columns(array, lists=LISTS, which=which)
        for name in COLUMNS:
            np.testing.assert_array_equal(made[name], expected[name], err_msg=name)


@pytest.mark.parametrize("texts", [pa.array([], pa.large_string()), pa.chunked_array([], pa.string())])
def test_no_texts(texts):
    made = measure_columns(texts, lists=[], which=np.empty(0, int))
    assert list(made) == list(COLUMNS)
    assert {column.shape for column in made.values()} == {(0,)}


def test_bad_arguments_are_refused():
    texts = pa.array(["a", "b"], pa.large_string())
    with pytest.raises(ValueError, match="2 texts"):
        measure_columns(texts, lists=[WordLists()], which=np.zeros(1, int))
    with pytest.raises(IndexError):
        measure_columns(texts, lists=[WordLists()], which=np.array([0, 1]))
    with pytest.raises(TypeError, match="int64"):
        measure_columns(pa.array([1]), lists=[WordLists()], which=np.zeros(1, int))
    none = (None, None, None, 0, 0)
    ends, out = np.array([0, 4], np.int64), np.empty((len(COLUMNS), 1))
    array = (None, ends, b"text", 0, 1)
    with pytest.raises(IndexError):
        _kernels.measure(*array, *none, np.empty(0, np.int64), np.array([0]), out)
    with pytest.raises(ValueError, match="size or alignment"):
        _kernels.measure(*array, *none, np.empty(0, np.int64), np.array([-1]), np.empty((2, 1)))
    with pytest.raises(ValueError, match="offsets"):
        _kernels.measure(None, ends[::-1].copy(), b"text", 0, 1, *none, np.empty(0, np.int64), np.array([-1]), out)
    with pytest.raises(ValueError, match="offsets"):
        _kernels.measure(*array, *none, np.array([1]), np.array([-1]), out)


def test_a_users_metric_is_called_beside_the_columns(monkeypatch):
    monkeypatch.setattr("corpus_kit.metrics.METRICS", dict(METRICS))

    @metric("commas")
    def commas(doc):
        return doc.text.count(",")

    measured = measure(["commas", "word_count"], pa.array(["a, b, c"]), [WordLists()], np.zeros(1, int))
    assert {name: column.tolist() for name, column in measured.items()} == {"commas": [2.0], "word_count": [3.0]}


def test_threads_do_not_disturb_each_other():
    texts = pa.array(HAND_MADE * 20, pa.large_string())
    which = np.zeros(len(texts), int)
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: measure_columns(texts, lists=LISTS, which=which), range(8)))
    for name in COLUMNS:
        for one in made:
            np.testing.assert_array_equal(one[name], made[0][name])


@pytest.mark.parametrize("piece", ["ha ", "\n", " ", "x", "a b c d e f\n\n", "é…"])
def test_a_large_text_of_one_piece(piece):
    count = 4_000_000 // len(piece)
    made = measure_columns(pa.array([piece * count], pa.large_string()), lists=[WordLists()], which=np.zeros(1, int))
    assert made["word_count"][0] == len((piece * count).split())
    assert math.isnan(made["stop_word_count"][0])
    if piece == "ha ":
        assert made["top_2gram_char_fraction"][0] == 5 * (count - 1) / (3 * count)
        assert made["dup_10gram_char_fraction"][0] == 20 * ((count - 1) // 10) / (3 * count)


def test_the_tables_are_what_the_generator_gives():
    if unicodedata.unidata_version != characters.UNICODE_VERSION:
        pytest.skip(f"this Python has Unicode {unicodedata.unidata_version}")
    folder = Path(generate_tables.__file__).parent
    assert (folder / "characters.py").read_text("utf-8") == generate_tables.python_table()
    assert (folder / "letters.h").read_text("utf-8") == generate_tables.c_table()


def test_letters_and_whitespace_are_pythons():
    spaces = characters.pattern(characters.WHITESPACE)
    everything = [chr(code) for code in range(sys.maxunicode + 1)]
    assert {each for each in everything if spaces.match(each)} == {each for each in everything if each.isspace()}
    letters = {each for each in everything if LETTER.match(each)}
    known = {each for each in everything if each.isalpha()}
    if unicodedata.unidata_version == characters.UNICODE_VERSION:
        assert letters == known
    else:  # a newer Unicode has more letters; which ones is not ours to say
        assert len(letters - known) < 10
    assert has_letter("1a")
    assert not has_letter("1²")


def test_every_character_is_a_letter_to_the_kernel_as_to_the_definition():
    everything = [chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code < 0xE000]
    texts = pa.array(everything, pa.large_string())
    made = measure_columns(texts, lists=[WordLists()], which=np.zeros(len(texts), int))
    assert made["alpha_word_fraction"].tolist() == [float(LETTER.match(each) is not None) for each in everything]
    assert made["word_count"].tolist() == [float(not each.isspace()) for each in everything]


@pytest.mark.data
def test_real_documents(data: Path):
    files = sorted((data / "text").glob("*.jsonl.zst"))
    assert files
    for path in files:
        with pa.input_stream(path, compression="zstd") as stream:
            lines = [line for number, line in enumerate(io.TextIOWrapper(stream, "utf-8")) if number % 3 == 0]
        assert_same([json.loads(line)["text"] for line in lines])
