//! What every model is loaded from: weights, tokenizer and what names them.

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;

use strike_models::architecture::Architecture;
use strike_models::gguf;
use strike_models::tensors::{Matrix, TensorName};
use strike_models::{ModelError, ModelFiles, OpenOptions, CONFIG_FILE, TOKENIZER_FILE, TOKENIZER_LIMIT};
use strike_tokenizers::{GgufTokenizer, Tokenizer};

use crate::exact::error::LoadError;
use crate::exact::tensors::Tensors;

const CONFIG_LIMIT: u64 = 1 << 20;

/// Weights and tokenizer, not yet checked to be a network. Cheap to copy.
#[derive(Clone)]
pub(crate) struct Loaded {
    pub source: Arc<strike_models::Model>,
    pub tokenizer: Arc<Tokenizer>,
    pub model_root: [u8; 32],
}

impl Loaded {
    /// A folder or a GGUF file.
    pub fn open(path: &Path, options: &OpenOptions<'_>) -> Result<Self, LoadError> {
        let source = strike_models::Model::open(path, options)?;
        let tokenizer = open_tokenizer(path, vocab_size(source.architecture()))?;
        Ok(Self::new(source, tokenizer))
    }

    /// Files in memory.
    pub fn from_files(files: &ModelFiles) -> Result<Self, LoadError> {
        let source = strike_models::Model::from_files(files)?;
        let tokenizer = Tokenizer::from_json(&files.tokenizer, vocab_size(source.architecture()))?;
        Ok(Self::new(source, tokenizer))
    }

    pub(crate) fn new(source: strike_models::Model, tokenizer: Tokenizer) -> Self {
        let model_root = source.model_root(&tokenizer.root());
        Self { source: Arc::new(source), tokenizer: Arc::new(tokenizer), model_root }
    }
}

/// The tokenizer of a folder or a GGUF file, for an embedding table of `vocab_size` rows.
pub(crate) fn open_tokenizer(path: &Path, vocab_size: usize) -> Result<Tokenizer, LoadError> {
    if !path.is_dir() {
        return Ok(Tokenizer::from_gguf(&GgufTokenizer::from_metadata(gguf::File::open(path)?.metadata())?)?);
    }
    let contents = read_at_most(&path.join(TOKENIZER_FILE), TOKENIZER_LIMIT);
    Ok(Tokenizer::from_json(&contents.map_err(LoadError::TokenizerUnreadable)?, vocab_size)?)
}

/// The files that a model's tokenizer is made of: a fraction of the model, whose weights are not needed to turn tokens into text.
pub struct TokenizerFiles {
    config: Cow<'static, [u8]>,
    tokenizer: Cow<'static, [u8]>,
}

impl TokenizerFiles {
    /// Those of a model's folder, read.
    pub fn read(folder: &Path) -> Result<Self, LoadError> {
        let unreadable = |source| ModelError::Unreadable { file: CONFIG_FILE.to_owned(), source };
        let config = read_at_most(&folder.join(CONFIG_FILE), CONFIG_LIMIT).map_err(unreadable)?;
        let tokenizer = read_at_most(&folder.join(TOKENIZER_FILE), TOKENIZER_LIMIT);
        let tokenizer = tokenizer.map_err(LoadError::TokenizerUnreadable)?;
        Ok(Self { config: config.into(), tokenizer: tokenizer.into() })
    }

    /// Their contents: the configuration, and the tokenizer.
    pub fn contents(&self) -> [&[u8]; 2] {
        [&self.config, &self.tokenizer]
    }

    /// The tokenizer, the same that the loaded model has.
    pub fn tokenizer(&self) -> Result<Tokenizer, LoadError> {
        Ok(Tokenizer::from_json(&self.tokenizer, strike_models::vocab_size(&self.config)?)?)
    }
}

impl From<ModelFiles> for TokenizerFiles {
    fn from(files: ModelFiles) -> Self {
        Self { config: files.config, tokenizer: files.tokenizer }
    }
}

/// The contents of a file; an error if it is larger than `limit`.
pub(crate) fn read_at_most(path: &Path, limit: u64) -> std::io::Result<Vec<u8>> {
    let metadata = std::fs::metadata(path)?;
    if !metadata.is_file() {
        // Opening a pipe waits for somebody to write to it.
        return Err(std::io::Error::new(std::io::ErrorKind::InvalidInput, "not a regular file"));
    }
    let length = metadata.len();
    if length > limit {
        return Err(std::io::Error::other(format!("{length} bytes, at most {limit} are accepted")));
    }
    std::fs::read(path)
}

impl Tensors for strike_models::Model {
    fn architecture(&self) -> &Architecture {
        self.architecture()
    }
    fn matrix(&self, name: TensorName) -> Option<Matrix<'_>> {
        self.matrix(name)
    }
    fn vector(&self, name: TensorName) -> Option<&[f32]> {
        self.vector(name)
    }
}

pub(crate) fn vocab_size(architecture: &Architecture) -> usize {
    match architecture {
        Architecture::Decoder(decoder) => decoder.vocab_size,
        Architecture::Encoder(encoder) => encoder.vocab_size,
    }
}
