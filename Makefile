# One verb each. `make demo` and `make test` do all the set-up on a fresh Debian or Ubuntu machine.
PYTHON ?= python3
BIN := .venv/bin
BUILD := build
SECONDS_PER_TARGET ?= 60
# What is known of the sample camera is an excerpt of 16 July 2026.
ADVISORIES := examples/camera/advisories
EXCERPT_DAY := 1784160000

.PHONY: help setup demo test proof lint fix docs survey bench fuzz faults clean

help: ## what there is
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

setup: $(BIN)/.ready ## a .venv with the firmward command, and the Debian packages that are missing

$(BIN)/.ready: pyproject.toml tools/setup tools/debian-packages.txt tools/debian-packages-test.txt
	@PYTHON=$(PYTHON) tools/setup
	@touch $@

demo: setup ## build the sample camera, audit it, leave reports, SBOM and VEX in build/demo
	@$(BIN)/python examples/camera/build.py -o $(BUILD)/camera
	@mkdir -p $(BUILD)/demo
	@rm -f $(BUILD)/demo/vulns.sqlite
	@SOURCE_DATE_EPOCH=$(EXCERPT_DAY) $(BIN)/firmward vulns update --quiet --db $(BUILD)/demo/vulns.sqlite \
	    --from cve=$(ADVISORIES)/cve --from nvd=$(ADVISORIES)/nvd.json \
	    --from kernel=$(ADVISORIES)/kernel.jsonl --from kev=$(ADVISORIES)/kev.json
	@$(BIN)/firmward audit $(BUILD)/camera/camera.img --policy examples/camera/device.toml \
	    --db $(BUILD)/demo/vulns.sqlite \
	    -o $(BUILD)/demo/report.html -o $(BUILD)/demo/report.json -o $(BUILD)/demo/report.sarif \
	    -o $(BUILD)/demo/sbom.cdx.json -o $(BUILD)/demo/sbom.spdx.json -o $(BUILD)/demo/vex.cdx.json

test: setup ## all tests
	@$(BIN)/pytest -n 2 --dist loadfile

proof: setup ## what takes minutes: real roots of Debian's packages for five architectures
	@$(BIN)/pytest -n 2 --dist loadfile -m proof

lint: setup ## ruff and mypy
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

fix: setup ## let ruff mend what it can
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

docs: setup ## regenerate the pages of checks, commands, formats and accuracy
	@$(BIN)/python tools/docs.py
	@$(BIN)/python tools/accuracy.py

survey: setup ## audit every boot loader that Debian builds, write docs/field-survey.md
	@$(BIN)/python tools/field_survey.py

bench: setup ## measure against other programs in the same run, write docs/benchmarks.md and docs/comparison.md
	@$(BIN)/python bench

fuzz: setup ## every parser, SECONDS_PER_TARGET each
	@$(BIN)/python fuzz --seconds $(SECONDS_PER_TARGET)

faults: setup ## one-line breakages that the tests must catch
	@$(BIN)/python tools/faults

clean: ## remove what was built
	rm -rf $(BUILD) .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis
