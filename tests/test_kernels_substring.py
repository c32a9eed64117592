"""The compiled search for repeated spans equals its plain Python definition, for any bytes, and survives any."""

import itertools
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

from corpus_kit.kernels import _substring, substring
from corpus_kit.kernels import substring_definition as definition

UNIT = st.sampled_from(substring.UNITS)

PIECES = [
    *(b" ", b" ", b"  ", b"\n", b"\n\n", b"\r\n", b"\t", b"\x1c", b"\0"),
    *(b"a", b"a ", b"a ", b"b ", b"ab", b"Ord ", b"ord\n", b"a b ", b"- ", b"long-word-of-more-than-16-bytes "),
    *(b"\x80", b"\xc2", b"\xe2\x80", b"\xe2", b"\xf0\x9f\x91", b"\xff", b"\xe3\x80"),
    *(one.encode() for one in ("å", "æ ø ", "日本", "👍", "\u2028", "\xa0", "\u3000", "\u1680", "\u0301")),
]
TEXT = st.none() | st.binary(max_size=40) | st.lists(st.sampled_from(PIECES), max_size=40).map(b"".join)
REPETITIVE = st.builds(
    lambda head, piece, times, tail: head + piece * times + tail,
    *(TEXT.map(lambda text: text or b""), st.sampled_from(PIECES), st.integers(0, 60), st.just(b" slut")),
)
TEXTS = st.lists(TEXT | REPETITIVE, max_size=5)
SIZES = st.integers(1, 9).flatmap(lambda length: st.tuples(st.just(length), st.integers(1, length)))

HAND_MADE = [
    *(
        None,
        b"",
        b" ",
        b"\n\n",
        b"a",
        b" a",
        b"a ",
        b"a b",
        b"ha " * 40,
        b"a b " * 30 + b"c",
        b"-" * 99 + b" " + b"-" * 70,
    ),
    *(b" ".join(b"%d" % (i % 23) for i in range(90)), b"x" * 17 + b" " + b"y" * 33, "日本 ".encode() * 20),
]


def assert_runs_as_defined(array, texts, unit, length, gram):
    found = substring.runs(array, unit=unit, length=length, gram=gram)
    expected = [definition.runs(text, unit=unit, length=length, gram=gram) for text in texts]
    assert found.offsets.tolist() == np.cumsum([0, *map(len, expected)]).tolist()
    assert found.runs.tolist() == [tuple(one) for each in expected for one in each]
    return expected


def assert_windows_as_defined(array, texts, unit, length, gram, chosen):
    """`chosen(i)` says whether the i-th run of all is cut into windows."""
    all_runs = [definition.runs(text, unit=unit, length=length, gram=gram) for text in texts]
    number = itertools.count()
    begins = [[run.begin for run in own if chosen(next(number))] for own in all_runs]
    asked = {
        "offsets": np.cumsum([0, *map(len, begins)]).astype(np.int64),
        "begins": np.array([one for own in begins for one in own], np.uint32),
    }
    some = substring.opened(array, unit=unit, length=length, gram=gram, **asked)
    assert some.offsets.tolist() == asked["offsets"].tolist()
    assert_opened_as_defined(texts, some, all_runs, unit, length, gram)
    found = substring.windows(array, unit=unit, length=length, gram=gram, **asked)
    expected = [
        definition.runs(text, unit=unit, length=length, gram=gram, begins=own)
        for text, own in zip(texts, begins, strict=True)
    ]
    assert found.offsets.tolist() == np.cumsum([0, *map(len, expected)]).tolist()
    assert found.runs.tolist() == [tuple(one) for each in expected for one in each]


def assert_opened_as_defined(texts, some, all_runs, unit, length, gram):
    """What is cut out of a text at a run without copies has that run, and nothing else."""
    for i, text in enumerate(texts):
        own = {run.begin: run for run in all_runs[i]}
        for run in some.runs[some.offsets[i] : some.offsets[i + 1]].tolist():
            key, first, second, begin, behind, end, copies = run
            assert own[begin]._replace(behind=0) == (key, first, second, begin, 0, end, copies)
            if copies == 1:
                [alone] = definition.runs(text[begin:behind], unit=unit, length=length, gram=gram)
                assert (alone.key, alone.first, alone.second) == (key, first, second)
                assert (alone.begin, alone.end, alone.copies) == (0, end - begin, 1)
                places = [one for one, _ in definition.tokens(text, unit) if one >= end]
                assert behind == (places[0] if places else len(text))


def assert_removed_as_defined(array, texts, unit, ranges, mask):
    """`ranges` are those of each text."""
    offsets = np.cumsum([0, *map(len, ranges)]).astype(np.int64)
    pairs = np.array([pair for own in ranges for pair in own], np.uint32).reshape(-1, 2)
    removed = substring.without(array, unit=unit, offsets=offsets, ranges=pairs, mask=mask)
    expected = [
        definition.without(text or b"", own, unit=unit, mask=None if mask is None else mask.encode())
        for text, own in zip(texts, ranges, strict=True)
    ]
    assert raw(removed.texts) == [None if text is None else one[0] for text, one in zip(texts, expected, strict=True)]
    assert removed.counts.tolist() == [counts for _, counts in expected]
    removed.texts.slice(0, 0).validate(full=True)


@pytest.mark.parametrize("unit", substring.UNITS)
@pytest.mark.parametrize(("length", "gram"), [(1, 1), (2, 1), (4, 2), (7, 7), (20, 3), (50, 16)])
def test_hand_made_texts(unit, length, gram):
    assert_runs_as_defined(make_array(HAND_MADE), HAND_MADE, unit, length, gram)
    assert_windows_as_defined(make_array(HAND_MADE), HAND_MADE, unit, length, gram, lambda i: i % 3 != 1)


@settings(max_examples=150, deadline=None)
@given(texts=TEXTS, unit=UNIT, sizes=SIZES, data=st.data())
def test_any_texts_sliced_and_chunked(texts, unit, sizes, data):
    begin = data.draw(st.integers(0, len(texts)))
    cut = data.draw(st.integers(begin, len(texts)))
    array = make_array(texts, large=data.draw(st.booleans()))
    assert_runs_as_defined(array[begin:cut], texts[begin:cut], unit, *sizes)
    chunked = pa.chunked_array([array[begin:cut], array[cut:]], array.type)
    assert_runs_as_defined(chunked, texts[begin:], unit, *sizes)
    chosen = data.draw(st.integers(0, 2**64 - 1))
    length, gram = sizes
    assert_windows_as_defined(chunked, texts[begin:], unit, length, gram, lambda i: bool(chosen >> i % 64 & 1))


@settings(max_examples=150, deadline=None)
@given(texts=TEXTS, unit=UNIT, sizes=SIZES)
def test_runs_are_all_windows_once_and_equal_windows_have_equal_runs(texts, unit, sizes):
    """What the verdict rests on: a window belongs to one run, and where it stands in the run depends on it alone."""
    length, gram = sizes
    placed: dict[bytes, set[tuple[int, int]]] = {}
    for text in texts:
        own = definition.windows(text, unit=unit, length=length)
        all_runs = definition.runs(text, unit=unit, length=length, gram=gram)
        begins = [run.begin for run in all_runs]
        every = definition.runs(text, unit=unit, length=length, gram=gram, begins=begins)
        assert sum(one.copies for one in every) == len(own)
        starts = [begin for begin, _ in definition.tokens(text or b"", unit)]
        for one in every:
            placed.setdefault(own[starts.index(one.begin)], set()).add((one.key, one.first))
    assert all(len(found) == 1 for found in placed.values())
    assert len({one for found in placed.values() for one in found}) == len(placed)


RANGE = st.tuples(st.integers(0, 60), st.integers(0, 40)).map(lambda pair: (pair[0], pair[0] + pair[1]))


@settings(max_examples=300, deadline=None)
@given(
    texts=st.lists(st.tuples(TEXT, st.lists(RANGE, max_size=4).map(sorted)), max_size=4),
    unit=UNIT,
    mask=st.sampled_from([None, "…", "[gentaget]"]),
    begin=st.integers(0, 2),
)
def test_any_ranges_removed(texts, unit, mask, begin):
    array = make_array([text for text, _ in texts])[begin:]
    texts = texts[begin:]
    assert_removed_as_defined(array, [text for text, _ in texts], unit, [ranges for _, ranges in texts], mask)


