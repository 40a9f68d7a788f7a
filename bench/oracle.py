"""Writes small random models of every supported family and what transformers computes with them in float32.

    python bench/oracle.py [--out engine/inference/tests/families] [NAME …]

A folder of a language model holds `config.json`, `model.safetensors`, `tokenizer.json`, and
- `tokens.json`: `{"vocab_size", "cases": [{"tokens", "positions", "first_row", "adapter"}]}`;
- `logits.bin`: rows of `vocab_size` little-endian f32. Row `first_row + i` of a case belongs to `positions[i]`.
Where `adapter` is true, the LoRA adapter in the folder `adapter` is applied.

The folder `bert` holds an encoder in the same way, `vocab.txt` and the files of sentence-transformers with it, and in
`tokens.json` for each text its ids and the normalized embeddings of mean and of CLS pooling.

Weights are rounded to the type they are stored in before anything is computed. Before a model is written, each change
that its family lists is shown to move the logits.
"""

from __future__ import annotations

import argparse
import json
import math
import shutil
import tempfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
from transformers import AutoConfig, AutoModelForCausalLM

from encoder import write_encoder
from families import LONG, VOCABULARY, Family, families

DTYPES = {"float16": torch.float16, "bfloat16": torch.bfloat16, "float32": torch.float32}
DEFAULT_OUT = Path(__file__).resolve().parent.parent / "engine/inference/tests/families"
MAX_BYTES = 150_000
# A change that matters moves some logit by more than this share of their spread.
MOVES = 0.02
ADAPTER_RANK, ADAPTER_ALPHA = 4, 8
ADAPTER_TARGETS = ("q_proj", "v_proj", "down_proj")
BEGINS_WITH_BOS = ("llama", "mistral", "gemma2", "gemma3_text")


def generator(name: str, seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(zlib.crc32(f"{name}/{seed}".encode()))


def fill(name: str, tensor: torch.Tensor, family: Family) -> torch.Tensor:
    """Random values of a scale at which scores, gates and norms are well used."""
    noise = torch.randn(tensor.shape, generator=generator(name, family.seed))
    gemma = family.config["model_type"].startswith("gemma")
    if "embed_tokens" in name:
        return noise * (0.5 if gemma else 0.8)
    if name.endswith("bias"):
        return noise * 0.3
    if "norm" in name:
        # Gemma stores the gain less one.
        return noise * 0.2 + (0.0 if gemma else 1.0)
    gain = 3.0 if "lm_head" in name else 1.6
    return noise * (gain / math.sqrt(tensor.shape[-1]))


def random_weights(family: Family, folder: Path) -> None:
    """Writes `model.safetensors` for the `config.json` that is there."""
    model = AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(folder))
    tied = set(model._tied_weights_keys or []) if family.config["tie_word_embeddings"] else set()
    weights = {
        name: fill(name, tensor, family).to(DTYPES[family.dtype]).contiguous()
        for name, tensor in model.state_dict().items()
        if name not in tied
    }
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


def byte_level_tokenizer(family: Family) -> Tokenizer:
    """Three special tokens, the 256 bytes, a few merges; the last rows of the embedding stay without a token."""
    special = ["<|bos|>", "<|eos|>", "<|end|>"]
    pieces = special + sorted(pre_tokenizers.ByteLevel.alphabet())
    merges = [("t", "h"), ("th", "e"), ("i", "n"), ("Ġ", "the"), ("a", "n")]
    vocabulary = {piece: index for index, piece in enumerate(pieces + [left + right for left, right in merges])}
    tokenizer = Tokenizer(models.BPE(vocabulary, merges))
    tokenizer.add_special_tokens(special)
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    if family.config["model_type"] in BEGINS_WITH_BOS:
        tokenizer.post_processor = processors.TemplateProcessing(single="<|bos|> $A", special_tokens=[("<|bos|>", 0)])
    return tokenizer


def random_tokens(length: int, seed: int) -> list[int]:
    drawn = torch.randint(3, VOCABULARY, (length,), generator=generator("tokens", seed))
    return [0, *drawn.tolist()[1:]]


def logits(folder: Path, tokens: list[int], adapter: Path | None = None) -> torch.Tensor:
    """What transformers computes in float32, a row a token."""
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    if adapter is not None:
        merge_adapter(model, adapter)
    with torch.no_grad():
        return model(torch.tensor([tokens]), use_cache=False).logits[0]


