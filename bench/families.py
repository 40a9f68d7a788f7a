"""The small models that the Rust tests compare with transformers: a config for each family, as such a model's own
`config.json` says it, and for each what must make a difference.

Every width that is a reduction (hidden, heads x head_dim, intermediate) is a multiple of 32; the vocabulary is not.
Windows and original contexts are small, so that 144 tokens pass window edges and the edge of a tile of 128 keys.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

VOCABULARY = 272
LONG = 144
Changes = dict[str, Any]

COMMON: Changes = {
    "vocab_size": VOCABULARY,
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 256,
    "rms_norm_eps": 1e-5,
    "hidden_act": "silu",
    "bos_token_id": 0,
    "eos_token_id": 1,
    "tie_word_embeddings": False,
}


@dataclass(frozen=True)
class Family:
    """A model to make. `matters` lists changes of the config each of which must move the logits: a fixture on which
    an engine could forget a window or a cap without being noticed would be worth nothing."""

    name: str
    config: Changes
    dtype: str = "bfloat16"
    lengths: tuple[int, ...] = (LONG,)
    matters: tuple[Changes, ...] = ()
    # Rows to keep beside the usual ones.
    positions: tuple[int, ...] = ()
    adapter: bool = False
    seed: int = field(default=1)


def config(model_type: str, architecture: str, **changes: Any) -> Changes:
    return {"architectures": [architecture], "model_type": model_type, **COMMON, **changes}


def long_factors(low: float, high: float, count: int) -> list[float]:
    """Factors that grow with the wavelength, as those of the published LongRoPE models do."""
    return [round(low + (high - low) * (index / (count - 1)) ** 2, 4) for index in range(count)]


def families() -> list[Family]:
    narrow = {"hidden_size": 32, "intermediate_size": 64, "head_dim": 16}
    return [
        Family(
            "llama2",
            config("llama", "LlamaForCausalLM", hidden_size=32, num_key_value_heads=4, rope_theta=10000.0)
            | {"num_hidden_layers": 3, "rope_scaling": None, "attention_bias": False, "pretraining_tp": 1},
            dtype="float16",
            matters=({"rope_theta": 50000.0}, {"rms_norm_eps": 0.5}),
        ),
        Family(
            "llama3",
            config("llama", "LlamaForCausalLM", rope_theta=500.0, attention_bias=False, **narrow)
            | {
                "rope_scaling": {
                    "factor": 8.0,
                    "low_freq_factor": 1.0,
                    "high_freq_factor": 4.0,
                    "original_max_position_embeddings": 64,
                    "rope_type": "llama3",
                },
                "eos_token_id": [1, 2],
            },
            matters=({"rope_scaling": None}, {"rope_theta": 600.0}),
        ),
        Family(
            "smollm2",
            config("llama", "LlamaForCausalLM", rope_theta=100000.0, tie_word_embeddings=True, **narrow)
            | {"num_hidden_layers": 1, "num_attention_heads": 6, "num_key_value_heads": 2, "head_dim": 16},
            dtype="float32",
            matters=({"rope_theta": 1000.0},),
            adapter=True,
        ),
        Family(
            "mistral",
            config("mistral", "MistralForCausalLM", sliding_window=24, rope_theta=10000.0, **narrow),
            matters=({"sliding_window": 25}, {"sliding_window": 23}, {"sliding_window": None}),
            positions=(22, 23, 24, 25),
        ),
        Family(
            "qwen2",
            config("qwen2", "Qwen2ForCausalLM", rope_theta=1000000.0, tie_word_embeddings=True, rms_norm_eps=1e-6)
            | {"use_sliding_window": False, "sliding_window": 24, "max_window_layers": 1}
            | {"intermediate_size": 64, "num_key_value_heads": 1},
            matters=({"use_sliding_window": True},),
            positions=(23, 24),
        ),
        Family(
            "qwen2-window",
            config("qwen2", "Qwen2ForCausalLM", rope_theta=1000000.0, hidden_size=32, rms_norm_eps=1e-6)
            | {"use_sliding_window": True, "sliding_window": 24, "max_window_layers": 1, "num_hidden_layers": 3},
            matters=({"use_sliding_window": False}, {"max_window_layers": 0}, {"sliding_window": 25}),
            positions=(22, 23, 24, 25),
        ),
        Family(
            "qwen3",
            config("qwen3", "Qwen3ForCausalLM", rope_theta=1000000.0, tie_word_embeddings=True, rms_norm_eps=1e-6)
            | {"hidden_size": 32, "head_dim": 24, "attention_bias": False, "use_sliding_window": False}
            | {"sliding_window": None, "max_window_layers": 2, "rope_scaling": None},
            matters=({"rope_theta": 1000.0},),
        ),
        Family(
            "phi3",
            config("phi3", "Phi3ForCausalLM", sliding_window=24, rope_theta=10000.0, num_key_value_heads=4)
            | {"hidden_size": 32, "original_max_position_embeddings": 256, "rope_scaling": None, "pad_token_id": 2},
            matters=({"sliding_window": 25}, {"sliding_window": None}),
            positions=(22, 23, 24, 25),
        ),
        Family(
            "phi3-longrope",
            config("phi3", "Phi3ForCausalLM", sliding_window=200, rope_theta=10000.0, num_key_value_heads=4)
            | {"hidden_size": 32, "original_max_position_embeddings": 64, "pad_token_id": 2, "num_attention_heads": 2}
            | {
                "num_key_value_heads": 2,
                "rope_scaling": {
                    "type": "longrope",
                    "short_factor": long_factors(1.0, 1.6, 8),
                    "long_factor": long_factors(1.05, 6.0, 8),
                },
            },
            lengths=(40, 64, 65, LONG),
            matters=({"rope_scaling": None}, {"original_max_position_embeddings": 128}),
        ),
        Family(
            "phi4-mini",
            config("phi3", "Phi3ForCausalLM", sliding_window=200, rope_theta=10000.0, tie_word_embeddings=True)
            | {"hidden_size": 32, "num_attention_heads": 2, "num_key_value_heads": 1}
            | {"original_max_position_embeddings": 64, "pad_token_id": 2, "partial_rotary_factor": 0.75}
            | {
                "rope_scaling": {
                    "type": "longrope",
                    "short_factor": long_factors(1.0, 1.4, 6),
                    "long_factor": long_factors(1.05, 6.0, 6),
                },
            },
            lengths=(40, LONG),
            matters=({"original_max_position_embeddings": 128},),
        ),
        Family(
            "gemma2",
            config("gemma2", "Gemma2ForCausalLM", sliding_window=24, rope_theta=10000.0, tie_word_embeddings=True)
            | narrow
            | {"num_hidden_layers": 3, "query_pre_attn_scalar": 24, "attn_logit_softcapping": 2.0}
            | {"final_logit_softcapping": 5.0, "hidden_activation": "gelu_pytorch_tanh", "rms_norm_eps": 1e-6}
            | {"hidden_act": "gelu_pytorch_tanh", "attention_bias": False, "pad_token_id": 2},
            matters=(
                {"sliding_window": 25},
                {"sliding_window": 23},
                {"attn_logit_softcapping": None},
                {"final_logit_softcapping": None},
                {"query_pre_attn_scalar": 16},
                {"hidden_activation": "silu"},
            ),
            positions=(22, 23, 24, 25),
        ),
        Family(
            "gemma3",
            config("gemma3_text", "Gemma3ForCausalLM", sliding_window=24, tie_word_embeddings=True)
            | narrow
            | {"num_hidden_layers": 3, "sliding_window_pattern": 3, "query_pre_attn_scalar": 24}
            | {"rope_theta": 1000000.0, "rope_local_base_freq": 10000.0, "rms_norm_eps": 1e-6}
            | {"rope_scaling": {"factor": 8.0, "rope_type": "linear"}, "hidden_activation": "gelu_pytorch_tanh"}
            | {"attn_logit_softcapping": None, "final_logit_softcapping": None, "attention_bias": False}
            | {"hidden_act": "gelu_pytorch_tanh", "pad_token_id": 2},
            matters=(
                {"sliding_window": 25},
                {"sliding_window": 23},
                {"sliding_window_pattern": 2},
                {"rope_scaling": None},
                {"rope_local_base_freq": 20000.0},
                {"query_pre_attn_scalar": 16},
            ),
            positions=(22, 23, 24, 25),
        ),
    ]


BERT: Changes = {
    "architectures": ["BertModel"],
    "model_type": "bert",
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "hidden_act": "gelu",
    "layer_norm_eps": 1e-12,
    "max_position_embeddings": 64,
    "type_vocab_size": 2,
    "position_embedding_type": "absolute",
    "pad_token_id": 0,
    "hidden_dropout_prob": 0.1,
    "attention_probs_dropout_prob": 0.1,
}
