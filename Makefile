.DEFAULT_GOAL := help
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

# Where a folder of wheels is named, torch comes from it; everywhere else uv picks the build that fits the machine.
ifdef PIP_FIND_LINKS
export UV_FIND_LINKS := $(PIP_FIND_LINKS)
else
export UV_TORCH_BACKEND := auto
endif

help:            ## list what there is
	@grep -E '^[a-z]+: .*##|^[a-z]+:  +##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | sort | awk -F '\t' '{printf "make %-8s %s\n", $$1, $$2}'

$(STAMP): pyproject.toml constraints.txt hatch_build.py src/reverie/native/kernels.c
	python3 -m venv $(VENV)
	$(BIN)/python -m pip install --quiet uv
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --compile-bytecode -c constraints.txt -e '.[dev]'
	@touch $@

setup: $(STAMP)  ## install into .venv and nothing more

run: $(STAMP)    ## set up and run the main job: the digits stream, the best learner and its controls
	$(BIN)/reverie run

test: $(STAMP)   ## set up and run the linters, the type checker and the tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/mypy
	$(BIN)/python -m pytest -n 2 --dist loadgroup

slow: $(STAMP)   ## the tests that take more than a minute each: kills of comparisons, of workers and of nights
	$(BIN)/python -m pytest -n 2 --dist loadgroup -m slow

lint: $(STAMP)   ## put the code in shape
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(STAMP)   ## build the documentation into docs/_build
	$(BIN)/sphinx-build -W -b html docs docs/_build

bench: $(STAMP)  ## run every benchmark, fail where a claim no longer holds
	$(BIN)/python benchmarks/all.py

wheel: $(STAMP)  ## wheels into dist/: one with kernels for this machine, and one of pure Python for any other
	$(BIN)/python -m pip wheel -q --no-deps --wheel-dir dist .
	REVERIE_PURE=1 $(BIN)/python -m pip wheel -q --no-deps --wheel-dir dist .

container:       ## an image that serves a brain: docker run -p 8765:8765 -v PATH:/brain reverie
	docker build -t reverie .

.PHONY: wheel container slow help setup run test lint docs bench
