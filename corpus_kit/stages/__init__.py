"""The shipped stages. Importing this module registers them; it imports no model or extraction library."""

from corpus_kit.stages.exact import ExactDedup
from corpus_kit.stages.extract import Extract
from corpus_kit.stages.filter import Filter
from corpus_kit.stages.identify import Identify
from corpus_kit.stages.minhash import MinHashDedup
from corpus_kit.stages.normalize import Normalize
from corpus_kit.stages.weight import Weight

__all__ = ["ExactDedup", "Extract", "Filter", "Identify", "MinHashDedup", "Normalize", "Weight"]
