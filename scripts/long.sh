#!/usr/bin/env bash
# What takes too long for every change: run before an issue is resolved, and now and then.
#   ONLY=networks   chaos, cut networks, late clocks, lost writes, and whatever network takes above a minute
#   ONLY=counts     sequences against the reference model, lies and honest jobs, in large numbers
#   ONLY=fuzz       coverage-guided fuzzing, STRIKE_FUZZ_SECONDS a target
# The variables below are the counts; set them to run more or fewer.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/env.sh

nextest() { cargo nextest run --workspace --features strike-e2e/fault-injection "$@"; }
wants() { [ -z "${ONLY:-}" ] || [ "$ONLY" = "$1" ]; }
case "${ONLY:-}" in
    '' | networks | counts | fuzz) ;;
    *)
        echo "long: ONLY is networks, counts or fuzz, not '$ONLY'" >&2
        exit 2
        ;;
esac

if wants networks; then
    scripts/build.sh tests
    nextest --profile long
fi
if wants counts; then
    export PROPTEST_CASES=${PROPTEST_CASES:-500}
    export STRIKE_HONEST_JOBS=${STRIKE_HONEST_JOBS:-1000}
    export STRIKE_SAMENESS_ROWS=${STRIKE_SAMENESS_ROWS:-100000}
    export STRIKE_SAMENESS_LAYERS=${STRIKE_SAMENESS_LAYERS:-100}
    nextest -E 'package(pallet-integration-tests) + (package(strike-inference) and test(/honest|sameness/))'
fi
if wants fuzz; then
    scripts/fuzz.sh all "${STRIKE_FUZZ_SECONDS:-60}"
fi
