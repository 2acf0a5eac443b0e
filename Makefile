# Two commands on a fresh machine with Python 3.11 or newer, git and make:
#   make demo   install, then show the whole way on the sample graph
#   make test   install, then lint, types and every test
.PHONY: demo test check unit docs docs-check notebooks clean

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin

demo: $(VENV)/.installed
	$(BIN)/kg-rec demo

test: check
	HF_HUB_OFFLINE=1 $(BIN)/pytest --cov --cov-report=term:skip-covered

check: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

unit: $(VENV)/.installed-dev
	OMP_NUM_THREADS=1 HF_HUB_OFFLINE=1 $(BIN)/pytest -n auto tests/unit tests/contract

# What is made by a program: pictures, transcripts, notebooks. It needs Chromium, and a home for the sample graph (DOCS_HOME).
# docs-check tells which transcripts no longer hold, and changes nothing.
DOCS_HOME ?= .demo-home

docs: $(VENV)/.installed-dev
	$(BIN)/python docs/images/draw.py
	HF_HUB_OFFLINE=1 $(BIN)/python docs/images/browser.py --home $(DOCS_HOME)
	HF_HUB_OFFLINE=1 $(BIN)/python docs/images/page.py --home $(DOCS_HOME)
	HF_HUB_OFFLINE=1 $(BIN)/python docs/transcripts.py --home $(DOCS_HOME)
	HF_HUB_OFFLINE=1 $(BIN)/python notebooks/run.py

docs-check: $(VENV)/.installed-dev
	HF_HUB_OFFLINE=1 $(BIN)/python docs/transcripts.py --home $(DOCS_HOME) --check

notebooks: $(VENV)/.installed-dev
	HF_HUB_OFFLINE=1 $(BIN)/python notebooks/run.py

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --editable . --constraint constraints.txt
	touch $@

$(VENV)/.installed-dev: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --editable '.[dev]' --constraint constraints.txt
	touch $@ $(VENV)/.installed

clean:
	rm -rf $(VENV) dist build .pytest_cache .ruff_cache .mypy_cache .coverage*
