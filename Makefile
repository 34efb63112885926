# Tillwatch's commands. `make` alone lists them; each prepares what it needs and says what it does.
MAKEFLAGS += --no-print-directory
PY := .venv/bin/python
RUNTIME_TOOLS := prometheus promtool alertmanager amtool nginx
BENCH_TOOLS := sloth prometheus3 promtool3
TEST_TOOLS := $(BENCH_TOOLS) postgres initdb redis-server nginx chromium
DEMO_ARGS ?=
PYTEST_ARGS ?=
BENCH_ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help setup demo demo-full test test-full lint generate bench env test-tools bench-tools

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: env ## the environment (.venv) and the real tools, alone
	@$(PY) -m tools.install install $(RUNTIME_TOOLS)

demo: setup generate ## everything from nothing: the platform on this machine, until Ctrl-C (DEMO_ARGS)
	@exec $(PY) -m local up $(DEMO_ARGS)

demo-full: setup generate ## the same with Jaeger and Loki, which are built first, once
	@$(PY) -m tools.install install jaeger loki
	@exec $(PY) -m local up $(DEMO_ARGS)

test: setup test-tools ## every test that needs no cluster, in its short form (PYTEST_ARGS)
	@$(PY) -m pytest $(PYTEST_ARGS)

test-full: setup test-tools ## the long forms too: 5,000 examples a property
	@HYPOTHESIS_PROFILE=full $(PY) -m pytest -m "" $(PYTEST_ARGS)

lint: env ## style, types, import contracts, and no drift between specs and generated/
	@echo '==> ruff: rules'
	@.venv/bin/ruff check --quiet --output-format concise .
	@echo '==> ruff: format'
	@.venv/bin/ruff format --check --quiet --output-format concise .
	@echo '==> mypy'
	@.venv/bin/mypy
	@echo '==> import contracts'
	@.venv/bin/lint-imports --no-logo
	@echo '==> generated/ is what the specs say'
	@./generate.py check

generate: env ## specs to generated/
	@./generate.py build

bench: setup bench-tools ## side by side with sloth; writes bench/results.json (BENCH_ARGS)
	@$(PY) -m bench $(BENCH_ARGS)

env:
	@scripts/bootstrap.sh

test-tools: env
	@$(PY) -m tools.install install $(TEST_TOOLS)

bench-tools: env
	@$(PY) -m tools.install install $(BENCH_TOOLS)
