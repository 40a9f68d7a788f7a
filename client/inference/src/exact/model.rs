//! A loaded model: weights, tokenizer and what names it.

use std::path::Path;
use std::sync::Arc;

use strike_models::architecture::Architecture;
use strike_models::gguf;
use strike_models::tensors::{Matrix, TensorName};
use strike_models::tokenizer::{GgufTokenizer, Tokenizer};
use strike_models::{OpenOptions, SpecialTokens};

use super::error::{JobError, LoadError};
use super::job::Limits;
use super::network::{Network, Tensors};
use crate::{ModelFiles, TOKENIZER_FILE};

const TOKENIZER_LIMIT: u64 = 64 << 20;

/// A decoder that is ready to generate. Cheap to share.
pub struct ExactModel {
    pub(crate) network: Network,
    source: Arc<strike_models::Model>,
    tokenizer: Tokenizer,
    model_root: [u8; 32],
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

impl ExactModel {
    /// Opens a folder (`config.json`, safetensors, `tokenizer.json`) or a GGUF file. A `tokenizer.json` beside a GGUF file is not
    /// read: the file has its own.
    pub fn open(path: &Path, options: &OpenOptions<'_>) -> Result<Self, LoadError> {
        let source = strike_models::Model::open(path, options)?;
        let vocab_size = vocab_size(source.architecture());
        let tokenizer = open_tokenizer(path, vocab_size)?;
        Self::new(source, tokenizer)
    }

    /// A model whose files are in memory.
    pub fn from_files(files: &ModelFiles) -> Result<Self, LoadError> {
        let source = strike_models::Model::from_files(&strike_models::ModelFiles {
            config: files.config.clone(),
            weights: files.weights.clone(),
            tokenizer: files.tokenizer.clone(),
        })?;
        let tokenizer = Tokenizer::from_json(&files.tokenizer, vocab_size(source.architecture()))?;
        Self::new(source, tokenizer)
    }

    /// The model that is compiled in.
    pub fn builtin() -> Result<Self, LoadError> {
        Self::from_files(&ModelFiles::builtin())
    }

    fn new(source: strike_models::Model, tokenizer: Tokenizer) -> Result<Self, LoadError> {
        let source = Arc::new(source);
        let network = Network::new(source.clone()).map_err(LoadError::Network)?;
        let model_root = source.model_root(&tokenizer.root());
        Ok(Self { network, source, tokenizer, model_root })
    }

    /// What names weights, tokenizer and arithmetic together.
    pub fn model_root(&self) -> [u8; 32] {
        self.model_root
    }

    /// What names the weights alone, whichever container they came in.
    pub fn weights_root(&self) -> [u8; 32] {
        self.source.weights_root()
    }

    /// Bytes of the weights in memory or mapped.
    pub fn weight_bytes(&self) -> u64 {
        self.source.weight_bytes()
    }

    /// The tokenizer.
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    /// Tokens that begin and end a text.
    pub fn special_tokens(&self) -> &SpecialTokens {
        self.source.special_tokens()
    }

    /// Most positions of a sequence.
    pub fn context_length(&self) -> usize {
        self.network.decoder.context_length
    }

    /// Tokens of a prompt, at least one: those of the text, with those the tokenizer adds, or the begin-of-text token.
    pub fn prompt(&self, text: &str) -> Result<Vec<u32>, JobError> {
        let mut tokens = self.tokenizer.encode(text, true)?;
        if tokens.is_empty() {
            tokens.push(self.special_tokens().bos.ok_or(JobError::PromptEmpty)?);
        }
        Ok(tokens)
    }

    pub(crate) fn limits(&self) -> Limits<'_> {
        let decoder = &self.network.decoder;
        Limits {
            vocab_size: decoder.vocab_size,
            context_length: decoder.context_length,
            eos: &self.special_tokens().eos,
        }
    }
}

/// The tokenizer of a folder or a GGUF file, for an embedding table of `vocab_size` rows.
pub(crate) fn open_tokenizer(path: &Path, vocab_size: usize) -> Result<Tokenizer, LoadError> {
    if !path.is_dir() {
        return Ok(Tokenizer::from_gguf(&gguf_tokenizer(&gguf::File::open(path)?)?)?);
    }
    let path = path.join(TOKENIZER_FILE);
    let length = std::fs::metadata(&path).map_err(LoadError::TokenizerUnreadable)?.len();
    if length > TOKENIZER_LIMIT {
        let limit = std::io::Error::other(format!("{length} bytes, at most {TOKENIZER_LIMIT} are accepted"));
        return Err(LoadError::TokenizerUnreadable(limit));
    }
    let contents = std::fs::read(path).map_err(LoadError::TokenizerUnreadable)?;
    Ok(Tokenizer::from_json(&contents, vocab_size)?)
}

/// Rows of the embedding table.
pub(crate) fn vocab_size(architecture: &Architecture) -> usize {
    match architecture {
        Architecture::Decoder(decoder) => decoder.vocab_size,
        Architecture::Encoder(encoder) => encoder.vocab_size,
    }
}

/// The tokenizer's part of a GGUF file's metadata.
fn gguf_tokenizer(file: &gguf::File) -> Result<GgufTokenizer, LoadError> {
    let metadata = file.metadata();
    let id = |name: &str| -> Result<Option<u32>, LoadError> {
        let id = metadata.unsigned(&format!("tokenizer.ggml.{name}_token_id"))?;
        Ok(id.and_then(|id| u32::try_from(id).ok()))
    };
    let strings =
        |key: &str| -> Result<Option<Vec<String>>, LoadError> { Ok(metadata.strings(key)?.map(<[String]>::to_vec)) };
    let token_types = metadata.integers("tokenizer.ggml.token_type")?;
    Ok(GgufTokenizer {
        model: metadata.string("tokenizer.ggml.model")?.unwrap_or_default().to_owned(),
        pre: metadata.string("tokenizer.ggml.pre")?.map(str::to_owned),
        tokens: strings("tokenizer.ggml.tokens")?.unwrap_or_default(),
        scores: metadata.floats("tokenizer.ggml.scores")?.map(<[f32]>::to_vec),
        token_types: token_types.map(|types| types.into_iter().map(|kind| kind as i32).collect()),
        merges: strings("tokenizer.ggml.merges")?,
        bos: id("bos")?,
        eos: id("eos")?,
        unk: id("unknown")?,
        pad: id("padding")?,
        cls: id("cls")?,
        sep: id("seperator")?,
        add_bos: metadata.boolean("tokenizer.ggml.add_bos_token")?,
        add_eos: metadata.boolean("tokenizer.ggml.add_eos_token")?,
        add_space_prefix: metadata.boolean("tokenizer.ggml.add_space_prefix")?,
    })
}
