#!/usr/bin/env bash
# The Rust tests of zombienet/, with the programs of this checkout on the PATH.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/env.sh

PATH="$(target_dir)/debug:$PATH"
export PATH
# A workspace of its own, with a target folder of its own.
unset CARGO_TARGET_DIR
cd zombienet
exec cargo test
