"""Sums of receipts: everything added, nothing but files kept."""

from corpus_kit.ledger import Cell, FileEntry, Receipt, Tally
from corpus_kit.outputs import SAMPLE_SIZE
from corpus_kit.totals import Totals


def receipt(documents: int, hashes: list[str]) -> Receipt:
    tally = Tally()
    tally.add(Cell("read", "made", "a", "", ""), documents, 10 * documents)
    file = FileEntry(path="work/x", kind="data", rows=documents, bytes=1, sha256="")
    return Receipt(
        task="t",
        fingerprint="f",
        files=(file,),
        tally=tally.to_json(),
        samples={"g": tuple(hashes)},
        histograms={"filter word_count dan_Latn": {"16": documents}},
    )


def test_tallies_histograms_and_samples_add_up():
    totals, phase = Totals(), Tally()
    hashes = [f"{i:016x}" for i in range(2 * SAMPLE_SIZE)]
    totals.add(receipt(3, hashes[1::2]), phase)
    totals.add(receipt(4, hashes[::2]))
    cell = Cell("read", "made", "a", "", "")
    assert (totals.tally.documents[cell], totals.tally.bytes[cell]) == (7, 70)
    assert phase.documents[cell] == 3
    assert totals.histograms == {"filter word_count dan_Latn": {"16": 7}}
    assert totals.sample_bounds() == {"g": hashes[SAMPLE_SIZE - 1]}


def test_what_comes_back_is_light():
    full = receipt(3, ["0" * 16])
    light = Totals().add(full)
    assert light.files == full.files
    assert (light.samples, light.histograms, light.tally["documents"]) == ({}, {}, [])
