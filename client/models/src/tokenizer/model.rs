//! The model of a tokenizer, rewritten to one form: which ids there are, and nothing that depends on chance.

use std::collections::BTreeMap;

use serde_json::{json, Map, Value};

use super::TokenizerError;

/// The most tokens of a vocabulary.
pub const MAX_TOKENS: usize = 1 << 20;
/// Bytes of the longest token.
pub const MAX_TOKEN_BYTES: usize = 1024;
/// Bytes of all tokens together.
pub const MAX_VOCABULARY_BYTES: usize = 16 << 20;
/// The most merges.
pub const MAX_MERGES: usize = 1 << 21;
/// The most added tokens.
const MAX_ADDED: usize = 1 << 16;
/// The most characters of a word that WordPiece looks at; its time is quadratic in it.
const MAX_WORD: u64 = 1000;

/// Tokens by id.
pub(super) type Vocabulary = BTreeMap<u32, String>;

/// The model in the library's form, and its tokens.
pub(super) fn model(value: &Value) -> Result<(Value, Vocabulary), TokenizerError> {
    let refused = |field, found: &Value| Err(TokenizerError::unsupported(field, found));
    // Old files do not name the type.
    let kind = match (value["type"].as_str(), &value["vocab"]) {
        (Some(kind), _) => kind,
        (None, Value::Array(_)) => "Unigram",
        (None, _) if value["merges"].is_array() => "BPE",
        (None, _) if value["max_input_chars_per_word"].is_u64() => "WordPiece",
        (None, _) => return refused("model.type", &value["type"]),
    };
    if !matches!(value["dropout"].as_f64(), None | Some(0.0))
        || !(value["dropout"].is_null() || value["dropout"].is_number())
    {
        // Dropout draws random merges.
        return refused("model.dropout", &value["dropout"]);
    }
    let flag = |field: &str| value[field].as_bool().unwrap_or(false);
    match kind {
        "BPE" => {
            for field in ["continuing_subword_prefix", "end_of_word_suffix"] {
                if !(value[field].is_null() || value[field] == "") {
                    return refused("model.continuing_subword_prefix or end_of_word_suffix", &value[field]);
                }
            }
            let vocabulary = vocabulary(&value["vocab"])?;
            let unknown = &value["unk_token"];
            let model = json!({
                "type": "BPE",
                "dropout": null,
                "unk_token": unknown,
                "fuse_unk": !unknown.is_null() && flag("fuse_unk"),
                "byte_fallback": flag("byte_fallback"),
                "ignore_merges": flag("ignore_merges"),
                "vocab": by_token(&vocabulary),
                "merges": merges(&value["merges"])?,
            });
            Ok((model, vocabulary))
        }
        "WordPiece" => {
            let longest = value["max_input_chars_per_word"].as_u64().filter(|longest| *longest <= MAX_WORD);
            let Some(longest) = longest else {
                return refused("model.max_input_chars_per_word", &value["max_input_chars_per_word"]);
            };
            let vocabulary = vocabulary(&value["vocab"])?;
            let model = json!({
                "type": "WordPiece",
                "unk_token": value["unk_token"],
                "continuing_subword_prefix": value["continuing_subword_prefix"],
                "max_input_chars_per_word": longest,
                "vocab": by_token(&vocabulary),
            });
            Ok((model, vocabulary))
        }
        "Unigram" => {
            let vocabulary = unigram_vocabulary(&value["vocab"])?;
            let model = json!({
                "type": "Unigram",
                "unk_id": value["unk_id"],
                "byte_fallback": flag("byte_fallback"),
                "vocab": value["vocab"],
            });
            Ok((model, vocabulary))
        }
        _ => refused("model.type", &value["type"]),
    }
}

/// `added_tokens`, by id, with the fields that matter.
pub(super) fn added_tokens(value: &Value) -> Result<BTreeMap<u32, Value>, TokenizerError> {
    let mut tokens = BTreeMap::new();
    let list = match value {
        Value::Null => return Ok(tokens),
        value => value.as_array().ok_or_else(|| TokenizerError::malformed("added_tokens is not a list"))?,
    };
    at_most("added tokens", list.len(), MAX_ADDED)?;
    for token in list {
        let id = id(&token["id"]).ok_or_else(|| TokenizerError::malformed("added_tokens has an id that is no id"))?;
        let content = token["content"].as_str().filter(|content| !content.is_empty());
        let content = content.ok_or_else(|| TokenizerError::malformed(format!("added token {id} has no content")))?;
        at_most("bytes of a token", content.len(), MAX_TOKEN_BYTES)?;
        let special = token["special"].as_bool().unwrap_or(false);
        let mut made = Map::new();
        made.insert("id".to_owned(), json!(id));
        made.insert("content".to_owned(), json!(content));
        for field in ["single_word", "lstrip", "rstrip"] {
            made.insert(field.to_owned(), json!(token[field].as_bool().unwrap_or(false)));
        }
        made.insert("normalized".to_owned(), json!(token["normalized"].as_bool().unwrap_or(!special)));
        made.insert("special".to_owned(), json!(special));
        if tokens.insert(id, Value::Object(made)).is_some() {
            return Err(TokenizerError::malformed(format!("added_tokens has id {id} twice")));
        }
    }
    Ok(tokens)
}

