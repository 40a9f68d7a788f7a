//! A loaded model.

use std::path::Path;

use crate::statistical::config::Config;
use crate::statistical::tokenizer::Tokenizer;
use crate::statistical::transformer::Transformer;
use crate::statistical::weights::Weights;
use crate::{GenerateError, ModelError, ModelFiles};

/// Facts about a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelInfo {
    /// Always `"llama"` in this version.
    pub architecture: &'static str,
    /// Most tokens of prompt and output together.
    pub context_length: usize,
    /// Rows of the embedding table; token ids are below it.
    pub vocab_size: usize,
    /// Width of the residual stream.
    pub hidden_size: usize,
    /// Number of layers.
    pub layers: usize,
    /// Number of parameters, a tied output layer not counted again.
    pub parameters: u64,
    /// Bytes of the weights in memory, as f32.
    pub memory_bytes: u64,
    /// Bytes that every token of a sequence adds to its key and value cache.
    pub cache_bytes_per_token: u64,
    /// Begins a text, if the model has such a token.
    pub bos: Option<u32>,
    /// Tokens that end a text.
    pub eos: Vec<u32>,
}

/// An immutable model, to be shared in an `Arc` by any number of threads.
pub struct Model {
    pub(crate) transformer: Transformer,
    pub(crate) tokenizer: Tokenizer,
    info: ModelInfo,
}

impl std::fmt::Debug for Model {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Model").field("info", &self.info).finish_non_exhaustive()
    }
}

impl Model {
    /// Loads the files of a directory.
    pub fn load(directory: &Path) -> Result<Self, ModelError> {
        Self::from_files(&ModelFiles::read(directory)?)
    }

    /// Loads a model from the contents of its files. Accepts any bytes: what is not a model this
    /// engine runs is an error that says why.
    pub fn from_files(files: &ModelFiles) -> Result<Self, ModelError> {
        files.check_sizes()?;
        let config = Config::parse(&files.config)?;
        let tokenizer = Tokenizer::parse(&files.tokenizer, config.vocab_size)?;
        let weights = Weights::parse(&files.weights, &config)?;
        let info = ModelInfo {
            architecture: "llama",
            context_length: config.context_length,
            vocab_size: config.vocab_size,
            hidden_size: config.hidden_size,
            layers: config.layers,
            parameters: config.parameters(),
            memory_bytes: config.parameters() * 4,
            cache_bytes_per_token: (config.layers * config.kv_width() * 2 * 4) as u64,
            bos: config.bos,
            eos: config.eos.clone(),
        };
        Ok(Self { transformer: Transformer::new(config, weights), tokenizer, info })
    }

    /// Loads the model that is compiled in.
    pub fn builtin() -> Result<Self, ModelError> {
        Self::from_files(&ModelFiles::builtin())
    }

    /// Facts about the model.
    pub fn info(&self) -> &ModelInfo {
        &self.info
    }

    /// Tokens of a text, with those that the tokenizer adds, such as a begin-of-text token.
    pub fn tokenize(&self, text: &str) -> Result<Vec<u32>, GenerateError> {
        let tokens = self.tokenizer.encode(text)?;
        match tokens.iter().find(|id| **id as usize >= self.info.vocab_size) {
            Some(id) => Err(GenerateError::Tokenizer {
                reason: format!("gave token {id}, the vocabulary has {}", self.info.vocab_size),
            }),
            None => Ok(tokens),
        }
    }

    /// Text of tokens, without the special ones.
    pub fn detokenize(&self, tokens: &[u32]) -> Result<String, GenerateError> {
        self.tokenizer.decode(tokens)
    }
}
