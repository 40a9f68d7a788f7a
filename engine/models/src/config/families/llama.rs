//! Llama 2 and 3, SmolLM2; Mistral, whose layers have a window.

use super::family::{DecoderFamily, Family, Kind, Own, Storage};

pub(super) static FAMILIES: [Family; 2] = [
    Family {
        model_types: &["llama"],
        // Mistral's files, too.
        gguf_name: Some("llama"),
        storage: Storage { interleaved: true, ..Storage::CANONICAL },
        kind: Kind::Decoder(DecoderFamily { json: |_| Own::NONE, ..DecoderFamily::PLAIN }),
    },
    Family {
        model_types: &["mistral"],
        gguf_name: None,
        storage: Storage::CANONICAL,
        kind: Kind::Decoder(DecoderFamily::PLAIN),
    },
];
