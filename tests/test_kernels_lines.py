"""The compiled line rules equal their plain Python definitions, for any bytes; and survive whatever they are given."""

import json
import struct
import subprocess
import sys
import time
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus_kit.kernels import _lines, cases, generate_case_tables
from corpus_kit.kernels import lines as kernel
from corpus_kit.lines.apply import apply_pass
from corpus_kit.lines.compiled import compile_rules
from corpus_kit.lines.line import alphanumeric, lower
from corpus_kit.lines.registry import DEFINITIONS
from corpus_kit.lines.rules import LineRule, Pass
from corpus_kit.lines.rulesets import shipped_line_rulesets

NONE = (None, None)


def rule(name, bounds=NONE, *, number=0, open=None, leaves=False, **parameters) -> LineRule:
    return LineRule(f"clean.{name}_{number}", DEFINITIONS[name], parameters, bounds, open, True, leaves, "", "test")


ANY = [
    rule("word_count", (2, None)),
    rule("word_count", (1, 3), number=1, open="high"),
    rule("longest_word", (None, 5)),
    rule("longest_word", (None, 5), number=1, ignoring=("-", "å", "http")),
    rule("longest_word", (2.5, 6.5), number=2, open="low"),
    rule("longest_word", (None, 2), number=3, open="high"),
    rule("alphabetic_token_count", (1, None)),
    rule("alphabetic_token_count", (None, 2), number=1),
    rule("long_token_count", (2, 4)),
    rule("uppercase_fraction", (None, 0.5)),
    rule("uppercase_fraction", (None, 0.25), number=1, open="high"),
    rule("digit_fraction", (None, 1), open="high"),
    rule("digit_fraction", (None, 0.5), number=1),
    rule("title_word_fraction", (None, 0.5)),
    rule("title_word_fraction", (None, 0.5), number=1, open="high"),
    rule("character_count", (None, 1), characters=("{", "}", "\ufffd")),
    rule("character_count", (1, 2), number=1, characters=("Å", "a")),
    rule("no_end_mark", marks=(".", "!", "…", ":)"), but_not=("...", "a!")),
    rule("no_end_mark", (2, None), number=1, marks=("."), ranges=((0x1F300, 0x1FAFF), (0xDC80, 0xDC81))),
    rule("contains", phrases=("javascript", "cookie")),
    rule("contains", (None, 3), number=1, phrases=("ərik", "ångström", "i̇ki", "kış", "a")),
    rule("contains", number=2, phrases=("ø", "{")),
    rule("contains", number=3, phrases=("en lang tekst", "cookie polit", "ⱥx")),
    rule("only_symbols", characters=("|", "·"), leaves=True),
    rule("counter", phrases=("likes", "synes godt om", "kış", "2")),
    rule("counter", (None, 2), number=1, phrases=("likes",)),
    rule("repeated"),
    rule("repeated", (2, None), number=1),
    rule("cut_citations", phrases=("edit", "källa", "a b")),
    rule("cut_citations", (None, 2), number=1),
    rule("cut_phrases", phrases=("read more", "read", "i̇", "å")),
    rule("cut_phrases", (None, 5), number=1, phrases=("read more...", "a b", "a"), where="end"),
    rule("cut_phrases", number=2, phrases=("sign-in", "å", "a"), where="start"),
    rule("cut_after_last_mark", marks=(".", ":p", "…")),
    rule("cut_after_last_mark", (2, None), number=1, marks=("!",)),
    rule("collapse_spaces"),
]
"""Every operation, with and without bounds."""

SHIPPED = {ruleset.name: ruleset for ruleset in shipped_line_rulesets()}

