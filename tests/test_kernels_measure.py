"""The compiled metrics equal their definitions to the last bit; the character tables are what the generator gives."""

import io
import itertools
import json
import math
import random
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
from corpus_kit.kernels.measure import BEST_LEVEL, COLUMNS, WordLists, measure_columns
from corpus_kit.metrics import METRICS, measure, measure_by_definition, metric

LISTS = [
    WordLists(frozenset(["og", "the", "a", "er", "å", "x" * 17, "en\u00a0gang", ""]), frozenset(["b", "ab", "x" * 17])),
    WordLists(),
    WordLists(frozenset()),
    WordLists(frozenset(["\ud800"]), frozenset(["og", "å", "ord"])),
    WordLists(None, frozenset()),
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
    "Fruit:\n- apple\n  • pear\n\u3000-\n\n-\n•\n–\n> quoted\n * star\nThat is all.",
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
    # ends of sentences
    'J. R. Jensen kom d. 3. maj med bl.a. Ole. «Er du der?» Ja!\n- Menu\n---\nNej . "Ja" . " ja. ?? Nej. ?a. Ja. .',
    "I uge 12. Så. 123. Så. (5. Så. x.y. Så. å. Så. (b. Så. [Å. Så ¿Qué? ¡Sí! Ja… så. Ja…  Så.) ”Så”. “så”.",
    "日本語。 また。また？ はい\nسؤال؟ جواب۔ نعم\nВопрос! Ответ. да\n“. Så ). ' så.' Så. 2 så. ٣",
    # what is stripped off, and what is special
    '«Is it?» - YES! 1999 3. no-one 🙂 B2B "Og" (og) og,; \'og\' Ⓜ Ⓐ ⓐ İ Å. ÅÅÅÅÅÅÅÅÅÅ, "" ?! ...',
    "LONGEST_WORD_IN_CAPITALS, «long-word-in-lower-case-ø», ȺȺȺȺȺȺȺ Ⱥ. (" + "Å" * 40 + ") ⱥⱥⱥⱥⱥⱥⱥ ⱥ",
    # pieces, addresses, braces, replacement characters
    "Og/eller (i 1905): b1om, sm@ ord-for-ord, slutt. æ/ø åå/b.c a:bc;de!f)gh(ij",
    "https://x.y/http xhttpx {{mal}} \ufffd http h ht htt http-x",
    "Lorem ipsum dolor. LOREM IPSUM! lorem  ipsum Lorem\nipsum xlorem ipsumx Lorem ipsumipsumipsumipsum loremipsum",
    # words of UAX #29
    "EU:s kl. 10.30 – «det går ikke», i'm on e-mail 🙂 x_1 צה\"ל ג'ירפה 3,5 1.a ⓐa ア\u0301イ e\u0301 a\u00adb ﾞ m² ½",
    # runs of ten characters; more different ones than a byte can number
    "0123456789 0123456789",
    "abc" * 1000,
    "".join(map(chr, range(0x100, 0x200))) * 3,
    "123456789",
    # five words in a window: also inside of words, and over overlapping places
    "aa b c d e " + "f g h i j " * 9,
    "b c d e f xb c d e fx b c d e f ab  c d e f b\nc d e f b c d e f" * 2,
    "a a a a a aa a a a aa" * 5,
    "ß b c d e ß b c d e  aß b c d eß",
]
PIECES = st.sampled_from(
    [
        *" \nabåÅ日👩.…•-#1²\x00\x1c\t\r!?,;:\"'()[]{}/*>«»¿_",
        *WIDE_SPACES,
        *ALMOST_SPACES,
        *["\n\n", "ab", "og", "Og", "..", "...", "x" * 16, "x" * 17, "a b c d e ", "J. ", "d. 3. ", "lorem ipsum "],
        *["\ufffd", "http", "İ", "Ⓜ", "ⓐ", "Ⱥ", "アイ", "אב", "e\u0301", "🇩🇰", "\u200d", "3,5", "。", "؟"],
    ]
)
TEXT = st.lists(PIECES, max_size=150).map("".join) | st.text(max_size=100)
INVALID = rb"\xff \x80 \xc2 \xe2\x80 \xf0\x9f\x91 \xed\xa0\x80 \xc0\x80 \xe0\x80\x80 \xf4\x90\x80\x80 \xf5"
BROKEN = [bytes.fromhex(each.replace("\\x", "")) for each in INVALID.decode().split()]
BROKEN += [each.encode() for each in "…\u2003å👩\ufffda \n."]
NOT_UTF8 = st.binary(max_size=150) | st.lists(st.sampled_from(BROKEN), max_size=150).map(b"".join)
LANGUAGES = [WordLists(frozenset(["og", "the", "i", "und", "ja"]), frozenset(["sex", "fan"])), WordLists()]


