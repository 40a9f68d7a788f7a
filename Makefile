# `make` alone lists what there is. Each target installs what it lacks first (scripts/setup.sh).
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.PHONY: help setup build run test long zombienet fuzz fmt clippy deny lint
# Set-up, the build and the tests use all cores by themselves, and share one target folder.
.NOTPARALLEL:

# `make run ONCE=1` reaches run.sh by the environment, `make long ONLY=…` long.sh.
export ONCE ONLY

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' Makefile

setup: ## install what this machine lacks to build, run and test
	@scripts/setup.sh test

build: ## build strike-node and strike
	@scripts/setup.sh run
	@scripts/build.sh programs

run: ## start a local network and run one job on it; ONCE=1 stops after the receipt
	@scripts/ahead.sh run
	@$(MAKE) build
	@scripts/run.sh

test: ## run all ordinary tests
	@scripts/ahead.sh test
	@$(MAKE) setup
	@scripts/test.sh

long: ## run what takes long: chaos, large networks and counts, fuzzing; ONLY=networks|counts|fuzz runs a part
	@scripts/ahead.sh long
	@$(MAKE) setup
	@scripts/long.sh

zombienet: build ## pauses, kills and restarts on a network of zombienet (builds a thousand crates first)
	@scripts/zombienet.sh

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
