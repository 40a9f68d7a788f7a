"""The BERT part of `oracle.py`: a small random encoder, its tokenizer and its pooled embeddings."""

from __future__ import annotations

import json
import math
import shutil
import string
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertModel

from families import BERT

MAX_TOKENS = 48
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
WORDS = ["the", "of", "and", "harbour", "boat", "sea", "market", "##ing", "##er", "##ed"]
TEXTS = [
    "",
    "a",
    "The boats of the harbour.",
    "Café, naïve — ÀÉÎ!",
    "Fishing and boating; markets (big ones), 3.5 miles away?",
    "海 is the sea.",
    "tabs\tand\nlines  and   spaces",
    "unknown: \u2603 \u03a9",
    " ".join(["the sea and the harbour"] * 3),
    " ".join(["a boat of the market"] * 20),
]


def word_piece() -> Tokenizer:
    characters = string.ascii_lowercase + string.digits + string.punctuation
    pieces = SPECIAL + WORDS + list(characters) + [f"##{c}" for c in string.ascii_lowercase + string.digits] + ["海"]
    tokenizer = Tokenizer(models.WordPiece({piece: i for i, piece in enumerate(pieces)}, unk_token="[UNK]"))
    tokenizer.add_special_tokens(SPECIAL)
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer.enable_truncation(MAX_TOKENS)
    return tokenizer


def fill(name: str, tensor: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    noise = torch.randn(tensor.shape, generator=generator)
    if "LayerNorm.weight" in name:
        return 1 + 0.2 * noise
    if name.endswith("bias"):
        return 0.2 * noise
    if "embeddings" in name:
        return 0.5 * noise
    return noise * (1.5 / math.sqrt(tensor.shape[-1]))


def write_encoder(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "1_Pooling").mkdir(parents=True)
    tokenizer = word_piece()
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    vocabulary = sorted(tokenizer.get_vocab(), key=tokenizer.token_to_id)
    (folder / "vocab.txt").write_text("".join(f"{piece}\n" for piece in vocabulary))

    config: dict[str, Any] = BERT | {"vocab_size": len(vocabulary)}
    pooling = {
        "word_embedding_dimension": config["hidden_size"],
        "pooling_mode_cls_token": False,
        "pooling_mode_mean_tokens": True,
        "pooling_mode_max_tokens": False,
        "pooling_mode_mean_sqrt_len_tokens": False,
    }
    modules = [
        {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
        {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
        {"idx": 2, "name": "2", "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"},
    ]
    for name, value in {
        "config.json": config | {"torch_dtype": "float16"},
        "modules.json": modules,
        "1_Pooling/config.json": pooling,
        "sentence_bert_config.json": {"max_seq_length": MAX_TOKENS, "do_lower_case": False},
    }.items():
        (folder / name).write_text(json.dumps(value, indent=1) + "\n")

    generator = torch.Generator().manual_seed(1)
    model = BertModel(BertConfig(**config, attn_implementation="eager")).eval()
    weights = {name: fill(name, tensor, generator).half() for name, tensor in model.state_dict().items()}
    model.load_state_dict({name: tensor.float() for name, tensor in weights.items()})
    # Older published files hold this table of positions too.
    weights["embeddings.position_ids"] = torch.arange(config["max_position_embeddings"]).unsqueeze(0)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})

    cases = []
    for text in TEXTS:
        ids = tokenizer.encode(text).ids
        with torch.no_grad():
            hidden = model(torch.tensor([ids])).last_hidden_state[0]
        pooled = {"mean": hidden.mean(dim=0), "cls": hidden[0]}
        unit = {name: torch.nn.functional.normalize(vector, dim=0).tolist() for name, vector in pooled.items()}
        cases.append({"text": text, "tokens": ids, **unit})
    (folder / "tokens.json").write_text(json.dumps({"cases": cases}, ensure_ascii=False) + "\n")
    return folder
