# shellcheck shell=bash
# Helpers of the scripts beside this file; source it, do not run it.

# Everything a person reads goes to stderr: the stdout of `make run ONCE=1` belongs to the result.
say() { printf 'setup: %s\n' "$*" >&2; }

die() {
    printf 'setup: %s\n' "$*" >&2
    exit 1
}

# Installs Debian packages. `--no-remove`: rather fail than take a package away from somebody's machine.
apt_install() {
    say "installing by apt: $*"
    {
        apt-get -qq -o DPkg::Lock::Timeout=300 update &&
            DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o DPkg::Lock::Timeout=300 \
                install --no-install-recommends --no-remove "$@"
    } >&2
}

is_debian_root() { [ "$(id -u)" = 0 ] && [ -f /etc/debian_version ] && command -v apt-get >/dev/null; }
