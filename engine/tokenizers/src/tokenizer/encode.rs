//! A checked tokenizer: text to tokens, and what its tokens are.

use std::panic::{catch_unwind, AssertUnwindSafe};

use serde_json::{json, Value};
use tokenizers::{AddedToken, NormalizerWrapper, PreTokenizerWrapper};

use strike_models::TOKENIZER_LIMIT;

use super::canonical::{self, Components};
use super::components;
use super::decoder::Detokenizer;
use super::error::{shorten, TokenizerError};
use super::gguf::GgufTokenizer;
use super::model::{self, Model, Source, Vocabulary};
use super::post::Around;

/// Bytes of the largest accepted `tokenizer.json`.
pub const MAX_FILE_BYTES: usize = TOKENIZER_LIMIT as usize;
/// Values of the largest accepted `tokenizer.json`: each costs hundreds of bytes of memory. Those of Gemma 3 have two million.
pub const MAX_FILE_VALUES: usize = 1 << 22;
/// Bytes of the longest text that is tokenized.
pub const MAX_TEXT_BYTES: usize = 4 << 20;

/// A checked tokenizer.
pub struct Tokenizer {
    /// Without post-processor and decoder: [`Around`] and [`Detokenizer`] do their work.
    pub(super) inner: tokenizers::Tokenizer,
    around: Around,
    pub(super) detokenizer: Detokenizer,
    vocab_size: usize,
    /// What text becomes that the vocabulary does not have.
    pub(super) unknown: Option<u32>,
    root: [u8; 32],
}

impl Tokenizer {
    /// Reads a `tokenizer.json` for an embedding table of `vocab_size` rows.
    ///
    /// Refused are files that are too large or malformed, components that are not known, and ids that the table does not
    /// have.
    pub fn from_json(contents: &[u8], vocab_size: usize) -> Result<Self, TokenizerError> {
        model::at_most("bytes of the file", contents.len(), MAX_FILE_BYTES)?;
        model::at_most("values of the file", values(contents), MAX_FILE_VALUES)?;
        let json = serde_json::from_slice(contents).map_err(TokenizerError::malformed)?;
        Self::from_source(Source { json, ..Source::default() }, vocab_size)
    }

    /// Reads the tokenizer of a GGUF file. Its vocabulary is the list of tokens.
    pub fn from_gguf(contents: &GgufTokenizer) -> Result<Self, TokenizerError> {
        Self::from_source(contents.source()?, contents.tokens.len())
    }

    fn from_source(mut source: Source, vocab_size: usize) -> Result<Self, TokenizerError> {
        let value = &source.json;
        let normalizers = components::normalizers(&value["normalizer"])?.into();
        let pre_tokenizers = components::pre_tokenizers(&value["pre_tokenizer"])?.into();
        let around = Around::parse(&value["post_processor"])?;
        let detokenizer = Detokenizer::parse(&value["decoder"])?;
        let added = model::added_tokens(&value["added_tokens"])?;
        let (model, mut vocabulary) = model::model(&mut source)?;
        drop(source);
        model::join(&mut vocabulary, &added)?;

        let ids = vocabulary.keys().chain(&around.prefix).chain(&around.suffix);
        if let Some(id) = ids.copied().find(|id| *id as usize >= vocab_size) {
            return Err(TokenizerError::TokenOutOfRange { id, vocab_size });
        }
        let added_tokens = added.into_values().collect();
        let components =
            Components { added_tokens: &added_tokens, normalizers: &normalizers, pre_tokenizers: &pre_tokenizers };
        let root = canonical::root(&components, &model, &vocabulary, &around, &detokenizer)?;
        let unknown_token = model.options["unk_token"].as_str().map(str::to_owned);
        let unknown_id = model.options["unk_id"].as_u64().and_then(|id| u32::try_from(id).ok());
        let inner = guarded(|| library(model, &vocabulary, added_tokens, normalizers, pre_tokenizers))
            .and_then(|made| made)
            .map_err(TokenizerError::malformed)?;
        let unknown = match unknown_token {
            Some(token) => inner.token_to_id(&token),
            None => unknown_id,
        };
        Ok(Self { inner, around, detokenizer, vocab_size, unknown, root })
    }

    /// Tokens of a text. Special tokens that stand in the text are recognised; `add_special` adds those that the tokenizer
    /// puts around a text, such as a begin-of-text token. For conversations there is
    /// [`ChatTemplate::encode`](crate::chat_template::ChatTemplate::encode), which keeps apart what the template and what
    /// somebody says.
    pub fn encode(&self, text: &str, add_special: bool) -> Result<Vec<u32>, TokenizerError> {
        self.encode_at_most(text, add_special, usize::MAX)
    }

