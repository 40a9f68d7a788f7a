# `make` alone lists what there is. Each target installs what it lacks first (scripts/setup.sh).
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.PHONY: help setup build run test chaos zombienet fuzz fmt clippy deny lint
# Set-up, the build and the tests use all cores by themselves, and share one target folder.
.NOTPARALLEL:

# `make run ONCE=1` reaches run.sh by the environment.
export ONCE

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' Makefile

setup: ## install what this machine lacks to build, run and test
	@scripts/setup.sh test

build: ## build all binaries
	@scripts/setup.sh run
	@. scripts/env.sh && cargo build --workspace --bins

run: build ## start a local network and run one job on it; ONCE=1 stops after the receipt
	@scripts/run.sh

test: setup ## run all tests
	@scripts/test.sh

chaos: setup ## tests with machines killed and paused, clocks late, writes lost and the network cut (ten minutes)
	@. scripts/env.sh && cargo build --workspace --bins --features strike-e2e/fault-injection && \
		cargo nextest run --profile long --workspace --features strike-e2e/fault-injection \
			-E 'package(strike-e2e) and (binary(chaos) + binary(partition) + binary(slow_clock) + binary(lost_writes))'

zombienet: build ## pauses, kills and restarts on a network of zombienet (builds a thousand crates first)
	@. scripts/env.sh && export PATH="$$(cargo metadata --format-version 1 --no-deps | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')/debug:$$PATH" && \
		unset CARGO_TARGET_DIR && cd zombienet && cargo test

fuzz: setup ## fuzz everything that reads what somebody else wrote, a minute a target
	@scripts/fuzz.sh

fmt: ## check the format of the code
	@. scripts/env.sh && cargo fmt --all --check

# No SKIP_WASM_BUILD: clippy then builds the runtime's Wasm that the build needs anyway, and nothing is built twice.
clippy: ## check the code, warnings denied
	@. scripts/env.sh && cargo clippy --workspace --all-targets --features strike-e2e/fault-injection -- -D warnings

deny: ## check licenses, banned crates and sources of the dependencies
	@. scripts/env.sh && cargo deny --log-level error check licenses bans sources

lint: ## format, clippy and dependencies
	@scripts/setup.sh ci
	@$(MAKE) fmt clippy deny