def as_array(texts, kind=None):
    """A string array of any bytes: pyarrow itself would refuse those that are not UTF-8."""
    kind = kind or pa.large_string()
    binary = pa.array(texts, pa.large_binary() if pa.types.is_large_string(kind) else pa.binary())
    return pa.Array.from_buffers(kind, len(binary), binary.buffers(), offset=binary.offset)


def assert_same(texts, which=None, *, lists=LISTS, words=("whitespace", "unicode"), levels=(BEST_LEVEL,)):
    """`texts` are strings or None, or bytes, of which the decoded form is measured by definition."""
    which = np.arange(len(texts)) % len(lists) if which is None else np.asarray(which)
    decoded = [text.decode(errors="replace") if isinstance(text, bytes) else text for text in texts]
    for kind in words:
        expected = measure_by_definition(COLUMNS, pa.array(decoded, pa.large_string()), lists, which, words=kind)
        for level in levels:
            made = measure_columns(as_array(texts), lists=lists, which=which, words=kind, level=level)
            assert_equal(made, expected, f"{kind} {level}")


def assert_equal(made, expected, where=""):
    assert list(made) == list(expected)
    for name in expected:
        np.testing.assert_array_equal(made[name], expected[name], err_msg=f"{name} {where}", strict=True)


def test_every_shipped_metric_names_its_column():
    shipped = {name: one.kernel for name, one in METRICS.items() if one.function.__module__.startswith("corpus_kit.")}
    assert shipped == {name: name for name in COLUMNS}


@pytest.mark.parametrize("number", range(len(LISTS)))
def test_hand_made_texts(number):
    assert_same(HAND_MADE, [number] * len(HAND_MADE), levels=range(BEST_LEVEL + 1))


@settings(max_examples=150, deadline=None)
@given(texts=st.lists(st.none() | TEXT, max_size=5))
def test_any_text(texts):
    assert_same(texts)


@settings(max_examples=100, deadline=None)
@given(texts=st.lists(NOT_UTF8, min_size=1, max_size=5))
def test_what_is_not_utf8_is_measured_as_replaced(texts):
    assert_same(texts, levels=[0, BEST_LEVEL])


@settings(max_examples=100, deadline=None)
@given(pieces=st.lists(TEXT, min_size=1, max_size=4), seed=st.integers(0, 10**6))
def test_texts_that_repeat_themselves(pieces, seed):
    source = random.Random(seed)
    assert_same(["".join(source.choices([*pieces, " ", "\n"], k=source.randrange(60))) for _ in range(3)])


def test_edges_at_every_place_of_a_block():
    for middle in ["...", "…", "\u2003", "\u00a0", "\n", "\n-", "\n•", "å", "👩", " b", "..\n", "…\n", "\n \n", ". A"]:
        texts = [("x" * before + middle + after) for before in range(57, 68) for after in ("", " c", "y" * 70)]
        assert_same(texts, words=["whitespace"], levels=range(BEST_LEVEL + 1))


