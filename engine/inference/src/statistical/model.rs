//! A loaded model.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use strike_models::{read_whole, FloatModel, ModelFiles, TOKENIZER_FILE, TOKENIZER_LIMIT};
use strike_tokenizers::Tokenizer;

use crate::builtin::builtin_files;
use crate::exact::LoadError;
use crate::statistical::config::Config;
use crate::statistical::error::GenerateError;
use crate::statistical::transformer::Transformer;
use crate::statistical::weights::Weights;

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
    /// Loads the three files of a directory that are its bundle, see [`ModelFiles`]; others are not read. The weights are read one
    /// tensor at a time: in memory there is nothing but what [`ModelInfo::memory_bytes`] counts.
    pub fn load(directory: &Path) -> Result<Self, LoadError> {
        Self::load_unless(directory, &AtomicBool::new(false))
    }

    /// As [`Self::load`]; ends with [`strike_models::ModelError::Cancelled`] once `cancelled` is set.
    pub fn load_unless(directory: &Path, cancelled: &AtomicBool) -> Result<Self, LoadError> {
        let model = FloatModel::open_files(directory)?;
        let tokenizer = read_whole(&directory.join(TOKENIZER_FILE), TOKENIZER_LIMIT)?;
        Self::new(&model, &tokenizer, cancelled)
    }

    /// Loads a model from the contents of its files. Accepts any bytes: what is not a model this
    /// engine runs is an error that says why.
    pub fn from_files(files: &ModelFiles) -> Result<Self, LoadError> {
        Self::new(&FloatModel::from_files(files)?, &files.tokenizer, &AtomicBool::new(false))
    }

    fn new(model: &FloatModel, tokenizer: &[u8], cancelled: &AtomicBool) -> Result<Self, LoadError> {
        let config = Config::of(model)?;
        let tokenizer = Tokenizer::from_json(tokenizer, config.vocab_size)?;
        let weights = Weights::read(model, &config, cancelled)?;
        let info = ModelInfo {
            architecture: "llama",
            context_length: config.context_length,
            vocab_size: config.vocab_size,
            hidden_size: config.hidden_size,
            layers: config.layers,
            parameters: config.parameters,
            memory_bytes: config.parameters * 4,
            cache_bytes_per_token: (config.layers * config.kv_width() * 2 * 4) as u64,
            bos: config.bos,
            eos: config.eos.clone(),
        };
        Ok(Self { transformer: Transformer::new(config, weights), tokenizer, info })
    }

    /// Loads the model that is compiled in.
    pub fn builtin() -> Result<Self, LoadError> {
        Self::from_files(&builtin_files())
    }

    /// Facts about the model.
    pub fn info(&self) -> &ModelInfo {
        &self.info
    }

    /// Tokens of a text, with those that the tokenizer adds, such as a begin-of-text token.
    pub fn tokenize(&self, text: &str) -> Result<Vec<u32>, GenerateError> {
        Ok(self.tokenizer.encode(text, true)?)
    }

    /// Text of tokens, without the special ones.
    pub fn detokenize(&self, tokens: &[u32]) -> Result<String, GenerateError> {
        Ok(self.tokenizer.decode(tokens, true)?)
    }
}
