#!/usr/bin/env bash
# Builds with the features of the whole workspace, so that no dependency is built twice.
#   scripts/build.sh programs   strike-node and strike
#   scripts/build.sh tests      what the end-to-end tests start as well: the node that misbehaves
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/env.sh

# `--bin` and not `-p`: a package by itself would be built with fewer features, and the SDK again for the tests.
programs=(--bin strike-node --bin strike)
case "${1:-programs}" in
    programs) cargo build --workspace "${programs[@]}" ;;
    tests) cargo build --workspace "${programs[@]}" --bin faulty-node --features strike-e2e/fault-injection ;;
    *)
        echo "usage: scripts/build.sh [programs|tests]" >&2
        exit 2
        ;;
esac
