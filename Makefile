# Two commands are enough: `make run` and `make test`. Both set everything up first, from PyPI alone.
PYTHON ?= python3
UV_VERSION := 0.13.9
READY := .venv/ready-$(shell cat pyproject.toml requirements.lock Makefile | sha256sum | cut -c1-16)
BIN := .venv/bin/python

.DEFAULT_GOAL := help
.PHONY: help run test check format bench bench-peers lock chaos clean

help: ## Say what each target does
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

run: $(READY) ## Run Concord whole, with a demo tenant; Ctrl-C stops it and loses nothing
	@$(BIN) -m api.cli up --demo

test: $(READY) ## Pass the tests, on a real PostgreSQL and a real Temporal of their own
	@# files side by side, each worker with servers of its own: one more than processors, as each waits half its time for
	@# servers, timers and processes; at most four, as each takes up to a gigabyte. What goes first: tests/conftest.py
	@$(BIN) -m pytest -n $$($(BIN) -c 'import os; print(min(4, 1 + (os.cpu_count() or 1)))') --dist loadfile --no-loadscope-reorder

check: $(READY) ## Lint, types, and the dependency rule between the layers
	@$(BIN) -m ruff check .
	@$(BIN) -m ruff format --check .
	@$(BIN) -m mypy
	@PYTHONPATH=. .venv/bin/lint-imports --no-cache 2>&1 | tail -n 6; exit $${PIPESTATUS[0]}

format: $(READY) ## Format the code and mend what the linter can
	@$(BIN) -m ruff check --fix --quiet . ; $(BIN) -m ruff format .

bench: $(READY) ## Print every speed bar as a table: ours, peer, ratio, bar, pass
	@$(BIN) -m bench

bench-peers: $(READY) ## Install the peers that `make bench` measures beside Concord, in an environment of their own
	@$(BIN) -m bench.peers install

chaos: $(READY) ## The long form of the fault tests (hours)
	@CONCORD_EXPLORE=1 $(BIN) -m pytest tests/domain
	@CONCORD_KILLS=300 $(BIN) -m pytest tests/infra/test_durability.py
	@CONCORD_SIGNER_KILLS=30 $(BIN) -m pytest tests/infra/test_signer_kills.py
	@CONCORD_CLOCK_HISTORIES=5000 $(BIN) -m pytest tests/domain/test_disputes_clocks.py
	@SCHEMATHESIS_EXAMPLES=20 SCHEMATHESIS_PHASES=examples,coverage,fuzzing $(BIN) -m pytest tests/api/test_schemathesis.py --timeout 0
	@CONCORD_DISPUTES=500 $(BIN) -m pytest tests/workflows/test_disputes.py -k "is_lost"

lock: $(READY) ## Pin what pyproject.toml allows, without addresses
	@$(BIN) -m uv pip compile --universal --no-annotate --no-header -q pyproject.toml --all-extras -o requirements.lock

clean: ## Remove the environment and caches; data in .concord stays
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis

SHELL := bash
# four processes start from these modules: compile them once, not at every start
unexport PYTHONDONTWRITEBYTECODE

$(READY): pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Concord needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) --version 2>&1). Try: make run PYTHON=python3.12"; exit 1; }
	@echo "Setting up .venv (once, about half a minute) ..."
	@# a set-up that was cut short may have left half of it
	@$(BIN) -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear .venv || { \
		echo "Python's venv module does not work here; on Debian and Ubuntu: apt install python3-venv"; rm -rf .venv; exit 1; }
	@$(BIN) -m pip install --quiet --disable-pip-version-check "uv==$(UV_VERSION)"
	@$(BIN) -m uv pip install --quiet --compile-bytecode --python $(BIN) -c requirements.lock -e '.[dev]'
	@rm -f .venv/ready-*; touch $(READY)
