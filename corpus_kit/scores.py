"""Numbers about a document that a model gives, not a definition: stages measure them, and rulesets cannot name them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Score:
    """What histograms and the datasheet must know of such a number."""

    kind: Literal["fraction", "ratio"]
    summary: str


SCORES: dict[str, Score] = {
    "score": Score("fraction", "Probability of the label that means good, as the classifier of the stage has it"),
    "per_token": Score("ratio", "Perplexity: how many tokens the language model wavers between, on geometric average"),
}
"""By the name of the column in the metrics of stages `classifier` and `perplexity`."""
