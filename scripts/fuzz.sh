#!/usr/bin/env bash
# Coverage-guided fuzzing of everything that reads what somebody else wrote: files of models, blobs, and transactions.
#
#   scripts/fuzz.sh                 all targets in turns, 60 seconds each
#   scripts/fuzz.sh TARGET SECONDS  one target, or `all`
#   scripts/fuzz.sh --minimize      fuzz/corpus becomes a small part of all short inputs that were found, with the same edges
#
# What is found new goes to fuzz/work/TARGET, which git does not keep; an input that ends in a panic, a hang or too much memory
# goes to fuzz/found/TARGET, which `cargo test` replays, and fails this script.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/env.sh
# What lints the workspace in CI has no part in this.
unset RUSTC_WORKSPACE_WRAPPER
root=$PWD

# The codegen options of the toolchain that is pinned: no nightly compiler and no sanitizer is needed. `--target` keeps them away
# from build scripts.
flags=(
    -C passes=sancov-module
    -C llvm-args=-sanitizer-coverage-level=4
    -C llvm-args=-sanitizer-coverage-inline-8bit-counters
    -C llvm-args=-sanitizer-coverage-pc-table
    -C llvm-args=-sanitizer-coverage-trace-compares
    -C link-arg=-Wl,-z,nostart-stop-gc
    --cfg fuzzing
)
host=$(rustc -vV | sed -n 's/^host: //p')
target_dir=$(target_dir)
# Inputs are small so that many of them run: what a reader does does not depend on how many gigabytes follow.
max_len=65536
rss_mb=2048
# Inputs in fuzz/corpus are shorter.
kept_len=3072
timeout_s=20
# Some targets write folders of files.
[ -d /dev/shm ] && export TMPDIR=/dev/shm

targets=(gguf safetensors folder tokenizer_json tokenizer_gguf adapter chat_template cache trace blobs calls)
minimize=
if [ "${1:-}" = --minimize ]; then
    minimize=1
    shift
fi
if [ "${1:-all}" != all ]; then
    [[ " ${targets[*]} " == *" $1 "* ]] || { echo "fuzz: no target $1; there are: ${targets[*]}" >&2; exit 2; }
    targets=("$1")
fi
seconds=${2:-60}

# build PROFILE TARGET…, with the arguments of cargo that are in `options`
build() {
    local profile=$1 target bins=()
    shift
    for target in "$@"; do bins+=(--bin "$target"); done
    (cd fuzz && RUSTFLAGS="${flags[*]}" cargo build --profile "$profile" --target "$host" --target-dir "$target_dir/fuzz" "${options[@]}" "${bins[@]}")
}

# The runtime is fuzzed natively; the engine is not needed for it, nor it for the engine.
files=()
for target in "${targets[@]}"; do [ "$target" = calls ] || files+=("$target"); done
# Of all, the trace alone needs the engine, and the blobs the store of a node.
features=()
[[ " ${targets[*]} " == *" trace "* ]] && features+=(engine)
[[ " ${targets[*]} " == *" blobs "* ]] && features+=(blobs)
options=(--no-default-features --features "${features[*]}")
[ ${#files[@]} = 0 ] || build release "${files[@]}"
options=(--no-default-features --features runtime)
[ ${#files[@]} = ${#targets[@]} ] || build runtime calls

# binary TARGET: where its program lies
binary() {
    local profile=release
    [ "$1" = calls ] && profile=runtime
    echo "$target_dir/fuzz/$host/$profile/$1"
}

if [ -n "$minimize" ]; then
    for target in "${targets[@]}"; do
        all=$(mktemp -d)
        fresh=$(mktemp -d)
        # Whole models are longer; the tests make them anew.
        find "fuzz/corpus/$target" "fuzz/work/$target" -type f -size -${kept_len}c -exec cp -t "$all" {} + 2>/dev/null || true
        "$(binary "$target")" -merge=1 -use_counters=0 -max_len=$max_len -rss_limit_mb=$rss_mb -timeout=$timeout_s \
            "$fresh" "$all" >/dev/null 2>&1
        rm -rf "fuzz/corpus/$target" "$all"
        mkdir -p fuzz/corpus
        mv "$fresh" "fuzz/corpus/$target"
        chmod 755 "fuzz/corpus/$target"
        printf '%-16s %6s inputs %8s bytes\n' "$target" "$(ls "fuzz/corpus/$target" | wc -l)" \
            "$(cat "fuzz/corpus/$target"/* | wc -c)"
    done
    exit
fi

# Tests write what fuzzing begins with: small files of every kind that are accepted.
# Sequences of transactions begin with those in fuzz/corpus/calls.
case "${targets[*]}" in
    calls) ;;
    blobs) STRIKE_FUZZ_SEEDS=$root/fuzz/work cargo test --quiet -p strike-blobs --test fuzz_cases >/dev/null ;;
    *) STRIKE_FUZZ_SEEDS=$root/fuzz/work cargo test --quiet -p strike-models -p strike-tokenizers -p strike-inference -p strike-blobs --test fuzz_cases >/dev/null ;;
esac

failed=0
for target in "${targets[@]}"; do
    mkdir -p "fuzz/work/$target" "fuzz/corpus/$target" "fuzz/found/$target"
    log=fuzz/work/$target.log
    status=0
    "$(binary "$target")" -max_total_time="$seconds" -max_len=$max_len -rss_limit_mb=$rss_mb -timeout=$timeout_s \
        -print_final_stats=1 -use_value_profile=1 -artifact_prefix="fuzz/found/$target/" \
        "fuzz/work/$target" "fuzz/corpus/$target" >"$log" 2>&1 || status=$?
    executed=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    peak=$(sed -n 's/^stat::peak_rss_mb: *//p' "$log")
    covered=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -1)
    features=$(sed -n 's/.* ft: \([0-9]*\) .*/\1/p' "$log" | tail -1)
    printf '%-16s %10s executions %7s edges %7s features %5s MB' "$target" "${executed:-?}" "${covered:-?}" "${features:-?}" "${peak:-?}"
    if [ "$status" = 0 ]; then
        echo
    else
        echo "   FOUND: see $log and fuzz/found/$target"
        failed=1
    fi
    rmdir --ignore-fail-on-non-empty "fuzz/found/$target"
done
exit $failed
