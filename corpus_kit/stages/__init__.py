"""The shipped stages. Importing this module registers them; it imports no model or extraction library."""

from corpus_kit.stages.classifier import Classifier
from corpus_kit.stages.clean import Clean
from corpus_kit.stages.count import Count
from corpus_kit.stages.datatrove import Datatrove
from corpus_kit.stages.decontaminate import NgramDecontaminate
from corpus_kit.stages.decontaminate_minhash import MinHashDecontaminate
from corpus_kit.stages.exact import ExactDedup
from corpus_kit.stages.extract import Extract
from corpus_kit.stages.filter import Filter
from corpus_kit.stages.identify import Identify
from corpus_kit.stages.minhash import MinHashDedup
from corpus_kit.stages.neutralize import Neutralize
from corpus_kit.stages.normalize import Normalize
from corpus_kit.stages.perplexity import Perplexity
from corpus_kit.stages.repeated import RepeatedLines, RepeatedParagraphs, RepeatedSentences
from corpus_kit.stages.split import Split
from corpus_kit.stages.substring import RepeatedSubstrings
from corpus_kit.stages.weight import Weight

__all__ = [
    "Classifier",
    "Clean",
    "Count",
    "Datatrove",
    "ExactDedup",
    "Extract",
    "Filter",
    "Identify",
    "MinHashDecontaminate",
    "MinHashDedup",
    "Neutralize",
    "NgramDecontaminate",
    "Normalize",
    "Perplexity",
    "RepeatedLines",
    "RepeatedParagraphs",
    "RepeatedSentences",
    "RepeatedSubstrings",
    "Split",
    "Weight",
]
