#!/usr/bin/env bash
# Starts the local network with the binaries that `make build` made; with ONCE=1 it ends after the receipt of one job.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/env.sh

args=(localnet --demo)
if [ "${ONCE:-}" = 1 ]; then args+=(--once); fi
exec "$(target_dir)/debug/strike" "${args[@]}"
