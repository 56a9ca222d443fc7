# Needs make and Python 3.11+; everything else is installed once into .venv, by hash, from the lock files.
# PYTHON=python3.12 chooses the interpreter, ARGS="..." passes arguments on.

BIN := .venv/bin
ARGS ?=
SINCE ?=

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help run test check format generate lock proof bench clean venv dev \
	check-format check-lint check-types check-layers check-proto check-generated check-lean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' Makefile

run: venv ## Start the service (ARGS="--help" shows its flags)
	@exec $(BIN)/python cmd/server $(ARGS)

test: check ## Run every check, then every test
	@echo "== tests: architecture, unit, integration, e2e (pytest)"
	@$(BIN)/pytest --numprocesses=auto --maxprocesses=4 --dist=loadfile --no-loadscope-reorder $(ARGS)

check: check-format check-lint check-types check-layers check-proto check-generated check-lean ## Run the checks alone: format, lint, types, layers, contract, size

check-format: dev
	@echo "== format (ruff format)"
	@$(BIN)/ruff format --check --quiet --diff .

check-lint: dev
	@echo "== lint (ruff check)"
	@$(BIN)/ruff check --quiet .

check-types: dev
	@echo "== types (mypy --strict)"
	@$(BIN)/mypy

check-layers: dev
	@echo "== layers (import-linter)"
	@$(BIN)/lint-imports --no-logo

# SINCE=v1.2 compares the contract with another state, SINCE=none with nothing.
check-proto: dev
	@echo "== contract (buf lint, format, breaking)"
	@$(BIN)/python scripts/generate --links
	@$(BIN)/buf lint
	@$(BIN)/buf format --diff --exit-code proto
	@$(BIN)/python scripts/check_breaking $(SINCE)

check-generated: dev
	@echo "== generated code is fresh (scripts/generate --check)"
	@$(BIN)/python scripts/generate --check

check-lean: dev
	@echo "== the core is lean (scripts/check_lean)"
	@$(BIN)/python scripts/check_lean

format: dev ## Format sources and protos, and fix what ruff can fix
	@$(BIN)/ruff check --quiet --fix-only .
	@$(BIN)/ruff format --quiet .
	@$(BIN)/buf format --write proto

generate: dev ## Generate crud_service/v1 from proto/
	@$(BIN)/python scripts/generate

# The only target that needs uv; the lock files hold for every platform and Python.
LOCK = $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11
lock: dev ## Write the lock files anew (ARGS="--upgrade" takes newer versions)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@$(LOCK) $(ARGS) --extra consul pyproject.toml -o requirements.lock
	@$(LOCK) $(ARGS) -c requirements.lock --all-extras --group dev pyproject.toml -o requirements-dev.lock

proof: dev ## Run the fault suites with their full counts (up to 30 minutes)
	@echo "== proof: the fault suites with their full counts (pytest)"
	@CRUD_PROOF=1 $(BIN)/pytest -m proof --timeout=1800 $(ARGS)

bench: dev ## Compare with other systems on this machine; writes benchmarks/RESULTS.md
	@$(BIN)/python benchmarks/run $(ARGS)

clean: ## Remove everything that was installed, built or cached; data/ stays
	@rm -rf .venv .buf .cache build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

venv:
	@scripts/set_up run

dev:
	@scripts/set_up dev
