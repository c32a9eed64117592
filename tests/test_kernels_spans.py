"""The compiled units equal their plain Python definitions, for any bytes; and survive whatever they are given."""

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

from corpus_kit.kernels import _spans, spans
from corpus_kit.kernels.hashes import digest
from corpus_kit.stages.repeated_forms import form_table, formed
from corpus_kit.stages.repeated_units import signs, units, without

FORMS = ("as_is", "folded", "ccnet", "slug")
FORM = st.sampled_from(FORMS)
KIND = st.sampled_from(spans.KINDS)

PIECES_LIST = [
    *(
        b"\n",
        b"\n",
        b"\n\n",
        b" ",
        b" ",
        b"\t",
        b"\r\n",
        b"\0",
        b". ",
        b". ",
        b"? ",
        b"!",
        b"..",
        b"\xe2\x80\xa6 ",
        b".",
    ),
    *(b"a", b"B", b"Ord", b"ord ", b"3", b"12", b"123", b"d.", b"---", b"-", b"bl.a", b"(", b")", b"\x80", b"\xc2"),
    *(b"\xe2\x80", b"\xe2", b"\xf0\x9f\x91", b"\xed\xa0\x80", b"\xff"),
    *(
        one.encode()
        for one in "«»“”’‘[]\"'¿åÅøØİßẞ²½ﬃ℀１９٣。！؟។日👍e\u0301\u0301\u2028\u2029\xa0\u3000\u1680ǅȺK\U000e0100"
    ),
]
TEXT = st.none() | st.binary(max_size=40) | st.lists(st.sampled_from(PIECES_LIST), max_size=40).map(b"".join)

HAND_MADE = [
    *(None, b"", b"\n", b" \n\t\n", b"a", b"a\n", b"\n\n a\r\nb \n\n\nc\n", b"x\n \n\xc2\xa0\ny", b"---\n***\n"),
    *(
        b"J. R. Jensen kom d. 3. maj. Ja! Nej? Ja.",
        b"...\nA. \n. B. !! C?\n",
        b"One. \xe2\x80\x9cTwo.\xe2\x80\x9d (Three.) [4. five] ",
    ),
    *(b'Slut. . Nu. " x. "Ja', b"99. Ord. 100. Ord. (1. Ord) x1. Ord. .2. Ord", b"Ja.\xe2\x80\xa8Nej.", b"Hej.\x1cDu"),
    *(
        "Han kom. Æ. Å. Ord.a. Ord. Ø.Å. Ord".encode(),
        "日本。 続き。続き！ 日".encode(),
        b"\x80. A. \xffa. B. \xe2\x80. C",
    ),
]


def by_definition(text, kind, form):
    """Units of one text as the definitions have them: first, second, begin, end, words, characters."""
    if text is None:
        return []
    plain = text.decode("utf-8", "surrogateescape")
    table = form_table(form)
    found = []
    for begin, end in units(plain, kind):
        core = plain[begin:end].strip()
        compared = formed(core, table)
        numbers = [len(plain[:at].encode("utf-8", "surrogateescape")) for at in (begin, end)]
        hashed = digest(compared.encode("utf-8", "surrogateescape"))
        found.append((*hashed, *numbers, len(core.split()), len(core)))
    return found


def assert_cut_as_defined(array, texts, kind, form):
    found = spans.cut(array, kind=kind, form=form_table(form), signs=signs())
    expected = [by_definition(text, kind, form) for text in texts]
    assert found.offsets.tolist() == np.cumsum([0, *map(len, expected)]).tolist()
    assert found.units.tolist() == [one for each in expected for one in each]


def assert_removed_as_defined(array, texts, kind, chosen):
    """`chosen(i)` says whether the i-th unit of all is removed."""
    cut = spans.cut(array, kind=kind, form=None, signs=signs())
    gone = np.array([chosen(i) for i in range(len(cut.units))], bool)
    offsets = np.concatenate([[0], np.cumsum(gone)])[cut.offsets]
    ranges = np.column_stack([cut.units["begin"][gone], cut.units["end"][gone]])
    removed = spans.without(array, kind=kind, signs=signs(), offsets=offsets, ranges=ranges)
    expected, counts = [], []
    for i, text in enumerate(texts):
        numbers = gone[cut.offsets[i] : cut.offsets[i + 1]]
        plain = (text or b"").decode("utf-8", "surrogateescape")
        all_units = units(plain, kind)
        left = without(plain, all_units, set(np.flatnonzero(numbers).tolist()))
        expected.append(None if text is None else left.encode("utf-8", "surrogateescape"))
        kept = [plain[a:b] for (a, b), drop in zip(all_units, numbers, strict=True) if not drop]
        content = sum(map(has_content, kept))
        counts.append([sum(numbers), content, sum(len(one.split()) for one in kept)] if any(numbers) else [0, 0, 0])
    assert raw(removed.texts) == expected
    assert removed.counts.tolist() == counts
    removed.texts.slice(0, 0).validate(full=True)


def has_content(text):
    table = signs()
    return any(table[ord(one)] & (spans.LETTER | spans.DIGIT) for one in text)


@pytest.mark.parametrize("kind", spans.KINDS)
@pytest.mark.parametrize("form", FORMS)
def test_hand_made_texts(kind, form):
    assert_cut_as_defined(make_array(HAND_MADE), HAND_MADE, kind, form)
    for step in (1, 2, 3):
        assert_removed_as_defined(make_array(HAND_MADE), HAND_MADE, kind, lambda i, step=step: i % step == 0)


