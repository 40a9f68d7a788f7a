//! What every model is loaded from: weights, tokenizer and what names them.

use std::path::Path;
use std::sync::Arc;

use strike_models::architecture::Architecture;
use strike_models::gguf;
use strike_models::tensors::{Matrix, TensorName};
use strike_models::tokenizer::{GgufTokenizer, Tokenizer};
use strike_models::OpenOptions;

use super::error::LoadError;
use super::network::Tensors;
use crate::{ModelFiles, TOKENIZER_FILE};

const TOKENIZER_LIMIT: u64 = 64 << 20;

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

    pub(super) fn new(source: strike_models::Model, tokenizer: Tokenizer) -> Self {
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

/// The contents of a file; an error if it is larger than `limit`.
pub(super) fn read_at_most(path: &Path, limit: u64) -> std::io::Result<Vec<u8>> {
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
