# Everything a reader or a developer does, one word each. Needs Python 3.11 or newer, make and a package index.
#   make book    execute the pages, build the site strictly, check it     make test   tests of the package
#   make serve   open the built site                                      make lint   style, types, layers, spelling
#   make bench   comparisons with other packages                          make lock   refresh constraints.txt
#   make music   the table of transcriptions (experiments/music)
#   make test-site, make test-browser   the two checks of the built site  make clean  remove what was built
#   make machines   every page and test as other processors would run them, without numba too (hours)
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV ?= .venv
BIN := $(abspath $(VENV))/bin
STAMP := $(VENV)/.installed
SITE := _build/html
CACHE = $(shell $(BIN)/python book/_ext/hdr_book.py)
PORT ?= 8000
# One BLAS thread a process: two notebooks or two test workers share the machine, and timings are comparable.
export OMP_NUM_THREADS := 1
export OPENBLAS_NUM_THREADS := 1

.PHONY: help install book test test-site test-browser test-oldest machines serve bench music lint lock clean

help:
	@sed -n '1,/^SHELL/{/^#/s/^# \{0,1\}//p}' Makefile

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(f"tensorly-hdr needs Python 3.11 or newer; $(PYTHON) is {v[0]}.{v[1]}. Try: make PYTHON=python3.12 $(MAKECMDGOALS)" if v < (3, 11) else 0)'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { echo "Python cannot make environments here; on Debian or Ubuntu: apt install python3-venv"; rm -rf $(VENV); exit 1; }
	$(BIN)/python -m pip install --disable-pip-version-check --quiet -c constraints.txt -e ".[book,test,lint]"
	@touch $@

install: $(STAMP)

# Notebooks run two at a time into the cache that the strict build reads. The site and the doctrees are made anew each
# time, so that no page and no warning of an earlier build survives.
book: $(STAMP)
	@rm -rf $(SITE) _build/.doctrees
	@mkdir -p $(CACHE)
	$(BIN)/jcache notebook -p $(CACHE) clear --force > /dev/null
	$(BIN)/jcache notebook -p $(CACHE) add -r myst_nb_md $$(grep -rl --include='*.md' '^kernelspec:' book)
	$(BIN)/jcache project -p $(CACHE) execute -e local-parallel -t 600
	$(BIN)/jupyter-book build . -W --keep-going -n
	@$(MAKE) --no-print-directory test-site
	@echo "The site is $(abspath $(SITE))/index.html; make serve opens it."

# Not for book, whose notebooks have a backend of their own.
test test-oldest: export MPLBACKEND := Agg
test: $(STAMP)
	$(BIN)/python -m pytest -n 2 -m "not network" --ignore=tests/site --ignore=tests/browser

test-site: $(STAMP)
	$(BIN)/python -m pytest -q tests/site

test-browser: $(STAMP)
	$(BIN)/python -m pytest -q -n 2 tests/browser

# MACHINES chooses: make machines MACHINES="Haswell no-numba --pages"; --list says what can be imitated here.
machines: $(STAMP)
	$(BIN)/python tools/machines.py $(MACHINES)

serve:
	@test -e $(SITE)/index.html || { echo "No site yet: run make book first."; exit 1; }
	@echo "Serving http://localhost:$(PORT)/ (Ctrl-C stops)"
	@$(PYTHON) -m webbrowser "http://localhost:$(PORT)/" > /dev/null 2>&1 & \
	$(PYTHON) -m http.server $(PORT) --bind 127.0.0.1 --directory $(SITE)

# Peers whose pins conflict with ours get environments of their own (PyTorch's wheel is large); one that cannot be
# installed is absent from the tables. QUICK=1 runs tiny data into _build/bench; ROUNDS=3 races three times.
bench: $(STAMP)
	$(BIN)/python benchmarks/_peers.py
	for name in nnls sparse_nnls nnkl factorization convolutive dictionary sparse_coding; do \
	  $(BIN)/python benchmarks/bench_$$name.py $(if $(QUICK),--quick) $(if $(ROUNDS),--rounds $(ROUNDS)); done

# The table of experiments/music; SOUNDS is where the sounds are, or are fetched to.
SOUNDS ?= _build/sounds
music: $(STAMP)
	experiments/music/fetch.sh $(SOUNDS)
	$(BIN)/python -m pip install --disable-pip-version-check --quiet music21
	$(BIN)/python experiments/music/run.py $(SOUNDS)

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/codespell
	$(BIN)/validate-pyproject pyproject.toml
	$(BIN)/check-jsonschema --builtin-schema vendor.citation-file-format CITATION.cff
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/zizmor --offline --quiet .github/workflows

# Two sets of exact pins, valid for Python 3.11 to 3.13: the newest versions of everything that book, test and lint use,
# and the oldest versions that the package promises to work with (with two of their dependencies held back, which warn or
# break under such old releases). uv asks the index that it is configured with; no address is written.
PIN := $(BIN)/uv pip compile --quiet --upgrade --no-annotate --no-header --no-emit-index-url pyproject.toml
lock: $(STAMP)
	$(BIN)/python -m pip install --quiet uv
	$(PIN) --universal --fork-strategy fewest --python-version 3.11 --extra book --extra test --extra lint --extra bench -o constraints.txt
	echo "torch==2.13.0" >> constraints.txt # by hand: make never installs it, CI does
	$(PIN) --resolution lowest-direct --python-version 3.11 --extra plot --extra music -c <(printf 'pandas<2.3\npyparsing<3.2\n') -o constraints-oldest.txt

# The compiled kernels are kept apart: two versions of numba throw out each other's.
test-oldest: export NUMBA_CACHE_DIR := $(abspath _build/oldest/numba)
test-oldest:
	$(PYTHON) -m venv _build/oldest
	_build/oldest/bin/python -m pip install --quiet -c constraints-oldest.txt -e ".[test]"
	_build/oldest/bin/python -m pytest -n 2 -m "not network" --ignore=tests/site --ignore=tests/browser

clean:
	rm -rf _build build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +
