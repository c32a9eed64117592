"""Benchmarks that a corpus must not contain: reading them, looking for them, and taking out what was found."""
