//! Gemma 2 and 3: norms that are stored as the difference from 1, norms behind attention and feed-forward layer, windows in a
//! pattern. Gemma 2 caps scores and logits; Gemma 3 has norms over heads, and angles of their own for layers with a window.

use super::family::{DecoderFamily, Defaults, Family, Kind, Own, Storage, Windowed};
use crate::architecture::Activation;
use crate::config::keys::Keys;
use crate::config::raw::Raw;
use crate::error::ModelError;

pub(super) static FAMILIES: [Family; 2] = [
    Family {
        model_types: &["gemma2"],
        gguf_name: Some("gemma2"),
        storage: STORAGE,
        kind: Kind::Decoder(DecoderFamily { gguf_scaled_by_width: Some(46), ..GEMMA }),
    },
    Family {
        // `gemma3` is multimodal; its `text_config` is of this type.
        model_types: &["gemma3_text"],
        gguf_name: Some("gemma3"),
        storage: STORAGE,
        kind: Kind::Decoder(DecoderFamily {
            qk_norm: true,
            defaults: Defaults {
                vocab_size: Some(262_208),
                context_length: Some(131_072),
                rope_theta: 1e6,
                local_rope_theta: Some(1e4),
                ..GEMMA.defaults
            },
            gguf_scaled_by_width: Some(62),
            json: gemma_3_json,
            gguf: gemma_3_gguf,
            ..GEMMA
        }),
    },
];

const STORAGE: Storage = Storage { norms_add_one: true, ..Storage::CANONICAL };

/// Gemma 2.
const GEMMA: DecoderFamily = DecoderFamily {
    post_norms: true,
    scaled_embedding: true,
    activation: Activation::GeluTanh,
    // `hidden_act` is a left-over that transformers ignores.
    activation_name: |raw| raw.hidden_activation.as_deref().unwrap_or("gelu_pytorch_tanh"),
    defaults: Defaults {
        vocab_size: Some(256_000),
        hidden_size: Some(2304),
        ffn_size: Some(9216),
        layers: Some(26),
        heads: Some(8),
        kv_heads: Some(4),
        head_dim: Some(256),
        context_length: Some(8192),
        norm_epsilon: Some(1e-6),
        query_scalar: Some(256.0),
        tied_embeddings: true,
        ..Defaults::NONE
    },
    gguf_head_dim: Some(256),
    json: gemma_2_json,
    gguf: gemma_2_gguf,
    ..DecoderFamily::PLAIN
};

const WINDOW: u64 = 4096;
/// Gemma 2's caps of scores and of logits.
const CAPS: (f64, f64) = (50.0, 30.0);

fn gemma_2_json(raw: &Raw) -> Own {
    Own {
        window: raw.sliding_window.or(Some(WINDOW)),
        windowed: Windowed::Pattern(2),
        attention_softcap: raw.attn_logit_softcapping.unwrap_or(Some(CAPS.0)),
        logit_softcap: raw.final_logit_softcapping.unwrap_or(Some(CAPS.1)),
    }
}

fn gemma_3_json(raw: &Raw) -> Own {
    let period = raw.sliding_window_pattern.or(raw.hidden_sliding_window_pattern);
    Own {
        window: raw.sliding_window.or(Some(WINDOW)),
        windowed: Windowed::Pattern(period.unwrap_or(6)),
        attention_softcap: raw.attn_logit_softcapping.flatten(),
        logit_softcap: raw.final_logit_softcapping.flatten(),
    }
}

fn gemma_2_gguf(keys: &Keys<'_>) -> Result<Own, ModelError> {
    Ok(Own {
        window: keys.integer("attention.sliding_window")?.or(Some(WINDOW)),
        windowed: Windowed::Pattern(2),
        attention_softcap: keys.float("attn_logit_softcapping")?.or(Some(CAPS.0)),
        logit_softcap: keys.float("final_logit_softcapping")?.or(Some(CAPS.1)),
    })
}

fn gemma_3_gguf(keys: &Keys<'_>) -> Result<Own, ModelError> {
    Ok(Own {
        window: keys.window()?,
        windowed: Windowed::Pattern(6),
        attention_softcap: None,
        logit_softcap: keys.float("final_logit_softcapping")?,
    })
}
