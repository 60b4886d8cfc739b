# `make help` lists what there is. Everything lives in .venv; nothing is installed on the system.
VENV ?= .venv
BIN := $(VENV)/bin
PYTHON_FILES := daemon client webui embed_tool prompts tests docs
export VENV

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev weights run demo test test-fast check lint format types docs bench \
        eval screenshots sizes install uninstall index clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup:
	@.ci/setup runtime

setup-dev:
	@.ci/setup dev

weights: setup
	@test -f $(VENV)/models/all-MiniLM-L6-v2/model.safetensors || $(BIN)/alvo-embed model fetch

demo: weights ## the main job on sample material, in directories of its own, without a key
	@$(BIN)/python -m tests.demo

run: weights ## opens the shell; starts the daemon if none runs
	@$(BIN)/alvo

index: weights ## indexes folders and databases: make index DOCS="~/notes" DATABASES="~/shop.sqlite"
	@test -n "$(DOCS)$(DATABASES)" || \
		{ echo 'Say what: make index DOCS="folder …" DATABASES="file or folder …"' >&2; exit 2; }
	@for folder in $(DOCS); do $(BIN)/alvo-embed add "$$folder" || exit; done
	@for place in $(DATABASES); do $(BIN)/alvo-embed database add "$$place" || exit; done

# Most tests wait for other processes most of the time; those of one file run one after the other.
SIDE_BY_SIDE := --numprocesses logical --maxprocesses 4 --dist loadfile

# Side by side a busy machine may keep a test waiting beyond its patience: what fails so is named, and
# counts if it fails again alone.
ALONE := --last-failed --last-failed-no-failures none --maxfail 3

test: setup-dev weights ## every test
	@$(BIN)/python -m pytest $(SIDE_BY_SIDE) || { \
		echo 'Once more, alone, what failed above:'; \
		$(BIN)/python -m pytest $(ALONE); }

test-fast: setup-dev weights ## the tests that take no seconds
	@$(BIN)/python -m pytest $(SIDE_BY_SIDE) -m "not slow"

check: lint types ## what to run before a commit: lint, format, types, docs, structure
	@$(BIN)/python -m docs.generate --check
	@$(BIN)/python -m pytest tests/test_structure.py tests/test_docs.py

lint: setup-dev ## ruff, both as linter and as formatter
	@$(BIN)/ruff check $(PYTHON_FILES)
	@$(BIN)/ruff format --check $(PYTHON_FILES)

format: setup-dev ## puts the code into its form
	@$(BIN)/ruff check --fix $(PYTHON_FILES)
	@$(BIN)/ruff format $(PYTHON_FILES)

types: setup-dev ## mypy, strict
	@$(BIN)/mypy

docs: setup-dev ## writes the pages that are made from the code
	@$(BIN)/python -m docs.generate

bench: setup-dev weights ## speed and memory, as a table with a reference beside each number
	@$(BIN)/python -m tests.bench

eval: setup-dev weights ## quality of search and of decisions: make eval DATA=folder
	@$(BIN)/python -m tests.eval $(if $(DATA),"$(DATA)")

screenshots: setup-dev ## pictures of the pages: make screenshots TO=folder (build/screenshots)
	@$(BIN)/python -m tests.screenshots $(if $(TO),"$(TO)")

sizes: setup-dev ## how large modules and functions are
	@$(BIN)/python tests/sizes.py

install: weights ## for this user, without root: systemd units, and links in ~/.local/bin
	@systemd/install

uninstall: ## takes both away again; documents, index and settings stay
	@systemd/uninstall

clean: ## removes what tools left behind (.venv stays)
	@rm -rf build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
	@find $(PYTHON_FILES) -name __pycache__ -type d -prune -exec rm -rf {} +
