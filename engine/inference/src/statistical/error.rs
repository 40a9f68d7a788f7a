//! What can go wrong, named by condition.

use strike_tokenizers::TokenizerError;
use thiserror::Error;

use crate::control::Stopped;

/// Why a generation or a check did not finish.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum GenerateError {
    /// The prompt is not UTF-8.
    #[error("the prompt is not UTF-8 from byte {valid_up_to} on")]
    PromptNotUtf8 {
        /// Length of the valid part in bytes.
        valid_up_to: usize,
    },
    /// The prompt has more bytes than are tokenized.
    #[error("the prompt has {found} bytes, at most {limit} are accepted")]
    PromptTooLarge {
        /// Bytes of the prompt.
        found: usize,
        /// The limit.
        limit: usize,
    },
    /// The prompt has more tokens than the context of the model.
    #[error("the prompt has {prompt_tokens} tokens, the context of the model {context_length}")]
    PromptTooLong {
        /// Tokens of the prompt.
        prompt_tokens: usize,
        /// Context length of the model.
        context_length: usize,
    },
    /// The prompt gives no token and the model has no begin-of-text token to start from.
    #[error("the prompt is empty and the model has no begin-of-text token")]
    PromptEmpty,
    /// A field of the sampler is outside its range.
    #[error("sampler: {field} is {found}, expected {expected}")]
    InvalidSampler {
        /// The field.
        field: &'static str,
        /// Its value.
        found: u32,
        /// The accepted range.
        expected: &'static str,
    },
    /// The stop sequences are too many, too long, empty or outside the vocabulary.
    #[error("stop sequences: {reason}")]
    InvalidStop {
        /// What is wrong with them.
        reason: String,
    },
    /// A claimed token id is outside the vocabulary.
    #[error("claimed token {id} at position {position} is outside the vocabulary of {vocab_size}")]
    ClaimOutOfRange {
        /// The id.
        id: u32,
        /// Its index among the claimed tokens.
        position: usize,
        /// Size of the vocabulary.
        vocab_size: usize,
    },
    /// The tokenizer failed on this text or these tokens.
    #[error("tokenizer: {reason}")]
    Tokenizer {
        /// What it reported.
        reason: String,
    },
    /// The model computed a NaN or an infinity: its weights are damaged or overflow f32.
    #[error("the logits at position {position} are not finite")]
    NotFinite {
        /// Position in the sequence whose next token was to be chosen.
        position: usize,
    },
    /// [`crate::Control::cancel`] was called.
    #[error("cancelled")]
    Cancelled,
    /// [`crate::Control`]'s deadline passed.
    #[error("the deadline passed")]
    DeadlinePassed,
}

impl From<TokenizerError> for GenerateError {
    fn from(error: TokenizerError) -> Self {
        Self::Tokenizer { reason: error.to_string() }
    }
}

impl From<Stopped> for GenerateError {
    fn from(stopped: Stopped) -> Self {
        match stopped {
            Stopped::Cancelled => Self::Cancelled,
            Stopped::DeadlinePassed => Self::DeadlinePassed,
        }
    }
}
