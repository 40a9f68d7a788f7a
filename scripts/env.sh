# shellcheck shell=bash
# The environment of every cargo call: `. scripts/env.sh`, then use cargo by hand. Make, CI and all scripts source it too,
# because a variable that differs between two calls makes cargo build things again.

_strike_root=$(cd "$(dirname "${BASH_SOURCE[0]:-$0}")/.." && pwd)

# A fresh rustup may not be on the PATH of this shell yet.
case ":$PATH:" in
    *":${CARGO_HOME:-$HOME/.cargo}/bin:"*) ;;
    *) export PATH="${CARGO_HOME:-$HOME/.cargo}/bin:$PATH" ;;
esac

# Only setup.sh installs toolchains. Without this, each cargo call would try to fetch a target that rustup cannot get here.
export RUSTUP_AUTO_INSTALL=0

# The system's OpenSSL: building the vendored one takes three minutes.
export OPENSSL_NO_VENDOR=1

# The runtime's build script looks for Cargo.lock upwards from the target folder, which may lie elsewhere.
export WASM_BUILD_WORKSPACE_HINT="$_strike_root"

# STRIKE_TARGET_DIR: a target folder outside the checkout. One checkout a folder: see .ci/warm for why.
if [ -n "${STRIKE_TARGET_DIR:-}" ]; then
    export CARGO_TARGET_DIR="$STRIKE_TARGET_DIR"
fi

# Incremental files help who edits; in CI they only take time and disk.
if [ "${CI:-}" = true ]; then
    export CARGO_INCREMENTAL=0
fi

# The runtime is built for wasm32v1-none: by the pinned toolchain if it has the target, else by the one that
# wasm-debian.sh made.
_strike_sysroot=$(cd "$_strike_root" && rustc --print sysroot 2>/dev/null) || true
if [ ! -d "$_strike_sysroot/lib/rustlib/wasm32v1-none/lib" ] &&
    [ -e "${RUSTUP_HOME:-$HOME/.rustup}/toolchains/debian-wasm" ]; then
    export WASM_BUILD_TOOLCHAIN=debian-wasm
else
    unset WASM_BUILD_TOOLCHAIN
fi

# The target folder that cargo uses here: CARGO_TARGET_DIR, that of the user's cargo configuration, or `target`.
target_dir() {
    if [ -n "${CARGO_TARGET_DIR:-}" ]; then
        printf '%s\n' "$CARGO_TARGET_DIR"
    else
        cargo metadata --format-version 1 --no-deps --offline | sed 's/.*"target_directory":"\([^"]*\)".*/\1/'
    fi
}

unset _strike_root _strike_sysroot