HAND_MADE = [
    None,
    b"",
    b"\n",
    b" \n\t\n",
    b"a",
    b"\n\nOne sentence here.\n\n\nMenu\n \nAnother sentence.\n\n",
    b"Menu\nOne sentence here.\nLogin",
    b"One sentence here.\n\nMenu\n\n\nTwo sentences here.\nHome\n\nThree of them now.\nEnd",
    b"| |\n|\nRow of words.\n| | |\n|\nNext row here.\n||",
    b"  indented line here.  \r\n\tMenu\r\n  another line here.\r\n",
    b"[[1]1]1] and [edit] of [2] things [citation needed]. [",
    b"word " * 200 + b"x" * 1001 + b" end.",
    b"x" * 1000 + b" two three.",
    "Læs mere om COOKIES. JAVASCRIPT skal slås til!".encode(),
    "İSTİFADƏ ŞƏRTLƏRİ\nƏTRAFLI OXU\nA K Å ẞ\n".encode(),
    b"3 likes\n1.234 Likes!\n(2,5k views)\n5 synes godt om\n+1 234 likes\n4. likes\n5.k likes\n6k likes k\n7,,8 likes",
    b"To be\nor not\nto be.\n\nTO BE!\n---\n---\n",
    b"\xff\xfe [\xc2[1]\xa0] \xe2[1]\x80[1]\xa6 bad \xed\xa0\x80 bytes.\n\x80\x80",
    b"{ code }\n\xef\xbf\xbd lost\nfine here.",
    "日本語の文章。　続き…\n👩‍👩‍👧 end 👍🏽\nÅ\u0301".encode(),
    b"a" * 70 + b"\xe2\x80\x83" + b"b" * 70 + b".",
    b"items in cart Items in items in cart cart\nsign-in Sign-In: read more... Read More...\n",
]

PIECES_LIST = (
    [
        b"\n",
        b"\n\n",
        b" ",
        b"\t",
        b"\r\n",
        b".",
        b"...",
        b"!",
        b"a",
        b"A",
        b"b ",
        b"|",
        b"[",
        b"]",
        b"[1]",
        b"[edit]",
        b"{",
    ]
    + [
        b"read more",
        b"Read More...",
        b"sign-in ",
        b"javascript",
        b"COOKIE",
        b"cookie polit",
        b"likes",
        b"3",
        b"1.2k ",
        b",",
    ]
    + [
        b"http://",
        b"-",
        b"x" * 7,
        b":)",
        b":p",
        b"\x80",
        b"\xc2",
        b"\xe2\x80",
        b"\xe2",
        b"\xf0\x9f\x91",
        b"\xed\xa0\x80",
    ]
    + [one.encode() for one in "åÅøØəƏİıŞşKÅȺⱥǅß\xa0\u2003\u3000…“”»\ufffd日👍🏽é·Ⅳ²"]
    + ["KIŞ".encode(), "Ərik".encode(), b"synes godt om", "[källa]".encode(), b"I\xcc\x87KI", b"Om Os Kontakt"]
)
PIECES = st.sampled_from(PIECES_LIST)
TEXTS = st.none() | st.binary(max_size=60) | st.lists(PIECES, max_size=50).map(b"".join)


def make_array(texts, *, large=True):
    """A string array of any bytes: pyarrow itself would refuse those that are not UTF-8."""
    binary = pa.array(texts, pa.large_binary() if large else pa.binary())
    kind = pa.large_string() if large else pa.string()
    return pa.Array.from_buffers(kind, len(binary), binary.buffers(), offset=binary.offset)


def raw(array):
    """The bytes of a string array, whatever they are."""
    binary = pa.Array.from_buffers(pa.large_binary(), len(array), array.buffers(), offset=array.offset)
    return binary.to_pylist()


def by_definition(text, one):
    """Bytes and counts as the definitions have them."""
    if text is None:
        return None, [0] * len(one.rules)
    cleaned, places = apply_pass(text.decode("utf-8", "surrogateescape"), one)
    return cleaned.encode("utf-8", "surrogateescape"), list(places.values())


def by_kernel(array, one):
    which = np.zeros(len(array), np.int64)
    return kernel.clean_texts(array, compile_rules([one.rules]), which=which, unit=one.unit)


def assert_equal_to_definition(array, texts, one):
    cleaned = by_kernel(array, one)
    expected = [by_definition(text, one) for text in texts]
    assert raw(cleaned.texts) == [text for text, _ in expected]
    assert cleaned.places.T.tolist() == [places for _, places in expected]
    assert cleaned.texts.type == pa.large_string()