def test_truncated_characters_at_every_place_of_a_block():
    for character in "å…👩":
        whole = character.encode()
        texts = [b"x" * before + whole[:size] for before in range(58, 66) for size in range(1, len(whole) + 1)]
        assert_same(texts, words=["whitespace"], levels=range(BEST_LEVEL + 1))


def test_words_of_every_length_at_the_end():
    texts = [" ".join(["å" * (size % 3) + "w" * size + ".", "v" * size]) for size in range(1, 40)]
    assert_same(texts)


def test_many_different_words_lines_and_paragraphs():
    numbers = np.random.default_rng(1).integers(0, 2500, 8_000)
    words = [f"ord{number}" for number in numbers]
    assert_same([" ".join(words), "\n".join(words), "\n\n".join(words), "\n \n".join(words[:1500] * 2)])


def test_short_texts_after_long_ones():
    texts = list(itertools.chain(*zip(HAND_MADE[::-1], [" ".join(map(str, range(3000))), "a b"] * 40, strict=False)))
    assert_same(texts, words=["whitespace"])


@pytest.mark.parametrize("words", ["whitespace", "unicode"])
def test_each_column_alone_is_the_same(words):
    which = np.arange(len(HAND_MADE)) % len(LISTS)
    texts = pa.array(HAND_MADE, pa.large_string())
    whole = measure_columns(texts, lists=LISTS, which=which, words=words)
    for name in COLUMNS:
        made = measure_columns(texts, lists=LISTS, which=which, columns=[name], words=words)
        assert_equal(made, {name: whole[name]}, words)
    pairs = list(itertools.pairwise(random.Random(2).sample(COLUMNS, k=len(COLUMNS))))
    for pair in pairs:
        made = measure_columns(texts, lists=LISTS, which=which, columns=pair, words=words)
        assert_equal(made, {name: whole[name] for name in pair}, words)


def test_columns_come_once_and_in_the_order_asked_for():
    texts = pa.array(["to be"])
    made = measure_columns(texts, lists=[WordLists()], which=np.zeros(1, int), columns=["char_count", "word_count"] * 2)
    assert {name: column.tolist() for name, column in made.items()} == {"char_count": [5.0], "word_count": [2.0]}
    assert list(made) == ["char_count", "word_count"]
    assert measure_columns(texts, lists=[WordLists()], which=np.zeros(1, int), columns=[]) == {}
    with pytest.raises(KeyError, match="words"):
        measure_columns(texts, lists=[WordLists()], which=np.zeros(1, int), columns=["words"])


def test_slices_chunks_and_types():
    texts = ["first", "a a\na a", None, "og og the", "last"]
    which = np.array([1, 0, 0])
    expected = measure_by_definition(COLUMNS, pa.array(texts[1:4]), LISTS, which)
    sliced = pa.array(texts, pa.large_string()).slice(1, 3)
    chunked = pa.chunked_array([sliced[:1], sliced[1:1], sliced[1:]])
    views = pa.array(texts, pa.string_view())[1:4]
    for array in (sliced, chunked, sliced.cast(pa.string()), pa.array(texts[1:4], pa.string()), views):
        assert_equal(measure_columns(array, lists=LISTS, which=which), expected, str(array.type))
    nothing = measure_columns(pa.nulls(2), lists=LISTS, which=np.zeros(2, int))
    assert_equal(nothing, measure_by_definition(COLUMNS, pa.array(["", ""]), LISTS, np.zeros(2, int)))


@pytest.mark.parametrize("texts", [pa.array([], pa.large_string()), pa.chunked_array([], pa.string())])
def test_no_texts(texts):
    made = measure_columns(texts, lists=[], which=np.empty(0, int))
    assert list(made) == list(COLUMNS)
    assert {column.shape for column in made.values()} == {(0,)}


