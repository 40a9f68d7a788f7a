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

use serde_json::{json, Value};

use super::decoder::Detokenizer;
use super::error::TokenizerError;
use super::model::{Merge, Model, Vocabulary};
use super::post::Around;

pub(super) fn root(
    components: &Components<'_>,
    model: &Model,
    vocabulary: &Vocabulary,
    around: &Around,
    detokenizer: &Detokenizer,
) -> Result<[u8; 32], TokenizerError> {
    let mut bytes = Vec::new();
    // The vocabulary is most of it: nothing is copied into another value.
    let options = model.options.as_object().into_iter().flatten();
    let mut model_fields: Vec<(&str, Field<'_>)> =
        options.map(|(key, value)| (&key[..], Field::Value(value))).collect();
    model_fields.extend(model.merges.as_ref().map(|merges| ("merges", Field::Merges(merges))));
    let scores = model.scored.as_ref().and_then(Value::as_array);
    model_fields.extend(scores.map(|entries| ("scores", Field::Scores(entries))));
    let decoder = detokenizer.canonical();
    let (prefix, suffix) = (json!(around.prefix), json!(around.suffix));
    let fields = vec![
        ("added_tokens", Field::Value(components.added_tokens)),
        ("decoder", Field::Value(&decoder)),
        ("model", Field::Fields(model_fields)),
        ("normalizer", Field::Value(components.normalizers)),
        ("pre_tokenizer", Field::Value(components.pre_tokenizers)),
        ("prefix", Field::Value(&prefix)),
        ("suffix", Field::Value(&suffix)),
        ("vocabulary", Field::Vocabulary(vocabulary)),
    ];
    write(Field::Fields(fields), &mut bytes).map_err(TokenizerError::malformed)?;
    let hash = blake2b_simd::Params::new().hash_length(32).personal(b"strike-tokenizer").hash(&bytes);
    let mut root = [0; 32];
    root.copy_from_slice(hash.as_bytes());
    Ok(root)
}

/// Lists of what is done to a text, in one form.
pub(super) struct Components<'a> {
    pub added_tokens: &'a Value,
    pub normalizers: &'a Value,
    pub pre_tokenizers: &'a Value,
}

/// What stands behind a key.
enum Field<'a> {
    Value(&'a Value),
    Fields(Vec<(&'a str, Field<'a>)>),
    Merges(&'a [Merge]),
    /// The second of each pair.
    Scores(&'a [Value]),
    Vocabulary(&'a Vocabulary),
}

/// Writes a field with the keys of all objects in order.
fn write(field: Field<'_>, to: &mut Vec<u8>) -> serde_json::Result<()> {
    match field {
        Field::Value(Value::Object(fields)) => {
            write(Field::Fields(fields.iter().map(|(key, value)| (&key[..], Field::Value(value))).collect()), to)
        }
        Field::Value(Value::Array(values)) => list(values.iter(), to, |value, to| write(Field::Value(value), to)),
        Field::Value(value) => serde_json::to_writer(to, value),
        Field::Merges(pairs) => list(pairs.iter(), to, |pair, to| serde_json::to_writer(to, pair)),
        Field::Scores(entries) => list(entries.iter(), to, |entry, to| serde_json::to_writer(to, &entry[1])),
        Field::Vocabulary(entries) => list(entries.iter(), to, |entry, to| serde_json::to_writer(to, &entry)),
        Field::Fields(mut fields) => {
            fields.sort_by(|a, b| a.0.cmp(b.0));
            to.push(b'{');
            for (index, (key, value)) in fields.into_iter().enumerate() {
                if index > 0 {
                    to.push(b',');
                }
                serde_json::to_writer(&mut *to, key)?;
                to.push(b':');
                write(value, to)?;
            }
            to.push(b'}');
            Ok(())
        }
    }
}

fn list<T>(
    items: impl Iterator<Item = T>,
    to: &mut Vec<u8>,
    each: impl Fn(T, &mut Vec<u8>) -> serde_json::Result<()>,
) -> serde_json::Result<()> {
    to.push(b'[');
    for (index, item) in items.enumerate() {
        if index > 0 {
            to.push(b',');
        }
        each(item, to)?;
    }
    to.push(b']');
    Ok(())
}
