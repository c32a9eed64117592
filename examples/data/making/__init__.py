"""The parts of `examples/build_data.py`: texts out of packages, planted documents, writers with fixed bytes."""