def write_adapter(family: Family, folder: Path) -> Path:
    """A LoRA adapter of some of the linear layers, laid out as `peft` saves it."""
    adapter = folder / "adapter"
    adapter.mkdir()
    weights = {}
    for name, tensor in load_file(folder / "model.safetensors").items():
        layer = name.removesuffix(".weight")
        if layer.endswith(ADAPTER_TARGETS):
            outputs, inputs = tensor.shape
            for part, shape in (("A", (ADAPTER_RANK, inputs)), ("B", (outputs, ADAPTER_RANK))):
                noise = torch.randn(shape, generator=generator(f"{layer}.{part}", family.seed))
                weights[f"base_model.model.{layer}.lora_{part}.weight"] = noise * (0.5 / math.sqrt(shape[1]))
    save_file(weights, adapter / "adapter_model.safetensors", metadata={"format": "pt"})
    settings = {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": family.name,
        "r": ADAPTER_RANK,
        "lora_alpha": ADAPTER_ALPHA,
        "lora_dropout": 0.0,
        "bias": "none",
        "fan_in_fan_out": False,
        "use_rslora": False,
        "use_dora": False,
        "inference_mode": True,
        "modules_to_save": None,
        "target_modules": list(ADAPTER_TARGETS),
    }
    write_json(adapter / "adapter_config.json", settings)
    return adapter


def merge_adapter(model: torch.nn.Module, adapter: Path) -> None:
    weights = load_file(adapter / "adapter_model.safetensors")
    parameters = dict(model.named_parameters())
    for name, down in weights.items():
        if name.endswith(".lora_A.weight"):
            up = weights[name.replace(".lora_A.", ".lora_B.")]
            target = name.removeprefix("base_model.model.").replace(".lora_A.", ".")
            parameters[target].data += (ADAPTER_ALPHA / ADAPTER_RANK) * (up @ down)


def write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=1) + "\n")


def show_that_it_matters(family: Family, folder: Path, tokens: list[int], expected: torch.Tensor) -> None:
    for changes in family.matters:
        with tempfile.TemporaryDirectory() as scratch:
            other = Path(scratch)
            shutil.copy(folder / "model.safetensors", other)
            write_json(other / "config.json", family.config | changes)
            moved = (logits(other, tokens) - expected).abs().max().item() / expected.std().item()
        if moved < MOVES:
            raise SystemExit(f"{family.name}: {changes} moves the logits by {moved:.2g} of their spread only")


def write_family(family: Family, out: Path) -> None:
    folder = out / family.name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    write_json(folder / "config.json", family.config | {"torch_dtype": family.dtype})
    random_weights(family, folder)
    byte_level_tokenizer(family).save(str(folder / "tokenizer.json"), pretty=False)

    cases: list[dict[str, Any]] = []
    rows: list[np.ndarray] = []

    def add_case(tokens: list[int], adapter: Path | None) -> torch.Tensor:
        result = logits(folder, tokens, adapter)
        wanted = {0, 1, 2, 31, 32, 33, 63, 64, 126, 127, 128, 129, len(tokens) - 1, *family.positions}
        positions = sorted(position for position in wanted if position < len(tokens))
        first_row = sum(len(part) for part in rows)
        entry = {"tokens": tokens, "positions": positions, "first_row": first_row, "adapter": adapter is not None}
        cases.append(entry)
        rows.append(result[positions].numpy().astype("<f4"))
        return result

    for index, length in enumerate(family.lengths):
        tokens = random_tokens(length, index)
        expected = add_case(tokens, None)
        if length == LONG:
            show_that_it_matters(family, folder, tokens, expected)
    if family.adapter:
        add_case(random_tokens(40, 9), write_adapter(family, folder))
    write_json(folder / "tokens.json", {"vocab_size": VOCABULARY, "cases": cases})
    everything = np.concatenate(rows)
    everything.tofile(folder / "logits.bin")
    report(folder, f"{len(everything)} rows, spread {everything.std():.2f}")


def report(folder: Path, what: str) -> None:
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    if size > MAX_BYTES:
        raise SystemExit(f"{folder.name}: {size:,} bytes, more than {MAX_BYTES:,}")
    print(f"{folder.name}: {size:,} bytes, {what}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT)
    parser.add_argument("names", nargs="*", help="families to write; all of them if none is named")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    for family in families():
        if not arguments.names or family.name in arguments.names:
            write_family(family, arguments.out)
    if not arguments.names or "bert" in arguments.names:
        report(write_encoder(arguments.out / "bert"), "encoder")


if __name__ == "__main__":
    main()