def test_the_kernel_does_what_is_defined():
    own = {name for name, one in DEFINITIONS.items() if one.function.__module__.startswith("corpus_kit.")}
    assert set(kernel.OPERATIONS) == own


@pytest.mark.parametrize("unit", ["line", "paragraph"])
@pytest.mark.parametrize("one", ANY, ids=lambda one: one.code)
def test_hand_made_texts(one, unit):
    assert_equal_to_definition(make_array(HAND_MADE), HAND_MADE, Pass(unit, (one,)))


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_rulesets(name):
    for unit in ("line", "paragraph"):
        assert_equal_to_definition(make_array(HAND_MADE), HAND_MADE, Pass(unit, SHIPPED[name].rules))


@settings(max_examples=600)
@given(
    texts=st.lists(TEXTS, max_size=5),
    rules=st.lists(st.sampled_from(ANY), min_size=1, max_size=6, unique_by=lambda one: one.code),
    data=st.data(),
)
def test_any_texts_and_rules_sliced_and_chunked(texts, rules, data):
    begin = data.draw(st.integers(0, len(texts)))
    cut = data.draw(st.integers(begin, len(texts)))
    one = Pass(data.draw(st.sampled_from(["line", "paragraph"])), tuple(rules))
    array = make_array(texts, large=data.draw(st.booleans()))
    assert_equal_to_definition(array[begin:cut], texts[begin:cut], one)
    chunked = pa.chunked_array([array[begin:cut], array[cut:]], array.type)
    cleaned = by_kernel(chunked, one)
    expected = [by_definition(text, one) for text in texts[begin:]]
    assert raw(cleaned.texts) == [text for text, _ in expected]
    assert cleaned.places.T.tolist() == [places for _, places in expected]


def test_texts_of_several_programs():
    long, short = rule("word_count", (4, None)), rule("word_count", (2, None))
    off = short.replaced(None, "test")
    programs = compile_rules([[long], [short], [off]])
    texts = pa.array(["one\none two\none two three four"] * 3)
    cleaned = kernel.clean_texts(texts, programs, which=np.array([2, 0, 1]), unit="line")
    assert cleaned.texts.to_pylist() == [texts[0].as_py(), "one two three four", "one two\none two three four"]
    assert cleaned.places.tolist() == [[0, 2, 1]]


def test_texts_that_do_not_change_are_not_copied():
    texts = pa.array(["A sentence with some words.", None, "Another one of them."], pa.large_string())
    cleaned = by_kernel(texts, Pass("line", SHIPPED["c4"].rules))
    assert cleaned.texts is texts
    assert cleaned.places.sum() == 0


@pytest.mark.parametrize("texts", [[], [None], [None, None], [""], ["", None, " "]])
@pytest.mark.parametrize("kind", [pa.string(), pa.large_string()])
def test_empty_and_null_texts(texts, kind):
    for array in (pa.array(texts, kind), pa.chunked_array([pa.array(texts, kind), pa.array([], kind)], kind)):
        cleaned = by_kernel(array, Pass("line", SHIPPED["ncc"].rules))
        assert cleaned.texts.to_pylist() == texts
        assert cleaned.places.tolist() == [[0] * len(texts)] * len(SHIPPED["ncc"].rules)
    assert len(by_kernel(pa.chunked_array([], kind), Pass("line", tuple(ANY[:2]))).texts) == 0


def test_nulls_of_a_slice_stay_where_they_are():
    texts = pa.array([None, "x"] + ["Menu\nA sentence.", None] * 9, pa.large_string())[3:]
    cleaned = by_kernel(texts, Pass("line", (rule("word_count", (2, None)),)))
    assert cleaned.texts.to_pylist() == [None, *(["A sentence.", None] * 8)]
    assert cleaned.texts.null_count == 9
    cleaned.texts.validate(full=True)


