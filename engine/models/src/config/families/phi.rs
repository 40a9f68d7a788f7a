//! Phi-3, Phi-3.5 and Phi-4 mini: fused matrices, LongRoPE.

use super::family::{DecoderFamily, Family, Fused, Kind, Names, Storage};

pub(super) static FAMILIES: [Family; 1] = [Family {
    model_types: &["phi3"],
    gguf_name: Some("phi3"),
    storage: Storage {
        fused: Some(Fused {
            attention: Names { transformers: "self_attn.qkv_proj.weight", gguf: "attn_qkv.weight" },
            ffn: Names { transformers: "mlp.gate_up_proj.weight", gguf: "ffn_up.weight" },
        }),
        ..Storage::CANONICAL
    },
    kind: Kind::Decoder(DecoderFamily { yarn_is_longrope: true, ..DecoderFamily::PLAIN }),
}];
