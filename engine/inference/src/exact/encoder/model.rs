//! A model that embeds texts.

use std::path::Path;

use serde::Deserialize;
use strike_models::{ModelFiles, OpenOptions};
use strike_tokenizers::Tokenizer;

use crate::exact::encoder::network::EncoderNetwork;
use crate::exact::error::{JobError, LoadError};
use crate::exact::loaded::{read_at_most, Loaded};

/// What sentence-transformers does to texts before they are tokenized, and how long they may be.
const SENTENCE_FILE: &str = "sentence_bert_config.json";
const SENTENCE_LIMIT: u64 = 1 << 16;

/// An encoder that is ready to embed. Cheap to share.
pub struct ExactEncoder {
    pub(crate) network: EncoderNetwork,
    loaded: Loaded,
    sentences: Sentences,
}

/// [`SENTENCE_FILE`]. It says how text becomes tokens; a job has tokens, so it is no part of the model root.
#[derive(Default, Deserialize)]
pub(crate) struct Sentences {
    max_seq_length: Option<usize>,
    #[serde(default)]
    do_lower_case: bool,
}

impl Sentences {
    pub(crate) fn read(folder: &Path) -> Result<Self, LoadError> {
        let path = folder.join(SENTENCE_FILE);
        if !path.exists() {
            return Ok(Self::default());
        }
        let error = |reason: String| LoadError::SentenceConfig(reason);
        let contents = read_at_most(&path, SENTENCE_LIMIT).map_err(|reason| error(reason.to_string()))?;
        let sentences: Self = serde_json::from_slice(&contents).map_err(|reason| error(reason.to_string()))?;
        if sentences.max_seq_length == Some(0) {
            return Err(error("max_seq_length is 0".to_owned()));
        }
        Ok(sentences)
    }
}

impl ExactEncoder {
    /// Opens a folder (`config.json`, safetensors, `tokenizer.json`, and where they exist the files of sentence-transformers) or
    /// a GGUF file.
    pub fn open(path: &Path, options: &OpenOptions<'_>) -> Result<Self, LoadError> {
        Self::new(Loaded::open(path, options)?, Sentences::read(path)?)
    }

    /// An encoder whose files are in memory; texts may be as long as its context.
    pub fn from_files(files: &ModelFiles) -> Result<Self, LoadError> {
        Self::new(Loaded::from_files(files)?, Sentences::default())
    }

    pub(crate) fn new(loaded: Loaded, sentences: Sentences) -> Result<Self, LoadError> {
        let network = EncoderNetwork::new(loaded.source.clone()).map_err(LoadError::Network)?;
        Ok(Self { network, loaded, sentences })
    }

    /// What names weights, tokenizer and arithmetic together.
    pub fn model_root(&self) -> [u8; 32] {
        self.loaded.model_root
    }

    /// What names the weights alone, whichever container they came in.
    pub fn weights_root(&self) -> [u8; 32] {
        self.loaded.source.weights_root()
    }

    /// Whether the weights are those that were opened: [`strike_models::Model::is_intact`].
    pub fn is_intact(&self) -> bool {
        self.loaded.source.is_intact()
    }

    /// Bytes of the weights in memory or mapped.
    pub fn weight_bytes(&self) -> u64 {
        self.loaded.source.weight_bytes()
    }

    /// The tokenizer.
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.loaded.tokenizer
    }

    /// Numbers of an embedding.
    pub fn dimensions(&self) -> usize {
        self.network.encoder.hidden_size
    }

    /// Most tokens of a text that is given as tokens.
    pub fn context_length(&self) -> usize {
        self.network.encoder.context_length
    }

    /// Most tokens that [`Self::tokens`] gives: the context, or what `max_seq_length` of sentence-transformers limits it to.
    pub fn max_tokens(&self) -> usize {
        self.sentences.max_seq_length.map_or(self.context_length(), |limit| limit.min(self.context_length()))
    }

    /// Tokens of a text with those the tokenizer puts around it, as sentence-transformers makes them: white space around the
    /// text is left out, and the end of a text that is too long is cut off in front of the last special token.
    pub fn tokens(&self, text: &str) -> Result<Vec<u32>, JobError> {
        let text = text.trim();
        let limit = self.max_tokens();
        let tokens = if self.sentences.do_lower_case {
            self.tokenizer().encode_at_most(&text.to_lowercase(), true, limit)
        } else {
            self.tokenizer().encode_at_most(text, true, limit)
        };
        Ok(tokens?)
    }
}
