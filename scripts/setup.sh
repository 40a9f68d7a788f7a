#!/usr/bin/env bash
# Installs what this machine lacks, and says so. Safe to repeat; when nothing is missing it takes about a second.
#   scripts/setup.sh [run]   what building and running need
#   scripts/setup.sh test    and what the tests need: cargo-nextest, Node.js with the packages of js/
#   scripts/setup.sh ci      and what only CI needs: cargo-deny, rustfmt, clippy
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/lib.sh
. scripts/env.sh

case "${1:-run}" in
    run) level=1 ;;
    test) level=2 ;;
    ci) level=3 ;;
    *) die "usage: scripts/setup.sh [run|test|ci]" ;;
esac
lacks() { ! command -v "$1" >/dev/null; }
wants_js() { [ "$level" -ge 2 ] && [ -f js/package-lock.json ]; }

# limit SECONDS CMD…: `timeout` where there is one; macOS has none.
limit() {
    local seconds=$1
    shift
    if lacks timeout; then "$@"; else timeout "$seconds" "$@"; fi
}

# From the system's packages where they have it (Debian from 13 on), else as its makers say. Compilers come later, by the pin.
install_rustup() {
    local by_hand="Rust is missing: install rustup as https://rustup.rs says, then start again"
    if is_debian_root && [ -n "$(apt-cache policy rustup 2>/dev/null | sed -n 's/^ *Candidate: \([0-9].*\)/\1/p')" ]; then
        apt_install rustup || die "$by_hand"
        # Debian's package leaves the proxies to a toolchain that comes later.
        hash -r
        return
    fi
    lacks curl && die "$by_hand"
    say "installing rustup, without a compiler yet"
    curl --proto '=https' --tlsv1.2 --silent --show-error --fail --max-time 120 https://sh.rustup.rs |
        sh -s -- -y --quiet --no-modify-path --profile minimal --default-toolchain none >&2 || die "$by_hand"
    hash -r
    lacks cargo && die "$by_hand"
    return 0
}

# --- System packages. The presence of the tool counts, not of the package: not every machine is a Debian.
packages=()
if lacks cc || lacks c++; then packages+=(build-essential); fi
if lacks pkg-config; then packages+=(pkg-config libssl-dev); fi
if ! lacks pkg-config && ! pkg-config --exists openssl; then packages+=(libssl-dev); fi
if lacks protoc; then packages+=(protobuf-compiler); fi
if wants_js && lacks node; then packages+=(nodejs); fi
if wants_js && lacks npm; then packages+=(npm); fi
if [ "${#packages[@]}" -gt 0 ]; then
    hint="sudo apt-get install --no-install-recommends ${packages[*]} (or the same from your system)"
    [ "$(uname)" != Darwin ] || hint="xcode-select --install; brew install pkg-config openssl@3 protobuf node"
    is_debian_root || die "system packages are missing, install them and start again: $hint"
    apt_install "${packages[@]}" || die "apt failed, install these by hand and start again: $hint"
fi

# --- Rust: rustup, the pinned toolchain, the Wasm target.
if lacks rustup || lacks cargo; then install_rustup; fi
channel=$(sed -n 's/^channel = "\(.*\)"/\1/p' rust-toolchain.toml)
if ! rustc --version >/dev/null 2>&1; then
    say "installing Rust $channel"
    # Without the target: where rustup's server lacks something, the toolchain should not fail with it.
    RUST_BACKTRACE=0 limit 900 rustup toolchain install "$channel" --no-self-update --profile minimal -c rustfmt -c clippy >&2 ||
        die "Rust $channel is missing and could not be downloaded: run 'rustup toolchain install $channel', then start again"
fi
sysroot=$(rustc --print sysroot)
if [ ! -d "$sysroot/lib/rustlib/wasm32v1-none/lib" ] && ! scripts/wasm-debian.sh check; then
    say "adding the Rust target wasm32v1-none"
    # Quietly: where there is no way to rustup's server, its many lines are no news.
    if limit 90 rustup target add wasm32v1-none >/dev/null 2>&1; then
        :
    elif is_debian_root; then
        say "rustup could not download it; taking Debian's compiler and library sources instead"
        scripts/wasm-debian.sh || die "the Wasm target could not be made: run 'rustup target add wasm32v1-none' where rustup reaches its server"
    else
        die "the Rust target wasm32v1-none is missing: run 'rustup target add wasm32v1-none', or on Debian this script once as root"
    fi
fi
if [ "$level" -ge 3 ]; then
    for tool in rustfmt cargo-clippy; do
        [ -x "$sysroot/bin/$tool" ] || limit 300 rustup component add "${tool#cargo-}" >&2 ||
            die "$tool is missing: run 'rustup component add ${tool#cargo-}', then start again"
    done
fi

# --- Cargo tools. Any installed version does; ours is built for a short build, not for speed.
cargo_tool() {
    local name=$1 version=$2 opt_level=$3
    shift 3
    command -v "$name" >/dev/null && return
    say "building $name $version, once (a few minutes)"
    # Its own throw-away target folder: the project's must not fill up with it.
    env -u CARGO_TARGET_DIR CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 \
        CARGO_PROFILE_RELEASE_OPT_LEVEL="$opt_level" CARGO_PROFILE_RELEASE_DEBUG=0 \
        cargo install --quiet --locked "$name" --version "$version" "$@" >&2 ||
        die "$name could not be built: run 'cargo install --locked $name --version $version', then start again"
}
if [ "$level" -ge 2 ]; then cargo_tool cargo-nextest 0.9.143 0 --no-default-features; fi
if [ "$level" -ge 3 ]; then cargo_tool cargo-deny 0.20.2 1; fi

# --- JavaScript packages, exactly as the lock file says.
if wants_js; then
    node_version=$(node -p process.versions.node)
    [ "${node_version%%.*}" -ge 18 ] ||
        die "Node.js 18 or newer is needed, this is $node_version: install a newer one, then start again"
    if [ ! js/node_modules/.package-lock.json -nt js/package-lock.json ]; then
        say "installing the packages of js/"
        (cd js && npm ci --no-audit --no-fund --loglevel=error) >&2 ||
            die "the packages of js/ could not be installed: see the lines above, then start again"
    fi
fi

say "all there for '${1:-run}'"
