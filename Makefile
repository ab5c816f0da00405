# Everything a developer or a first-time user types; `make` alone prints this list.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help setup run test ready lint fix types slow docs images demo bench clean version

VENV := .venv
BIN := $(VENV)/bin
WORKERS ?= auto
COVER := --cov --cov-report=html --cov-report=term:skip-covered
PYTEST := $(BIN)/python -m pytest -n $(WORKERS) --maxprocesses=4 --dist=worksteal

help: ## Print these targets
	@awk -F':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.dev ## Prepare .venv with all that development needs

run: $(VENV)/.base ## Start Ollascope; prepares .venv the first time
	@$(BIN)/python -m ollascope up

test: $(VENV)/.dev ## Run the quick tests (at most 8 minutes), with a coverage report in build/coverage
	@mkdir -p build
	$(PYTEST) -m "not slow" $(COVER)

slow: $(VENV)/.dev ## Run the tests that build, install or load for longer
	$(BIN)/python -m pytest -m slow

lint: $(VENV)/.dev ## Check style: Python with ruff, shell scripts with shellcheck
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .
	$(BIN)/shellcheck scripts/*.sh .ci/run

fix: $(VENV)/.dev ## Mend style where a program can
	$(BIN)/python -m ruff check --fix .
	$(BIN)/python -m ruff format .

types: $(VENV)/.dev ## Check types with mypy, strictly
	$(BIN)/python -m mypy

ready: lint types test slow ## All that CI runs: style, types, every test, drift of docs and examples

docs: $(VENV)/.dev ## Write the reference pages, example settings and requirements.txt from the program
	$(BIN)/python scripts/docs.py

images: $(VENV)/.dev ## Draw the pictures of the README anew, in docs/images
	KEEP_IMAGES=1 $(BIN)/python -m pytest -q tests/flows/test_images.py

demo: $(VENV)/.base ## A tour of what there is, in a folder of its own
	@scripts/tour.sh

bench: $(VENV)/.dev ## Measure what is promised, beside a peer or the limit
	@for script in benchmarks/[a-z]*.py; do echo "== $$script"; $(BIN)/python "$$script" || exit 1; done

clean: ## Remove all that was made here: .venv, build, caches
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

version: ## Print the version, or set it everywhere: make version NEW=0.2.0
	@scripts/version.sh $(NEW)

$(VENV)/.base: pyproject.toml scripts/setup.sh
	@scripts/setup.sh base

$(VENV)/.dev: pyproject.toml scripts/setup.sh
	@scripts/setup.sh dev
