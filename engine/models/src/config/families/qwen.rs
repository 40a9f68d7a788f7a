//! Qwen 2 and 2.5; Qwen 3, which has norms over the heads of queries and keys.

use super::family::{DecoderFamily, Defaults, Family, Kind, Own, Storage, Windowed};
use crate::config::raw::Raw;

pub(super) static FAMILIES: [Family; 2] = [
    Family {
        model_types: &["qwen2"],
        gguf_name: Some("qwen2"),
        storage: Storage::CANONICAL,
        kind: Kind::Decoder(QWEN),
    },
    Family {
        model_types: &["qwen3"],
        gguf_name: Some("qwen3"),
        storage: Storage::CANONICAL,
        kind: Kind::Decoder(DecoderFamily {
            qk_norm: true,
            defaults: Defaults { head_dim: Some(128), ..Defaults::NONE },
            ..QWEN
        }),
    },
];

const QWEN: DecoderFamily = DecoderFamily {
    json,
    // llama.cpp runs them without a window.
    gguf: |_| Ok(Own::NONE),
    ..DecoderFamily::PLAIN
};

/// A window holds where it is asked for, and from a layer on.
fn json(raw: &Raw) -> Own {
    Own {
        window: raw.sliding_window.filter(|_| raw.use_sliding_window == Some(true)),
        windowed: Windowed::From(raw.max_window_layers.unwrap_or(28)),
        ..Own::NONE
    }
}