    /// As [`Self::encode`], with at most `limit` tokens: the end of the text is cut off, the tokens put around it stay.
    pub fn encode_at_most(&self, text: &str, add_special: bool, limit: usize) -> Result<Vec<u32>, TokenizerError> {
        if text.len() > MAX_TEXT_BYTES {
            return Err(TokenizerError::TextTooLarge { found: text.len(), limit: MAX_TEXT_BYTES });
        }
        let failed = |reason: String| TokenizerError::Failed { reason: shorten(reason, 320) };
        let encoding = guarded(|| self.inner.encode_fast(text, false))
            .and_then(|result| result.map_err(|error| error.to_string()))
            .map_err(failed)?;
        let (prefix, suffix): (&[u32], &[u32]) =
            if add_special { (&self.around.prefix, &self.around.suffix) } else { (&[], &[]) };
        let room = limit.saturating_sub(prefix.len() + suffix.len());
        let ids = encoding.get_ids().iter().take(room);
        Ok(prefix.iter().chain(ids).chain(suffix).take(limit).copied().collect())
    }

    /// Bytes that a token adds to a text that has begun; a special token's are those of its name. `None` where no token has
    /// this id.
    pub fn token_bytes(&self, id: u32) -> Option<Vec<u8>> {
        let token = self.token(id).ok().flatten()?;
        Some(self.detokenizer.piece(&token, false))
    }

    /// Whether a token is special, such as the end of a turn: it is left out of text on request.
    pub fn is_special_id(&self, id: u32) -> bool {
        self.token(id).ok().flatten().is_some_and(|token| self.is_special(&token))
    }

    /// The id of a token, by its text in the vocabulary.
    pub fn token_id(&self, token: &str) -> Option<u32> {
        self.inner.token_to_id(token)
    }

    /// Rows of the embedding table that the tokenizer is for; all its ids are below.
    pub fn vocab_size(&self) -> usize {
        self.vocab_size
    }

    /// Identity of the tokenizer's content, see [`canonical`](crate::canonical): equal roots give equal tokens and equal text.
    pub fn root(&self) -> [u8; 32] {
        self.root
    }

    /// The token of an id in the vocabulary's own writing.
    pub(super) fn token(&self, id: u32) -> Result<Option<String>, TokenizerError> {
        if id as usize >= self.vocab_size {
            return Err(TokenizerError::TokenOutOfRange { id, vocab_size: self.vocab_size });
        }
        let added = self.inner.get_added_vocabulary().simple_id_to_token(id);
        Ok(added.or_else(|| tokenizers::Model::id_to_token(self.inner.get_model(), id)))
    }

    pub(super) fn is_special(&self, token: &str) -> bool {
        self.inner.get_added_vocabulary().is_special_token(token)
    }
}

impl std::fmt::Debug for Tokenizer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Tokenizer").field("vocab_size", &self.vocab_size).finish_non_exhaustive()
    }
}

/// The most values that JSON of these bytes may have: one more than there are commas and opening brackets outside of strings.
fn values(contents: &[u8]) -> usize {
    let (mut count, mut inside, mut escaped) = (1, false, false);
    for byte in contents {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if inside => escaped = true,
            b'"' => inside = !inside,
            b',' | b'[' | b'{' if !inside => count += 1,
            _ => {}
        }
    }
    count
}

/// The library's tokenizer, without post-processor and decoder.
fn library(
    model: Model,
    vocabulary: &Vocabulary,
    added_tokens: Value,
    normalizers: Value,
    pre_tokenizers: Value,
) -> Result<tokenizers::Tokenizer, String> {
    let read = |error: serde_json::Error| error.to_string();
    let mut made = tokenizers::Tokenizer::new(model.library(vocabulary)?);
    let normalizer = json!({"type": "Sequence", "normalizers": normalizers});
    let normalizer: NormalizerWrapper = serde_json::from_value(normalizer).map_err(read)?;
    made.with_normalizer(Some(normalizer)).map_err(|error| error.to_string())?;
    let pre_tokenizer = json!({"type": "Sequence", "pretokenizers": pre_tokenizers});
    let pre_tokenizer: PreTokenizerWrapper = serde_json::from_value(pre_tokenizer).map_err(read)?;
    made.with_pre_tokenizer(Some(pre_tokenizer));
    let added: Vec<AddedToken> = serde_json::from_value(added_tokens).map_err(read)?;
    made.add_tokens(added).map_err(|error| error.to_string())?;
    Ok(made)
}

/// Runs a call into the tokenizer library. The checks exclude the panics that are known; one that is not must fail one
/// request, not the node.
pub(super) fn guarded<T>(call: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(call)).map_err(|_| "the tokenizer library panicked".to_owned())
}
