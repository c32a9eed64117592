"""Every token is in one row, once, and documents are split only where a strategy says so."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus_kit.bridge.packing import How, fill, pack

LENGTHS = st.lists(st.integers(1, 40), max_size=40).map(lambda some: np.array(some, np.int64))
HOW = st.sampled_from(["fit", "best", "concat"])


@given(LENGTHS, st.integers(1, 20), HOW)
def test_every_token_is_in_one_row_once_and_no_row_is_too_long(lengths, length, how: How):
    packed = pack(lengths, length, how)
    found = [
        (document, token)
        for document, start, tokens in zip(packed.document, packed.start, packed.tokens, strict=True)
        for token in range(start, start + tokens)
    ]
    assert sorted(found) == [(i, token) for i, many in enumerate(lengths) for token in range(many)]
    assert (packed.used() > 0).all()
    assert (packed.used() <= length).all()
    assert (np.diff(packed.row) >= 0).all()


@given(LENGTHS, st.integers(1, 20), st.sampled_from(["fit", "best"]))
def test_what_fits_into_a_row_is_not_split(lengths, length, how: How):
    packed = pack(lengths, length, how)
    parts = np.bincount(packed.document, minlength=len(lengths))
    assert parts.tolist() == [-(-int(many) // length) for many in lengths]


@given(LENGTHS, st.integers(1, 20))
def test_in_order_and_full_but_for_the_last_row(lengths, length):
    packed = pack(lengths, length, "concat")
    assert (packed.used()[:-1] == length).all()
    assert (np.diff(packed.document) >= 0).all()
    assert (np.diff(pack(lengths, length, "fit").document) >= 0).all()


@given(LENGTHS, st.integers(1, 20), HOW)
def test_rows_hold_what_was_packed(lengths, length, how: How):
    ids = np.arange(int(lengths.sum()), dtype=np.int32) + 1
    packed = pack(lengths, length, how)
    rows = fill(packed, ids, lengths, length, pad=0)
    assert sorted(rows.ids[rows.ids > 0].tolist()) == ids.tolist()
    assert ((rows.ids > 0) == (rows.documents > 0)).all()
    assert (np.arange(length) < rows.used[:, None]).tolist() == (rows.ids > 0).tolist()  # padding is at the end
    for some, documents, positions in zip(rows.ids, rows.documents, rows.positions, strict=True):
        for number in range(1, int(documents.max(initial=0)) + 1):
            inside = documents == number
            assert (np.diff(some[inside]) == 1).all()  # one document, in order
            assert positions[inside].tolist() == list(range(int(inside.sum())))


def test_best_fit_wastes_next_to_nothing():
    lengths = np.random.default_rng(5).lognormal(6, 1, 20_000).astype(np.int64) + 1
    needed = lengths.sum() / 2048
    assert pack(lengths, 2048, "best").rows < 1.01 * needed
    assert pack(lengths, 2048, "concat").rows == int(np.ceil(needed))
    assert 1.05 * needed < pack(lengths, 2048, "fit").rows < 1.5 * needed


@pytest.mark.parametrize("how", ["fit", "best", "concat"])
def test_nothing_to_pack(how: How):
    none = np.empty(0, np.int64)
    rows = fill(pack(none, 8, how), np.empty(0, np.int32), none, 8, pad=0)
    assert rows.ids.shape == (0, 8)
