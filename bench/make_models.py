"""Writes GGUF files with the exact shapes of published models and random weights, to measure speed with.

    python bench/make_models.py [--out ~/.cache/strike/bench-models] [--models …] [--types Q8_0 Q4_0 Q4_K_M]

Speed does not depend on what the weights are, as long as they are of a realistic size, so nothing has to be fetched.
Every matrix has the type the file is named for. Q4_K_M is made from Q8_0 by llama.cpp's own quantizer, which chooses
types by tensor and takes Q5_0 and Q8_0 where a width is not a multiple of 256, as in the published files. The context
length is written as 8,192 where the model's own is shorter, so that a prompt of 4,096 is measured in all of them.
"""

from __future__ import annotations

import argparse
import math
import subprocess
import sys
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import gguf
import numpy as np

DEFAULT_OUT = Path.home() / ".cache/strike/bench-models"
TYPES = {"Q8_0": gguf.GGMLQuantizationType.Q8_0, "Q4_0": gguf.GGMLQuantizationType.Q4_0}
FILE_TYPES = {"Q8_0": gguf.LlamaFileType.MOSTLY_Q8_0, "Q4_0": gguf.LlamaFileType.MOSTLY_Q4_0}


@dataclass(frozen=True)
class Shape:
    """What the metadata of a model says, and which kind of tokenizer it has."""

    name: str
    architecture: str
    layers: int
    width: int
    feed_forward: int
    heads: int
    kv_heads: int
    vocabulary: int
    context: int
    theta: float
    epsilon: float
    tied: bool
    biases: bool
    tokenizer: str
    bos: int
    eos: int

    @property
    def head_width(self) -> int:
        return self.width // self.heads


SHAPES = {
    shape.name: shape
    for shape in (
        Shape("SmolLM2-135M", "llama", 30, 576, 1536, 9, 3, 49152, 8192, 1e5, 1e-5, True, False, "smollm", 1, 2),
        Shape("Qwen2.5-0.5B", "qwen2", 24, 896, 4864, 14, 2, 151936, 32768, 1e6, 1e-6, True, True, "qwen2", 151643, 151645),
        Shape("TinyLlama-1.1B", "llama", 22, 2048, 5632, 32, 4, 32000, 8192, 1e4, 1e-5, False, False, "llama", 1, 2),
    )
}


def byte_pieces() -> list[str]:
    """The 256 characters that stand for bytes in byte-level BPE."""
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = [byte for byte in range(256) if byte not in printable]
    return [chr(byte) for byte in printable] + [chr(256 + index) for index in range(len(others))]


