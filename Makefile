# One verb each. `make demo` and `make test` do all the set-up on a fresh Debian or Ubuntu machine.
PYTHON ?= python3
BIN := .venv/bin
BUILD := build
DEMO := $(BUILD)/demo
KEYS := $(DEMO)/keys
PASSPHRASE := $(DEMO)/passphrase
PROOF := $(BUILD)/proof
SIGNED_BY := --keys $(KEYS) --passphrase-file $(PASSPHRASE) --cache $(BUILD)/cache
POLICY := examples/camera/device.toml
TRUSTING = --update-root $(PROOF)/repository/metadata/1.root.json
SECONDS_PER_TARGET ?= 60
SECONDS_OF_CUTS ?= 600
# What is known of the sample camera is an excerpt of 16 July 2026.
ADVISORIES := examples/camera/advisories
EXCERPT_DAY := 1784160000

.PHONY: help setup demo test attack proof soak lint fix docs survey bench fuzz faults clean

help: ## what there is
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

setup: $(BIN)/.ready ## a .venv with the firmward command, and the Debian packages that are missing

$(BIN)/.ready: pyproject.toml tools/setup tools/debian-packages.txt tools/debian-packages-test.txt
	@PYTHON=$(PYTHON) tools/setup
	@touch $@

$(KEYS):
	@mkdir -p $(DEMO)
	@test -e $(PASSPHRASE) || (umask 077 && head -c 24 /dev/urandom | base64 >$(PASSPHRASE))
	@$(BIN)/firmward keys init boot rootfs --store $(KEYS) --passphrase-file $(PASSPHRASE)

demo: setup ## audit the sample camera, harden it, build it signed, audit that, boot it: reports and image in build/demo
	@echo "── audit: the camera as the field has them ──"
	@$(BIN)/python examples/camera/build.py -o $(BUILD)/camera
	@mkdir -p $(DEMO)
	@rm -f $(DEMO)/vulns.sqlite
	@SOURCE_DATE_EPOCH=$(EXCERPT_DAY) $(BIN)/firmward vulns update --quiet --db $(DEMO)/vulns.sqlite \
	    --from cve=$(ADVISORIES)/cve --from nvd=$(ADVISORIES)/nvd.json \
	    --from kernel=$(ADVISORIES)/kernel.jsonl --from kev=$(ADVISORIES)/kev.json
	@$(BIN)/firmward audit $(BUILD)/camera/camera.img --policy $(POLICY) \
	    --db $(DEMO)/vulns.sqlite \
	    -o $(DEMO)/report.html -o $(DEMO)/report.json -o $(DEMO)/report.sarif \
	    -o $(DEMO)/sbom.cdx.json -o $(DEMO)/sbom.spdx.json -o $(DEMO)/vex.cdx.json
	@echo "── harden: what is safe to cure, cured, and audited again (each cure in $(DEMO)/hardened.txt) ──"
	@rm -rf $(DEMO)/hardened
	@$(BIN)/firmward harden $(BUILD)/camera/camera.img --policy $(POLICY) \
	    --as tar -o $(DEMO)/hardened >$(DEMO)/hardened.txt
	@sed '/^cured/,$$d' $(DEMO)/hardened.txt
	@echo "── build: the hardened camera, signed ──"
	@$(MAKE) --no-print-directory $(KEYS)
	@$(BIN)/firmward build $(POLICY) --inputs $(BUILD)/camera --rootfs $(DEMO)/hardened/rootfs.tar \
	    -o $(DEMO)/signed $(SIGNED_BY)
	@echo "── audit: what was built (its headline and its chain; all of it in $(DEMO)/signed.html) ──"
	@$(BIN)/firmward audit $(DEMO)/signed --db $(DEMO)/vulns.sqlite -o $(DEMO)/signed.html | sed '/^life/,$$d'
	@echo "── boot: on a virtual device, called from outside ──"
	@$(BIN)/firmward lab boot $(DEMO)/signed --reach

test: setup ## all tests
	@$(BIN)/pytest -n 2 --dist loadfile

