"""Weights: groups of documents, their sizes, the shares asked of them, and the epochs that give those shares."""
