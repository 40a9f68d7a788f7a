//! The identity of a tokenizer.
//!
//! The root is BLAKE2b-256, personalised with `strike-tokenizer`, of a JSON text without white space whose objects have their
//! keys in the order of their bytes:
//!
//! * `added_tokens`: ascending by id, each with `id`, `content`, `single_word`, `lstrip`, `rstrip`, `normalized`, `special`;
//! * `decoder`: what is done to a token (`byte_level`, `steps`, `byte_fallback`, `strip`);
//! * `model`: its type and options, and for BPE `merges` as pairs in order, for Unigram `scores` by id;
//! * `normalizer`, `pre_tokenizer`: the components in order, sequences flattened, each with its type and the fields that
//!   matter, defaults written out;
//! * `prefix`, `suffix`: the ids that are added around a text;
//! * `vocabulary`: pairs of id and token of the model and of the added tokens, ascending by id.
//!
//! Strings are escaped and numbers written as `serde_json` does: control characters as `\n`, `\u001f` and so on,
//! everything else as it is, floats in the shortest form that reads back. Truncation, padding, offsets, type ids and
//! templates for pairs are left out: they do not change tokens or text here. Neither does it matter whether an added
//! token is in the model's vocabulary too, but for Unigram, where it has a score there. So a GGUF file and a
//! `tokenizer.json` have one root if they say the same, whatever they leave to defaults.

use serde_json::{json, Map, Value};

use super::{decoder::Detokenizer, model::Vocabulary, post::Around, TokenizerError};

pub(super) fn root(
    library_form: &Value,
    vocabulary: &Vocabulary,
    around: &Around,
    detokenizer: &Detokenizer,
) -> Result<[u8; 32], TokenizerError> {
    let mut model = library_form["model"].clone();
    if let Some(fields) = model.as_object_mut() {
        let entries = fields.remove("vocab");
        if let Some(Value::Array(entries)) = entries {
            fields.insert("scores".to_owned(), entries.iter().map(|entry| entry[1].clone()).collect());
        }
    }
    let content = json!({
        "added_tokens": library_form["added_tokens"],
        "decoder": detokenizer.canonical(),
        "model": model,
        "normalizer": library_form["normalizer"]["normalizers"],
        "pre_tokenizer": library_form["pre_tokenizer"]["pretokenizers"],
        "prefix": around.prefix,
        "suffix": around.suffix,
        "vocabulary": vocabulary.iter().collect::<Vec<_>>(),
    });
    let bytes = serde_json::to_vec(&sorted(content)).map_err(TokenizerError::malformed)?;
    let hash = blake2b_simd::Params::new().hash_length(32).personal(b"strike-tokenizer").hash(&bytes);
    let mut root = [0; 32];
    root.copy_from_slice(hash.as_bytes());
    Ok(root)
}

/// The value with the keys of all objects in order.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<(String, Value)> = fields.into_iter().collect();
            fields.sort_by(|a, b| a.0.cmp(&b.0));
            fields.into_iter().map(|(key, value)| (key, sorted(value))).collect::<Map<_, _>>().into()
        }
        Value::Array(values) => values.into_iter().map(sorted).collect(),
        other => other,
    }
}
