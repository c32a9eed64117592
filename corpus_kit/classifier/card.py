"""What there is to say about a new classifier: its card in Markdown, and the same numbers for the terminal."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from corpus_kit.classifier.examples import HELD_OUT, Side
from corpus_kit.classifier.measure import QUANTILES, Measures
from corpus_kit.classifier.train import SEED, Trained
from corpus_kit.scorer import GOOD, SAMPLE_CHARS, WINDOWS
from corpus_kit.show import table

_USE = """\
A fastText classifier that gives a text the probability of being like the good examples below rather than like the bad
ones. It knows nothing else: how it judges texts that are like neither is not measured here. Use it in a recipe:

```yaml
  - classifier: {{model: {name}, keep: [0.5, null]}}
```

Leave `keep` out to measure first. The model is given lower-case words and punctuation marks, digits as 0, of the whole
text or, beyond {sample:,} characters, of {windows} places in it (`corpus_kit/scorer.py`).
"""

_DATA = """\
Texts that are equal in what the model sees were read once; none is on both sides. {share:.0%} of either side, those
with the lowest digests, were held out. Near-duplicates may stand on both sides of that cut: deduplicate first.
"""

_CALIBRATION = """\
If scores were probabilities, the share of good texts would equal the mean score of its row. They hold for the mix of
good and bad texts above; in a corpus with fewer good ones, fewer are good at the same score.
"""


def render(trained: Trained) -> str:
    """The card as Markdown."""
    found = trained.measures
    parts = [
        f"# Classifier {trained.path.name}",
        _USE.format(name=trained.path.name, sample=SAMPLE_CHARS, windows=WINDOWS),
        _markdown(("property", "value"), _facts(trained)),
        "## Examples",
        _DATA.format(share=HELD_OUT),
        _markdown(("side", "texts", "left out"), [_side(trained.good), _side(trained.bad)]),
        _markdown(("side", "file", "digest"), [*_files(trained.good), *_files(trained.bad)]),
        "## Held-out examples",
        _markdown(("measure", "value"), measures(found)),
        "### What a lower bound keeps",
        _markdown(*bounds(found)),
        "### Scores",
        _markdown(*quantiles(found)),
        "### Calibration",
        _CALIBRATION,
        _markdown(*calibration(found)),
    ]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def lines(trained: Trained) -> list[str]:
    """The measures for the terminal."""
    found = trained.measures
    sides = [_side(trained.good), _side(trained.bad)]
    blocks = [
        table(("examples", "texts", "left out"), sides),
        table((f"held out: {found.good:,} good, {found.bad:,} bad", ""), measures(found), left=2),
        table(*bounds(found)),
        table(*quantiles(found)),
        table(*calibration(found)),
    ]
    shown = [line for block in blocks for line in [*block, ""]]
    return [*shown, f"{trained.path} and its card {trained.path.with_suffix('.md')}"]


def measures(found: Measures) -> list[tuple[str, str]]:
    """The single numbers."""
    return [
        ("accuracy at 0.5", f"{found.accuracy:.1%} (always the larger side: {found.majority:.1%})"),
        ("precision at 0.5", _share(found.precision)),
        ("recall at 0.5", _share(found.recall)),
        ("pairs in the right order (AUC)", f"{found.auc:.3f}"),
        ("mean squared error (Brier)", f"{found.brier:.3f}"),
        ("calibration error", f"{found.calibration_error:.3f}"),
    ]


Table = tuple[tuple[str, ...], list[tuple[str, ...]]]


def bounds(found: Measures) -> Table:
    """What is kept at which bound."""
    rows = [
        (f"{one.bound:g}", _share(one.good_kept), _share(one.bad_kept), _share(one.precision))
        for one in found.at_bounds
    ]
    return ("keep at least", "of the good", "of the bad", "good among kept"), rows


def quantiles(found: Measures) -> Table:
    """Scores at the quantiles of either side."""
    rows = [(name, *(f"{score:.3f}" for score in scores)) for name, scores in found.quantiles.items()]
    return ("score", *(f"{one:.0%}" for one in QUANTILES)), rows


def calibration(found: Measures) -> Table:
    """Mean score and truth by tenths of the score."""
    rows = [
        (f"{one.low:g} to {one.low + 0.1:g}", f"{one.documents:,}", f"{one.mean_score:.3f}", f"{one.good:.3f}")
        for one in found.bins
    ]
    return ("score", "texts", "mean score", "share of good"), rows


def _facts(trained: Trained) -> list[tuple[str, str]]:
    return [
        ("sha256", trained.digest),
        ("label of the score", GOOD),
        ("languages", ", ".join(trained.languages) or "not restricted"),
        ("trained with", f"{trained.library}, seed {SEED}, 1 thread"),
        ("settings", ", ".join(f"{name} {value}" for name, value in trained.settings.items())),
    ]


def _side(side: Side) -> tuple[str, str, str]:
    left_out = ", ".join(f"{many:,} {reason}" for reason, many in sorted(side.left_out.items()))
    return side.name, f"{len(side.examples):,}", left_out or "none"


def _files(side: Side) -> Iterable[tuple[str, str, str]]:
    return ((side.name, f"`{relative}`", digest) for relative, digest in side.files)


def _share(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.1%}"


def _markdown(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    found = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(one)} |" for one in found)
