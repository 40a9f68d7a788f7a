"""What proof, memory and loading cost.

    python bench/costs.py [--models …] [--threads 1] [--rounds 5] [--json F] [--markdown F]

Run it with the Python of bench/setup.sh, after bench/make_models.py, on a machine that does nothing else.
- Trace: `strike engine bench` with and without `--trace`, in turns; and the bytes that `generate --save` leaves in files
  named `trace*`, a token and layer.
- Verify: the time of `strike engine verify` on 256 tokens behind a prompt of about 32, less that of the same command on
  one token (which leaves starting and loading out), against decoding the 256 and against a plain prefill of all.
- Memory: the most that was resident while a fresh copy of the file was imported and used, against 1.10 times its Q8_0
  bytes, the keys and values, and 64 MB.
- Loading: the first use of a fresh copy less a later use of it, by the gigabyte; and the later use as it is.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gguf

import measuring
from make_models import SHAPES, Shape
from measuring import MODELS, interleaved, run_json

PROMPT = "The boats leave with the morn"
TOKENS = 256
MEGABYTE, GIGABYTE = 1_000_000, 1_000_000_000
KV_BYTES = 2


@dataclass(frozen=True)
class Cost:
    """A measured figure and the most it may be."""

    model: str
    what: str
    value: float
    most: float
    unit: str

    @property
    def reached(self) -> bool:
        return self.value <= self.most

    def cells(self) -> list[str]:
        verdict = "yes" if self.reached else "no"
        return [self.model, self.what, f"{self.value:.3g} {self.unit}", f"{self.most:.3g} {self.unit}", verdict]


class Costs:
    def __init__(self, arguments: argparse.Namespace, model: str) -> None:
        self.engine: Path = arguments.engine
        self.threads: int = arguments.threads
        self.rounds: int = arguments.rounds
        self.shape: Shape = SHAPES[model]
        self.file: Path = arguments.model_folder / f"{model}-Q8_0.gguf"
        if not self.file.exists():
            raise SystemExit(f"{self.file} is missing: run bench/make_models.py")

    def cost(self, what: str, value: float, most: float, unit: str) -> Cost:
        return Cost(self.shape.name, what, value, most, unit)

    def command(self, name: str, *options: object, file: Path | None = None) -> list[object]:
        model = ["--model", file or self.file]
        return [self.engine, "engine", name, *model, *options, "--threads", self.threads, "--json"]

    def speed(self, field: str, prompt_tokens: int, tokens: int, *options: object) -> float:
        command = self.command("bench", "--prompt-tokens", prompt_tokens, "--tokens", tokens, *options)
        return float(run_json(command, self.threads)[field])

    def trace(self) -> list[Cost]:
        found = []
        for field, prompt_tokens, tokens, most in (("decode_tps", 32, 128, 0.02), ("prefill_tps", 512, 1, 0.06)):
            samples = interleaved(
                self.rounds,
                {
                    "plain": lambda: self.speed(field, prompt_tokens, tokens),
                    "traced": lambda: self.speed(field, prompt_tokens, tokens, "--trace"),
                },
            )
            share = samples["plain"].median / samples["traced"].median - 1
            found.append(self.cost(f"trace, of {field.removesuffix('_tps')}", 100 * share, 100 * most, "%"))
        return found

    def generate(self, folder: Path, tokens: int) -> dict[str, Any]:
        options = ["--prompt", PROMPT, "--max-tokens", tokens, "--save", folder]
        return run_json(self.command("generate", *options), self.threads)

    def verify_seconds(self, folder: Path) -> float:
        begin = time.perf_counter()
        run_json(self.command("verify", folder), self.threads)
        return time.perf_counter() - begin

    def verify(self) -> list[Cost]:
        with tempfile.TemporaryDirectory() as scratch:
            long, short = Path(scratch, "long"), Path(scratch, "short")
            job = self.generate(long, TOKENS)
            self.generate(short, 1)
            prompt, made = int(job["n_in"]), len(job["tokens"])
            if made < TOKENS:
                raise SystemExit(f"{self.shape.name} stopped after {made} tokens: choose another prompt")
            trace_bytes = sum(path.stat().st_size for path in long.glob("trace*"))
            samples = interleaved(
                self.rounds,
                {
                    "verify": lambda: self.verify_seconds(long) - self.verify_seconds(short),
                    "decode": lambda: made / self.speed("decode_tps", prompt, made),
                    "prefill": lambda: (prompt + made) / self.speed("prefill_tps", prompt + made, 1),
                },
            )
        seconds = samples["verify"].median
        return [
            self.cost("trace, a token and layer", trace_bytes / (prompt + made) / self.shape.layers, 72, "bytes"),
            self.cost("verify, of decoding", seconds / samples["decode"].median, 1 / 6, "times"),
            self.cost("verify, of a prefill", seconds / samples["prefill"].median, 1.1, "times"),
        ]

    def memory_and_loading(self) -> list[Cost]:
        positions = 512 + 128
        kv = 2 * KV_BYTES * self.shape.layers * self.shape.kv_heads * self.shape.head_width * positions
        weights = sum(int(tensor.n_bytes) for tensor in gguf.GGUFReader(self.file).tensors)
        # A fresh folder: the engine keeps its own form beside the file.
        with tempfile.TemporaryDirectory(dir=self.file.parent) as scratch:
            copy = Path(shutil.copy(self.file, scratch))
            small = self.command("bench", "--prompt-tokens", 1, "--tokens", 1, file=copy)
            first, resident = used(small)
            work = self.command("bench", "--prompt-tokens", 512, "--tokens", 128, file=copy)
            resident = max(resident, used(work)[1])
            later = min(used(small)[0] for _ in range(self.rounds))
        allowed = (1.10 * weights + kv + 64 * MEGABYTE) / MEGABYTE
        return [
            self.cost("peak resident, import included", resident / MEGABYTE, allowed, "MB"),
            self.cost("first import", (first - later) / (weights / GIGABYTE), 3.0, "s/GB"),
            self.cost("later load, with one token of prompt and one decoded", later, 0.2, "s"),
        ]


def used(command: Sequence[object]) -> tuple[float, int]:
    """Seconds that a command takes and the most bytes that it has resident."""
    begin = time.perf_counter()
    child = subprocess.Popen([str(part) for part in command], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    if os.waitstatus_to_exitcode(status) != 0:
        raise SystemExit(f"{' '.join(map(str, command))} failed")
    return time.perf_counter() - begin, usage.ru_maxrss * 1024


PARTS = ("trace", "verify", "memory_and_loading")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", choices=SHAPES, default=list(SHAPES))
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--engine", type=Path, default=measuring.default_engine(), help="the strike binary")
    parser.add_argument("--model-folder", type=Path, default=MODELS)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--markdown", type=Path)
    arguments = parser.parse_args()
    about = measuring.machine() | {"threads": arguments.threads, "rounds": arguments.rounds}
    found: list[Cost] = []
    for model in arguments.models:
        costs = Costs(arguments, model)
        # The first use imports the file; only the part about loading means to measure that.
        costs.speed("decode_tps", 1, 1)
        for part in arguments.parts:
            found += getattr(costs, part)()
    table = measuring.markdown(["model", "what", "measured", "at most", "reached"], [cost.cells() for cost in found])
    results = {"machine": about, "costs": [vars(cost) | {"reached": cost.reached} for cost in found]}
    measuring.write_results(results, table, arguments)


if __name__ == "__main__":
    main()