def test_bad_arguments_are_refused():
    texts = pa.array(["a", "b"], pa.large_string())
    with pytest.raises(ValueError, match="2 texts"):
        measure_columns(texts, lists=[WordLists()], which=np.zeros(1, int))
    for outside in (-1, 1):
        with pytest.raises(IndexError):
            measure_columns(texts, lists=[WordLists()], which=np.array([0, outside]))
    with pytest.raises(TypeError, match="int64"):
        measure_columns(pa.array([1]), lists=[WordLists()], which=np.zeros(1, int))


def test_bad_buffers_are_refused():
    ends, out = np.array([0, 4], np.int64), np.empty((len(COLUMNS), 1))
    numbers, first = np.arange(len(COLUMNS)), np.zeros(1, np.int64)
    array, nobody = (None, ends, b"text", 0, 1), (None, None, None, 0, 0)
    lists = (*nobody, b"", first, b"\x00")  # one language without words
    _kernels.measure(*array, *lists, first, numbers, False, BEST_LEVEL, out)
    assert out[COLUMNS.index("char_count")] == 4

    def refused(error, match, *, texts=array, lists=lists, which=first, columns=numbers, out=out):
        with pytest.raises(error, match=match):
            _kernels.measure(*texts, *lists, which, columns, False, BEST_LEVEL, out)

    refused(IndexError, "outside", which=np.ones(1, np.int64))
    refused(IndexError, "outside", which=-np.ones(1, np.int64))
    refused(IndexError, "no such column", columns=numbers + 1)
    refused(IndexError, "no such column", columns=numbers - 1)
    refused(ValueError, "so many columns", columns=np.zeros(len(COLUMNS) + 1, np.int64))
    refused(ValueError, "size or alignment", out=np.empty((2, 1)))
    refused(ValueError, "size or alignment", lists=(*nobody, b"", first, b""))
    refused(ValueError, "size or alignment", lists=(*array, b"", first, b"\x00"))
    refused(ValueError, "offsets", texts=(None, ends[::-1].copy(), b"text", 0, 1))
    refused(ValueError, "offsets", lists=(*nobody, b"", np.ones(1, np.int64), b"\x00"))
    refused(ValueError, "offsets", lists=(None, ends[::-1].copy(), b"text", 0, 1, b"\x01", np.ones(1, int), b"\x01"))


def test_a_users_metric_is_called_beside_the_columns(monkeypatch):
    monkeypatch.setattr("corpus_kit.metrics.METRICS", dict(METRICS))

    @metric("commas")
    def commas(doc):
        return doc.text.count(",") + len(doc.words)

    measured = measure(["commas", "word_count"], pa.array(["a, b, c-d"]), [WordLists()], np.zeros(1, int))
    assert {name: column.tolist() for name, column in measured.items()} == {"commas": [5.0], "word_count": [3.0]}
    measured = measure(["commas", "word_count"], pa.array(["a, c-d"]), [WordLists()], np.zeros(1, int), words="unicode")
    assert {name: column.tolist() for name, column in measured.items()} == {"commas": [4.0], "word_count": [3.0]}


def test_threads_do_not_disturb_each_other():
    texts = pa.array(HAND_MADE * 5, pa.large_string())
    which = np.zeros(len(texts), int)
    kinds = ["whitespace", "unicode"] * 4
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda kind: measure_columns(texts, lists=LISTS, which=which, words=kind), kinds))
    for one, kind in zip(made, kinds, strict=True):
        assert_equal(one, made[kinds.index(kind)])


