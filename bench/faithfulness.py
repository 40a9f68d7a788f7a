"""How near the exact engine comes to the original weights in float32.

    python bench/faithfulness.py embeddings [--texts 200] [--json F]
    python bench/faithfulness.py perplexity --model FOLDER --text FILE [--tokens 2000] [--context 4096] [--extend]
        [--reference] [--json F]

`embeddings`: all-MiniLM-L6-v2 of the engine against sentence-transformers: cosines, and for each text Spearman's
correlation of the order in which the others follow. `perplexity`: a folder with config.json, model.safetensors and
tokenizer.json, against transformers in float32. The tokens of the file are cut into windows of `--context`, each read
from an empty cache; all but the first token of a window are predicted. With --extend, the rotation base of a model of a
shorter context is raised for the longer one (on a copy that both sides read). Mean KL (nats, of the float distribution
against the engine's) and top-1 agreement come from the logits that the engine saves.

Exits with 1 where a figure misses what is wanted.
"""

from __future__ import annotations

import argparse
import json
import math
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import measuring
import texts
from measuring import run_json, run_text
from minilm import model_folder

WANTED_COSINE_MIN = 0.999
WANTED_COSINE_MEAN = 0.9995
WANTED_SPEARMAN = 0.998
WANTED_PERPLEXITY = 0.005


@dataclass(frozen=True)
class Check:
    what: str
    value: float
    wanted: str = ""
    reached: bool = True

    def cells(self) -> list[str]:
        verdict = ("yes" if self.reached else "no") if self.wanted else ""
        return [self.what, f"{self.value:.6g}", self.wanted, verdict]


# --- Embeddings


def engine_embeddings(engine: Path, sentences: list[str]) -> np.ndarray:
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch, "lines.txt")
        path.write_text("".join(f"{sentence}\n" for sentence in sentences))
        printed = run_text([engine, "engine", "embed", "--model", model_folder(), "--file", path, "--json"])
    rows = [json.loads(line) for line in printed.splitlines()]
    if len(rows) != len(sentences):
        raise SystemExit(f"engine embed printed {len(rows)} lines for {len(sentences)} texts")
    return np.array(rows, dtype=np.float64)


def reference_embeddings(sentences: list[str]) -> np.ndarray:
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(model_folder()), device="cpu")
    return np.asarray(model.encode(sentences, batch_size=32, normalize_embeddings=True), dtype=np.float64)


def ranks(values: np.ndarray) -> np.ndarray:
    """Ranks along the last axis; equal values do not occur."""
    return values.argsort(axis=-1).argsort(axis=-1).astype(np.float64)


