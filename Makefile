# `make demo` and `make test` need nothing but Python 3.11 or newer, with venv, and make.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
COVERAGE ?=
# Tests wait a good part of their time, so there may be more workers than cores.
WORKERS ?= $(shell expr $$(getconf _NPROCESSORS_ONLN) '*' 2)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

help:  ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

install: $(VENV)/.installed  ## the command, at .venv/bin/zstack-aios-exporter
	@echo "$(BIN)/zstack-aios-exporter is ready"

PORT ?=
demo: $(VENV)/.installed  ## a living platform and its exporter, until Ctrl-C; PORT= for another port
	@PATH="$$PATH:$(CURDIR)/.tools/prometheus/machine" \
	    $(BIN)/zstack-aios-exporter demo $(if $(PORT),--web.listen-address 127.0.0.1:$(PORT))

test: $(VENV)/.developing  ## every kind of test; of long matrices a small sample
	@tools/prometheus
	@tools/alertmanager
	@tools/victoriametrics
	@tools/kubectl
	@tools/helm
	$(BIN)/python -m pytest -n $(WORKERS) $(COVERAGE)

test-all test-all-again: export ZSTACK_TEST_SAMPLE = usual
test-all reliability endings: WORKERS = auto
test-all: COVERAGE = --cov --cov-report=term
test-all: test  ## the same with larger samples and with coverage, some twenty minutes

AGAIN := --verbose --last-failed --last-failed-no-failures none
test-again: $(VENV)/.developing  ## the tests that failed in the last run, one after the other
	$(BIN)/python -m pytest $(AGAIN)

test-all-again: test-again

# Measured is what a user installs: what developing adds would be loaded too, and count.
BENCH := .tools/venv-bench

bench: bench-venv  ## how fast it is, beside its peers; some minutes
	$(BENCH)/bin/python -m benchmarks

bench-short: bench-venv  ## the same with fewer services, in about a minute
	$(BENCH)/bin/python -m benchmarks --short

bench-venv:
	@$(MAKE) --no-print-directory VENV=$(BENCH) $(BENCH)/.installed

reliability: $(VENV)/.developing  ## every fault at every place, some minutes
	ZSTACK_TEST_SAMPLE=whole $(BIN)/python -m pytest -n $(WORKERS) tests/robustness
	$(MAKE) hostile

hostile: $(VENV)/.developing  ## clients who mean harm, a thousand at once, some minutes; prints memory
	ZSTACK_TEST_SAMPLE=whole $(BIN)/python -m pytest --timeout 300 \
	    -o log_cli=true -o log_cli_level=INFO tests/robustness/hostile

endings: $(VENV)/.developing  ## every way to end at every moment; a quarter of an hour
	ZSTACK_TEST_SAMPLE=whole $(BIN)/python -m pytest -n $(WORKERS) tests/robustness/signals

test-system: $(VENV)/.developing  ## tests of the image and of systemd's units; as root, installs what they need
	@tools/test-system $(BIN)/python -n $(WORKERS)

test-system-again: $(VENV)/.developing
	@tools/test-system $(BIN)/python $(AGAIN)

FUZZ_SECONDS ?= 120
fuzz: $(VENV)/.fuzzing  ## untrusted inputs, bred by coverage; two minutes for each target
	$(BIN)/python -m tests.robustness.fuzz --seconds $(FUZZ_SECONDS)

MODULES ?=
mutate: $(VENV)/.mutating  ## whether tests notice the code with one thing changed; MODULES= for a few
	ZSTACK_TEST_SAMPLE=usual $(BIN)/python -m tests.robustness.mutation $(MODULES)

soak: $(VENV)/.developing  ## thirty days of the exporter's life; some minutes
	$(BIN)/python -m tests.robustness.soak

fleet: fleet-programs  ## a thousand platforms, four shards and what scrapes them; a quarter of an hour
	$(BIN)/python -m tests.robustness.fleet

fleet-short: fleet-programs  ## the same with 120 platforms, in a minute and a half
	$(BIN)/python -m tests.robustness.fleet --short

fleet-programs: $(VENV)/.developing
	@tools/prometheus
	@tools/victoriametrics