@pytest.mark.parametrize("piece", ["ha ", "\n", " ", "x", "a b c d e f\n\n", "é…", "Ja! "])
def test_a_large_text_of_one_piece(piece):
    count = 2_000_000 // len(piece)
    made = measure_columns(pa.array([piece * count], pa.large_string()), lists=[WordLists()], which=np.zeros(1, int))
    made = {name: column[0] for name, column in made.items()}
    assert made["word_count"] == len((piece * count).split())
    assert made["char_count"] == len(piece) * count
    assert math.isnan(made["stop_word_count"])
    different, runs = len(piece), len(piece) * count - 9
    assert made["char_10gram_repetition_ratio"] == pytest.approx(math.isqrt(different) / different, abs=20 / runs)
    if piece == "ha ":
        assert made["top_2gram_char_fraction"] == 5 * (count - 1) / (3 * count)
        assert made["dup_10gram_char_fraction"] == 20 * ((count - 1) // 10) / (3 * count)
        assert made["all_dup_5gram_char_fraction"] == (3 * count - 1) / (3 * count)
        assert made["dup_5gram_char_fraction_as_published"] == (3 * count - 1) / (3 * count)
        assert made["word_5gram_repetition_ratio"] == 1
        assert made["sentence_count"] == 1
    if piece == "Ja! ":
        assert made["sentence_count"] == count


@pytest.mark.long
def test_a_text_of_a_hundred_megabytes():
    source = np.random.default_rng(3)
    words = np.array([f"ord{number}{'.' * (number % 5 == 0)}" for number in range(200_000)])
    ends = np.array([" ", " ", " ", " ", "\n", " Å "])
    count = 11_000_000
    text = "".join(
        np.char.add(words[source.integers(0, len(words), count)], ends[source.integers(0, len(ends), count)])
    )
    assert len(text.encode()) > 100_000_000
    made = measure_columns(pa.array([text], pa.large_string()), lists=LISTS[:1], which=np.zeros(1, int))
    found = text.split()
    lines = [line for line in text.split("\n") if line.strip()]
    assert made["word_count"] == len(found)
    assert made["mean_word_length"] == sum(map(len, found)) / len(found)
    assert made["terminal_line_fraction"] == sum(line.endswith(".") for line in lines) / len(lines)
    assert made["dup_line_fraction"] == (len(lines) - len(set(lines))) / len(lines)
    assert made["stop_word_fraction"] == sum(word == "Å" for word in found) / len(found)
    assert 0 < made["char_10gram_repetition_ratio"] < 1
    assert made["top_2gram_count"] > 1


def test_the_tables_are_what_the_generator_gives():
    if unicodedata.unidata_version != characters.UNICODE_VERSION:
        pytest.skip(f"this Python has Unicode {unicodedata.unidata_version}")
    pytest.importorskip("regex")
    folder = Path(generate_tables.__file__).parent
    assert (folder / "characters.py").read_text("utf-8") == generate_tables.python_table()


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


@pytest.mark.parametrize("around", ["", "xx"])
def test_every_character_is_to_the_kernel_what_it_is_to_the_definition(around):
    everything = [chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code < 0xE000]
    texts = [f"{around}{each}{around} A." for each in everything]
    names = ["alpha_word_fraction", "word_count", "char_count", "plain_word_count", "special_char_fraction"]
    names += ["digit_fraction", "bare_word_count", "sentence_count", "letter_piece_count"]
    which = np.zeros(len(texts), int)
    made = measure_columns(pa.array(texts), lists=[WordLists()], which=which, columns=names)
    chosen = random.Random(around).sample(range(len(texts)), k=20_000) if around else range(0, len(texts), 40)
    chosen = sorted({*chosen, *range(0x3100)})
    part = pa.array([texts[number] for number in chosen])
    expected = measure_by_definition(names, part, [WordLists()], which[: len(part)])
    assert_equal({name: column[chosen] for name, column in made.items()}, expected)


@pytest.mark.data
def test_real_documents(data: Path):
    files = sorted((data / "text").glob("*.jsonl.zst"))
    assert files
    for path in files:
        with pa.input_stream(path, compression="zstd") as stream:
            lines = [line for number, line in enumerate(io.TextIOWrapper(stream, "utf-8")) if number % 400 in (0, 7)]
        texts = [text[:20_000] for text in (json.loads(line)["text"] for line in lines)]
        assert len(texts) >= 2
        assert_same(texts, lists=LANGUAGES, words=["whitespace"])
        assert_same(texts[::4], lists=LANGUAGES, words=["unicode"])
