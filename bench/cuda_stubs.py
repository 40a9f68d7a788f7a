"""Lets PyPI's torch wheel run on the CPU without its CUDA libraries (about 3 GB of packages).

The wheel links against them even where no GPU is used. For each that is missing this writes, beside torch's own
libraries, a shared library with the same name and symbols in which every function returns "no device" (100). Only
for measuring on the CPU: with a GPU install torch with all its dependencies instead.

    python bench/cuda_stubs.py     # inside the environment that has torch, which need not be importable yet
"""

from __future__ import annotations

import re
import subprocess
import sysconfig
import tempfile
from collections import defaultdict
from pathlib import Path

NO_DEVICE = 100
NEEDED = re.compile(r"\(NEEDED\).*\[(lib(?:cu|nv|nccl)[^\]]*)\]")
UNDEFINED = re.compile(r"\bUND\s+(\w+)(?:@(\S+))?")
# Of the libraries that do not version their symbols, by how the symbols begin; the first that fits.
UNVERSIONED = [
    ("nccl", "libnccl"),
    ("cusparseLt", "libcusparseLt"),
    ("cuFile", "libcufile"),
    ("curand", "libcurand"),
    ("cupti", "libcupti"),
    ("nvrtc", "libnvrtc"),
    ("cusolver", "libcusolver"),
    ("cudnn", "libcudnn"),
    ("cublas", "libcublas"),
    ("cu", "libcuda.so"),
]


def readelf(*arguments: str) -> str:
    return subprocess.run(["readelf", "-W", *arguments], check=True, capture_output=True, text=True).stdout


def owner(symbol: str, version: str | None, libraries: set[str]) -> str | None:
    """The library that should define a symbol."""
    if version is not None:
        return version if version in libraries else None
    for prefix, name in UNVERSIONED:
        if symbol.startswith(prefix):
            return next((library for library in libraries if library.startswith(name)), None)
    return None


def write_stub(folder: Path, library: str, symbols: dict[str, bool]) -> None:
    """Compiles a library of functions; `symbols` says of each name whether its version is asked for."""
    with tempfile.TemporaryDirectory() as scratch:
        source, script = Path(scratch, "stub.c"), Path(scratch, "stub.map")
        source.write_text("".join(f"int {name}(void) {{ return {NO_DEVICE}; }}\n" for name in symbols))
        versioned = any(symbols.values())
        script.write_text(f"{library} {{ global: *; }};\n")
        command = ["cc", "-shared", "-fPIC", "-fno-builtin", "-w", f"-Wl,-soname,{library}", str(source)]
        if versioned:
            command.append(f"-Wl,--version-script={script}")
        subprocess.run([*command, "-o", str(folder / library)], check=True)


def main() -> None:
    folder = Path(sysconfig.get_paths()["purelib"], "torch", "lib")
    torch_libraries = sorted(folder.glob("lib*torch*.so")) + sorted(folder.glob("libc*_*.so"))
    present = {path.name for path in folder.iterdir()}
    packages = folder.parent.parent / "nvidia"
    present |= {path.name for path in packages.glob("*/lib/*.so*")}
    needed = {name for path in torch_libraries for name in NEEDED.findall(readelf("-d", str(path)))}
    missing = needed - present
    symbols: dict[str, dict[str, bool]] = defaultdict(dict)
    for path in torch_libraries:
        for name, version in UNDEFINED.findall(readelf("--dyn-syms", str(path))):
            version = version.split("@")[-1].split(" ")[0] or None
            library = owner(name, version, missing)
            if library is not None:
                symbols[library][name] = symbols[library].get(name, False) or version is not None
    for library in sorted(missing):
        write_stub(folder, library, symbols[library])
    print(f"stand-ins for {len(missing)} CUDA libraries in {folder}")


if __name__ == "__main__":
    main()
