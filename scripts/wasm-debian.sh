#!/usr/bin/env bash
# Gives a Debian machine the wasm32v1-none target where rustup cannot download it: builds core and alloc for it from
# Debian's own library sources and registers Debian's compiler with rustup as the toolchain `debian-wasm`.
# Called by setup.sh; only the building needs root. `wasm-debian.sh check` uses what is there and fails if it has to be built.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/lib.sh

target_dir=/usr/lib/rustlib/wasm32v1-none
# The libraries fit one compiler only, so after an upgrade of Debian's compiler they are built again.
stamp=$target_dir/built-by

register() {
    [ -e "${RUSTUP_HOME:-$HOME/.rustup}/toolchains/debian-wasm" ] || rustup toolchain link debian-wasm /usr >&2
}

if [ -x /usr/bin/rustc ] && [ "$(cat "$stamp" 2>/dev/null)" = "$(/usr/bin/rustc --version)" ]; then
    register
    exit
fi
[ "${1:-}" != check ] || exit 1

is_debian_root || die "only root on Debian can prepare the Wasm target this way"
apt_install rustc-web cargo-web rust-web-src

# The linker has to be of the compiler's LLVM version.
llvm=$(/usr/bin/rustc -vV | sed -n 's/^LLVM version: \([0-9]*\).*/\1/p')
host=$(/usr/bin/rustc -vV | sed -n 's/^host: //p')
[ -x "/usr/bin/lld-$llvm" ] || apt_install "lld-$llvm"
mkdir -p "/usr/lib/rustlib/$host/bin"
ln -sf "/usr/bin/lld-$llvm" "/usr/lib/rustlib/$host/bin/rust-lld"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/src"
cat >"$work/Cargo.toml" <<'EOF'
[package]
name = "empty"
version = "0.0.0"
edition = "2021"
[lib]
crate-type = ["cdylib"]
[profile.release]
panic = "abort"
lto = true
[workspace]
EOF
cat >"$work/src/lib.rs" <<'EOF'
#![no_std]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}
EOF
# Not in the clone: its rust-toolchain.toml and the caller's settings are for the host's toolchain.
cd "$work"
unset RUSTC RUSTFLAGS CARGO_ENCODED_RUSTFLAGS CARGO_BUILD_TARGET RUSTUP_TOOLCHAIN
export CARGO_TARGET_DIR="$work/target"

say "building core and alloc for wasm32v1-none with Debian's $(/usr/bin/rustc --version) (half a minute)"
# Without the embedded bitcode the runtime's link-time optimization fails: "failed to get bitcode from object file".
RUSTFLAGS=-Cembed-bitcode=yes RUSTC_BOOTSTRAP=1 RUSTC=/usr/bin/rustc \
    PATH="/usr/lib/rustlib/$host/bin:$PATH" \
    /usr/bin/cargo build --quiet --release -Zbuild-std=core,alloc --target wasm32v1-none >&2

rm -rf "$target_dir"
mkdir -p "$target_dir/lib"
cp target/wasm32v1-none/release/deps/lib{core,alloc,compiler_builtins}-*.rlib "$target_dir/lib/"

register

# From here on it must behave like any toolchain with the target added: no build-std, no bootstrap variable.
rm -rf target
rustup run debian-wasm cargo build --quiet --release --target wasm32v1-none >&2 ||
    die "the Wasm target was built but does not link: see the lines above"
/usr/bin/rustc --version >"$stamp"
say "the rustup toolchain debian-wasm builds wasm32v1-none"
