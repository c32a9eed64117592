"""Training a classifier that tells good documents from bad ones by examples, and measuring it on some held out."""

from corpus_kit.classifier.train import Trained, train

__all__ = ["Trained", "train"]
