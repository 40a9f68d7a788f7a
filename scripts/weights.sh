#!/usr/bin/env bash
# Measures what the runtime's calls and hooks cost, and writes pallets/*/src/weights.rs.
#
#   scripts/weights.sh                  all pallets, 10 steps of 5 repetitions
#   scripts/weights.sh PALLET ARGS…     one, with arguments for the benchmarks: scripts/weights.sh market --repeat 20
#
# On a machine that does nothing else; about 40 minutes of building the first time, on 2 cores.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/env.sh
root=$PWD
target_dir=$(target_dir)/weights

pallets=(finality payouts provenance providers market verification)
if [ $# -gt 0 ]; then
    [[ " ${pallets[*]} " == *" $1 "* ]] || { echo "weights: no pallet $1; there are: ${pallets[*]}" >&2; exit 2; }
    pallets=("$1")
    shift
fi

# The benchmarking commands bring a runtime of their own, which nothing here runs.
export SKIP_FRAME_STORAGE_ACCESS_TEST_RUNTIME_WASM_BUILD=1
(cd tools/weights && cargo build --release --target-dir "$target_dir")
wasm=$target_dir/release/wbuild/strike-runtime/strike_runtime.compact.compressed.wasm

for pallet in "${pallets[@]}"; do
    "$target_dir/release/strike-weights" --runtime "$wasm" --genesis-builder runtime --genesis-builder-preset development \
        --pallet "pallet_$pallet" --extrinsic '*' --steps 10 --repeat 5 --min-duration 0 \
        --template tools/weights/template.hbs --output "pallets/$pallet/src/weights.rs" "$@"
    rustfmt --edition 2021 "pallets/$pallet/src/weights.rs"
done
