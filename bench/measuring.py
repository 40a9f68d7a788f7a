"""What the measuring scripts share: running things on a number of processors, medians, tables."""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
CACHE = Path(os.environ.get("STRIKE_BENCH_HOME", Path.home() / ".cache/strike"))
MODELS = CACHE / "bench-models"
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
NATIVE_PYTHON = CACHE / "bench-venv/bin/python"
AVX2_PYTHON = CACHE / "bench-venv-avx2/bin/python"


def default_engine() -> Path:
    return Path(os.environ.get("STRIKE_BIN", TARGET / "release/strike"))


def run_text(command: Sequence[object], threads: int | None = None, environment: dict[str, str] | None = None) -> str:
    """Runs a command, on as many processors as it has threads, and returns what it prints."""
    processors = set(sorted(os.sched_getaffinity(0))[:threads]) if threads else None

    def pin() -> None:
        if processors:
            os.sched_setaffinity(0, processors)

    arguments = [str(part) for part in command]
    done = subprocess.run(
        arguments, capture_output=True, text=True, env=os.environ | (environment or {}), preexec_fn=pin, check=False
    )
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(arguments)}\nexited with {done.returncode}:\n{done.stderr[-2000:]}")
    return done.stdout


def run_json(
    command: Sequence[object], threads: int | None = None, environment: dict[str, str] | None = None
) -> dict[str, Any]:
    """The same for a command whose last line is one JSON object."""
    lines = run_text(command, threads, environment).strip().splitlines()
    if not lines:
        raise SystemExit(f"{' '.join(map(str, command))}\nprinted nothing")
    return json.loads(lines[-1])


@dataclass(frozen=True)
class Sample:
    """Repeated measurements of one thing; more is better."""

    values: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    def __str__(self) -> str:
        return f"{short(self.median)} ({short(min(self.values))} to {short(max(self.values))})"

    def as_json(self) -> dict[str, Any]:
        return {"median": self.median, "min": min(self.values), "max": max(self.values), "values": list(self.values)}


def short(number: float) -> str:
    """Three significant digits, thousands with a comma."""
    if number >= 1000:
        return f"{float(f'{number:.3g}'):,.0f}"
    return f"{number:.3g}"


def interleaved(rounds: int, measures: dict[str, Callable[[], float]]) -> dict[str, Sample]:
    """Measures in turns, so that whatever else the machine does meets all of them alike."""
    values: dict[str, list[float]] = {name: [] for name in measures}
    for index in range(rounds):
        # The order turns round: who comes second may find the processor warmer.
        names = list(measures) if index % 2 == 0 else list(reversed(measures))
        for name in names:
            values[name].append(measures[name]())
    return {name: Sample(tuple(found)) for name, found in values.items()}


def bandwidth(threads: int, megabytes: int = 1024, rounds: int = 7) -> Sample:
    """Bytes a second that this many threads read from memory."""
    with tempfile.TemporaryDirectory() as scratch:
        binary = Path(scratch, "bandwidth")
        source = Path(__file__).with_name("bandwidth.c")
        subprocess.run(["cc", "-O3", "-march=native", "-pthread", source, "-o", binary], check=True)
        lines = run_text([binary, threads, megabytes, rounds], threads).split()
    return Sample(tuple(float(line) for line in lines))


def markdown(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def machine() -> dict[str, Any]:
    """What a reader of the figures has to know of where and when they were taken."""
    model = platform.processor() or platform.machine()
    information = Path("/proc/cpuinfo")
    if information.exists():
        names = [line.split(":", 1)[1].strip() for line in information.read_text().splitlines() if "model name" in line]
        model = names[0] if names else model
    load = os.getloadavg()
    return {
        "processor": model,
        "processors": len(os.sched_getaffinity(0)),
        "load_before": round(load[0], 2),
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
    }


def write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=1) + "\n")


def write_results(results: dict[str, Any], table: str, arguments: argparse.Namespace) -> None:
    """Prints the table, and leaves both forms where `--json` and `--markdown` say."""
    print(table, flush=True)
    if arguments.json:
        write_json(arguments.json, results)
    if arguments.markdown:
        arguments.markdown.write_text(table + "\n")
