"""Trains a small Llama on text of this machine, so that perplexity is measured on weights that mean something.

    OMP_NUM_THREADS=1 python bench/train_small.py [--out ~/.cache/strike/bench-models/small-llama] [--minutes 25]
        [--text FOLDER …]

Nothing is fetched. The text is documentation: README and other .md, .rst and .txt files below the folders, and the doc
comments of Rust sources. A paragraph that came before is left out, whichever file it stands in. The tokenizer, byte-level
BPE of 4,096 pieces, is trained on the same text. Most steps read 256 tokens a row; the last part of the time reads rows of
1,024 and 4,096, so that the model knows the whole of its context.

The folder holds config.json, model.safetensors (float32) and tokenizer.json, and two texts of which nothing is trained on:
held-out.txt, the project's own docs, and unseen.txt, other documents of the same folders. The loss is printed, at the end
that of both texts too. Runs differ between machines:
what is done in the time depends on how fast they are.
"""

from __future__ import annotations

import argparse
import math
import os
import random
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM

from measuring import MODELS, ROOT

VOCABULARY = 4096
CONTEXT = 4096
END = "<|endoftext|>"
BATCH_TOKENS = 2048
SHORT = 256
# The share of the time from which rows are long, and how long they are in turns.
LONG_FROM = 0.85
LONG = (1024, 4096)
RATE, LEAST_RATE, WARM_UP = 3e-3, 1e-4, 0.03
CHARACTERS, UNSEEN_CHARACTERS = 12_000_000, 60_000
FOLDERS = ["/usr/share", Path.home() / ".cargo/registry/src"]
SUFFIXES = {".md", ".rst", ".txt", ".rs"}


def comments(source: str) -> str:
    """Doc comments of a Rust file, a paragraph for each run of lines."""
    lines = []
    for line in source.splitlines():
        stripped = line.strip()
        lines.append(stripped[3:].removeprefix(" ") if stripped.startswith(("///", "//!")) else "")
    return "\n".join(lines)


def is_prose(paragraph: str) -> bool:
    """English text rather than tables, numbers or other languages."""
    letters = sum(character.isascii() and (character.isalpha() or character == " ") for character in paragraph)
    return len(paragraph) >= 40 and letters >= 0.75 * len(paragraph)


def documents(folders: list[Path]) -> Iterator[str]:
    """The prose of each file, in an order drawn by a fixed seed."""
    paths = [
        Path(folder, name)
        for start in folders
        for folder, _, names in os.walk(start)
        for name in names
        if Path(name).suffix in SUFFIXES
    ]
    paths.sort()
    random.Random(1).shuffle(paths)
    seen: set[int] = set()
    for path in paths:
        if path.is_relative_to(ROOT):
            continue
        try:
            text = path.read_text()
        except (OSError, UnicodeDecodeError):
            continue
        if path.suffix == ".rs":
            text = comments(text)
        kept = []
        for paragraph in text.split("\n\n"):
            paragraph = paragraph.strip()
            key = hash(" ".join(paragraph.split()))
            if key not in seen and is_prose(paragraph):
                seen.add(key)
                kept.append(paragraph)
        if kept:
            yield "\n\n".join(kept)


def take(source: Iterator[str], characters: int) -> list[str]:
    taken, size = [], 0
    for document in source:
        taken.append(document)
        size += len(document)
        if size >= characters:
            return taken
    raise SystemExit("there is not enough text in the folders: name others by --text")


def train_tokenizer(corpus: list[str]) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=[END],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(corpus, trainer)
    return tokenizer


def tokens(tokenizer: Tokenizer, corpus: list[str]) -> torch.Tensor:
    end = tokenizer.token_to_id(END)
    parts = [np.array([*encoding.ids, end], dtype=np.int32) for encoding in tokenizer.encode_batch(corpus)]
    return torch.from_numpy(np.concatenate(parts)).long()


