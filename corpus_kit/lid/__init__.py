"""Language identification that tells the Nordic languages apart, with a small model inside the package."""

from corpus_kit.lid.identify import Identifier, Prediction, Predictions, load

__all__ = ["Identifier", "Prediction", "Predictions", "load"]
