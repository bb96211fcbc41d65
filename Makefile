# Every target does its own set-up. Needs Python 3.11 or newer, make and git.
#   make demo ARGS="--once --json"     make test ARGS="-k link"     make bench ARGS="NAME --json"
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory --no-builtin-rules

export PYTHON ?=
export PYTHONNOUSERSITE := 1
# A caller's PYTHONPATH or PYTHONHOME must not change what the targets run.
unexport PYTHONPATH PYTHONHOME VIRTUAL_ENV

BIN := .venv/bin
ARGS ?=
PACKAGES := protocol/juzhu_protocol device/juzhu_device host_daemon/juzhu_host simulator/juzhu_simulator

.PHONY: help
help: ## Show the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 18

.PHONY: setup setup-dev
setup: ## Make .venv with what the demo needs (wheels only)
	@tests/setup-venv.sh runtime
setup-dev: ## Make .venv with the development tools
	@tests/setup-venv.sh dev

.PHONY: demo
demo: setup ## Run the whole chain: permit issued, tapped, suspended, refused
	@tests/setup-parts.sh vm
	@$(BIN)/juzhu demo $(ARGS)

# Two workers, tests of one xdist_group on the same one.
PYTEST = $(BIN)/python -m pytest -q -n 2 --dist loadgroup
export JUZHU_REQUIRE_ALL

.PHONY: test
test: setup-dev ## Run the tests against the real parts (ARGS go to pytest)
	@tests/setup-parts.sh all
	@$(PYTEST) $(ARGS)

.PHONY: nightly
nightly: setup-dev ## Run the long forms: kills, mutants, fuzzing, big differential runs
	@tests/setup-parts.sh all
	@JUZHU_NIGHTLY=1 $(PYTEST) $(ARGS)

.PHONY: bench
bench: setup-dev ## Run one bench: ARGS="NAME --json"
	@tests/setup-parts.sh vm
	@$(BIN)/juzhu bench $(ARGS)

.PHONY: check
check: setup-dev ## Lint, format, types, generated files, import rule, mpy-cross
	@echo "check: ruff"
	@$(BIN)/ruff check -q
	@$(BIN)/ruff check -q --config tests/ruff-portable.toml $$($(BIN)/python tests/portable_files.py)
	@$(BIN)/ruff format -q --check || { echo "check: format with: make format"; exit 1; }
	@echo "check: mypy"
	@$(BIN)/mypy --no-error-summary
	@echo "check: generated files"
	@$(BIN)/python -m juzhu_protocol.schema.generate --check
	@$(BIN)/python -m juzhu_protocol.schema.document --check
	@$(BIN)/python -m juzhu_protocol.profiles.compile --check
	@echo "check: import rule, portable dialect, mpy-cross"
	@$(BIN)/python -m pytest -q -p no:cacheprovider $(RULES)
RULES := tests/test_import_rule.py tests/test_portable_dialect.py tests/test_mpy_cross.py tests/test_files.py

.PHONY: format
format: setup-dev ## Format the code and mend what ruff can mend
	@$(BIN)/ruff check -q --fix-only
	@$(BIN)/ruff format -q

.PHONY: hooks
hooks: setup-dev ## Run the quick checks before each commit
	@$(BIN)/pre-commit install

.PHONY: lock
UV := .venv/lock/bin/uv
COMPILE = $(UV) pip compile -q --no-config --universal --python-version 3.11 --generate-hashes --no-header --no-annotate
lock: setup ## Refresh the locked requirements (UPGRADE=1 takes newer versions)
	@$(BIN)/python -m venv .venv/lock && .venv/lock/bin/python -m pip install -q 'uv>=0.9'
	@$(COMPILE) $(if $(UPGRADE),--upgrade) pyproject.toml --group build -o requirements.txt
	@$(COMPILE) $(if $(UPGRADE),--upgrade) pyproject.toml --extra test --extra bench --extra dev --group build --group pcsc-build \
		-c requirements.txt -o requirements-dev.txt
	@$(COMPILE) $(if $(UPGRADE),--upgrade) --group pcsc --no-deps -o requirements-pcsc.txt

.PHONY: clean
clean: ## Remove what the targets made
	@rm -rf .venv .venv.lock build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	@find $(PACKAGES) tests -name node_modules -prune -exec rm -rf {} + 2>/dev/null || true
	@find $(PACKAGES) tests -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true
