# Targets set up .venv by themselves; `make help` lists them. Needed beforehand: Python 3.11, git, make.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

# Each step is a process of its own: without byte code every one of them would compile its libraries again.
unexport PYTHONDONTWRITEBYTECODE

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
# A uv of one's own is used where it runs; otherwise one is installed into the environment.
UV := $(shell uv --version >/dev/null 2>&1 && echo uv || echo $(BIN)/uv)
STAMP := $(VENV)/.installed

ACCOUNTS ?= 120
MONTHS ?= 18
SEED ?= 7
SERVE ?= 1
PORT ?= 8501
WORKERS ?= 2
TESTS ?= tests
ARGS ?=

.PHONY: help setup demo test lint format airflow torture torture-alerts bench bench-screens lock screenshots docs chromium postgres clean

help: ## Show the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

setup: $(STAMP) ## Make .venv from requirements.lock

$(STAMP): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" && $(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' \
		|| { echo "Gapwatch needs Python 3.11; name it with: make PYTHON=/path/to/python3.11" >&2; exit 2; }
	@if [ "$(UV)" = uv ]; then \
		test -x $(BIN)/python || uv venv --quiet --no-python-downloads --python "$(PYTHON)" $(VENV); \
	else \
		test -x $(BIN)/python || "$(PYTHON)" -m venv $(VENV); \
		test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet uv; \
	fi
	$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@

# 10 is "done, with rows in quarantine": the sample company's files are soiled on purpose.
demo: $(STAMP) ## Sample company: simulate, run, show in the browser (SERVE=0 stops before serving)
	$(BIN)/gapwatch demo --workspace demo --accounts $(ACCOUNTS) --months $(MONTHS) --seed $(SEED) \
		--port $(PORT) $(if $(filter 0 no false,$(SERVE)),--no-serve,--serve) $(ARGS) \
		|| test $$? -eq 10

test: $(STAMP) chromium postgres ## Run all tests, a browser included where there is one
	$(BIN)/python -m pytest $(TESTS) -n $(WORKERS) --dist loadgroup -m "not torture" $(ARGS)

lint: $(STAMP) ## Check style, types and SQL
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict gapwatch
	$(BIN)/sqlfluff lint --processes 2 --disable-progress-bar dbt_project

format: $(STAMP) ## Put the sources in shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

airflow: $(STAMP) ## Airflow on the demo workspace, on 127.0.0.1:8080, its home inside the workspace
	$(BIN)/python -m gapwatch.airflow --workspace demo $(ARGS)

torture-alerts: $(STAMP) ## 10,000 alerts, three senders, 200 kills (GAPWATCH_ALERTS, GAPWATCH_KILLS)
	nice $(BIN)/python -m pytest tests/delivery/test_kills.py -m torture --timeout 0 -s $(ARGS)

torture: $(STAMP) ## The long sweep of kills and faults
	$(BIN)/python -m pytest $(TESTS) -m torture --timeout 0 $(ARGS)

bench: $(STAMP) ## Speed beside hand-written SQL (ARGS="--tickets 10000000 --answers 5000000")
	$(BIN)/python -m benchmarks $(ARGS)

bench-screens: $(STAMP) chromium ## Speed of the screens beside an empty page, alone and with 25 viewers
	$(BIN)/python -m benchmarks.screens $(ARGS)

lock: ## Resolve pyproject.toml into requirements.lock, with hashes
	$(UV) pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-header -o requirements.lock $(ARGS)

screenshots: $(STAMP) chromium ## Pictures of the screens on the demo workspace, into screenshots/
	$(BIN)/python -m dashboards.screenshots demo --out screenshots $(ARGS)

docs: $(STAMP) ## Write the generated parts of docs/ again
	$(BIN)/python -m gapwatch.reference

# Debian's browser, where root may install it: the tests of the screens need one. The second font is for
# the Chinese labels. Without either the screens' tests say what is missing.
chromium:
	@if command -v chromium >/dev/null && fc-list 2>/dev/null | grep -qi 'noto.*cjk'; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "installing chromium"; \
		{ apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends \
			chromium fonts-noto-cjk fontconfig; } >/dev/null 2>&1 \
			|| echo "Chromium could not be installed; the tests of the screens need it: apt-get install chromium fonts-noto-cjk"; \
	else echo "The tests of the screens need a browser: apt-get install chromium fonts-noto-cjk"; fi

# The tests of the ledger start a server of their own; without one they are skipped, and say so.
postgres:
	@if ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "installing postgresql"; \
		{ apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends \
			postgresql; } >/dev/null 2>&1 \
			|| echo "PostgreSQL could not be installed; its tests are skipped: apt-get install postgresql"; \
	else echo "The tests of a ledger on PostgreSQL are skipped: apt-get install postgresql"; fi

clean: ## Remove the demo workspace and caches
	rm -rf demo build screenshots .pytest_cache .mypy_cache .ruff_cache dbt_project/target dbt_project/logs
