# Whowaits: `make` alone lists the targets. Needs Python 3.11+, make and git; nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready

.PHONY: help setup demo test lint bench docs lock browser database clean

help:  ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):[^#]*## */  make \1\t/' | expand -t 16

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "whowaits needs Python 3.11 or newer: make PYTHON=python3.12")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "setting up $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(STAMP)

setup: $(STAMP)  ## make .venv with the locked dependencies

demo: $(STAMP)  ## analyse the sample month; prints where the report lies
	@$(BIN)/whowaits demo -o out

browser:
	@command -v chromium >/dev/null 2>&1 || { \
	  echo "the browser tests need Debian's chromium; trying to install it"; \
	  { [ "$$(id -u)" = 0 ] && apt-get update -qq && apt-get install -y -qq chromium >/dev/null; } || \
	  { command -v sudo >/dev/null 2>&1 && sudo -n apt-get update -qq && sudo -n apt-get install -y -qq chromium >/dev/null; } || \
	  echo "could not install chromium: run 'apt-get install chromium' as root, or set CHROMIUM=/path/to/chromium"; }

database:
	@ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null 2>&1 || { \
	  echo "the database tests need Debian's postgresql; trying to install it"; \
	  { [ "$$(id -u)" = 0 ] && apt-get update -qq && apt-get install -y -qq postgresql >/dev/null; } || \
	  { command -v sudo >/dev/null 2>&1 && sudo -n apt-get update -qq && sudo -n apt-get install -y -qq postgresql >/dev/null; } || \
	  echo "could not install postgresql: run 'apt-get install postgresql' as root"; }

test: $(STAMP) browser database  ## run every test
	@$(BIN)/python -m pytest -n auto --dist worksteal $(TESTS)

lint: $(STAMP)  ## ruff, mypy strict, the layers
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: $(STAMP)  ## run the benchmarks; tables go to docs/benchmarks.md by hand
	@for file in benchmarks/[a-z]*.py; do echo "== $$file"; $(BIN)/python $$file || exit 1; done

docs: $(STAMP)  ## write the generated pages of docs/ anew
	@$(BIN)/python docs/generate.py

lock: $(STAMP)  ## freeze the versions now in .venv
	@{ echo '# Exact versions for development and CI; made by `make lock` from pyproject.toml.'; \
	  $(BIN)/python -m pip freeze --exclude-editable; } > requirements.lock

clean:  ## remove what make made
	rm -rf $(VENV) out dist build
