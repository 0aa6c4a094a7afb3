# One verb each. `make demo` and `make test` do all the set-up on a fresh Debian or Ubuntu machine.
PYTHON ?= python3
BIN := .venv/bin
BUILD := build
DEMO := $(BUILD)/demo
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

demo: setup ## audit the sample camera, harden it, build it signed, audit that, boot it: reports and image in build/demo
	@echo "── audit: the camera as the field has them ──"
	@$(BIN)/python examples/camera/build.py -o $(BUILD)/camera
	@mkdir -p $(DEMO)
	@rm -f $(DEMO)/vulns.sqlite
	@SOURCE_DATE_EPOCH=$(EXCERPT_DAY) $(BIN)/firmward vulns update --quiet --db $(DEMO)/vulns.sqlite \
	    --from cve=$(ADVISORIES)/cve --from nvd=$(ADVISORIES)/nvd.json \
	    --from kernel=$(ADVISORIES)/kernel.jsonl --from kev=$(ADVISORIES)/kev.json
	@$(BIN)/firmward audit $(BUILD)/camera/camera.img --policy examples/camera/device.toml \
	    --db $(DEMO)/vulns.sqlite \
	    -o $(DEMO)/report.html -o $(DEMO)/report.json -o $(DEMO)/report.sarif \
	    -o $(DEMO)/sbom.cdx.json -o $(DEMO)/sbom.spdx.json -o $(DEMO)/vex.cdx.json
	@echo "── harden: what is safe to cure, cured, and audited again (each cure in $(DEMO)/hardened.txt) ──"
	@rm -rf $(DEMO)/hardened
	@$(BIN)/firmward harden $(BUILD)/camera/camera.img --policy examples/camera/device.toml \
	    --as tar -o $(DEMO)/hardened >$(DEMO)/hardened.txt
	@sed '/^cured/,$$d' $(DEMO)/hardened.txt
	@echo "── build: the hardened camera, signed ──"
	@test -e $(DEMO)/passphrase || (umask 077 && head -c 24 /dev/urandom | base64 >$(DEMO)/passphrase)
	@test -e $(DEMO)/keys || $(BIN)/firmward keys init boot rootfs --store $(DEMO)/keys --passphrase-file $(DEMO)/passphrase
	@$(BIN)/firmward build examples/camera/device.toml --inputs $(BUILD)/camera --rootfs $(DEMO)/hardened/rootfs.tar \
	    -o $(DEMO)/signed --keys $(DEMO)/keys --passphrase-file $(DEMO)/passphrase --cache $(BUILD)/cache
	@echo "── audit: what was built (its headline and its chain; all of it in $(DEMO)/signed.html) ──"
	@$(BIN)/firmward audit $(DEMO)/signed --db $(DEMO)/vulns.sqlite -o $(DEMO)/signed.html | sed '/^life/,$$d'
	@echo "── boot: on a virtual device, called from outside ──"
	@$(BIN)/firmward lab boot $(DEMO)/signed --reach

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

docs: setup ## regenerate the pages of checks, commands, formats, accuracy and remedies
	@$(BIN)/python tools/docs.py
	@$(BIN)/python tools/accuracy.py
	@$(BIN)/python tools/hardening.py

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