@settings(max_examples=500, deadline=None)
@given(texts=st.lists(TEXT, max_size=5), kind=KIND, form=FORM, data=st.data())
def test_any_texts_sliced_and_chunked(texts, kind, form, data):
    begin = data.draw(st.integers(0, len(texts)))
    cut = data.draw(st.integers(begin, len(texts)))
    array = make_array(texts, large=data.draw(st.booleans()))
    assert_cut_as_defined(array[begin:cut], texts[begin:cut], kind, form)
    assert_cut_as_defined(pa.chunked_array([array[begin:cut], array[cut:]], array.type), texts[begin:], kind, form)


@settings(max_examples=500, deadline=None)
@given(texts=st.lists(TEXT, max_size=4), kind=KIND, gone=st.integers(0, 2**64 - 1), begin=st.integers(0, 2))
def test_any_units_removed(texts, kind, gone, begin):
    array = make_array(texts)[begin:]
    assert_removed_as_defined(array, texts[begin:], kind, lambda i: bool(gone >> i % 64 & 1))


def test_overlapping_ranges_remove_what_begins_in_any_of_them():
    texts = pa.array(["a\nb\nc\nd\ne\nf"], pa.large_string())
    ranges = np.array([[2, 9], [4, 5], [6, 7]], np.uint32)
    removed = spans.without(texts, kind="line", signs=signs(), offsets=np.array([0, 3]), ranges=ranges)
    assert removed.texts.to_pylist() == ["a\nf"]
    assert removed.counts.tolist() == [[4, 2, 2]]


def test_no_texts_at_all():
    for array in (pa.array([], pa.string()), pa.chunked_array([], pa.large_string())):
        found = spans.cut(array, kind="line", form=None, signs=signs())
        assert found.offsets.tolist() == [0]
        assert len(found.units) == 0


@pytest.mark.parametrize(
    "line",
    [
        b". " * 400_000,
        b"a. " * 300_000,
        b"." * 900_000,
        b"\xc2\xab" * 400_000,
        b"A! \xc2\xab" * 200_000,
        b"\x80" * 900_000,
        b"x\n" * 400_000,
    ],
)
def test_long_hostile_texts_take_linear_time(line):
    before = time.process_time()
    for kind in spans.KINDS:
        array = make_array([line])
        cut = spans.cut(array, kind=kind, form=form_table("slug"), signs=signs())
        ranges = np.column_stack([cut.units["begin"], cut.units["end"]])[::2]
        spans.without(array, kind=kind, signs=signs(), offsets=np.array([0, len(ranges)]), ranges=ranges)
    assert time.process_time() - before < 3


def test_wrong_arguments_are_refused():
    with pytest.raises(ValueError, match="not in tuple"):
        spans.cut(pa.array(["a"]), kind="page", form=None, signs=signs())  # pyright: ignore
    with pytest.raises(TypeError, match="not int64"):
        spans.cut(pa.array([1]), kind="line", form=None, signs=signs())
    with pytest.raises(ValueError, match="a byte for each code point"):
        spans.cut(pa.array(["a"]), kind="line", form=None, signs=np.zeros(5, np.uint8))
    form = form_table("folded")
    assert form is not None
    for table in (form.table[:7], np.full(spans.CODE_POINTS, spans.CODE_POINTS, np.int32)):
        with pytest.raises(ValueError, match=r"wrong size|is none"):
            spans.cut(pa.array(["a"]), kind="line", form=form._replace(table=table), signs=signs())
    for ends in ([5], [1, 0], [-1]):
        wrong = form._replace(sequences=np.zeros(1, np.int32), ends=np.array(ends, np.int64))
        with pytest.raises(ValueError, match="outside its buffer"):
            spans.cut(pa.array(["a"]), kind="line", form=wrong, signs=signs())
    lower = np.full(spans.CODE_POINTS, spans.FIRST_SEQUENCE - 9, np.int32)
    with pytest.raises(IndexError, match="outside what it is a number of"):
        spans.cut(pa.array(["a"]), kind="line", form=form._replace(table=lower), signs=signs())
    text = pa.array(["a"], pa.large_string())
    for offsets in ([0, 2], [-1, 1], [1, 0]):
        ranges = np.zeros((1, 2), np.uint32)
        with pytest.raises(IndexError, match="outside what it is a number of"):
            spans.without(text, kind="line", signs=signs(), offsets=np.array(offsets), ranges=ranges)


@pytest.mark.parametrize("numbers", [[0, 9], [5, 2], [-1, 1]])
def test_offsets_that_do_not_fit_are_refused(numbers):
    data, ends = np.frombuffer(b"ab", np.uint8), np.array(numbers, np.int64)
    with pytest.raises(ValueError, match="offsets do not fit"):
        _spans.cut(None, ends, data, 0, 1, signs(), 0, None, None, None, 0, np.empty(2, np.int64))


@pytest.mark.long
def test_random_and_damaged_arrays_under_sanitizers():
    script = Path(__file__).with_name("fuzz_spans.py")
    done = subprocess.run([sys.executable, str(script), "--seconds", "60"], capture_output=True, text=True, check=False)
    if done.returncode == 3:
        pytest.skip(done.stderr)
    assert done.returncode == 0, done.stdout + done.stderr
