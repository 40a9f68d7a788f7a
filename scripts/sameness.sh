#!/usr/bin/env bash
# The bits of the exact class on targets other than this machine: `sameness.sh wasm` runs the test vectors in Wasm under wasmtime,
# `sameness.sh aarch64` the vectors, the kernels and the engine under qemu, with scalar code and with NEON. Without an argument both.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/lib.sh
. scripts/env.sh

target_dir=$(target_dir)
work=$target_dir/sameness
mkdir -p "$work"

wasm() {
    local python=$work/venv/bin/python
    if ! "$python" -c 'import wasmtime' 2>/dev/null; then
        python3 -m venv "$work/venv"
        "$python" -m pip install --quiet --disable-pip-version-check wasmtime==36.0.0
    fi
    # env.sh names Debian's toolchain where the pinned one lacks the target.
    local cargo=(cargo)
    [ -z "${WASM_BUILD_TOOLCHAIN:-}" ] || cargo=(rustup run "$WASM_BUILD_TOOLCHAIN" cargo)
    CARGO_TARGET_DIR=$work/target "${cargo[@]}" build --locked --release --target wasm32v1-none \
        --manifest-path tools/sameness/Cargo.toml
    "$python" tools/sameness/run.py "$work/target/wasm32v1-none/release/strike_sameness.wasm" docs/arithmetic-vectors.json
}

aarch64() {
    local target=aarch64-unknown-linux-gnu
    local tool
    for tool in qemu-aarch64 aarch64-linux-gnu-gcc aarch64-linux-gnu-g++; do
        command -v $tool >/dev/null && continue
        is_debian_root || die "needs qemu-user and the cross compilers of gcc and g++ for aarch64"
        apt_install qemu-user gcc-aarch64-linux-gnu g++-aarch64-linux-gnu
    done
    rustup target list --installed | grep -qx $target || rustup target add $target
    export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
    # On one processor: qemu 7.2 on x86-64 lets a load pass a sequentially consistent store before it, and the engine's threads
    # then sometimes miss a wake-up.
    local processor
    processor=$(taskset -cp $$ | sed 's/.*: \([0-9]*\).*/\1/')
    export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER="taskset -c $processor qemu-aarch64 -L /usr/aarch64-linux-gnu"
    export CC_aarch64_unknown_linux_gnu=aarch64-linux-gnu-gcc CXX_aarch64_unknown_linux_gnu=aarch64-linux-gnu-g++
    # `soft.rs` compares two implementations on one machine, which 100,000 cases under an emulator would only repeat.
    cargo test --target $target -p strike-arithmetic --features soft --lib --test vectors
    # The tests of kernels and engine go through every instruction set that the machine has: scalar and NEON.
    cargo test --target $target -p strike-inference --lib -- kernels:: exact:: --skip statistical::
}

case "${1:-all}" in
    wasm) wasm ;;
    aarch64) aarch64 ;;
    all)
        wasm
        aarch64
        ;;
    *) die "usage: scripts/sameness.sh [wasm|aarch64]" ;;
esac
