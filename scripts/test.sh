#!/usr/bin/env bash
# All ordinary tests: web/ on its own, then Rust. The end-to-end tests of e2e/ start networks of real processes, and run web/checks,
# as it was built here, against some of them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/env.sh

(cd web && npm test)

# The end-to-end tests start the real binaries, and cargo does not build other packages' binaries for a test.
scripts/build.sh tests
# `fault-injection` belongs to the end-to-end tests alone: it builds a node that misbehaves, and changes no other crate.
cargo nextest run --workspace --features strike-e2e/fault-injection
