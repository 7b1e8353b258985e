# The two commands: `make certify` and `make test`. Both set up what they need in .venv.

PYTHON ?= python3
IMPL ?= reference
REGISTRY ?= embedded
BIN := .venv/bin
READY := .venv/.ready

.PHONY: certify test check bench clean

certify: $(READY)
	$(BIN)/pytest --impl=$(IMPL) --registry=$(REGISTRY) -n auto -q

test: $(READY) check
	$(BIN)/pytest -n auto -q

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(READY)
	$(BIN)/pip install -q -e '.[bench]'
	$(BIN)/python -m benchmarks

clean:
	rm -rf .venv report

$(READY): pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install -q -e '.[dev]'
	touch $@
