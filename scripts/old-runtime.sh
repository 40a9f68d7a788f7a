#!/usr/bin/env bash
# Builds the runtime that a commit of this repository has, for the test that upgrades a chain from it:
#   scripts/old-runtime.sh COMMIT FILE
# The commit is checked out in a temporary folder beside this checkout's target folder, and that folder is removed at the end.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

commit=${1:?which commit?}
file=$(realpath -m "${2:?into which file?}")
mkdir -p target
folder=$(mktemp -d "$PWD/target/old-runtime.XXXXXX")
trap 'git worktree remove --force "$folder" 2>/dev/null || true; rm -rf "$folder"' EXIT
git worktree add --detach "$folder" "$commit"

(
    cd "$folder"
    unset STRIKE_TARGET_DIR RUSTC_WORKSPACE_WRAPPER
    # Whatever cargo's configuration says: two checkouts must not share a target folder.
    export CARGO_TARGET_DIR="$folder/target"
    . scripts/env.sh
    .ci/warm take
    # Shrunk and compressed, as a chain stores it.
    export WASM_BUILD_TYPE=release
    cargo build --workspace --bins --features strike-e2e/fault-injection
)
mkdir -p "$(dirname "$file")"
cp "$folder"/target/debug/wbuild/strike-runtime/strike_runtime.compact.compressed.wasm "$file"
