# Needs Python 3.11 or newer (with venv), Node 20 or newer, git and make. Everything else is fetched,
# to the versions and digests in requirements/*.lock.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
# The same version, with its digests, stands in requirements/dev.lock.
UV_PIN := uv==0.13.9
OUT ?= out
# Real data, where there is some: the Easter case is poorer without.
DATA ?= $(or $(TRUCELINE_DATA),$(wildcard ../shared/data))
# How many processes run the tests.
JOBS ?= 2

# uv shall use the interpreter of the environment, neither look for another nor download one.
export UV_PYTHON_DOWNLOADS := never
export VIRTUAL_ENV := $(abspath $(VENV))
# Where this is set, every start would compile every module again (seconds instead of tenths).
unexport PYTHONDONTWRITEBYTECODE
unexport PYTHONPATH

.PHONY: help setup demo test check bench evaluate evaluate-cases soak fuzz cover mutate docs lock lock-check test-tools clean

help: ## say what there is to make
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

setup: $(VENV)/.stamp ## install everything into .venv

# pip installs uv alone (by digest); uv installs the rest.
$(UV): | requirements/dev.lock
	@command -v $(PYTHON) >/dev/null || { echo "no $(PYTHON) here; install Python 3.11 or newer, or name one: make PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "got $$($(PYTHON) --version 2>&1), expected Python 3.11 or newer; name one: make PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "$(PYTHON) cannot make environments (no ensurepip); on Debian: apt-get install -y python3-venv" >&2; exit 1; }
	@echo "making $(VENV)"
	@[ -x $(BIN)/python ] || $(PYTHON) -m venv $(VENV)
	@awk '/^[a-z]/ {keep = /^$(UV_PIN) /} keep' requirements/dev.lock > $(VENV)/uv.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(VENV)/uv.lock

$(VENV)/.stamp: $(UV) requirements/dev.lock pyproject.toml
	@echo "installing what requirements/dev.lock names"
	@$(UV) pip sync --compile-bytecode --quiet --require-hashes requirements/dev.lock
	@$(UV) pip install --quiet --no-deps --no-build-isolation --offline -e .
	@$(BIN)/python -m compileall -q src
	@touch $@

demo: setup ## verify the two cases and say where their reports are
	@echo "== a simulated truce on an invented coast"
	@$(BIN)/truceline demo --scenario cases/demo/scenario.yaml --out $(OUT)/demo
	@echo "== Easter 2025$(if $(DATA),, (without data files: a poorer report))"
	@$(BIN)/truceline verify cases/easter-2025 --out $(OUT)/easter $(if $(DATA),--data $(DATA))

check: setup ## style, types, architecture, documents: under a minute once warm
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet . || { echo "run: $(BIN)/ruff format ." >&2; exit 1; }
	@$(BIN)/mypy
	@$(BIN)/mypy tools/*.py tools/evaluation/*.py benchmarks/*.py
	@$(BIN)/lint-imports --no-cache >$(VENV)/imports.txt || { cat $(VENV)/imports.txt >&2; exit 1; }
	@$(BIN)/python tools/messages.py --check
	@$(BIN)/python -m pytest -q -n $(JOBS) tests/docs

test: check test-tools ## check, then every test
	@CI=$${CI:-true} $(BIN)/python -m pytest -q -n $(JOBS) --ignore=tests/docs

# A browser to open the reports in. Installed where that is allowed; its tests are skipped otherwise.
test-tools:
	@if command -v chromium >/dev/null; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  echo "installing chromium for the browser tests"; \
	  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium; } </dev/null >/dev/null 2>&1 \
	  || echo "chromium could not be installed: the browser tests are skipped" >&2; \
	else echo "no chromium here: the browser tests are skipped; to run them: sudo apt-get install chromium" >&2; fi

bench: setup ## measure, and keep the tables in docs/benchmarks.md
	@$(BIN)/python benchmarks/run.py

evaluate: setup ## measure every target on simulated fronts, and keep the tables in docs/evaluation.md
	@$(BIN)/python tools/evaluate.py

evaluate-cases: setup ## run every case, and keep what each one says in docs/cases.md
	@$(BIN)/python tools/evaluate_cases.py --out $(OUT)/cases $(if $(DATA),--data $(DATA))

soak: setup ## kill writers of the evidence log thousands of times, and turn every bit of one
	@$(BIN)/python tools/soak_log.py --kills 2000 --bits

fuzz: setup ## feed every parser of the evidence log what it does not expect
	@$(BIN)/python tools/fuzz_custody.py --seconds 600

cover: setup ## which branches of the evidence log's code no test walks
	@$(BIN)/python tools/cover_custody.py

mutate: setup ## change the evidence log's code, and see which changes no test notices
	@$(BIN)/python tools/mutate_custody.py --out docs/benchmarks/custody_mutation.md

docs: setup ## write the documents that are generated from the code
	@$(BIN)/python tools/write_docs.py

COMPILE = $(UV) pip compile --quiet pyproject.toml --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-header --no-annotate
LOCKS ?= requirements
lock: $(UV) ## write the locks anew (LOCK_FLAGS=--upgrade takes newer releases)
	$(COMPILE) -o $(LOCKS)/base.lock $(LOCK_FLAGS)
	$(COMPILE) --group dev -c $(LOCKS)/base.lock -o $(LOCKS)/dev.lock $(LOCK_FLAGS)
	@! grep -nE '(https?|file)://' $(LOCKS)/*.lock

lock-check: $(UV) ## fail if pyproject.toml and the locks disagree
	@rm -rf $(VENV)/locks && cp -r requirements $(VENV)/locks
	@$(MAKE) --no-print-directory --silent lock LOCKS=$(VENV)/locks
	@diff -ru requirements $(VENV)/locks

clean: ## remove what was made, apart from the environment
	@rm -rf $(OUT) .pytest_cache .mypy_cache .ruff_cache .hypothesis