@pytest.mark.parametrize("name", ["c4", "refinedweb", "ncc", "boilerplate"])
def test_a_document_of_ten_megabytes(name):
    """Every line of it is one of a few whose fate the definitions say."""
    lines = ["This is a sentence about cookies and bread.", "Menu", "3 likes", "A note.[12]", "ÅRSRAPPORT 2024 OG MER"]
    text = "\n".join(lines * 100_000)
    one = Pass("line", tuple(each for each in SHIPPED[name].rules if each.definition.name != "repeated"))
    cleaned = by_kernel(pa.array([text], pa.large_string()), one)
    few, places = apply_pass("\n".join(lines), one)
    assert cleaned.texts[0].as_py() == "\n".join([few] * 100_000)
    assert cleaned.places[:, 0].tolist() == [100_000 * count for count in places.values()]


@pytest.mark.parametrize(
    "line",
    [
        *(b"[1]" * 300_000, b"[" * 500_000 + b"]" * 500_000, b"[x" * 200_000 + b"]" * 200_000, b"[" + b"1]" * 400_000),
        *(
            b"items in " * 50_000 + b"items in cart" + b" cart" * 50_000,
            b"read more... " * 80_000,
            b"sign-in " * 100_000,
        ),
        *(b"java" * 200_000, "İ".encode() * 400_000, b"\x80" * 600_000, b"a b " * 200_000, b". " * 400_000),
    ],
)
def test_long_hostile_lines_take_linear_time(line):
    rules = [
        rule("cut_citations", phrases=("edit",)),
        *(
            rule("cut_phrases", number=i, phrases=("items in cart", "read more...", "sign-in"), where=place)
            for i, place in enumerate(kernel.PLACES)
        ),
        rule("contains", phrases=("javascript", "javajavajavx")),
        *SHIPPED["ncc"].rules[:3],
        rule("repeated"),
    ]
    before = time.process_time()
    by_kernel(make_array([line]), Pass("line", tuple(rules)))
    assert time.process_time() - before < 2


def test_threads_do_not_disturb_each_other():
    texts = make_array([text for text in HAND_MADE if text is not None] * 20)
    one = Pass("line", tuple(ANY[i] for i in (0, 10, 19, 26, 28, 30)))
    expected = by_kernel(texts, one)
    with ThreadPoolExecutor(4) as pool:
        for made in pool.map(lambda _: by_kernel(texts, one), range(8)):
            assert raw(made.texts) == raw(expected.texts)
            assert (made.places == expected.places).all()


def test_wrong_arguments_are_refused():
    programs = compile_rules([[rule("word_count", (2, None))]])
    with pytest.raises(TypeError, match="not int64"):
        kernel.clean_texts(pa.array([1]), programs, which=np.zeros(1, int), unit="line")
    with pytest.raises(ValueError, match="`which` has shape"):
        kernel.clean_texts(pa.array(["a"]), programs, which=np.zeros(2, int), unit="line")
    with pytest.raises(ValueError, match="unit must be"):
        kernel.clean_texts(pa.array(["a"]), programs, which=np.zeros(1, int), unit="page")  # pyright: ignore
    for number in (-1, 1, 2**62):
        with pytest.raises(IndexError, match="program that there is not"):
            kernel.clean_texts(pa.array(["a"]), programs, which=np.array([number]), unit="line")
    for wrong in ([], [[]], [[kernel.CompiledRule("repeated")], []]):
        with pytest.raises(ValueError, match="at least one program"):
            kernel.compile_programs(wrong)
    empty = kernel.compile_programs([[kernel.CompiledRule("contains", strings=[""])]])
    with pytest.raises(ValueError, match="a string is empty"):
        kernel.clean_texts(pa.array(["a"]), empty, which=np.zeros(1, int), unit="line")


PROGRAMS = kernel.compile_programs([[kernel.CompiledRule("contains", strings=["ab"])]])