def spearman(found: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """For each text, the rank correlation of its similarities to all others."""
    others = ~np.eye(len(found), dtype=bool)
    rows = [ranks((matrix @ matrix.T)[others].reshape(len(found), -1)) for matrix in (found, reference)]
    left, right = (row - row.mean(axis=1, keepdims=True) for row in rows)
    return (left * right).sum(axis=1) / np.sqrt((left**2).sum(axis=1) * (right**2).sum(axis=1))


def embeddings(arguments: argparse.Namespace) -> list[Check]:
    sentences = texts.mixed(arguments.texts, seed=11)
    found = engine_embeddings(arguments.engine, sentences)
    reference = reference_embeddings(sentences)
    lengths = np.linalg.norm(found, axis=1) * np.linalg.norm(reference, axis=1)
    cosines = (found * reference).sum(axis=1) / lengths
    orders = spearman(found, reference)
    low, mean, order = float(cosines.min()), float(cosines.mean()), float(orders.mean())
    return [
        Check("cosine, least", low, f"{WANTED_COSINE_MIN}", low >= WANTED_COSINE_MIN),
        Check("cosine, mean", mean, f"{WANTED_COSINE_MEAN}", mean >= WANTED_COSINE_MEAN),
        Check("Spearman, mean", order, f"{WANTED_SPEARMAN}", order >= WANTED_SPEARMAN),
        Check("Spearman, least", float(orders.min())),
    ]


# --- Perplexity


def first_lines(text: str, tokenizer: Any, wanted: int) -> str:
    """The text up to the first line with which it has enough tokens."""
    lines = text.splitlines(keepends=True)
    low, high = 1, len(lines)
    if len(tokenizer.encode(text).ids) < wanted:
        raise SystemExit(f"the text has fewer than {wanted} tokens")
    while low < high:
        middle = (low + high) // 2
        if len(tokenizer.encode("".join(lines[:middle])).ids) >= wanted:
            high = middle
        else:
            low = middle + 1
    return "".join(lines[:low])


def extended(folder: Path, context: int, scratch: Path) -> Path:
    """A copy for a longer context. The base grows so that the slowest rotation makes as many turns as it did before."""
    config = json.loads((folder / "config.json").read_text())
    own = config["max_position_embeddings"]
    if own >= context:
        return folder
    head = config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"]
    config["rope_theta"] = config.get("rope_theta", 10000.0) * (context / own) ** (head / (head - 2))
    config["max_position_embeddings"] = context
    copy = scratch / "model"
    copy.mkdir()
    for name in ("model.safetensors", "tokenizer.json"):
        shutil.copy(folder / name, copy)
    (copy / "config.json").write_text(json.dumps(config, indent=1) + "\n")
    return copy


def windows(ids: list[int], context: int) -> list[list[int]]:
    """Windows of at least two tokens: one alone predicts nothing."""
    cut = [ids[start : start + context] for start in range(0, len(ids), context)]
    return [window for window in cut if len(window) > 1]


def float_log_probabilities(folder: Path, cut: list[list[int]]) -> list[np.ndarray]:
    """For each window what transformers gives in float32, a row a token."""
    import torch
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    with torch.no_grad():
        outputs = (model(torch.tensor([window]), use_cache=False).logits[0] for window in cut)
        return [torch.log_softmax(rows.double(), dim=-1).numpy() for rows in outputs]


def log_softmax(rows: np.ndarray) -> np.ndarray:
    shifted = rows.astype(np.float64) - rows.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def engine_rows(path: Path, vocabulary: int, cut: list[list[int]]) -> list[np.ndarray]:
    """The rows the engine saved: one for each token of a window, or for each but its last, which predicts nothing."""
    rows = np.fromfile(path, dtype="<f4").reshape(-1, vocabulary)
    for left_out in (0, 1):
        sizes = [len(window) - left_out for window in cut]
        if len(rows) == sum(sizes):
            return np.split(rows, np.cumsum(sizes)[:-1])
    raise SystemExit(f"the engine saved {len(rows)} rows for {sum(map(len, cut))} tokens in {len(cut)} windows")


def loss(log_probabilities: list[np.ndarray], cut: list[list[int]]) -> float:
    """Nats a predicted token."""
    found = [
        rows[np.arange(len(window) - 1), window[1:]] for rows, window in zip(log_probabilities, cut, strict=True)
    ]
    return -float(np.concatenate(found).mean())


def perplexity(arguments: argparse.Namespace) -> list[Check]:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(arguments.model / "tokenizer.json"))
    text = first_lines(arguments.text.read_text(), tokenizer, arguments.tokens)
    cut = windows(tokenizer.encode(text).ids, arguments.context)
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        model = extended(arguments.model, arguments.context, scratch) if arguments.extend else arguments.model
        text_path, logits_path = scratch / "text.txt", scratch / "logits.bin"
        text_path.write_text(text)
        command = [arguments.engine, "engine", "perplexity", "--model", model, "--file", text_path]
        command += ["--context", arguments.context, "--logits", logits_path, "--json"]
        if arguments.reference:
            command.append("--reference")
        told = float(run_json(command)["perplexity"])
        expected = float_log_probabilities(model, cut)
        found = [log_softmax(rows) for rows in engine_rows(logits_path, expected[0].shape[1], cut)]

    float_perplexity, ours = math.exp(loss(expected, cut)), math.exp(loss(found, cut))
    divergence, agreement = [], []
    for left, right in zip(expected, found, strict=True):
        left = left[: len(right)]
        divergence.append((np.exp(left) * (left - right)).sum(axis=1))
        agreement.append(left.argmax(axis=1) == right.argmax(axis=1))
    difference = told / float_perplexity - 1
    same = abs(told / ours - 1) < 1e-3
    return [
        Check("tokens predicted", sum(len(window) - 1 for window in cut)),
        Check("longest window", max(map(len, cut))),
        Check("perplexity in float32", float_perplexity),
        Check("perplexity of the engine", told),
        Check("difference", difference, f"±{WANTED_PERPLEXITY}", abs(difference) <= WANTED_PERPLEXITY),
        Check("perplexity from its saved logits", ours, "the same", same),
        Check("mean KL", float(np.concatenate(divergence).mean())),
        Check("top-1 agreement", float(np.concatenate(agreement).mean())),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    kinds = parser.add_subparsers(dest="kind", required=True)
    encoder = kinds.add_parser("embeddings")
    encoder.add_argument("--texts", type=int, default=200)
    language = kinds.add_parser("perplexity")
    language.add_argument("--model", type=Path, required=True, help="folder of the original weights")
    language.add_argument("--text", type=Path, required=True, help="held-out text")
    language.add_argument("--tokens", type=int, default=2000)
    language.add_argument("--context", type=int, default=4096)
    language.add_argument("--extend", action="store_true", help="let a model of a shorter context read --context")
    language.add_argument("--reference", action="store_true", help="measure the engine's own float path instead")
    for kind in (encoder, language):
        kind.add_argument("--engine", type=Path, default=measuring.default_engine(), help="the strike binary")
        kind.add_argument("--json", type=Path)
        kind.add_argument("--markdown", type=Path)
    arguments = parser.parse_args()
    checks = embeddings(arguments) if arguments.kind == "embeddings" else perplexity(arguments)
    table = measuring.markdown(["what", "measured", "wanted", "reached"], [check.cells() for check in checks])
    measuring.write_results({"checks": [vars(check) for check in checks]}, table, arguments)
    sys.exit(0 if all(check.reached for check in checks) else 1)


if __name__ == "__main__":
    main()
