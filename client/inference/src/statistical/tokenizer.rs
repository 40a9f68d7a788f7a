//! `tokenizer.json`: which tokenizers are accepted, and text to tokens and back.
//!
//! Only byte-level BPE is accepted, the kind Llama-3, GPT-2 and SmolLM models have: components that
//! draw random numbers, cut the text or contact anything would make two machines disagree.

use std::panic::{catch_unwind, AssertUnwindSafe};

use serde_json::Value;

use crate::{GenerateError, ModelError, TOKENIZER_FILE};

/// A checked tokenizer.
pub(crate) struct Tokenizer {
    inner: tokenizers::Tokenizer,
}

impl Tokenizer {
    /// Parses and checks a tokenizer for an embedding table of `vocab_size` rows.
    pub fn parse(contents: &[u8], vocab_size: usize) -> Result<Self, ModelError> {
        let malformed = |reason: String| ModelError::Malformed { file: TOKENIZER_FILE, reason };
        let value: Value = serde_json::from_slice(contents).map_err(|error| malformed(error.to_string()))?;
        check_components(&value)?;
        check_ids(&value, vocab_size)?;
        let mut inner = guarded(|| tokenizers::Tokenizer::from_bytes(contents))
            .map_err(malformed)?
            .map_err(|error| malformed(error.to_string()))?;
        // The request says what is cut; a tokenizer that truncates or pads would change it silently.
        inner.with_truncation(None).map_err(|error| malformed(error.to_string()))?;
        inner.with_padding(None);
        let tokenizer = Self { inner };
        // Ids can also come out of the post-processor.
        let probe = tokenizer.encode("a").map_err(|error| malformed(error.to_string()))?;
        match probe.into_iter().find(|id| *id as usize >= vocab_size) {
            Some(id) => Err(ModelError::TokenOutOfRange { id, vocab_size }),
            None => Ok(tokenizer),
        }
    }

    /// Tokens of a text, with those that the tokenizer adds by itself.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>, GenerateError> {
        let encoded =
            guarded(|| self.inner.encode_fast(text, true)).and_then(|result| result.map_err(|error| error.to_string()));
        encoded.map(|encoding| encoding.get_ids().to_vec()).map_err(|reason| GenerateError::Tokenizer { reason })
    }

    /// Text of tokens without the special ones; bytes that are not UTF-8 become U+FFFD.
    pub fn decode(&self, tokens: &[u32]) -> Result<String, GenerateError> {
        guarded(|| self.inner.decode(tokens, true))
            .and_then(|result| result.map_err(|error| error.to_string()))
            .map_err(|reason| GenerateError::Tokenizer { reason })
    }
}

/// Runs a call into the tokenizer library. The checks below exclude the panics that are known; one
/// that is not must fail one request, not the node.
fn guarded<T>(call: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(call)).map_err(|_| "the tokenizer library panicked".to_owned())
}

fn check_components(value: &Value) -> Result<(), ModelError> {
    let refuse = |component, found: &Value| {
        let mut found = found.to_string();
        // The message names the component; a hostile file could make it megabytes long.
        found.truncate((0..=80).rev().find(|at| found.is_char_boundary(*at)).unwrap_or(0));
        Err(ModelError::UnsupportedTokenizer { component, found })
    };
    let model = &value["model"];
    if model["type"] != "BPE" {
        return refuse("model.type", &model["type"]);
    }
    if model["dropout"].as_f64().is_some_and(|rate| rate != 0.0)
        || !(model["dropout"].is_null() || model["dropout"].is_number())
    {
        // Dropout draws random merges.
        return refuse("model.dropout", &model["dropout"]);
    }
    for (component, allowed) in [
        ("normalizer", &["NFC", "NFD", "NFKC", "NFKD", "Lowercase", "Sequence"][..]),
        ("pre_tokenizer", &["ByteLevel", "Digits", "Split", "Sequence"][..]),
        ("post_processor", &["ByteLevel", "TemplateProcessing", "Sequence"][..]),
        ("decoder", &["ByteLevel", "Sequence"][..]),
    ] {
        if let Some(found) = first_other(&value[component], allowed, 4) {
            return refuse(component, found);
        }
    }
    Ok(())
}

/// The first component in a possibly nested sequence whose type is not allowed.
fn first_other<'a>(value: &'a Value, allowed: &[&str], depth: usize) -> Option<&'a Value> {
    if value.is_null() {
        return None;
    }
    let Some(kind) = value["type"].as_str().filter(|kind| allowed.contains(kind)) else {
        return Some(value);
    };
    if kind != "Sequence" {
        return None;
    }
    if depth == 0 {
        return Some(value);
    }
    ["normalizers", "pretokenizers", "processors", "decoders"]
        .iter()
        .filter_map(|list| value[list].as_array())
        .flatten()
        .find_map(|inner| first_other(inner, allowed, depth - 1))
}

fn check_ids(value: &Value, vocab_size: usize) -> Result<(), ModelError> {
    let malformed = |reason: &str| ModelError::Malformed { file: TOKENIZER_FILE, reason: reason.to_owned() };
    let vocabulary = value["model"]["vocab"].as_object().ok_or_else(|| malformed("model.vocab is not an object"))?;
    let mut seen = vec![false; vocab_size];
    for id in vocabulary.values() {
        let id = id
            .as_u64()
            .and_then(|id| u32::try_from(id).ok())
            .ok_or_else(|| malformed("model.vocab has an id that is not a number"))?;
        match seen.get_mut(id as usize) {
            None => return Err(ModelError::TokenOutOfRange { id, vocab_size }),
            Some(true) => return Err(malformed(&format!("model.vocab has id {id} twice"))),
            Some(seen) => *seen = true,
        }
    }
    for token in value["added_tokens"].as_array().into_iter().flatten() {
        let id = token["id"]
            .as_u64()
            .and_then(|id| u32::try_from(id).ok())
            .ok_or_else(|| malformed("added_tokens has an id that is not a number"))?;
        if id as usize >= vocab_size {
            return Err(ModelError::TokenOutOfRange { id, vocab_size });
        }
    }
    Ok(())
}
