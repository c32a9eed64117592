"""The compiled search for runs of words equals its plain definition, for any bytes; what does not fit is refused."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_kernels_lines import make_array

from corpus_kit.kernels import _contamination, contamination, word_runs

PIECES = [
    *(b" ", b" ", b"\n", b", ", b"-", b".", b"a", b"a", b"b", b"B", b"Ja", b"ja", b"nej", b"12", b"\0", b"_"),
    *(b"\x80", b"\xc2", b"\xe2\x80", b"\xf0\x9f\x91", b"\xed\xa0\x80", b"\xff"),
    *(
        one.encode()
        for one in "åÅøØİßẞ\u00ad\u200b\u200c\u200d\ufeff\ufe0fe\u0301²½ﬃ１日本👍ȺK\u0130\U000e0001\u3000\xa0"
    ),
]
TEXT = st.none() | st.binary(max_size=30) | st.lists(st.sampled_from(PIECES), max_size=40).map(b"".join)


def runs_of(texts: list[bytes], lengths: list[int]) -> list[bytes]:
    """Runs of some lengths that the texts have."""
    found: set[bytes] = set()
    for text in texts:
        forms = [word.form for word in word_runs.words(text)]
        found |= {b" ".join(forms[i : i + n]) for n in lengths for i in range(len(forms) - n + 1)}
    return sorted(found)


def make(runs: list[bytes]) -> contamination.Runs:
    ends = np.cumsum([len(run) + 1 for run in runs], dtype=np.int64) - 1
    begins = ends - np.array([len(run) for run in runs], np.int64)
    return contamination.make_runs(b" ".join(runs), begins, ends, [run.count(b" ") + 1 for run in runs])


def assert_as_defined(array: pa.Array | pa.ChunkedArray, texts: list[bytes | None], runs: list[bytes]) -> None:
    found = contamination.match(array, make(runs))
    expected = [[tuple(one) for one in word_runs.matches(text, runs)] for text in texts]
    assert found.offsets.tolist() == np.cumsum([0, *map(len, expected)]).tolist()
    assert found.matches.tolist() == [one for each in expected for one in each]
    forms = contamination.formed(array).cast(pa.large_binary()).to_pylist()
    assert forms == [word_runs.formed(text) for text in texts]


@settings(max_examples=300, deadline=None)
@given(texts=st.lists(TEXT, max_size=5), lengths=st.lists(st.integers(1, 5), min_size=1, max_size=3), data=st.data())
def test_any_texts_sliced_and_chunked(texts, lengths, data):
    begin = data.draw(st.integers(0, len(texts)))
    middle = data.draw(st.integers(begin, len(texts)))
    runs = runs_of([text for text in texts if text], lengths)
    wanted = runs[:: data.draw(st.integers(1, 3))]
    array = make_array(texts, large=data.draw(st.booleans()))
    assert_as_defined(array[begin:middle], texts[begin:middle], wanted)
    assert_as_defined(pa.chunked_array([array[begin:middle], array[middle:]], array.type), texts[begin:], wanted)


def test_hashes_of_runs_are_the_defined_ones():
    runs = [b"ja", b"ja nej", "blåbær og fløde i en skål".encode()]
    assert make(runs).hashes.tolist() == [word_runs.run_hash(run.split(b" ")) for run in runs]


def test_case_punctuation_and_layout_do_not_matter_and_words_do():
    runs = make([b"den gamle mand gik"])
    same = ["Den GAMLE\nmand -- gik!", "den\u00a0gamle, ma\u00adnd gik", "1. den gamle mand gik 2"]
    other = ["den gamle mandgik", "den gamle mand gikk", "aden gamle mand gik", "den gamle gik"]
    assert np.diff(contamination.match(pa.array(same + other), runs).offsets).tolist() == [1, 1, 1, 0, 0, 0, 0]


def test_runs_whose_hash_is_that_of_another_are_told_apart_by_their_bytes():
    runs = make([b"ja nej"])
    forged = runs._replace(pool=b"ja xej")
    assert len(contamination.match(pa.array(["ja nej"]), forged).matches) == 0


def test_no_runs_and_no_texts():
    none = make([])
    assert contamination.match(pa.array(["ja nej"]), none).matches.tolist() == []
    assert contamination.match(pa.array([], pa.string()), make([b"ja"])).offsets.tolist() == [0]
    assert contamination.match(pa.chunked_array([], pa.string()), make([b"ja"])).offsets.tolist() == [0]


@pytest.mark.parametrize(
    "change",
    [
        {"slots": np.zeros(3, np.uint32)},
        {"filter": np.zeros(3, np.uint64)},
        {"ends": np.zeros(0, np.int64)},
        {"lengths": np.array([2, 1])},
        {"lengths": np.array([0])},
        {"lengths": np.arange(1, 70)},
    ],
)
def test_tables_that_do_not_fit_are_refused(change):
    with pytest.raises(ValueError, match=r"size|lengths"):
        contamination.match(pa.array(["ja"]), make([b"ja nej"])._replace(**change))


@pytest.mark.parametrize("change", [{"begins": np.array([-1])}, {"ends": np.array([99])}])
def test_runs_outside_their_pool_are_refused(change):
    with pytest.raises(IndexError):
        contamination.match(pa.array(["ja nej"]), make([b"ja nej"])._replace(**change))
    with pytest.raises(IndexError):
        _contamination.hash(b"ja", np.array([-1]), np.array([1]), 1, np.empty(1, np.uint64), np.empty(1, np.uint64))


def test_a_slot_that_names_no_run_is_refused():
    runs = make([b"ja nej"])
    with pytest.raises(IndexError):
        contamination.match(pa.array(["ja nej"]), runs._replace(slots=np.full(4, 9, np.uint32)))


@pytest.mark.long
def test_nothing_is_read_outside_of_the_buffers():
    script = Path(__file__).parent / "fuzz_contamination.py"
    done = subprocess.run([sys.executable, str(script), "--seconds", "60"], capture_output=True, text=True, check=False)
    if done.returncode == 3:
        pytest.skip("no gcc with sanitizers")
    assert done.returncode == 0, done.stderr[-3000:]
