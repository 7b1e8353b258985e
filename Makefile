# The commands: `make certify`, `make test`, `make kill-matrix`; `make chaos` draws schedules for BUDGET seconds in each of
# its cases. They set up what they need, in .venv, examples/node and tests/browser.

PYTHON ?= python3
IMPL ?= reference
REGISTRY ?= embedded
BUDGET ?= 60
BIN := .venv/bin
READY := .venv/.ready
INSTALLED := .venv-installed
NODE_READY := examples/node/node_modules/.ready
AXE_READY := tests/browser/node_modules/.ready

# Hundreds of short Python processes are started: without byte code each would compile what it imports.
unexport PYTHONDONTWRITEBYTECODE
# Hypothesis else brings trio, which Selenium needs, into each process that loads it.
export HYPOTHESIS_NO_PLUGINS = 1

.PHONY: certify chaos test check kill-matrix chances mutants installed lowest docs docs-tables docs-pictures bench soak clean

certify: $(READY)
	$(BIN)/pytest --impl=$(IMPL) --registry=$(REGISTRY) -n auto -q

chaos: $(READY)
	$(BIN)/pytest --impl=$(IMPL) --registry=$(REGISTRY) -n auto -q chaos/test_schedules.py --chaos-budget=$(BUDGET)

# A case of the suite mostly waits, and five share a core; most tests of the kit keep one busy, or have examinations run.
test: check $(NODE_READY) $(AXE_READY)
	$(BIN)/pytest -n $$((3 * $$(nproc))) -q

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

kill-matrix: $(READY)
	$(BIN)/python -m tests.kill_matrix

chances: $(READY)
	$(BIN)/python -m tests.chances

# What `pip install` gives: the newest of each thing that Proctor depends on, or the oldest that pyproject.toml allows.
installed: BOUND := >=
lowest: BOUND := ==
installed lowest:
	$(PYTHON) -m venv --clear $(INSTALLED)
	sed -n '/^dependencies/,/^]/s/^ *"\(.*\)>=\(.*\)",.*/\1$(BOUND)\2/p' pyproject.toml > $(INSTALLED)/constraints.txt
	$(INSTALLED)/bin/pip install -q -c $(INSTALLED)/constraints.txt .
	cd $(INSTALLED) && bin/proctor certify '$(CURDIR)/reference' -q

docs: $(READY)
	$(BIN)/sphinx-build --fail-on-warning --keep-going --quiet -c docs -d docs/site/.doctrees . docs/site

docs-tables: $(READY)
	$(BIN)/python -m tests.failure_modes

docs-pictures: $(READY)
	$(BIN)/python -m docs.pictures

mutants: $(READY)
	$(BIN)/python -m tests.mutants

bench: $(READY)
	$(BIN)/pip install -q -e '.[bench]'
	$(BIN)/python -m benchmarks

soak: $(READY)
	$(BIN)/python -m benchmarks.chaos 600

clean:
	rm -rf .venv $(INSTALLED) report docs/site examples/node/node_modules tests/browser/node_modules

$(READY): pyproject.toml
	$(PYTHON) -m venv --clear .venv
	$(BIN)/pip install -q -e '.[dev,docs,examples,pinned]'
	touch $@

# Without npm the example on Node is not examined, nor are pages judged by axe, and the tests say so.
$(NODE_READY) $(AXE_READY): %/node_modules/.ready: %/package-lock.json
	if command -v npm >/dev/null; then cd $* && npm ci --no-audit --no-fund; fi
	mkdir -p $(@D) && touch $@
