//! What can go wrong, named by condition.

use strike_arithmetic::NotFinite;
use strike_models::ModelError;
use strike_tokenizers::TokenizerError;

use crate::control::Stopped;

/// Why a model was not loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// Its configuration or its weights were refused.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// Its tokenizer was refused.
    #[error(transparent)]
    Tokenizer(#[from] TokenizerError),
    /// There is no tokenizer.
    #[error("tokenizer.json: {0}")]
    TokenizerUnreadable(std::io::Error),
    /// What sentence-transformers says of texts is malformed.
    #[error("sentence_bert_config.json: {0}")]
    SentenceConfig(String),
    /// It lacks a tensor, or is of the other kind: a decoder generates, an encoder embeds.
    #[error("{0}")]
    Network(String),
    /// An adapter was made for a model of another shape.
    #[error("the adapter does not fit the model: {0}")]
    AdapterMismatch(String),
    /// The model has an adapter already.
    #[error("the model has an adapter already: an adapter is added to the model without one")]
    AlreadyAdapted,
}

/// Why a job did not finish. What is the job's own fault is the same on every machine.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JobError {
    /// The prompt has more tokens than the context of the model.
    #[error("the prompt has {prompt_tokens} tokens, the context of the model {context_length}")]
    PromptTooLong {
        /// Tokens of the prompt.
        prompt_tokens: usize,
        /// Context length of the model.
        context_length: usize,
    },
    /// There is no token to start from: the prompt is empty, and the model has no begin-of-text token.
    #[error("the prompt is empty and the model has no begin-of-text token")]
    PromptEmpty,
    /// A text to embed has no tokens.
    #[error("text {text} has no tokens")]
    TextEmpty {
        /// Index of the text.
        text: usize,
    },
    /// A text to embed has more tokens than the context of the model.
    #[error("text {text} has {tokens} tokens, the context of the model {context_length}")]
    TextTooLong {
        /// Index of the text.
        text: usize,
        /// Its tokens.
        tokens: usize,
        /// Context length of the model.
        context_length: usize,
    },
    /// A token id is outside the vocabulary.
    #[error("token {id} of {place} is outside the vocabulary of {vocab_size}")]
    TokenOutOfRange {
        /// Where the token stands.
        place: &'static str,
        /// The id.
        id: u32,
        /// Size of the vocabulary.
        vocab_size: usize,
    },
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
    /// The stop sequences are too many, too long or empty.
    #[error("stop sequences: {0}")]
    InvalidStop(String),
    /// A cell that is not in the trace of this job and output.
    #[error("there is no position {position} or no layer {layer}: prompt and output have {positions} positions, the model {layers} layers")]
    NoSuchCell {
        /// The position.
        position: usize,
        /// The layer.
        layer: usize,
        /// Positions of prompt and output.
        positions: usize,
        /// Layers of the model.
        layers: usize,
    },
    /// The schema of the output is too large, malformed, or asks for what is not supported.
    #[error("JSON schema: {0}")]
    SchemaRefused(String),
    /// No token of the vocabulary can go on with the output, or finding them takes more than a grammar may.
    #[error("grammar: {0}")]
    Grammar(String),
    /// The tokenizer failed on this text.
    #[error(transparent)]
    Tokenizer(#[from] TokenizerError),
    /// The arithmetic left the finite numbers.
    #[error("the model computed a number that is not finite")]
    NotFinite,
    /// [`crate::Control::cancel`] was called.
    #[error("cancelled")]
    Cancelled,
    /// The deadline of the [`crate::Control`] passed.
    #[error("the deadline passed")]
    DeadlinePassed,
}

impl From<NotFinite> for JobError {
    fn from(NotFinite: NotFinite) -> Self {
        Self::NotFinite
    }
}

impl From<Stopped> for JobError {
    fn from(stopped: Stopped) -> Self {
        match stopped {
            Stopped::Cancelled => Self::Cancelled,
            Stopped::DeadlinePassed => Self::DeadlinePassed,
        }
    }
}