def add_sentence_pieces(writer: gguf.GGUFWriter, shape: Shape) -> None:
    """A tokenizer of the kind of Llama 2: three specials, the bytes, then pieces with scores."""
    kinds = gguf.TokenType
    tokens = ["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)]
    types = [kinds.UNKNOWN, kinds.CONTROL, kinds.CONTROL] + [kinds.BYTE] * 256
    scores = [0.0] * len(tokens)
    pieces = ["▁", *"etaoinshrdlucmfwypvbgkjqxz", "▁t", "he", "▁the", "in", "an"]
    pieces += [f"▁{index}x" for index in range(shape.vocabulary - len(tokens) - len(pieces))]
    tokens += pieces
    types += [kinds.NORMAL] * len(pieces)
    scores += [-float(index) for index in range(len(pieces))]
    writer.add_tokenizer_model("llama")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(tokens)
    writer.add_token_scores(scores)
    writer.add_token_types(types)
    writer.add_unk_token_id(0)
    writer.add_add_bos_token(True)
    writer.add_add_space_prefix(True)


def add_byte_level(writer: gguf.GGUFWriter, shape: Shape) -> None:
    """A byte-level BPE tokenizer of the real size; all but the bytes and a few merges are never produced."""
    merges = [("t", "h"), ("th", "e"), ("i", "n"), ("Ġ", "the"), ("a", "n")]
    ordinary = byte_pieces() + [left + right for left, right in merges]
    control = {shape.bos: "<|begin|>", shape.eos: "<|end|>"}
    fillers = iter(range(shape.vocabulary))
    pieces = iter(ordinary)
    tokens = [control.get(index) or next(pieces, None) or f"Ġ{next(fillers)}x" for index in range(shape.vocabulary)]
    types = [
        gguf.TokenType.CONTROL if index in control else gguf.TokenType.NORMAL for index in range(shape.vocabulary)
    ]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(shape.tokenizer)
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    writer.add_token_merges([" ".join(pair) for pair in merges])
    writer.add_add_bos_token(False)


def tensors(shape: Shape) -> Iterator[tuple[str, tuple[int, ...], float]]:
    """Name, shape (rows, columns) and standard deviation of every tensor; a norm has deviation 0."""
    kv = shape.kv_heads * shape.head_width
    inner, outer = 1 / math.sqrt(shape.width), 1 / math.sqrt(2 * shape.layers)
    yield "token_embd.weight", (shape.vocabulary, shape.width), 0.05
    for layer in range(shape.layers):
        block = f"blk.{layer}"
        yield f"{block}.attn_norm.weight", (shape.width,), 0.0
        for part, rows in (("q", shape.width), ("k", kv), ("v", kv)):
            yield f"{block}.attn_{part}.weight", (rows, shape.width), inner
            if shape.biases:
                yield f"{block}.attn_{part}.bias", (rows,), 0.1
        yield f"{block}.attn_output.weight", (shape.width, shape.width), inner * outer
        yield f"{block}.ffn_norm.weight", (shape.width,), 0.0
        yield f"{block}.ffn_gate.weight", (shape.feed_forward, shape.width), inner
        yield f"{block}.ffn_up.weight", (shape.feed_forward, shape.width), inner
        yield f"{block}.ffn_down.weight", (shape.width, shape.feed_forward), outer / math.sqrt(shape.feed_forward)
    yield "output_norm.weight", (shape.width,), 0.0
    if not shape.tied:
        yield "output.weight", (shape.vocabulary, shape.width), inner


def values(model: str, name: str, shape: tuple[int, ...], deviation: float) -> np.ndarray:
    if deviation == 0.0:
        return np.ones(shape, dtype=np.float32)
    generator = np.random.default_rng(zlib.crc32(f"{model}/{name}".encode()))
    return generator.standard_normal(shape, dtype=np.float32) * np.float32(deviation)


def write(shape: Shape, kind: str, path: Path) -> None:
    writer = gguf.GGUFWriter(path, shape.architecture)
    writer.add_name(f"{shape.name}, random weights")
    writer.add_block_count(shape.layers)
    writer.add_context_length(shape.context)
    writer.add_embedding_length(shape.width)
    writer.add_feed_forward_length(shape.feed_forward)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.kv_heads)
    writer.add_rope_dimension_count(shape.head_width)
    writer.add_rope_freq_base(shape.theta)
    writer.add_layer_norm_rms_eps(shape.epsilon)
    writer.add_vocab_size(shape.vocabulary)
    writer.add_file_type(FILE_TYPES[kind])
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    (add_sentence_pieces if shape.tokenizer == "llama" else add_byte_level)(writer, shape)
    writer.add_bos_token_id(shape.bos)
    writer.add_eos_token_id(shape.eos)
    for name, dimensions, deviation in tensors(shape):
        data = values(shape.name, name, dimensions, deviation)
        if len(dimensions) == 1:
            writer.add_tensor(name, data)
        else:
            writer.add_tensor(name, gguf.quants.quantize(data, TYPES[kind]), raw_dtype=TYPES[kind])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT)
    parser.add_argument("--models", nargs="+", choices=SHAPES, default=list(SHAPES))
    parser.add_argument("--types", nargs="+", choices=[*TYPES, "Q4_K_M"], default=[*TYPES, "Q4_K_M"])
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    for model in arguments.models:
        # Q4_K_M is made from Q8_0, so that comes first.
        for kind in sorted(arguments.types, key=["Q8_0", "Q4_0", "Q4_K_M"].index):
            path = arguments.out / f"{model}-{kind}.gguf"
            if path.exists():
                continue
            part = path.with_suffix(".part")
            if kind in TYPES:
                write(SHAPES[model], kind, part)
            else:
                source = arguments.out / f"{model}-Q8_0.gguf"
                if not source.exists():
                    raise SystemExit(f"{path.name} is made from {source.name}: write that first (--types Q8_0)")
                worker = Path(__file__).with_name("llama_worker.py")
                subprocess.run([sys.executable, str(worker), "--quantize", str(source), str(part)], check=True)
            part.rename(path)
            print(f"{path.name}: {path.stat().st_size:,} bytes", flush=True)


if __name__ == "__main__":
    main()
