# One door: `make demo` shows the archive at work, `make test` proves it. Both need Python 3.11 and nothing else.
PYTHON ?= python3 python3.14 python3.13 python3.12 python3.11
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
JOBS ?= auto

.PHONY: demo test check docs bench bench-formats lock clean

demo: $(VENV)/fixtures
	@$(BIN)/python -m fixtures.demo demo

test: $(VENV)/dev
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal

check: $(VENV)/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python docs/generate.py --check
	$(BIN)/python docs/check_links.py

# write the tables of the manual anew that come from the program itself
docs: $(VENV)/fixtures
	$(BIN)/python docs/generate.py

bench: $(VENV)/dev
	$(BIN)/python benchmarks/ingest.py

bench-formats: $(VENV)/dev
	$(BIN)/python benchmarks/formats.py

# The two environments are one folder: `dev` holds all that `fixtures` holds. Everything in them is locked by its
# digest, what builds archivum as well, so that nothing is fetched but what the locks name.
$(VENV)/fixtures: requirements/fixtures.txt requirements/build.txt pyproject.toml | $(BIN)/python
	$(PIP) install --require-hashes -r requirements/build.txt -r requirements/fixtures.txt
	$(PIP) install --no-build-isolation --no-deps --editable .
	@touch $@

$(VENV)/dev: requirements/dev.txt requirements/build.txt pyproject.toml | $(BIN)/python
	$(PIP) install --require-hashes -r requirements/build.txt -r requirements/dev.txt
	$(PIP) install --no-build-isolation --no-deps --editable .
	@touch $@ $(VENV)/fixtures

$(BIN)/python:
	@for one in $(PYTHON); do \
	  if $$one -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; \
	  then echo "$$one -m venv $(VENV)"; exec $$one -m venv $(VENV); fi; \
	done; \
	echo "archivum needs Python 3.11 or newer. None of these is: $(PYTHON). Name one: make PYTHON=..." >&2; exit 2

# renew the locked versions; needs `uv`
LOCK := uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --quiet
lock:
	$(LOCK) pyproject.toml --extra postgresql --group dev --upgrade -o requirements/dev.txt
	$(LOCK) pyproject.toml --group fixtures -c requirements/dev.txt --upgrade -o requirements/fixtures.txt
	$(LOCK) pyproject.toml -c requirements/dev.txt --upgrade -o requirements/run.txt
	$(LOCK) requirements/build.in -c requirements/dev.txt --upgrade -o requirements/build.txt

clean:
	rm -rf $(VENV) demo dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
