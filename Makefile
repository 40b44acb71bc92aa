# The two commands are `make run` and `make test`; both work from a bare clone with Python, make and git.
PYTHON ?= python3
BIN := .venv/bin
# Exact versions that were tested together; torch first and alone, so that nothing else decides which build is taken.
PIP_INSTALL := $(BIN)/pip install --disable-pip-version-check --constraint constraints.txt

.PHONY: setup run test check format bench clean help

help:            ## what can be made
	@sed -n 's/^\([a-z-]*\):[^#]*## */  make \1\t/p' Makefile | expand -t 20

setup: .venv/.installed  ## create .venv with Zaphod in it (the command is .venv/bin/zaphod)

.venv/.installed: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(PIP_INSTALL) torch
	$(PIP_INSTALL) --editable .
	touch $@

.venv/.developing: .venv/.installed
	$(PIP_INSTALL) --editable '.[dev,torrent]'
	touch $@

run: .venv/.installed  ## talk to the built-in model
	@$(BIN)/zaphod run

# Two processes with one thread each: the threads of two processes would wait for each other.
test: .venv/.developing  ## run the tests (under 15 minutes on 2 cores)
	OMP_NUM_THREADS=1 $(BIN)/pytest --numprocesses 2 --dist loadfile --cov --cov-report=term:skip-covered

check: .venv/.developing  ## format, lint, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: .venv/.developing  ## rewrite files in the house format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: .venv/.developing  ## measure the PyTorch path and conversion on this machine
	$(BIN)/python -m benchmarks.torch_runner
	$(BIN)/python -m benchmarks.conversion_memory

clean:           ## remove what was made
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage
