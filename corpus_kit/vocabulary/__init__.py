"""Vocabularies: tokenizers trained on a weighted sample, converted, proven equal, and compared."""

from corpus_kit.vocabulary.compare import Comparison, compare
from corpus_kit.vocabulary.presets import PRESETS, Settings, settings_of
from corpus_kit.vocabulary.train import Trained, train

__all__ = ["PRESETS", "Comparison", "Settings", "Trained", "compare", "settings_of", "train"]