@pytest.mark.parametrize(
    ("message", "change"),
    [
        ("offsets buffer is too short", {"offsets": struct.pack("<2q", 0, 1)}),
        ("validity buffer", {"validity": b""}),
        ("small non-negative", {"length": -1}),
        ("small non-negative", {"offset": sys.maxsize}),
        ("offsets do not fit", {"offsets": struct.pack("<3q", 0, 5, 4)}),
        ("offsets do not fit", {"offsets": struct.pack("<3q", -1, 5, 6)}),
        ("offsets do not fit", {"out": bytearray(1)}),
        ("at least one program", {"rule_count": 0}),
        ("at least one program", {"rule_count": 2}),
        ("wrong size or alignment", {"bounds": np.zeros(3)}),
        ("wrong size or alignment", {"places": np.zeros(1, np.int64)}),
        ("wrong size or alignment", {"which": np.zeros(1, np.int64)}),
        ("a string is empty", {"ends": np.array([3], np.int64)}),
        ("number that means nothing", {"table": PROGRAMS.table + np.eye(1, 12, 0, dtype=np.int64) * 99}),
        ("number that means nothing", {"table": PROGRAMS.table + np.eye(1, 12, 7, dtype=np.int64)}),
        ("none of code points", {"ranges": np.array([[0, 0x110000]], np.int64)}),
    ],
)
def test_damaged_buffers_are_an_error(message, change):
    given = {
        "validity": None,
        "offsets": struct.pack("<3q", 0, 2, 4),
        "items": b"abcd",
        "offset": 0,
        "length": 2,
        **PROGRAMS._asdict(),
        "by_paragraph": False,
        "which": np.zeros(2, np.int64),
        "out": bytearray(4),
        "out_offsets": np.zeros(3, np.int64),
        "places": np.zeros((1, 2), np.int64),
    }
    order = [*list(given)[:5], "table", "bounds", "ends", "strings", "ranges", "rule_count", "by_paragraph"]
    order += ["which", "out", "out_offsets", "places"]
    with pytest.raises(ValueError, match=message):
        _lines.clean(*((given | change)[name] for name in order))


def test_tables_are_those_the_generator_writes():
    """Only under the Python whose Unicode version they are of."""
    folder = Path(cases.__file__).parent
    if f"Unicode {unicodedata.unidata_version}." not in (cases.__doc__ or ""):
        pytest.skip("another version of Unicode")
    assert (folder / "cases.py").read_text("utf-8") == generate_case_tables.python_table()
    assert (folder / "lines_cases.h").read_text("utf-8") == generate_case_tables.c_table()


def test_lower_case_keeps_places_and_classes():
    known = "".join(chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code < 0xE000)
    lowered = lower(known)
    assert len(lowered) == len(known)
    assert lower(lowered) == lowered
    changed = [(one, to) for one, to in zip(known, lowered, strict=True) if one != to]
    assert len(changed) > 1400
    assert [one for one, to in changed if unicodedata.category(one) != "Cn" and to != one.lower()] == ["İ"]
    assert [one for one, to in changed if (one in alphanumeric) != (to in alphanumeric)] == []
    assert {len(to.encode()) - len(one.encode()) for one, to in changed} == {-2, -1, 0, 1}


@pytest.mark.data
@pytest.mark.parametrize("lang", ["da", "sv", "is", "fi", "az", "en"])
def test_real_texts(data, lang):
    """The kernel equals the definitions under every shipped ruleset, on lines as they are."""
    with pa.CompressedInputStream(pa.OSFile(str(data / f"text/{lang}.jsonl.zst")), "zstd") as file:
        records = file.read(30_000_000).splitlines()[:-1]
    texts = [json.loads(record)["text"][:20_000].encode() for record in records[:: max(1, len(records) // 25)]]
    for ruleset in SHIPPED.values():
        assert_equal_to_definition(make_array(texts), texts, Pass(ruleset.unit, ruleset.rules))


@pytest.mark.long
def test_random_bytes_under_sanitizers():
    script = Path(__file__).with_name("fuzz_lines.py")
    done = subprocess.run([sys.executable, script, "--seconds", "30"], capture_output=True, text=True, check=False)
    if done.returncode == 3:
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, done.stderr[-4000:]
    assert "no errors" in done.stdout