def new_model() -> LlamaForCausalLM:
    config = LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=256,
        intermediate_size=704,
        num_hidden_layers=6,
        num_attention_heads=8,
        num_key_value_heads=4,
        max_position_embeddings=CONTEXT,
        rms_norm_eps=1e-5,
        rope_theta=10000.0,
        bos_token_id=0,
        eos_token_id=0,
        tie_word_embeddings=True,
        attn_implementation="sdpa",
    )
    return LlamaForCausalLM(config)


def rate(done: float) -> float:
    """Rises, then falls by a cosine; `done` is the share of the time."""
    if done < WARM_UP:
        return RATE * (done / WARM_UP + 0.01)
    falling = min(1.0, (done - WARM_UP) / (1 - WARM_UP))
    return LEAST_RATE + (RATE - LEAST_RATE) * 0.5 * (1 + math.cos(math.pi * falling))


def loss_of(model: LlamaForCausalLM, rows: torch.Tensor) -> torch.Tensor:
    logits = model(rows[:, :-1], use_cache=False).logits
    return torch.nn.functional.cross_entropy(logits.flatten(0, 1).float(), rows[:, 1:].flatten())


def train(model: LlamaForCausalLM, stream: torch.Tensor, minutes: float) -> None:
    plain = [parameter for parameter in model.parameters() if parameter.dim() < 2]
    matrices = [parameter for parameter in model.parameters() if parameter.dim() >= 2]
    groups = [{"params": matrices, "weight_decay": 0.1}, {"params": plain, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=RATE, betas=(0.9, 0.95))
    # Of this process, so that what else the machine does has no influence on how far the training comes.
    begin, step, seen, shown, mean = time.process_time(), 0, 0, 0.0, 0.0
    while (done := (time.process_time() - begin) / (60 * minutes)) < 1:
        length = SHORT if done < LONG_FROM else LONG[step % len(LONG)]
        starts = torch.randint(len(stream) - length - 1, (max(1, BATCH_TOKENS // length),))
        rows = torch.stack([stream[start : start + length + 1] for start in starts])
        for group in optimizer.param_groups:
            group["lr"] = rate(done)
        # Products in bfloat16, which processors of today have; weights and sums stay in float32.
        with torch.autocast("cpu", torch.bfloat16):
            loss = loss_of(model, rows)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        step += 1
        seen += rows.numel()
        mean = loss.item() if step == 1 else 0.95 * mean + 0.05 * loss.item()
        if done >= shown:
            print(f"{done:5.1%}  step {step}, {seen:,} tokens, loss {mean:.3f}", flush=True)
            shown = done + 0.02


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=MODELS / "small-llama")
    parser.add_argument("--minutes", type=float, default=25, help="processor time of the training")
    parser.add_argument("--text", nargs="+", type=Path, default=[Path(folder) for folder in FOLDERS])
    arguments = parser.parse_args()
    torch.manual_seed(1)
    source = documents(arguments.text)
    corpus, unseen = take(source, CHARACTERS), take(source, UNSEEN_CHARACTERS)
    tokenizer = train_tokenizer(corpus)
    stream = tokens(tokenizer, corpus)
    print(f"{len(corpus):,} documents, {sum(map(len, corpus)):,} characters, {len(stream):,} tokens", flush=True)
    model = new_model()
    train(model.train(), stream, arguments.minutes)
    arguments.out.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(arguments.out, safe_serialization=True)
    tokenizer.save(str(arguments.out / "tokenizer.json"))
    own = "\n\n".join(path.read_text() for path in sorted((ROOT / "docs").glob("*.md")))
    for name, text in {"held-out.txt": own, "unseen.txt": "\n\n".join(unseen)}.items():
        (arguments.out / name).write_text(text)
        ids = torch.tensor([tokenizer.encode(text).ids[:CONTEXT]])
        with torch.no_grad():
            loss = loss_of(model.eval(), ids).item()
        print(f"{name}, {ids.shape[1]} tokens: loss {loss:.3f}, perplexity {math.exp(loss):.2f}")


if __name__ == "__main__":
    main()