lint: $(VENV)/.developing  ## ruff, mypy, import-linter, yamllint, hadolint, shellcheck
	$(BIN)/ruff check .
	$(BIN)/python -m grafana --check
	$(BIN)/python -m docs --check
	$(BIN)/python -m deploy --check
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/yamllint --strict .
	$(BIN)/hadolint Dockerfile
	$(BIN)/shellcheck -x .ci/run $(wildcard tools/*)

format: $(VENV)/.developing  ## ruff's formatter and its safe fixes
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# REPOSITORY= and REGISTRY=: where the project is published from now on
docs: dashboards  ## the generated pages and tables
	@$(BIN)/python -m deploy.publishing --repository "$(REPOSITORY)" --registry "$(REGISTRY)"
	$(BIN)/python -m docs
	$(BIN)/python -m deploy

golden: $(VENV)/.developing  ## the pages that tests compare with, from the code as it is
	ZSTACK_TEST_GOLDEN=renew $(BIN)/python -m pytest -q tests/metrics/test_exposition.py

dashboards: $(VENV)/.developing  ## Grafana's dashboards, from their code
	$(BIN)/python -m grafana

SPAN ?= 3600
pictures:  ## docs/images: the dashboards with what PROMETHEUS= has of the last SPAN= seconds
	tools/pictures $(PROMETHEUS) $(SPAN)

LOCK = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
    --no-annotate --custom-compile-command "make lock"

UPGRADE = --upgrade
lock: $(VENV)/.developing  ## newest versions of every dependency, pinned by hash; UPGRADE= keeps them
	$(BIN)/python -m pip install --quiet uv
	$(LOCK) $(UPGRADE) --extra dev --output-file requirements/dev.txt pyproject.toml
	$(LOCK) --constraints requirements/dev.txt --output-file requirements/run.txt pyproject.toml
	$(LOCK) --constraints requirements/dev.txt --extra fuzz --output-file requirements/fuzz.txt pyproject.toml
	$(LOCK) --constraints requirements/dev.txt --extra mutate --output-file requirements/mutate.txt pyproject.toml
	echo hatchling | $(LOCK) --constraints requirements/dev.txt --output-file requirements/build.txt -
	$(LOCK) $(UPGRADE) --output-file requirements/sbom.txt requirements/sbom.in
	$(LOCK) $(UPGRADE) --output-file requirements/gates.txt requirements/gates.in

GATES := .tools/venv-gates
gates: $(GATES)/.installed-gates  ## linters of licences, workflows, image, manifests, routes and spelling
	@tools/gates $(GATES)/bin

audit: $(GATES)/.installed-gates  ## known vulnerabilities of what the exporter runs with; asks the internet
	$(GATES)/bin/pip-audit --require-hashes --disable-pip --requirement requirements/run.txt

sbom: $(VENV)/bin/python  ## what the exporter runs with, as sbom.json (CycloneDX)
	$(PYTHON) -m venv .tools/sbom
	.tools/sbom/bin/python -m pip install --quiet --require-hashes --no-deps -r requirements/sbom.txt
	.tools/sbom/bin/cyclonedx-py requirements --pyproject pyproject.toml --output-reproducible \
	    --validate --output-file sbom.json requirements/run.txt

release:  ## VERSION=1.2.3: the version and its changes, everywhere (docs/releasing.md)
	$(BIN)/python -m deploy.release prepare "$(VERSION)"
	$(MAKE) docs

release-check: $(VENV)/bin/python  ## TAG=v1.2.3: whether the tag is that of the version, and its changes are listed
	$(BIN)/python -m deploy.release check "$(TAG)"

BUILD := .tools/venv-build
packages: $(BUILD)/.building  ## wheel, source archive, chart and bill of materials, in dist/
	@tools/packages $(BUILD)/bin/python

image-twice:  ## whether two builds of the image are the same
	@tools/image --twice

push-image push-index push-chart push-page:  # what the workflow of a release runs
	@tools/publish $(@:push-%=%) $(TAG)

clean:  ## everything that make made
	rm -rf $(VENV) .tools .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .coverage*

$(VENV)/bin/python:
	@echo "making $(VENV)"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(VENV)/bin/python requirements/run.txt pyproject.toml
	@tools/install $(BIN)/python requirements/run.txt
	@echo "installing the exporter"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

$(VENV)/.developing: $(VENV)/.installed requirements/dev.txt
	$(BIN)/python -m pip install --quiet --require-hashes --no-deps -r requirements/dev.txt
	@touch $@

$(GATES)/.installed-gates: requirements/gates.txt
	$(PYTHON) -m venv $(GATES)
	$(GATES)/bin/python -m pip install --quiet --require-hashes --no-deps -r requirements/gates.txt
	@touch $@

$(BUILD)/.building: requirements/build.txt
	$(PYTHON) -m venv $(BUILD)
	$(BUILD)/bin/python -m pip install --quiet --require-hashes --no-deps -r requirements/build.txt
	@touch $@

$(VENV)/.fuzzing: $(VENV)/.developing requirements/fuzz.txt
	$(BIN)/python -m pip install --quiet --require-hashes --no-deps -r requirements/fuzz.txt
	@touch $@

$(VENV)/.mutating: $(VENV)/.developing requirements/mutate.txt
	$(BIN)/python -m pip install --quiet --require-hashes --no-deps -r requirements/mutate.txt
	@touch $@

.PHONY: test-again test-all-again test-system-again image-twice gates audit release release-check packages push-image push-index push-chart push-page sbom pictures help install demo test test-all reliability hostile endings test-system bench bench-short bench-venv fuzz mutate soak fleet fleet-short fleet-programs lint format docs golden dashboards lock clean
