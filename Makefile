# Every target sets up what it needs in .venv; nothing but Python 3.11+, a C compiler and a package index is assumed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
KERNEL_SOURCES := $(wildcard corpus_kit/kernels/*.c corpus_kit/kernels/*.h)
BUILD_FILES := pyproject.toml setup.py $(KERNEL_SOURCES)

.PHONY: demo test test-torch long lint check clean docs

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip

$(VENV)/.run-installed: $(BIN)/python $(BUILD_FILES)
	$(BIN)/python -m pip install --quiet --editable '.[ray,web,frames]'
	@touch $@

$(VENV)/.dev-installed: $(BIN)/python $(BUILD_FILES)
	$(BIN)/python -m pip install --quiet --editable '.[all,dev]'
	@touch $@ $(VENV)/.run-installed

demo: $(VENV)/.run-installed
	$(BIN)/corpus-kit run pipelines/demo.yaml --input @examples/data/inputs.txt --output demo-run --overwrite

test: $(VENV)/.dev-installed
	$(BIN)/python -m pytest $(PYTEST_ARGS)

# Exports, read by megatron-core in an environment of its own.
test-torch: $(VENV)/.dev-installed
	$(BIN)/python -m benchmarks.environments megatron
	$(BIN)/python -m pytest -m torch $(PYTEST_ARGS)

# Too long for CI: fuzzing under sanitizers, gigabyte inputs, peers.
long: $(VENV)/.dev-installed
	$(BIN)/python -m pytest -m long -s $(PYTEST_ARGS)

lint: $(VENV)/.dev-installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright

check: lint test

clean:
	rm -rf $(VENV) build dist demo-run *.egg-info corpus_kit/kernels/*.so
