"""Speed against llama.cpp, on the same processors, in turns.

    python bench/rivals.py [--models …] [--pairs …] [--tests …] [--threads 1 2] [--rounds 5] [--json F] [--markdown F]

Run it with the Python of bench/setup.sh, after bench/make_models.py, on a machine that does nothing else. The rival gets
its best settings: flash attention on and off and both batch sizes are tried once for each test, and the fastest is
measured. Every measurement is a process of its own, pinned to as many processors as it has threads, ours and the
rival's in turns; a row gives medians, and in brackets the least and the most.

Tests: prefill512 and prefill4096; decode is 128 tokens behind a prompt of 32, decode4096 128 tokens behind 4,096;
bandwidth is the share of the measured read bandwidth that our decoding reaches; batch8 and batch32 are our tokens of
8 and 32 sequences together against one alone; avx2 is prefill 512 and 4,096 with AVX2 at most, on both sides.
"""

from __future__ import annotations

import argparse
import itertools
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import gguf

import measuring
from measuring import AVX2_PYTHON, MODELS, NATIVE_PYTHON, Sample, interleaved, run_json, short

WORKER = Path(__file__).with_name("llama_worker.py")
MODEL_NAMES = ["SmolLM2-135M", "Qwen2.5-0.5B", "TinyLlama-1.1B"]
# Weights of ours and of the rival. A Q4_K_M file becomes Q8_0 when it is imported, so that is what meets it.
PAIRS = {"Q8_0": ("Q8_0", "Q8_0"), "Q4_0": ("Q4_0", "Q4_0"), "Q4_K_M": ("Q8_0", "Q4_K_M")}
BANDWIDTH_FROM_BYTES = 1_000_000_000


@dataclass(frozen=True)
class Job:
    """What is computed. `measured` is the field of the answer that counts."""

    measured: str
    prompt_tokens: int = 32
    tokens: int = 1
    position: int = 0
    batch: int = 1

    def arguments(self) -> list[object]:
        options: list[object] = ["--prompt-tokens", self.prompt_tokens, "--tokens", self.tokens]
        if self.position:
            options += ["--position", self.position]
        if self.batch > 1:
            options += ["--batch", self.batch]
        return options


@dataclass(frozen=True)
class Variant:
    """Settings of llama.cpp."""

    flash: int
    n_batch: int
    n_ubatch: int = 512

    def arguments(self) -> list[object]:
        return ["--flash", self.flash, "--n-batch", self.n_batch, "--n-ubatch", self.n_ubatch]


JOBS = {
    "prefill512": Job("prefill_tps", prompt_tokens=512),
    "prefill4096": Job("prefill_tps", prompt_tokens=4096),
    "decode": Job("decode_tps", tokens=128),
    "decode4096": Job("decode_tps", tokens=128, position=4096),
}
TESTS = [*JOBS, "bandwidth", "batch8", "batch32", "avx2"]
BATCH_TOKENS = 64
# The least ratio that is asked for, by pair and test.
WANTED = {
    ("Q8_0", "prefill512"): 3.0,
    ("Q8_0", "prefill4096"): 2.0,
    ("Q8_0", "decode"): 1.2,
    ("Q8_0", "decode4096"): 1.2,
    ("Q4_0", "decode"): 1.2,
    ("Q8_0", "bandwidth"): 0.8,
    ("Q8_0", "batch8"): 4.0,
    ("Q8_0", "batch32"): 8.0,
    ("Q8_0", "avx2 prefill512"): 1.2,
    ("Q8_0", "avx2 prefill4096"): 1.2,
}


@dataclass(frozen=True)
class Row:
    model: str
    weights: str
    threads: int
    test: str
    ours: Sample
    rival: Sample
    settings: str

    @property
    def ratio(self) -> float:
        return self.ours.median / self.rival.median

    @property
    def wanted(self) -> float | None:
        return WANTED.get((self.weights, self.test))

    def cells(self) -> list[str]:
        wanted = "" if self.wanted is None else f"{self.wanted:g}"
        reached = "" if self.wanted is None else ("yes" if self.ratio >= self.wanted else "no")
        shown = [str(self.ours), str(self.rival)]
        if self.test == "bandwidth":
            shown = [f"{short(part.median / 1e9)} GB/s" for part in (self.ours, self.rival)]
        return [self.model, self.weights, str(self.threads), self.test, *shown, f"{self.ratio:.2f}", wanted, reached]

    def as_json(self) -> dict[str, Any]:
        fields = {name: value for name, value in asdict(self).items() if name not in ("ours", "rival")}
        samples = {"ours": self.ours.as_json(), "rival": self.rival.as_json()}
        return fields | samples | {"ratio": self.ratio, "wanted": self.wanted}


HEADER = ["model", "weights", "threads", "test", "Strike", "against", "ratio", "wanted", "reached"]


