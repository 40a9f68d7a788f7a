//! What can go wrong, named by condition.

use thiserror::Error;

/// Why a model was refused. Every variant names the file and what is wrong with it.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ModelError {
    /// A file of the bundle could not be read.
    #[error("{file}: {source}")]
    Unreadable {
        /// Name of the file.
        file: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file is larger than any model this engine runs, or than its configuration allows.
    #[error("{file}: {found} bytes, at most {limit} are accepted")]
    FileTooLarge {
        /// Name of the file.
        file: &'static str,
        /// Its size.
        found: u64,
        /// The largest accepted size.
        limit: u64,
    },
    /// A file is not in its format.
    #[error("{file}: malformed: {reason}")]
    Malformed {
        /// Name of the file.
        file: &'static str,
        /// What the parser met.
        reason: String,
    },
    /// The configuration asks for something this engine does not compute.
    #[error("{file}: unsupported {field}: {found}", file = crate::CONFIG_FILE)]
    UnsupportedConfig {
        /// The field.
        field: &'static str,
        /// Its value.
        found: String,
    },
    /// A number of the configuration is outside what is accepted.
    #[error("{file}: {field} is {found}, expected {expected}", file = crate::CONFIG_FILE)]
    ConfigOutOfRange {
        /// The field.
        field: &'static str,
        /// Its value.
        found: String,
        /// The accepted range.
        expected: String,
    },
    /// A tensor of the architecture is not in the file.
    #[error("{file}: tensor {tensor} is missing", file = crate::WEIGHTS_FILE)]
    MissingTensor {
        /// Name of the tensor.
        tensor: String,
    },
    /// A tensor has another shape than the configuration says.
    #[error("{file}: tensor {tensor} has shape {found:?}, expected {expected:?}", file = crate::WEIGHTS_FILE)]
    ShapeMismatch {
        /// Name of the tensor.
        tensor: String,
        /// The shape that follows from the configuration.
        expected: Vec<usize>,
        /// The shape in the file.
        found: Vec<usize>,
    },
    /// A tensor is stored in a type other than F32, F16 or BF16.
    #[error("{file}: tensor {tensor} is stored as {found}, expected F32, F16 or BF16", file = crate::WEIGHTS_FILE)]
    UnsupportedType {
        /// Name of the tensor.
        tensor: String,
        /// The type in the file.
        found: String,
    },
    /// A weight is NaN or infinite.
    #[error("{file}: tensor {tensor} is not finite at element {index}", file = crate::WEIGHTS_FILE)]
    NotFiniteWeight {
        /// Name of the tensor.
        tensor: String,
        /// Position of the first such element.
        index: usize,
    },
    /// The tokenizer knows an id that the embedding table does not have.
    #[error("{file}: token id {id} is outside the vocabulary of {vocab_size}", file = crate::TOKENIZER_FILE)]
    TokenOutOfRange {
        /// The id.
        id: u32,
        /// Rows of the embedding table.
        vocab_size: usize,
    },
    /// The tokenizer has a component this engine does not accept.
    #[error("{file}: unsupported {component}: {found}", file = crate::TOKENIZER_FILE)]
    UnsupportedTokenizer {
        /// Which component.
        component: &'static str,
        /// What was found.
        found: String,
    },
}

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
