"""Signatures of datasketch: theirs, number by number."""

import datasketch
import pyarrow as pa
import pytest

from corpus_kit.kernels import NO_SHINGLES
from corpus_kit.stages.sketching import datasketch_signatures


@pytest.mark.parametrize(
    ("text", "unit", "shingles"),
    [
        ("en to  tre\nfire", "word", ["en to tre", "to tre fire"]),
        ("en to", "word", ["en to"]),
        ("abcd", "char", ["abc", "bcd"]),
        ("æø", "char", ["æø"]),
    ],
)
def test_signatures_are_those_of_its_own_class(text, unit, shingles):
    theirs = datasketch.MinHash(num_perm=16, seed=7)
    for one in shingles:
        theirs.update(one.encode())
    made = datasketch_signatures(pa.array([text]), ngram=3, unit=unit, permutations=16, seed=7)
    assert made.tolist() == [theirs.hashvalues.tolist()]


def test_a_text_without_units_has_no_signature():
    made = datasketch_signatures(pa.array(["", None, " \n"]), ngram=3, unit="word", permutations=4, seed=1)
    assert (made == NO_SHINGLES).all()
    assert made.shape == (3, 4)
