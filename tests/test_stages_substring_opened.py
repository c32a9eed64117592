"""Runs that travel as pieces of text: what they are made of, and that they are judged in parts as in one."""

import numpy as np
import pyarrow as pa
import pytest

from corpus_kit.kernels import substring
from corpus_kit.stages import substring_opened
from corpus_kit.stages.substring_opened import MEASURES, Sampling, cut_out, judge_opened, judge_pieces, repeated_runs
from corpus_kit.stages.substring_verdict import DECISION, merged

SAMPLING = Sampling("word", 6, 2)

TEXTS = ["a b c  d e f\ng h i j", None, "x x x x x x x x x x x", "b c d e f g h z y"]


def opened(texts: pa.Array, sampling: Sampling) -> tuple[substring.Runs, pa.Table]:
    """All runs of the texts, as rows."""
    everything = substring.runs(texts, **sampling._asdict())
    found = substring.opened(
        texts, **sampling._asdict(), offsets=everything.offsets, begins=everything.runs["begin"].copy()
    )
    document = np.repeat(np.arange(len(texts)), np.diff(found.offsets)).astype(np.uint64)
    measures = {name: found.runs[name].copy() for name in MEASURES}
    table = pa.table({"row": document, "key": found.runs["key"].copy(), **measures, "text": cut_out(texts, found)})
    return found, table


def rows_of(texts: pa.Array, sampling: Sampling) -> pa.Table:
    """What the second round collects if all runs are opened, sorted by key."""
    found, table = opened(texts, sampling)
    offsets, begins = repeated_runs(found)
    windows = substring.windows(texts, **sampling._asdict(), offsets=offsets, begins=begins)
    document = np.repeat(np.arange(len(texts)), np.diff(windows.offsets)).astype(np.uint64)
    measures = {name: windows.runs[name].copy() for name in MEASURES}
    nothing = pa.nulls(len(document), pa.large_binary())
    alone = pa.table({"row": document, "key": windows.runs["key"].copy(), **measures, "text": nothing})
    every = pa.concat_tables([table.filter(table["text"].is_valid()), alone])
    return every.sort_by([("key", "ascending"), ("row", "ascending")]).combine_chunks()


def test_a_piece_of_text_is_the_run():
    texts = pa.array(TEXTS, pa.large_string())
    found, table = opened(texts, SAMPLING)
    for one in table.to_pylist():
        text = (TEXTS[one["row"]] or "").encode()
        assert one["text"] == (text[one["begin"] : one["behind"]] if one["copies"] == 1 else None)
    offsets, begins = repeated_runs(found)
    assert offsets.tolist() == [0, 0, 0, 1, 1]
    assert begins.tolist() == [0]


@pytest.mark.parametrize("at_once", [1, 7, 64, 1 << 20])
@pytest.mark.parametrize("unit", substring.UNITS)
def test_windows_are_judged_in_parts_as_in_one(monkeypatch, unit, at_once):
    sampling = Sampling(unit, 6, 2)
    rows = rows_of(pa.array(TEXTS * 2, pa.large_string()), sampling)
    how = {"min_occurrences": 2, "keep": "first"}
    [whole] = judge_opened(rows, sampling, **how)
    assert whole.num_rows
    monkeypatch.setattr(substring_opened, "AT_ONCE", at_once)
    parts = list(judge_opened(rows, sampling, **how))
    pieces = list(judge_pieces(lambda: (rows.slice(at, 3) for at in range(0, rows.num_rows, 3)), sampling, **how))
    for found in (parts, pieces):
        assert all(part.schema == DECISION for part in found)
        assert merged(pa.concat_tables(found)).equals(merged(whole))
    assert at_once > 64 or len(parts) > 1


def test_no_rows_at_all():
    rows = rows_of(pa.array(["a"], pa.large_string()), SAMPLING)
    assert list(judge_opened(rows, SAMPLING, min_occurrences=2, keep="none")) == []
