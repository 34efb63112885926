# Tillwatch's commands. `make` alone lists them; each prepares what it needs and says what it does.
MAKEFLAGS += --no-print-directory
PY := .venv/bin/python
RUNTIME_TOOLS := prometheus promtool alertmanager amtool nginx
BENCH_TOOLS := sloth prometheus3 promtool3
TEST_TOOLS := $(BENCH_TOOLS) logql postgres initdb redis-server nginx chromium
DEMO_ARGS ?=
PYTEST_ARGS ?=
# Three for two cores, for tests wait a third of their time.
WORKERS ?= 3
BENCH_ARGS ?=
LOAD_ARGS ?= --shape steady --workers 2
CAPACITY_ARGS ?=
DRILL_ARGS ?=
# Of a platform that runs: where it is, the key that its services know, and that of its probes.
LOAD_STATE := $(or $(TILLWATCH_STATE),$(or $(XDG_STATE_HOME),$(HOME)/.local/state)/tillwatch)
LOAD_AT := --host http://127.0.0.1:$(or $(PORT_BASE),8000) --prometheus http://127.0.0.1:$(shell expr $(or $(PORT_BASE),8000) + 1090)
LOAD_KEYS := TRAFFIC_KEY_FILE=$(LOAD_STATE)/run/secrets/shop/TRAFFIC_KEY PROBE_KEY_FILE=$(LOAD_STATE)/run/secrets/PROBE_KEY

.DEFAULT_GOAL := help
.PHONY: help setup demo demo-full test test-full load capacity drill drill-all lint generate bench env test-tools bench-tools

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: env ## the environment (.venv) and the real tools, alone
	@$(PY) -m tools.install install $(RUNTIME_TOOLS)

demo: setup generate ## everything from nothing: the platform on this machine, until Ctrl-C (DEMO_ARGS)
	@exec $(PY) -m local up $(DEMO_ARGS)

demo-full: setup generate ## the same with Jaeger and Loki, which are built first, once
	@$(PY) -m tools.install install jaeger loki
	@exec $(PY) -m local up $(DEMO_ARGS)

# The tests start Python some thousand times, which compiles everything anew where it may not keep what it compiled:
# it does, and beside the environment, so that no folder of the tree gets a __pycache__.
test test-full: export PYTHONDONTWRITEBYTECODE :=
test test-full: export PYTHONPYCACHEPREFIX := $(CURDIR)/.venv/pycache

test: setup test-tools ## every test that needs no cluster, in its short form (PYTEST_ARGS, WORKERS)
	@$(PY) -m pytest -n $(WORKERS) $(PYTEST_ARGS)

test-full: setup test-tools ## the long forms too: 5,000 examples a property
	@HYPOTHESIS_PROFILE=full $(PY) -m pytest -n $(WORKERS) -m "" $(PYTEST_ARGS)

load: env ## a load run at the platform that runs: `make demo DEMO_ARGS=--for-load` elsewhere first (LOAD_ARGS)
	@exec env $(LOAD_KEYS) $(PY) -m synthetics load $(LOAD_AT) --report load-report $(LOAD_ARGS)

capacity: env ## how many visits a second it bears, and what it runs out of; writes capacity.json (CAPACITY_ARGS)
	@exec env $(LOAD_KEYS) $(PY) -m synthetics capacity $(LOAD_AT) --report load-report $(CAPACITY_ARGS)

drill: setup generate ## break three platforms on purpose: who must be paged is, in time, and nothing is lost (DRILL_ARGS)
	@$(PY) -m local drill $(DRILL_ARGS)

drill-all: setup generate ## every drill, each until PagerDuty has heard of its end (DRILL_ARGS)
	@$(PY) -m local drill --all $(DRILL_ARGS)

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
