# Both targets start from a machine that has only Python 3.11+ and make.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin

.PHONY: demo test lint types unit jax fuzz install clean help

help:
	@echo "make demo   install, train DMAN on the embedded sample, ask the export a question"
	@echo "make test   install, lint, types and tests"
	@echo "make fuzz   spoilt files to what reads them, for MINUTES=10"

# One stamp for the whole environment: made again when a dependency changes.
$(VENV)/.installed: setup.cfg constraints.txt
	$(PYTHON) -c "import sys; sys.exit('kerasmm needs Python 3.11 or newer, found ' + sys.version) if sys.version_info < (3, 11) else None"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[test]'
	touch $@

install: $(VENV)/.installed

demo: install
	$(BIN)/python -m kerasmm.fit --model dman --output saved_models/dman --force
	$(BIN)/python -m kerasmm.search --model saved_models/dman --tag moon -k 5 --html runs/moon.html
	@echo "open runs/moon.html to see the pictures"

# Lint and types first, since they say in a minute what is wrong; then the tests on both backends beside each other.
test: lint types
	$(MAKE) --jobs=2 unit jax

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: install
	$(BIN)/mypy

# Two workers, each with whole files.
WORKERS ?= 2

unit: install
	$(BIN)/python -m pytest --numprocesses=$(WORKERS) --dist=loadfile --no-loadscope-reorder

# Layers, losses and metrics are pure keras.ops: the same tests on another backend, in a process of their own. Called
# without `jit`, JAX compiles the branches of a condition and the body of a loop at each call; kept, once is enough.
jax: export JAX_COMPILATION_CACHE_DIR = $(abspath $(VENV))/jax
jax: export JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS = 0
jax: export JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES = -1
jax: install
	KERAS_BACKEND=jax $(BIN)/python -m pytest tests/layers tests/losses tests/metrics

# Prints its seed, and how a case that failed is given again.
MINUTES ?= 10

fuzz: install
	$(BIN)/python -m tests.hostile.fuzz --minutes $(MINUTES)

clean:
	rm -rf $(VENV) build dist *.egg-info
