# `make` alone prints the targets. Everything lives in .venv; nothing is installed elsewhere.
VENV ?= .venv
PYTHON ?= python3
PORT ?= 8000
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install -q

# Three more than there are cores, for many tests wait; five at most, for memory's sake.
PARALLEL = -n $(shell $(PYTHON) -c 'import os; print(min(5, 3 + (os.cpu_count() or 1)))') --dist worksteal

.DEFAULT_GOAL := help
.PHONY: help install assets watch run test test-all check bench lock messages

help: ## Print the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/run.ok: requirements/run.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(PIP) --require-hashes -r requirements/run.txt
	$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/test.ok: $(VENV)/run.ok requirements/test.txt
	$(PIP) --require-hashes -r requirements/test.txt
	@touch $@

install: $(VENV)/run.ok assets ## Make the environment only

assets: $(VENV)/run.ok
	@$(BIN)/python hatch_build.py

watch: $(VENV)/run.ok ## Build the composer again with every change in ui/
	$(BIN)/python hatch_build.py --watch

# Without its composer (npm out of reach), everything else is there all the same.
run: $(VENV)/run.ok ## Start everything with a sample issue: web, scheduler, sending, built-in inbox
	-@$(BIN)/python hatch_build.py
	$(BIN)/mailer up --sample --port $(PORT)

test: $(VENV)/test.ok assets ## Run every test but the long fault and load runs
	tests/tools.sh
	$(BIN)/python -m pytest $(PARALLEL)

test-all: $(VENV)/test.ok assets ## Run every test, the long ones too
	tests/tools.sh
	$(BIN)/python -m pytest $(PARALLEL) -m 'slow or not slow'

check: $(VENV)/test.ok assets ## Lint, types (also of ui/), import contracts, wheel
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python hatch_build.py --test
	$(BIN)/python -m build --no-isolation --wheel --outdir build/wheel .

messages: $(VENV)/test.ok ## Bring the catalogues of the staff's pages up to date
	$(BIN)/python docs/messages.py

bench: $(VENV)/test.ok assets ## Run the benchmarks; results in bench/results
	tests/tools.sh
	$(BIN)/python -m bench

LOCK := uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header
lock: ## Write requirements/*.txt anew after a change in pyproject.toml (needs uv)
	$(LOCK) --group build -o requirements/run.txt
	$(LOCK) --group build --group test -c requirements/run.txt -o requirements/test.txt