attack: setup ## attack the hardened camera and its unprotected twin: build/proof/proof.html, docs/proof.md
	@$(BIN)/python examples/camera/build.py -o $(BUILD)/camera
	@mkdir -p $(PROOF)
	@$(MAKE) --no-print-directory $(KEYS)
	@tools/proof-updates keys $(PROOF)
	@# updates come from the lab's own machine on the device's network, at any time of the day
	@sed -e 's|^server = .*|server = "http://10.0.2.99:8080"|' -e 's|^data = .*|data = "data-roomy.ext4"|' \
	    -e 's|^data_size = .*|data_size = "64M"|' -e '/^window = /d' \
	    -e '/^to = "updates.maker.example"/{s|.*|to = "10.0.2.99/32"|;n;s|.*|port = 8080|}' $(POLICY) >$(PROOF)/device.toml
	@cp $(dir $(POLICY))triage.toml $(PROOF)/triage.toml
	@cp $(BUILD)/camera/images/data.ext4 $(BUILD)/camera/data-roomy.ext4
	@truncate -s 64M $(BUILD)/camera/data-roomy.ext4
	@PATH=$$PATH:/usr/sbin resize2fs $(BUILD)/camera/data-roomy.ext4 >$(PROOF)/data.txt 2>&1
	@echo "── harden: with consent to what may break ──"
	@rm -rf $(PROOF)/hardened
	@$(BIN)/firmward harden $(BUILD)/camera/camera.img --policy $(PROOF)/device.toml --unsafe \
	    --as tar -o $(PROOF)/hardened >$(PROOF)/hardened.txt
	@echo "── build: a release, one before it, from when it had not been hardened, two after it, of which one does not serve, and another product ──"
	@$(BIN)/firmward build $(PROOF)/device.toml --inputs $(BUILD)/camera --rootfs $(PROOF)/hardened/rootfs.tar \
	    -o $(PROOF)/signed $(SIGNED_BY) $(TRUSTING)
	@rm -rf $(PROOF)/past
	@$(BIN)/firmward harden $(BUILD)/camera/camera.img --policy $(PROOF)/device.toml --quiet \
	    --only ssh-host-key-baked-in --only private-key-embedded --as tar -o $(PROOF)/past
	@mkdir $(PROOF)/past/etc
	@tar -xOf $(PROOF)/past/rootfs.tar etc/os-release | sed 's/1\.4\.0/1.3.0/' >$(PROOF)/past/etc/os-release
	@tar --append -f $(PROOF)/past/rootfs.tar --owner=0 --group=0 --mode=0644 -C $(PROOF)/past etc/os-release
	@sed -e 's/^version = .*/version = "1.3.0"/' -e 's/^rollback_index = .*/rollback_index = 0/' \
	    $(PROOF)/device.toml >$(PROOF)/past/device.toml
	@$(BIN)/firmward build $(PROOF)/past/device.toml --inputs $(BUILD)/camera --rootfs $(PROOF)/past/rootfs.tar \
	    -o $(PROOF)/older $(SIGNED_BY) $(TRUSTING)
	@rm -rf $(PROOF)/next
	@mkdir -p $(PROOF)/next/etc
	@cp $(PROOF)/hardened/rootfs.tar $(PROOF)/next/rootfs.tar
	@tar -xOf $(PROOF)/next/rootfs.tar etc/os-release | sed 's/1\.4\.0/1.5.0/' >$(PROOF)/next/etc/os-release
	@tar --append -f $(PROOF)/next/rootfs.tar --owner=0 --group=0 --mode=0644 -C $(PROOF)/next etc/os-release
	@sed -e 's/^version = .*/version = "1.5.0"/' -e 's/^rollback_index = .*/rollback_index = 2/' \
	    $(PROOF)/device.toml >$(PROOF)/next/device.toml
	@$(BIN)/firmward build $(PROOF)/next/device.toml --inputs $(BUILD)/camera --rootfs $(PROOF)/next/rootfs.tar \
	    -o $(PROOF)/newer $(SIGNED_BY) $(TRUSTING)
	@# its web server does not start, since a plug-in was forgotten: the maker's own checks of a release see nothing of that
	@rm -rf $(PROOF)/flawed
	@mkdir -p $(PROOF)/flawed/etc/lighttpd
	@cp $(PROOF)/hardened/rootfs.tar $(PROOF)/flawed/rootfs.tar
	@tar -xOf $(PROOF)/flawed/rootfs.tar etc/os-release | sed 's/1\.4\.0/1.5.1/' >$(PROOF)/flawed/etc/os-release
	@tar -xOf $(PROOF)/flawed/rootfs.tar etc/lighttpd/lighttpd.conf >$(PROOF)/flawed/etc/lighttpd/lighttpd.conf
	@echo 'server.modules += ("mod_forgotten")' >>$(PROOF)/flawed/etc/lighttpd/lighttpd.conf
	@tar --append -f $(PROOF)/flawed/rootfs.tar --owner=0 --group=0 --mode=0644 -C $(PROOF)/flawed \
	    etc/os-release etc/lighttpd/lighttpd.conf
	@sed -e 's/^version = .*/version = "1.5.1"/' $(PROOF)/next/device.toml >$(PROOF)/flawed/device.toml
	@$(BIN)/firmward build $(PROOF)/flawed/device.toml --inputs $(BUILD)/camera --rootfs $(PROOF)/flawed/rootfs.tar \
	    -o $(PROOF)/broken $(SIGNED_BY) $(TRUSTING)
	@mkdir -p $(PROOF)/recorder
	@sed -e 's/^product = .*/product = "recorder"/' $(PROOF)/device.toml >$(PROOF)/recorder/device.toml
	@$(BIN)/firmward build $(PROOF)/recorder/device.toml --inputs $(BUILD)/camera --rootfs $(PROOF)/hardened/rootfs.tar \
	    -o $(PROOF)/other $(SIGNED_BY) $(TRUSTING)
	@echo "── release: all five, as updates ──"
	@tools/proof-updates publish $(PROOF) $(KEYS)
	@echo "── attack: the device, and its unprotected twin ──"
	@$(BIN)/firmward lab attack $(PROOF)/signed --older $(PROOF)/older \
	    --before $(BUILD)/camera/images/rootfs.squashfs \
	    --updates $(PROOF)/updates --online-keys $(PROOF)/server --passphrase-file $(PROOF)/updates-passphrase \
	    -o $(PROOF)/proof.html -o $(PROOF)/proof.json -o docs/proof.md

proof: attack ## all attacks, and then the tests that take minutes
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

soak: setup ## thousands of power cuts while updates are installed, simulated and on the virtual device: docs/power-cuts.md
	@$(BIN)/python examples/camera/build.py -o $(BUILD)/camera
	@$(BIN)/python tools/power-cuts --seconds $(SECONDS_OF_CUTS) --seed $$(date +%s)
	@$(MAKE) --no-print-directory $(KEYS)
	@$(BIN)/python tools/update-proof

fuzz: setup ## every parser, SECONDS_PER_TARGET each
	@$(BIN)/python fuzz --seconds $(SECONDS_PER_TARGET)

faults: setup ## one-line breakages that the tests must catch
	@$(BIN)/python tools/faults

clean: ## remove what was built
	rm -rf $(BUILD) .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis
