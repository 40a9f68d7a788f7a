//! The model of a tokenizer, rewritten to one form: which ids there are, and nothing that depends on chance.

use std::collections::{BTreeMap, HashMap};

use serde_json::{json, Map, Value};
use tokenizers::models::bpe::{Vocab, BPE};
use tokenizers::models::unigram::Unigram;
use tokenizers::models::wordpiece::WordPiece;
use tokenizers::models::ModelWrapper;

use super::error::TokenizerError;

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

/// Two tokens that become one.
pub(super) type Merge = (String, String);

/// What a file says, with the lists that are most of it apart from JSON.
#[derive(Default)]
pub(super) struct Source {
    /// A `tokenizer.json`.
    pub json: Value,
    /// In place of `model.vocab`.
    pub vocab: Option<Vec<(String, u32)>>,
    /// In place of `model.merges`.
    pub merges: Option<Vec<Merge>>,
}

/// A model in the library's form, without its vocabulary.
pub(super) struct Model {
    /// Type and options.
    pub options: Value,
    /// Of BPE.
    pub merges: Option<Vec<Merge>>,
    /// Tokens with scores, of Unigram.
    pub scored: Option<Value>,
}

impl Model {
    /// The library's model.
    pub fn library(self, vocabulary: &Vocabulary) -> Result<ModelWrapper, String> {
        let text = |field: &str| self.options[field].as_str().map(str::to_owned);
        let flag = |field: &str| self.options[field].as_bool().unwrap_or(false);
        let ids = || vocabulary.iter().map(|(id, token)| (token.clone(), *id)).collect::<Vocab>();
        if let Some(scored) = self.scored {
            let scored = serde_json::from_value(scored).map_err(|error| error.to_string())?;
            let unknown = self.options["unk_id"].as_u64().map(|id| id as usize);
            let model = Unigram::from(scored, unknown, flag("byte_fallback"));
            return model.map(Into::into).map_err(|error| error.to_string());
        }
        match self.merges {
            Some(merges) => {
                let mut builder = BPE::builder()
                    .vocab_and_merges(ids(), merges)
                    .fuse_unk(flag("fuse_unk"))
                    .byte_fallback(flag("byte_fallback"))
                    .ignore_merges(flag("ignore_merges"));
                if let Some(unknown) = text("unk_token") {
                    builder = builder.unk_token(unknown);
                }
                builder.build().map(Into::into).map_err(|error| error.to_string())
            }
            None => {
                let mut builder = WordPiece::builder().vocab(ids());
                if let Some(unknown) = text("unk_token") {
                    builder = builder.unk_token(unknown);
                }
                if let Some(prefix) = text("continuing_subword_prefix") {
                    builder = builder.continuing_subword_prefix(prefix);
                }
                if let Some(longest) = self.options["max_input_chars_per_word"].as_u64() {
                    builder = builder.max_input_chars_per_word(longest as usize);
                }
                builder.build().map(Into::into).map_err(|error| error.to_string())
            }
        }
    }
}

/// The model in one form, and its tokens. Takes the long lists out of the source.
pub(super) fn model(source: &mut Source) -> Result<(Model, Vocabulary), TokenizerError> {
    let (vocab, merges) = (source.vocab.take(), source.merges.take());
    let mut value = take(&mut source.json, "model");
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
            let unknown = string_or_null("model.unk_token", &value["unk_token"])?;
            let options = json!({
                "type": "BPE",
                "dropout": null,
                "unk_token": unknown,
                "fuse_unk": !unknown.is_null() && flag("fuse_unk"),
                "byte_fallback": flag("byte_fallback"),
                "ignore_merges": flag("ignore_merges"),
            });
            let vocabulary = vocabulary(vocab, take(&mut value, "vocab"))?;
            let merges = match merges {
                Some(merges) => merges,
                None => pairs(take(&mut value, "merges"))?,
            };
            at_most("merges", merges.len(), MAX_MERGES)?;
            Ok((Model { options, merges: Some(merges), scored: None }, vocabulary))
        }
        "WordPiece" => {
            let longest = value["max_input_chars_per_word"].as_u64().filter(|longest| *longest <= MAX_WORD);
            let Some(longest) = longest else {
                return refused("model.max_input_chars_per_word", &value["max_input_chars_per_word"]);
            };
            let options = json!({
                "type": "WordPiece",
                "unk_token": string("model.unk_token", &value["unk_token"])?,
                "continuing_subword_prefix":
                    string("model.continuing_subword_prefix", &value["continuing_subword_prefix"])?,
                "max_input_chars_per_word": longest,
            });
            let vocabulary = vocabulary(vocab, take(&mut value, "vocab"))?;
            Ok((Model { options, merges: None, scored: None }, vocabulary))
        }
        "Unigram" => {
            let vocabulary = unigram_vocabulary(&value["vocab"])?;
            if !(value["unk_id"].is_null() || value["unk_id"].is_u64()) {
                return refused("model.unk_id", &value["unk_id"]);
            }
            let options = json!({
                "type": "Unigram",
                "unk_id": value["unk_id"],
                "byte_fallback": flag("byte_fallback"),
            });
            Ok((Model { options, merges: None, scored: Some(take(&mut value, "vocab")) }, vocabulary))
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
pub(super) fn join(vocabulary: &mut Vocabulary, added: &BTreeMap<u32, Value>) -> Result<(), TokenizerError> {
    let mut ids: HashMap<&str, u32> = vocabulary.iter().map(|(id, token)| (&token[..], *id)).collect();
    // The ids that the library gives to tokens that the model does not have, whatever the file says.
    let first = vocabulary.len();
    let mut joined = Vec::new();
    for (id, token) in added {
        let content = token["content"].as_str().unwrap_or_default();
        match ids.get(content) {
            Some(known) if known == id => continue,
            None if first + joined.len() == *id as usize => joined.push((*id, content.to_owned())),
            _ => return Err(TokenizerError::malformed(format!("added token {id} is not where the vocabulary has it"))),
        }
        ids.insert(content, *id);
    }
    vocabulary.extend(joined);
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

/// What stands behind a key, null where nothing does.
fn take(value: &mut Value, key: &str) -> Value {
    value.get_mut(key).map(Value::take).unwrap_or_default()
}

/// A text of the options.
fn string<'a>(field: &'static str, value: &'a Value) -> Result<&'a Value, TokenizerError> {
    if value.is_string() {
        Ok(value)
    } else {
        Err(TokenizerError::unsupported(field, value))
    }
}

fn string_or_null<'a>(field: &'static str, value: &'a Value) -> Result<&'a Value, TokenizerError> {
    if value.is_null() {
        Ok(value)
    } else {
        string(field, value)
    }
}

fn vocabulary(given: Option<Vec<(String, u32)>>, value: Value) -> Result<Vocabulary, TokenizerError> {
    let entries = match (given, value) {
        (Some(entries), _) => entries,
        (None, Value::Object(entries)) => {
            at_most("tokens", entries.len(), MAX_TOKENS)?;
            let entries = entries.into_iter().map(|(token, value)| id(&value).map(|id| (token, id)));
            entries
                .collect::<Option<_>>()
                .ok_or_else(|| TokenizerError::malformed("model.vocab has an id that is no id"))?
        }
        _ => return Err(TokenizerError::malformed("model.vocab is not an object")),
    };
    at_most("tokens", entries.len(), MAX_TOKENS)?;
    let mut vocabulary = Vocabulary::new();
    for (token, id) in entries {
        if vocabulary.insert(id, token).is_some() {
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

/// Merges as pairs; old files have them as two tokens with a space between.
fn pairs(value: Value) -> Result<Vec<Merge>, TokenizerError> {
    let malformed = || TokenizerError::malformed("model.merges is not a list of pairs of tokens");
    let Value::Array(entries) = value else { return Err(malformed()) };
    at_most("merges", entries.len(), MAX_MERGES)?;
    let mut pairs = Vec::with_capacity(entries.len());
    for entry in entries {
        match entry {
            Value::String(line) if line.starts_with("#version") => {}
            Value::String(line) => pairs.push(pair(&line).ok_or_else(malformed)?),
            Value::Array(entry) => match <[Value; 2]>::try_from(entry) {
                Ok([Value::String(left), Value::String(right)]) => pairs.push((left, right)),
                _ => return Err(malformed()),
            },
            _ => return Err(malformed()),
        }
    }
    Ok(pairs)
}

/// Two tokens with a space between.
pub(super) fn pair(line: &str) -> Option<Merge> {
    let (left, right) = line.split_once(' ')?;
    (!right.contains(' ')).then(|| (left.to_owned(), right.to_owned()))
}
