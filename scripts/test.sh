#!/usr/bin/env bash
# All tests: Rust (with the end-to-end tests of e2e/, which start networks of their own), then JavaScript.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/env.sh

# The end-to-end tests start the real binaries, and cargo does not build other packages' binaries for a test.
cargo build --workspace --bins
cargo nextest run --workspace

if [ -f js/package.json ]; then
    (cd js && npm test)
fi

# The JavaScript checks against a running network: the one place for them. Start the network, run them, end the network.
