//! Why a tokenizer was refused or did not work, named by condition.

use thiserror::Error;

/// Why a tokenizer was refused, or why it did not encode or decode.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TokenizerError {
    /// Something of the tokenizer is larger than any tokenizer of a model needs.
    #[error("tokenizer: {what}: {found}, at most {limit} are accepted")]
    TooLarge {
        /// What was counted.
        what: &'static str,
        /// How many were found.
        found: usize,
        /// The most that is accepted.
        limit: usize,
    },
    /// The tokenizer is not in its format.
    #[error("tokenizer: malformed: {reason}")]
    Malformed {
        /// What the parser met.
        reason: String,
    },
    /// The tokenizer has a component that is not computed here, or that would make two machines disagree.
    #[error("tokenizer: unsupported {component}: {found}")]
    Unsupported {
        /// Which component.
        component: &'static str,
        /// What was found, shortened.
        found: String,
    },
    /// `tokenizer.ggml.pre` names a pre-tokenizer that is not known here. A `tokenizer.json` beside the file may help.
    #[error("tokenizer: unknown pre-tokenizer {name} in tokenizer.ggml.pre")]
    UnknownPreTokenizer {
        /// The name.
        name: String,
    },
    /// The tokenizer is to add a token of this role and does not say which it is.
    #[error("tokenizer: the {role} token is not given")]
    MissingToken {
        /// Role of the token.
        role: &'static str,
    },
    /// The tokenizer knows an id that the embedding table does not have, or such an id was to be decoded.
    #[error("tokenizer: token id {id} is outside the vocabulary of {vocab_size}")]
    TokenOutOfRange {
        /// The id.
        id: u32,
        /// Rows of the embedding table.
        vocab_size: usize,
    },
    /// A text has more bytes than are tokenized.
    #[error("tokenizer: the text has {found} bytes, at most {limit} are accepted")]
    TextTooLarge {
        /// Bytes of the text.
        found: usize,
        /// The limit.
        limit: usize,
    },
    /// The tokenizer failed on this text, for example because it met a character it has no token for.
    #[error("tokenizer: {reason}")]
    Failed {
        /// What it reported.
        reason: String,
    },
}

/// The most characters of a hostile file that a message repeats.
const SHOWN: usize = 80;

impl TokenizerError {
    pub(super) fn malformed(reason: impl ToString) -> Self {
        Self::Malformed { reason: shorten(reason.to_string(), 4 * SHOWN) }
    }

    pub(super) fn unsupported(component: &'static str, found: impl ToString) -> Self {
        Self::Unsupported { component, found: shorten(found.to_string(), SHOWN) }
    }
}

/// A message must not become as long as the file it is about.
pub(super) fn shorten(mut text: String, limit: usize) -> String {
    if text.len() > limit {
        text.truncate((0..=limit).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0));
        text.push('…');
    }
    text
}