/// Puts the added tokens into the vocabulary of the model. There they change nothing, since they are found in a text before
/// the model sees it, but then it does not matter whether a file lists them in one place or in two.
pub(super) fn join(
    model: &mut Value,
    vocabulary: &mut Vocabulary,
    added: &BTreeMap<u32, Value>,
) -> Result<(), TokenizerError> {
    let mut ids: BTreeMap<String, u32> = vocabulary.iter().map(|(id, token)| (token.clone(), *id)).collect();
    // The ids that the library gives to tokens that the model does not have, whatever the file says.
    let mut next = vocabulary.len();
    for (id, token) in added {
        let content = token["content"].as_str().unwrap_or_default();
        match ids.get(content) {
            Some(known) if known == id => continue,
            None if next == *id as usize => next += 1,
            _ => return Err(TokenizerError::malformed(format!("added token {id} is not where the vocabulary has it"))),
        }
        ids.insert(content.to_owned(), *id);
        vocabulary.insert(*id, content.to_owned());
        if let Some(entries) = model["vocab"].as_object_mut() {
            entries.insert(content.to_owned(), json!(id));
        }
    }
    Ok(())
}

pub(super) fn at_most(what: &'static str, found: usize, limit: usize) -> Result<(), TokenizerError> {
    if found > limit {
        return Err(TokenizerError::TooLarge { what, found, limit });
    }
    Ok(())
}

pub(super) fn id(value: &Value) -> Option<u32> {
    value.as_u64().and_then(|id| u32::try_from(id).ok())
}

fn vocabulary(value: &Value) -> Result<Vocabulary, TokenizerError> {
    let entries = value.as_object().ok_or_else(|| TokenizerError::malformed("model.vocab is not an object"))?;
    at_most("tokens", entries.len(), MAX_TOKENS)?;
    let mut vocabulary = Vocabulary::new();
    for (token, value) in entries {
        let id = id(value).ok_or_else(|| TokenizerError::malformed("model.vocab has an id that is no id"))?;
        if vocabulary.insert(id, token.clone()).is_some() {
            return Err(TokenizerError::malformed(format!("model.vocab has id {id} twice")));
        }
    }
    check_lengths(vocabulary)
}

fn unigram_vocabulary(value: &Value) -> Result<Vocabulary, TokenizerError> {
    let entries = value.as_array().ok_or_else(|| TokenizerError::malformed("model.vocab is not a list"))?;
    at_most("tokens", entries.len(), MAX_TOKENS)?;
    let tokens = (0..).zip(entries).map(|(id, entry)| {
        let token = entry[0].as_str().filter(|token| !token.is_empty() && entry[1].is_number());
        let token = token.ok_or_else(|| TokenizerError::malformed(format!("model.vocab has no token {id}")))?;
        Ok((id, token.to_owned()))
    });
    check_lengths(tokens.collect::<Result<_, TokenizerError>>()?)
}

fn check_lengths(vocabulary: Vocabulary) -> Result<Vocabulary, TokenizerError> {
    at_most("bytes of a token", vocabulary.values().map(String::len).max().unwrap_or(0), MAX_TOKEN_BYTES)?;
    at_most("bytes of all tokens", vocabulary.values().map(String::len).sum(), MAX_VOCABULARY_BYTES)?;
    Ok(vocabulary)
}

fn by_token(vocabulary: &Vocabulary) -> Value {
    vocabulary.iter().map(|(id, token)| (token.clone(), json!(id))).collect::<Map<_, _>>().into()
}

/// Merges as pairs; old files have them as two tokens with a space between.
fn merges(value: &Value) -> Result<Value, TokenizerError> {
    let malformed = || TokenizerError::malformed("model.merges is not a list of pairs of tokens");
    let entries = value.as_array().ok_or_else(malformed)?;
    at_most("merges", entries.len(), MAX_MERGES)?;
    let mut pairs = Vec::with_capacity(entries.len());
    for entry in entries {
        match entry {
            Value::String(line) if line.starts_with("#version") => {}
            Value::String(line) => match line.split_once(' ') {
                Some((left, right)) if !right.contains(' ') => pairs.push(json!([left, right])),
                _ => return Err(malformed()),
            },
            Value::Array(pair) if pair.len() == 2 && pair.iter().all(Value::is_string) => pairs.push(entry.clone()),
            _ => return Err(malformed()),
        }
    }
    Ok(Value::Array(pairs))
}
