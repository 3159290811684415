# One door: `make demo` shows the archive at work, `make test` proves it. Both need Python 3.11 and nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
JOBS ?= auto

.PHONY: demo test check bench lock clean

demo: $(VENV)/fixtures
	$(BIN)/python -m fixtures.demo demo

test: $(VENV)/dev
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal

check: $(VENV)/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python docs/check_links.py

bench: $(VENV)/dev
	$(BIN)/python benchmarks/ingest.py

# the two environments are one folder: `dev` holds all that `fixtures` holds
$(VENV)/fixtures: requirements/fixtures.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/fixtures.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	touch $@

$(VENV)/dev: requirements/dev.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	touch $@ $(VENV)/fixtures

# renew the locked versions; needs `uv`
lock:
	uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url --quiet --upgrade -o requirements/run.txt
	uv pip compile pyproject.toml --group fixtures --universal --python-version 3.11 --generate-hashes --no-emit-index-url --quiet --upgrade -o requirements/fixtures.txt
	uv pip compile pyproject.toml --extra postgresql --group dev --universal --python-version 3.11 --generate-hashes --no-emit-index-url --quiet --upgrade -o requirements/dev.txt

clean:
	rm -rf $(VENV) demo dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
