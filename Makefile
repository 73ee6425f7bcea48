# make setup | demo | test | docs | bench | validate | clean          (`make help` says more)
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.trabecula-installed
DEMO := runs/demo
# Options of the main job: make demo SET="hormones.levels.estradiol=[[0, 60]]" THREADS=1
SET ?=
THREADS ?= 2
# Processes that test side by side, a file of tests at a time
WORKERS ?= 2
# Situations that `make validate` lives through, each with its summary and figures
SITUATIONS ?= young_adult menopause surgical_menopause_estradiol andropause denosumab igf1_rise prednisone
# Arguments for the slow tests: make validate ARGS="-k menopause"
ARGS ?=
# Interpreter that has pyamg, parosol-py, bone-microarchitecture; most rounds of a case
PEERS ?=
ROUNDS ?= 9
TOGETHER := --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder
export SET PEERS

.PHONY: help setup demo test docs bench validate clean

help:
	@echo "make setup     install Trabecula and its tools into $(VENV) (once)"
	@echo "make demo      let a small bone live, say what happened, save a figure"
	@echo "               make demo SET=\"hormones.levels.estradiol=[[0, 60]]\" tries another course"
	@echo "make test      lint, types, import contracts, tests: what continuous integration runs"
	@echo "make docs      the generated tables and the whole site, docs/_build/index.html"
	@echo "make bench     speed, stage by stage and beside peers: mm^3-years per core-hour, ratios, memory"
	@echo "make validate  the slow tests, the study of the balance, every standard situation (many hours)"
	@echo "make clean     remove $(VENV), caches and the demo's run"

setup: $(STAMP)

$(STAMP): pyproject.toml
	@echo "Installing into $(VENV) (once, a few minutes) ..."
	"$$(.ci/find_python)" -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[dev]"
	@touch $@

demo: setup
	@rm -rf $(DEMO)
	$(BIN)/trabecula run configs/demo.yaml --out $(DEMO) --threads $(THREADS) $${SET:+--set "$$SET"}
	$(BIN)/trabecula plot $(DEMO)

# Kernels meet their twins with the JIT off, then all tests run compiled, with one thread unless they ask
# for two: first those that time themselves, alone on the machine, then the others side by side, in the
# order of their files, of which the first compiles what the others want. pytest's closing line comes last.
test: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	NUMBA_DISABLE_JIT=1 $(BIN)/python -m pytest $(TOGETHER) -m twin
	NUMBA_NUM_THREADS=$${NUMBA_NUM_THREADS:-2} $(BIN)/python -m pytest -m alone
	NUMBA_NUM_THREADS=$${NUMBA_NUM_THREADS:-2} $(BIN)/python -m pytest $(TOGETHER) -m "not slow and not alone"

docs: setup
	$(BIN)/python docs/generate.py
	$(BIN)/python docs/build.py

bench: setup
	$(BIN)/python benchmarks/bench.py --rounds $(ROUNDS) $${PEERS:+--peers "$$PEERS"} --out benchmarks/bench.json

validate: setup
	NUMBA_NUM_THREADS=$${NUMBA_NUM_THREADS:-2} $(BIN)/python -m pytest -m slow $(ARGS) || [ $$? -eq 5 ]
	$(BIN)/python benchmarks/balance.py --processes $(THREADS)
	$(BIN)/python benchmarks/balance_report.py
	$(BIN)/python benchmarks/balance_figures.py
	$(BIN)/python benchmarks/surface_points.py
	$(BIN)/python benchmarks/pk_rows.py
	for name in $(SITUATIONS); do \
	    $(BIN)/trabecula run configs/$$name.yaml --out runs/$$name --threads $(THREADS); \
	    $(BIN)/trabecula plot runs/$$name; \
	done

clean:
	rm -rf $(VENV) $(DEMO) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