def test_what_is_removed_of_words():
    def left(text, ranges, mask=None):
        pairs = np.array(ranges, np.uint32)
        made = substring.without(
            pa.array([text]), unit="word", offsets=np.array([0, len(ranges)]), ranges=pairs, mask=mask
        )
        return made.texts[0].as_py(), made.counts.tolist()[0]

    assert left("et to\n\ntre fire\nfem", [[3, 5], [7, 10]]) == ("et\n\nfire\nfem", [1, 7, 3])
    assert left("et to\n\ntre fire\nfem", [[3, 10]], "…") == ("et … fire\nfem", [1, 7, 3])
    assert left(" et to \n", [[0, 4], [4, 99]]) == ("", [1, 8, 0])
    assert left(" et to \n", [[0, 4], [4, 99]], "…") == (" … \n", [1, 5, 0])
    assert left(" et to tre \n", [[1, 3], [7, 10]]) == (" to \n", [2, 7, 1])


def test_characters_are_not_cut_in_two():
    text = "aåb🙂c"
    for begin, end, left in [
        (1, 3, "ab🙂c"),
        (1, 2, text),
        (2, 4, "aå🙂c"),
        (3, 7, "aå🙂c"),
        (2, 8, "aåc"),
        (0, 99, ""),
    ]:
        pairs = np.array([[begin, end]], np.uint32)
        made = substring.without(pa.array([text]), unit="byte", offsets=np.array([0, 1]), ranges=pairs)
        assert made.texts.to_pylist() == [left]
        assert made.counts[0, 1] == len(text.encode()) - len(left.encode())


def test_no_texts_at_all():
    for array in (pa.array([], pa.string()), pa.chunked_array([], pa.large_string())):
        found = substring.runs(array, unit="word", length=5, gram=2)
        assert found.offsets.tolist() == [0]
        assert len(found.runs) == 0


@pytest.mark.parametrize("unit", substring.UNITS)
@pytest.mark.parametrize("text", [b"-" * 2_000_000, b"- " * 500_000, b"ab c " * 200_000, b"abcdefgh" * 100_000 + b" "])
def test_periodic_texts_make_few_runs_in_linear_time(unit, text):
    before = time.process_time()
    found = substring.runs(make_array([text]), unit=unit, length=60, gram=20)
    assert len(found.runs) < 40
    assert time.process_time() - before < 3


def test_wrong_arguments_are_refused():
    text = pa.array(["a"], pa.large_string())
    with pytest.raises(ValueError, match="not in tuple"):
        substring.runs(text, unit="page", length=5, gram=2)  # pyright: ignore
    with pytest.raises(TypeError, match="not int64"):
        substring.runs(pa.array([1]), unit="word", length=5, gram=2)
    for length, gram in ((5, 6), (5, 0), (0, 0), (substring.LONGEST + 1, 2)):
        with pytest.raises(ValueError, match="at least as many tokens as a gram"):
            substring.runs(text, unit="word", length=length, gram=gram)
    for offsets in ([0, 2], [-1, 1], [1, 0]):
        asked = {"offsets": np.array(offsets), "begins": np.zeros(1, np.uint32)}
        with pytest.raises(IndexError, match="outside what it is a number of"):
            substring.windows(text, unit="word", length=5, gram=2, **asked)
        with pytest.raises(IndexError, match="outside what it is a number of"):
            substring.without(text, unit="word", offsets=asked["offsets"], ranges=np.zeros((1, 2), np.uint32))
    asked = {"offsets": np.zeros(3, np.int64), "begins": np.zeros(0, np.uint32)}
    with pytest.raises(ValueError, match="1 texts, but 3 offsets"):
        substring.windows(text, unit="word", length=5, gram=2, **asked)


@pytest.mark.parametrize("numbers", [[0, 9], [5, 2], [-1, 1]])
def test_offsets_that_do_not_fit_are_refused(numbers):
    data, ends = np.frombuffer(b"ab", np.uint8), np.array(numbers, np.int64)
    with pytest.raises(ValueError, match="offsets do not fit"):
        _substring.runs(None, ends, data, 0, 1, 0, 2, 1, 0, None, None, np.empty(2, np.int64))


@pytest.mark.long
def test_random_and_damaged_arrays_under_sanitizers():
    script = Path(__file__).with_name("fuzz_substring.py")
    done = subprocess.run([sys.executable, str(script), "--seconds", "60"], capture_output=True, text=True, check=False)
    if done.returncode == 3:
        pytest.skip(done.stderr)
    assert done.returncode == 0, done.stdout + done.stderr
