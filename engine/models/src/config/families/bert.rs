//! BERT; RoBERTa and XLM-RoBERTa, whose position table begins after the padding token's number.

use super::family::{EncoderFamily, Family, Kind, Storage};

pub(super) static FAMILIES: [Family; 2] = [
    Family {
        model_types: &["bert"],
        gguf_name: Some("bert"),
        storage: Storage::CANONICAL,
        kind: Kind::Encoder(EncoderFamily { first_position: |_| 0 }),
    },
    Family {
        model_types: &["roberta", "xlm-roberta"],
        // llama.cpp writes them as `bert`, without the rows before the first position.
        gguf_name: None,
        storage: Storage::CANONICAL,
        // transformers counts positions from the padding token's number + 1.
        kind: Kind::Encoder(EncoderFamily { first_position: |raw| raw.pad_token_id.unwrap_or(1).saturating_add(1) }),
    },
];