class Bench:
    """The two engines, and which files they get."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.engine: Path = arguments.engine
        self.models: Path = arguments.model_folder
        self.rounds: int = arguments.rounds

    def file(self, model: str, weights: str) -> Path:
        path = self.models / f"{model}-{weights}.gguf"
        if not path.exists():
            raise SystemExit(f"{path} is missing: run bench/make_models.py")
        return path

    def ours(self, path: Path, threads: int, job: Job, isa: str | None = None) -> float:
        command = [self.engine, "engine", "bench", "--model", path, "--threads", threads, *job.arguments(), "--json"]
        return float(run_json(command, threads, {"STRIKE_ISA": isa} if isa else None)[job.measured])

    def rival(self, path: Path, threads: int, job: Job, variant: Variant, python: Path = NATIVE_PYTHON) -> float:
        # Decoding the one token that our command line asks for would only take time here.
        tokens = job.tokens if job.measured == "decode_tps" else 0
        options = Job(job.measured, job.prompt_tokens, tokens, job.position, job.batch).arguments()
        command = [python, WORKER, "--model", path, "--threads", threads, *options, *variant.arguments()]
        return float(run_json(command, threads)[job.measured])

    def best_variant(self, path: Path, threads: int, job: Job, python: Path = NATIVE_PYTHON) -> Variant:
        """What makes the rival fastest, of one measurement each."""
        batches = [2048, 512] if job.prompt_tokens > 512 else [2048]
        variants = [Variant(flash, n_batch) for flash, n_batch in itertools.product((0, 1), batches)]
        return max(variants, key=lambda variant: self.rival(path, threads, job, variant, python))

    def against(self, model: str, pair: str, threads: int, test: str) -> Row:
        ours_file, rival_file = (self.file(model, weights) for weights in PAIRS[pair])
        job = JOBS[test]
        variant = self.best_variant(rival_file, threads, job)
        samples = interleaved(
            self.rounds,
            {
                "ours": lambda: self.ours(ours_file, threads, job),
                "rival": lambda: self.rival(rival_file, threads, job, variant),
            },
        )
        return Row(model, pair, threads, test, samples["ours"], samples["rival"], str(variant))

    def avx2(self, model: str, threads: int, test: str) -> Row:
        path, job = self.file(model, "Q8_0"), JOBS[test]
        variant = self.best_variant(path, threads, job, AVX2_PYTHON)
        samples = interleaved(
            self.rounds,
            {
                "ours": lambda: self.ours(path, threads, job, "avx2"),
                "rival": lambda: self.rival(path, threads, job, variant, AVX2_PYTHON),
            },
        )
        return Row(model, "Q8_0", threads, f"avx2 {test}", samples["ours"], samples["rival"], str(variant))

    def bandwidth(self, model: str, pair: str, threads: int) -> Row | None:
        """Bytes of weights read a second while decoding, against what the memory gives."""
        path = self.file(model, PAIRS[pair][0])
        a_token = bytes_a_token(path)
        if a_token < BANDWIDTH_FROM_BYTES:
            return None
        samples = interleaved(
            self.rounds,
            {
                "ours": lambda: a_token * self.ours(path, threads, JOBS["decode"]),
                "memory": lambda: max(measuring.bandwidth(threads, rounds=5).values),
            },
        )
        return Row(model, pair, threads, "bandwidth", samples["ours"], samples["memory"], "read bandwidth")

    def batch(self, model: str, pair: str, threads: int, sequences: int) -> Row:
        path = self.file(model, PAIRS[pair][0])

        def measure(batch: int) -> Callable[[], float]:
            job = Job("decode_tps", tokens=BATCH_TOKENS, batch=batch)
            return lambda: self.ours(path, threads, job)

        samples = interleaved(self.rounds, {"together": measure(sequences), "alone": measure(1)})
        return Row(model, pair, threads, f"batch{sequences}", samples["together"], samples["alone"], "one alone")

    def rows(self, model: str, pair: str, threads: int, test: str) -> list[Row]:
        if test in JOBS:
            return [self.against(model, pair, threads, test)]
        if pair != "Q8_0":
            return []
        if test == "bandwidth":
            row = self.bandwidth(model, pair, threads)
            return [row] if row else []
        if test == "avx2":
            return [self.avx2(model, threads, name) for name in ("prefill512", "prefill4096")]
        return [self.batch(model, pair, threads, int(test.removeprefix("batch")))]

    def warm_up(self, model: str, pair: str) -> None:
        """The first use of a file imports it; later ones map what that left."""
        self.ours(self.file(model, PAIRS[pair][0]), 1, Job("decode_tps"))


def bytes_a_token(path: Path) -> int:
    """Bytes of the matrices that each token needs whole: all but a table of embeddings that is not the head too."""
    tensors = [tensor for tensor in gguf.GGUFReader(path).tensors if len(tensor.shape) > 1]
    untied = any(tensor.name == "output.weight" for tensor in tensors)
    return sum(int(tensor.n_bytes) for tensor in tensors if not (untied and tensor.name == "token_embd.weight"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", choices=MODEL_NAMES, default=MODEL_NAMES)
    parser.add_argument("--pairs", nargs="+", choices=PAIRS, default=list(PAIRS))
    parser.add_argument("--tests", nargs="+", choices=TESTS, default=TESTS)
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--engine", type=Path, default=measuring.default_engine(), help="the strike binary")
    parser.add_argument("--model-folder", type=Path, default=MODELS)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--markdown", type=Path)
    arguments = parser.parse_args()
    if not arguments.engine.exists():
        raise SystemExit(f"{arguments.engine} is missing: build it with --release, or name it by --engine")
    about = measuring.machine() | {"rounds": arguments.rounds, "command": " ".join(["bench/rivals.py", *sys.argv[1:]])}
    bench = Bench(arguments)
    rows: list[Row] = []
    for model, pair in itertools.product(arguments.models, arguments.pairs):
        bench.warm_up(model, pair)
        for threads, test in itertools.product(arguments.threads, arguments.tests):
            for row in bench.rows(model, pair, threads, test):
                rows.append(row)
                print(" | ".join(row.cells()), file=sys.stderr, flush=True)
                if arguments.json:
                    # A run takes hours: what is done is kept.
                    measuring.write_json(arguments.json, {"machine": about, "rows": [row.as_json() for row in rows]})
    table = measuring.markdown(HEADER, [row.cells() for row in rows])
    measuring.write_results({"machine": about, "rows": [row.as_json() for row in rows]}, table, arguments)


if __name__ == "__main__":
    main()
