"""What the driver keeps of receipts: sums. Its memory must not grow with the number of shards."""

from __future__ import annotations

from collections import Counter, defaultdict

from corpus_kit.ledger import Receipt, Tally
from corpus_kit.outputs import SAMPLE_SIZE


class Totals:
    """Tallies, histograms and samples of all receipts so far."""

    def __init__(self) -> None:
        self.tally = Tally()
        self.histograms: dict[str, Counter[str]] = defaultdict(Counter)
        """`stage metric language` -> bin -> documents."""
        self._samples: dict[str, list[str]] = defaultdict(list)

    def add(self, receipt: Receipt, phase: Tally | None = None) -> Receipt:
        """Adds a receipt (to the tally of a phase, too), and gives it back with its files only."""
        tally = Tally.from_json(receipt.tally)
        self.tally.merge(tally)
        if phase is not None:
            phase.merge(tally)
        for key, bins in receipt.histograms.items():
            self.histograms[key].update(bins)
        for group, hashes in receipt.samples.items():
            self._samples[group] = sorted([*self._samples[group], *hashes])[:SAMPLE_SIZE]
        return Receipt(task=receipt.task, fingerprint=receipt.fingerprint, files=receipt.files)

    def sample_bounds(self) -> dict[str, str]:
        """Per group of rejects the highest id hash whose text stays."""
        return {group: hashes[-1] for group, hashes in sorted(self._samples.items())}
