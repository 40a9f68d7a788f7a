#!/usr/bin/env bash
# Says what a target of the Makefile is about to do and how long it may take: scripts/ahead.sh run|test|long
# The times are estimates for two cores, from what docs/performance.md has measured.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/lib.sh

# Without Rust there is no target folder yet, and nobody to ask where it would be.
built=
if command -v cargo >/dev/null; then
    . scripts/env.sh
    [ ! -x "$(target_dir 2>/dev/null)/debug/strike-node" ] || built=1
fi

case "${1:-}" in
    run)
        todo="install what is missing, build strike-node and strike, start five nodes, and buy one answer"
        time="about 2 minutes"
        [ -n "$built" ] || time="20 to 55 minutes the first time, nearly all of it compiling"
        ;;
    test)
        todo="install what is missing, build everything with its tests, and run them: JavaScript, Rust, and networks of real nodes"
        time="10 to 20 minutes"
        [ -n "$built" ] || time="30 to 70 minutes the first time, most of it compiling"
        ;;
    long)
        todo="run what 'make test' leaves out: ${ONLY:-networks under chaos, large counts, fuzzing}"
        time="about an hour; ONLY=networks, ONLY=counts or ONLY=fuzz runs a part"
        ;;
    *) die "usage: scripts/ahead.sh run|test|long" ;;
esac
printf 'strike: this will %s.\nstrike: it may take %s. Ctrl-C stops it; started again, it goes on with what is built.\n' "$todo" "$time" >&2
