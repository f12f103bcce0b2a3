# make demo   set up and try it       make test   what CI runs       make check   all that must be green before landing
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
DEMO   ?= data/demo
# Versions the tests were green with. Empty: the newest that requirements*.txt allow.
LOCK   ?= -c requirements.lock

.PHONY: demo test test-newest faults types check audit bench bench-gpu bench-review clean help docs

help:
	@sed -n '1p' Makefile

$(VENV)/.run: requirements.txt requirements.lock
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, this is " + sys.version.split()[0] + "; name another with: make PYTHON=python3.12 ...")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(LOCK) -r requirements.txt
	touch $@

$(VENV)/.dev: $(VENV)/.run requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(LOCK) -r requirements.txt -r requirements-dev.txt
	touch $@

$(VENV)/.docs: $(VENV)/.run requirements-docs.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(LOCK) -r requirements-docs.txt
	touch $@

docs: $(VENV)/.docs
	$(BIN)/python -m docs.site.build

# Once: a second `make demo` opens the same round again, or goes on with its training.
$(DEMO)/.ready: | $(VENV)/.run
	test -f $(DEMO)/workspace.toml || $(BIN)/python -m scn_core init $(DEMO) --dataset demo
	if ls $(DEMO)/rounds/*/checkpoint.pt >/dev/null 2>&1; then $(BIN)/python -m scn_core train $(DEMO) --resume; \
	  else $(BIN)/python -m scn_core train $(DEMO) --image-size 64 --epochs 12 --batch-size 64; fi
	touch $@

demo: $(VENV)/.run $(DEMO)/.ready
	$(BIN)/python -m review_app serve $(DEMO) --open

# A file of tests stays in one process. Which process, how many and in which order: tests/conftest.py. One thread
# each: on as many cores as processes, torch's threads would mostly wait for each other. Byte code is kept whatever the
# environment says: to compile all tests anew takes a third of the time in which a process collects them.
test: $(VENV)/.dev
	PYTHONDONTWRITEBYTECODE= OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder

# Users and CI need neither node nor npm; TypeScript is there to check types, and makes no file.
node_modules/.ready: package-lock.json
	@command -v npm >/dev/null || { echo "make types and make check need Node.js 20 or newer with npm, and found no npm; install it, or run make test, which needs neither" >&2; exit 1; }
	npm ci --no-audit --no-fund --loglevel=error
	touch $@

types: node_modules/.ready
	npm run --silent types

# The same with the newest versions, in an environment of its own.
test-newest:
	$(MAKE) test VENV=.venv-newest LOCK=

check: $(VENV)/.dev types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(MAKE) audit
	$(MAKE) test

# Known holes in the packages of requirements.lock. Where their list cannot be had, as offline, a sentence says so.
audit:
	@$(PYTHON) -m venv $(VENV)-audit && $(VENV)-audit/bin/python -m pip install -q pip-audit >/dev/null 2>&1 \
	  || { echo "packages not audited: pip-audit cannot be installed here"; exit 0; }; \
	said=$$($(VENV)-audit/bin/pip-audit --disable-pip --no-deps -r requirements.lock 2>&1); code=$$?; \
	case "$$said" in *"Found "*"known vulnerabilit"*) echo "$$said" >&2; exit 1;; esac; \
	test $$code = 0 || { echo "packages not audited: the list of known holes cannot be had here"; exit 0; }; \
	echo "no known holes; packages that the list lacks, which were not audited: $$(echo "$$said" | grep -c "could not be audited")"

# Kills and power cuts, 50 times each; damaged inputs, 100,000 for each reader; an hour's work of 50 people. Hours of two
# cores, and no part of what CI runs.
faults: $(VENV)/.dev
	OMP_NUM_THREADS=1 KILLS=50 INPUTS=100000 SESSION_ANSWERS=1800 $(BIN)/python -m pytest -n auto tests/faults

bench: $(VENV)/.run
	$(BIN)/python -m scn_core bench

# Eight minutes on a machine with a GPU; FACES=ROOT adds the FERPlus protocol.
bench-gpu: $(VENV)/.dev
	$(BIN)/python -m benchmarks.gpu .scratch/gpu $(if $(FACES),--faces $(FACES))

# A million proposals, a real browser, 50 simulated reviewers: ten minutes and 3 GB.
bench-review: $(VENV)/.dev
	$(BIN)/python -m benchmarks.review_app

clean:
	rm -rf $(VENV) $(DEMO)
