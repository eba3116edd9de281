# Needs make and Python 3.11 or newer, nothing else. `make` alone lists what there is.
SHELL := /bin/sh
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory --no-builtin-rules

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
JOBS ?= 2
ARGS ?=
HOSTS ?=
# A reader's other links and caches must not change what is installed.
PIP := env -u PIP_FIND_LINKS -u PIP_NO_INDEX PIP_DISABLE_PIP_VERSION_CHECK=1 $(BIN)/python -m pip

say = @printf '\033[1m%s\033[0m\n' "$(1)"

.PHONY: help venv hosts demo test tests check lint types imports dependencies docstrings coverage bench nightly lock clean

help:  ## list the commands
	@sed -n 's/^\([a-z]*\):.*##/\1\t/p' Makefile | expand -t 14

venv: $(READY)  ## build .venv from the hashed locks and install highroad editable

$(READY): requirements/dev.txt pyproject.toml scripts/find-python
	@scripts/find-python >/dev/null
	$(call say,venv: building $(VENV) (locked and hashed; a minute or two the first time))
	@test -x $(BIN)/python && $(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
		|| { rm -rf $(VENV) && "$$(scripts/find-python)" -m venv $(VENV); } \
		|| { echo 'venv: this Python cannot make virtual environments (on Debian: apt install python3-venv)' >&2; exit 1; }
	@$(PIP) install --quiet --require-hashes -r requirements/dev.txt \
		|| { echo 'venv: the locked packages could not be installed; see the line above from pip' >&2; exit 1; }
	@$(PIP) install --quiet --no-deps --no-build-isolation --editable . \
		|| { echo 'venv: highroad itself could not be installed; see the line above from pip' >&2; exit 1; }
	@touch $@

# Tests have no network, so what they need of it is fetched before they begin.
hosts: $(READY)  ## build the environments in .hosts: frameworks that agents are brought with, MCP, Node
	@$(BIN)/python -m scripts.hosts $(HOSTS)

# An agent that waits for a person (4) has not failed.
demo: $(READY)  ## run the demo; CHAPTER=n shows one chapter, ASK="..." asks the support agent
	@$(BIN)/highroad demo $(if $(CHAPTER),--chapter "$(CHAPTER)") $(if $(ASK),--ask "$(ASK)") $(ARGS) $(if $(ASK),|| test $$? -eq 4)

test: check tests  ## gates, then every test but the nightly ones (this is what CI runs)
	$(call say,test: all green)

tests: $(READY) hosts  ## the tests alone; ARGS='--promise P3 -x' is handed to pytest
	$(call say,tests: pytest in $(JOBS) processes and random order without network)
	@$(BIN)/python -m pytest -n $(JOBS) $(ARGS)

check: lint types imports dependencies docstrings  ## every gate
	$(call say,check: every gate passed)

lint: $(READY)  ## ruff: rules and format
	$(call say,lint: ruff)
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check

types: $(READY)  ## mypy and basedpyright, and that the public surface is fully typed
	$(call say,types: mypy strict)
	@$(BIN)/mypy $(wildcard src tests/typing bench auditor scripts examples)
	$(call say,types: basedpyright over tests/typing and the public surface)
	@if [ -d tests/typing ]; then $(BIN)/basedpyright; else echo 'types: no tests/typing yet'; fi
	@$(BIN)/python scripts/public_types.py

imports: $(READY)  ## import-linter: the layers of the house
	$(call say,imports: import-linter)
	@$(BIN)/lint-imports --no-cache --no-logo

dependencies: $(READY)  ## deptry: what is imported is declared, what is declared is imported
	$(call say,dependencies: deptry)
	@$(BIN)/deptry src auditor

docstrings: $(READY)  ## interrogate: every public name is documented
	$(call say,docstrings: interrogate)
	@$(BIN)/interrogate --quiet src auditor || $(BIN)/interrogate -vv src auditor

coverage: $(READY) hosts  ## tests with branch coverage, and its report
	$(call say,coverage: pytest under branch coverage)
	@$(BIN)/coverage erase
	@$(BIN)/coverage run -m pytest -n $(JOBS) $(ARGS)
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report

bench: $(READY)  ## print every number that the docs state
	@test -f bench/run.py || { echo 'bench: there is no bench/run.py' >&2; exit 1; }
	@$(BIN)/python bench/run.py $(ARGS)

nightly: check  ## the long suites: nightly tests, more examples, coverage
	$(call say,nightly: the long tests too)
	@HYPOTHESIS_PROFILE=nightly $(MAKE) coverage ARGS="--nightly $(ARGS)"

lock: $(READY)  ## resolve the locks anew (ARGS=--upgrade moves to the newest versions)
	$(call say,lock: resolving)
	@BIN=$(BIN) scripts/lock $(ARGS)

clean:  ## remove environments, caches and products (not .highroad)
	@rm -rf $(VENV) .bench .hosts .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache \
		build dist htmlcov mutants .coverage .coverage.*
	@find src tests -name __pycache__ -type d -prune -exec rm -rf {} +
	$(call say,clean: done)
